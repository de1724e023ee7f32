"""128-bit arithmetic (wide-arithmetic): two results, which no row has."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from wasm_codegen_native.chapters import Chapter
from wasm_codegen_native.isa.s390x.assembler import Assembler
from wasm_codegen_native.isa.s390x.encodings import ALCGR, ALGRK, LGR, MGRK, MLGR, SLBGR, SLGRK
from wasm_codegen_native.isa.s390x.registers import R0, R1
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
        if op == I64_MUL_WIDE_S or op == I64_MUL_WIDE_U:
            self.multiply(op == I64_MUL_WIDE_S)
        else:
            self.add(op == I64_ADD128)

    def multiply(self, signed: bool) -> None:
        """The product is in the pair r0, r1."""
        v = self.v
        asm = self.asm
        i = v.operands(2)
        v.take(R1)
        a = v.reg(i)
        b = v.reg(i + 1)
        if signed:
            asm.three(MGRK, R0, a, b)
        else:
            asm.two(LGR, R1, a)
            asm.two(MLGR, R0, b)
        v.drop(2)
        high = v.alloc(T_I64)
        asm.two(LGR, high, R0)
        v.push_reg(T_I64, R1)
        v.push_reg(T_I64, high)

    def add(self, adds: bool) -> None:
        """The results go to new registers, as they are written before all operands are read. The high half of one takes over the first operand's."""
        v = self.v
        asm = self.asm
        i = v.operands(4)
        a = v.reg(i)
        high = v.own(i + 1)
        other_low = v.reg(i + 2)
        other_high = v.reg(i + 3)
        low = v.alloc(T_I64)
        asm.three(ALGRK if adds else SLGRK, low, a, other_low)
        asm.two(ALCGR if adds else SLBGR, high, other_high)
        v.take_over(i + 1)
        v.drop(4)
        v.push_reg(T_I64, low)
        v.push_reg(T_I64, high)
