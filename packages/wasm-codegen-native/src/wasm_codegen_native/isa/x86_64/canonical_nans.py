"""Canonical NaNs."""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from wasm_codegen_native.chapters import CanonicalNans
from wasm_codegen_native.code import Code
from wasm_codegen_native.isa.x86_64.assembler import Assembler
from wasm_codegen_native.isa.x86_64.encodings import ANDPS, CC_NP, MOVSD_LOAD, MOVSS_LOAD, ORPS, UCOMISD, UCOMISS, XORPS
from wasm_codegen_native.isa.x86_64.registers import SCRATCH
from wasm_codegen_native.isa.x86_64.vector_encodings import CMPPD, CMPPS
from wasm_environ.nans import CANONICAL_F32, CANONICAL_F64, LANES_F32, LANES_F64, SCALAR_F64

UNORDERED: Final = 3  # of CMPPS


@final
class X86CanonicalNans(CanonicalNans):
    """Makes the NaN of a register canonical."""

    def __init__(self, asm: Assembler) -> None:
        self.asm: Assembler = asm
        self.code: Code = asm.code

    def canonicalize(self, floats: i64, register: i64) -> None:
        """See `chapters.CanonicalNans`."""
        if floats >= LANES_F32:
            self.canonical_lanes(floats == LANES_F64, register)
        else:
            self.canonical(floats == SCALAR_F64, register)

    def canonical(self, double: bool, register: i64) -> None:
        """A NaN becomes the canonical one. A branch that is predicted, so that the usual value need not wait for the comparison."""
        asm = self.asm
        asm.v2(UCOMISD if double else UCOMISS, register, register)
        ordered = asm.skip(CC_NP)
        if double:
            asm.v3r(MOVSD_LOAD, register, register, self.code.constant(CANONICAL_F64, 0, 8))
        else:
            asm.v3r(MOVSS_LOAD, register, register, self.code.constant(CANONICAL_F32, 0, 4))
        asm.land(ordered)

    def canonical_lanes(self, double: bool, register: i64) -> None:
        """NaN lanes become the canonical NaN: all ones first, then without the bits that it does not have."""
        asm = self.asm
        asm.v3(CMPPD if double else CMPPS, SCRATCH, register, register)
        self.code.byte(UNORDERED)
        asm.v3(ORPS, register, register, SCRATCH)
        others: i64 = -CANONICAL_F64 - 1 if double else pair(0xFFFFFFFF - CANONICAL_F32)
        asm.v3r(ANDPS, SCRATCH, SCRATCH, self.code.constant(others, others, 16))
        asm.v3(XORPS, register, register, SCRATCH)


def pair(word: i64) -> i64:
    """A 32-bit pattern twice, as a signed 64-bit number."""
    if word >= 0x80000000:
        return (word - 0x100000000) * 0x100000000 + word
    return word * 0x100000000 + word
