/* many_references: more references than fit without a collection: results are there until their caller has taken them, and what nobody has any more ends. */
#include "check.h"

enum { MANY = 9000 };

static int ended, data[MANY];

static void finish(void *at)
{
    (void)at;
    ended++;
}

static const char text[] =
    "(module (type $s (struct (field i32)))"
    " (func (export \"id\") (param externref) (result externref) (local.get 0))"
    " (func (export \"new\") (param externref i32) (result anyref) (struct.new $s (local.get 1)))"
    " (func (export \"fill\") (param i32) (loop (drop (struct.new $s (i32.const -1))) (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))"
    " (func (export \"get\") (param anyref) (result i32) (struct.get $s 0 (ref.cast (ref $s) (local.get 0)))))";

static void same(wasmtime_context_t *context, const wasmtime_func_t *id)
{
    for (int i = 0; i < MANY; i++) {
        wasmtime_val_t val = {.kind = WASMTIME_EXTERNREF}, got;
        wasm_trap_t *trap = NULL;
        CHECK(wasmtime_externref_new(context, &data[i], finish, &val.of.externref));
        OK(wasmtime_func_call(context, id, &val, 1, &got, 1, &trap));
        CHECK(!trap && wasmtime_externref_data(context, &got.of.externref) == &data[i]);
        wasmtime_val_unroot(&got);
        wasmtime_val_unroot(&val);
    }
}

/* One that only its result holds when there are too many of the others. */
static void structs(wasmtime_context_t *context, wasmtime_instance_t *instance)
{
    const wasmtime_func_t make = func_of(context, instance, "new"), fill = func_of(context, instance, "fill"), get = func_of(context, instance, "get");
    for (int i = 0; i < MANY; i++) {
        wasmtime_val_t args[] = {{.kind = WASMTIME_EXTERNREF}, {.kind = WASMTIME_I32, .of = {.i32 = i}}}, made, got, count = {.kind = WASMTIME_I32, .of = {.i32 = 100}};
        wasm_trap_t *trap = NULL;
        CHECK(wasmtime_externref_new(context, &data[i], finish, &args[0].of.externref));
        OK(wasmtime_func_call(context, &make, args, 2, &made, 1, &trap));
        wasmtime_val_unroot(&args[0]);
        OK(wasmtime_func_call(context, &fill, &count, 1, NULL, 0, &trap));
        OK(wasmtime_func_call(context, &get, &made, 1, &got, 1, &trap));
        CHECK(!trap && got.of.i32 == i);
        wasmtime_val_unroot(&made);
    }
}

int main(void)
{
    wasm_config_t *config = wasm_config_new();
    wasmtime_config_wasm_function_references_set(config, true);
    wasmtime_config_wasm_gc_set(config, true);
    wasm_engine_t *engine = wasm_engine_new_with_config(config);
    wasmtime_store_t *store = wasmtime_store_new(engine, NULL, NULL);
    wasmtime_context_t *context = wasmtime_store_context(store);
    wasmtime_instance_t instance = instantiate_text(engine, context, text);
    const wasmtime_func_t id = func_of(context, &instance, "id");
    same(context, &id);
    structs(context, &instance);
    OK(wasmtime_context_gc(context));
    printf("ended %d\n", ended);
    wasmtime_store_delete(store);
    wasm_engine_delete(engine);
    CHECK(ended == 2 * MANY);
    return 0;
}
