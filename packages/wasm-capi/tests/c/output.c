/* output: WASI's stdin from bytes, stdout and stderr to functions of the host's, which are let go of with the store. */
#include <unistd.h>

#include "check.h"

static const char text[] =
    "(module (import \"wasi_snapshot_preview1\" \"fd_write\" (func $write (param i32 i32 i32 i32) (result i32)))"
    " (import \"wasi_snapshot_preview1\" \"fd_read\" (func $read (param i32 i32 i32 i32) (result i32)))"
    " (memory (export \"memory\") 1)"
    " (func (export \"copy\") (param i32) (result i32) (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 100))"
    "  (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8))) (i32.store (i32.const 4) (i32.load (i32.const 8)))"
    "  (call $write (local.get 0) (i32.const 0) (i32.const 1) (i32.const 8))))";

static volatile int gone;
static void finalize(void *data)
{
    (void)data;
    gone++;
}

static ptrdiff_t take(void *data, const unsigned char *bytes, size_t size)
{
    printf("%s got %.*s\n", (const char *)data, (int)size, (const char *)bytes);
    return (ptrdiff_t)size;
}

static ptrdiff_t refuse(void *data, const unsigned char *bytes, size_t size)
{
    (void)data, (void)bytes, (void)size;
    return -5; /* EIO */
}

static void run(wasm_engine_t *engine, int fd, ptrdiff_t (*writer)(void *, const unsigned char *, size_t))
{
    wasmtime_store_t *store = wasmtime_store_new(engine, NULL, NULL);
    wasmtime_context_t *context = wasmtime_store_context(store);
    wasi_config_t *wasi = wasi_config_new();
    wasm_byte_vec_t bytes;
    wasm_byte_vec_new(&bytes, 5, "input");
    wasi_config_set_stdin_bytes(wasi, &bytes);
    static char out[] = "stdout", err[] = "stderr";
    wasi_config_set_stdout_custom(wasi, writer, out, writer == take ? finalize : NULL); /* wasmtime keeps one that refused */
    wasi_config_set_stderr_custom(wasi, take, err, finalize);
    OK(wasmtime_context_set_wasi(context, wasi));
    wasmtime_linker_t *linker = wasmtime_linker_new(engine);
    OK(wasmtime_linker_define_wasi(linker));
    wasmtime_module_t *module = compile_text(engine, text);
    wasmtime_instance_t instance;
    wasm_trap_t *trap = NULL;
    OK(wasmtime_linker_instantiate(linker, context, module, &instance, &trap));
    wasmtime_func_t copy = func_of(context, &instance, "copy");
    wasmtime_val_t arg = {.kind = WASMTIME_I32, .of = {.i32 = fd}}, result;
    OK(wasmtime_func_call(context, &copy, &arg, 1, &result, 1, &trap));
    printf("fd %d: %s\n", fd, result.of.i32 ? "an errno" : "written");
    wasmtime_module_delete(module);
    wasmtime_linker_delete(linker);
    wasmtime_store_delete(store);
}

int main(void)
{
    wasm_engine_t *engine = wasm_engine_new();
    run(engine, 1, take);
    run(engine, 2, take);
    run(engine, 1, refuse);
    wasm_engine_delete(engine);
    for (int i = 0; i < 500 && gone < 5; i++) /* wasmtime has threads that write, which end when they like */
        usleep(10000);
    printf("let go of %d\n", gone);
    return 0;
}
