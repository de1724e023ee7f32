/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_TAG_H
#define WASM_CAPI_WASMTIME_TAG_H

#include <wasmtime/store.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasmtime_tag { struct { uint64_t store_id; uint32_t __private1; }; uint32_t __private2; } wasmtime_tag_t;

#define WASMTIME_EXTERN_TAG 5

/* A new kind of exceptions. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_tag_new(wasmtime_context_t *store, const wasm_tagtype_t *type, wasmtime_tag_t *ret);
/* Its type. */
WASM_API_EXTERN /* own */ wasm_tagtype_t *wasmtime_tag_type(const wasmtime_context_t *store, const wasmtime_tag_t *tag);
/* Whether both are the same tag. */
WASM_API_EXTERN bool wasmtime_tag_eq(const wasmtime_context_t *store, const wasmtime_tag_t *a, const wasmtime_tag_t *b);

#ifdef __cplusplus
}
#endif

#endif
