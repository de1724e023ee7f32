/* wasi: what a program inherits, reads and writes: arguments, environment, files in place of stdin, stdout and stderr. */
#define _GNU_SOURCE
#include <unistd.h>

#include "check.h"

/* Writes how many arguments and variables there are to stdout, as digits, what it reads to stdout, and "err" to stderr. */
static const char text[] =
    "(module (import \"wasi_snapshot_preview1\" \"fd_write\" (func $write (param i32 i32 i32 i32) (result i32)))"
    " (import \"wasi_snapshot_preview1\" \"fd_read\" (func $read (param i32 i32 i32 i32) (result i32)))"
    " (import \"wasi_snapshot_preview1\" \"args_sizes_get\" (func $args (param i32 i32) (result i32)))"
    " (import \"wasi_snapshot_preview1\" \"environ_sizes_get\" (func $environ (param i32 i32) (result i32)))"
    " (memory (export \"memory\") 1) (data (i32.const 64) \"00 \") (data (i32.const 80) \"err\")"
    " (func $put (param i32 i32 i32) (i32.store (i32.const 0) (local.get 1)) (i32.store (i32.const 4) (local.get 2))"
    "  (drop (call $write (local.get 0) (i32.const 0) (i32.const 1) (i32.const 8))))"
    " (func (export \"_start\") (drop (call $args (i32.const 16) (i32.const 20))) (drop (call $environ (i32.const 24) (i32.const 28)))"
    "  (i32.store8 (i32.const 64) (i32.add (i32.const 48) (i32.load (i32.const 16)))) (i32.store8 (i32.const 65) (i32.add (i32.const 48) (i32.load (i32.const 24))))"
    "  (call $put (i32.const 1) (i32.const 64) (i32.const 3))"
    "  (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 100)) (i32.store (i32.const 8) (i32.const 0))"
    "  (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))"
    "  (call $put (i32.const 1) (i32.const 1024) (i32.load (i32.const 8)))"
    "  (call $put (i32.const 2) (i32.const 80) (i32.const 3))))";

static wasm_engine_t *engine;
static wasmtime_module_t *program;

static void run(wasi_config_t *wasi)
{
    wasmtime_store_t *store = wasmtime_store_new(engine, NULL, NULL);
    wasmtime_context_t *context = wasmtime_store_context(store);
    wasmtime_linker_t *linker = wasmtime_linker_new(engine);
    OK(wasmtime_linker_define_wasi(linker));
    OK(wasmtime_context_set_wasi(context, wasi));
    wasmtime_instance_t instance;
    wasm_trap_t *trap = NULL;
    OK(wasmtime_linker_instantiate(linker, context, program, &instance, &trap));
    const wasmtime_func_t start = func_of(context, &instance, "_start");
    fflush(stdout);
    OK(wasmtime_func_call(context, &start, NULL, 0, NULL, 0, &trap));
    CHECK(!trap);
    wasmtime_linker_delete(linker);
    wasmtime_store_delete(store);
}

static char in[] = "/tmp/wasi-in-XXXXXX", out[] = "/tmp/wasi-out-XXXXXX", err[] = "/tmp/wasi-err-XXXXXX";

static void fill(char *path, const char *words)
{
    const int file = mkstemp(path);
    CHECK(file >= 0 && write(file, words, strlen(words)) == (ssize_t)strlen(words) && !close(file));
}

static void show(const char *path)
{
    char words[100];
    FILE *file = fopen(path, "r");
    CHECK(file);
    words[fread(words, 1, sizeof words - 1, file)] = 0;
    fclose(file);
    CHECK(!unlink(path));
    puts(words);
}

int main(void)
{
    engine = wasm_engine_new();
    program = compile_text(engine, text);
    fill(in, "from a file");
    fill(out, "");
    fill(err, "");
    const char *arguments[] = {"a", "b", "c"}, *names[] = {"N", "M"}, *values[] = {"1", "2"};
    wasi_config_t *wasi = wasi_config_new();
    CHECK(wasi_config_set_argv(wasi, 3, arguments) && wasi_config_set_env(wasi, 2, names, values));
    CHECK(wasi_config_set_stdin_file(wasi, in) && wasi_config_set_stdout_file(wasi, out) && wasi_config_set_stderr_file(wasi, err));
    CHECK(!wasi_config_set_stdout_file(wasi, "/no/such/folder/file") && !wasi_config_set_stderr_file(wasi, "/no/such/folder/file"));
    run(wasi);
    show(out);
    show(err);
    CHECK(!unlink(in));

    CHECK(!clearenv() && !setenv("ONE", "1", 1)); /* what it inherits */
    wasi = wasi_config_new();
    wasi_config_inherit_argv(wasi);
    wasi_config_inherit_env(wasi);
    wasi_config_inherit_stdin(wasi);
    wasi_config_inherit_stdout(wasi);
    wasi_config_inherit_stderr(wasi);
    wasi_config_inherit_network(wasi);
    wasi_config_allow_ip_name_lookup(wasi, false);
    CHECK(freopen("/dev/null", "r", stdin) && freopen("/dev/null", "w", stderr));
    run(wasi);
    puts("");
    wasi_config_delete(wasi_config_new());
    wasmtime_module_delete(program);
    wasm_engine_delete(engine);
    puts("done");
    return 0;
}
