/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_COMPONENT_FUNC_H
#define WASM_CAPI_WASMTIME_COMPONENT_FUNC_H

#include <wasmtime/component/types/func.h>
#include <wasmtime/component/val.h>
#include <wasmtime/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasmtime_component_func { struct { uint64_t store_id; uint32_t __private1; }; uint32_t __private2; void *__private3; } wasmtime_component_func_t;

/* Its type; NULL if it is another store's. */
WASM_API_EXTERN /* own */ wasmtime_component_func_type_t *wasmtime_component_func_type(const wasmtime_component_func_t *func, wasmtime_context_t *context);
/* Call it: NULL and the results, or why it did not return. What results held before is not looked at. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_component_func_call(const wasmtime_component_func_t *func, wasmtime_context_t *context, const wasmtime_component_val_t *args, size_t args_size, /* own */ wasmtime_component_val_t *results, size_t results_size);
/* Nothing: a call does it. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_component_func_post_return(const wasmtime_component_func_t *func, wasmtime_context_t *context);

#ifdef __cplusplus
}
#endif

#endif
