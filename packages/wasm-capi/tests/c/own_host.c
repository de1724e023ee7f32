/* own_host: what is the host's stays as it was when the library starts its Python: handlers of signals, locale, arguments, environment, folder, stdin
 * and stdout. Faults of wasm are signals: theirs, and one that no host uses, have handlers afterwards. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

extern char **environ;

typedef struct Host {
    struct sigaction actions[64];
    sigset_t mask;
    char locale[256], folder[256], arguments[256], environment[16384];
    int flags[3];
    mode_t umask;
} Host;

static void join(char *out, size_t size, char **words)
{
    size_t used = 0;
    for (; *words && used < size; words++)
        used += (size_t)snprintf(out + used, size - used, "%s\n", *words);
}

static void look(Host *host, char **argv)
{
    memset(host, 0, sizeof *host);
    for (int number = 1; number < 64; number++)
        (void)sigaction(number, NULL, &host->actions[number]);
    CHECK(!sigprocmask(SIG_BLOCK, NULL, &host->mask));
    snprintf(host->locale, sizeof host->locale, "%s", setlocale(LC_ALL, NULL));
    CHECK(getcwd(host->folder, sizeof host->folder));
    join(host->arguments, sizeof host->arguments, argv);
    join(host->environment, sizeof host->environment, environ);
    host->umask = umask(022);
    umask(host->umask);
    for (int file = 0; file < 3; file++)
        host->flags[file] = fcntl(file, F_GETFL);
}

static bool is_a_fault(int number) { return number == SIGSEGV || number == SIGBUS || number == SIGILL || number == SIGFPE || number == SIGTRAP || number >= SIGRTMIN; }

static void handle(int number) { (void)number; }

int main(int argc, char **argv)
{
    static Host before, after;
    (void)argc;
    CHECK(signal(SIGINT, handle) != SIG_ERR && signal(SIGPIPE, SIG_DFL) != SIG_ERR);
    look(&before, argv);
    wasm_engine_t *engine = wasm_engine_new();
    wasmtime_store_t *store = wasmtime_store_new(engine, NULL, NULL);
    wasmtime_context_t *context = wasmtime_store_context(store);
    wasmtime_instance_t instance = instantiate_text(engine, context, "(module (func (export \"f\") unreachable))");
    const wasmtime_func_t f = func_of(context, &instance, "f");
    wasm_trap_t *trap = NULL;
    OK(wasmtime_func_call(context, &f, NULL, 0, NULL, 0, &trap));
    CHECK(trap);
    wasm_trap_delete(trap);
    look(&after, argv);
    for (int number = 1; number < 64; number++) {
        if (is_a_fault(number))
            continue;
        if (before.actions[number].sa_handler != after.actions[number].sa_handler) {
            printf("signal %d has another handler\n", number);
            return 1;
        }
    }
    memset(&before.actions, 0, sizeof before.actions);
    memset(&after.actions, 0, sizeof after.actions);
    CHECK(!strcmp(before.locale, after.locale) && !strcmp(before.folder, after.folder) && !strcmp(before.arguments, after.arguments));
    CHECK(!strcmp(before.environment, after.environment) && before.umask == after.umask);
    CHECK(!memcmp(before.flags, after.flags, sizeof before.flags) && !memcmp(&before.mask, &after.mask, sizeof before.mask));
    wasmtime_store_delete(store);
    wasm_engine_delete(engine);
    puts("done");
    return 0;
}
