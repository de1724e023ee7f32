/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASM_H
#define WASM_CAPI_WASM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <assert.h>

#ifndef WASM_API_EXTERN
#define WASM_API_EXTERN
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef char byte_t;
typedef float float32_t;
typedef double float64_t;

typedef byte_t wasm_byte_t;

/* Who becomes the owner is said where it changes: of a result the caller, of a parameter the function. */
#define own

typedef struct wasm_byte_vec_t {
  size_t size;
  wasm_byte_t *data;
} wasm_byte_vec_t;

/* An empty vector of bytes. */
WASM_API_EXTERN void wasm_byte_vec_new_empty(own wasm_byte_vec_t *out);
/* A vector with room for bytes, to be filled; without memory an empty one. */
WASM_API_EXTERN void wasm_byte_vec_new_uninitialized(own wasm_byte_vec_t *out, size_t size);
/* A vector of bytes, which it takes over; without memory an empty one. */
WASM_API_EXTERN void wasm_byte_vec_new(own wasm_byte_vec_t *out, size_t size, own const wasm_byte_t data[]);
/* A copy with bytes of its own. */
WASM_API_EXTERN void wasm_byte_vec_copy(own wasm_byte_vec_t *out, const wasm_byte_vec_t *vec);
/* Delete a vector and what it holds. */
WASM_API_EXTERN void wasm_byte_vec_delete(own wasm_byte_vec_t *vec);

typedef wasm_byte_vec_t wasm_name_t; /* UTF-8 */

#define wasm_name wasm_byte_vec
#define wasm_name_new wasm_byte_vec_new
#define wasm_name_new_empty wasm_byte_vec_new_empty
#define wasm_name_new_uninitialized wasm_byte_vec_new_uninitialized
#define wasm_name_copy wasm_byte_vec_copy
#define wasm_name_delete wasm_byte_vec_delete

static inline void wasm_name_new_from_string(own wasm_name_t *out, const char *text) { wasm_name_new(out, strlen(text), text); }
/* With the terminating zero. */
static inline void wasm_name_new_from_string_nt(own wasm_name_t *out, const char *text) { wasm_name_new(out, strlen(text) + 1, text); }

typedef struct wasm_config_t wasm_config_t;

/* Delete a configuration that no engine was made with. */
WASM_API_EXTERN void wasm_config_delete(own wasm_config_t *config);
/* A configuration with the default settings. */
WASM_API_EXTERN own wasm_config_t *wasm_config_new(void);

typedef struct wasm_engine_t wasm_engine_t;

/* Delete an engine; what was made with it lives on. */
WASM_API_EXTERN void wasm_engine_delete(own wasm_engine_t *engine);
/* An engine with the default settings. NULL, and one line on stderr, if there is no Python to run on. */
WASM_API_EXTERN own wasm_engine_t *wasm_engine_new(void);
/* An engine with these settings; NULL if they do not go together. */
WASM_API_EXTERN own wasm_engine_t *wasm_engine_new_with_config(own wasm_config_t *config);

typedef struct wasm_store_t wasm_store_t;

/* Delete a store; what is in it lives as long as anything refers to it. */
WASM_API_EXTERN void wasm_store_delete(own wasm_store_t *store);
/* A store, which serves one thread at a time. */
WASM_API_EXTERN own wasm_store_t *wasm_store_new(wasm_engine_t *engine);

typedef uint8_t wasm_mutability_t;
enum wasm_mutability_enum { WASM_CONST, WASM_VAR };

typedef struct wasm_limits_t {
  uint32_t min;
  uint32_t max;
} wasm_limits_t;

static const uint32_t wasm_limits_max_default = 0xffffffff; /* none */

typedef struct wasm_valtype_t wasm_valtype_t;

/* Delete a value type. */
WASM_API_EXTERN void wasm_valtype_delete(own wasm_valtype_t *valtype);

typedef struct wasm_valtype_vec_t {
  size_t size;
  wasm_valtype_t **data;
} wasm_valtype_vec_t;

/* An empty vector of value types. */
WASM_API_EXTERN void wasm_valtype_vec_new_empty(own wasm_valtype_vec_t *out);
/* A vector with room for value types, to be filled; without memory an empty one. */
WASM_API_EXTERN void wasm_valtype_vec_new_uninitialized(own wasm_valtype_vec_t *out, size_t size);
/* A vector of value types, which it takes over; without memory an empty one. */
WASM_API_EXTERN void wasm_valtype_vec_new(own wasm_valtype_vec_t *out, size_t size, own wasm_valtype_t *const data[]);
/* A copy with value types of its own. */
WASM_API_EXTERN void wasm_valtype_vec_copy(own wasm_valtype_vec_t *out, const wasm_valtype_vec_t *vec);
/* Delete a vector and what it holds. */
WASM_API_EXTERN void wasm_valtype_vec_delete(own wasm_valtype_vec_t *vec);
/* A copy of a value type. */
WASM_API_EXTERN own wasm_valtype_t *wasm_valtype_copy(const wasm_valtype_t *valtype);

typedef uint8_t wasm_valkind_t;
enum wasm_valkind_enum { WASM_I32, WASM_I64, WASM_F32, WASM_F64, WASM_EXTERNREF = 128, WASM_FUNCREF };

/* The value type of a kind. */
WASM_API_EXTERN own wasm_valtype_t *wasm_valtype_new(wasm_valkind_t kind);
/* Its kind; 4 for v128. */
WASM_API_EXTERN wasm_valkind_t wasm_valtype_kind(const wasm_valtype_t *valtype);

static inline bool wasm_valkind_is_num(wasm_valkind_t kind) { return kind < WASM_EXTERNREF; }
static inline bool wasm_valkind_is_ref(wasm_valkind_t kind) { return kind >= WASM_EXTERNREF; }
static inline bool wasm_valtype_is_num(const wasm_valtype_t *type) { return wasm_valkind_is_num(wasm_valtype_kind(type)); }
static inline bool wasm_valtype_is_ref(const wasm_valtype_t *type) { return wasm_valkind_is_ref(wasm_valtype_kind(type)); }

typedef struct wasm_functype_t wasm_functype_t;

/* Delete a function type. */
WASM_API_EXTERN void wasm_functype_delete(own wasm_functype_t *functype);

typedef struct wasm_functype_vec_t {
  size_t size;
  wasm_functype_t **data;
} wasm_functype_vec_t;

/* An empty vector of function types. */
WASM_API_EXTERN void wasm_functype_vec_new_empty(own wasm_functype_vec_t *out);
/* A vector with room for function types, to be filled; without memory an empty one. */
WASM_API_EXTERN void wasm_functype_vec_new_uninitialized(own wasm_functype_vec_t *out, size_t size);
/* A vector of function types, which it takes over; without memory an empty one. */
WASM_API_EXTERN void wasm_functype_vec_new(own wasm_functype_vec_t *out, size_t size, own wasm_functype_t *const data[]);
/* A copy with function types of its own. */
WASM_API_EXTERN void wasm_functype_vec_copy(own wasm_functype_vec_t *out, const wasm_functype_vec_t *vec);
/* Delete a vector and what it holds. */
WASM_API_EXTERN void wasm_functype_vec_delete(own wasm_functype_vec_t *vec);
/* A copy of a function type. */
WASM_API_EXTERN own wasm_functype_t *wasm_functype_copy(const wasm_functype_t *functype);
/* The function type of these vectors, which are empty afterwards. */
WASM_API_EXTERN own wasm_functype_t *wasm_functype_new(own wasm_valtype_vec_t *params, own wasm_valtype_vec_t *results);
/* The types of its parameters, the type's own. */
WASM_API_EXTERN const wasm_valtype_vec_t *wasm_functype_params(const wasm_functype_t *functype);
/* The types of its results, the type's own. */
WASM_API_EXTERN const wasm_valtype_vec_t *wasm_functype_results(const wasm_functype_t *functype);

typedef struct wasm_globaltype_t wasm_globaltype_t;

/* Delete a global type. */
WASM_API_EXTERN void wasm_globaltype_delete(own wasm_globaltype_t *globaltype);

typedef struct wasm_globaltype_vec_t {
  size_t size;
  wasm_globaltype_t **data;
} wasm_globaltype_vec_t;

/* An empty vector of global types. */
WASM_API_EXTERN void wasm_globaltype_vec_new_empty(own wasm_globaltype_vec_t *out);
/* A vector with room for global types, to be filled; without memory an empty one. */
WASM_API_EXTERN void wasm_globaltype_vec_new_uninitialized(own wasm_globaltype_vec_t *out, size_t size);
/* A vector of global types, which it takes over; without memory an empty one. */
WASM_API_EXTERN void wasm_globaltype_vec_new(own wasm_globaltype_vec_t *out, size_t size, own wasm_globaltype_t *const data[]);
/* A copy with global types of its own. */
WASM_API_EXTERN void wasm_globaltype_vec_copy(own wasm_globaltype_vec_t *out, const wasm_globaltype_vec_t *vec);
/* Delete a vector and what it holds. */
WASM_API_EXTERN void wasm_globaltype_vec_delete(own wasm_globaltype_vec_t *vec);
/* A copy of a global type. */
WASM_API_EXTERN own wasm_globaltype_t *wasm_globaltype_copy(const wasm_globaltype_t *globaltype);
/* The global type of a value type. */
WASM_API_EXTERN own wasm_globaltype_t *wasm_globaltype_new(own wasm_valtype_t *content, wasm_mutability_t mutability);
/* What it holds. */
WASM_API_EXTERN const wasm_valtype_t *wasm_globaltype_content(const wasm_globaltype_t *globaltype);
/* Whether it can be set. */
WASM_API_EXTERN wasm_mutability_t wasm_globaltype_mutability(const wasm_globaltype_t *globaltype);

typedef struct wasm_tabletype_t wasm_tabletype_t;

/* Delete a table type. */
WASM_API_EXTERN void wasm_tabletype_delete(own wasm_tabletype_t *tabletype);

typedef struct wasm_tabletype_vec_t {
  size_t size;
  wasm_tabletype_t **data;
} wasm_tabletype_vec_t;

/* An empty vector of table types. */
WASM_API_EXTERN void wasm_tabletype_vec_new_empty(own wasm_tabletype_vec_t *out);
/* A vector with room for table types, to be filled; without memory an empty one. */
WASM_API_EXTERN void wasm_tabletype_vec_new_uninitialized(own wasm_tabletype_vec_t *out, size_t size);
/* A vector of table types, which it takes over; without memory an empty one. */
WASM_API_EXTERN void wasm_tabletype_vec_new(own wasm_tabletype_vec_t *out, size_t size, own wasm_tabletype_t *const data[]);
/* A copy with table types of its own. */
WASM_API_EXTERN void wasm_tabletype_vec_copy(own wasm_tabletype_vec_t *out, const wasm_tabletype_vec_t *vec);
/* Delete a vector and what it holds. */
WASM_API_EXTERN void wasm_tabletype_vec_delete(own wasm_tabletype_vec_t *vec);
/* A copy of a table type. */
WASM_API_EXTERN own wasm_tabletype_t *wasm_tabletype_copy(const wasm_tabletype_t *tabletype);
/* The table type of an element type. */
WASM_API_EXTERN own wasm_tabletype_t *wasm_tabletype_new(own wasm_valtype_t *element, const wasm_limits_t *limits);
/* What its elements are. */
WASM_API_EXTERN const wasm_valtype_t *wasm_tabletype_element(const wasm_tabletype_t *tabletype);
/* How many there can be. */
WASM_API_EXTERN const wasm_limits_t *wasm_tabletype_limits(const wasm_tabletype_t *tabletype);

typedef struct wasm_memorytype_t wasm_memorytype_t;

/* Delete a memory type. */
WASM_API_EXTERN void wasm_memorytype_delete(own wasm_memorytype_t *memorytype);

typedef struct wasm_memorytype_vec_t {
  size_t size;
  wasm_memorytype_t **data;
} wasm_memorytype_vec_t;

/* An empty vector of memory types. */
WASM_API_EXTERN void wasm_memorytype_vec_new_empty(own wasm_memorytype_vec_t *out);
/* A vector with room for memory types, to be filled; without memory an empty one. */
WASM_API_EXTERN void wasm_memorytype_vec_new_uninitialized(own wasm_memorytype_vec_t *out, size_t size);
/* A vector of memory types, which it takes over; without memory an empty one. */
WASM_API_EXTERN void wasm_memorytype_vec_new(own wasm_memorytype_vec_t *out, size_t size, own wasm_memorytype_t *const data[]);
/* A copy with memory types of its own. */
WASM_API_EXTERN void wasm_memorytype_vec_copy(own wasm_memorytype_vec_t *out, const wasm_memorytype_vec_t *vec);
/* Delete a vector and what it holds. */
WASM_API_EXTERN void wasm_memorytype_vec_delete(own wasm_memorytype_vec_t *vec);
/* A copy of a memory type. */
WASM_API_EXTERN own wasm_memorytype_t *wasm_memorytype_copy(const wasm_memorytype_t *memorytype);
/* The memory type of limits, in pages of 64 KiB. */
WASM_API_EXTERN own wasm_memorytype_t *wasm_memorytype_new(const wasm_limits_t *limits);
/* How many pages it can have. */
WASM_API_EXTERN const wasm_limits_t *wasm_memorytype_limits(const wasm_memorytype_t *memorytype);

typedef struct wasm_tagtype_t wasm_tagtype_t;

/* Delete a tag type. */
WASM_API_EXTERN void wasm_tagtype_delete(own wasm_tagtype_t *tagtype);

typedef struct wasm_tagtype_vec_t {
  size_t size;
  wasm_tagtype_t **data;
} wasm_tagtype_vec_t;

/* An empty vector of tag types. */
WASM_API_EXTERN void wasm_tagtype_vec_new_empty(own wasm_tagtype_vec_t *out);
/* A vector with room for tag types, to be filled; without memory an empty one. */
WASM_API_EXTERN void wasm_tagtype_vec_new_uninitialized(own wasm_tagtype_vec_t *out, size_t size);
/* A vector of tag types, which it takes over; without memory an empty one. */
WASM_API_EXTERN void wasm_tagtype_vec_new(own wasm_tagtype_vec_t *out, size_t size, own wasm_tagtype_t *const data[]);
/* A copy with tag types of its own. */
WASM_API_EXTERN void wasm_tagtype_vec_copy(own wasm_tagtype_vec_t *out, const wasm_tagtype_vec_t *vec);
/* Delete a vector and what it holds. */
WASM_API_EXTERN void wasm_tagtype_vec_delete(own wasm_tagtype_vec_t *vec);
/* A copy of a tag type. */
WASM_API_EXTERN own wasm_tagtype_t *wasm_tagtype_copy(const wasm_tagtype_t *tagtype);
/* The tag type whose exceptions carry the parameters of a function type. */
WASM_API_EXTERN own wasm_tagtype_t *wasm_tagtype_new(own wasm_functype_t *functype);
/* That function type. */
WASM_API_EXTERN const wasm_functype_t *wasm_tagtype_functype(const wasm_tagtype_t *tagtype);

typedef struct wasm_externtype_t wasm_externtype_t;

/* Delete an extern type. */
WASM_API_EXTERN void wasm_externtype_delete(own wasm_externtype_t *externtype);

typedef struct wasm_externtype_vec_t {
  size_t size;
  wasm_externtype_t **data;
} wasm_externtype_vec_t;

/* An empty vector of an extern types. */
WASM_API_EXTERN void wasm_externtype_vec_new_empty(own wasm_externtype_vec_t *out);
/* A vector with room for an extern types, to be filled; without memory an empty one. */
WASM_API_EXTERN void wasm_externtype_vec_new_uninitialized(own wasm_externtype_vec_t *out, size_t size);
/* A vector of an extern types, which it takes over; without memory an empty one. */
WASM_API_EXTERN void wasm_externtype_vec_new(own wasm_externtype_vec_t *out, size_t size, own wasm_externtype_t *const data[]);
/* A copy with an extern types of its own. */
WASM_API_EXTERN void wasm_externtype_vec_copy(own wasm_externtype_vec_t *out, const wasm_externtype_vec_t *vec);
/* Delete a vector and what it holds. */
WASM_API_EXTERN void wasm_externtype_vec_delete(own wasm_externtype_vec_t *vec);
/* A copy of an extern type. */
WASM_API_EXTERN own wasm_externtype_t *wasm_externtype_copy(const wasm_externtype_t *externtype);

typedef uint8_t wasm_externkind_t;
enum wasm_externkind_enum { WASM_EXTERN_FUNC, WASM_EXTERN_GLOBAL, WASM_EXTERN_TABLE, WASM_EXTERN_MEMORY, WASM_EXTERN_TAG };

/* Which kind of extern it is of. */
WASM_API_EXTERN wasm_externkind_t wasm_externtype_kind(const wasm_externtype_t *externtype);
/* The same; no copy. */
WASM_API_EXTERN wasm_externtype_t *wasm_functype_as_externtype(wasm_functype_t *func);
/* The same, NULL if it is no func; no copy. */
WASM_API_EXTERN wasm_functype_t *wasm_externtype_as_functype(wasm_externtype_t *externtype);
/* The same; no copy. */
WASM_API_EXTERN wasm_externtype_t *wasm_globaltype_as_externtype(wasm_globaltype_t *global);
/* The same, NULL if it is no global; no copy. */
WASM_API_EXTERN wasm_globaltype_t *wasm_externtype_as_globaltype(wasm_externtype_t *externtype);
/* The same; no copy. */
WASM_API_EXTERN wasm_externtype_t *wasm_tabletype_as_externtype(wasm_tabletype_t *table);
/* The same, NULL if it is no table; no copy. */
WASM_API_EXTERN wasm_tabletype_t *wasm_externtype_as_tabletype(wasm_externtype_t *externtype);
/* The same; no copy. */
WASM_API_EXTERN wasm_externtype_t *wasm_memorytype_as_externtype(wasm_memorytype_t *memory);
/* The same, NULL if it is no memory; no copy. */
WASM_API_EXTERN wasm_memorytype_t *wasm_externtype_as_memorytype(wasm_externtype_t *externtype);
/* The same; no copy. */
WASM_API_EXTERN wasm_externtype_t *wasm_tagtype_as_externtype(wasm_tagtype_t *tag);
/* The same, NULL if it is no tag; no copy. */
WASM_API_EXTERN wasm_tagtype_t *wasm_externtype_as_tagtype(wasm_externtype_t *externtype);
/* The same; no copy. */
WASM_API_EXTERN const wasm_externtype_t *wasm_functype_as_externtype_const(const wasm_functype_t *func);
/* The same, NULL if it is no func; no copy. */
WASM_API_EXTERN const wasm_functype_t *wasm_externtype_as_functype_const(const wasm_externtype_t *externtype);
/* The same; no copy. */
WASM_API_EXTERN const wasm_externtype_t *wasm_globaltype_as_externtype_const(const wasm_globaltype_t *global);
/* The same, NULL if it is no global; no copy. */
WASM_API_EXTERN const wasm_globaltype_t *wasm_externtype_as_globaltype_const(const wasm_externtype_t *externtype);
/* The same; no copy. */
WASM_API_EXTERN const wasm_externtype_t *wasm_tabletype_as_externtype_const(const wasm_tabletype_t *table);
/* The same, NULL if it is no table; no copy. */
WASM_API_EXTERN const wasm_tabletype_t *wasm_externtype_as_tabletype_const(const wasm_externtype_t *externtype);
/* The same; no copy. */
WASM_API_EXTERN const wasm_externtype_t *wasm_memorytype_as_externtype_const(const wasm_memorytype_t *memory);
/* The same, NULL if it is no memory; no copy. */
WASM_API_EXTERN const wasm_memorytype_t *wasm_externtype_as_memorytype_const(const wasm_externtype_t *externtype);
/* The same; no copy. */
WASM_API_EXTERN const wasm_externtype_t *wasm_tagtype_as_externtype_const(const wasm_tagtype_t *tag);
/* The same, NULL if it is no tag; no copy. */
WASM_API_EXTERN const wasm_tagtype_t *wasm_externtype_as_tagtype_const(const wasm_externtype_t *externtype);

typedef struct wasm_importtype_t wasm_importtype_t;

/* Delete an import's type. */
WASM_API_EXTERN void wasm_importtype_delete(own wasm_importtype_t *importtype);

typedef struct wasm_importtype_vec_t {
  size_t size;
  wasm_importtype_t **data;
} wasm_importtype_vec_t;

/* An empty vector of an import's types. */
WASM_API_EXTERN void wasm_importtype_vec_new_empty(own wasm_importtype_vec_t *out);
/* A vector with room for an import's types, to be filled; without memory an empty one. */
WASM_API_EXTERN void wasm_importtype_vec_new_uninitialized(own wasm_importtype_vec_t *out, size_t size);
/* A vector of an import's types, which it takes over; without memory an empty one. */
WASM_API_EXTERN void wasm_importtype_vec_new(own wasm_importtype_vec_t *out, size_t size, own wasm_importtype_t *const data[]);
/* A copy with an import's types of its own. */
WASM_API_EXTERN void wasm_importtype_vec_copy(own wasm_importtype_vec_t *out, const wasm_importtype_vec_t *vec);
/* Delete a vector and what it holds. */
WASM_API_EXTERN void wasm_importtype_vec_delete(own wasm_importtype_vec_t *vec);
/* A copy of an import's type. */
WASM_API_EXTERN own wasm_importtype_t *wasm_importtype_copy(const wasm_importtype_t *importtype);
/* An import's type; the names are empty afterwards. */
WASM_API_EXTERN own wasm_importtype_t *wasm_importtype_new(own wasm_name_t *module, own wasm_name_t *name, own wasm_externtype_t *externtype);
/* The module's name. */
WASM_API_EXTERN const wasm_name_t *wasm_importtype_module(const wasm_importtype_t *importtype);
/* The import's name. */
WASM_API_EXTERN const wasm_name_t *wasm_importtype_name(const wasm_importtype_t *importtype);
/* What is imported. */
WASM_API_EXTERN const wasm_externtype_t *wasm_importtype_type(const wasm_importtype_t *importtype);

typedef struct wasm_exporttype_t wasm_exporttype_t;

/* Delete an export's type. */
WASM_API_EXTERN void wasm_exporttype_delete(own wasm_exporttype_t *exporttype);

typedef struct wasm_exporttype_vec_t {
  size_t size;
  wasm_exporttype_t **data;
} wasm_exporttype_vec_t;

/* An empty vector of an export's types. */
WASM_API_EXTERN void wasm_exporttype_vec_new_empty(own wasm_exporttype_vec_t *out);
/* A vector with room for an export's types, to be filled; without memory an empty one. */
WASM_API_EXTERN void wasm_exporttype_vec_new_uninitialized(own wasm_exporttype_vec_t *out, size_t size);
/* A vector of an export's types, which it takes over; without memory an empty one. */
WASM_API_EXTERN void wasm_exporttype_vec_new(own wasm_exporttype_vec_t *out, size_t size, own wasm_exporttype_t *const data[]);
/* A copy with an export's types of its own. */
WASM_API_EXTERN void wasm_exporttype_vec_copy(own wasm_exporttype_vec_t *out, const wasm_exporttype_vec_t *vec);
/* Delete a vector and what it holds. */
WASM_API_EXTERN void wasm_exporttype_vec_delete(own wasm_exporttype_vec_t *vec);
/* A copy of an export's type. */
WASM_API_EXTERN own wasm_exporttype_t *wasm_exporttype_copy(const wasm_exporttype_t *exporttype);
/* An export's type; the name is empty afterwards. */
WASM_API_EXTERN own wasm_exporttype_t *wasm_exporttype_new(own wasm_name_t *name, own wasm_externtype_t *externtype);
/* The export's name. */
WASM_API_EXTERN const wasm_name_t *wasm_exporttype_name(const wasm_exporttype_t *exporttype);
/* What is exported. */
WASM_API_EXTERN const wasm_externtype_t *wasm_exporttype_type(const wasm_exporttype_t *exporttype);

typedef struct wasm_ref_t wasm_ref_t;

typedef struct wasm_val_t {
  wasm_valkind_t kind;
  union {
    int32_t i32;
    int64_t i64;
    float32_t f32;
    float64_t f64;
    wasm_ref_t *ref;
  } of;
} wasm_val_t;

/* Delete what the value refers to, if it is a reference. */
WASM_API_EXTERN void wasm_val_delete(own wasm_val_t *val);
/* A copy, with a reference of its own. */
WASM_API_EXTERN void wasm_val_copy(own wasm_val_t *out, const wasm_val_t *val);

typedef struct wasm_val_vec_t {
  size_t size;
  wasm_val_t *data;
} wasm_val_vec_t;

/* An empty vector of values. */
WASM_API_EXTERN void wasm_val_vec_new_empty(own wasm_val_vec_t *out);
/* A vector with room for values, to be filled; without memory an empty one. */
WASM_API_EXTERN void wasm_val_vec_new_uninitialized(own wasm_val_vec_t *out, size_t size);
/* A vector of values, which it takes over; without memory an empty one. */
WASM_API_EXTERN void wasm_val_vec_new(own wasm_val_vec_t *out, size_t size, own const wasm_val_t data[]);
/* A copy with values of its own. */
WASM_API_EXTERN void wasm_val_vec_copy(own wasm_val_vec_t *out, const wasm_val_vec_t *vec);
/* Delete a vector and what it holds. */
WASM_API_EXTERN void wasm_val_vec_delete(own wasm_val_vec_t *vec);

typedef struct wasm_ref_t wasm_ref_t;

/* Delete a reference to anything; the last one of its handle runs the finalizer of its host info. */
WASM_API_EXTERN void wasm_ref_delete(own wasm_ref_t *ref);
/* Another reference to the same anything. */
WASM_API_EXTERN own wasm_ref_t *wasm_ref_copy(const wasm_ref_t *ref);
/* Whether two references are to the same. */
WASM_API_EXTERN bool wasm_ref_same(const wasm_ref_t *a, const wasm_ref_t *b);
/* The host's data, NULL at first. */
WASM_API_EXTERN void *wasm_ref_get_host_info(const wasm_ref_t *ref);
/* Set the host's data, which this handle and its copies share. */
WASM_API_EXTERN void wasm_ref_set_host_info(wasm_ref_t *ref, void *info);
/* The same, with what is called with it once the last of them is deleted. */
WASM_API_EXTERN void wasm_ref_set_host_info_with_finalizer(wasm_ref_t *ref, void *info, void (*finalizer)(void *));

typedef struct wasm_frame_t wasm_frame_t;

/* Delete a frame. */
WASM_API_EXTERN void wasm_frame_delete(own wasm_frame_t *frame);

typedef struct wasm_frame_vec_t {
  size_t size;
  wasm_frame_t **data;
} wasm_frame_vec_t;

/* An empty vector of frames. */
WASM_API_EXTERN void wasm_frame_vec_new_empty(own wasm_frame_vec_t *out);
/* A vector with room for frames, to be filled; without memory an empty one. */
WASM_API_EXTERN void wasm_frame_vec_new_uninitialized(own wasm_frame_vec_t *out, size_t size);
/* A vector of frames, which it takes over; without memory an empty one. */
WASM_API_EXTERN void wasm_frame_vec_new(own wasm_frame_vec_t *out, size_t size, own wasm_frame_t *const data[]);
/* A copy with frames of its own. */
WASM_API_EXTERN void wasm_frame_vec_copy(own wasm_frame_vec_t *out, const wasm_frame_vec_t *vec);
/* Delete a vector and what it holds. */
WASM_API_EXTERN void wasm_frame_vec_delete(own wasm_frame_vec_t *vec);
/* A copy of a frame. */
WASM_API_EXTERN own wasm_frame_t *wasm_frame_copy(const wasm_frame_t *frame);

struct wasm_instance_t;

/* Always NULL: frames are kept after their instances are gone. */
WASM_API_EXTERN struct wasm_instance_t *wasm_frame_instance(const wasm_frame_t *frame);
/* The function's index in its module. */
WASM_API_EXTERN uint32_t wasm_frame_func_index(const wasm_frame_t *frame);
/* The instruction's offset in the function's body, in bytes. */
WASM_API_EXTERN size_t wasm_frame_func_offset(const wasm_frame_t *frame);
/* The instruction's offset in the module, in bytes. */
WASM_API_EXTERN size_t wasm_frame_module_offset(const wasm_frame_t *frame);

typedef wasm_name_t wasm_message_t; /* ends in a zero, which counts */

typedef struct wasm_trap_t wasm_trap_t;

/* Delete a reference to a trap; the last one of its handle runs the finalizer of its host info. */
WASM_API_EXTERN void wasm_trap_delete(own wasm_trap_t *trap);
/* Another reference to the same trap. */
WASM_API_EXTERN own wasm_trap_t *wasm_trap_copy(const wasm_trap_t *trap);
/* Whether two references are to the same. */
WASM_API_EXTERN bool wasm_trap_same(const wasm_trap_t *a, const wasm_trap_t *b);
/* The host's data, NULL at first. */
WASM_API_EXTERN void *wasm_trap_get_host_info(const wasm_trap_t *trap);
/* Set the host's data, which this handle and its copies share. */
WASM_API_EXTERN void wasm_trap_set_host_info(wasm_trap_t *trap, void *info);
/* The same, with what is called with it once the last of them is deleted. */
WASM_API_EXTERN void wasm_trap_set_host_info_with_finalizer(wasm_trap_t *trap, void *info, void (*finalizer)(void *));
/* The same reference; no copy. */
WASM_API_EXTERN wasm_ref_t *wasm_trap_as_ref(wasm_trap_t *trap);
/* The same reference, NULL if it is not to a trap; no copy. */
WASM_API_EXTERN wasm_trap_t *wasm_ref_as_trap(wasm_ref_t *ref);
/* The same reference; no copy. */
WASM_API_EXTERN const wasm_ref_t *wasm_trap_as_ref_const(const wasm_trap_t *trap);
/* The same reference, NULL if it is not to a trap; no copy. */
WASM_API_EXTERN const wasm_trap_t *wasm_ref_as_trap_const(const wasm_ref_t *ref);
/* A trap for a host function to return; the message ends in a zero. */
WASM_API_EXTERN own wasm_trap_t *wasm_trap_new(wasm_store_t *store, const wasm_message_t *message);
/* What happened, with the backtrace; ends in a zero, which counts. */
WASM_API_EXTERN void wasm_trap_message(const wasm_trap_t *trap, own wasm_message_t *out);
/* The innermost frame, NULL without one. */
WASM_API_EXTERN own wasm_frame_t *wasm_trap_origin(const wasm_trap_t *trap);
/* All frames of wasm, innermost first. */
WASM_API_EXTERN void wasm_trap_trace(const wasm_trap_t *trap, own wasm_frame_vec_t *out);

typedef struct wasm_foreign_t wasm_foreign_t;

/* Delete a reference to a foreign object; the last one of its handle runs the finalizer of its host info. */
WASM_API_EXTERN void wasm_foreign_delete(own wasm_foreign_t *foreign);
/* Another reference to the same foreign object. */
WASM_API_EXTERN own wasm_foreign_t *wasm_foreign_copy(const wasm_foreign_t *foreign);
/* Whether two references are to the same. */
WASM_API_EXTERN bool wasm_foreign_same(const wasm_foreign_t *a, const wasm_foreign_t *b);
/* The host's data, NULL at first. */
WASM_API_EXTERN void *wasm_foreign_get_host_info(const wasm_foreign_t *foreign);
/* Set the host's data, which this handle and its copies share. */
WASM_API_EXTERN void wasm_foreign_set_host_info(wasm_foreign_t *foreign, void *info);
/* The same, with what is called with it once the last of them is deleted. */
WASM_API_EXTERN void wasm_foreign_set_host_info_with_finalizer(wasm_foreign_t *foreign, void *info, void (*finalizer)(void *));
/* The same reference; no copy. */
WASM_API_EXTERN wasm_ref_t *wasm_foreign_as_ref(wasm_foreign_t *foreign);
/* The same reference, NULL if it is not to a foreign object; no copy. */
WASM_API_EXTERN wasm_foreign_t *wasm_ref_as_foreign(wasm_ref_t *ref);
/* The same reference; no copy. */
WASM_API_EXTERN const wasm_ref_t *wasm_foreign_as_ref_const(const wasm_foreign_t *foreign);
/* The same reference, NULL if it is not to a foreign object; no copy. */
WASM_API_EXTERN const wasm_foreign_t *wasm_ref_as_foreign_const(const wasm_ref_t *ref);
/* An object of the host's, which its host info describes, for wasm to hold as an externref. */
WASM_API_EXTERN own wasm_foreign_t *wasm_foreign_new(wasm_store_t *store);

typedef struct wasm_module_t wasm_module_t;

/* Delete a reference to a module; the last one of its handle runs the finalizer of its host info. */
WASM_API_EXTERN void wasm_module_delete(own wasm_module_t *module);
/* Another reference to the same module. */
WASM_API_EXTERN own wasm_module_t *wasm_module_copy(const wasm_module_t *module);
/* Whether two references are to the same. */
WASM_API_EXTERN bool wasm_module_same(const wasm_module_t *a, const wasm_module_t *b);
/* The host's data, NULL at first. */
WASM_API_EXTERN void *wasm_module_get_host_info(const wasm_module_t *module);
/* Set the host's data, which this handle and its copies share. */
WASM_API_EXTERN void wasm_module_set_host_info(wasm_module_t *module, void *info);
/* The same, with what is called with it once the last of them is deleted. */
WASM_API_EXTERN void wasm_module_set_host_info_with_finalizer(wasm_module_t *module, void *info, void (*finalizer)(void *));
/* The same reference; no copy. */
WASM_API_EXTERN wasm_ref_t *wasm_module_as_ref(wasm_module_t *module);
/* The same reference, NULL if it is not to a module; no copy. */
WASM_API_EXTERN wasm_module_t *wasm_ref_as_module(wasm_ref_t *ref);
/* The same reference; no copy. */
WASM_API_EXTERN const wasm_ref_t *wasm_module_as_ref_const(const wasm_module_t *module);
/* The same reference, NULL if it is not to a module; no copy. */
WASM_API_EXTERN const wasm_module_t *wasm_ref_as_module_const(const wasm_ref_t *ref);

typedef struct wasm_shared_module_t wasm_shared_module_t;

/* Delete a shared module. */
WASM_API_EXTERN void wasm_shared_module_delete(own wasm_shared_module_t *shared_module);
/* The module for another thread to obtain. */
WASM_API_EXTERN own wasm_shared_module_t *wasm_module_share(const wasm_module_t *module);
/* The module in a store of this thread. */
WASM_API_EXTERN own wasm_module_t *wasm_module_obtain(wasm_store_t *store, const wasm_shared_module_t *shared);
/* Compile a binary; NULL if it is malformed or invalid. */
WASM_API_EXTERN own wasm_module_t *wasm_module_new(wasm_store_t *store, const wasm_byte_vec_t *binary);
/* Whether a binary is valid. */
WASM_API_EXTERN bool wasm_module_validate(wasm_store_t *store, const wasm_byte_vec_t *binary);
/* What it imports, in order. */
WASM_API_EXTERN void wasm_module_imports(const wasm_module_t *module, own wasm_importtype_vec_t *out);
/* What it exports, in order. */
WASM_API_EXTERN void wasm_module_exports(const wasm_module_t *module, own wasm_exporttype_vec_t *out);
/* The compiled module as bytes; empty if that fails. */
WASM_API_EXTERN void wasm_module_serialize(const wasm_module_t *module, own wasm_byte_vec_t *out);
/* A module of bytes that wasm_module_serialize wrote, which must be trusted; NULL if they are none of this version. */
WASM_API_EXTERN own wasm_module_t *wasm_module_deserialize(wasm_store_t *store, const wasm_byte_vec_t *binary);

typedef struct wasm_func_t wasm_func_t;

/* Delete a reference to a function; the last one of its handle runs the finalizer of its host info. */
WASM_API_EXTERN void wasm_func_delete(own wasm_func_t *func);
/* Another reference to the same function. */
WASM_API_EXTERN own wasm_func_t *wasm_func_copy(const wasm_func_t *func);
/* Whether two references are to the same. */
WASM_API_EXTERN bool wasm_func_same(const wasm_func_t *a, const wasm_func_t *b);
/* The host's data, NULL at first. */
WASM_API_EXTERN void *wasm_func_get_host_info(const wasm_func_t *func);
/* Set the host's data, which this handle and its copies share. */
WASM_API_EXTERN void wasm_func_set_host_info(wasm_func_t *func, void *info);
/* The same, with what is called with it once the last of them is deleted. */
WASM_API_EXTERN void wasm_func_set_host_info_with_finalizer(wasm_func_t *func, void *info, void (*finalizer)(void *));
/* The same reference; no copy. */
WASM_API_EXTERN wasm_ref_t *wasm_func_as_ref(wasm_func_t *func);
/* The same reference, NULL if it is not to a function; no copy. */
WASM_API_EXTERN wasm_func_t *wasm_ref_as_func(wasm_ref_t *ref);
/* The same reference; no copy. */
WASM_API_EXTERN const wasm_ref_t *wasm_func_as_ref_const(const wasm_func_t *func);
/* The same reference, NULL if it is not to a function; no copy. */
WASM_API_EXTERN const wasm_func_t *wasm_ref_as_func_const(const wasm_ref_t *ref);

/* The trap and the results are given to the library; the arguments are its own. */
typedef wasm_trap_t *(*wasm_func_callback_t)(const wasm_val_vec_t *args, wasm_val_vec_t *results);
typedef wasm_trap_t *(*wasm_func_callback_with_env_t)(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results);

/* A function of the host. It must return, and not longjmp. */
WASM_API_EXTERN own wasm_func_t *wasm_func_new(wasm_store_t *store, const wasm_functype_t *functype, wasm_func_callback_t callback);
/* The same with data of its own, and what is called with that once the function is gone, with its store. */
WASM_API_EXTERN own wasm_func_t *wasm_func_new_with_env(wasm_store_t *store, const wasm_functype_t *functype, wasm_func_callback_with_env_t callback, void *env, void (*finalizer)(void *));
/* Its type. */
WASM_API_EXTERN own wasm_functype_t *wasm_func_type(const wasm_func_t *func);
/* How many parameters it has. */
WASM_API_EXTERN size_t wasm_func_param_arity(const wasm_func_t *func);
/* How many results it has. */
WASM_API_EXTERN size_t wasm_func_result_arity(const wasm_func_t *func);
/* Call it. NULL and the results, or why it did not return; also where values do not fit the type. */
WASM_API_EXTERN own wasm_trap_t *wasm_func_call(const wasm_func_t *func, const wasm_val_vec_t *args, wasm_val_vec_t *results);

typedef struct wasm_global_t wasm_global_t;

/* Delete a reference to a global; the last one of its handle runs the finalizer of its host info. */
WASM_API_EXTERN void wasm_global_delete(own wasm_global_t *global);
/* Another reference to the same global. */
WASM_API_EXTERN own wasm_global_t *wasm_global_copy(const wasm_global_t *global);
/* Whether two references are to the same. */
WASM_API_EXTERN bool wasm_global_same(const wasm_global_t *a, const wasm_global_t *b);
/* The host's data, NULL at first. */
WASM_API_EXTERN void *wasm_global_get_host_info(const wasm_global_t *global);
/* Set the host's data, which this handle and its copies share. */
WASM_API_EXTERN void wasm_global_set_host_info(wasm_global_t *global, void *info);
/* The same, with what is called with it once the last of them is deleted. */
WASM_API_EXTERN void wasm_global_set_host_info_with_finalizer(wasm_global_t *global, void *info, void (*finalizer)(void *));
/* The same reference; no copy. */
WASM_API_EXTERN wasm_ref_t *wasm_global_as_ref(wasm_global_t *global);
/* The same reference, NULL if it is not to a global; no copy. */
WASM_API_EXTERN wasm_global_t *wasm_ref_as_global(wasm_ref_t *ref);
/* The same reference; no copy. */
WASM_API_EXTERN const wasm_ref_t *wasm_global_as_ref_const(const wasm_global_t *global);
/* The same reference, NULL if it is not to a global; no copy. */
WASM_API_EXTERN const wasm_global_t *wasm_ref_as_global_const(const wasm_ref_t *ref);
/* A global; NULL if the value is of another type. */
WASM_API_EXTERN own wasm_global_t *wasm_global_new(wasm_store_t *store, const wasm_globaltype_t *globaltype, const wasm_val_t *val);
/* Its type. */
WASM_API_EXTERN own wasm_globaltype_t *wasm_global_type(const wasm_global_t *global);
/* Its value. */
WASM_API_EXTERN void wasm_global_get(const wasm_global_t *global, own wasm_val_t *out);
/* Set its value; nothing happens if it is constant, or the value of another type. */
WASM_API_EXTERN void wasm_global_set(wasm_global_t *global, const wasm_val_t *val);

typedef struct wasm_table_t wasm_table_t;

/* Delete a reference to a table; the last one of its handle runs the finalizer of its host info. */
WASM_API_EXTERN void wasm_table_delete(own wasm_table_t *table);
/* Another reference to the same table. */
WASM_API_EXTERN own wasm_table_t *wasm_table_copy(const wasm_table_t *table);
/* Whether two references are to the same. */
WASM_API_EXTERN bool wasm_table_same(const wasm_table_t *a, const wasm_table_t *b);
/* The host's data, NULL at first. */
WASM_API_EXTERN void *wasm_table_get_host_info(const wasm_table_t *table);
/* Set the host's data, which this handle and its copies share. */
WASM_API_EXTERN void wasm_table_set_host_info(wasm_table_t *table, void *info);
/* The same, with what is called with it once the last of them is deleted. */
WASM_API_EXTERN void wasm_table_set_host_info_with_finalizer(wasm_table_t *table, void *info, void (*finalizer)(void *));
/* The same reference; no copy. */
WASM_API_EXTERN wasm_ref_t *wasm_table_as_ref(wasm_table_t *table);
/* The same reference, NULL if it is not to a table; no copy. */
WASM_API_EXTERN wasm_table_t *wasm_ref_as_table(wasm_ref_t *ref);
/* The same reference; no copy. */
WASM_API_EXTERN const wasm_ref_t *wasm_table_as_ref_const(const wasm_table_t *table);
/* The same reference, NULL if it is not to a table; no copy. */
WASM_API_EXTERN const wasm_table_t *wasm_ref_as_table_const(const wasm_ref_t *ref);

typedef uint32_t wasm_table_size_t;

/* A table full of a reference; NULL if that is of another type. */
WASM_API_EXTERN own wasm_table_t *wasm_table_new(wasm_store_t *store, const wasm_tabletype_t *tabletype, wasm_ref_t *init);
/* Its type. */
WASM_API_EXTERN own wasm_tabletype_t *wasm_table_type(const wasm_table_t *table);
/* An element; NULL if it is null or out of bounds. */
WASM_API_EXTERN own wasm_ref_t *wasm_table_get(const wasm_table_t *table, wasm_table_size_t index);
/* Set an element; false if it is out of bounds, or the reference of another type. */
WASM_API_EXTERN bool wasm_table_set(wasm_table_t *table, wasm_table_size_t index, wasm_ref_t *ref);
/* How many elements it has. */
WASM_API_EXTERN wasm_table_size_t wasm_table_size(const wasm_table_t *table);
/* Append elements; false if there is no room. */
WASM_API_EXTERN bool wasm_table_grow(wasm_table_t *table, wasm_table_size_t delta, wasm_ref_t *init);

typedef struct wasm_memory_t wasm_memory_t;

/* Delete a reference to a memory; the last one of its handle runs the finalizer of its host info. */
WASM_API_EXTERN void wasm_memory_delete(own wasm_memory_t *memory);
/* Another reference to the same memory. */
WASM_API_EXTERN own wasm_memory_t *wasm_memory_copy(const wasm_memory_t *memory);
/* Whether two references are to the same. */
WASM_API_EXTERN bool wasm_memory_same(const wasm_memory_t *a, const wasm_memory_t *b);
/* The host's data, NULL at first. */
WASM_API_EXTERN void *wasm_memory_get_host_info(const wasm_memory_t *memory);
/* Set the host's data, which this handle and its copies share. */
WASM_API_EXTERN void wasm_memory_set_host_info(wasm_memory_t *memory, void *info);
/* The same, with what is called with it once the last of them is deleted. */
WASM_API_EXTERN void wasm_memory_set_host_info_with_finalizer(wasm_memory_t *memory, void *info, void (*finalizer)(void *));
/* The same reference; no copy. */
WASM_API_EXTERN wasm_ref_t *wasm_memory_as_ref(wasm_memory_t *memory);
/* The same reference, NULL if it is not to a memory; no copy. */
WASM_API_EXTERN wasm_memory_t *wasm_ref_as_memory(wasm_ref_t *ref);
/* The same reference; no copy. */
WASM_API_EXTERN const wasm_ref_t *wasm_memory_as_ref_const(const wasm_memory_t *memory);
/* The same reference, NULL if it is not to a memory; no copy. */
WASM_API_EXTERN const wasm_memory_t *wasm_ref_as_memory_const(const wasm_ref_t *ref);

typedef uint32_t wasm_memory_pages_t;

static const size_t MEMORY_PAGE_SIZE = 0x10000;

/* A memory; NULL if there is no room. */
WASM_API_EXTERN own wasm_memory_t *wasm_memory_new(wasm_store_t *store, const wasm_memorytype_t *memorytype);
/* Its type. */
WASM_API_EXTERN own wasm_memorytype_t *wasm_memory_type(const wasm_memory_t *memory);
/* Its first byte. It never moves, also when it grows. */
WASM_API_EXTERN byte_t *wasm_memory_data(wasm_memory_t *memory);
/* How many bytes it has. */
WASM_API_EXTERN size_t wasm_memory_data_size(const wasm_memory_t *memory);
/* How many pages it has. */
WASM_API_EXTERN wasm_memory_pages_t wasm_memory_size(const wasm_memory_t *memory);
/* Append pages; false if there is no room. */
WASM_API_EXTERN bool wasm_memory_grow(wasm_memory_t *memory, wasm_memory_pages_t delta);

typedef struct wasm_extern_t wasm_extern_t;

/* Delete a reference to an extern; the last one of its handle runs the finalizer of its host info. */
WASM_API_EXTERN void wasm_extern_delete(own wasm_extern_t *item);
/* Another reference to the same extern. */
WASM_API_EXTERN own wasm_extern_t *wasm_extern_copy(const wasm_extern_t *item);
/* Whether two references are to the same. */
WASM_API_EXTERN bool wasm_extern_same(const wasm_extern_t *a, const wasm_extern_t *b);
/* The host's data, NULL at first. */
WASM_API_EXTERN void *wasm_extern_get_host_info(const wasm_extern_t *item);
/* Set the host's data, which this handle and its copies share. */
WASM_API_EXTERN void wasm_extern_set_host_info(wasm_extern_t *item, void *info);
/* The same, with what is called with it once the last of them is deleted. */
WASM_API_EXTERN void wasm_extern_set_host_info_with_finalizer(wasm_extern_t *item, void *info, void (*finalizer)(void *));
/* The same reference; no copy. */
WASM_API_EXTERN wasm_ref_t *wasm_extern_as_ref(wasm_extern_t *item);
/* The same reference, NULL if it is not to an extern; no copy. */
WASM_API_EXTERN wasm_extern_t *wasm_ref_as_extern(wasm_ref_t *ref);
/* The same reference; no copy. */
WASM_API_EXTERN const wasm_ref_t *wasm_extern_as_ref_const(const wasm_extern_t *item);
/* The same reference, NULL if it is not to an extern; no copy. */
WASM_API_EXTERN const wasm_extern_t *wasm_ref_as_extern_const(const wasm_ref_t *ref);

typedef struct wasm_extern_vec_t {
  size_t size;
  wasm_extern_t **data;
} wasm_extern_vec_t;

/* An empty vector of externs. */
WASM_API_EXTERN void wasm_extern_vec_new_empty(own wasm_extern_vec_t *out);
/* A vector with room for externs, to be filled; without memory an empty one. */
WASM_API_EXTERN void wasm_extern_vec_new_uninitialized(own wasm_extern_vec_t *out, size_t size);
/* A vector of externs, which it takes over; without memory an empty one. */
WASM_API_EXTERN void wasm_extern_vec_new(own wasm_extern_vec_t *out, size_t size, own wasm_extern_t *const data[]);
/* A copy with externs of its own. */
WASM_API_EXTERN void wasm_extern_vec_copy(own wasm_extern_vec_t *out, const wasm_extern_vec_t *vec);
/* Delete a vector and what it holds. */
WASM_API_EXTERN void wasm_extern_vec_delete(own wasm_extern_vec_t *vec);
/* Which kind it is. */
WASM_API_EXTERN wasm_externkind_t wasm_extern_kind(const wasm_extern_t *item);
/* Its type. */
WASM_API_EXTERN own wasm_externtype_t *wasm_extern_type(const wasm_extern_t *item);
/* The same; no copy. */
WASM_API_EXTERN wasm_extern_t *wasm_func_as_extern(wasm_func_t *func);
/* The same, NULL if it is no func; no copy. */
WASM_API_EXTERN wasm_func_t *wasm_extern_as_func(wasm_extern_t *item);
/* The same; no copy. */
WASM_API_EXTERN wasm_extern_t *wasm_global_as_extern(wasm_global_t *global);
/* The same, NULL if it is no global; no copy. */
WASM_API_EXTERN wasm_global_t *wasm_extern_as_global(wasm_extern_t *item);
/* The same; no copy. */
WASM_API_EXTERN wasm_extern_t *wasm_table_as_extern(wasm_table_t *table);
/* The same, NULL if it is no table; no copy. */
WASM_API_EXTERN wasm_table_t *wasm_extern_as_table(wasm_extern_t *item);
/* The same; no copy. */
WASM_API_EXTERN wasm_extern_t *wasm_memory_as_extern(wasm_memory_t *memory);
/* The same, NULL if it is no memory; no copy. */
WASM_API_EXTERN wasm_memory_t *wasm_extern_as_memory(wasm_extern_t *item);
/* The same; no copy. */
WASM_API_EXTERN const wasm_extern_t *wasm_func_as_extern_const(const wasm_func_t *func);
/* The same, NULL if it is no func; no copy. */
WASM_API_EXTERN const wasm_func_t *wasm_extern_as_func_const(const wasm_extern_t *item);
/* The same; no copy. */
WASM_API_EXTERN const wasm_extern_t *wasm_global_as_extern_const(const wasm_global_t *global);
/* The same, NULL if it is no global; no copy. */
WASM_API_EXTERN const wasm_global_t *wasm_extern_as_global_const(const wasm_extern_t *item);
/* The same; no copy. */
WASM_API_EXTERN const wasm_extern_t *wasm_table_as_extern_const(const wasm_table_t *table);
/* The same, NULL if it is no table; no copy. */
WASM_API_EXTERN const wasm_table_t *wasm_extern_as_table_const(const wasm_extern_t *item);
/* The same; no copy. */
WASM_API_EXTERN const wasm_extern_t *wasm_memory_as_extern_const(const wasm_memory_t *memory);
/* The same, NULL if it is no memory; no copy. */
WASM_API_EXTERN const wasm_memory_t *wasm_extern_as_memory_const(const wasm_extern_t *item);

typedef struct wasm_instance_t wasm_instance_t;

/* Delete a reference to an instance; the last one of its handle runs the finalizer of its host info. */
WASM_API_EXTERN void wasm_instance_delete(own wasm_instance_t *instance);
/* Another reference to the same instance. */
WASM_API_EXTERN own wasm_instance_t *wasm_instance_copy(const wasm_instance_t *instance);
/* Whether two references are to the same. */
WASM_API_EXTERN bool wasm_instance_same(const wasm_instance_t *a, const wasm_instance_t *b);
/* The host's data, NULL at first. */
WASM_API_EXTERN void *wasm_instance_get_host_info(const wasm_instance_t *instance);
/* Set the host's data, which this handle and its copies share. */
WASM_API_EXTERN void wasm_instance_set_host_info(wasm_instance_t *instance, void *info);
/* The same, with what is called with it once the last of them is deleted. */
WASM_API_EXTERN void wasm_instance_set_host_info_with_finalizer(wasm_instance_t *instance, void *info, void (*finalizer)(void *));
/* The same reference; no copy. */
WASM_API_EXTERN wasm_ref_t *wasm_instance_as_ref(wasm_instance_t *instance);
/* The same reference, NULL if it is not to an instance; no copy. */
WASM_API_EXTERN wasm_instance_t *wasm_ref_as_instance(wasm_ref_t *ref);
/* The same reference; no copy. */
WASM_API_EXTERN const wasm_ref_t *wasm_instance_as_ref_const(const wasm_instance_t *instance);
/* The same reference, NULL if it is not to an instance; no copy. */
WASM_API_EXTERN const wasm_instance_t *wasm_ref_as_instance_const(const wasm_ref_t *ref);
/* Instantiate a module with its imports in order. NULL, and why in *trap, if they do not fit or the start function traps. */
WASM_API_EXTERN own wasm_instance_t *wasm_instance_new(wasm_store_t *store, const wasm_module_t *module, const wasm_extern_vec_t *imports, own wasm_trap_t **trap);
/* Its exports, in the module's order. */
WASM_API_EXTERN void wasm_instance_exports(const wasm_instance_t *instance, own wasm_extern_vec_t *out);

#define WASM_EMPTY_VEC {0, NULL}
#define WASM_ARRAY_VEC(array) {sizeof(array) / sizeof(*(array)), array}

static inline own wasm_valtype_t *wasm_valtype_new_i32(void) { return wasm_valtype_new(WASM_I32); }
static inline own wasm_valtype_t *wasm_valtype_new_i64(void) { return wasm_valtype_new(WASM_I64); }
static inline own wasm_valtype_t *wasm_valtype_new_f32(void) { return wasm_valtype_new(WASM_F32); }
static inline own wasm_valtype_t *wasm_valtype_new_f64(void) { return wasm_valtype_new(WASM_F64); }
static inline own wasm_valtype_t *wasm_valtype_new_externref(void) { return wasm_valtype_new(WASM_EXTERNREF); }
static inline own wasm_valtype_t *wasm_valtype_new_funcref(void) { return wasm_valtype_new(WASM_FUNCREF); }

static inline own wasm_functype_t *wasm_functype_new_0_0(void)
{
  wasm_valtype_vec_t params, results;
  wasm_valtype_vec_new_empty(&params);
  wasm_valtype_vec_new_empty(&results);
  return wasm_functype_new(&params, &results);
}

static inline own wasm_functype_t *wasm_functype_new_1_0(own wasm_valtype_t *p1)
{
  wasm_valtype_vec_t params, results;
  wasm_valtype_t *params_data[] = {p1};
  wasm_valtype_vec_new(&params, 1, params_data);
  wasm_valtype_vec_new_empty(&results);
  return wasm_functype_new(&params, &results);
}

static inline own wasm_functype_t *wasm_functype_new_2_0(own wasm_valtype_t *p1, own wasm_valtype_t *p2)
{
  wasm_valtype_vec_t params, results;
  wasm_valtype_t *params_data[] = {p1, p2};
  wasm_valtype_vec_new(&params, 2, params_data);
  wasm_valtype_vec_new_empty(&results);
  return wasm_functype_new(&params, &results);
}

static inline own wasm_functype_t *wasm_functype_new_3_0(own wasm_valtype_t *p1, own wasm_valtype_t *p2, own wasm_valtype_t *p3)
{
  wasm_valtype_vec_t params, results;
  wasm_valtype_t *params_data[] = {p1, p2, p3};
  wasm_valtype_vec_new(&params, 3, params_data);
  wasm_valtype_vec_new_empty(&results);
  return wasm_functype_new(&params, &results);
}

static inline own wasm_functype_t *wasm_functype_new_0_1(own wasm_valtype_t *r1)
{
  wasm_valtype_vec_t params, results;
  wasm_valtype_vec_new_empty(&params);
  wasm_valtype_t *results_data[] = {r1};
  wasm_valtype_vec_new(&results, 1, results_data);
  return wasm_functype_new(&params, &results);
}

static inline own wasm_functype_t *wasm_functype_new_1_1(own wasm_valtype_t *p1, own wasm_valtype_t *r1)
{
  wasm_valtype_vec_t params, results;
  wasm_valtype_t *params_data[] = {p1};
  wasm_valtype_vec_new(&params, 1, params_data);
  wasm_valtype_t *results_data[] = {r1};
  wasm_valtype_vec_new(&results, 1, results_data);
  return wasm_functype_new(&params, &results);
}

static inline own wasm_functype_t *wasm_functype_new_2_1(own wasm_valtype_t *p1, own wasm_valtype_t *p2, own wasm_valtype_t *r1)
{
  wasm_valtype_vec_t params, results;
  wasm_valtype_t *params_data[] = {p1, p2};
  wasm_valtype_vec_new(&params, 2, params_data);
  wasm_valtype_t *results_data[] = {r1};
  wasm_valtype_vec_new(&results, 1, results_data);
  return wasm_functype_new(&params, &results);
}

static inline own wasm_functype_t *wasm_functype_new_3_1(own wasm_valtype_t *p1, own wasm_valtype_t *p2, own wasm_valtype_t *p3, own wasm_valtype_t *r1)
{
  wasm_valtype_vec_t params, results;
  wasm_valtype_t *params_data[] = {p1, p2, p3};
  wasm_valtype_vec_new(&params, 3, params_data);
  wasm_valtype_t *results_data[] = {r1};
  wasm_valtype_vec_new(&results, 1, results_data);
  return wasm_functype_new(&params, &results);
}

static inline own wasm_functype_t *wasm_functype_new_0_2(own wasm_valtype_t *r1, own wasm_valtype_t *r2)
{
  wasm_valtype_vec_t params, results;
  wasm_valtype_vec_new_empty(&params);
  wasm_valtype_t *results_data[] = {r1, r2};
  wasm_valtype_vec_new(&results, 2, results_data);
  return wasm_functype_new(&params, &results);
}

static inline own wasm_functype_t *wasm_functype_new_1_2(own wasm_valtype_t *p1, own wasm_valtype_t *r1, own wasm_valtype_t *r2)
{
  wasm_valtype_vec_t params, results;
  wasm_valtype_t *params_data[] = {p1};
  wasm_valtype_vec_new(&params, 1, params_data);
  wasm_valtype_t *results_data[] = {r1, r2};
  wasm_valtype_vec_new(&results, 2, results_data);
  return wasm_functype_new(&params, &results);
}

static inline own wasm_functype_t *wasm_functype_new_2_2(own wasm_valtype_t *p1, own wasm_valtype_t *p2, own wasm_valtype_t *r1, own wasm_valtype_t *r2)
{
  wasm_valtype_vec_t params, results;
  wasm_valtype_t *params_data[] = {p1, p2};
  wasm_valtype_vec_new(&params, 2, params_data);
  wasm_valtype_t *results_data[] = {r1, r2};
  wasm_valtype_vec_new(&results, 2, results_data);
  return wasm_functype_new(&params, &results);
}

static inline own wasm_functype_t *wasm_functype_new_3_2(own wasm_valtype_t *p1, own wasm_valtype_t *p2, own wasm_valtype_t *p3, own wasm_valtype_t *r1, own wasm_valtype_t *r2)
{
  wasm_valtype_vec_t params, results;
  wasm_valtype_t *params_data[] = {p1, p2, p3};
  wasm_valtype_vec_new(&params, 3, params_data);
  wasm_valtype_t *results_data[] = {r1, r2};
  wasm_valtype_vec_new(&results, 2, results_data);
  return wasm_functype_new(&params, &results);
}

static inline void wasm_val_init_ptr(own wasm_val_t *out, void *pointer)
{
  out->kind = sizeof(intptr_t) == 4 ? WASM_I32 : WASM_I64;
  out->of.i64 = (intptr_t)pointer;
}
static inline void *wasm_val_ptr(const wasm_val_t *val) { return (void *)(intptr_t)(sizeof(intptr_t) == 4 ? val->of.i32 : val->of.i64); }

#define WASM_I32_VAL(i) {.kind = WASM_I32, .of = {.i32 = i}}
#define WASM_I64_VAL(i) {.kind = WASM_I64, .of = {.i64 = i}}
#define WASM_F32_VAL(z) {.kind = WASM_F32, .of = {.f32 = z}}
#define WASM_F64_VAL(z) {.kind = WASM_F64, .of = {.f64 = z}}
#define WASM_REF_VAL(r) {.kind = WASM_EXTERNREF, .of = {.ref = r}}
#define WASM_INIT_VAL {.kind = WASM_EXTERNREF, .of = {.ref = NULL}}

#undef own

#ifdef __cplusplus
}
#endif

#endif
