/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_STRUCTREF_H
#define WASM_CAPI_WASMTIME_STRUCTREF_H

#include <wasmtime/types/structref.h>
#include <wasmtime/val.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasmtime_struct_ref_pre wasmtime_struct_ref_pre_t;

/* Delete what structs of a type are made with. */
WASM_API_EXTERN void wasmtime_struct_ref_pre_delete(/* own */ wasmtime_struct_ref_pre_t *pre);
/* To make structs of a type in a store. */
WASM_API_EXTERN /* own */ wasmtime_struct_ref_pre_t *wasmtime_struct_ref_pre_new(wasmtime_context_t *context, const wasmtime_struct_type_t *type);
/* A new struct. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_structref_new(wasmtime_context_t *context, const wasmtime_struct_ref_pre_t *pre, const wasmtime_val_t *fields, size_t nfields, /* own */ wasmtime_structref_t *out);

static inline void wasmtime_structref_set_null(wasmtime_structref_t *ref) { ref->store_id = 0; }
static inline bool wasmtime_structref_is_null(const wasmtime_structref_t *ref) { return ref->store_id == 0; }

/* Another root of the same. */
WASM_API_EXTERN void wasmtime_structref_clone(const wasmtime_structref_t *ref, /* own */ wasmtime_structref_t *out);
/* Let go of a reference. */
WASM_API_EXTERN void wasmtime_structref_unroot(/* own */ wasmtime_structref_t *ref);
/* The same as what is above it, with a root of its own. */
WASM_API_EXTERN void wasmtime_structref_to_anyref(const wasmtime_structref_t *ref, /* own */ wasmtime_anyref_t *out);
/* The same as what is above it, with a root of its own. */
WASM_API_EXTERN void wasmtime_structref_to_eqref(const wasmtime_structref_t *ref, /* own */ wasmtime_eqref_t *out);
/* A field; a packed one is an i32, without a sign. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_structref_field(wasmtime_context_t *context, const wasmtime_structref_t *ref, size_t index, /* own */ wasmtime_val_t *out);
/* Set a field. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_structref_set_field(wasmtime_context_t *context, const wasmtime_structref_t *ref, size_t index, const wasmtime_val_t *val);
/* Its type; NULL for null. */
WASM_API_EXTERN /* own */ wasmtime_struct_type_t *wasmtime_structref_type(wasmtime_context_t *context, const wasmtime_structref_t *ref);

#ifdef __cplusplus
}
#endif

#endif
