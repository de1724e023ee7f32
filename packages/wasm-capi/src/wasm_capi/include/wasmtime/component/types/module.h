/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_COMPONENT_TYPES_MODULE_H
#define WASM_CAPI_WASMTIME_COMPONENT_TYPES_MODULE_H

#include <wasm.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasmtime_module_type wasmtime_module_type_t;

/* Delete a core module's type. */
WASM_API_EXTERN void wasmtime_module_type_delete(/* own */ wasmtime_module_type_t *type);
/* A copy of a core module's type. */
WASM_API_EXTERN /* own */ wasmtime_module_type_t *wasmtime_module_type_clone(const wasmtime_module_type_t *type);
/* How many imports it has. */
WASM_API_EXTERN size_t wasmtime_module_type_import_count(const wasmtime_module_type_t *type, const wasm_engine_t *engine);
/* One of its imports; NULL if there is none. */
WASM_API_EXTERN /* own */ wasm_importtype_t *wasmtime_module_type_import_nth(const wasmtime_module_type_t *type, const wasm_engine_t *engine, size_t nth);
/* How many exports it has. */
WASM_API_EXTERN size_t wasmtime_module_type_export_count(const wasmtime_module_type_t *type, const wasm_engine_t *engine);
/* One of its exports; NULL if there is none. */
WASM_API_EXTERN /* own */ wasm_exporttype_t *wasmtime_module_type_export_nth(const wasmtime_module_type_t *type, const wasm_engine_t *engine, size_t nth);

#ifdef __cplusplus
}
#endif

#endif
