/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_ENGINE_H
#define WASM_CAPI_WASMTIME_ENGINE_H

#include <wasm.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The same engine once more. */
WASM_API_EXTERN /* own */ wasm_engine_t *wasmtime_engine_clone(const wasm_engine_t *engine);
/* Let a unit of time pass. From any thread. */
WASM_API_EXTERN void wasmtime_engine_increment_epoch(const wasm_engine_t *engine);
/* Whether code is interpreted: never. */
WASM_API_EXTERN bool wasmtime_engine_is_pulley(const wasm_engine_t *engine);

#ifdef __cplusplus
}
#endif

#endif
