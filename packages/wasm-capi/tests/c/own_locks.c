/* own_locks: a finalizer waits for a lock of the host's whose holder calls the library: both go on. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "check.h"

enum { ROUNDS = 50 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static wasm_engine_t *engine;
static atomic_int started;
static int ended;

static void finish(void *data)
{
    (void)data;
    pthread_mutex_lock(&lock);
    ended++;
    pthread_mutex_unlock(&lock);
}

static wasm_trap_t *nothing(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    (void)env, (void)args, (void)results;
    return NULL;
}

static void *hold(void *data)
{
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&lock);
        started = 1;
        usleep(1000);
        wasm_store_delete(wasm_store_new(engine)); /* takes Python's lock */
        pthread_mutex_unlock(&lock);
        usleep(100);
    }
    return data;
}

int main(void)
{
    alarm(60); /* instead of waiting forever */
    engine = wasm_engine_new();
    pthread_t thread;
    CHECK(!pthread_create(&thread, NULL, hold, NULL));
    while (!started)
        usleep(10);
    for (int i = 0; i < ROUNDS; i++) {
        wasm_store_t *store = wasm_store_new(engine);
        wasm_functype_t *type = wasm_functype_new_0_0();
        wasm_func_t *func = wasm_func_new_with_env(store, type, nothing, NULL, finish);
        wasm_functype_delete(type);
        wasm_store_delete(store);
        wasm_func_delete(func);
    }
    CHECK(!pthread_join(thread, NULL) && ended == ROUNDS);
    wasm_engine_delete(engine);
    puts("done");
    return 0;
}
