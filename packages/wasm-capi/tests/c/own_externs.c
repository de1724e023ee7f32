/* own_externs: globals, tables and memories of wasm.h, made by the host and by a module; what they refuse. */
#include "check.h"

static wasm_extern_vec_t exports;

static void globals(wasm_store_t *store)
{
    wasm_val_t val = WASM_F64_VAL(2.5), got;
    wasm_globaltype_t *type = wasm_globaltype_new(wasm_valtype_new_f64(), WASM_VAR);
    wasm_global_t *made = wasm_global_new(store, type, &val), *found = wasm_extern_as_global(exports.data[0]);
    CHECK(made && found);
    wasm_global_get(made, &got);
    CHECK(got.kind == WASM_F64 && got.of.f64 == 2.5);
    val.of.f64 = -0.5;
    wasm_global_set(made, &val);
    wasm_global_get(made, &got);
    CHECK(got.of.f64 == -0.5);
    wasm_global_get(found, &got);
    CHECK(got.kind == WASM_I32 && got.of.i32 == 41);
    got.of.i32 = 7;
    wasm_global_set(found, &got);
    CHECK(!call(wasm_extern_as_func(exports.data[3]), NULL, 0, &got, 1) && got.of.i32 == 7);
    wasm_globaltype_t *again = wasm_global_type(made);
    CHECK(wasm_valtype_kind(wasm_globaltype_content(again)) == WASM_F64 && wasm_globaltype_mutability(again) == WASM_VAR);
    wasm_globaltype_delete(again);
    wasm_globaltype_delete(type);
    wasm_global_delete(made);
}

static void tables(wasm_store_t *store)
{
    wasm_table_t *found = wasm_extern_as_table(exports.data[1]);
    CHECK(wasm_table_size(found) == 2);
    wasm_ref_t *first = wasm_table_get(found, 0), *second = wasm_table_get(found, 1);
    CHECK(!first && second);
    wasm_val_t got;
    CHECK(!call(wasm_ref_as_func(second), NULL, 0, &got, 1) && got.of.i32 == 7);
    CHECK(wasm_table_set(found, 0, second) && !wasm_table_set(found, 2, second) && !wasm_table_get(found, 2));
    first = wasm_table_get(found, 0);
    CHECK(wasm_ref_as_func(first));
    CHECK(wasm_table_grow(found, 2, second) && wasm_table_size(found) == 4 && !wasm_table_grow(found, 2, NULL));
    wasm_ref_delete(first);
    wasm_ref_delete(second);
    wasm_limits_t limits = {3, wasm_limits_max_default};
    wasm_tabletype_t *type = wasm_tabletype_new(wasm_valtype_new_funcref(), &limits);
    wasm_table_t *made = wasm_table_new(store, type, NULL);
    CHECK(made && wasm_table_size(made) == 3 && !wasm_table_get(made, 1));
    wasm_tabletype_t *again = wasm_table_type(made);
    CHECK(wasm_valtype_kind(wasm_tabletype_element(again)) == WASM_FUNCREF && wasm_tabletype_limits(again)->min == 3);
    wasm_tabletype_delete(again);
    wasm_tabletype_delete(type);
    wasm_table_delete(made);
}

static void memories(wasm_store_t *store)
{
    wasm_memory_t *found = wasm_extern_as_memory(exports.data[2]);
    CHECK(wasm_memory_size(found) == 1 && wasm_memory_data_size(found) == 65536 && wasm_memory_data(found)[5] == 'h');
    wasm_memory_data(found)[6] = 'o';
    CHECK(wasm_memory_grow(found, 1) && !wasm_memory_grow(found, 1) && wasm_memory_size(found) == 2 && wasm_memory_data(found)[6] == 'o');
    wasm_val_t at = WASM_I32_VAL(6), got;
    CHECK(!call(wasm_extern_as_func(exports.data[4]), &at, 1, &got, 1) && got.of.i32 == 'o');
    at.of.i32 = 2 * 65536;
    if (!getenv("NO_FAULTS")) /* it is one: valgrind would tell */
        print_trap(call(wasm_extern_as_func(exports.data[4]), &at, 1, &got, 1));
    wasm_limits_t limits = {2, 5};
    wasm_memorytype_t *type = wasm_memorytype_new(&limits);
    wasm_memory_t *made = wasm_memory_new(store, type);
    CHECK(made && wasm_memory_size(made) == 2 && wasm_memory_data(made)[2 * 65536 - 1] == 0);
    wasm_memorytype_t *again = wasm_memory_type(made);
    CHECK(wasm_memorytype_limits(again)->min == 2 && wasm_memorytype_limits(again)->max == 5);
    wasm_memorytype_delete(again);
    wasm_memorytype_delete(type);
    wasm_memory_delete(made);
}

int main(void)
{
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *store = wasm_store_new(engine);
    wasm_module_t *made = module(store, "(module (global (export \"g\") (mut i32) (i32.const 41)) (table (export \"t\") 2 5 funcref) (memory (export \"m\") 1 2)"
                                        " (data (i32.const 5) \"hi\") (elem (i32.const 1) $get) (func $get (export \"get\") (result i32) (global.get 0))"
                                        " (func (export \"load\") (param i32) (result i32) (i32.load8_u (local.get 0))))");
    wasm_instance_t *running = instance(store, made, NULL, 0);
    wasm_instance_exports(running, &exports);
    CHECK(exports.size == 5);
    for (size_t i = 0; i < exports.size; i++)
        printf("kind %d\n", wasm_extern_kind(exports.data[i]));
    globals(store);
    tables(store);
    memories(store);
    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(running);
    wasm_module_delete(made);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    return 0;
}
