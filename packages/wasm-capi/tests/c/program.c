/* program: WASI: arguments, environment, stdout, a folder, the exit status; a module by its name; what has no definition traps. */
#include <unistd.h>

#include "check.h"

static const char text[] =
    "(module (import \"wasi_snapshot_preview1\" \"fd_write\" (func $write (param i32 i32 i32 i32) (result i32)))"
    " (import \"wasi_snapshot_preview1\" \"args_sizes_get\" (func $sizes (param i32 i32) (result i32)))"
    " (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))"
    " (memory (export \"memory\") 1) (data (i32.const 64) \"hello from a program\\n\")"
    " (func (export \"_start\") (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 21))"
    "  (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))"
    "  (drop (call $sizes (i32.const 16) (i32.const 20))) (call $exit (i32.load (i32.const 16)))))";

int main(void)
{
    wasm_engine_t *engine = wasm_engine_new();
    wasmtime_store_t *store = wasmtime_store_new(engine, NULL, NULL);
    wasmtime_context_t *context = wasmtime_store_context(store);
    wasmtime_linker_t *linker = wasmtime_linker_new(engine);
    CHECK(!wasmtime_linker_define_wasi(linker));
    wasi_config_t *wasi = wasi_config_new();
    const char *arguments[] = {"program", "one", "two"}, *names[] = {"KEY"}, *values[] = {"value"};
    CHECK(wasi_config_set_argv(wasi, 3, arguments) && wasi_config_set_env(wasi, 1, names, values));
    CHECK(wasi_config_preopen_dir(wasi, ".", "/here", false) && !wasi_config_set_stdin_file(wasi, "/no/such/file"));
    wasi_config_inherit_stdout(wasi);
    CHECK(!wasmtime_context_set_wasi(context, wasi));
    wasm_byte_vec_t bytes = binary(text);
    wasmtime_module_t *made;
    CHECK(!wasmtime_module_new(engine, (uint8_t *)bytes.data, bytes.size, &made));
    wasm_byte_vec_delete(&bytes);
    CHECK(!wasmtime_linker_module(linker, context, "", 0, made));
    wasmtime_func_t start;
    CHECK(!wasmtime_linker_get_default(linker, context, "", 0, &start));
    fflush(stdout);
    wasm_trap_t *trap = NULL;
    wasmtime_error_t *error = wasmtime_func_call(context, &start, NULL, 0, NULL, 0, &trap);
    int status = 0;
    CHECK(error && wasmtime_error_exit_status(error, &status));
    printf("status %d\n", status);
    wasmtime_error_delete(error);
    error = wasmtime_error_new("mine");
    CHECK(!wasmtime_error_exit_status(error, &status));
    wasmtime_error_delete(error);
    bytes = binary("(module (import \"a\" \"b\" (func)) (func (export \"f\") (call 0)))");
    wasmtime_module_t *lacking;
    CHECK(!wasmtime_module_new(engine, (uint8_t *)bytes.data, bytes.size, &lacking));
    wasm_byte_vec_delete(&bytes);
    CHECK(!wasmtime_linker_define_unknown_imports_as_traps(linker, lacking));
    wasmtime_instance_pre_t *pre;
    wasmtime_instance_t instance, other;
    wasmtime_extern_t item;
    CHECK(!wasmtime_linker_instantiate_pre(linker, lacking, &pre));
    CHECK(!wasmtime_instance_pre_instantiate(pre, context, &instance, &trap) && !wasmtime_instance_pre_instantiate(pre, context, &other, &trap));
    CHECK(wasmtime_instance_export_get(context, &instance, "f", 1, &item));
    error = wasmtime_func_call(context, &item.of.func, NULL, 0, NULL, 0, &trap);
    CHECK(error || trap);
    wasmtime_error_delete(error);
    if (trap)
        wasm_trap_delete(trap);
    CHECK(!wasmtime_linker_define_instance(linker, context, "made", 4, &instance) && wasmtime_linker_get(linker, context, "made", 4, "f", 1, &item));
    CHECK(!wasmtime_linker_get(linker, context, "made", 4, "none", 4, &item));
    wasmtime_instance_pre_delete(pre);
    wasmtime_module_delete(lacking);
    wasmtime_module_delete(made);
    wasmtime_linker_delete(linker);
    wasmtime_store_delete(store);
    wasm_engine_delete(engine);
    return 0;
}
