/* own_threads: a thousand threads of the host that live for one call, several at once; destructors of their data call wasm in every round that there is. */
#include <limits.h>
#include <pthread.h>

#include "check.h"

enum { AT_ONCE = 4, EACH = 250, ROUNDS = PTHREAD_DESTRUCTOR_ITERATIONS };

static wasm_engine_t *engine;
static wasmtime_module_t *made;
static pthread_key_t before, after; /* made before and after the library's own */

/* What a thread has: passed from round to round of its destructors. */
typedef struct Own {
    wasmtime_store_t *store;
    wasmtime_context_t *context;
    wasmtime_func_t add;
    int calls;
    int left[2]; /* rounds */
} Own;

static void call_it(Own *own)
{
    wasmtime_val_t args[] = {{.kind = WASMTIME_I32, .of = {.i32 = 1}}, {.kind = WASMTIME_I32, .of = {.i32 = 2}}}, sum;
    wasm_trap_t *trap = NULL;
    OK(wasmtime_func_call(own->context, &own->add, args, 2, &sum, 1, &trap));
    CHECK(!trap && sum.of.i32 == 3);
    wasm_functype_t *type = wasmtime_func_type(own->context, &own->add); /* runs Python */
    CHECK(wasm_functype_params(type)->size == 2);
    wasm_functype_delete(type);
    own->calls++;
}

static void again(Own *own, pthread_key_t key, int which)
{
    call_it(own);
    if (--own->left[which])
        CHECK(!pthread_setspecific(key, own));
}

static void end_before(void *own) { again(own, before, 0); }
static void end_after(void *own) { again(own, after, 1); }

static void *work(void *data)
{
    Own *own = data;
    own->store = wasmtime_store_new(engine, NULL, NULL);
    own->context = wasmtime_store_context(own->store);
    wasmtime_instance_t instance;
    wasm_trap_t *trap = NULL;
    OK(wasmtime_instance_new(own->context, made, NULL, 0, &instance, &trap));
    CHECK(!trap);
    own->add = func_of(own->context, &instance, "add");
    call_it(own);
    own->left[0] = own->left[1] = ROUNDS - 1; /* the last one is the library's */
    CHECK(!pthread_setspecific(before, own) && !pthread_setspecific(after, own));
    return NULL;
}

/* One after another; their stores are deleted here, on a thread that goes on. */
static void *row(void *count)
{
    for (int i = 0; i < *(int *)count; i++) {
        pthread_t thread;
        Own own = {0};
        CHECK(!pthread_create(&thread, NULL, work, &own) && !pthread_join(thread, NULL));
        CHECK(own.calls == 1 + 2 * (ROUNDS - 1));
        wasmtime_store_delete(own.store);
    }
    return NULL;
}

static void rows(int count)
{
    pthread_t threads[AT_ONCE];
    for (int i = 0; i < AT_ONCE; i++)
        CHECK(!pthread_create(&threads[i], NULL, row, &count));
    for (int i = 0; i < AT_ONCE; i++)
        CHECK(!pthread_join(threads[i], NULL));
}

int main(void)
{
    CHECK(!pthread_key_create(&before, end_before));
    engine = wasm_engine_new();
    made = compile_text(engine, "(module (func (export \"add\") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))");
    CHECK(!pthread_key_create(&after, end_after));
    rows(EACH / 5);
    const long size = resident();
    rows(EACH);
    const long grown = resident() - size;
    wasmtime_module_delete(made);
    wasm_engine_delete(engine);
    return ended_within(grown, 2048);
}
