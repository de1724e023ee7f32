"""LLVM IR as text: type names, constants, and the two metadata nodes every batch has."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from wasm_environ import types

if TYPE_CHECKING:
    from wasm_environ.types import FuncType

TYPES: Final = {types.I32: "i32", types.I64: "i64", types.F32: "float", types.F64: "double", types.V128: "<16 x i8>"}
ZEROS: Final = {"i32": "0", "i64": "0", "float": "0.0", "double": "0.0", "<16 x i8>": "zeroinitializer"}
# The part of an overloaded intrinsic's name that stands for a type.
SUFFIXES: Final = {
    "i32": "i32", "i64": "i64", "float": "f32", "double": "f64", "<16 x i8>": "v16i8", "<8 x i16>": "v8i16",
    "<4 x i32>": "v4i32", "<2 x i64>": "v2i64", "<4 x float>": "v4f32", "<2 x double>": "v2f64",
}  # fmt: skip

UNLIKELY: Final = ", !prof !0"
INVARIANT: Final = ", !invariant.load !1"

RISKY_BITS: Final = (0, 1 << 63, 0x3FF << 52, 0xBFF << 52)  # of 0.0, -0.0, 1.0, -1.0


def type_name(t: int) -> str:
    """The LLVM type of a value type; every reference is a 64-bit integer."""
    return TYPES.get(t, "i64")


def f32_literal(bits: int) -> str:
    """A float constant with exactly these bits. LLVM writes floats as doubles; NaNs go through the integer so that no bit changes."""
    bits &= 0xFFFFFFFF
    if bits & 0x7F800000 == 0x7F800000:
        return f"bitcast (i32 {bits} to float)"
    return f64_literal(struct.unpack("<Q", struct.pack("<d", struct.unpack("<f", struct.pack("<I", bits))[0]))[0])


def f64_literal(bits: int) -> str:
    """A double constant with exactly these bits."""
    return f"0x{bits & 0xFFFFFFFFFFFFFFFF:016X}"


def v128_literal(low: int, high: int) -> str:
    """A <16 x i8> constant from its two halves."""
    if low == 0 and high == 0:
        return "zeroinitializer"
    data = struct.pack("<QQ", low & 0xFFFFFFFFFFFFFFFF, high & 0xFFFFFFFFFFFFFFFF)
    return f"<{', '.join([f'i8 {byte}' for byte in data])}>"


# Literals that turn a float operation into something LLVM takes for the identity or a sign flip. It folds x + -0.0, x - 0.0, x * 1.0 and
# x / 1.0 to x, which loses the quieting of a signalling NaN that wasm demands; so these never reach an operation as literals.
RISKY_LITERALS: Final = frozenset(
    {"0.0"}
    | {f64_literal(bits) for bits in RISKY_BITS}
    | {v128_literal(bits, bits) for bits in RISKY_BITS}
    | {v128_literal(bits * 0x1_0000_0001, bits * 0x1_0000_0001) for bits in (1 << 31, 0x3F800000, 0xBF800000)}
)


class Signature:
    """A function type in the wasm calling convention: `result` type, `params` with the vmctx and, for several results, `more`."""

    __slots__ = ("declared", "params", "result", "results", "stacked", "wasm_params")

    def __init__(self, func_type: FuncType, registers: tuple[int, int]) -> None:
        self.wasm_params = tuple(map(type_name, func_type.params))
        self.results = tuple(map(type_name, func_type.results))
        self.result = self.results[0] if self.results else "void"
        self.params = ("ptr", *(("ptr",) if len(self.results) > 1 else ()), *self.wasm_params)
        self.declared = f"{self.result} ({', '.join(self.params)})"
        floats = sum(p[0] in "fd<" for p in self.params)
        # Whether some parameters travel on the stack, so that a call cannot simply replace any other frame.
        self.stacked = len(self.params) - floats > registers[0] or floats > registers[1]
