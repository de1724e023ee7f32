/* own_growth: a million calls, host calls and 100,000 instances leave the process as large as it was. */
#include "check.h"

static wasm_trap_t *same(const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    results->data[0] = args->data[0];
    return NULL;
}

int main(void)
{
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *store = wasm_store_new(engine);
    wasm_module_t *made = module(store, "(module (import \"\" \"\" (func (param i32) (result i32))) (func (export \"f\") (param i32) (result i32) (call 0 (local.get 0))))");
    wasm_functype_t *type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
    long before = 0;
    for (int i = 0; i < 110000; i++) {
        if (i == 10000)
            before = resident();
        wasm_store_t *own = i % 10 ? NULL : wasm_store_new(engine); /* ten instances in each store */
        if (own) {
            wasm_store_delete(store);
            store = own;
        }
        wasm_func_t *host = wasm_func_new(store, type, same);
        wasm_extern_t *imports[] = {wasm_func_as_extern(host)};
        wasm_instance_t *running = instance(store, made, imports, 1);
        wasm_extern_vec_t exports;
        wasm_instance_exports(running, &exports);
        wasm_val_t val = WASM_I32_VAL(i), got;
        for (int j = 0; j < 10; j++)
            CHECK(!call(wasm_extern_as_func(exports.data[0]), &val, 1, &got, 1) && got.of.i32 == i);
        wasm_extern_vec_delete(&exports);
        wasm_instance_delete(running);
        wasm_func_delete(host);
    }
    const long grown = resident() - before;
    wasm_functype_delete(type);
    wasm_module_delete(made);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    if (grown > 1024)
        printf("grown by %ld KB\n", grown);
    puts("done");
    return grown > 1024;
}
