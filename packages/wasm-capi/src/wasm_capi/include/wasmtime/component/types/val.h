/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_COMPONENT_TYPES_VAL_H
#define WASM_CAPI_WASMTIME_COMPONENT_TYPES_VAL_H

#include <wasmtime/component/types/resource.h>

#ifdef __cplusplus
extern "C" {
#endif

struct wasmtime_component_valtype_t;

typedef struct wasmtime_component_list_type wasmtime_component_list_type_t;

/* Delete a list type. */
WASM_API_EXTERN void wasmtime_component_list_type_delete(/* own */ wasmtime_component_list_type_t *type);
/* A copy of a list type. */
WASM_API_EXTERN /* own */ wasmtime_component_list_type_t *wasmtime_component_list_type_clone(const wasmtime_component_list_type_t *type);
/* Whether two types are the same. */
WASM_API_EXTERN bool wasmtime_component_list_type_equal(const wasmtime_component_list_type_t *a, const wasmtime_component_list_type_t *b);
/* The type of its elements. */
WASM_API_EXTERN void wasmtime_component_list_type_element(const wasmtime_component_list_type_t *type, /* own */ struct wasmtime_component_valtype_t *type_ret);

typedef struct wasmtime_component_record_type wasmtime_component_record_type_t;

/* Delete a record type. */
WASM_API_EXTERN void wasmtime_component_record_type_delete(/* own */ wasmtime_component_record_type_t *type);
/* A copy of a record type. */
WASM_API_EXTERN /* own */ wasmtime_component_record_type_t *wasmtime_component_record_type_clone(const wasmtime_component_record_type_t *type);
/* Whether two types are the same. */
WASM_API_EXTERN bool wasmtime_component_record_type_equal(const wasmtime_component_record_type_t *a, const wasmtime_component_record_type_t *b);
/* How many fields it has. */
WASM_API_EXTERN size_t wasmtime_component_record_type_field_count(const wasmtime_component_record_type_t *type);
/* One of its fields; false if there is none. The name is the type's own. */
WASM_API_EXTERN bool wasmtime_component_record_type_field_nth(const wasmtime_component_record_type_t *type, size_t nth, const char **name_ret, size_t *name_len_ret, /* own */ struct wasmtime_component_valtype_t *type_ret);

typedef struct wasmtime_component_tuple_type wasmtime_component_tuple_type_t;

/* Delete a tuple type. */
WASM_API_EXTERN void wasmtime_component_tuple_type_delete(/* own */ wasmtime_component_tuple_type_t *type);
/* A copy of a tuple type. */
WASM_API_EXTERN /* own */ wasmtime_component_tuple_type_t *wasmtime_component_tuple_type_clone(const wasmtime_component_tuple_type_t *type);
/* Whether two types are the same. */
WASM_API_EXTERN bool wasmtime_component_tuple_type_equal(const wasmtime_component_tuple_type_t *a, const wasmtime_component_tuple_type_t *b);
/* How many parts it has. */
WASM_API_EXTERN size_t wasmtime_component_tuple_type_types_count(const wasmtime_component_tuple_type_t *type);
/* The type of a part; false if there is none. */
WASM_API_EXTERN bool wasmtime_component_tuple_type_types_nth(const wasmtime_component_tuple_type_t *type, size_t nth, /* own */ struct wasmtime_component_valtype_t *type_ret);

typedef struct wasmtime_component_variant_type wasmtime_component_variant_type_t;

/* Delete a variant type. */
WASM_API_EXTERN void wasmtime_component_variant_type_delete(/* own */ wasmtime_component_variant_type_t *type);
/* A copy of a variant type. */
WASM_API_EXTERN /* own */ wasmtime_component_variant_type_t *wasmtime_component_variant_type_clone(const wasmtime_component_variant_type_t *type);
/* Whether two types are the same. */
WASM_API_EXTERN bool wasmtime_component_variant_type_equal(const wasmtime_component_variant_type_t *a, const wasmtime_component_variant_type_t *b);
/* How many cases it has. */
WASM_API_EXTERN size_t wasmtime_component_variant_type_case_count(const wasmtime_component_variant_type_t *type);
/* One of its cases; false if there is none. The name is the type's own. */
WASM_API_EXTERN bool wasmtime_component_variant_type_case_nth(const wasmtime_component_variant_type_t *type, size_t nth, const char **name_ret, size_t *name_len_ret, bool *has_payload_ret, /* own */ struct wasmtime_component_valtype_t *payload_ret);

typedef struct wasmtime_component_enum_type wasmtime_component_enum_type_t;

/* Delete an enum type. */
WASM_API_EXTERN void wasmtime_component_enum_type_delete(/* own */ wasmtime_component_enum_type_t *type);
/* A copy of an enum type. */
WASM_API_EXTERN /* own */ wasmtime_component_enum_type_t *wasmtime_component_enum_type_clone(const wasmtime_component_enum_type_t *type);
/* Whether two types are the same. */
WASM_API_EXTERN bool wasmtime_component_enum_type_equal(const wasmtime_component_enum_type_t *a, const wasmtime_component_enum_type_t *b);
/* How many names it has. */
WASM_API_EXTERN size_t wasmtime_component_enum_type_names_count(const wasmtime_component_enum_type_t *type);
/* One of its names; false if there is none. The name is the type's own. */
WASM_API_EXTERN bool wasmtime_component_enum_type_names_nth(const wasmtime_component_enum_type_t *type, size_t nth, const char **name_ret, size_t *name_len_ret);

typedef struct wasmtime_component_option_type wasmtime_component_option_type_t;

/* Delete an option type. */
WASM_API_EXTERN void wasmtime_component_option_type_delete(/* own */ wasmtime_component_option_type_t *type);
/* A copy of an option type. */
WASM_API_EXTERN /* own */ wasmtime_component_option_type_t *wasmtime_component_option_type_clone(const wasmtime_component_option_type_t *type);
/* Whether two types are the same. */
WASM_API_EXTERN bool wasmtime_component_option_type_equal(const wasmtime_component_option_type_t *a, const wasmtime_component_option_type_t *b);
/* The type of what it may hold. */
WASM_API_EXTERN void wasmtime_component_option_type_ty(const wasmtime_component_option_type_t *type, /* own */ struct wasmtime_component_valtype_t *type_ret);

typedef struct wasmtime_component_result_type wasmtime_component_result_type_t;

/* Delete a result type. */
WASM_API_EXTERN void wasmtime_component_result_type_delete(/* own */ wasmtime_component_result_type_t *type);
/* A copy of a result type. */
WASM_API_EXTERN /* own */ wasmtime_component_result_type_t *wasmtime_component_result_type_clone(const wasmtime_component_result_type_t *type);
/* Whether two types are the same. */
WASM_API_EXTERN bool wasmtime_component_result_type_equal(const wasmtime_component_result_type_t *a, const wasmtime_component_result_type_t *b);
/* The type of what an ok holds; false if it holds nothing. */
WASM_API_EXTERN bool wasmtime_component_result_type_ok(const wasmtime_component_result_type_t *type, /* own */ struct wasmtime_component_valtype_t *type_ret);
/* The type of what an err holds; false if it holds nothing. */
WASM_API_EXTERN bool wasmtime_component_result_type_err(const wasmtime_component_result_type_t *type, /* own */ struct wasmtime_component_valtype_t *type_ret);

typedef struct wasmtime_component_flags_type wasmtime_component_flags_type_t;

/* Delete a flags type. */
WASM_API_EXTERN void wasmtime_component_flags_type_delete(/* own */ wasmtime_component_flags_type_t *type);
/* A copy of a flags type. */
WASM_API_EXTERN /* own */ wasmtime_component_flags_type_t *wasmtime_component_flags_type_clone(const wasmtime_component_flags_type_t *type);
/* Whether two types are the same. */
WASM_API_EXTERN bool wasmtime_component_flags_type_equal(const wasmtime_component_flags_type_t *a, const wasmtime_component_flags_type_t *b);
/* How many names it has. */
WASM_API_EXTERN size_t wasmtime_component_flags_type_names_count(const wasmtime_component_flags_type_t *type);
/* One of its names; false if there is none. The name is the type's own. */
WASM_API_EXTERN bool wasmtime_component_flags_type_names_nth(const wasmtime_component_flags_type_t *type, size_t nth, const char **name_ret, size_t *name_len_ret);

typedef struct wasmtime_component_future_type wasmtime_component_future_type_t;

/* Delete a future type. */
WASM_API_EXTERN void wasmtime_component_future_type_delete(/* own */ wasmtime_component_future_type_t *type);
/* A copy of a future type. */
WASM_API_EXTERN /* own */ wasmtime_component_future_type_t *wasmtime_component_future_type_clone(const wasmtime_component_future_type_t *type);
/* Whether two types are the same. */
WASM_API_EXTERN bool wasmtime_component_future_type_equal(const wasmtime_component_future_type_t *a, const wasmtime_component_future_type_t *b);
/* The type of what it brings; false if it brings nothing. */
WASM_API_EXTERN bool wasmtime_component_future_type_ty(const wasmtime_component_future_type_t *type, /* own */ struct wasmtime_component_valtype_t *type_ret);

typedef struct wasmtime_component_stream_type wasmtime_component_stream_type_t;

/* Delete a stream type. */
WASM_API_EXTERN void wasmtime_component_stream_type_delete(/* own */ wasmtime_component_stream_type_t *type);
/* A copy of a stream type. */
WASM_API_EXTERN /* own */ wasmtime_component_stream_type_t *wasmtime_component_stream_type_clone(const wasmtime_component_stream_type_t *type);
/* Whether two types are the same. */
WASM_API_EXTERN bool wasmtime_component_stream_type_equal(const wasmtime_component_stream_type_t *a, const wasmtime_component_stream_type_t *b);
/* The type of what it brings; false if it brings nothing. */
WASM_API_EXTERN bool wasmtime_component_stream_type_ty(const wasmtime_component_stream_type_t *type, /* own */ struct wasmtime_component_valtype_t *type_ret);

typedef struct wasmtime_component_map_type wasmtime_component_map_type_t;

/* Delete a map type. */
WASM_API_EXTERN void wasmtime_component_map_type_delete(/* own */ wasmtime_component_map_type_t *type);
/* A copy of a map type. */
WASM_API_EXTERN /* own */ wasmtime_component_map_type_t *wasmtime_component_map_type_clone(const wasmtime_component_map_type_t *type);
/* Whether two types are the same. */
WASM_API_EXTERN bool wasmtime_component_map_type_equal(const wasmtime_component_map_type_t *a, const wasmtime_component_map_type_t *b);
/* The type of its keys. */
WASM_API_EXTERN void wasmtime_component_map_type_key(const wasmtime_component_map_type_t *type, /* own */ struct wasmtime_component_valtype_t *type_ret);
/* The type of its values. */
WASM_API_EXTERN void wasmtime_component_map_type_value(const wasmtime_component_map_type_t *type, /* own */ struct wasmtime_component_valtype_t *type_ret);

#define WASMTIME_COMPONENT_VALTYPE_BOOL 0
#define WASMTIME_COMPONENT_VALTYPE_S8 1
#define WASMTIME_COMPONENT_VALTYPE_S16 2
#define WASMTIME_COMPONENT_VALTYPE_S32 3
#define WASMTIME_COMPONENT_VALTYPE_S64 4
#define WASMTIME_COMPONENT_VALTYPE_U8 5
#define WASMTIME_COMPONENT_VALTYPE_U16 6
#define WASMTIME_COMPONENT_VALTYPE_U32 7
#define WASMTIME_COMPONENT_VALTYPE_U64 8
#define WASMTIME_COMPONENT_VALTYPE_F32 9
#define WASMTIME_COMPONENT_VALTYPE_F64 10
#define WASMTIME_COMPONENT_VALTYPE_CHAR 11
#define WASMTIME_COMPONENT_VALTYPE_STRING 12
#define WASMTIME_COMPONENT_VALTYPE_LIST 13
#define WASMTIME_COMPONENT_VALTYPE_RECORD 14
#define WASMTIME_COMPONENT_VALTYPE_TUPLE 15
#define WASMTIME_COMPONENT_VALTYPE_VARIANT 16
#define WASMTIME_COMPONENT_VALTYPE_ENUM 17
#define WASMTIME_COMPONENT_VALTYPE_OPTION 18
#define WASMTIME_COMPONENT_VALTYPE_RESULT 19
#define WASMTIME_COMPONENT_VALTYPE_FLAGS 20
#define WASMTIME_COMPONENT_VALTYPE_OWN 21
#define WASMTIME_COMPONENT_VALTYPE_BORROW 22
#define WASMTIME_COMPONENT_VALTYPE_FUTURE 23
#define WASMTIME_COMPONENT_VALTYPE_STREAM 24
#define WASMTIME_COMPONENT_VALTYPE_ERROR_CONTEXT 25
#define WASMTIME_COMPONENT_VALTYPE_MAP 26

typedef uint8_t wasmtime_component_valtype_kind_t;
typedef union wasmtime_component_valtype_union {
  wasmtime_component_list_type_t *list;
  wasmtime_component_record_type_t *record;
  wasmtime_component_tuple_type_t *tuple;
  wasmtime_component_variant_type_t *variant;
  wasmtime_component_enum_type_t *enum_;
  wasmtime_component_option_type_t *option;
  wasmtime_component_result_type_t *result;
  wasmtime_component_flags_type_t *flags;
  wasmtime_component_resource_type_t *own;
  wasmtime_component_resource_type_t *borrow;
  wasmtime_component_future_type_t *future;
  wasmtime_component_stream_type_t *stream;
  wasmtime_component_map_type_t *map;
} wasmtime_component_valtype_union_t;
typedef struct wasmtime_component_valtype_t { wasmtime_component_valtype_kind_t kind; wasmtime_component_valtype_union_t of; } wasmtime_component_valtype_t;

/* A copy of a value type. */
WASM_API_EXTERN void wasmtime_component_valtype_clone(const wasmtime_component_valtype_t *type, /* own */ wasmtime_component_valtype_t *out);
/* Whether two value types are the same. */
WASM_API_EXTERN bool wasmtime_component_valtype_equal(const wasmtime_component_valtype_t *a, const wasmtime_component_valtype_t *b);
/* Delete what a value type owns. */
WASM_API_EXTERN void wasmtime_component_valtype_delete(/* own */ wasmtime_component_valtype_t *type);

#ifdef __cplusplus
}
#endif

#endif
