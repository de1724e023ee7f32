/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_COMPONENT_TYPES_INSTANCE_H
#define WASM_CAPI_WASMTIME_COMPONENT_TYPES_INSTANCE_H

#include <wasm.h>

#ifdef __cplusplus
extern "C" {
#endif

struct wasmtime_component_item_t;

typedef struct wasmtime_component_extern wasmtime_component_extern_t;

/* Delete an import or export. */
WASM_API_EXTERN void wasmtime_component_extern_delete(/* own */ wasmtime_component_extern_t *item);
/* A copy of an import or export. */
WASM_API_EXTERN /* own */ wasmtime_component_extern_t *wasmtime_component_extern_clone(const wasmtime_component_extern_t *item);
/* What it is. */
WASM_API_EXTERN void wasmtime_component_extern_type(const wasmtime_component_extern_t *item, /* own */ struct wasmtime_component_item_t *ret);
/* The interface that a plain name stands for: NULL, since names here are what they say. */
WASM_API_EXTERN const char *wasmtime_component_extern_implements(const wasmtime_component_extern_t *item, size_t *len);
/* Whether it stands for that interface: never. */
WASM_API_EXTERN bool wasmtime_component_extern_is_implements(const wasmtime_component_extern_t *item, const char *name, size_t name_len);
/* Its external id: NULL. */
WASM_API_EXTERN const char *wasmtime_component_extern_external_id(const wasmtime_component_extern_t *item, size_t *len);

typedef struct wasmtime_component_instance_type wasmtime_component_instance_type_t;

/* Delete an instance's type. */
WASM_API_EXTERN void wasmtime_component_instance_type_delete(/* own */ wasmtime_component_instance_type_t *type);
/* A copy of an instance's type. */
WASM_API_EXTERN /* own */ wasmtime_component_instance_type_t *wasmtime_component_instance_type_clone(const wasmtime_component_instance_type_t *type);
/* How many exports it has. */
WASM_API_EXTERN size_t wasmtime_component_instance_type_export_count(const wasmtime_component_instance_type_t *type, const wasm_engine_t *engine);
/* One of its exports by name; false if there is none. */
WASM_API_EXTERN bool wasmtime_component_instance_type_export_get(const wasmtime_component_instance_type_t *type, const wasm_engine_t *engine, const char *name, size_t name_len, /* own */ wasmtime_component_extern_t **extern_ret);
/* One of its exports in order; the name is the type's own. */
WASM_API_EXTERN bool wasmtime_component_instance_type_export_nth(const wasmtime_component_instance_type_t *type, const wasm_engine_t *engine, size_t nth, const char **name_ret, size_t *name_len_ret, /* own */ wasmtime_component_extern_t **extern_ret);

#ifdef __cplusplus
}
#endif

#endif
