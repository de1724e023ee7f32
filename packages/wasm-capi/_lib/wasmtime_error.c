/* wasmtime_error.c: wasmtime's errors, which are kept as traps are. */
#include "handle.h"
#include "handlers.h"

wasmtime_error_t *capi_error_take(VmObject *error) { return capi_as_error(capi_trap_take(error)); }
wasmtime_error_t *capi_error_with(const char *text) { return capi_as_error(capi_trap_with("%s", text)); }
wasmtime_error_t *capi_misuse_error(void) { return capi_as_error(capi_misuse_trap()); }

wasmtime_error_t *impl_wasmtime_error_new(const char *message) { return capi_as_error(capi_trap_of(message, strlen(message))); }

void impl_wasmtime_error_message(const wasmtime_error_t *error, wasm_name_t *message)
{
    const wasm_name_t *text = capi_trap_text(HANDLE(error));
    impl_wasm_byte_vec_new(message, text->size ? text->size - 1 : 0, text->data);
}

bool impl_wasmtime_error_exit_status(const wasmtime_error_t *error, int *status)
{
    (void)capi_trap_text(HANDLE(error));
    if (HANDLE(error)->as.trap.status < 0)
        return false;
    *status = HANDLE(error)->as.trap.status;
    return true;
}

void impl_wasmtime_error_wasm_trace(const wasmtime_error_t *error, wasm_frame_vec_t *out) { impl_wasm_trap_trace((const void *)error, out); }
