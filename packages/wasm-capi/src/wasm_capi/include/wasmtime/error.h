/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_ERROR_H
#define WASM_CAPI_WASMTIME_ERROR_H

#include <wasm.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasmtime_error wasmtime_error_t;

/* An error with a message, which is copied. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_error_new(const char *message);
/* Delete an error. */
WASM_API_EXTERN void wasmtime_error_delete(/* own */ wasmtime_error_t *error);
/* What went wrong; no zero at its end. */
WASM_API_EXTERN void wasmtime_error_message(const wasmtime_error_t *error, /* own */ wasm_name_t *message);
/* Whether a program ended itself (WASI), and with which status. */
WASM_API_EXTERN bool wasmtime_error_exit_status(const wasmtime_error_t *error, int *status);
/* The frames of wasm that the error came through, innermost first. */
WASM_API_EXTERN void wasmtime_error_wasm_trace(const wasmtime_error_t *error, /* own */ wasm_frame_vec_t *out);

#ifdef __cplusplus
}
#endif

#endif
