/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_TABLE_H
#define WASM_CAPI_WASMTIME_TABLE_H

#include <wasmtime/val.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A table full of a reference. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_table_new(wasmtime_context_t *store, const wasm_tabletype_t *type, const wasmtime_val_t *init, wasmtime_table_t *table);
/* Its type. */
WASM_API_EXTERN /* own */ wasm_tabletype_t *wasmtime_table_type(const wasmtime_context_t *store, const wasmtime_table_t *table);
/* An element; false if there is none. */
WASM_API_EXTERN bool wasmtime_table_get(wasmtime_context_t *store, const wasmtime_table_t *table, uint64_t index, /* own */ wasmtime_val_t *val);
/* Set an element. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_table_set(wasmtime_context_t *store, const wasmtime_table_t *table, uint64_t index, const wasmtime_val_t *value);
/* How many elements it has. */
WASM_API_EXTERN uint64_t wasmtime_table_size(const wasmtime_context_t *store, const wasmtime_table_t *table);
/* Append elements. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_table_grow(wasmtime_context_t *store, const wasmtime_table_t *table, uint64_t delta, const wasmtime_val_t *init, uint64_t *prev_size);

#ifdef __cplusplus
}
#endif

#endif
