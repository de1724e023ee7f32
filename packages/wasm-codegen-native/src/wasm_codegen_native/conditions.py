"""Conditions as values: kept for the branch or select that follows, else 0 or 1. And i64.extend_i32_u, which is no instruction anywhere."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from wasm_codegen_native.machine import T_I32, T_I64, Machine
from wasm_codegen_native.values import CONST, FLAGS, Values
from wasm_environ.body import OP_MASK, WORDS
from wasm_environ.op import BR_IF, I32_EQZ, IF, SELECT, SELECT_VALTYPES


@final
class Conditions:
    """What becomes of a condition that an op computed."""

    def __init__(self, machine: Machine, values: Values) -> None:
        self.machine: Machine = machine
        self.v: Values = values

    def conclude(self, condition: i64) -> None:
        """A condition was computed: keep it as flags for the branch or select that follows, else as 0 or 1."""
        v = self.v
        condition = self.machine.keep(condition)
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
        self.machine.set_condition(condition, to)
        v.finish(0, T_I32, to, target)

    def extend_unsigned(self) -> None:
        """i64.extend_i32_u: where an i32 is kept zero-extended (elsewhere there are rows), there is nothing to do but to say so."""
        v = self.v
        i = v.operands(1)
        if v.kind[i] == CONST:
            v.low[i] &= 0xFFFFFFFF
        elif v.in_reg(i) < 0:
            v.reg(i)
        v.type[i] = T_I64
