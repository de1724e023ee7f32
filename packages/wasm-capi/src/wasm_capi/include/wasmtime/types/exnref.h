/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_TYPES_EXNREF_H
#define WASM_CAPI_WASMTIME_TYPES_EXNREF_H

#include <wasmtime/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasmtime_exn_type wasmtime_exn_type_t;

/* Delete an exception type. */
WASM_API_EXTERN void wasmtime_exn_type_delete(/* own */ wasmtime_exn_type_t *type);
/* A copy of an exception type. */
WASM_API_EXTERN /* own */ wasmtime_exn_type_t *wasmtime_exn_type_copy(const wasmtime_exn_type_t *type);
/* The type of exceptions that carry these values. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_exn_type_new(const wasm_engine_t *engine, const wasm_valtype_vec_t *params, /* own */ wasmtime_exn_type_t **out);
/* The type of its tags. */
WASM_API_EXTERN /* own */ wasm_tagtype_t *wasmtime_exn_type_tag_type(const wasmtime_exn_type_t *type);

#ifdef __cplusplus
}
#endif

#endif
