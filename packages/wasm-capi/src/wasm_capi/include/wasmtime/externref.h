/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_EXTERNREF_H
#define WASM_CAPI_WASMTIME_EXTERNREF_H

#include <wasmtime/val.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A reference to data of the host's, and what is called with that once wasm and the host have let go. */
WASM_API_EXTERN bool wasmtime_externref_new(wasmtime_context_t *context, void *data, void (*finalizer)(void *), /* own */ wasmtime_externref_t *out);
/* That data; NULL for null. */
WASM_API_EXTERN void *wasmtime_externref_data(wasmtime_context_t *context, const wasmtime_externref_t *ref);

static inline void wasmtime_externref_set_null(wasmtime_externref_t *ref) { ref->store_id = 0; }
static inline bool wasmtime_externref_is_null(const wasmtime_externref_t *ref) { return ref->store_id == 0; }

/* Another root of the same. */
WASM_API_EXTERN void wasmtime_externref_clone(const wasmtime_externref_t *ref, /* own */ wasmtime_externref_t *out);
/* Let go of a reference. */
WASM_API_EXTERN void wasmtime_externref_unroot(/* own */ wasmtime_externref_t *ref);
/* A root of what an unchecked function was given. */
WASM_API_EXTERN void wasmtime_externref_from_raw(wasmtime_context_t *context, uint32_t raw, /* own */ wasmtime_externref_t *out);
/* For an unchecked call at once: it is no root. */
WASM_API_EXTERN uint32_t wasmtime_externref_to_raw(wasmtime_context_t *context, const wasmtime_externref_t *ref);

#ifdef __cplusplus
}
#endif

#endif
