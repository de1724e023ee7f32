"""Integer ops that no row says: division (`divide`) and 128-bit arithmetic (`bits`)."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from wasm_codegen_native.isa.x86_64.assembler import Assembler
from wasm_codegen_native.isa.x86_64.bits import Bits
from wasm_codegen_native.isa.x86_64.divide import Divide
from wasm_codegen_native.kinds import DIVISION, NUMBER, TYPE
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import REG, Values


@final
class Integer:
    """Lowers integer ops of the value stack's top."""

    def __init__(self, asm: Assembler, values: Values, traps: Traps) -> None:
        self.asm: Assembler = asm
        self.v: Values = values
        self.divide: Divide = Divide(asm, values, traps)
        self.bits: Bits = Bits(asm, values)

    def lower(self, op: i64, kind: i64) -> None:
        """Lower one op."""
        if kind == DIVISION:
            self.divide.lower(NUMBER[op], TYPE[op])
        else:
            self.bits.wide_arithmetic(op)

    def done(self, i: i64, type: i64, to: i64, target: i64) -> None:
        """Release the two operands but the result, and push it."""
        v = self.v
        if v.kind[i] == REG and v.low[i] != to:
            v.release(i)
        if v.kind[i + 1] == REG and v.low[i + 1] != to:
            v.release(i + 1)
        v.finish(2, type, to, target)

    def done_one(self, i: i64, type: i64, to: i64, target: i64) -> None:
        """Release the operand but the result, and push it."""
        v = self.v
        if v.kind[i] == REG and v.low[i] != to:
            v.release(i)
        v.finish(1, type, to, target)
