"""select."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from wasm_codegen_native.chapters import Chapter
from wasm_codegen_native.isa.x86_64.assembler import Assembler
from wasm_codegen_native.isa.x86_64.encodings import CC_E, CC_NE, CC_P, CMOVCC, TEST
from wasm_codegen_native.isa.x86_64.notation import W
from wasm_codegen_native.isa.x86_64.registers import RBP
from wasm_codegen_native.machine import T_F32, T_I64
from wasm_codegen_native.values import CONST, FLAGS, REG, Values


@final
class Parametric(Chapter):
    """Lowers select."""

    def __init__(self, asm: Assembler, values: Values) -> None:
        self.asm: Assembler = asm
        self.v: Values = values

    def lower(self, op: i64, kind: i64) -> None:
        """select: both operands are computed, so a load's trap is never lost. CMOV, or a jump around a move."""
        v = self.v
        asm = self.asm
        i = v.operands(3)
        condition: i64 = CC_NE
        if v.kind[i + 2] == FLAGS:
            condition = v.low[i + 2]
        else:
            register = v.reg(i + 2)
            # Constants are loaded before the test, which sets the flags.
            asm.rr(TEST, register, register)
        v.keep_flags = True
        type = v.type[i]
        to = v.own(i)
        if type >= T_F32 or condition >= 0x10:
            other = v.reg(i + 1)
            self.select_by_jump(condition, type, to, other)
        else:
            self.select_by_move(condition ^ 1, W if type == T_I64 else 0, to, i + 1)
        v.keep_flags = False
        v.release(i + 1)
        if v.kind[i + 2] == REG:
            v.release(i + 2)
        v.pop(3)
        v.push_reg(type, to)

    def select_by_move(self, condition: i64, w: i64, to: i64, other: i64) -> None:
        """to <- entry `other` if the condition holds."""
        v = self.v
        if v.kind[other] == CONST or v.in_reg(other) >= 0:
            self.asm.rr(CMOVCC | condition | w, to, v.reg(other))
        else:
            self.asm.rm(CMOVCC | condition | w, to, RBP, v.memory_disp(other))

    def select_by_jump(self, condition: i64, type: i64, to: i64, other: i64) -> None:
        """to <- other unless the condition holds."""
        asm = self.asm
        machine = self.v.machine
        if condition >= 0x10:
            equal = (condition & 1) == 0
            # equal: keep `to` if ZF and not PF; not equal: keep it if not ZF or PF.
            if equal:
                unordered = asm.skip(CC_P)
                keep = asm.skip(CC_E)
                asm.land(unordered)
                machine.move(type, to, other)
                asm.land(keep)
            else:
                keep = asm.skip(CC_P)
                keep_too = asm.skip(CC_NE)
                machine.move(type, to, other)
                asm.land(keep)
                asm.land(keep_too)
        else:
            keep = asm.skip(condition)
            machine.move(type, to, other)
            asm.land(keep)
