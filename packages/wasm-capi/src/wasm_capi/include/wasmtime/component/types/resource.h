/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_COMPONENT_TYPES_RESOURCE_H
#define WASM_CAPI_WASMTIME_COMPONENT_TYPES_RESOURCE_H

#include <wasm.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasmtime_component_resource_type wasmtime_component_resource_type_t;

/* Delete a resource type. */
WASM_API_EXTERN void wasmtime_component_resource_type_delete(/* own */ wasmtime_component_resource_type_t *type);
/* A copy of a resource type. */
WASM_API_EXTERN /* own */ wasmtime_component_resource_type_t *wasmtime_component_resource_type_clone(const wasmtime_component_resource_type_t *type);
/* Whether two types are the same. */
WASM_API_EXTERN bool wasmtime_component_resource_type_equal(const wasmtime_component_resource_type_t *a, const wasmtime_component_resource_type_t *b);
/* The host's resource type of a number. */
WASM_API_EXTERN /* own */ wasmtime_component_resource_type_t *wasmtime_component_resource_type_new_host(uint32_t type);

#ifdef __cplusplus
}
#endif

#endif
