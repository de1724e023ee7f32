/* held: functions, memories, globals and tables outlive the store, instance, module and engine that they came from, if these are deleted first. */
#include "check.h"

static int finalized;
static void finalize(void *env) { ++*(int *)env; }

static wasm_trap_t *next(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    (void)env;
    results->data[0] = (wasm_val_t)WASM_I32_VAL(args->data[0].of.i32 + 1);
    return NULL;
}

int main(void)
{
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *store = wasm_store_new(engine);
    wasm_module_t *made = module(store, "(module (import \"\" \"\" (func $h (param i32) (result i32))) (memory (export \"m\") 1) (global (export \"g\") (mut i32) (i32.const 5))"
                                        " (func (export \"f\") (param i32) (result i32) (i32.store (i32.const 0) (local.get 0)) (call $h (i32.add (global.get 0) (local.get 0)))))");
    wasm_functype_t *type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
    wasm_func_t *host = wasm_func_new_with_env(store, type, next, &finalized, finalize);
    wasm_extern_t *imports[] = {wasm_func_as_extern(host)};
    wasm_instance_t *running = instance(store, made, imports, 1);
    wasm_extern_vec_t exports;
    wasm_instance_exports(running, &exports);
    wasm_func_t *f = wasm_func_copy(wasm_extern_as_func(exports.data[2]));
    wasm_memory_t *memory = wasm_memory_copy(wasm_extern_as_memory(exports.data[0]));
    wasm_global_t *global = wasm_global_copy(wasm_extern_as_global(exports.data[1]));
    wasm_functype_delete(type);
    wasm_func_delete(host);
    wasm_store_delete(store);
    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(running);
    wasm_module_delete(made);
    wasm_engine_delete(engine);
    wasm_val_t arg = WASM_I32_VAL(7), got;
    CHECK(!call(f, &arg, 1, &got, 1));
    printf("called: %d, stored: %d, finalized: %d\n", got.of.i32, wasm_memory_data(memory)[0], finalized);
    wasm_global_get(global, &got);
    printf("global: %d\n", got.of.i32);
    wasm_memory_delete(memory);
    wasm_global_delete(global);
    CHECK(!call(f, &arg, 1, &got, 1) && got.of.i32 == 13);
    wasm_func_delete(f);
    printf("finalized: %d\n", finalized);
    return 0;
}
