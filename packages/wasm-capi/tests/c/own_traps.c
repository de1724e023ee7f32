/* own_traps: what a trap says is asked for on several threads at once, of its copies; a trap that nobody has a place for; messages of any length. */
#include <pthread.h>

#include "check.h"

enum { TRAPS = 200, THREADS = 4 };

static wasm_trap_t *traps[THREADS][TRAPS];
static pthread_barrier_t barrier;

static void *ask(void *data)
{
    wasm_trap_t **mine = data;
    for (int i = 0; i < TRAPS; i++) {
        pthread_barrier_wait(&barrier);
        wasm_message_t message;
        wasm_frame_vec_t frames;
        wasm_trap_message(mine[i], &message);
        wasm_trap_trace(mine[i], &frames);
        CHECK(strstr(message.data, "unreachable") && frames.size == 1 && wasm_frame_func_index(frames.data[0]) == 0);
        wasm_byte_vec_delete(&message);
        wasm_frame_vec_delete(&frames);
        wasm_trap_delete(mine[i]);
    }
    return NULL;
}

static void long_words(void)
{
    static char words[100000];
    memset(words, 'x', sizeof words - 1);
    wasmtime_error_t *error = wasmtime_error_new(words);
    wasm_name_t message;
    wasmtime_error_message(error, &message);
    CHECK(message.size == sizeof words - 1 && !memcmp(message.data, words, message.size));
    wasm_byte_vec_delete(&message);
    wasmtime_error_delete(error);
    wasm_trap_t *trap = wasmtime_trap_new(words, sizeof words - 1), *copy = wasm_trap_copy(trap), *none = wasmtime_trap_new(NULL, 0);
    wasm_trap_message(copy, &message);
    CHECK(message.size == sizeof words && wasm_trap_same(trap, copy) && !wasm_trap_same(trap, none) && !wasm_trap_origin(none));
    wasm_byte_vec_delete(&message);
    wasm_trap_delete(none);
    wasm_trap_delete(trap);
    wasm_trap_delete(copy);
}

int main(void)
{
    wasm_engine_t *engine = wasm_engine_new();
    wasmtime_store_t *store = wasmtime_store_new(engine, NULL, NULL);
    wasmtime_context_t *context = wasmtime_store_context(store);
    wasmtime_instance_t instance = instantiate_text(engine, context, "(module (func (export \"f\") (result i32) unreachable))");
    const wasmtime_func_t f = func_of(context, &instance, "f");
    wasmtime_val_t got;
    FAILS(wasmtime_func_call(context, &f, NULL, 0, &got, 1, NULL)); /* never lost: an error, then */
    for (int i = 0; i < TRAPS; i++) {
        OK(wasmtime_func_call(context, &f, NULL, 0, &got, 1, &traps[0][i]));
        for (int k = 1; k < THREADS; k++)
            traps[k][i] = wasm_trap_copy(traps[0][i]);
    }
    pthread_t threads[THREADS];
    CHECK(!pthread_barrier_init(&barrier, NULL, THREADS));
    for (int k = 0; k < THREADS; k++)
        CHECK(!pthread_create(&threads[k], NULL, ask, traps[k]));
    for (int k = 0; k < THREADS; k++)
        CHECK(!pthread_join(threads[k], NULL));
    long_words();
    wasmtime_store_delete(store);
    wasm_engine_delete(engine);
    puts("done");
    return 0;
}
