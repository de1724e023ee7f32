"""128-bit arithmetic (wide-arithmetic): two results, which no row has."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from wasm_codegen_native.chapters import Chapter
from wasm_codegen_native.isa.aarch64.assembler import Assembler
from wasm_codegen_native.isa.aarch64.encodings import ADC, ADDS, MUL, SBC, SMULH, SUBS, UMULH
from wasm_codegen_native.isa.aarch64.notation import X
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
            asm.r3(MUL | X, low, a, b)
            asm.r3(SMULH if op == I64_MUL_WIDE_S else UMULH, high, a, b)
        else:
            other_low = v.reg(i + 2)
            other_high = v.reg(i + 3)
            low = v.alloc(T_I64)
            high = v.alloc(T_I64)
            adds = op == I64_ADD128
            asm.r3(ADDS | X if adds else SUBS | X, low, a, other_low)
            asm.r3(ADC | X if adds else SBC | X, high, b, other_high)
        v.drop(operands)
        v.push_reg(T_I64, low)
        v.push_reg(T_I64, high)
