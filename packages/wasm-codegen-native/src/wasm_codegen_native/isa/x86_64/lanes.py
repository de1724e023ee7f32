"""Lanes whose instruction depends on which lane it is; those for which it does not are rows of `vector`."""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from wasm_codegen_native.code import Code
from wasm_codegen_native.isa.x86_64.assembler import Assembler
from wasm_codegen_native.isa.x86_64.encodings import MOVD_FROM
from wasm_codegen_native.isa.x86_64.notation import W
from wasm_codegen_native.isa.x86_64.vector_encodings import INSERTPS, MOVSD_LOW, PEXTRD, PSHUFD, PUNPCKLQDQ
from wasm_codegen_native.machine import T_F32, T_F64, T_I32, T_I64, T_V128
from wasm_codegen_native.values import Values
from wasm_environ.body import WORDS
from wasm_environ.op import F32X4_EXTRACT_LANE, F32X4_REPLACE_LANE, F64X2_EXTRACT_LANE, I32X4_EXTRACT_LANE, I64X2_EXTRACT_LANE

OPS: Final = ("i32x4.extract_lane", "i64x2.extract_lane", "f32x4.extract_lane", "f64x2.extract_lane", "f32x4.replace_lane", "f64x2.replace_lane")


@final
class Lanes:
    """Lowers OPS."""

    def __init__(self, asm: Assembler, values: Values) -> None:
        self.asm: Assembler = asm
        self.code: Code = asm.code
        self.v: Values = values

    def lower(self, op: i64) -> None:
        """Lower one op."""
        lane = self.v.ops[self.v.pc - WORDS + 1]
        if op == I32X4_EXTRACT_LANE:
            self.extract(0, T_I32, lane)
        elif op == I64X2_EXTRACT_LANE:
            self.extract(W, T_I64, lane)
        elif op == F32X4_EXTRACT_LANE:
            self.extract_float(T_F32, lane, lane)
        elif op == F64X2_EXTRACT_LANE:
            self.extract_float(T_F64, lane, 0xEE)
        else:
            self.replace_float(op == F32X4_REPLACE_LANE, lane)

    def extract(self, wide: i64, type: i64, lane: i64) -> None:
        """An integer lane to a general register; the lowest by a move."""
        v = self.v
        i = v.operands(1)
        register = v.reg(i)
        target = v.target(type)
        to: i64 = target if target >= 0 else v.alloc(type)
        if lane == 0:
            self.asm.v2(MOVD_FROM | wide, register, to)
        else:
            self.asm.v2(PEXTRD | wide, register, to)
            self.code.byte(lane)
        v.release(i)
        v.finish(1, type, to, target)

    def extract_float(self, type: i64, lane: i64, order: i64) -> None:
        """A float lane to the lowest, where it may be already; `order` is PSHUFD's."""
        v = self.v
        i = v.operands(1)
        to = v.own(i)
        if lane != 0:
            self.asm.v2(PSHUFD, to, to)
            self.code.byte(order)
        v.pop(1)
        v.push_reg(type, to)

    def replace_float(self, single: bool, lane: i64) -> None:
        """A float lane from the lowest of a register."""
        v = self.v
        i = v.operands(2)
        to = v.own(i)
        source = v.reg(i + 1)
        if single:
            self.asm.v3(INSERTPS, to, to, source)
            self.code.byte(lane << 4)
        else:
            self.asm.v3(MOVSD_LOW if lane == 0 else PUNPCKLQDQ, to, to, source)
        v.release(i + 1)
        v.pop(2)
        v.push_reg(T_V128, to)
