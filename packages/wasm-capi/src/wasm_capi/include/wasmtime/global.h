/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_GLOBAL_H
#define WASM_CAPI_WASMTIME_GLOBAL_H

#include <wasmtime/val.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A global. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_global_new(wasmtime_context_t *store, const wasm_globaltype_t *type, const wasmtime_val_t *val, wasmtime_global_t *ret);
/* Its type. */
WASM_API_EXTERN /* own */ wasm_globaltype_t *wasmtime_global_type(const wasmtime_context_t *store, const wasmtime_global_t *global);
/* Its value. */
WASM_API_EXTERN void wasmtime_global_get(wasmtime_context_t *store, const wasmtime_global_t *global, /* own */ wasmtime_val_t *out);
/* Set its value. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_global_set(wasmtime_context_t *store, const wasmtime_global_t *global, const wasmtime_val_t *val);

#ifdef __cplusplus
}
#endif

#endif
