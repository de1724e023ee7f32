"""Writes instructions: an encoding row, and its operands at their places (manual, C4)."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.code import Code, shl
from wasm_codegen_native.isa.aarch64.encodings import (
    ADD,
    ADD_HIGH,
    ADD_IMM,
    ADD_SP,
    ADRP,
    BCOND,
    CMP_IMM,
    FMOV_DX,
    FMOV_IMM,
    FMOV_SW,
    LDR32,
    LDR64,
    LDR_D,
    LDR_Q,
    LDR_S,
    MOVK,
    MOVN,
    MOVZ,
    ORR_IMM32,
    ORR_IMM64,
    STR32,
    STR64,
    STR_D,
    STR_Q,
    STR_S,
    SUB_HIGH,
    SUB_IMM,
    B,
)  # fmt: skip
from wasm_codegen_native.isa.aarch64.immediates import NONE, bitmask, float8
from wasm_codegen_native.isa.aarch64.notation import D, X
from wasm_codegen_native.isa.aarch64.registers import SP, X16, ZR
from wasm_codegen_native.isa.aarch64.vector_immediates import MOVI_ZERO, repeated
from wasm_codegen_native.machine import T_F32, T_F64, T_V128

# How an address is formed, as bits of mode and address.
SCALED: Final = 1 << 24  # base + imm12 * size
INDEXED: Final = 1 << 21 | 0b011 << 13 | 0b10 << 10  # base + Rm
SHIFTED: Final = 1 << 12  # base + Rm * size
LOADS: Final[vec[i64]] = vec[i64]([LDR32, LDR64, LDR_S, LDR_D, LDR_Q])  # by type
STORES: Final[vec[i64]] = vec[i64]([STR32, STR64, STR_S, STR_D, STR_Q])
R_AARCH64_ADR_PREL_PG_HI21: Final = 275
R_AARCH64_LDST64_ABS_LO12_NC: Final = 286
R_AARCH64_LDST128_ABS_LO12_NC: Final = 299
SIZES: Final[bytes] = bytes((2, 3, 2, 3, 4))  # log2 of bytes, by type


def parts(value: i64) -> i64:
    """How many 16-bit parts of a number are not zero: as many instructions make it, at most."""
    count: i64 = 0
    k: i64 = 0
    while k < 64:
        if (value >> k) & 0xFFFF != 0:
            count += 1
        k += 16
    return count


@final
class Assembler:
    """Writes instructions to a Code. Registers are numbered as everywhere: only their low five bits matter here."""

    def __init__(self, code: Code) -> None:
        self.code: Code = code

    # ---- operands in registers
    def r1(self, row: i64, d: i64) -> None:
        """Rd."""
        self.code.word(row | d & 31)

    def r2(self, row: i64, d: i64, n: i64) -> None:
        """Rd, Rn."""
        self.code.word(row | d & 31 | (n & 31) << 5)

    def r3(self, row: i64, d: i64, n: i64, m: i64) -> None:
        """Rd, Rn, Rm."""
        self.code.word(row | d & 31 | (n & 31) << 5 | (m & 31) << 16)

    def move(self, row: i64, d: i64, m: i64) -> None:
        """Rd, Rm."""
        self.code.word(row | d & 31 | (m & 31) << 16)

    def compare(self, row: i64, n: i64, m: i64) -> None:
        """Rn, Rm."""
        self.code.word(row | (n & 31) << 5 | (m & 31) << 16)

    def compare_number(self, n: i64, value: i64, wide: i64) -> None:
        """CMP Rn, 0 to 4095; `wide` is X or 0."""
        self.code.word(CMP_IMM | wide | (n & 31) << 5 | value << 10)

    def choose(self, row: i64, d: i64, n: i64, m: i64, condition: i64) -> None:
        """Rd, Rn, Rm, cond."""
        self.code.word(row | d & 31 | (n & 31) << 5 | (m & 31) << 16 | condition << 12)

    def pair(self, row: i64, first: i64, second: i64, base: i64, disp: i64) -> None:
        """STP and LDP of 64-bit registers."""
        self.code.word(row | first | second << 10 | base << 5 | (disp >> 3 & 0x7F) << 15)

    # ---- numbers
    def number(self, to: i64, value: i64, wide: bool) -> None:
        """to <- a constant of 64 or 32 bits; keeps the flags."""
        count: i64 = 4 if wide else 2
        zeros: i64 = 0
        ones: i64 = 0
        k: i64 = 0
        while k < count:
            part = (value >> (16 * k)) & 0xFFFF
            if part == 0:
                zeros += 1
            elif part == 0xFFFF:
                ones += 1
            k += 1
        sf: i64 = X if wide else 0
        if zeros < count - 1 and ones < count - 1:
            pattern = bitmask(value, wide)
            if pattern != NONE:
                row: i64 = ORR_IMM64 if wide else ORR_IMM32
                self.code.word(row | pattern << 10 | ZR << 5 | to)
                return
        filler: i64 = 0xFFFF if ones > zeros else 0
        row = MOVN if ones > zeros else MOVZ
        first = True
        k = 0
        while k < count:
            part = (value >> (16 * k)) & 0xFFFF
            if part != filler or zeros == count or ones == count:
                if not first:
                    self.code.word(MOVK | sf | k << 21 | part << 5 | to)
                else:
                    self.code.word(row | sf | k << 21 | (part ^ filler) << 5 | to)
                    first = False
                    if zeros == count or ones == count:
                        return
            k += 1

    def float_number(self, type: i64, to: i64, low: i64, high: i64) -> None:
        """to <- a constant of a vector register; keeps the flags."""
        if type == T_V128:
            self.vector_number(to, low, high)
            return
        if low == 0:
            self.r1(MOVI_ZERO, to)
            return
        eight = float8(low, type == T_F64)
        if eight != NONE:
            self.code.word(FMOV_IMM | (D if type == T_F64 else 0) | eight << 13 | to & 31)
            return
        if type == T_F64 and parts(low) > 2:
            self.from_rodata(LDR_D | SCALED, R_AARCH64_LDST64_ABS_LO12_NC, to, self.code.constant(low, 0, 8))
            return
        self.number(X16, low, type != T_F32)
        self.r2(FMOV_SW if type == T_F32 else FMOV_DX, to, X16)

    def vector_number(self, to: i64, low: i64, high: i64) -> None:
        """to <- a constant of 128 bits: one instruction if its halves are the same and a pattern, else from rodata."""
        pattern: i64 = repeated(low) if low == high else NONE
        if pattern != NONE:
            self.r1(pattern, to)
            return
        self.from_rodata(LDR_Q | SCALED, R_AARCH64_LDST128_ABS_LO12_NC, to, self.code.constant(low, high, 16))

    def from_rodata(self, row: i64, relocation: i64, to: i64, offset: i64) -> None:
        """to <- what lies in rodata, by a load with its low bits of the address."""
        code = self.code
        code.relocate(code.here(), R_AARCH64_ADR_PREL_PG_HI21, offset)
        code.word(ADRP | X16)
        code.relocate(code.here(), relocation, offset)
        code.word(row | X16 << 5 | to & 31)

    def add(self, to: i64, base: i64, disp: i64) -> None:
        """to <- base + disp, 64 bits; either may be the stack pointer. Keeps the flags."""
        amount = disp
        low: i64 = ADD_IMM
        high: i64 = ADD_HIGH
        if disp < 0:
            amount = -disp
            low = SUB_IMM
            high = SUB_HIGH
        if amount < 0x1000:
            self.code.word(low | X | to | base << 5 | amount << 10)
        elif amount < 0x1000000:
            self.code.word(high | X | to | base << 5 | (amount >> 12) << 10)
            if amount & 0xFFF != 0:
                self.code.word(low | X | to | to << 5 | (amount & 0xFFF) << 10)
        else:
            self.number(X16, disp, True)
            if base == SP:
                self.move(ADD_SP, to, X16)
            else:
                self.r3(ADD | X, to, base, X16)

    # ---- memory
    def memory(self, row: i64, size: i64, register: i64, base: i64, disp: i64) -> None:
        """A load or store of 1 << size bytes at [base + disp]."""
        word = row | register & 31 | base << 5
        if disp >= 0 and disp < shl(0x1000, size) and disp & (shl(1, size) - 1) == 0:
            self.code.word(word | SCALED | (disp >> size) << 10)
        elif disp >= -256 and disp <= 255:
            self.code.word(word | (disp & 0x1FF) << 12)
        else:
            self.number(X16, disp, True)
            self.code.word(word | INDEXED | X16 << 16)

    def indexed(self, row: i64, register: i64, base: i64, index: i64, shift: i64) -> None:
        """A load or store at [base + index], or [base + index * size] where `shift` is SHIFTED."""
        self.code.word(row | register & 31 | base << 5 | INDEXED | index << 16 | shift)

    def load(self, type: i64, to: i64, base: i64, disp: i64) -> None:
        """to <- [base + disp]"""
        self.memory(LOADS[type], SIZES[type], to, base, disp)

    def store(self, type: i64, source: i64, base: i64, disp: i64) -> None:
        """[base + disp] <- source"""
        self.memory(STORES[type], SIZES[type], source, base, disp)

    # ---- forward jumps inside one lowering
    def skip(self, condition: i64) -> i64:
        """A jump to a later `land`, within a megabyte; condition < 0: always."""
        at = self.code.here()
        self.code.word(B if condition < 0 else BCOND | condition)
        return at

    def land(self, skip: i64) -> None:
        """The jump leads here."""
        words = (self.code.here() - skip) >> 2
        word = self.code.read(skip)
        self.code.patch(skip, word | words if word & 0xFC000000 == B else word | words << 5)
