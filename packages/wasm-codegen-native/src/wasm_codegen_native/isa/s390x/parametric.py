"""select."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from wasm_codegen_native.chapters import Chapter
from wasm_codegen_native.isa.s390x.assembler import Assembler
from wasm_codegen_native.isa.s390x.encodings import LOCGR, NOT_EQUAL, condition_mask
from wasm_codegen_native.machine import T_F32, T_I32
from wasm_codegen_native.values import FLAGS, REG, Values


@final
class Parametric(Chapter):
    """Lowers select."""

    def __init__(self, asm: Assembler, values: Values) -> None:
        self.asm: Assembler = asm
        self.v: Values = values

    def lower(self, op: i64, kind: i64) -> None:
        """Both operands are computed, so a load's trap is never lost."""
        v = self.v
        i = v.operands(3)
        condition: i64 = NOT_EQUAL
        if v.kind[i + 2] == FLAGS:
            condition = v.low[i + 2]
        else:
            condition = v.machine.test(T_I32, v.reg(i + 2))
        v.keep_flags = True
        type = v.type[i]
        to = v.own(i)
        other = v.reg(i + 1)
        v.keep_flags = False
        if type >= T_F32:
            keep = self.asm.skip(condition)
            v.machine.move(type, to, other)
            self.asm.land(keep)
        else:
            self.asm.three(LOCGR, to, other, condition_mask(condition ^ 1))
        v.release(i + 1)
        if v.kind[i + 2] == REG:
            v.release(i + 2)
        v.pop(3)
        v.push_reg(type, to)
