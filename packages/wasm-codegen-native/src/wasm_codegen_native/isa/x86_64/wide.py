"""128-bit arithmetic (wide-arithmetic): two results, which no row has."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from wasm_codegen_native.chapters import Chapter
from wasm_codegen_native.isa.x86_64.assembler import Assembler
from wasm_codegen_native.isa.x86_64.encodings import ADC, ADD, IMUL_WIDE, MUL, SBB, SUB
from wasm_codegen_native.isa.x86_64.notation import W
from wasm_codegen_native.isa.x86_64.registers import RAX, RDX
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
        """Lower one op."""
        v = self.v
        asm = self.asm
        if op == I64_MUL_WIDE_S or op == I64_MUL_WIDE_U:
            i = v.operands(2)
            v.place(i, RAX)
            v.take(RDX)
            asm.rr((IMUL_WIDE if op == I64_MUL_WIDE_S else MUL) | W, 0, v.reg(i + 1))
            v.release(i + 1)
            v.pop(2)
            v.push_reg(T_I64, RAX)
            v.push_reg(T_I64, RDX)
            return
        i = v.operands(4)
        low = v.own(i)
        high = v.own(i + 1)
        other_low = v.reg(i + 2)
        other_high = v.reg(i + 3)
        asm.rr((ADD if op == I64_ADD128 else SUB) | W, low, other_low)
        asm.rr((ADC if op == I64_ADD128 else SBB) | W, high, other_high)
        v.release(i + 2)
        v.release(i + 3)
        v.pop(4)
        v.push_reg(T_I64, low)
        v.push_reg(T_I64, high)
