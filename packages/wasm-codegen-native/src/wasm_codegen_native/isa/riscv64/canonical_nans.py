"""Canonical NaNs."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from wasm_codegen_native.chapters import CanonicalNans
from wasm_codegen_native.isa.riscv64.assembler import Assembler
from wasm_codegen_native.isa.riscv64.branches import NE, condition
from wasm_codegen_native.isa.riscv64.encodings import FEQ_D, FEQ_S, FLD, FLW, FSD, FSW
from wasm_codegen_native.isa.riscv64.registers import KEPT, S0, SCRATCH, ZERO
from wasm_codegen_native.isa.riscv64.vector_registers import VectorRegisters
from wasm_codegen_native.machine import T_F32, T_F64
from wasm_environ.nans import CANONICAL_F32, CANONICAL_F64, LANES_F32, LANES_F64, SCALAR_F64


@final
class RiscvCanonicalNans(CanonicalNans):
    """Makes the NaN of a register canonical."""

    def __init__(self, asm: Assembler, registers: VectorRegisters) -> None:
        self.asm: Assembler = asm
        self.registers: VectorRegisters = registers

    def canonicalize(self, floats: i64, register: i64) -> None:
        """See `chapters.CanonicalNans`."""
        asm = self.asm
        if floats < LANES_F32:
            self.of_number(floats == SCALAR_F64, register)
        elif asm.vectors:
            self.registers.canonicalize(floats, register)
        else:
            size: i64 = 8 if floats == LANES_F64 else 4
            at = asm.place(register)
            end = at + 16
            while at < end:
                asm.imm(FLD if size == 8 else FLW, SCRATCH, S0, at)
                self.of_number(size == 8, SCRATCH)
                asm.put(FSD if size == 8 else FSW, SCRATCH, S0, at)
                at += size

    def of_number(self, double: bool, register: i64) -> None:
        """Of one in a floating-point register."""
        self.asm.r3(FEQ_D if double else FEQ_S, KEPT, register, register)
        ordered = self.asm.skip(condition(NE, KEPT, ZERO))
        self.asm.float_number(T_F64 if double else T_F32, register, CANONICAL_F64 if double else CANONICAL_F32)
        self.asm.land(ordered)
