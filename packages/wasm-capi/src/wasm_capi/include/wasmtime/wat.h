/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_WAT_H
#define WASM_CAPI_WASMTIME_WAT_H

#include <wasmtime/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The binary of a module's or component's text. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_wat2wasm(const char *wat, size_t wat_len, /* own */ wasm_byte_vec_t *ret);

#ifdef __cplusplus
}
#endif

#endif
