/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_FUNC_H
#define WASM_CAPI_WASMTIME_FUNC_H

#include <wasmtime/val.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasmtime_caller wasmtime_caller_t; /* good until the callback returns */
typedef wasm_trap_t *(*wasmtime_func_callback_t)(void *env, wasmtime_caller_t *caller, const wasmtime_val_t *args, size_t nargs, wasmtime_val_t *results, size_t nresults);
typedef wasm_trap_t *(*wasmtime_func_unchecked_callback_t)(void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *args_and_results, size_t num_args_and_results);

/* A function of the host. It must return, and not longjmp. */
WASM_API_EXTERN void wasmtime_func_new(wasmtime_context_t *store, const wasm_functype_t *type, wasmtime_func_callback_t callback, void *env, void (*finalizer)(void *), wasmtime_func_t *ret);
/* The same, given the values as they lie: faster, and with nothing checked. */
WASM_API_EXTERN void wasmtime_func_new_unchecked(wasmtime_context_t *store, const wasm_functype_t *type, wasmtime_func_unchecked_callback_t callback, void *env, void (*finalizer)(void *), wasmtime_func_t *ret);
/* Its type. */
WASM_API_EXTERN /* own */ wasm_functype_t *wasmtime_func_type(const wasmtime_context_t *store, const wasmtime_func_t *func);
/* Call it: NULL and the results, or NULL and *trap, or an error. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_func_call(wasmtime_context_t *store, const wasmtime_func_t *func, const wasmtime_val_t *args, size_t nargs, wasmtime_val_t *results, size_t nresults, /* own */ wasm_trap_t **trap);
/* The same with values as they lie, room for the larger of parameters and results, and nothing checked. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_func_call_unchecked(wasmtime_context_t *store, const wasmtime_func_t *func, wasmtime_val_raw_t *args_and_results, size_t args_and_results_len, /* own */ wasm_trap_t **trap);
/* An export of the instance that calls. */
WASM_API_EXTERN bool wasmtime_caller_export_get(wasmtime_caller_t *caller, const char *name, size_t name_len, /* own */ wasmtime_extern_t *item);
/* The store that calls. */
WASM_API_EXTERN wasmtime_context_t *wasmtime_caller_context(wasmtime_caller_t *caller);
/* The function that an unchecked function was given. */
WASM_API_EXTERN void wasmtime_func_from_raw(wasmtime_context_t *context, void *raw, wasmtime_func_t *ret);
/* For an unchecked call. */
WASM_API_EXTERN void *wasmtime_func_to_raw(wasmtime_context_t *context, const wasmtime_func_t *func);

#ifdef __cplusplus
}
#endif

#endif
