/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_EQREF_H
#define WASM_CAPI_WASMTIME_EQREF_H

#include <wasmtime/types/val.h>
#include <wasmtime/val.h>

#ifdef __cplusplus
extern "C" {
#endif

static inline void wasmtime_eqref_set_null(wasmtime_eqref_t *ref) { ref->store_id = 0; }
static inline bool wasmtime_eqref_is_null(const wasmtime_eqref_t *ref) { return ref->store_id == 0; }

/* Another root of the same. */
WASM_API_EXTERN void wasmtime_eqref_clone(const wasmtime_eqref_t *ref, /* own */ wasmtime_eqref_t *out);
/* Let go of a reference. */
WASM_API_EXTERN void wasmtime_eqref_unroot(/* own */ wasmtime_eqref_t *ref);
/* The same as what is above it, with a root of its own. */
WASM_API_EXTERN void wasmtime_eqref_to_anyref(const wasmtime_eqref_t *ref, /* own */ wasmtime_anyref_t *out);
/* A reference that is a 31-bit integer; the bit above is dropped. */
WASM_API_EXTERN void wasmtime_eqref_from_i31(wasmtime_context_t *context, uint32_t i31val, /* own */ wasmtime_eqref_t *out);
/* Whether it is a 31-bit integer. */
WASM_API_EXTERN bool wasmtime_eqref_is_i31(wasmtime_context_t *context, const wasmtime_eqref_t *ref);
/* That integer, unsigned; false if it is none. */
WASM_API_EXTERN bool wasmtime_eqref_i31_get_u(wasmtime_context_t *context, const wasmtime_eqref_t *ref, uint32_t *dst);
/* That integer, signed; false if it is none. */
WASM_API_EXTERN bool wasmtime_eqref_i31_get_s(wasmtime_context_t *context, const wasmtime_eqref_t *ref, int32_t *dst);
/* Whether it is to structs. */
WASM_API_EXTERN bool wasmtime_eqref_is_struct(wasmtime_context_t *context, const wasmtime_eqref_t *ref);
/* The same as such, with a root of its own; false and null if it is none. */
WASM_API_EXTERN bool wasmtime_eqref_as_struct(wasmtime_context_t *context, const wasmtime_eqref_t *ref, /* own */ wasmtime_structref_t *out);
/* Whether it is to arrays. */
WASM_API_EXTERN bool wasmtime_eqref_is_array(wasmtime_context_t *context, const wasmtime_eqref_t *ref);
/* The same as such, with a root of its own; false and null if it is none. */
WASM_API_EXTERN bool wasmtime_eqref_as_array(wasmtime_context_t *context, const wasmtime_eqref_t *ref, /* own */ wasmtime_arrayref_t *out);
/* What it is, as a heap type; false for null. */
WASM_API_EXTERN bool wasmtime_eqref_type(wasmtime_context_t *context, const wasmtime_eqref_t *ref, /* own */ wasmtime_heaptype_t *out);

#ifdef __cplusplus
}
#endif

#endif
