"""Writes instructions: an encoding row, and its operands at their places."""

from __future__ import annotations

from typing import Final, final

from librt.strings import write_i16_be, write_i32_be
from librt.vecs import vec
from mypy_extensions import i16, i32, i64, u8

from wasm_codegen_native.code import Code
from wasm_codegen_native.isa.s390x.encodings import (
    BRC,
    IILF,
    LAY,
    LD,
    LDY,
    LE,
    LEY,
    LG,
    LGFI,
    LGHI,
    LGR,
    LLGF,
    LLIHF,
    LLIHH,
    LLIHL,
    LLILF,
    LLILH,
    LLILL,
    ST,
    STD,
    STDY,
    STE,
    STEY,
    STG,
    STY,
    VL,
    VLEF,
    VLEG,
    VLVGF,
    VLVGG,
    VLVGP,
    VST,
    VSTEF,
    VSTEG,
    VZERO,
    condition_mask,
)  # fmt: skip
from wasm_codegen_native.isa.s390x.registers import R0, R14
from wasm_codegen_native.machine import T_F32, T_F64, T_V128

# By type. Floating-point registers are reached in a megabyte around their base, vector registers up to four kilobytes behind it.
LOADS: Final[vec[i64]] = vec[i64]([LLGF, LG, LEY, LDY, VL])
STORES: Final[vec[i64]] = vec[i64]([STY, STG, STEY, STDY, VST])
SHORT_LOADS: Final[vec[i64]] = vec[i64]([0, 0, LE, LD, 0])  # of four bytes, as near as vector registers' (0: none)
SHORT_STORES: Final[vec[i64]] = vec[i64]([ST, 0, STE, STD, 0])
VECTOR_LOADS: Final[vec[i64]] = vec[i64]([0, 0, VLEF, VLEG, VL])
VECTOR_STORES: Final[vec[i64]] = vec[i64]([0, 0, VSTEF, VSTEG, VST])
FAR: Final = 0x80000  # how far the displacement of a general register's load reaches, both ways
NEAR: Final = 0x1000  # ... of a vector register's, forward
FIRST_HIGH: Final = 48  # vector registers from here on are no floating-point registers


def fifth(register: i64, bit: i64) -> i64:
    """The bit of RXB for a vector register, which is the register's bit 16 at place `bit`."""
    return (register & 16) << (bit - 4)


def swapped(value: i64) -> i64:
    """The eight bytes of a number in the other order."""
    result: i64 = 0
    k: i64 = 0
    while k < 8:
        part = value & 0xFF
        if k == 0 and part > 127:
            part -= 256
        result = result << 8 | part
        value >>= 8
        k += 1
    return result


@final
class Assembler:
    """Writes instructions to a Code. Only the low four bits of general registers' numbers matter here, the low five of vector registers'."""

    def __init__(self, code: Code) -> None:
        self.code: Code = code

    def emit(self, word: i64) -> None:
        """An instruction of 2, 4 or 6 bytes."""
        out = self.code.out
        if word < 0x10000:
            write_i16_be(out, i16(word))
        elif word < 0x100000000:
            if word >= 0x80000000:
                word -= 0x100000000
            write_i32_be(out, i32(word))
        else:
            half = word >> 32
            if half >= 0x8000:
                half -= 0x10000
            write_i16_be(out, i16(half))
            word &= 0xFFFFFFFF
            if word >= 0x80000000:
                word -= 0x100000000
            write_i32_be(out, i32(word))

    # ---- operands in registers, by where a format has them
    def two(self, row: i64, first: i64, second: i64) -> None:
        """The last eight bits: RR, RRE."""
        self.emit(row | (first & 15) << 4 | second & 15)

    def three(self, row: i64, first: i64, second: i64, third: i64) -> None:
        """RRF, whose third operand, or mask, lies before the others."""
        self.emit(row | (third & 15) << 12 | (first & 15) << 4 | second & 15)

    def short(self, row: i64, register: i64, number: i64) -> None:
        """RI: a register and 16 bits."""
        self.emit(row | (register & 15) << 20 | number & 0xFFFF)

    def long(self, row: i64, register: i64, number: i64) -> None:
        """RIL: a register and 32 bits."""
        self.emit(row | (register & 15) << 36 | number & 0xFFFFFFFF)

    def shift(self, row: i64, to: i64, source: i64, base: i64, count: i64) -> None:
        """RSY: R1, R3, D2(B2), up to 4095."""
        self.emit(row | (to & 15) << 36 | (source & 15) << 32 | (base & 15) << 28 | count << 16)

    def vector(self, row: i64, first: i64, second: i64, third: i64) -> None:
        """VRR: V1, V2, V3; a general register instead of the second or third must not have its fifth bit."""
        self.emit(
            row | (first & 15) << 36 | (second & 15) << 32 | (third & 15) << 28 | fifth(first, 11) | fifth(second, 10) | fifth(third, 9)
        )  # fmt: skip

    def four(self, row: i64, first: i64, second: i64, third: i64, fourth: i64) -> None:
        """VRR: V1, V2, V3, V4."""
        self.vector(row | (fourth & 15) << 12 | fifth(fourth, 8), first, second, third)

    def insert(self, row: i64, to: i64, source: i64) -> None:
        """VLVG: an element of a vector register <- a general register."""
        self.vector(row, to, source & 15, 0)

    def extract(self, row: i64, to: i64, source: i64) -> None:
        """VLGV: a general register <- an element of a vector register."""
        self.vector(row, to & 15, source, 0)

    # ---- numbers
    def number(self, to: i64, value: i64) -> None:
        """to <- a constant, 64 bits wide; keeps the condition code."""
        if value >= -0x8000 and value < 0x8000:
            self.short(LGHI, to, value)
        elif value >> 16 == 0:
            self.short(LLILL, to, value)
        elif value >= 0 and value < 0x100000000 and value & 0xFFFF == 0:
            self.short(LLILH, to, value >> 16)
        elif value >= -0x80000000 and value < 0x80000000:
            self.long(LGFI, to, value)
        elif value >= 0 and value < 0x100000000:
            self.long(LLILF, to, value)
        elif value & 0xFFFFFFFFFFFF == 0:
            self.short(LLIHH, to, value >> 48)
        elif value & ~0xFFFF00000000 == 0:
            self.short(LLIHL, to, value >> 32)
        else:
            self.long(LLIHF, to, value >> 32)
            if value & 0xFFFFFFFF != 0:
                self.long(IILF, to, value)

    def float_number(self, type: i64, to: i64, low: i64, high: i64) -> None:
        """to <- a constant of a vector register, whose bytes are in the order of memory; keeps the condition code."""
        if low == 0 and (type != T_V128 or high == 0):
            self.vector(VZERO, to, 0, 0)
        elif type == T_V128:
            self.number(R0, swapped(low))
            self.number(R14, swapped(high))
            self.vector(VLVGP, to, R0, R14)
        elif type == T_F64:
            self.number(R0, low)
            self.insert(VLVGG, to, R0)
        else:
            self.number(R0, (low & 0xFFFFFFFF ^ 0x80000000) - 0x80000000)
            self.insert(VLVGF, to, R0)

    # ---- memory
    def address(self, row: i64, register: i64, index: i64, base: i64, disp: i64) -> None:
        """RXY: R1 or F1, D2(X2, B2), `disp` from -FAR to before FAR; R0 as index or base is none."""
        self.emit(row | (register & 15) << 36 | (index & 15) << 32 | (base & 15) << 28 | (disp & 0xFFF) << 16 | (disp >> 12 & 0xFF) << 8)

    def vector_address(self, row: i64, register: i64, index: i64, base: i64, disp: i64) -> None:
        """VRX: V1, D2(X2, B2), `disp` from 0 to before NEAR."""
        self.emit(row | (register & 15) << 36 | fifth(register, 11) | (index & 15) << 32 | (base & 15) << 28 | disp << 16)

    def many(self, row: i64, first: i64, last: i64, base: i64, disp: i64) -> None:
        """RSY: STMG and LMG of a range of registers, and what else has two registers and an address."""
        self.address(row, first, last, base, disp)

    def add(self, to: i64, base: i64, disp: i64) -> None:
        """to <- base + disp, 64 bits; keeps the condition code. Not to r0, nor from it."""
        if disp == 0:
            if to != base:
                self.two(LGR, to, base)
        elif disp >= -FAR and disp < FAR:
            self.address(LAY, to, 0, base, disp)
        else:
            self.number(R14, disp)
            self.address(LAY, to, R14, base, 0)

    def reach(self, base: i64, disp: i64, limit: i64) -> i64:
        """What to add to `base` so that a displacement from 0 (from -FAR for FAR) to before `limit` remains: R0 for nothing, R14 with the rest."""
        if disp < limit and (disp >= 0 or (limit == FAR and disp >= -FAR)):
            return R0
        self.number(R14, disp)
        return R14

    def load(self, type: i64, to: i64, base: i64, disp: i64) -> None:
        """to <- [base + disp], in the machine's byte order"""
        self.access(LOADS[type], SHORT_LOADS[type], VECTOR_LOADS[type], type, to, base, disp)

    def store(self, type: i64, source: i64, base: i64, disp: i64) -> None:
        """[base + disp] <- source"""
        self.access(STORES[type], SHORT_STORES[type], VECTOR_STORES[type], type, source, base, disp)

    def access(self, row: i64, short_row: i64, vector_row: i64, type: i64, register: i64, base: i64, disp: i64) -> None:
        """One of both."""
        vector = type == T_V128 or (type >= T_F32 and register >= FIRST_HIGH)
        index = self.reach(base, disp, NEAR if vector else FAR)
        if index != R0:
            disp = 0
        if vector:
            self.vector_address(vector_row, register, index, base, disp)
        elif short_row != 0 and index == R0 and disp >= 0 and disp < NEAR:
            self.emit(short_row | (register & 15) << 20 | (base & 15) << 12 | disp)
        else:
            self.address(row, register, index, base, disp)

    # ---- forward jumps inside one lowering
    def skip(self, condition: i64) -> i64:
        """A jump to a later `land`, within 64 kilobytes; condition < 0: always."""
        at = self.code.here()
        mask: i64 = 15
        if condition >= 0:
            mask = condition_mask(condition)
        self.short(BRC, mask, 0)
        return at

    def land(self, skip: i64) -> None:
        """The jump leads here."""
        out = self.code.out
        halves = (self.code.here() - skip) >> 1
        assert halves < 0x8000
        out[skip + 2] = u8(halves >> 8)
        out[skip + 3] = u8(halves & 0xFF)

    # ---- jumps and calls, whose target is a distance in halfwords in their last four bytes
    def aim(self, at: i64, target: i64) -> None:
        """The jump, call or LARL at `at` leads to `target`."""
        self.patch(at + 2, (target - at) >> 1)

    def patch(self, at: i64, word: i64) -> None:
        """Overwrite four bytes, big-endian."""
        out = self.code.out
        out[at] = u8(word >> 24 & 0xFF)
        out[at + 1] = u8(word >> 16 & 0xFF)
        out[at + 2] = u8(word >> 8 & 0xFF)
        out[at + 3] = u8(word & 0xFF)

    def read(self, at: i64) -> i64:
        """The four bytes, unsigned."""
        out = self.code.out
        return i64(out[at]) << 24 | i64(out[at + 1]) << 16 | i64(out[at + 2]) << 8 | i64(out[at + 3])
