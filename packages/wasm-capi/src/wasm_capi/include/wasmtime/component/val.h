/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_COMPONENT_VAL_H
#define WASM_CAPI_WASMTIME_COMPONENT_VAL_H

#include <wasmtime/component/types/resource.h>
#include <wasmtime/store.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasmtime_component_resource_any wasmtime_component_resource_any_t;

/* Delete a resource's handle, without dropping the resource. */
WASM_API_EXTERN void wasmtime_component_resource_any_delete(/* own */ wasmtime_component_resource_any_t *resource);
/* A copy of a resource's handle, without dropping the resource. */
WASM_API_EXTERN /* own */ wasmtime_component_resource_any_t *wasmtime_component_resource_any_clone(const wasmtime_component_resource_any_t *resource);
/* Its type. */
WASM_API_EXTERN /* own */ wasmtime_component_resource_type_t *wasmtime_component_resource_any_type(const wasmtime_component_resource_any_t *resource);
/* Whether it is owned, and not borrowed. */
WASM_API_EXTERN bool wasmtime_component_resource_any_owned(const wasmtime_component_resource_any_t *resource);
/* Let the guest, or the host, know that it is not needed any more: its destructor runs. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_component_resource_any_drop(wasmtime_context_t *ctx, const wasmtime_component_resource_any_t *resource);

typedef struct wasmtime_component_resource_host wasmtime_component_resource_host_t;

/* Delete a resource of the host's. */
WASM_API_EXTERN void wasmtime_component_resource_host_delete(/* own */ wasmtime_component_resource_host_t *resource);
/* A copy of a resource of the host's. */
WASM_API_EXTERN /* own */ wasmtime_component_resource_host_t *wasmtime_component_resource_host_clone(const wasmtime_component_resource_host_t *resource);
/* A resource of the host's: the number that stands for it, and that of its type. */
WASM_API_EXTERN /* own */ wasmtime_component_resource_host_t *wasmtime_component_resource_host_new(bool owned, uint32_t rep, uint32_t type);
/* The number that stands for it. */
WASM_API_EXTERN uint32_t wasmtime_component_resource_host_rep(const wasmtime_component_resource_host_t *resource);
/* The number of its type. */
WASM_API_EXTERN uint32_t wasmtime_component_resource_host_type(const wasmtime_component_resource_host_t *resource);
/* Whether it is owned, and not borrowed. */
WASM_API_EXTERN bool wasmtime_component_resource_host_owned(const wasmtime_component_resource_host_t *resource);
/* The host's resource that a handle stands for. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_component_resource_any_to_host(wasmtime_context_t *ctx, const wasmtime_component_resource_any_t *resource, /* own */ wasmtime_component_resource_host_t **ret);
/* A handle in a store for a resource of the host's. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_component_resource_host_to_any(wasmtime_context_t *ctx, const wasmtime_component_resource_host_t *resource, /* own */ wasmtime_component_resource_any_t **ret);

#define WASMTIME_COMPONENT_BOOL 0
#define WASMTIME_COMPONENT_S8 1
#define WASMTIME_COMPONENT_U8 2
#define WASMTIME_COMPONENT_S16 3
#define WASMTIME_COMPONENT_U16 4
#define WASMTIME_COMPONENT_S32 5
#define WASMTIME_COMPONENT_U32 6
#define WASMTIME_COMPONENT_S64 7
#define WASMTIME_COMPONENT_U64 8
#define WASMTIME_COMPONENT_F32 9
#define WASMTIME_COMPONENT_F64 10
#define WASMTIME_COMPONENT_CHAR 11
#define WASMTIME_COMPONENT_STRING 12
#define WASMTIME_COMPONENT_LIST 13
#define WASMTIME_COMPONENT_RECORD 14
#define WASMTIME_COMPONENT_TUPLE 15
#define WASMTIME_COMPONENT_VARIANT 16
#define WASMTIME_COMPONENT_ENUM 17
#define WASMTIME_COMPONENT_OPTION 18
#define WASMTIME_COMPONENT_RESULT 19
#define WASMTIME_COMPONENT_FLAGS 20
#define WASMTIME_COMPONENT_RESOURCE 21
#define WASMTIME_COMPONENT_MAP 22

typedef uint8_t wasmtime_component_valkind_t;
struct wasmtime_component_val;
struct wasmtime_component_valrecord_entry;
struct wasmtime_component_valmap_entry;

typedef struct wasmtime_component_vallist { size_t size; struct wasmtime_component_val *data; } wasmtime_component_vallist_t;

/* A vector of these, which it takes over. */
WASM_API_EXTERN void wasmtime_component_vallist_new(/* own */ wasmtime_component_vallist_t *out, size_t size, const struct wasmtime_component_val *ptr);
/* An empty vector. */
WASM_API_EXTERN void wasmtime_component_vallist_new_empty(/* own */ wasmtime_component_vallist_t *out);
/* A vector with room, to be filled; without memory an empty one. */
WASM_API_EXTERN void wasmtime_component_vallist_new_uninit(/* own */ wasmtime_component_vallist_t *out, size_t size);
/* A copy of all of it. */
WASM_API_EXTERN void wasmtime_component_vallist_copy(/* own */ wasmtime_component_vallist_t *dst, const wasmtime_component_vallist_t *src);
/* Delete a vector and what it holds. */
WASM_API_EXTERN void wasmtime_component_vallist_delete(/* own */ wasmtime_component_vallist_t *value);

typedef struct wasmtime_component_valrecord { size_t size; struct wasmtime_component_valrecord_entry *data; } wasmtime_component_valrecord_t;

/* A vector of these, which it takes over. */
WASM_API_EXTERN void wasmtime_component_valrecord_new(/* own */ wasmtime_component_valrecord_t *out, size_t size, const struct wasmtime_component_valrecord_entry *ptr);
/* An empty vector. */
WASM_API_EXTERN void wasmtime_component_valrecord_new_empty(/* own */ wasmtime_component_valrecord_t *out);
/* A vector with room, to be filled; without memory an empty one. */
WASM_API_EXTERN void wasmtime_component_valrecord_new_uninit(/* own */ wasmtime_component_valrecord_t *out, size_t size);
/* A copy of all of it. */
WASM_API_EXTERN void wasmtime_component_valrecord_copy(/* own */ wasmtime_component_valrecord_t *dst, const wasmtime_component_valrecord_t *src);
/* Delete a vector and what it holds. */
WASM_API_EXTERN void wasmtime_component_valrecord_delete(/* own */ wasmtime_component_valrecord_t *value);

typedef struct wasmtime_component_valtuple { size_t size; struct wasmtime_component_val *data; } wasmtime_component_valtuple_t;

/* A vector of these, which it takes over. */
WASM_API_EXTERN void wasmtime_component_valtuple_new(/* own */ wasmtime_component_valtuple_t *out, size_t size, const struct wasmtime_component_val *ptr);
/* An empty vector. */
WASM_API_EXTERN void wasmtime_component_valtuple_new_empty(/* own */ wasmtime_component_valtuple_t *out);
/* A vector with room, to be filled; without memory an empty one. */
WASM_API_EXTERN void wasmtime_component_valtuple_new_uninit(/* own */ wasmtime_component_valtuple_t *out, size_t size);
/* A copy of all of it. */
WASM_API_EXTERN void wasmtime_component_valtuple_copy(/* own */ wasmtime_component_valtuple_t *dst, const wasmtime_component_valtuple_t *src);
/* Delete a vector and what it holds. */
WASM_API_EXTERN void wasmtime_component_valtuple_delete(/* own */ wasmtime_component_valtuple_t *value);

typedef struct wasmtime_component_valflags { size_t size; wasm_name_t *data; } wasmtime_component_valflags_t;

/* A vector of these, which it takes over. */
WASM_API_EXTERN void wasmtime_component_valflags_new(/* own */ wasmtime_component_valflags_t *out, size_t size, const wasm_name_t *ptr);
/* An empty vector. */
WASM_API_EXTERN void wasmtime_component_valflags_new_empty(/* own */ wasmtime_component_valflags_t *out);
/* A vector with room, to be filled; without memory an empty one. */
WASM_API_EXTERN void wasmtime_component_valflags_new_uninit(/* own */ wasmtime_component_valflags_t *out, size_t size);
/* A copy of all of it. */
WASM_API_EXTERN void wasmtime_component_valflags_copy(/* own */ wasmtime_component_valflags_t *dst, const wasmtime_component_valflags_t *src);
/* Delete a vector and what it holds. */
WASM_API_EXTERN void wasmtime_component_valflags_delete(/* own */ wasmtime_component_valflags_t *value);

typedef struct wasmtime_component_valmap { size_t size; struct wasmtime_component_valmap_entry *data; } wasmtime_component_valmap_t;

/* A vector of these, which it takes over. */
WASM_API_EXTERN void wasmtime_component_valmap_new(/* own */ wasmtime_component_valmap_t *out, size_t size, const struct wasmtime_component_valmap_entry *ptr);
/* An empty vector. */
WASM_API_EXTERN void wasmtime_component_valmap_new_empty(/* own */ wasmtime_component_valmap_t *out);
/* A vector with room, to be filled; without memory an empty one. */
WASM_API_EXTERN void wasmtime_component_valmap_new_uninit(/* own */ wasmtime_component_valmap_t *out, size_t size);
/* A copy of all of it. */
WASM_API_EXTERN void wasmtime_component_valmap_copy(/* own */ wasmtime_component_valmap_t *dst, const wasmtime_component_valmap_t *src);
/* Delete a vector and what it holds. */
WASM_API_EXTERN void wasmtime_component_valmap_delete(/* own */ wasmtime_component_valmap_t *value);

typedef struct wasmtime_component_valvariant { wasm_name_t discriminant; struct wasmtime_component_val *val; } wasmtime_component_valvariant_t;
typedef struct wasmtime_component_valresult { bool is_ok; struct wasmtime_component_val *val; } wasmtime_component_valresult_t;
typedef union wasmtime_component_valunion {
  bool boolean;
  int8_t s8;
  uint8_t u8;
  int16_t s16;
  uint16_t u16;
  int32_t s32;
  uint32_t u32;
  int64_t s64;
  uint64_t u64;
  float32_t f32;
  float64_t f64;
  uint32_t character;
  wasm_name_t string;
  wasmtime_component_vallist_t list;
  wasmtime_component_valrecord_t record;
  wasmtime_component_valtuple_t tuple;
  wasmtime_component_valvariant_t variant;
  wasm_name_t enumeration;
  struct wasmtime_component_val *option;
  wasmtime_component_valresult_t result;
  wasmtime_component_valflags_t flags;
  wasmtime_component_valmap_t map;
  wasmtime_component_resource_any_t *resource;
} wasmtime_component_valunion_t;
typedef struct wasmtime_component_val { wasmtime_component_valkind_t kind; wasmtime_component_valunion_t of; } wasmtime_component_val_t;
typedef struct wasmtime_component_valrecord_entry { wasm_name_t name; wasmtime_component_val_t val; } wasmtime_component_valrecord_entry_t;
typedef struct wasmtime_component_valmap_entry { wasmtime_component_val_t key; wasmtime_component_val_t value; } wasmtime_component_valmap_entry_t;

/* A value on the heap, moved there, as options, variants and results hold theirs. */
WASM_API_EXTERN /* own */ wasmtime_component_val_t *wasmtime_component_val_new(/* own */ wasmtime_component_val_t *val);
/* Delete such a value. */
WASM_API_EXTERN void wasmtime_component_val_free(/* own */ wasmtime_component_val_t *val);
/* A copy with all that it owns. */
WASM_API_EXTERN void wasmtime_component_val_clone(const wasmtime_component_val_t *src, /* own */ wasmtime_component_val_t *dst);
/* Delete what a value owns. */
WASM_API_EXTERN void wasmtime_component_val_delete(/* own */ wasmtime_component_val_t *val);

#ifdef __cplusplus
}
#endif

#endif
