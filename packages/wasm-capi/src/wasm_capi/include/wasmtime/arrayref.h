/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_ARRAYREF_H
#define WASM_CAPI_WASMTIME_ARRAYREF_H

#include <wasmtime/types/arrayref.h>
#include <wasmtime/val.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasmtime_array_ref_pre wasmtime_array_ref_pre_t;

/* Delete what arrays of a type are made with. */
WASM_API_EXTERN void wasmtime_array_ref_pre_delete(/* own */ wasmtime_array_ref_pre_t *pre);
/* To make arrays of a type in a store. */
WASM_API_EXTERN /* own */ wasmtime_array_ref_pre_t *wasmtime_array_ref_pre_new(wasmtime_context_t *context, const wasmtime_array_type_t *type);
/* A new array, full of a value. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_arrayref_new(wasmtime_context_t *context, const wasmtime_array_ref_pre_t *pre, const wasmtime_val_t *elem, uint32_t len, /* own */ wasmtime_arrayref_t *out);

static inline void wasmtime_arrayref_set_null(wasmtime_arrayref_t *ref) { ref->store_id = 0; }
static inline bool wasmtime_arrayref_is_null(const wasmtime_arrayref_t *ref) { return ref->store_id == 0; }

/* Another root of the same. */
WASM_API_EXTERN void wasmtime_arrayref_clone(const wasmtime_arrayref_t *ref, /* own */ wasmtime_arrayref_t *out);
/* Let go of a reference. */
WASM_API_EXTERN void wasmtime_arrayref_unroot(/* own */ wasmtime_arrayref_t *ref);
/* The same as what is above it, with a root of its own. */
WASM_API_EXTERN void wasmtime_arrayref_to_anyref(const wasmtime_arrayref_t *ref, /* own */ wasmtime_anyref_t *out);
/* The same as what is above it, with a root of its own. */
WASM_API_EXTERN void wasmtime_arrayref_to_eqref(const wasmtime_arrayref_t *ref, /* own */ wasmtime_eqref_t *out);
/* How many elements it has. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_arrayref_len(wasmtime_context_t *context, const wasmtime_arrayref_t *ref, uint32_t *out);
/* An element; a packed one is an i32, without a sign. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_arrayref_get(wasmtime_context_t *context, const wasmtime_arrayref_t *ref, uint32_t index, /* own */ wasmtime_val_t *out);
/* Set an element. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_arrayref_set(wasmtime_context_t *context, const wasmtime_arrayref_t *ref, uint32_t index, const wasmtime_val_t *val);
/* Its type; NULL for null. */
WASM_API_EXTERN /* own */ wasmtime_array_type_t *wasmtime_arrayref_type(wasmtime_context_t *context, const wasmtime_arrayref_t *ref);

#ifdef __cplusplus
}
#endif

#endif
