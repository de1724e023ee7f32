/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_LINKER_H
#define WASM_CAPI_WASMTIME_LINKER_H

#include <wasmtime/func.h>
#include <wasmtime/instance.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasmtime_linker wasmtime_linker_t;

/* A linker with nothing defined. */
WASM_API_EXTERN /* own */ wasmtime_linker_t *wasmtime_linker_new(wasm_engine_t *engine);
/* A linker with the same definitions. */
WASM_API_EXTERN /* own */ wasmtime_linker_t *wasmtime_linker_clone(const wasmtime_linker_t *linker);
/* Delete a linker. */
WASM_API_EXTERN void wasmtime_linker_delete(/* own */ wasmtime_linker_t *linker);
/* Whether names may be defined anew. */
WASM_API_EXTERN void wasmtime_linker_allow_shadowing(wasmtime_linker_t *linker, bool allow_shadowing);
/* Define what is missing for a module as functions that trap. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_linker_define_unknown_imports_as_traps(wasmtime_linker_t *linker, const wasmtime_module_t *module);
/* Define what is missing for a module as zeros and nulls. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_linker_define_unknown_imports_as_default_values(wasmtime_linker_t *linker, wasmtime_context_t *store, const wasmtime_module_t *module);
/* Define a name. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_linker_define(wasmtime_linker_t *linker, wasmtime_context_t *store, const char *module, size_t module_len, const char *name, size_t name_len, const wasmtime_extern_t *item);
/* Define a function for any store. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_linker_define_func(wasmtime_linker_t *linker, const char *module, size_t module_len, const char *name, size_t name_len, const wasm_functype_t *type, wasmtime_func_callback_t callback, void *data, void (*finalizer)(void *));
/* The same, given the values as they lie. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_linker_define_func_unchecked(wasmtime_linker_t *linker, const char *module, size_t module_len, const char *name, size_t name_len, const wasm_functype_t *type, wasmtime_func_unchecked_callback_t callback, void *data, void (*finalizer)(void *));
/* Define WASI preview 1. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_linker_define_wasi(wasmtime_linker_t *linker);
/* Define all exports of an instance. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_linker_define_instance(wasmtime_linker_t *linker, wasmtime_context_t *store, const char *name, size_t name_len, const wasmtime_instance_t *instance);
/* Instantiate a module with what is defined. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_linker_instantiate(const wasmtime_linker_t *linker, wasmtime_context_t *store, const wasmtime_module_t *module, wasmtime_instance_t *instance, /* own */ wasm_trap_t **trap);
/* Instantiate a module, and define its exports; a command anew at each call. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_linker_module(wasmtime_linker_t *linker, wasmtime_context_t *store, const char *name, size_t name_len, const wasmtime_module_t *module);
/* What calling a module as a whole means. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_linker_get_default(const wasmtime_linker_t *linker, wasmtime_context_t *store, const char *name, size_t name_len, wasmtime_func_t *func);
/* What is defined under a name. */
WASM_API_EXTERN bool wasmtime_linker_get(const wasmtime_linker_t *linker, wasmtime_context_t *store, const char *module, size_t module_len, const char *name, size_t name_len, /* own */ wasmtime_extern_t *item);
/* Find a module's imports once, to instantiate it many times. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_linker_instantiate_pre(const wasmtime_linker_t *linker, const wasmtime_module_t *module, /* own */ wasmtime_instance_pre_t **instance_pre);

#ifdef __cplusplus
}
#endif

#endif
