"""Canonical NaNs."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.chapters import CanonicalNans
from wasm_codegen_native.isa.aarch64.assembler import Assembler
from wasm_codegen_native.isa.aarch64.encodings import FCMP, VC
from wasm_codegen_native.isa.aarch64.notation import D
from wasm_codegen_native.isa.aarch64.registers import SCRATCH
from wasm_codegen_native.isa.aarch64.vector_encodings import MOV_V, word
from wasm_codegen_native.machine import T_F32, T_F64
from wasm_environ.nans import CANONICAL_F32, CANONICAL_F64, LANES_F64, SCALAR_F32, SCALAR_F64

# What leaves the canonical NaN in the lanes that hold one; v31 is all ones there after NOT, then the NaN's bits, with the last shift.
AND_V: Final[i64] = word("AND Vd.16B, Vn.16B, Vm.16B")
NOT_V: Final[i64] = word("NOT Vd.16B, Vn.16B")
CANONICAL_4S: Final[vec[i64]] = vec[i64]([
    word("FCMEQ Vd.4S, Vn.4S, Vm.4S"), word("SHL Vd.4S, Vn.4S, vleft32") | (32 + 23) << 16, word("USHR Vd.4S, Vn.4S, vright32") | (64 - 1) << 16,
])  # fmt: skip
CANONICAL_2D: Final[vec[i64]] = vec[i64]([
    word("FCMEQ Vd.2D, Vn.2D, Vm.2D"), word("SHL Vd.2D, Vn.2D, vleft64") | (64 + 52) << 16, word("USHR Vd.2D, Vn.2D, vright64") | (128 - 1) << 16,
])  # fmt: skip


@final
class Arm64CanonicalNans(CanonicalNans):
    """Makes the NaN of a register canonical."""

    def __init__(self, asm: Assembler) -> None:
        self.asm: Assembler = asm

    def canonicalize(self, floats: i64, register: i64) -> None:
        """See `chapters.CanonicalNans`."""
        if floats != SCALAR_F32 and floats != SCALAR_F64:
            self.canonicalize_lanes(CANONICAL_2D if floats == LANES_F64 else CANONICAL_4S, register)
            return
        double = floats == SCALAR_F64
        self.asm.compare(FCMP | D if double else FCMP, register, register)
        ordered = self.asm.skip(VC)
        if double:
            self.asm.float_number(T_F64, register, CANONICAL_F64, 0)
        else:
            self.asm.float_number(T_F32, register, CANONICAL_F32, 0)
        self.asm.land(ordered)

    def canonicalize_lanes(self, rows: vec[i64], register: i64) -> None:
        """The same of every lane."""
        asm = self.asm
        asm.r3(rows[0], SCRATCH, register, register)
        asm.r3(AND_V, register, register, SCRATCH)
        asm.r2(NOT_V, SCRATCH, SCRATCH)
        asm.r2(rows[1], SCRATCH, SCRATCH)
        asm.r2(rows[2], SCRATCH, SCRATCH)
        asm.r3(MOV_V, register, register, SCRATCH)
