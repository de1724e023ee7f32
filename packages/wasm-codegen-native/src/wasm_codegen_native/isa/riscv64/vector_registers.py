"""v128s in vector registers, of machines with V: what `vector_memory`, `shuffle` and canonical NaNs do with them, where others have them in the frame."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.code import shl
from wasm_codegen_native.isa.riscv64.assembler import SLIDE_DOWN, TYPES, VECTOR_LOADS, Assembler
from wasm_codegen_native.isa.riscv64.encodings import ADDI, ANDI, FMV_X_D, FMV_X_W, SLLI, SRLI
from wasm_codegen_native.isa.riscv64.registers import KEPT, SCRATCH, SPARE
from wasm_codegen_native.isa.riscv64.vector_encodings import HALF, VFMV_F_S, VMERGE_VVM, VMERGE_VXM, VMV_S_X, VMV_X_S, word
from wasm_codegen_native.machine import FIRST_VECTOR
from wasm_environ.nans import CANONICAL_F32, CANONICAL_F64, LANES_F64

MASK: Final = 32  # v0
OTHER: Final = 62  # v30
THIRD: Final = 41  # v9
HALF_OF_BYTES: Final[i64] = HALF[0]
EXTENDED: Final[vec[i64]] = vec[i64]([word("VSEXT.VF2 vd, vs2"), word("VZEXT.VF2 vd, vs2")])
GATHER: Final[i64] = word("VRGATHER.VV vd, vs2, vs1")
UNORDERED: Final[i64] = word("VMFNE.VV vd, vs2, vs1")
SIXTEENS: Final = 0x1010101010101010


@final
class VectorRegisters:
    """Writes what no row says. Nothing is allocated here."""

    def __init__(self, asm: Assembler) -> None:
        self.asm: Assembler = asm

    def three(self, row: i64, d: i64, two: i64, one: i64) -> None:
        """vd, vs2, vs1 (or rs1)."""
        self.asm.r3(row, d, one, two)

    # ---- memory
    def access(self, rows: vec[i64], register: i64, base: i64, disp: i64, half: bool) -> None:
        """Bytes from or to memory, sixteen or eight, at addresses of any alignment. The access itself is what may trap."""
        asm = self.asm
        asm.set_lanes(HALF_OF_BYTES if half else TYPES[0])
        if disp != 0:
            asm.imm(ADDI, SPARE, base, disp)
            base = SPARE
        asm.code.mark()
        asm.r2(rows[0], register, base)

    def load_extended(self, to: i64, base: i64, disp: i64, size: i64, unsigned: bool) -> None:
        """Lanes <- lanes of half the width in memory."""
        self.access(VECTOR_LOADS, SCRATCH, base, disp, True)
        self.asm.set_lanes(TYPES[size + 1])
        self.three(EXTENDED[1 if unsigned else 0], to, SCRATCH, 0)

    # ---- single lanes
    def take_lane(self, size: i64, to: i64, source: i64, lane: i64, unsigned: bool) -> None:
        """A general or floating-point register <- a lane."""
        asm = self.asm
        asm.set_lanes(TYPES[size])
        if lane != 0:
            asm.slide(SLIDE_DOWN, SCRATCH, source, lane)
            source = SCRATCH
        self.three(VFMV_F_S if to >= FIRST_VECTOR else VMV_X_S, to, source, 0)
        if unsigned and size == 0:
            asm.imm(ANDI, to, to, 0xFF)
        elif unsigned and size == 1:
            asm.imm(SLLI, to, to, 48)
            asm.imm(SRLI, to, to, 48)

    def put_lane(self, size: i64, to: i64, value: i64, lane: i64) -> None:
        """A lane <- a general or floating-point register."""
        asm = self.asm
        if value >= FIRST_VECTOR:
            asm.r2(FMV_X_D if size == 3 else FMV_X_W, SPARE, value)
            value = SPARE
        self.mask(shl(1, lane), 1 if size == 0 else size)
        asm.set_lanes(TYPES[size])
        self.three(VMERGE_VXM, to, to, value)

    def mask(self, bits: i64, size: i64) -> None:
        """v0 <- a mask of as many bits as an element of this size has."""
        self.asm.number(KEPT, bits)
        self.asm.set_lanes(TYPES[size])
        self.asm.r2(VMV_S_X, MASK, KEPT)

    # ---- all lanes
    def shuffle(self, to: i64, a: i64, b: i64, low: i64, high: i64) -> None:
        """i8x16.shuffle: numbers below sixteen, whatever the length of a register, of one operand or of both, of which a mask chooses."""
        asm = self.asm
        asm.vector_number(SCRATCH, low & ~SIXTEENS, high & ~SIXTEENS)
        asm.set_lanes(TYPES[0])
        seconds = (low | high) & SIXTEENS
        if seconds == 0 or low & high & SIXTEENS == SIXTEENS:
            self.three(GATHER, OTHER, b if seconds != 0 else a, SCRATCH)
            asm.move_vector(to, OTHER)
            return
        self.three(GATHER, OTHER, a, SCRATCH)
        self.three(GATHER, THIRD, b, SCRATCH)
        bits: i64 = 0
        lane: i64 = 0
        while lane < 16:
            bits |= shl((low if lane < 8 else high) >> 8 * (lane & 7) + 4 & 1, lane)
            lane += 1
        self.mask(bits, 1)
        asm.set_lanes(TYPES[0])
        self.three(VMERGE_VVM, to, OTHER, THIRD)

    def canonicalize(self, floats: i64, register: i64) -> None:
        """See `Chapters.canonicalize`; of vectors."""
        self.asm.set_lanes(TYPES[3 if floats == LANES_F64 else 2])
        self.three(UNORDERED, MASK, register, register)
        self.asm.number(SPARE, CANONICAL_F64 if floats == LANES_F64 else CANONICAL_F32)
        self.three(VMERGE_VXM, register, register, SPARE)
