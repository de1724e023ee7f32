"""Writes instructions: an encoding row, and its operands at their places (manual, chapter 2.2)."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.code import Code, wrapping_add
from wasm_codegen_native.isa.riscv64 import encodings as e
from wasm_codegen_native.isa.riscv64.branches import Branches, branch_word, jump_word, upper
from wasm_codegen_native.isa.riscv64.compressed import compressed
from wasm_codegen_native.isa.riscv64.registers import A0, A1, AREA, S0, SCRATCH, SCRATCH_HIGH, SP, SPARE, ZERO
from wasm_codegen_native.isa.riscv64.vector_encodings import VLE, VMV1R, VMV_V_I, VMV_V_X, VMV_X_S, VSE, WHOLE, word
from wasm_codegen_native.machine import FIRST_VECTOR, T_F64, T_V128

ALWAYS: Final = -1  # instead of a condition
SPAN: Final = 256  # bytes that a `skip` jumps over at most
UNIT: Final = 16  # bytes of the instructions that nothing may come between
LOADS: Final[vec[i64]] = vec[i64]([e.LW, e.LD, e.FLW, e.FLD])  # by type
STORES: Final[vec[i64]] = vec[i64]([e.SW, e.SD, e.FSW, e.FSD])
# Of vectors, by log2 of a lane's bytes.
TYPES: Final[vec[i64]] = vec[i64](WHOLE)
VECTOR_LOADS: Final[vec[i64]] = vec[i64](VLE)
VECTOR_STORES: Final[vec[i64]] = vec[i64](VSE)
SLIDE_DOWN: Final[i64] = word("VSLIDEDOWN.VI vd, vs2, uimm5")
SLIDE_UP: Final[i64] = word("VSLIDEUP.VI vd, vs2, uimm5")


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

    def __init__(self, code: Code, vectors: bool = False) -> None:
        self.code: Code = code
        self.vectors: bool = vectors  # the machine has V
        self.branches: Branches = Branches(code)
        self.area: i64 = 0  # where v128s lie in the frame: see `registers.AREA`

    def word(self, a: i64) -> None:
        """One instruction, short where it can be."""
        half = compressed(a)
        if half == 0:
            self.whole(a)
            return
        if self.code.here() > self.code.attention:
            self.branches.attend(0)
        self.code.half(half)

    def whole(self, a: i64) -> None:
        """One instruction, of 32 bits: something is filled in later."""
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
            self.imm(e.ADDI, to, ZERO, value)
            return
        if value >= -0x80000000 and value <= 0x7FFFFFFF:
            self.word(e.LUI | upper(value) | to << 7)
            if value & 0xFFF != 0:
                self.imm(e.ADDIW, to, to, near(value))
            return
        zeros: i64 = 0
        while value >> zeros & 1 == 0:
            zeros += 1
        high = value >> zeros
        if zeros > 0 and high >= -0x80000000 and high <= 0x7FFFFFFF:
            self.number(to, high)
            self.imm(e.SLLI, to, to, zeros)
        elif value > 0 and value & wrapping_add(value, 1) == 0:  # ones at the bottom
            ones: i64 = 0
            while value >> ones != 0:
                ones += 1
            self.imm(e.ADDI, to, ZERO, -1)
            self.imm(e.SRLI, to, to, 64 - ones)
        else:
            self.constant(e.LD, to, to, value, 8)

    def constant(self, row: i64, to: i64, address: i64, value: i64, size: i64) -> None:
        """to <- a constant of rodata, by a load; `address`: a general register to overwrite."""
        self.room(UNIT)
        self.code.refer_rodata(self.code.here(), self.code.constant(value, 0, size))
        self.whole(e.AUIPC | address << 7)
        self.whole(row | (to & 31) << 7 | address << 15)

    def float_number(self, type: i64, to: i64, low: i64) -> None:
        """to <- a constant of a floating-point register."""
        if low == 0:
            self.r2(e.FMV_D_X if type == T_F64 else e.FMV_W_X, to, ZERO)
        elif type == T_F64:
            self.constant(e.FLD, to, SPARE, low, 8)
        elif low & 0xFFF == 0:
            self.word(e.LUI | upper(low) | SPARE << 7)
            self.r2(e.FMV_W_X, to, SPARE)
        else:
            self.constant(e.FLW, to, SPARE, low, 4)

    def add(self, to: i64, base: i64, disp: i64) -> None:
        """to <- base + disp, 64 bits."""
        if fits12(disp):
            self.imm(e.ADDI, to, base, disp)
        else:
            self.number(SPARE, disp)
            self.r3(e.ADD, to, base, SPARE)

    # ---- memory
    def reach(self, base: i64, disp: i64) -> i64:
        """SPARE <- an address from which base + disp is as far as an instruction reaches; how far."""
        assert base != SPARE
        if fits32(disp):
            self.word(e.LUI | upper(disp) | SPARE << 7)
            self.r3(e.ADD, SPARE, SPARE, base)
            return near(disp)
        self.number(SPARE, disp)
        self.r3(e.ADD, SPARE, SPARE, base)
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
            self.load_from(e.LD, to, base, disp)
            self.load_from(e.LD, to + 1, base, disp + 8)
        elif self.vectors:
            self.vector_access(VECTOR_LOADS, to, base, disp)
        else:
            self.load_from(e.FLD, SCRATCH, base, disp)
            self.load_from(e.FLD, SCRATCH_HIGH, base, disp + 8)
            self.keep_vector(to)

    def store(self, type: i64, source: i64, base: i64, disp: i64) -> None:
        """[base + disp] <- source"""
        if type != T_V128:
            self.store_to(STORES[type], source, base, disp)
        elif source < FIRST_VECTOR:
            self.store_to(e.SD, source, base, disp)
            self.store_to(e.SD, source + 1, base, disp + 8)
        elif self.vectors:
            self.vector_access(VECTOR_STORES, source, base, disp)
        else:
            self.take_vector(source)
            self.store_to(e.FSD, SCRATCH, base, disp)
            self.store_to(e.FSD, SCRATCH_HIGH, base, disp + 8)

    # ---- v128s in vector registers
    def set_lanes(self, wanted: i64) -> None:
        """What vector instructions work on: a VSETIVLI, or 0 for lanes of any width, sixteen bytes of them."""
        lanes = self.code.lanes
        if wanted == 0:
            if lanes != 0 and lanes >> 20 & 7 == 0:
                return
            wanted = TYPES[3]
        if lanes != wanted:
            self.word(wanted)
            self.code.lanes = wanted

    def vector_access(self, rows: vec[i64], register: i64, base: i64, disp: i64) -> None:
        """A load or store of sixteen bytes: bytes, but in the frame, where they are aligned, lanes of the width that is set."""
        assert base != SPARE or fits12(disp)
        self.set_lanes(0 if base == S0 or base == SP else TYPES[0])
        size: i64 = self.code.lanes >> 23 & 3
        address = base
        if disp != 0:
            self.add(SPARE, base, disp)
            address = SPARE
        self.r2(rows[size], register, address)

    def move_vector(self, to: i64, source: i64) -> None:
        """to <- a v128."""
        if not self.vectors:
            self.take_vector(source)
            self.keep_vector(to)
        elif to != source:
            self.set_lanes(0)
            self.word(VMV1R | (to & 31) << 7 | (source & 31) << 20)

    def vector_number(self, to: i64, low: i64, high: i64) -> None:
        """to <- a constant v128."""
        if not self.vectors:
            self.float_number(T_F64, SCRATCH, low)
            self.float_number(T_F64, SCRATCH_HIGH, high)
            self.keep_vector(to)
        elif low == high and (low == 0 or low == -1):
            self.set_lanes(0)
            self.word(VMV_V_I | (to & 31) << 7 | (low & 31) << 15)
        elif low == high:
            self.number(SPARE, low)
            self.set_lanes(TYPES[3])
            self.r2(VMV_V_X, to, SPARE)
        else:
            self.set_lanes(0)
            size: i64 = self.code.lanes >> 23 & 3
            self.room(UNIT)
            self.code.refer_rodata(self.code.here(), self.code.constant(low, high, 16))
            self.whole(e.AUIPC | SPARE << 7)
            self.whole(e.ADDI | SPARE << 7 | SPARE << 15)
            self.r2(VECTOR_LOADS[size], to, SPARE)

    def slide(self, row: i64, to: i64, source: i64, lanes: i64) -> None:
        """The lanes of a vector, the first of them left out; or upwards, behind as many that `to` keeps."""
        self.word(row | (to & 31) << 7 | lanes << 15 | (source & 31) << 20)

    def halves(self, to: i64, low: i64, high: i64) -> None:
        """to <- 64 bits each of two general registers."""
        self.set_lanes(TYPES[3])
        self.r2(VMV_V_X, to, low)
        self.r2(VMV_V_X, SCRATCH, high)
        self.slide(SLIDE_UP, to, SCRATCH, 1)

    def vector_to_halves(self, source: i64) -> None:
        """a0 and a1 <- a v128"""
        self.set_lanes(TYPES[3])
        self.slide(SLIDE_DOWN, SCRATCH, source, 1)
        self.word(VMV_X_S | A0 << 7 | (source & 31) << 20)
        self.word(VMV_X_S | A1 << 7 | (SCRATCH & 31) << 20)

    # ---- v128s in the frame
    def place(self, register: i64) -> i64:
        """Where the v128 in a register lies from the frame register."""
        return self.area + 16 * AREA[register]

    def take_vector(self, register: i64) -> None:
        """The scratch registers <- a v128."""
        if register != SCRATCH:
            self.imm(e.FLD, SCRATCH, S0, self.place(register))
            self.imm(e.FLD, SCRATCH_HIGH, S0, self.place(register) + 8)

    def keep_vector(self, register: i64) -> None:
        """A v128 <- the scratch registers."""
        if register != SCRATCH:
            self.put(e.FSD, SCRATCH, S0, self.place(register))
            self.put(e.FSD, SCRATCH_HIGH, S0, self.place(register) + 8)

    def exchange_vectors(self, a: i64, b: i64) -> None:
        """Swap two v128s."""
        if self.vectors:
            self.move_vector(SCRATCH, a)
            self.move_vector(a, b)
            self.move_vector(b, SCRATCH)
            return
        half: i64 = 0
        while half < 16:
            self.imm(e.FLD, SCRATCH, S0, self.place(a) + half)
            self.imm(e.FLD, SCRATCH_HIGH, S0, self.place(b) + half)
            self.put(e.FSD, SCRATCH, S0, self.place(b) + half)
            self.put(e.FSD, SCRATCH_HIGH, S0, self.place(a) + half)
            half += 8

    # ---- forward jumps inside one lowering
    def skip(self, condition: i64) -> i64:
        """A jump over a few instructions to a later `land`."""
        self.room(SPAN)
        at = self.code.here()
        self.whole(e.JAL if condition == ALWAYS else e.BRANCH | condition << 12)
        return at

    def land(self, skip: i64) -> None:
        """The jump leads here."""
        self.code.lanes = 0
        distance = self.code.here() - skip
        assert distance <= SPAN
        word = self.code.read(skip)
        if word & 0x7F == 0x6F:
            self.code.patch(skip, jump_word(ZERO, distance))
        else:
            self.code.patch(skip, branch_word(word >> 12 & 0x1FFF, distance))


