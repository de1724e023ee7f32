/* hello: a module calls a function of the host, and the host one of the module. */
#include "check.h"

static int calls;

static wasm_trap_t *hello(const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    CHECK(args->size == 0 && results->size == 0);
    puts("hello from wasm");
    calls++;
    return NULL;
}

static wasm_trap_t *twice(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    ++*(int *)env;
    results->data[0] = (wasm_val_t)WASM_I32_VAL(2 * args->data[0].of.i32);
    return NULL;
}

static void ended(void *env) { printf("ended after %d calls\n", *(int *)env); }

int main(void)
{
    int count = 0;
    wasm_engine_t *engine = wasm_engine_new();
    CHECK(engine);
    wasm_store_t *store = wasm_store_new(engine);
    wasm_module_t *made = module(store, "(module (import \"\" \"hello\" (func $h)) (import \"\" \"twice\" (func $t (param i32) (result i32)))"
                                        "(func (export \"run\") (param i32 i32) (result i32) call $h (i32.add (call $t (local.get 0)) (local.get 1))))");
    wasm_functype_t *plain = wasm_functype_new_0_0(), *doubles = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
    wasm_func_t *first = wasm_func_new(store, plain, hello), *second = wasm_func_new_with_env(store, doubles, twice, &count, ended);
    CHECK(first && second && wasm_func_param_arity(second) == 1 && wasm_func_result_arity(second) == 1);
    wasm_functype_delete(plain);
    wasm_functype_delete(doubles);
    wasm_extern_t *imports[] = {wasm_func_as_extern(first), wasm_func_as_extern(second)};
    wasm_instance_t *running = instance(store, made, imports, 2);
    wasm_extern_vec_t exports;
    wasm_instance_exports(running, &exports);
    CHECK(exports.size == 1);
    wasm_val_t args[] = {WASM_I32_VAL(20), WASM_I32_VAL(2)}, results[] = {WASM_INIT_VAL};
    CHECK(!call(wasm_extern_as_func(exports.data[0]), args, 2, results, 1));
    CHECK(results[0].kind == WASM_I32 && results[0].of.i32 == 42 && calls == 1 && count == 1);
    CHECK(!call(second, args, 1, results, 1) && results[0].of.i32 == 40); /* from outside of wasm */
    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(running);
    wasm_func_delete(first);
    wasm_func_delete(second);
    wasm_module_delete(made);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    puts("done");
    return 0;
}
