/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_TYPES_STRUCTREF_H
#define WASM_CAPI_WASMTIME_TYPES_STRUCTREF_H

#include <wasm.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint8_t wasmtime_storage_type_kind_t;
typedef struct wasmtime_storage_type { wasmtime_storage_type_kind_t kind; wasm_valtype_t *valtype; } wasmtime_storage_type_t;
typedef struct wasmtime_field_type { bool mutable_; wasmtime_storage_type_t storage; } wasmtime_field_type_t;

#define WASMTIME_STORAGE_TYPE_KIND_I8 0
#define WASMTIME_STORAGE_TYPE_KIND_I16 1
#define WASMTIME_STORAGE_TYPE_KIND_VALTYPE 2

/* A copy of a storage type. */
WASM_API_EXTERN void wasmtime_storage_type_clone(const wasmtime_storage_type_t *storage_type, /* own */ wasmtime_storage_type_t *out);
/* Delete what a storage type owns. */
WASM_API_EXTERN void wasmtime_storage_type_delete(/* own */ wasmtime_storage_type_t *storage_type);
/* A copy of a field type. */
WASM_API_EXTERN void wasmtime_field_type_clone(const wasmtime_field_type_t *field_type, /* own */ wasmtime_field_type_t *out);
/* Delete what a field type owns. */
WASM_API_EXTERN void wasmtime_field_type_delete(/* own */ wasmtime_field_type_t *field_type);

typedef struct wasmtime_struct_type wasmtime_struct_type_t;

/* Delete a struct type. */
WASM_API_EXTERN void wasmtime_struct_type_delete(/* own */ wasmtime_struct_type_t *type);
/* A copy of a struct type. */
WASM_API_EXTERN /* own */ wasmtime_struct_type_t *wasmtime_struct_type_copy(const wasmtime_struct_type_t *type);
/* A struct type of these fields, which are copied; NULL if they are no types. */
WASM_API_EXTERN /* own */ wasmtime_struct_type_t *wasmtime_struct_type_new(const wasm_engine_t *engine, const wasmtime_field_type_t *fields, size_t nfields);
/* How many fields it has. */
WASM_API_EXTERN size_t wasmtime_struct_type_num_fields(const wasmtime_struct_type_t *type);
/* The type of a field; false if there is none. */
WASM_API_EXTERN bool wasmtime_struct_type_field(const wasmtime_struct_type_t *type, size_t index, /* own */ wasmtime_field_type_t *out);

#ifdef __cplusplus
}
#endif

#endif
