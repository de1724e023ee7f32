/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_TYPES_ARRAYREF_H
#define WASM_CAPI_WASMTIME_TYPES_ARRAYREF_H

#include <wasmtime/types/structref.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasmtime_array_type wasmtime_array_type_t;

/* Delete an array type. */
WASM_API_EXTERN void wasmtime_array_type_delete(/* own */ wasmtime_array_type_t *type);
/* A copy of an array type. */
WASM_API_EXTERN /* own */ wasmtime_array_type_t *wasmtime_array_type_copy(const wasmtime_array_type_t *type);
/* An array type of such elements; NULL if that is no type. */
WASM_API_EXTERN /* own */ wasmtime_array_type_t *wasmtime_array_type_new(const wasm_engine_t *engine, const wasmtime_field_type_t *field);
/* The type of its elements. */
WASM_API_EXTERN void wasmtime_array_type_element(const wasmtime_array_type_t *type, /* own */ wasmtime_field_type_t *out);

#ifdef __cplusplus
}
#endif

#endif
