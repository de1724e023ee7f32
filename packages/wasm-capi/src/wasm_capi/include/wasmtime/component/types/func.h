/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_COMPONENT_TYPES_FUNC_H
#define WASM_CAPI_WASMTIME_COMPONENT_TYPES_FUNC_H

#include <wasmtime/component/types/val.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasmtime_component_func_type_t wasmtime_component_func_type_t;

/* Delete a function type. */
WASM_API_EXTERN void wasmtime_component_func_type_delete(/* own */ wasmtime_component_func_type_t *type);
/* A copy of a function type. */
WASM_API_EXTERN /* own */ wasmtime_component_func_type_t *wasmtime_component_func_type_clone(const wasmtime_component_func_type_t *type);
/* Whether it is async. */
WASM_API_EXTERN bool wasmtime_component_func_type_async(const wasmtime_component_func_type_t *type);
/* How many parameters it has. */
WASM_API_EXTERN size_t wasmtime_component_func_type_param_count(const wasmtime_component_func_type_t *type);
/* One of its parameters; false if there is none. The name is the type's own. */
WASM_API_EXTERN bool wasmtime_component_func_type_param_nth(const wasmtime_component_func_type_t *type, size_t nth, const char **name_ret, size_t *name_len_ret, /* own */ struct wasmtime_component_valtype_t *type_ret);
/* The type of its result; false if it has none. */
WASM_API_EXTERN bool wasmtime_component_func_type_result(const wasmtime_component_func_type_t *type, /* own */ struct wasmtime_component_valtype_t *type_ret);

#ifdef __cplusplus
}
#endif

#endif
