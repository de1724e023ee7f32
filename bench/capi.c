/* capi: what calls of the C API cost, in nanoseconds: one line for each, of whichever library this is linked with. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <wasmtime.h>

enum { CALLS = 30000, INSTANCES = 300, ROUNDS = 50 };

static const char text[] =
    "(module (import \"\" \"\" (func $h (param i32) (result i32))) (func (export \"add\") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))"
    " (func (export \"loop\") (param i32) (loop (drop (call $h (local.get 0))) (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))) (memory 1))";

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static wasm_trap_t *plain(const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    results->data[0] = args->data[0];
    return NULL;
}

static wasm_trap_t *raw(void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *values, size_t count)
{
    (void)env, (void)caller, (void)count;
    values[0].i32++;
    return NULL;
}

/* The best of some rounds. */
#define MEASURE(name, count, step)                             \
    do {                                                       \
        double best = 1e18;                                    \
        for (int round = 0; round < ROUNDS; round++) {         \
            double start = now();                              \
            step;                                              \
            double each = (now() - start) / (count);           \
            best = each < best ? each : best;                  \
        }                                                      \
        printf("%s %.2f\n", name, best);                       \
    } while (0)

static void standard(wasm_engine_t *engine, const wasm_byte_vec_t *bytes)
{
    wasm_store_t *store = wasm_store_new(engine);
    wasm_module_t *module = wasm_module_new(store, bytes);
    wasm_functype_t *type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
    wasm_func_t *host = wasm_func_new(store, type, plain);
    wasm_extern_t *imports[] = {wasm_func_as_extern(host)};
    wasm_extern_vec_t given = WASM_ARRAY_VEC(imports), exports;
    wasm_trap_t *trap = NULL;
    wasm_instance_t *instance = wasm_instance_new(store, module, &given, &trap);
    wasm_instance_exports(instance, &exports);
    const wasm_func_t *add = wasm_extern_as_func(exports.data[0]), *loop = wasm_extern_as_func(exports.data[1]);
    wasm_val_t two[] = {WASM_I32_VAL(1), WASM_I32_VAL(2)}, many[] = {WASM_I32_VAL(CALLS)}, result[] = {WASM_INIT_VAL};
    wasm_val_vec_t args = WASM_ARRAY_VEC(two), count = WASM_ARRAY_VEC(many), results = WASM_ARRAY_VEC(result), none = WASM_EMPTY_VEC;
    MEASURE("wasm_func_call", CALLS, for (int i = 0; i < CALLS; i++) wasm_func_call(add, &args, &results));
    MEASURE("callback", CALLS, wasm_func_call(loop, &count, &none));
    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(instance);
    wasm_func_delete(host);
    wasm_functype_delete(type);
    wasm_module_delete(module);
    wasm_store_delete(store);
}

static void instantiate(wasm_engine_t *engine, const wasmtime_module_t *module, const wasm_functype_t *type)
{
    wasmtime_store_t *store = wasmtime_store_new(engine, NULL, NULL);
    wasmtime_context_t *context = wasmtime_store_context(store);
    wasmtime_extern_t import = {.kind = WASMTIME_EXTERN_FUNC};
    wasmtime_instance_t instance;
    wasm_trap_t *trap = NULL;
    wasmtime_func_new_unchecked(context, type, raw, NULL, NULL, &import.of.func);
    wasmtime_instance_new(context, module, &import, 1, &instance, &trap);
    wasmtime_store_delete(store);
}

static void theirs(wasm_engine_t *engine, const wasm_byte_vec_t *bytes)
{
    wasmtime_module_t *module;
    wasmtime_module_new(engine, (uint8_t *)bytes->data, bytes->size, &module);
    wasm_functype_t *type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
    wasmtime_store_t *store = wasmtime_store_new(engine, NULL, NULL);
    wasmtime_context_t *context = wasmtime_store_context(store);
    wasmtime_extern_t import = {.kind = WASMTIME_EXTERN_FUNC}, add, loop;
    wasmtime_instance_t instance;
    wasm_trap_t *trap = NULL;
    wasmtime_func_new_unchecked(context, type, raw, NULL, NULL, &import.of.func);
    wasmtime_instance_new(context, module, &import, 1, &instance, &trap);
    wasmtime_instance_export_get(context, &instance, "add", 3, &add);
    wasmtime_instance_export_get(context, &instance, "loop", 4, &loop);
    wasmtime_val_t two[] = {{.kind = WASMTIME_I32, .of = {.i32 = 1}}, {.kind = WASMTIME_I32, .of = {.i32 = 2}}}, result;
    _Alignas(16) wasmtime_val_raw_t values[2];
    MEASURE("wasmtime_func_call", CALLS, for (int i = 0; i < CALLS; i++) wasmtime_func_call(context, &add.of.func, two, 2, &result, 1, &trap));
    MEASURE("wasmtime_func_call_unchecked", CALLS, for (int i = 0; i < CALLS; i++) {
        values[0].i32 = 1;
        values[1].i32 = 2;
        wasmtime_func_call_unchecked(context, &add.of.func, values, 2, &trap);
    });
    MEASURE("unchecked callback", CALLS, values[0].i32 = CALLS; wasmtime_func_call_unchecked(context, &loop.of.func, values, 1, &trap));
    MEASURE("store, function, instance, and delete", INSTANCES, for (int i = 0; i < INSTANCES; i++) instantiate(engine, module, type));
    wasmtime_store_delete(store);
    wasm_functype_delete(type);
    wasmtime_module_delete(module);
}

int main(int argc, char **argv)
{
    (void)argv;
    double start = now();
    wasm_engine_t *engine = wasm_engine_new();
    if (!engine)
        return 1;
    printf("first engine %.0f\n", now() - start);
    if (argc > 1) /* a start alone */
        return 0;
    wasm_byte_vec_t bytes;
    if (wasmtime_wat2wasm(text, strlen(text), &bytes))
        return 1;
    standard(engine, &bytes);
    theirs(engine, &bytes);
    wasm_byte_vec_delete(&bytes);
    wasm_engine_delete(engine);
    return 0;
}
