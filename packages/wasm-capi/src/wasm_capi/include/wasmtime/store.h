/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_STORE_H
#define WASM_CAPI_WASMTIME_STORE_H

#include <wasi.h>
#include <wasmtime/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasmtime_store wasmtime_store_t;
typedef struct wasmtime_context wasmtime_context_t;

/* A store with data of the host's, and what is called with that at its end. */
WASM_API_EXTERN /* own */ wasmtime_store_t *wasmtime_store_new(wasm_engine_t *engine, void *data, void (*finalizer)(void *));
/* What functions on the store take; as long as the store. */
WASM_API_EXTERN wasmtime_context_t *wasmtime_store_context(wasmtime_store_t *store);
/* Bounds on what guests may use; negative: none. */
WASM_API_EXTERN void wasmtime_store_limiter(wasmtime_store_t *store, int64_t memory_size, int64_t table_elements, int64_t instances, int64_t tables, int64_t memories);
/* Delete a store with all that is in it. */
WASM_API_EXTERN void wasmtime_store_delete(/* own */ wasmtime_store_t *store);
/* The host's data. */
WASM_API_EXTERN void *wasmtime_context_get_data(const wasmtime_context_t *context);
/* Set the host's data. */
WASM_API_EXTERN void wasmtime_context_set_data(wasmtime_context_t *context, void *data);
/* Collect garbage now. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_context_gc(wasmtime_context_t *context);
/* Set how much fuel is left. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_context_set_fuel(wasmtime_context_t *context, uint64_t fuel);
/* How much fuel is left. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_context_get_fuel(const wasmtime_context_t *context, uint64_t *fuel);
/* What WASI's functions of this store see. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_context_set_wasi(wasmtime_context_t *context, /* own */ wasi_config_t *wasi);
/* Let components of this store make HTTP requests, where their network lets them. */
WASM_API_EXTERN void wasmtime_context_set_wasi_http(wasmtime_context_t *context);
/* Interrupt calls once the epoch has advanced so far. */
WASM_API_EXTERN void wasmtime_context_set_epoch_deadline(wasmtime_context_t *context, uint64_t ticks_beyond_current);

#ifdef __cplusplus
}
#endif

#endif
