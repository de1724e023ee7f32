"""Canonical NaNs (`Tunables.canonical_nans`): of which instructions a NaN result is made the canonical one, and what that is.

The set is wasmtime's (Cranelift's `cranelift_nan_canonicalization`): arithmetic, whose NaNs the specification leaves open. What only moves or selects
bits (abs, neg, copysign, reinterpret, loads, pmin, pmax, relaxed_min, relaxed_max) gives one of its operands' NaNs, which is determined already.
"""

from __future__ import annotations

from typing import Final

from wasm_environ.opcodes import BY_MNEMONIC, ID_LIMIT

CANONICAL_F32: Final = 0x7FC00000
CANONICAL_F64: Final = 0x7FF8000000000000

# What a row of RESULTS says: the floats in the result.
NONE: Final = 0
SCALAR_F32: Final = 1
SCALAR_F64: Final = 2
LANES_F32: Final = 3
LANES_F64: Final = 4

SHAPES: Final = (("f32", SCALAR_F32), ("f64", SCALAR_F64), ("f32x4", LANES_F32), ("f64x2", LANES_F64))
ARITHMETIC: Final = ("ceil", "floor", "trunc", "nearest", "sqrt", "add", "sub", "mul", "div", "min", "max", "relaxed_madd", "relaxed_nmadd")
CONVERSIONS: Final = (
    ("f32.demote_f64", SCALAR_F32), ("f64.promote_f32", SCALAR_F64), ("f32x4.demote_f64x2_zero", LANES_F32), ("f64x2.promote_low_f32x4", LANES_F64),
)  # fmt: skip


def _results() -> bytes:
    table = bytearray(ID_LIMIT)
    for shape, floats in SHAPES:
        for name in ARITHMETIC:
            if f"{shape}.{name}" in BY_MNEMONIC:
                table[BY_MNEMONIC[f"{shape}.{name}"].id] = floats
    for mnemonic, floats in CONVERSIONS:
        table[BY_MNEMONIC[mnemonic].id] = floats
    return bytes(table)


RESULTS: Final[bytes] = _results()  # by op id
