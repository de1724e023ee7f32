"""select."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from wasm_codegen_native.chapters import Chapter
from wasm_codegen_native.isa.riscv64.machine import RiscvMachine
from wasm_codegen_native.isa.riscv64.registers import ZERO
from wasm_codegen_native.machine import T_F32, T_I32
from wasm_codegen_native.values import CONST, FLAGS, REG, Values


@final
class Parametric(Chapter):
    """Lowers select."""

    def __init__(self, machine: RiscvMachine, values: Values) -> None:
        self.machine: RiscvMachine = machine
        self.v: Values = values

    def lower(self, op: i64, kind: i64) -> None:
        """Both operands are computed, so a load's trap is never lost; a jump over the move of the second."""
        v = self.v
        machine = self.machine
        i = v.operands(3)
        condition = v.low[i + 2]
        if v.kind[i + 2] != FLAGS:
            condition = machine.test(T_I32, v.reg(i + 2))
        type = v.type[i]
        if type < T_F32 and machine.zicond:
            self.choose(i, condition, type)
            return
        to = v.own(i)
        other = v.reg(i + 1)
        keep = machine.skip(condition)
        machine.move(type, to, other)
        machine.land(keep)
        v.release(i + 1)
        if v.kind[i + 2] == REG:
            v.release(i + 2)
        v.pop(3)
        v.push_reg(type, to)

    def choose(self, i: i64, condition: i64, type: i64) -> None:
        """Entry i or the next, by Zicond."""
        v = self.v
        a = self.register_or_zero(i)
        b = self.register_or_zero(i + 1)
        target = v.target(type)
        to: i64 = target if target >= 0 else v.low[i] if v.kind[i] == REG else v.alloc(type)
        self.machine.choose(condition, to, a, b)
        k = i
        while k < i + 3:
            if v.kind[k] == REG and v.low[k] != to:
                v.release(k)
            k += 1
        v.finish(3, type, to, target)

    def register_or_zero(self, i: i64) -> i64:
        """Where entry i is."""
        v = self.v
        return ZERO if v.kind[i] == CONST and v.low[i] == 0 else v.reg(i)
