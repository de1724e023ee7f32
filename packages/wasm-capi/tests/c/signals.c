/* signals: in a process that has handlers for every signal there is, as Go's runtime, a loop is still interrupted, and those handlers still get what is theirs. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "check.h"

static volatile sig_atomic_t seen;
static void count(int number, siginfo_t *info, void *context)
{
    (void)number, (void)info, (void)context;
    seen++;
}

static void *tick(void *engine)
{
    usleep(200000);
    wasmtime_engine_increment_epoch(engine);
    return NULL;
}

int main(void)
{
    const int last = SIGRTMAX - (getenv("NO_FAULTS") != NULL); /* valgrind keeps that one to itself */
    for (int number = SIGRTMIN; number <= last; number++) {
        struct sigaction action = {.sa_sigaction = count, .sa_flags = SA_SIGINFO | SA_ONSTACK};
        CHECK(!sigaction(number, &action, NULL));
    }
    wasm_config_t *config = wasm_config_new();
    wasmtime_config_epoch_interruption_set(config, true);
    wasm_engine_t *engine = wasm_engine_new_with_config(config);
    wasmtime_store_t *store = wasmtime_store_new(engine, NULL, NULL);
    wasmtime_context_t *context = wasmtime_store_context(store);
    wasmtime_context_set_epoch_deadline(context, 1);
    wasmtime_instance_t instance = instantiate_text(engine, context, "(module (func (export \"spin\") (loop (br 0))))");
    wasmtime_func_t spin = func_of(context, &instance, "spin");
    pthread_t thread;
    CHECK(!pthread_create(&thread, NULL, tick, engine));
    wasm_trap_t *trap = NULL;
    OK(wasmtime_func_call(context, &spin, NULL, 0, NULL, 0, &trap));
    wasmtime_trap_code_t code = 0;
    CHECK(trap && wasmtime_trap_code(trap, &code));
    printf("interrupted: %d\n", code == WASMTIME_TRAP_CODE_INTERRUPT);
    wasm_trap_delete(trap);
    CHECK(!pthread_join(thread, NULL));
    const int before = seen;
    for (int number = SIGRTMIN; number <= last; number++)
        CHECK(!raise(number));
    printf("its own: %d\n", seen - before == last - SIGRTMIN + 1);
    wasmtime_store_delete(store);
    wasm_engine_delete(engine);
    return 0;
}
