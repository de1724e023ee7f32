"""Integer ops that no row says: division (`divide`), 128-bit arithmetic (`bits`), and conditions as values."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from wasm_codegen_native.isa.x86_64.assembler import Assembler
from wasm_codegen_native.isa.x86_64.bits import Bits
from wasm_codegen_native.isa.x86_64.divide import Divide
from wasm_codegen_native.isa.x86_64.encodings import MOVZX8, SETCC
from wasm_codegen_native.kinds import DIVISION, EXTEND_U, NUMBER, TYPE
from wasm_codegen_native.machine import T_I32, T_I64
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import CONST, FLAGS, REG, Values
from wasm_environ.body import OP_MASK, WORDS
from wasm_environ.op import BR_IF, I32_EQZ, IF, SELECT, SELECT_VALTYPES


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
        elif kind == EXTEND_U:
            self.extend_unsigned()
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

    def conclude(self, condition: i64) -> None:
        """A condition was computed: keep it as flags for the branch or select that follows, else as 0 or 1."""
        v = self.v
        if v.fuse:
            op = v.ops[v.pc] & OP_MASK
            while op == I32_EQZ:
                condition ^= 1
                v.pc += WORDS
                op = v.ops[v.pc] & OP_MASK
            if op == BR_IF or op == IF or op == SELECT or op == SELECT_VALTYPES:
                v.push(FLAGS, T_I32, condition)
                return
        self.materialize(condition)

    def materialize(self, condition: i64) -> None:
        """Push the condition as 0 or 1."""
        v = self.v
        v.operands(0)
        target = v.target(T_I32)
        to: i64 = target if target >= 0 else v.alloc(T_I32)
        self.set_condition(condition, to)
        v.finish(0, T_I32, to, target)

    def set_condition(self, condition: i64, to: i64) -> None:
        """to <- 1 if the condition holds, else 0."""
        if condition >= 0x10:
            over = self.asm.skip(0xA)  # unordered
            self.asm.rr(SETCC | 4 | condition & 1, 0, to)
            done = self.asm.skip(-1)
            self.asm.land(over)
            self.asm.rr(SETCC | 0xA | (condition & 1 ^ 1), 0, to)  # the parity flag is set here
            self.asm.land(done)
        else:
            self.asm.rr(SETCC | condition, 0, to)
        self.asm.rr(MOVZX8, to, to)

    def done_one(self, i: i64, type: i64, to: i64, target: i64) -> None:
        """Release the operand but the result, and push it."""
        v = self.v
        if v.kind[i] == REG and v.low[i] != to:
            v.release(i)
        v.finish(1, type, to, target)

    def extend_unsigned(self) -> None:
        """i64.extend_i32_u: every i32 is kept zero-extended, so there is nothing to do but to say so."""
        v = self.v
        i = v.operands(1)
        if v.kind[i] == CONST:
            v.low[i] &= 0xFFFFFFFF
        elif v.in_reg(i) < 0:
            v.reg(i)
        v.type[i] = T_I64
