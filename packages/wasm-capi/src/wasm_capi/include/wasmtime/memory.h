/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_MEMORY_H
#define WASM_CAPI_WASMTIME_MEMORY_H

#include <wasmtime/extern.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A memory type of any kind. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_memorytype_new(uint64_t min, bool max_present, uint64_t max, bool is_64, bool shared, uint8_t page_size_log2, /* own */ wasm_memorytype_t **ret);
/* How many pages it starts with. */
WASM_API_EXTERN uint64_t wasmtime_memorytype_minimum(const wasm_memorytype_t *type);
/* Whether there is a bound, and which. */
WASM_API_EXTERN bool wasmtime_memorytype_maximum(const wasm_memorytype_t *type, uint64_t *max);
/* Whether its addresses have 64 bits. */
WASM_API_EXTERN bool wasmtime_memorytype_is64(const wasm_memorytype_t *type);
/* Whether threads share it. */
WASM_API_EXTERN bool wasmtime_memorytype_isshared(const wasm_memorytype_t *type);
/* Bytes of a page. */
WASM_API_EXTERN uint64_t wasmtime_memorytype_page_size(const wasm_memorytype_t *type);
/* The base-2 logarithm of that. */
WASM_API_EXTERN uint8_t wasmtime_memorytype_page_size_log2(const wasm_memorytype_t *type);
/* A memory. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_memory_new(wasmtime_context_t *store, const wasm_memorytype_t *type, wasmtime_memory_t *ret);
/* Its type. */
WASM_API_EXTERN /* own */ wasm_memorytype_t *wasmtime_memory_type(const wasmtime_context_t *store, const wasmtime_memory_t *memory);
/* Its first byte. It never moves, also when it grows. */
WASM_API_EXTERN uint8_t *wasmtime_memory_data(wasmtime_context_t *store, const wasmtime_memory_t *memory);
/* How many bytes it has. */
WASM_API_EXTERN size_t wasmtime_memory_data_size(const wasmtime_context_t *store, const wasmtime_memory_t *memory);
/* How many pages it has. */
WASM_API_EXTERN uint64_t wasmtime_memory_size(const wasmtime_context_t *store, const wasmtime_memory_t *memory);
/* Append pages. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_memory_grow(wasmtime_context_t *store, const wasmtime_memory_t *memory, uint64_t delta, uint64_t *prev_size);
/* Bytes of a page. */
WASM_API_EXTERN uint64_t wasmtime_memory_page_size(wasmtime_context_t *store, const wasmtime_memory_t *memory);
/* The base-2 logarithm of that. */
WASM_API_EXTERN uint8_t wasmtime_memory_page_size_log2(wasmtime_context_t *store, const wasmtime_memory_t *memory);

#ifdef __cplusplus
}
#endif

#endif
