"""Storage types of fields and elements: a number for each, by which an ISA finds its loads and stores, and what the shared code needs to know of them."""

from __future__ import annotations

from typing import Final

from wasm_codegen_native.machine import T_F32, T_F64, T_I32, T_I64, T_V128
from wasm_environ.types import F32, F64, I8, I16, I32, I64, REF, V128

# Columns: storage type (-1: references to functions, which are addresses), type of the value, log2 of the size. The row's number is the storage's.
# fmt: off
STORAGES: Final = (
    (I8,   T_I32,  0),
    (I16,  T_I32,  1),
    (I32,  T_I32,  2),
    (I64,  T_I64,  3),
    (F32,  T_F32,  2),
    (F64,  T_F64,  3),
    (V128, T_V128, 4),
    (REF,  T_I64,  2),
    (-1,   T_I64,  3),
)
# fmt: on
WORD: Final = 2
REFERENCE: Final = 7
FUNC_REFERENCE: Final = 8
NUMBERS: Final = {row[0]: number for number, row in enumerate(STORAGES)}
TYPES: Final = bytes([row[1] for row in STORAGES])
LOG2S: Final = bytes([row[2] for row in STORAGES])
EIGHTHS: Final = (0x0101010101010101, 0x0001000100010001, 0x0000000100000001)  # by log2 of the size: what repeats a value in 8 bytes
