/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_ANYREF_H
#define WASM_CAPI_WASMTIME_ANYREF_H

#include <wasmtime/types/val.h>
#include <wasmtime/val.h>

#ifdef __cplusplus
extern "C" {
#endif

static inline void wasmtime_anyref_set_null(wasmtime_anyref_t *ref) { ref->store_id = 0; }
static inline bool wasmtime_anyref_is_null(const wasmtime_anyref_t *ref) { return ref->store_id == 0; }

/* Another root of the same. */
WASM_API_EXTERN void wasmtime_anyref_clone(const wasmtime_anyref_t *ref, /* own */ wasmtime_anyref_t *out);
/* Let go of a reference. */
WASM_API_EXTERN void wasmtime_anyref_unroot(/* own */ wasmtime_anyref_t *ref);
/* A root of what an unchecked function was given. */
WASM_API_EXTERN void wasmtime_anyref_from_raw(wasmtime_context_t *context, uint32_t raw, /* own */ wasmtime_anyref_t *out);
/* For an unchecked call at once: it is no root. */
WASM_API_EXTERN uint32_t wasmtime_anyref_to_raw(wasmtime_context_t *context, const wasmtime_anyref_t *ref);
/* A reference that is a 31-bit integer; the bit above is dropped. */
WASM_API_EXTERN void wasmtime_anyref_from_i31(wasmtime_context_t *context, uint32_t i31val, /* own */ wasmtime_anyref_t *out);
/* Whether it is a 31-bit integer. */
WASM_API_EXTERN bool wasmtime_anyref_is_i31(wasmtime_context_t *context, const wasmtime_anyref_t *ref);
/* That integer, unsigned; false if it is none. */
WASM_API_EXTERN bool wasmtime_anyref_i31_get_u(wasmtime_context_t *context, const wasmtime_anyref_t *ref, uint32_t *dst);
/* That integer, signed; false if it is none. */
WASM_API_EXTERN bool wasmtime_anyref_i31_get_s(wasmtime_context_t *context, const wasmtime_anyref_t *ref, int32_t *dst);
/* Whether it is comparable. */
WASM_API_EXTERN bool wasmtime_anyref_is_eqref(wasmtime_context_t *context, const wasmtime_anyref_t *ref);
/* The same as such, with a root of its own; false and null if it is none. */
WASM_API_EXTERN bool wasmtime_anyref_as_eqref(wasmtime_context_t *context, const wasmtime_anyref_t *ref, /* own */ wasmtime_eqref_t *out);
/* Whether it is to structs. */
WASM_API_EXTERN bool wasmtime_anyref_is_struct(wasmtime_context_t *context, const wasmtime_anyref_t *ref);
/* The same as such, with a root of its own; false and null if it is none. */
WASM_API_EXTERN bool wasmtime_anyref_as_struct(wasmtime_context_t *context, const wasmtime_anyref_t *ref, /* own */ wasmtime_structref_t *out);
/* Whether it is to arrays. */
WASM_API_EXTERN bool wasmtime_anyref_is_array(wasmtime_context_t *context, const wasmtime_anyref_t *ref);
/* The same as such, with a root of its own; false and null if it is none. */
WASM_API_EXTERN bool wasmtime_anyref_as_array(wasmtime_context_t *context, const wasmtime_anyref_t *ref, /* own */ wasmtime_arrayref_t *out);
/* What it is, as a heap type; false for null. */
WASM_API_EXTERN bool wasmtime_anyref_type(wasmtime_context_t *context, const wasmtime_anyref_t *ref, /* own */ wasmtime_heaptype_t *out);

#ifdef __cplusplus
}
#endif

#endif
