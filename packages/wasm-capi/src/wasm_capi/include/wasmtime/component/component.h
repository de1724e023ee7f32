/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_COMPONENT_COMPONENT_H
#define WASM_CAPI_WASMTIME_COMPONENT_COMPONENT_H

#include <wasmtime/component/types/component.h>
#include <wasmtime/conf.h>
#include <wasmtime/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasmtime_component_t wasmtime_component_t;

/* Delete a component. */
WASM_API_EXTERN void wasmtime_component_delete(/* own */ wasmtime_component_t *component);
/* A copy of a component. */
WASM_API_EXTERN /* own */ wasmtime_component_t *wasmtime_component_clone(const wasmtime_component_t *component);
/* Compile a binary, or a text. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_component_new(const wasm_engine_t *engine, const uint8_t *buf, size_t len, /* own */ wasmtime_component_t **component_out);
/* The compiled component as bytes. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_component_serialize(const wasmtime_component_t *component, /* own */ wasm_byte_vec_t *ret);
/* A component of bytes that wasmtime_component_serialize wrote, which must be trusted. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_component_deserialize(const wasm_engine_t *engine, const uint8_t *buf, size_t len, /* own */ wasmtime_component_t **component_out);
/* The same of a file, which is mapped. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_component_deserialize_file(const wasm_engine_t *engine, const char *path, /* own */ wasmtime_component_t **component_out);
/* What it imports and exports. */
WASM_API_EXTERN /* own */ wasmtime_component_type_t *wasmtime_component_type(const wasmtime_component_t *component);

typedef struct wasmtime_component_export_index wasmtime_component_export_index_t;

/* Delete where an export is. */
WASM_API_EXTERN void wasmtime_component_export_index_delete(/* own */ wasmtime_component_export_index_t *export_index);
/* A copy of it. */
WASM_API_EXTERN /* own */ wasmtime_component_export_index_t *wasmtime_component_export_index_clone(const wasmtime_component_export_index_t *index);
/* Where an export is, of the component or of an instance it exports; NULL if there is none. */
WASM_API_EXTERN /* own */ wasmtime_component_export_index_t *wasmtime_component_get_export_index(const wasmtime_component_t *component, const wasmtime_component_export_index_t *instance_export_index, const char *name, size_t name_len);

#ifdef __cplusplus
}
#endif

#endif
