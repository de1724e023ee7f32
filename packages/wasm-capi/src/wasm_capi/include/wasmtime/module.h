/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_MODULE_H
#define WASM_CAPI_WASMTIME_MODULE_H

#include <wasmtime/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasmtime_module wasmtime_module_t;

/* Compile a binary. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_module_new(wasm_engine_t *engine, const uint8_t *wasm, size_t wasm_len, /* own */ wasmtime_module_t **ret);
/* Delete a reference to a module. */
WASM_API_EXTERN void wasmtime_module_delete(/* own */ wasmtime_module_t *module);
/* Another reference to a module. */
WASM_API_EXTERN /* own */ wasmtime_module_t *wasmtime_module_clone(const wasmtime_module_t *module);
/* What it imports, in order. */
WASM_API_EXTERN void wasmtime_module_imports(const wasmtime_module_t *module, /* own */ wasm_importtype_vec_t *out);
/* What it exports, in order. */
WASM_API_EXTERN void wasmtime_module_exports(const wasmtime_module_t *module, /* own */ wasm_exporttype_vec_t *out);
/* What is wrong with a binary, if anything is. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_module_validate(wasm_engine_t *engine, const uint8_t *wasm, size_t wasm_len);
/* The compiled module as bytes. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_module_serialize(const wasmtime_module_t *module, /* own */ wasm_byte_vec_t *ret);
/* A module of bytes that wasmtime_module_serialize wrote, which must be trusted. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_module_deserialize(wasm_engine_t *engine, const uint8_t *bytes, size_t bytes_len, /* own */ wasmtime_module_t **ret);
/* The same of a file, which is mapped. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_module_deserialize_file(wasm_engine_t *engine, const char *path, /* own */ wasmtime_module_t **ret);

#ifdef __cplusplus
}
#endif

#endif
