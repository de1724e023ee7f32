"""128-bit arithmetic (wide-arithmetic): two results, which no row has."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from wasm_codegen_native.chapters import Chapter
from wasm_codegen_native.isa.riscv64.assembler import Assembler
from wasm_codegen_native.isa.riscv64.encodings import ADD, MUL, MULH, MULHU, SLTU, SUB
from wasm_codegen_native.isa.riscv64.registers import SPARE
from wasm_codegen_native.machine import T_I64
from wasm_codegen_native.values import Values
from wasm_environ.op import I64_ADD128, I64_MUL_WIDE_S, I64_MUL_WIDE_U


@final
class WideArithmetic(Chapter):
    """Lowers i64.add128 i64.sub128 i64.mul_wide_s i64.mul_wide_u."""

    def __init__(self, asm: Assembler, values: Values) -> None:
        self.asm: Assembler = asm
        self.v: Values = values

    def lower(self, op: i64, kind: i64) -> None:
        """Lower one op: its results go to new registers, as they are written before all operands are read."""
        v = self.v
        asm = self.asm
        multiplies = op == I64_MUL_WIDE_S or op == I64_MUL_WIDE_U
        operands: i64 = 4
        if multiplies:
            operands = 2
        i = v.operands(operands)
        a = v.reg(i)
        b = v.reg(i + 1)
        if multiplies:
            low = v.alloc(T_I64)
            high = v.alloc(T_I64)
            asm.r3(MUL, low, a, b)
            asm.r3(MULH if op == I64_MUL_WIDE_S else MULHU, high, a, b)
        else:
            other_low = v.reg(i + 2)
            other_high = v.reg(i + 3)
            low = v.alloc(T_I64)
            high = v.alloc(T_I64)
            adds = op == I64_ADD128
            asm.r3(ADD if adds else SUB, low, a, other_low)
            asm.r3(SLTU, SPARE, low if adds else a, other_low)  # what is carried, or borrowed
            asm.r3(ADD if adds else SUB, high, b, other_high)
            asm.r3(ADD if adds else SUB, high, high, SPARE)
        v.drop(operands)
        v.push_reg(T_I64, low)
        v.push_reg(T_I64, high)
