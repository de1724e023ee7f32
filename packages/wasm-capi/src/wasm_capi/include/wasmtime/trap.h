/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_TRAP_H
#define WASM_CAPI_WASMTIME_TRAP_H

#include <wasm.h>

#define own

#ifdef __cplusplus
extern "C" {
#endif

typedef uint8_t wasmtime_trap_code_t;
enum wasmtime_trap_code_enum {
  WASMTIME_TRAP_CODE_STACK_OVERFLOW,
  WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS,
  WASMTIME_TRAP_CODE_HEAP_MISALIGNED,
  WASMTIME_TRAP_CODE_TABLE_OUT_OF_BOUNDS,
  WASMTIME_TRAP_CODE_INDIRECT_CALL_TO_NULL,
  WASMTIME_TRAP_CODE_BAD_SIGNATURE,
  WASMTIME_TRAP_CODE_INTEGER_OVERFLOW,
  WASMTIME_TRAP_CODE_INTEGER_DIVISION_BY_ZERO,
  WASMTIME_TRAP_CODE_BAD_CONVERSION_TO_INTEGER,
  WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED,
  WASMTIME_TRAP_CODE_INTERRUPT,
  WASMTIME_TRAP_CODE_OUT_OF_FUEL,
  WASMTIME_TRAP_CODE_ATOMIC_WAIT_NON_SHARED_MEMORY,
  WASMTIME_TRAP_CODE_NULL_REFERENCE,
  WASMTIME_TRAP_CODE_ARRAY_OUT_OF_BOUNDS,
  WASMTIME_TRAP_CODE_ALLOCATION_TOO_LARGE,
  WASMTIME_TRAP_CODE_CAST_FAILURE
};

/* A trap for a host function to return. */
WASM_API_EXTERN own wasm_trap_t *wasmtime_trap_new(const char *message, size_t message_len);
/* The same, by its code. */
WASM_API_EXTERN own wasm_trap_t *wasmtime_trap_new_code(wasmtime_trap_code_t code);
/* Whether wasm itself trapped, and why. */
WASM_API_EXTERN bool wasmtime_trap_code(const wasm_trap_t *trap, wasmtime_trap_code_t *code);
/* The function's name, the frame's; NULL without one. */
WASM_API_EXTERN const wasm_name_t *wasmtime_frame_func_name(const wasm_frame_t *frame);
/* The module's name, the frame's; NULL without one. */
WASM_API_EXTERN const wasm_name_t *wasmtime_frame_module_name(const wasm_frame_t *frame);

#undef own

#ifdef __cplusplus
}
#endif

#endif
