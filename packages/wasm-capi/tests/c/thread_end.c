/* thread_end: destructors of a thread's data call wasm, whether they run before or after the library has let go of the thread. */
#include <pthread.h>

#include "check.h"

static wasmtime_context_t *context;
static wasmtime_func_t add;
static pthread_key_t before, after;
static int ran;

static void call_it(void *data)
{
    wasmtime_val_t args[] = {{.kind = WASMTIME_I32, .of = {.i32 = 1}}, {.kind = WASMTIME_I32, .of = {.i32 = 2}}}, sum;
    wasm_trap_t *trap = NULL;
    OK(wasmtime_func_call(context, &add, args, 2, &sum, 1, &trap));
    CHECK(!trap && sum.of.i32 == 3);
    ran += data != NULL;
}

static void *work(void *data)
{
    CHECK(!pthread_setspecific(before, data) && !pthread_setspecific(after, data));
    call_it(NULL);
    return NULL;
}

int main(void)
{
    CHECK(!pthread_key_create(&before, call_it));
    wasm_engine_t *engine = wasm_engine_new();
    wasmtime_store_t *store = wasmtime_store_new(engine, NULL, NULL);
    context = wasmtime_store_context(store);
    wasmtime_instance_t instance = instantiate_text(engine, context, "(module (func (export \"add\") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))");
    add = func_of(context, &instance, "add");
    CHECK(!pthread_key_create(&after, call_it));
    for (int i = 0; i < 10; i++) {
        pthread_t thread;
        CHECK(!pthread_create(&thread, NULL, work, &ran) && !pthread_join(thread, NULL));
    }
    printf("ran %d\n", ran);
    CHECK(ran == 20);
    wasmtime_store_delete(store);
    wasm_engine_delete(engine);
    return 0;
}
