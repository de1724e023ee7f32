/* multi: functions of several parameters and results, both ways, of all kinds of numbers; more than fit a call's inline room. */
#include "check.h"

static wasm_trap_t *swap(const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    wasm_val_copy(&results->data[0], &args->data[3]);
    wasm_val_copy(&results->data[1], &args->data[1]);
    wasm_val_copy(&results->data[2], &args->data[2]);
    wasm_val_copy(&results->data[3], &args->data[0]);
    return NULL;
}

#define MANY 24
static const char text[] =
    "(module (import \"\" \"f\" (func $f (param i32 i64 f32 f64) (result f64 i64 f32 i32)))"
    " (func (export \"g\") (param i32 i64 f32 f64) (result f64 i64 f32 i32) (call $f (local.get 0) (local.get 1) (local.get 2) (local.get 3)))"
    " (func (export \"many\") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32 i32) (local.get 23) (local.get 0)))";

int main(void)
{
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *store = wasm_store_new(engine);
    wasm_module_t *made = module(store, text);
    wasm_valtype_t *in[] = {wasm_valtype_new_i32(), wasm_valtype_new_i64(), wasm_valtype_new_f32(), wasm_valtype_new_f64()};
    wasm_valtype_t *out[] = {wasm_valtype_new_f64(), wasm_valtype_new_i64(), wasm_valtype_new_f32(), wasm_valtype_new_i32()};
    wasm_valtype_vec_t params, results;
    wasm_valtype_vec_new(&params, 4, in);
    wasm_valtype_vec_new(&results, 4, out);
    wasm_functype_t *type = wasm_functype_new(&params, &results);
    wasm_func_t *host = wasm_func_new(store, type, swap);
    wasm_functype_delete(type);
    wasm_extern_t *imports[] = {wasm_func_as_extern(host)};
    wasm_instance_t *running = instance(store, made, imports, 1);
    wasm_extern_vec_t exports;
    wasm_instance_exports(running, &exports);
    wasm_val_t args[] = {WASM_I32_VAL(1), WASM_I64_VAL(1ll << 40), WASM_F32_VAL(2.5f), WASM_F64_VAL(0.1)}, got[4];
    CHECK(!call(wasm_extern_as_func(exports.data[0]), args, 4, got, 4));
    CHECK(got[0].kind == WASM_F64 && got[1].kind == WASM_I64 && got[2].kind == WASM_F32 && got[3].kind == WASM_I32);
    printf("%g %lld %g %d\n", got[0].of.f64, (long long)got[1].of.i64, (double)got[2].of.f32, got[3].of.i32);
    wasm_val_t many[MANY];
    for (int i = 0; i < MANY; i++)
        many[i] = (wasm_val_t)WASM_I32_VAL(i + 100);
    CHECK(!call(wasm_extern_as_func(exports.data[1]), many, MANY, got, 2));
    printf("%d %d\n", got[0].of.i32, got[1].of.i32);
    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(running);
    wasm_func_delete(host);
    wasm_module_delete(made);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    return 0;
}
