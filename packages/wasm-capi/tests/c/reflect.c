/* reflect: what modules, externs and types tell; vectors and types made by hand; serialized modules. */
#include "check.h"

static void print_values(const wasm_valtype_vec_t *types)
{
    for (size_t i = 0; i < types->size; i++)
        printf(" %d", wasm_valtype_kind(types->data[i]));
}

static void print_type(const wasm_externtype_t *type)
{
    switch (wasm_externtype_kind(type)) {
    case WASM_EXTERN_FUNC:
        printf("func");
        print_values(wasm_functype_params(wasm_externtype_as_functype_const(type)));
        printf(" ->");
        print_values(wasm_functype_results(wasm_externtype_as_functype_const(type)));
        break;
    case WASM_EXTERN_GLOBAL: {
        const wasm_globaltype_t *global = wasm_externtype_as_globaltype_const(type);
        printf("global %d %d", wasm_globaltype_mutability(global), wasm_valtype_kind(wasm_globaltype_content(global)));
        break;
    }
    case WASM_EXTERN_TABLE: {
        const wasm_tabletype_t *table = wasm_externtype_as_tabletype_const(type);
        printf("table %u %u %d", wasm_tabletype_limits(table)->min, wasm_tabletype_limits(table)->max, wasm_valtype_kind(wasm_tabletype_element(table)));
        break;
    }
    default: {
        const wasm_memorytype_t *memory = wasm_externtype_as_memorytype_const(type);
        printf("memory %u %u", wasm_memorytype_limits(memory)->min, wasm_memorytype_limits(memory)->max);
    }
    }
    CHECK(!wasm_externtype_as_functype_const(type) == (wasm_externtype_kind(type) != WASM_EXTERN_FUNC));
    printf("\n");
}

static void describe(wasm_module_t *made)
{
    wasm_importtype_vec_t imports;
    wasm_exporttype_vec_t exports, copy;
    wasm_module_imports(made, &imports);
    wasm_module_exports(made, &exports);
    for (size_t i = 0; i < imports.size; i++) {
        const wasm_name_t *from = wasm_importtype_module(imports.data[i]), *name = wasm_importtype_name(imports.data[i]);
        printf("import %.*s.%.*s ", (int)from->size, from->data, (int)name->size, name->data);
        print_type(wasm_importtype_type(imports.data[i]));
    }
    wasm_exporttype_vec_copy(&copy, &exports);
    wasm_exporttype_vec_delete(&exports);
    for (size_t i = 0; i < copy.size; i++) {
        const wasm_name_t *name = wasm_exporttype_name(copy.data[i]);
        printf("export %.*s ", (int)name->size, name->data);
        print_type(wasm_exporttype_type(copy.data[i]));
    }
    wasm_exporttype_vec_delete(&copy);
    wasm_importtype_vec_delete(&imports);
}

static void by_hand(void)
{
    wasm_name_t from, name;
    wasm_name_new_from_string(&from, "from");
    wasm_name_new_from_string(&name, "name");
    wasm_functype_t *func = wasm_functype_new_2_1(wasm_valtype_new_i64(), wasm_valtype_new_externref(), wasm_valtype_new_funcref());
    wasm_importtype_t *import = wasm_importtype_new(&from, &name, wasm_functype_as_externtype(func));
    wasm_importtype_t *copy = wasm_importtype_copy(import);
    wasm_importtype_delete(import);
    print_type(wasm_importtype_type(copy));
    CHECK(wasm_importtype_module(copy)->size == 4 && !memcmp(wasm_importtype_name(copy)->data, "name", 4));
    wasm_importtype_delete(copy);
    wasm_byte_vec_t bytes, other;
    wasm_byte_vec_new_uninitialized(&bytes, 3);
    memcpy(bytes.data, "abc", 3);
    wasm_byte_vec_copy(&other, &bytes);
    wasm_byte_vec_delete(&bytes);
    CHECK(other.size == 3 && !memcmp(other.data, "abc", 3));
    wasm_byte_vec_delete(&other);
    wasm_byte_vec_new_empty(&other);
    CHECK(!other.size);
}

int main(void)
{
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *store = wasm_store_new(engine);
    wasm_module_t *made = module(store, "(module (import \"a\" \"f\" (func (param i32 f32) (result f64 i64))) (import \"a\" \"g\" (global (mut externref)))"
                                        " (import \"\" \"t\" (table 1 9 externref)) (import \"b\" \"m\" (memory 2)) (export \"f2\" (func 0))"
                                        " (global (export \"c\") f32 (f32.const 0)) (func (export \"run\")) (table (export \"u\") 3 funcref) (export \"mem\" (memory 0)))");
    describe(made);
    by_hand();
    wasm_byte_vec_t bytes;
    wasm_module_serialize(made, &bytes);
    CHECK(bytes.size);
    wasm_module_t *again = wasm_module_deserialize(store, &bytes);
    CHECK(again);
    wasm_byte_vec_delete(&bytes);
    describe(again);
    wasm_shared_module_t *shared = wasm_module_share(again);
    wasm_module_t *obtained = wasm_module_obtain(store, shared);
    CHECK(obtained);
    wasm_byte_vec_new(&bytes, 4, "nope");
    CHECK(!wasm_module_validate(store, &bytes) && !wasm_module_new(store, &bytes));
    wasm_byte_vec_delete(&bytes);
    wasm_shared_module_delete(shared);
    wasm_module_delete(obtained);
    wasm_module_delete(again);
    wasm_module_delete(made);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    return 0;
}
