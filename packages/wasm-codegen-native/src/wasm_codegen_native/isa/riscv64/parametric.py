"""select."""

from __future__ import annotations

from typing import final

from wasm_codegen_native.isa.riscv64.assembler import Assembler
from wasm_codegen_native.machine import T_I32
from wasm_codegen_native.values import FLAGS, REG, Values


@final
class Parametric:
    """Lowers select."""

    def __init__(self, asm: Assembler, values: Values) -> None:
        self.asm: Assembler = asm
        self.v: Values = values

    def select(self) -> None:
        """Both operands are computed, so a load's trap is never lost; a jump over the move of the second."""
        v = self.v
        i = v.operands(3)
        condition = v.low[i + 2]
        if v.kind[i + 2] != FLAGS:
            condition = v.machine.test(T_I32, v.reg(i + 2))
        type = v.type[i]
        to = v.own(i)
        other = v.reg(i + 1)
        keep = v.machine.skip(condition)
        v.machine.move(type, to, other)
        v.machine.land(keep)
        v.release(i + 1)
        if v.kind[i + 2] == REG:
            v.release(i + 2)
        v.pop(3)
        v.push_reg(type, to)
