"""Canonical NaNs."""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from wasm_codegen_native.chapters import CanonicalNans
from wasm_codegen_native.isa.s390x.assembler import Assembler
from wasm_codegen_native.isa.s390x.encodings import OVERFLOW as UNORDERED
from wasm_codegen_native.isa.s390x.encodings import VSEL, WFCDB, WFCSB
from wasm_codegen_native.isa.s390x.machine import S390xMachine
from wasm_codegen_native.isa.s390x.registers import SCRATCH, V7
from wasm_codegen_native.isa.s390x.vector_encodings import word
from wasm_codegen_native.isa.s390x.vector_memory import VectorMemory
from wasm_codegen_native.machine import T_F32, T_F64, T_V128
from wasm_environ.nans import CANONICAL_F32, CANONICAL_F64, LANES_F64, SCALAR_F32, SCALAR_F64

VFCESB: Final[i64] = word("VFCESB V1, V2, V3")
VFCEDB: Final[i64] = word("VFCEDB V1, V2, V3")


@final
class S390xCanonicalNans(CanonicalNans):
    """Makes the NaN of a register canonical."""

    def __init__(self, machine: S390xMachine, turning: VectorMemory) -> None:
        self.asm: Assembler = machine.asm
        self.machine: S390xMachine = machine
        self.turning: VectorMemory = turning

    def canonicalize(self, floats: i64, register: i64) -> None:
        """See `chapters.CanonicalNans`."""
        if floats != SCALAR_F32 and floats != SCALAR_F64:
            self.canonicalize_lanes(floats == LANES_F64, register)
            return
        double = floats == SCALAR_F64
        self.asm.vector(WFCDB if double else WFCSB, register, register, 0)
        ordered = self.asm.skip(UNORDERED + 1)
        if double:
            self.asm.float_number(T_F64, register, CANONICAL_F64, 0)
        else:
            self.asm.float_number(T_F32, register, CANONICAL_F32, 0)
        self.asm.land(ordered)

    def canonicalize_lanes(self, double: bool, register: i64) -> None:
        """The same of every lane; its bytes are in wasm's order, and those of the canonical NaN."""
        asm = self.asm
        self.machine.move(T_V128, SCRATCH, register)
        self.turning.turn(SCRATCH, 64 if double else 32)
        asm.vector(VFCEDB if double else VFCESB, SCRATCH, SCRATCH, SCRATCH)
        if double:
            asm.float_number(T_V128, V7, CANONICAL_F64, CANONICAL_F64)
        else:
            twice = CANONICAL_F32 << 32 | CANONICAL_F32
            asm.float_number(T_V128, V7, twice, twice)
        asm.four(VSEL, register, register, V7, SCRATCH)
