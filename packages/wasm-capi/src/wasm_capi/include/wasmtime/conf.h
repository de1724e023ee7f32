/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_CONF_H
#define WASM_CAPI_WASMTIME_CONF_H

#include <wasm.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What programs ask for with #ifdef: all of it is there. */
#define WASMTIME_FEATURE_CACHE
#define WASMTIME_FEATURE_COMPILER
#define WASMTIME_FEATURE_COMPONENT_MODEL
#define WASMTIME_FEATURE_GC
#define WASMTIME_FEATURE_PARALLEL_COMPILATION
#define WASMTIME_FEATURE_POOLING_ALLOCATOR
#define WASMTIME_FEATURE_THREADS
#define WASMTIME_FEATURE_WASI
#define WASMTIME_FEATURE_WASI_HTTP
#define WASMTIME_FEATURE_WAT

#ifdef __cplusplus
}
#endif

#endif
