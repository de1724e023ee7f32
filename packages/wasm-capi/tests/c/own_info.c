/* own_info: what wasmtime's library has not: which references are the same, data of the host's with finalizers, foreign
 * objects in wasm, references to functions as values; functions outlive their store's handle. */
#include "check.h"

static int ended;

static void finish(void *data) { ended += *(int *)data; }

static wasm_trap_t *same(const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    wasm_val_copy(&results->data[0], &args->data[0]);
    return NULL;
}

static void functions(wasm_engine_t *engine)
{
    wasm_store_t *store = wasm_store_new(engine);
    wasm_functype_t *type = wasm_functype_new_1_1(wasm_valtype_new_funcref(), wasm_valtype_new_funcref());
    wasm_func_t *func = wasm_func_new(store, type, same), *copy = wasm_func_copy(func);
    CHECK(wasm_ref_as_func(wasm_func_as_ref(func)) == func && !wasm_ref_as_memory(wasm_func_as_ref(func)));
    wasm_val_t val = {.kind = WASM_FUNCREF, .of = {.ref = wasm_func_as_ref(func)}}, got = WASM_INIT_VAL;
    CHECK(!call(func, &val, 1, &got, 1) && got.kind == WASM_FUNCREF && got.of.ref);
    CHECK(wasm_func_param_arity(wasm_ref_as_func(got.of.ref)) == 1);
    wasm_val_delete(&got);
    val.of.ref = NULL;
    CHECK(!call(func, &val, 1, &got, 1) && !got.of.ref);
    wasm_func_delete(func);
    wasm_store_delete(store); /* the copy keeps what it needs */
    CHECK(!call(copy, &val, 1, &got, 1) && !got.of.ref);
    wasm_functype_t *again = wasm_func_type(copy);
    CHECK(wasm_functype_params(again)->size == 1);
    wasm_functype_delete(again);
    wasm_functype_delete(type);
    wasm_func_delete(copy);
}

int main(void)
{
    static int one = 1, ten = 10;
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *store = wasm_store_new(engine);
    wasm_module_t *made = module(store, "(module (func (export \"f\") (param externref) (result externref) (local.get 0)) (memory (export \"m\") 1))");
    wasm_instance_t *running = instance(store, made, NULL, 0);
    wasm_extern_vec_t exports, again;
    wasm_instance_exports(running, &exports);
    wasm_instance_exports(running, &again);
    CHECK(wasm_extern_same(exports.data[0], again.data[0]) && !wasm_extern_same(exports.data[0], again.data[1]) && wasm_instance_same(running, running));
    wasm_func_t *func = wasm_extern_as_func(exports.data[0]), *copy = wasm_func_copy(func);
    CHECK(!wasm_func_get_host_info(func));
    wasm_func_set_host_info_with_finalizer(func, &one, finish);
    CHECK(wasm_func_get_host_info(copy) == &one);
    wasm_func_delete(copy);
    CHECK(!ended);
    wasm_foreign_t *foreign = wasm_foreign_new(store);
    wasm_foreign_set_host_info_with_finalizer(foreign, &ten, finish);
    wasm_val_t val = WASM_REF_VAL(wasm_foreign_as_ref(foreign)), got = WASM_INIT_VAL;
    CHECK(!call(func, &val, 1, &got, 1) && got.kind == WASM_EXTERNREF);
    CHECK(wasm_ref_as_foreign(got.of.ref) && wasm_ref_get_host_info(got.of.ref) == &ten && wasm_ref_same(got.of.ref, val.of.ref));
    wasm_foreign_delete(foreign);
    wasm_val_delete(&got);
    wasm_extern_vec_delete(&again);
    wasm_extern_vec_delete(&exports);
    CHECK(ended == 1); /* the store may still hold the foreign object */
    wasm_instance_delete(running);
    wasm_module_delete(made);
    wasm_store_delete(store);
    CHECK(ended == 11);
    functions(engine);
    wasm_engine_delete(engine);
    puts("done");
    return 0;
}
