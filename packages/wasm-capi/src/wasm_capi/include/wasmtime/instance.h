/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_INSTANCE_H
#define WASM_CAPI_WASMTIME_INSTANCE_H

#include <wasmtime/extern.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasmtime_instance { uint64_t store_id; size_t __private; } wasmtime_instance_t;
typedef struct wasmtime_instance_pre wasmtime_instance_pre_t;

/* Instantiate a module with its imports in order: NULL and the instance, or NULL and *trap, or an error. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_instance_new(wasmtime_context_t *store, const wasmtime_module_t *module, const wasmtime_extern_t *imports, size_t nimports, wasmtime_instance_t *instance, /* own */ wasm_trap_t **trap);
/* An export by its name. */
WASM_API_EXTERN bool wasmtime_instance_export_get(wasmtime_context_t *store, const wasmtime_instance_t *instance, const char *name, size_t name_len, /* own */ wasmtime_extern_t *item);
/* An export by its position, and its name, the module's. */
WASM_API_EXTERN bool wasmtime_instance_export_nth(wasmtime_context_t *store, const wasmtime_instance_t *instance, size_t index, char **name, size_t *name_len, /* own */ wasmtime_extern_t *item);
/* Delete a prepared instance. */
WASM_API_EXTERN void wasmtime_instance_pre_delete(/* own */ wasmtime_instance_pre_t *instance_pre);
/* A new instance of it. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_instance_pre_instantiate(const wasmtime_instance_pre_t *instance_pre, wasmtime_context_t *store, wasmtime_instance_t *instance, /* own */ wasm_trap_t **trap);
/* Its module. */
WASM_API_EXTERN /* own */ wasmtime_module_t *wasmtime_instance_pre_module(const wasmtime_instance_pre_t *instance_pre);

#ifdef __cplusplus
}
#endif

#endif
