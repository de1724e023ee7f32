/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_COMPONENT_INSTANCE_H
#define WASM_CAPI_WASMTIME_COMPONENT_INSTANCE_H

#include <wasmtime/component/component.h>
#include <wasmtime/component/func.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasmtime_component_instance { uint64_t store_id; uint32_t __private; } wasmtime_component_instance_t;

/* Where an export is; NULL if there is none. */
WASM_API_EXTERN /* own */ wasmtime_component_export_index_t *wasmtime_component_instance_get_export_index(const wasmtime_component_instance_t *instance, wasmtime_context_t *context, const wasmtime_component_export_index_t *instance_export_index, const char *name, size_t name_len);
/* An exported function; false if there is none. */
WASM_API_EXTERN bool wasmtime_component_instance_get_func(const wasmtime_component_instance_t *instance, wasmtime_context_t *context, const wasmtime_component_export_index_t *export_index, wasmtime_component_func_t *func_out);

#ifdef __cplusplus
}
#endif

#endif
