"""Writes instructions: an encoding row, and its operands at their places (manual, chapter 2.2)."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.code import Code, wrapping_add
from wasm_codegen_native.isa.riscv64.branches import Branches, branch_word, jump_word, upper
from wasm_codegen_native.isa.riscv64.encodings import (
    ADD,
    ADDI,
    ADDIW,
    AUIPC,
    BRANCH,
    FLD,
    FLW,
    FMV_D_X,
    FMV_W_X,
    FSD,
    FSW,
    JAL,
    LD,
    LUI,
    LW,
    SD,
    SLLI,
    SRLI,
    SW,
)
from wasm_codegen_native.isa.riscv64.registers import AREA, S0, SCRATCH, SCRATCH_HIGH, SPARE, ZERO
from wasm_codegen_native.machine import FIRST_VECTOR, T_F64, T_V128

ALWAYS: Final = -1  # instead of a condition
SPAN: Final = 256  # bytes that a `skip` jumps over at most
UNIT: Final = 16  # bytes of the instructions that nothing may come between
LOADS: Final[vec[i64]] = vec[i64]([LW, LD, FLW, FLD])  # by type
STORES: Final[vec[i64]] = vec[i64]([SW, SD, FSW, FSD])


def fits12(value: i64) -> bool:
    """Whether a number is one of twelve bits, signed."""
    return value >= -0x800 and value < 0x800


def fits32(value: i64) -> bool:
    """The same of LUI, or AUIPC, with the instruction behind it."""
    return value >= -0x80000800 and value < 0x7FFFF800


def near(value: i64) -> i64:
    """What LUI, or AUIPC, leaves for the instruction behind it."""
    return (value & 0xFFF ^ 0x800) - 0x800


@final
class Assembler:
    """Writes instructions to a Code. Registers are numbered as everywhere: only their low five bits matter here."""

    def __init__(self, code: Code) -> None:
        self.code: Code = code
        self.branches: Branches = Branches(code)
        self.area: i64 = 0  # where v128s lie in the frame: see `registers.AREA`

    def word(self, a: i64) -> None:
        """One instruction."""
        if self.code.here() > self.code.attention:
            self.branches.attend(0)
        self.code.word(a)

    def room(self, size: i64) -> None:
        """The next `size` bytes follow each other."""
        if self.code.here() + size > self.code.attention:
            self.branches.attend(size)

    # ---- operands in registers
    def r2(self, row: i64, d: i64, a: i64) -> None:
        """rd, rs1."""
        self.word(row | (d & 31) << 7 | (a & 31) << 15)

    def r3(self, row: i64, d: i64, a: i64, b: i64) -> None:
        """rd, rs1, rs2."""
        self.word(row | (d & 31) << 7 | (a & 31) << 15 | (b & 31) << 20)

    def imm(self, row: i64, d: i64, a: i64, value: i64) -> None:
        """rd, rs1, imm12 (or a shift's count); loads."""
        assert fits12(value)
        self.word(row | (d & 31) << 7 | (a & 31) << 15 | (value & 0xFFF) << 20)

    def put(self, row: i64, source: i64, base: i64, value: i64) -> None:
        """rs2, imm(rs1): stores."""
        assert fits12(value)
        self.word(row | (source & 31) << 20 | (base & 31) << 15 | (value >> 5 & 0x7F) << 25 | (value & 0x1F) << 7)

    # ---- numbers
    def number(self, to: i64, value: i64) -> None:
        """to <- a constant of 64 bits; an i32 is one of its sign-extended values."""
        if fits12(value):
            self.imm(ADDI, to, ZERO, value)
            return
        if value >= -0x80000000 and value <= 0x7FFFFFFF:
            self.word(LUI | upper(value) | to << 7)
            if value & 0xFFF != 0:
                self.imm(ADDIW, to, to, near(value))
            return
        zeros: i64 = 0
        while value >> zeros & 1 == 0:
            zeros += 1
        high = value >> zeros
        if zeros > 0 and high >= -0x80000000 and high <= 0x7FFFFFFF:
            self.number(to, high)
            self.imm(SLLI, to, to, zeros)
        elif value > 0 and value & wrapping_add(value, 1) == 0:  # ones at the bottom
            ones: i64 = 0
            while value >> ones != 0:
                ones += 1
            self.imm(ADDI, to, ZERO, -1)
            self.imm(SRLI, to, to, 64 - ones)
        else:
            self.constant(LD, to, to, value, 8)

    def constant(self, row: i64, to: i64, address: i64, value: i64, size: i64) -> None:
        """to <- a constant of rodata, by a load; `address`: a general register to overwrite."""
        self.room(UNIT)
        self.code.refer_rodata(self.code.here(), self.code.constant(value, 0, size))
        self.word(AUIPC | address << 7)
        self.imm(row, to, address, 0)

    def float_number(self, type: i64, to: i64, low: i64) -> None:
        """to <- a constant of a floating-point register."""
        if low == 0:
            self.r2(FMV_D_X if type == T_F64 else FMV_W_X, to, ZERO)
        elif type == T_F64:
            self.constant(FLD, to, SPARE, low, 8)
        elif low & 0xFFF == 0:
            self.word(LUI | upper(low) | SPARE << 7)
            self.r2(FMV_W_X, to, SPARE)
        else:
            self.constant(FLW, to, SPARE, low, 4)

    def add(self, to: i64, base: i64, disp: i64) -> None:
        """to <- base + disp, 64 bits."""
        if fits12(disp):
            self.imm(ADDI, to, base, disp)
        else:
            self.number(SPARE, disp)
            self.r3(ADD, to, base, SPARE)

    # ---- memory
    def reach(self, base: i64, disp: i64) -> i64:
        """SPARE <- an address from which base + disp is as far as an instruction reaches; how far."""
        assert base != SPARE
        if fits32(disp):
            self.word(LUI | upper(disp) | SPARE << 7)
            self.r3(ADD, SPARE, SPARE, base)
            return near(disp)
        self.number(SPARE, disp)
        self.r3(ADD, SPARE, SPARE, base)
        return 0

    def load_from(self, row: i64, to: i64, base: i64, disp: i64) -> None:
        """A load from [base + disp]."""
        if fits12(disp):
            self.imm(row, to, base, disp)
        else:
            left = self.reach(base, disp)
            self.imm(row, to, SPARE, left)

    def store_to(self, row: i64, source: i64, base: i64, disp: i64) -> None:
        """A store to [base + disp]."""
        if fits12(disp):
            self.put(row, source, base, disp)
        else:
            left = self.reach(base, disp)
            self.put(row, source, SPARE, left)

    def load(self, type: i64, to: i64, base: i64, disp: i64) -> None:
        """to <- [base + disp]; an i32 is sign-extended"""
        if type != T_V128:
            self.load_from(LOADS[type], to, base, disp)
        elif to < FIRST_VECTOR:
            self.load_from(LD, to, base, disp)
            self.load_from(LD, to + 1, base, disp + 8)
        else:
            self.load_from(FLD, SCRATCH, base, disp)
            self.load_from(FLD, SCRATCH_HIGH, base, disp + 8)
            self.keep_vector(to)

    def store(self, type: i64, source: i64, base: i64, disp: i64) -> None:
        """[base + disp] <- source"""
        if type != T_V128:
            self.store_to(STORES[type], source, base, disp)
        elif source < FIRST_VECTOR:
            self.store_to(SD, source, base, disp)
            self.store_to(SD, source + 1, base, disp + 8)
        else:
            self.take_vector(source)
            self.store_to(FSD, SCRATCH, base, disp)
            self.store_to(FSD, SCRATCH_HIGH, base, disp + 8)

    # ---- v128s
    def place(self, register: i64) -> i64:
        """Where the v128 in a register lies from the frame register."""
        return self.area + 16 * AREA[register]

    def take_vector(self, register: i64) -> None:
        """The scratch registers <- a v128."""
        if register != SCRATCH:
            self.imm(FLD, SCRATCH, S0, self.place(register))
            self.imm(FLD, SCRATCH_HIGH, S0, self.place(register) + 8)

    def keep_vector(self, register: i64) -> None:
        """A v128 <- the scratch registers."""
        if register != SCRATCH:
            self.put(FSD, SCRATCH, S0, self.place(register))
            self.put(FSD, SCRATCH_HIGH, S0, self.place(register) + 8)

    def exchange_vectors(self, a: i64, b: i64) -> None:
        """Swap two v128s."""
        half: i64 = 0
        while half < 16:
            self.imm(FLD, SCRATCH, S0, self.place(a) + half)
            self.imm(FLD, SCRATCH_HIGH, S0, self.place(b) + half)
            self.put(FSD, SCRATCH, S0, self.place(b) + half)
            self.put(FSD, SCRATCH_HIGH, S0, self.place(a) + half)
            half += 8

    # ---- forward jumps inside one lowering
    def skip(self, condition: i64) -> i64:
        """A jump over a few instructions to a later `land`."""
        self.room(SPAN)
        at = self.code.here()
        self.word(JAL if condition == ALWAYS else BRANCH | condition << 12)
        return at

    def land(self, skip: i64) -> None:
        """The jump leads here."""
        distance = self.code.here() - skip
        assert distance <= SPAN
        word = self.code.read(skip)
        if word & 0x7F == 0x6F:
            self.code.patch(skip, jump_word(ZERO, distance))
        else:
            self.code.patch(skip, branch_word(word >> 12 & 0x1FFF, distance))


