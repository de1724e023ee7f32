/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_COMPONENT_TYPES_COMPONENT_H
#define WASM_CAPI_WASMTIME_COMPONENT_TYPES_COMPONENT_H

#include <wasmtime/component/types/func.h>
#include <wasmtime/component/types/instance.h>
#include <wasmtime/component/types/module.h>
#include <wasmtime/component/types/resource.h>
#include <wasmtime/component/types/val.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasmtime_component_type_t wasmtime_component_type_t;

/* Delete a component's type. */
WASM_API_EXTERN void wasmtime_component_type_delete(/* own */ wasmtime_component_type_t *type);
/* A copy of a component's type. */
WASM_API_EXTERN /* own */ wasmtime_component_type_t *wasmtime_component_type_clone(const wasmtime_component_type_t *type);
/* How many imports it has. */
WASM_API_EXTERN size_t wasmtime_component_type_import_count(const wasmtime_component_type_t *type, const wasm_engine_t *engine);
/* One of its imports by name; false if there is none. */
WASM_API_EXTERN bool wasmtime_component_type_import_get(const wasmtime_component_type_t *type, const wasm_engine_t *engine, const char *name, size_t name_len, /* own */ wasmtime_component_extern_t **extern_ret);
/* One of its imports in order; the name is the type's own. */
WASM_API_EXTERN bool wasmtime_component_type_import_nth(const wasmtime_component_type_t *type, const wasm_engine_t *engine, size_t nth, const char **name_ret, size_t *name_len_ret, /* own */ wasmtime_component_extern_t **extern_ret);
/* How many exports it has. */
WASM_API_EXTERN size_t wasmtime_component_type_export_count(const wasmtime_component_type_t *type, const wasm_engine_t *engine);
/* One of its exports by name; false if there is none. */
WASM_API_EXTERN bool wasmtime_component_type_export_get(const wasmtime_component_type_t *type, const wasm_engine_t *engine, const char *name, size_t name_len, /* own */ wasmtime_component_extern_t **extern_ret);
/* One of its exports in order; the name is the type's own. */
WASM_API_EXTERN bool wasmtime_component_type_export_nth(const wasmtime_component_type_t *type, const wasm_engine_t *engine, size_t nth, const char **name_ret, size_t *name_len_ret, /* own */ wasmtime_component_extern_t **extern_ret);

#define WASMTIME_COMPONENT_ITEM_COMPONENT 0
#define WASMTIME_COMPONENT_ITEM_COMPONENT_INSTANCE 1
#define WASMTIME_COMPONENT_ITEM_MODULE 2
#define WASMTIME_COMPONENT_ITEM_COMPONENT_FUNC 3
#define WASMTIME_COMPONENT_ITEM_RESOURCE 4
#define WASMTIME_COMPONENT_ITEM_CORE_FUNC 5
#define WASMTIME_COMPONENT_ITEM_TYPE 6

typedef uint8_t wasmtime_component_item_kind_t;
typedef union wasmtime_component_item_union {
  wasmtime_component_type_t *component;
  wasmtime_component_instance_type_t *component_instance;
  wasmtime_module_type_t *module;
  wasmtime_component_func_type_t *component_func;
  wasmtime_component_resource_type_t *resource;
  wasm_functype_t *core_func;
  wasmtime_component_valtype_t type;
} wasmtime_component_item_union_t;
typedef struct wasmtime_component_item_t { wasmtime_component_item_kind_t kind; wasmtime_component_item_union_t of; } wasmtime_component_item_t;

/* A copy of an item. */
WASM_API_EXTERN void wasmtime_component_item_clone(const wasmtime_component_item_t *item, /* own */ wasmtime_component_item_t *out);
/* Delete what an item owns. */
WASM_API_EXTERN void wasmtime_component_item_delete(/* own */ wasmtime_component_item_t *item);

#ifdef __cplusplus
}
#endif

#endif
