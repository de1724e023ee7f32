"""i8x16.shuffle: one instruction where the lanes are a pattern of one, else tables of bytes."""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from wasm_codegen_native.code import shl
from wasm_codegen_native.isa.aarch64.assembler import Assembler
from wasm_codegen_native.isa.aarch64.registers import SCRATCH
from wasm_codegen_native.isa.aarch64.vector_encodings import ARRANGEMENTS, LANES, word
from wasm_codegen_native.machine import T_V128
from wasm_codegen_native.values import REG, Values
from wasm_environ.body import WORDS

TBL: Final[i64] = word("TBL Vd.16B, {Vn.16B}, Vm.16B")
TBX: Final[i64] = word("TBX Vd.16B, {Vn.16B}, Vm.16B")
EVERY: Final = 0x0101010101010101


def halves(lanes: list[int]) -> tuple[int, int]:
    """Sixteen bytes as two signed numbers, as an op's record has them."""
    data = bytes(lanes)
    return int.from_bytes(data[:8], "little", signed=True), int.from_bytes(data[8:], "little", signed=True)


def permutations(size: int) -> tuple[tuple[str, list[int]], ...]:
    """UZP1 to ZIP2 of lanes of `size` bytes: the lanes chosen, those of the second operand behind those of the first."""
    n = 16 // size
    return (
        ("UZP1", [2 * k for k in range(n)]), ("UZP2", [2 * k + 1 for k in range(n)]),
        ("TRN1", [k & ~1 | (k & 1) * n for k in range(n)]), ("TRN2", [k | 1 if k & 1 == 0 else k + n for k in range(n)]),
        ("ZIP1", [k // 2 + (k & 1) * n for k in range(n)]), ("ZIP2", [n // 2 + k // 2 + (k & 1) * n for k in range(n)]),
    )  # fmt: skip


def bytes_of(lanes: list[int], size: int) -> list[int]:
    """Lanes of `size` bytes as bytes."""
    return [size * lane + k for lane in lanes for k in range(size)]


def of_two() -> dict[tuple[int, int], int]:
    """The patterns of two operands: the instruction, which reads them in this order."""
    made: dict[tuple[int, int], int] = {}
    for arrangement in LANES.split():
        size = 1 << int(ARRANGEMENTS[arrangement][1], 2)
        for name, lanes in permutations(size):
            made.setdefault(halves(bytes_of(lanes, size)), word(f"{name} Vd.{arrangement}, Vn.{arrangement}, Vm.{arrangement}"))
    for k in range(1, 16):
        made[halves(list(range(k, k + 16)))] = word("EXT Vd.16B, Vn.16B, Vm.16B, imm4") | k << 11
    return made


def of_one() -> dict[tuple[int, int], int]:
    """The patterns of one operand, which the instruction reads in Rn alone."""
    made: dict[tuple[int, int], int] = {}
    for arrangement in LANES.split():
        _, code, _, letter = ARRANGEMENTS[arrangement]
        size = 1 << int(code, 2)
        for lane in range(16 // size):
            made[halves(bytes_of([lane] * (16 // size), size))] = word(f"DUP Vd.{arrangement}, Vn.{letter}[lane]") | lane << 17 + int(code, 2)
        for group in (2, 4, 8):  # bytes whose lanes change their order
            if size < group:
                lanes = [k // (group // size) * (group // size) + group // size - 1 - k % (group // size) for k in range(16 // size)]
                made[halves(bytes_of(lanes, size))] = word(f"REV{8 * group} Vd.{arrangement}, Vn.{arrangement}")
    return made


TWO: Final = of_two()
ONE: Final = of_one()
# Of one operand in both places. What TWO has for lanes below sixteen alone is not there: UZP1 and others read both.
TWICE: Final = {halves([lane & 15 for key in pair for lane in key.to_bytes(8, "little", signed=True)]): row for pair, row in of_two().items()}
NOTHING: Final = halves(list(range(16)))


@final
class Shuffle:
    """Lowers i8x16.shuffle."""

    def __init__(self, asm: Assembler, values: Values) -> None:
        self.asm: Assembler = asm
        self.v: Values = values

    def lower(self) -> None:
        """Lower the op."""
        v = self.v
        p = v.pc - WORDS
        low = v.ops[p + 1]
        high = v.ops[p + 2]
        i = v.operands(2)
        seconds = (low | high) & shl(EVERY, 4)
        firsts = (low & high) & shl(EVERY, 4)
        if seconds == 0:
            self.one(i, low, high)
        elif firsts == shl(EVERY, 4):
            self.one(i + 1, low ^ seconds, high ^ seconds)
        else:
            self.two(i, low, high)

    def one(self, i: i64, low: i64, high: i64) -> None:
        """Lanes of entry i alone."""
        v = self.v
        asm = self.asm
        key = (low, high)
        if key == NOTHING:
            self.finish(v.own(i), -1)
            return
        source = v.reg(i)
        row = ONE.get(key)
        again = TWICE.get(key)
        target = v.target(T_V128)
        to: i64 = target if target >= 0 else source if v.kind[i] == REG else v.alloc(T_V128)
        if row is not None:
            asm.r2(row, to, source)
        elif again is not None:
            asm.r3(again, to, source, source)
        else:
            asm.vector_number(SCRATCH, low, high)
            asm.r3(TBL, to, source, SCRATCH)
        self.finish(to, target)

    def two(self, i: i64, low: i64, high: i64) -> None:
        """Lanes of both."""
        v = self.v
        asm = self.asm
        target = v.target(T_V128)
        other = shl(EVERY, 4)
        row = TWO.get((low, high))
        swapped = TWO.get((low ^ other, high ^ other))
        a = v.reg(i)
        b = v.reg(i + 1)
        if row is not None:
            to: i64 = target if target >= 0 else v.alloc(T_V128)
            asm.r3(row, to, a, b)
        elif swapped is not None:
            to = target if target >= 0 else v.alloc(T_V128)
            asm.r3(swapped, to, b, a)
        else:  # a lane beyond the table is zero in TBL, and as it was in TBX
            target = -1
            to = v.alloc(T_V128)
            asm.vector_number(SCRATCH, low, high)
            asm.r3(TBL, to, a, SCRATCH)
            asm.vector_number(SCRATCH, low ^ other, high ^ other)
            asm.r3(TBX, to, b, SCRATCH)
        self.finish(to, target)

    def finish(self, to: i64, target: i64) -> None:
        """Release the operands but the result, and push it."""
        v = self.v
        k: i64 = v.sp - 2
        while k < v.sp:
            if v.kind[k] == REG and v.low[k] != to:
                v.release(k)
            k += 1
        v.finish(2, T_V128, to, target)
