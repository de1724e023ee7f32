/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_COMPONENT_LINKER_H
#define WASM_CAPI_WASMTIME_COMPONENT_LINKER_H

#include <wasmtime/component/instance.h>
#include <wasmtime/module.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasmtime_component_linker_t wasmtime_component_linker_t;

/* Delete a linker. */
WASM_API_EXTERN void wasmtime_component_linker_delete(/* own */ wasmtime_component_linker_t *linker);

typedef struct wasmtime_component_linker_instance_t wasmtime_component_linker_instance_t;

/* Let go of an instance in a linker, which can be used again then. */
WASM_API_EXTERN void wasmtime_component_linker_instance_delete(/* own */ wasmtime_component_linker_instance_t *linker_instance);
/* A linker with nothing defined. */
WASM_API_EXTERN /* own */ wasmtime_component_linker_t *wasmtime_component_linker_new(const wasm_engine_t *engine);
/* Whether names may be defined anew. */
WASM_API_EXTERN void wasmtime_component_linker_allow_shadowing(wasmtime_component_linker_t *linker, bool allow);
/* Where items are defined. Until it is deleted the linker is of no other use. */
WASM_API_EXTERN /* own */ wasmtime_component_linker_instance_t *wasmtime_component_linker_root(wasmtime_component_linker_t *linker);
/* Instantiate a component with what is defined. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_component_linker_instantiate(const wasmtime_component_linker_t *linker, wasmtime_context_t *context, const wasmtime_component_t *component, wasmtime_component_instance_t *instance_out);
/* Define what is missing for a component as functions that trap. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_component_linker_define_unknown_imports_as_traps(wasmtime_component_linker_t *linker, const wasmtime_component_t *component);
/* Define an instance, to define items in. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_component_linker_instance_add_instance(wasmtime_component_linker_instance_t *linker_instance, const char *name, size_t name_len, /* own */ wasmtime_component_linker_instance_t **linker_instance_out);
/* Define a core module. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_component_linker_instance_add_module(wasmtime_component_linker_instance_t *linker_instance, const char *name, size_t name_len, const wasmtime_module_t *module);

typedef wasmtime_error_t *(*wasmtime_component_func_callback_t)(void *data, wasmtime_context_t *context, const wasmtime_component_func_type_t *type,
                                                                wasmtime_component_val_t *args, size_t nargs, wasmtime_component_val_t *results, size_t nresults);
typedef wasmtime_error_t *(*wasmtime_component_resource_destructor_t)(void *data, wasmtime_context_t *context, uint32_t rep);

/* Define a function. The arguments stay the caller's, the results become its own; an error that is returned surfaces where the guest was called. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_component_linker_instance_add_func(wasmtime_component_linker_instance_t *linker_instance, const char *name, size_t name_len, wasmtime_component_func_callback_t callback, void *data, void (*finalizer)(void *));
/* Define WASI 0.2; what guests get is the store's: wasmtime_context_set_wasi. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_component_linker_add_wasip2(wasmtime_component_linker_t *linker);
/* Define wasi:http. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_component_linker_add_wasi_http(wasmtime_component_linker_t *linker);
/* Define a resource type of the host's, and what is called when a guest drops one that it owns. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_component_linker_instance_add_resource(wasmtime_component_linker_instance_t *linker_instance, const char *name, size_t name_len, const wasmtime_component_resource_type_t *resource, wasmtime_component_resource_destructor_t destructor, void *data, void (*finalizer)(void *));

#ifdef __cplusplus
}
#endif

#endif
