/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_EXNREF_H
#define WASM_CAPI_WASMTIME_EXNREF_H

#include <wasmtime/types/exnref.h>
#include <wasmtime/val.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A new exception of a tag, not thrown yet. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_exnref_new(wasmtime_context_t *context, const wasmtime_tag_t *tag, const wasmtime_val_t *fields, size_t nfields, /* own */ wasmtime_exnref_t *exn_ret);

static inline void wasmtime_exnref_set_null(wasmtime_exnref_t *ref) { ref->store_id = 0; }
static inline bool wasmtime_exnref_is_null(const wasmtime_exnref_t *ref) { return ref->store_id == 0; }

/* Another root of the same. */
WASM_API_EXTERN void wasmtime_exnref_clone(const wasmtime_exnref_t *ref, /* own */ wasmtime_exnref_t *out);
/* Let go of a reference. */
WASM_API_EXTERN void wasmtime_exnref_unroot(/* own */ wasmtime_exnref_t *ref);
/* A root of what an unchecked function was given. */
WASM_API_EXTERN void wasmtime_exnref_from_raw(wasmtime_context_t *context, uint32_t raw, /* own */ wasmtime_exnref_t *out);
/* For an unchecked call at once: it is no root. */
WASM_API_EXTERN uint32_t wasmtime_exnref_to_raw(wasmtime_context_t *context, const wasmtime_exnref_t *ref);
/* Its tag. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_exnref_tag(wasmtime_context_t *context, const wasmtime_exnref_t *exn, wasmtime_tag_t *tag_ret);
/* How many values it carries. */
WASM_API_EXTERN size_t wasmtime_exnref_field_count(wasmtime_context_t *context, const wasmtime_exnref_t *exn);
/* A value that it carries. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_exnref_field(wasmtime_context_t *context, const wasmtime_exnref_t *exn, size_t index, /* own */ wasmtime_val_t *val_ret);
/* Its type; NULL for null. */
WASM_API_EXTERN /* own */ wasmtime_exn_type_t *wasmtime_exnref_type(wasmtime_context_t *context, const wasmtime_exnref_t *exn);
/* Throw: the store's pending exception, and the trap that a host function returns for it. */
WASM_API_EXTERN /* own */ wasm_trap_t *wasmtime_context_set_exception(wasmtime_context_t *context, const wasmtime_exnref_t *exn);
/* The exception that the last call threw and nobody caught, once; false if there is none. */
WASM_API_EXTERN bool wasmtime_context_take_exception(wasmtime_context_t *context, /* own */ wasmtime_exnref_t *exn_ret);
/* Whether there is such an exception. */
WASM_API_EXTERN bool wasmtime_context_has_exception(wasmtime_context_t *context);

#ifdef __cplusplus
}
#endif

#endif
