"""LLVM IR as text: type names, constants, and the two metadata nodes every batch has."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Final

from wasm_environ import types
from wasm_environ.convention import IN_REGISTER, side_slots, vectors_in_registers
from wasm_environ.vmtypes import STORE_ARGS, VALUE_SIZE

if TYPE_CHECKING:
    from wasm_environ.types import FuncType

TYPES: Final = {types.I32: "i32", types.I64: "i64", types.F32: "float", types.F64: "double", types.V128: "<16 x i8>"}
ZEROS: Final = {"i32": "0", "i64": "0", "float": "0.0", "double": "0.0", "<16 x i8>": "zeroinitializer"}
# The part of an overloaded intrinsic's name that stands for a type.
SUFFIXES: Final = {
    "i32": "i32", "i64": "i64", "float": "f32", "double": "f64", "<16 x i8>": "v16i8", "<8 x i16>": "v8i16",
    "<4 x i32>": "v4i32", "<2 x i64>": "v2i64", "<4 x float>": "v4f32", "<2 x double>": "v2f64",
}  # fmt: skip

RESULT_PAIR: Final = "{ i64, i64 }"  # how a v128 is returned where it has no register

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


ARITHMETIC_FENCE: Final = re.compile(r"call (<[^>]*>|\w+) @llvm\.arithmetic\.fence\.\w+\(")


def without_fences(text: str) -> str:
    """IR with its arithmetic fences as empty inline assembly, for s390x, whose code generation ends the process at one."""
    return ARITHMETIC_FENCE.sub(lambda found: f'call {found[1]} asm "", "={"v" if found[1][0] == "<" else "f"},0"(', text)


ROUNDING: Final = re.compile(r"^(%\w+) = call (<[^>]*>|\w+) @llvm\.(ceil|floor|trunc|roundeven)\.(\w+)\((?:<[^>]*>|\w+) (.+?)\)(?=$|, !dbg)", re.MULTILINE)


def with_quiet_rounding(text: str) -> str:
    """IR that rounds what was multiplied by one, for riscv64, whose code gives a signalling NaN back as it is: the product is quiet, and else the same."""

    def rounded(found: re.Match[str]) -> str:
        result, t, name, suffix, value = found.groups()
        one = "1.0" if t[0] != "<" else f"splat ({'float' if 'float' in t else 'double'} 1.0)"
        return (
            f"{result}.one = call {t} @llvm.arithmetic.fence.{suffix}({t} {one})\n{result}.quiet = fmul {t} {value}, {result}.one\n"
            f"{result} = call {t} @llvm.{name}.{suffix}({t} {result}.quiet)"
        )

    return ROUNDING.sub(rounded, text)


class Signature:
    """A function type in the wasm calling convention.

    result: the type returned, `results[0]` or what stands for it (`RESULT_PAIR`). params: the vmctx, `more` for several results, and the wasm
    parameters that travel in registers. side_slots: per wasm parameter its slot in the store's side area, or IN_REGISTER.
    """

    __slots__ = ("declared", "params", "result", "results", "side_slots", "wasm_params")

    def __init__(self, func_type: FuncType, isa: str) -> None:
        self.wasm_params = tuple(map(type_name, func_type.params))
        self.results = tuple(map(type_name, func_type.results))
        self.result = self.results[0] if self.results else "void"
        if self.result == "<16 x i8>" and not vectors_in_registers(isa):
            self.result = RESULT_PAIR
        self.side_slots = side_slots(func_type, isa)
        passed = [t for t, slot in zip(self.wasm_params, self.side_slots, strict=True) if slot == IN_REGISTER]
        self.params = ("ptr", *(("ptr",) if len(self.results) > 1 else ()), *passed)
        self.declared = f"{self.result} ({', '.join(self.params)})"

    def register_params(self) -> list[int]:
        """The wasm parameters that are parameters in LLVM too."""
        return [index for index, slot in enumerate(self.side_slots) if slot == IN_REGISTER]

    def side_params(self) -> list[tuple[int, int]]:
        """(wasm parameter, byte offset in the VMStoreContext) of the others."""
        return [(index, STORE_ARGS + VALUE_SIZE * slot) for index, slot in enumerate(self.side_slots) if slot != IN_REGISTER]


def to_result(s: Signature, n: int, value: str) -> tuple[str, str]:
    """(IR, value) that make the first result what is returned; `n` makes the names unique."""
    if s.result != RESULT_PAIR:
        return "", value
    return (
        f"%ra{n} = bitcast <16 x i8> {value} to <2 x i64>\n"
        f"%rb{n} = extractelement <2 x i64> %ra{n}, i32 0\n%rc{n} = extractelement <2 x i64> %ra{n}, i32 1\n"
        f"%rd{n} = insertvalue {RESULT_PAIR} undef, i64 %rb{n}, 0\n%re{n} = insertvalue {RESULT_PAIR} %rd{n}, i64 %rc{n}, 1\n"
    ), f"%re{n}"


def from_result(s: Signature, n: int, value: str) -> tuple[str, str]:
    """The way back: (IR, value) that make the first result of what a call returned."""
    if s.result != RESULT_PAIR:
        return "", value
    return (
        f"%sa{n} = extractvalue {RESULT_PAIR} {value}, 0\n%sb{n} = extractvalue {RESULT_PAIR} {value}, 1\n"
        f"%sc{n} = insertelement <2 x i64> undef, i64 %sa{n}, i32 0\n%sd{n} = insertelement <2 x i64> %sc{n}, i64 %sb{n}, i32 1\n"
        f"%se{n} = bitcast <2 x i64> %sd{n} to <16 x i8>\n"
    ), f"%se{n}"
