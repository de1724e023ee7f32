"""The traps: code, wasmtime's name, the words of the specification's suite and wasmtime's. Compiled code raises them by code."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

# Columns: code, name (wasmtime's TrapCode), the spec suite's words, wasmtime's words where they differ, which messages give.
TRAPS: Final = (
    (0, "STACK_OVERFLOW", "call stack exhausted", ""),
    (1, "MEMORY_OUT_OF_BOUNDS", "out of bounds memory access", ""),
    (2, "HEAP_MISALIGNED", "unaligned atomic", ""),
    (3, "TABLE_OUT_OF_BOUNDS", "out of bounds table access", "undefined element: out of bounds table access"),
    (4, "INDIRECT_CALL_TO_NULL", "uninitialized element", ""),
    (5, "BAD_SIGNATURE", "indirect call type mismatch", ""),
    (6, "INTEGER_OVERFLOW", "integer overflow", ""),
    (7, "INTEGER_DIVISION_BY_ZERO", "integer divide by zero", ""),
    (8, "BAD_CONVERSION_TO_INTEGER", "invalid conversion to integer", ""),
    (9, "UNREACHABLE", "unreachable", "wasm `unreachable` instruction executed"),
    (10, "INTERRUPT", "interrupt", ""),
    (11, "OUT_OF_FUEL", "all fuel consumed by WebAssembly", ""),
    (12, "NULL_REFERENCE", "null reference", ""),
    (13, "ARRAY_OUT_OF_BOUNDS", "out of bounds array access", ""),
    (14, "CAST_FAILURE", "cast failure", ""),
    (15, "ATOMIC_WAIT_NON_SHARED_MEMORY", "expected shared memory", "atomic wait on non-shared memory"),
    (16, "UNDEFINED_ELEMENT", "undefined element", "undefined element: out of bounds table access"),
    (17, "ALLOCATION_TOO_LARGE", "allocation size too large", ""),
    (18, "NULL_DESCRIPTOR", "null descriptor reference", ""),
    (19, "DESCRIPTOR_CAST_FAILURE", "descriptor cast failure", ""),
    (20, "COMPONENT", "component trap", "a rule of the component model was broken"),
)

MESSAGES: Final = {number: message or words for number, _, words, message in TRAPS}

STACK_OVERFLOW: Final = 0
MEMORY_OUT_OF_BOUNDS: Final = 1
HEAP_MISALIGNED: Final = 2
TABLE_OUT_OF_BOUNDS: Final = 3
INDIRECT_CALL_TO_NULL: Final = 4
BAD_SIGNATURE: Final = 5
INTEGER_OVERFLOW: Final = 6
INTEGER_DIVISION_BY_ZERO: Final = 7
BAD_CONVERSION_TO_INTEGER: Final = 8
UNREACHABLE: Final = 9
INTERRUPT: Final = 10
OUT_OF_FUEL: Final = 11
NULL_REFERENCE: Final = 12
ARRAY_OUT_OF_BOUNDS: Final = 13
CAST_FAILURE: Final = 14
ATOMIC_WAIT_NON_SHARED_MEMORY: Final = 15
UNDEFINED_ELEMENT: Final = 16
ALLOCATION_TOO_LARGE: Final = 17
NULL_DESCRIPTOR: Final = 18
DESCRIPTOR_CAST_FAILURE: Final = 19
COMPONENT: Final = 20  # with a message of its own
