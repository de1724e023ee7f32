"""Canonical NaNs (`Tunables.canonical_nans`): of which instructions a NaN result is made the canonical one, and what that is.

The set is wasmtime's (Cranelift's `cranelift_nan_canonicalization`): arithmetic, whose NaNs the specification leaves open. What only moves or selects
bits (abs, neg, copysign, reinterpret, loads, pmin, pmax, relaxed_min, relaxed_max) gives one of its operands' NaNs, which is determined already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wasm_environ.body import OP_MASK, WORDS
from wasm_environ.opcodes import BY_MNEMONIC, ID_LIMIT, OPS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from librt.vecs import vec
    from mypy_extensions import i64

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

# ---- NaNs that nobody sees: the next instruction to take them is one to which all NaNs are alike, so that they may stay as they are
LOOKAHEAD: Final = 12
RULE: Final = 255  # in TAKES: no fixed number of operands
COMPARISONS: Final = ("eq", "ne", "lt", "gt", "le", "ge")
TO_INTEGER: Final = (
    *((f"{integer}.{how}_f{width}_{sign}", SCALAR_F32 if width == 32 else SCALAR_F64)
      for integer in ("i32", "i64") for how in ("trunc", "trunc_sat") for width in (32, 64) for sign in "su"),
    *((f"i32x4.trunc_sat_f32x4_{sign}", LANES_F32) for sign in "su"), *((f"i32x4.trunc_sat_f64x2_{sign}_zero", LANES_F64) for sign in "su"),
)  # fmt: skip
# Conversions between widths take the other width than they give.
OTHER_WIDTH: Final = {SCALAR_F32: SCALAR_F64, SCALAR_F64: SCALAR_F32, LANES_F32: LANES_F64, LANES_F64: LANES_F32}


def _alike() -> bytes:
    table = bytearray(RESULTS)
    for mnemonic, floats in CONVERSIONS:
        table[BY_MNEMONIC[mnemonic].id] = OTHER_WIDTH[floats]
    for shape, floats in SHAPES:
        for name in COMPARISONS:
            table[BY_MNEMONIC[f"{shape}.{name}"].id] = floats
    for mnemonic, floats in TO_INTEGER:
        table[BY_MNEMONIC[mnemonic].id] = floats
    return bytes(table)


def _counts() -> tuple[bytes, bytes]:
    takes, gives = bytearray([RULE]) * ID_LIMIT, bytearray(ID_LIMIT)
    for op in OPS:
        if op.operands is not None and op.results is not None:
            takes[op.id], gives[op.id] = len(op.operands), len(op.results)
        elif op.mnemonic in ("local.get", "global.get"):
            takes[op.id], gives[op.id] = 0, 1
    return bytes(takes), bytes(gives)


ALIKE: Final[bytes] = _alike()  # by op id: of what floats it takes any NaN for any other
TAKES, GIVES = _counts()


def unseen(ops: Sequence[int] | vec[i64], at: int, floats: int) -> bool:
    """Whether a result with these floats is next taken by an instruction that is ALIKE to its NaNs. `at`: the word of the record behind its own."""
    above = 0  # values pushed onto it
    for _ in range(LOOKAHEAD):
        op = ops[at] & OP_MASK
        takes = TAKES[op]
        if takes == RULE:
            return False
        if takes > above:
            return ALIKE[op] == floats
        above += GIVES[op] - takes
        at += WORDS
    return False
