/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_TYPES_VAL_H
#define WASM_CAPI_WASMTIME_TYPES_VAL_H

#include <wasmtime/types/arrayref.h>
#include <wasmtime/types/exnref.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The value type v128, which wasm.h has not. */
WASM_API_EXTERN /* own */ wasm_valtype_t *wasmtime_wasm_valtype_v128(void);
/* Whether two value types are the same. */
WASM_API_EXTERN bool wasmtime_wasm_valtype_equal(const wasm_valtype_t *a, const wasm_valtype_t *b);

typedef uint8_t wasmtime_heaptype_kind_t;
typedef union wasmtime_heaptype_union {
  wasm_functype_t *concrete_func;
  wasmtime_array_type_t *concrete_array;
  wasmtime_struct_type_t *concrete_struct;
  wasmtime_exn_type_t *concrete_exn;
} wasmtime_heaptype_union_t;
typedef struct wasmtime_heaptype { wasmtime_heaptype_kind_t kind; wasmtime_heaptype_union_t of; } wasmtime_heaptype_t;
typedef struct wasmtime_reftype { bool nullable; wasmtime_heaptype_t heaptype; } wasmtime_reftype_t;
typedef uint8_t wasmtime_valtype_kind_t;
typedef struct wasmtime_valtype { wasmtime_valtype_kind_t kind; wasmtime_reftype_t reftype; } wasmtime_valtype_t;

#define WASMTIME_HEAPTYPE_KIND_EXTERN 0
#define WASMTIME_HEAPTYPE_KIND_NOEXTERN 1
#define WASMTIME_HEAPTYPE_KIND_FUNC 2
#define WASMTIME_HEAPTYPE_KIND_CONCRETE_FUNC 3
#define WASMTIME_HEAPTYPE_KIND_NOFUNC 4
#define WASMTIME_HEAPTYPE_KIND_ANY 5
#define WASMTIME_HEAPTYPE_KIND_NONE 6
#define WASMTIME_HEAPTYPE_KIND_EQ 7
#define WASMTIME_HEAPTYPE_KIND_I31 8
#define WASMTIME_HEAPTYPE_KIND_ARRAY 9
#define WASMTIME_HEAPTYPE_KIND_CONCRETE_ARRAY 10
#define WASMTIME_HEAPTYPE_KIND_STRUCT 11
#define WASMTIME_HEAPTYPE_KIND_CONCRETE_STRUCT 12
#define WASMTIME_HEAPTYPE_KIND_EXN 13
#define WASMTIME_HEAPTYPE_KIND_CONCRETE_EXN 14
#define WASMTIME_HEAPTYPE_KIND_NOEXN 15

#define WASMTIME_VALTYPE_KIND_I32 0
#define WASMTIME_VALTYPE_KIND_I64 1
#define WASMTIME_VALTYPE_KIND_F32 2
#define WASMTIME_VALTYPE_KIND_F64 3
#define WASMTIME_VALTYPE_KIND_V128 4
#define WASMTIME_VALTYPE_KIND_REF 5

/* A copy of a heap type. */
WASM_API_EXTERN void wasmtime_heaptype_clone(const wasmtime_heaptype_t *heaptype, /* own */ wasmtime_heaptype_t *out);
/* Delete what a heap type owns. */
WASM_API_EXTERN void wasmtime_heaptype_delete(/* own */ wasmtime_heaptype_t *heaptype);
/* A copy of a reference type. */
WASM_API_EXTERN void wasmtime_reftype_clone(const wasmtime_reftype_t *reftype, /* own */ wasmtime_reftype_t *out);
/* Delete what a reference type owns. */
WASM_API_EXTERN void wasmtime_reftype_delete(/* own */ wasmtime_reftype_t *reftype);
/* A value type as wasmtime.h has it. */
WASM_API_EXTERN void wasmtime_valtype_new(const wasm_valtype_t *type, /* own */ wasmtime_valtype_t *out);
/* A copy of a value type. */
WASM_API_EXTERN void wasmtime_valtype_clone(const wasmtime_valtype_t *valtype, /* own */ wasmtime_valtype_t *out);
/* Delete what a value type owns. */
WASM_API_EXTERN void wasmtime_valtype_delete(/* own */ wasmtime_valtype_t *valtype);
/* A value type as wasm.h has it. */
WASM_API_EXTERN /* own */ wasm_valtype_t *wasmtime_valtype_to_wasm(const wasm_engine_t *engine, const wasmtime_valtype_t *type);

#ifdef __cplusplus
}
#endif

#endif
