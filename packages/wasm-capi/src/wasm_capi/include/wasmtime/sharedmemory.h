/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_SHAREDMEMORY_H
#define WASM_CAPI_WASMTIME_SHAREDMEMORY_H

#include <wasmtime/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasmtime_sharedmemory wasmtime_sharedmemory_t;

/* A memory for several threads and stores. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_sharedmemory_new(const wasm_engine_t *engine, const wasm_memorytype_t *type, /* own */ wasmtime_sharedmemory_t **ret);
/* Delete a reference to a shared memory. */
WASM_API_EXTERN void wasmtime_sharedmemory_delete(/* own */ wasmtime_sharedmemory_t *memory);
/* Another reference to the same. */
WASM_API_EXTERN /* own */ wasmtime_sharedmemory_t *wasmtime_sharedmemory_clone(const wasmtime_sharedmemory_t *memory);
/* Its type. */
WASM_API_EXTERN /* own */ wasm_memorytype_t *wasmtime_sharedmemory_type(const wasmtime_sharedmemory_t *memory);
/* Its first byte; others may write there at any time. */
WASM_API_EXTERN uint8_t *wasmtime_sharedmemory_data(const wasmtime_sharedmemory_t *memory);
/* How many bytes it has. */
WASM_API_EXTERN size_t wasmtime_sharedmemory_data_size(const wasmtime_sharedmemory_t *memory);
/* How many pages it has. */
WASM_API_EXTERN uint64_t wasmtime_sharedmemory_size(const wasmtime_sharedmemory_t *memory);
/* Append pages. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_sharedmemory_grow(const wasmtime_sharedmemory_t *memory, uint64_t delta, uint64_t *prev_size);

#ifdef __cplusplus
}
#endif

#endif
