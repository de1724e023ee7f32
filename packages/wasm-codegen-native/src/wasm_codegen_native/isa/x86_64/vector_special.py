"""v128 ops that are more than one instruction: lanes, shuffles, reductions. Arithmetic is in vector_arithmetic."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from wasm_codegen_native.code import Code
from wasm_codegen_native.conditions import Conditions
from wasm_codegen_native.isa.x86_64 import vector_encodings as e
from wasm_codegen_native.isa.x86_64.assembler import Assembler
from wasm_codegen_native.isa.x86_64.encodings import CC_E, CC_NE, MOVAPS, MOVD_FROM, MOVD_TO, MOVSX8, MOVSX16, MOVZX8
from wasm_codegen_native.isa.x86_64.integer import Integer
from wasm_codegen_native.isa.x86_64.notation import W
from wasm_codegen_native.isa.x86_64.registers import SCRATCH
from wasm_codegen_native.isa.x86_64.vector_forms import ALL_TRUE, ANY_TRUE, BITSELECT, LANE, NOT, SHUFFLE, SPLAT, SWIZZLE
from wasm_codegen_native.machine import T_F32, T_F64, T_I32, T_I64, T_V128
from wasm_codegen_native.values import Values
from wasm_environ.body import WORDS
from wasm_environ.op import (
    F32X4_EXTRACT_LANE,
    F32X4_REPLACE_LANE,
    F64X2_EXTRACT_LANE,
    I8X16_EXTRACT_LANE_S,
    I8X16_EXTRACT_LANE_U,
    I8X16_REPLACE_LANE,
    I16X8_EXTRACT_LANE_S,
    I16X8_EXTRACT_LANE_U,
    I16X8_REPLACE_LANE,
    I32X4_EXTRACT_LANE,
    I32X4_REPLACE_LANE,
    I64X2_EXTRACT_LANE,
    I64X2_REPLACE_LANE,
)  # fmt: skip


@final
class VectorSpecial:
    """See the module's docstring."""

    def __init__(self, asm: Assembler, values: Values, integer: Integer, conditions: Conditions, features: frozenset[str]) -> None:
        self.asm: Assembler = asm
        self.code: Code = asm.code
        self.v: Values = values
        self.integer: Integer = integer
        self.conditions: Conditions = conditions
        self.avx2: bool = asm.avx and "avx2" in features

    def lower(self, op: i64, form: i64, n: i64) -> None:
        """Lower an op, which is number n of its form."""
        if form == LANE:
            self.lane(op, self.v.ops[self.v.pc - WORDS + 1])
        elif form == SPLAT:
            self.splat(n)
        elif form == SHUFFLE:
            p = self.v.pc - WORDS
            self.shuffle(self.v.ops[p + 1], self.v.ops[p + 2])
        elif form == SWIZZLE:
            self.swizzle()
        elif form == NOT:
            self.invert()
        elif form == BITSELECT:
            self.bitselect()
        elif form == ANY_TRUE:
            self.any_true()
        elif form == ALL_TRUE:
            self.all_true(n)
        else:
            self.bitmask(n)

    def done_one(self, i: i64, to: i64, target: i64) -> None:
        """Release the operand but the result, and push it."""
        self.integer.done_one(i, T_V128, to, target)

    def done_two(self, i: i64, to: i64, target: i64) -> None:
        """Release two operands but the result, and push it."""
        self.integer.done(i, T_V128, to, target)

    # ---- whole vectors
    def invert(self) -> None:
        """v128.not"""
        v = self.v
        i = v.operands(1)
        to = v.own(i)
        self.asm.v3(e.PCMPEQD, SCRATCH, SCRATCH, SCRATCH)
        self.asm.v3(e.PXOR, to, to, SCRATCH)
        self.done_one(i, to, -1)

    def bitselect(self) -> None:
        """(a and mask) or (b and not mask); relaxed laneselect too."""
        v = self.v
        asm = self.asm
        i = v.operands(3)
        a = v.own(i)
        b = v.reg(i + 1)
        mask = v.reg(i + 2)
        asm.v2(MOVAPS, SCRATCH, mask)
        asm.v3(e.PANDN, SCRATCH, SCRATCH, b)
        asm.v3(e.PAND, a, a, mask)
        asm.v3(e.POR, a, a, SCRATCH)
        v.release(i + 1)
        v.release(i + 2)
        v.pop(3)
        v.push_reg(T_V128, a)

    def any_true(self) -> None:
        """v128.any_true"""
        v = self.v
        i = v.operands(1)
        register = v.reg(i)
        self.asm.v2(e.PTEST, register, register)
        v.drop(1)
        self.conditions.conclude(CC_NE)

    def all_true(self, width: i64) -> None:
        """all_true: no lane equals zero."""
        v = self.v
        i = v.operands(1)
        register = v.reg(i)
        row: i64 = e.PCMPEQB
        if width == 1:
            row = e.PCMPEQW
        elif width == 2:
            row = e.PCMPEQD
        elif width == 3:
            row = e.PCMPEQQ
        self.asm.v3(e.PXOR, SCRATCH, SCRATCH, SCRATCH)
        self.asm.v3(row, SCRATCH, SCRATCH, register)
        self.asm.v2(e.PTEST, SCRATCH, SCRATCH)
        v.drop(1)
        self.conditions.conclude(CC_E)

    def bitmask(self, width: i64) -> None:
        """bitmask: the lanes' sign bits."""
        v = self.v
        i = v.operands(1)
        register = v.reg(i)
        to = v.alloc(T_I32)
        if width == 0:
            self.asm.v2(e.PMOVMSKB, to, register)
        elif width == 1:
            self.asm.v3(e.PACKSSWB, SCRATCH, register, register) if self.asm.avx else self.pack(register)
            self.asm.v2(e.PMOVMSKB, to, SCRATCH)
            self.asm.rr(MOVZX8, to, to)
        else:
            self.asm.v2(e.MOVMSKPS if width == 2 else e.MOVMSKPD, to, register)
        v.drop(1)
        v.push_reg(T_I32, to)

    def pack(self, register: i64) -> None:
        """SCRATCH <- the 16-bit lanes as bytes, twice."""
        self.asm.v2(MOVAPS, SCRATCH, register)
        self.asm.v3(e.PACKSSWB, SCRATCH, SCRATCH, SCRATCH)

    # ---- lanes
    def splat(self, n: i64) -> None:
        """splat: n = i8x16 i16x8 i32x4 i64x2 f32x4 f64x2"""
        v = self.v
        i = v.operands(1)
        to = v.alloc(T_V128)
        source = v.reg(i)
        if n <= 3:
            self.asm.v2(MOVD_TO | W if n == 3 else MOVD_TO, to, source)
            source = to
        self.spread(n, to, source)
        v.drop(1)
        v.push_reg(T_V128, to)

    def spread(self, n: i64, to: i64, source: i64) -> None:
        """Every lane of `to` <- the lowest of `source`."""
        asm = self.asm
        if n == 0:
            if self.avx2:
                asm.v2(e.VPBROADCASTB, to, source)
            else:
                self.copy(to, source)
                asm.v3(e.PXOR, SCRATCH, SCRATCH, SCRATCH)
                asm.v3(e.PSHUFB, to, to, SCRATCH)
        elif n == 1:
            if self.avx2:
                asm.v2(e.VPBROADCASTW, to, source)
            else:
                asm.v2(e.PSHUFLW, to, source)
                self.code.byte(0)
                asm.v2(e.PSHUFD, to, to)
                self.code.byte(0)
        elif n == 2 or n == 4:
            asm.v2(e.PSHUFD, to, source)
            self.code.byte(0)
        else:
            asm.v2(e.PSHUFD, to, source)
            self.code.byte(0x44)

    def copy(self, to: i64, source: i64) -> None:
        """to <- source"""
        if to != source:
            self.asm.v2(MOVAPS, to, source)

    def lane(self, op: i64, lane: i64) -> None:
        """extract_lane and replace_lane"""
        if op == I8X16_EXTRACT_LANE_S or op == I8X16_EXTRACT_LANE_U:
            self.extract(e.PEXTRB, T_I32, lane, MOVSX8 if op == I8X16_EXTRACT_LANE_S else 0)
        elif op == I16X8_EXTRACT_LANE_S or op == I16X8_EXTRACT_LANE_U:
            self.extract(e.PEXTRW, T_I32, lane, MOVSX16 if op == I16X8_EXTRACT_LANE_S else 0)
        elif op == I32X4_EXTRACT_LANE:
            self.extract(e.PEXTRD, T_I32, lane, 0)
        elif op == I64X2_EXTRACT_LANE:
            self.extract(e.PEXTRD | W, T_I64, lane, 0)
        elif op == F32X4_EXTRACT_LANE or op == F64X2_EXTRACT_LANE:
            self.extract_float(T_F32 if op == F32X4_EXTRACT_LANE else T_F64, lane)
        elif op == I8X16_REPLACE_LANE:
            self.replace(e.PINSRB, lane)
        elif op == I16X8_REPLACE_LANE:
            self.replace(e.PINSRW, lane)
        elif op == I32X4_REPLACE_LANE:
            self.replace(e.PINSRD, lane)
        elif op == I64X2_REPLACE_LANE:
            self.replace(e.PINSRD | W, lane)
        elif op == F32X4_REPLACE_LANE:
            self.replace(e.INSERTPS, lane << 4)
        else:
            self.replace_double(lane)

    def extract(self, row: i64, type: i64, lane: i64, extend: i64) -> None:
        """An integer lane to a general register."""
        v = self.v
        i = v.operands(1)
        register = v.reg(i)
        target = v.target(type)
        to: i64 = target if target >= 0 else v.alloc(type)
        if lane == 0 and (row & 0xFF) == 0x16:
            self.asm.v2(MOVD_FROM | (row & W), register, to)
        else:
            self.asm.v2(row, register, to)
            self.code.byte(lane)
        if extend != 0:
            self.asm.rr(extend, to, to)
        v.release(i)
        v.finish(1, type, to, target)

    def extract_float(self, type: i64, lane: i64) -> None:
        """A float lane to the lowest."""
        v = self.v
        i = v.operands(1)
        to = v.own(i)
        if lane != 0:
            self.asm.v2(e.PSHUFD, to, to)
            self.code.byte(lane if type == T_F32 else 0xEE)
        v.pop(1)
        v.push_reg(type, to)

    def replace(self, row: i64, lane: i64) -> None:
        """A lane from a general register, or the lowest of a vector register."""
        v = self.v
        i = v.operands(2)
        to = v.own(i)
        source = v.reg(i + 1)
        self.asm.v3(row, to, to, source)
        self.code.byte(lane)
        self.done_two(i, to, -1)

    def replace_double(self, lane: i64) -> None:
        """f64x2.replace_lane"""
        v = self.v
        i = v.operands(2)
        to = v.own(i)
        source = v.reg(i + 1)
        self.asm.v3(e.MOVSD_LOW if lane == 0 else e.PUNPCKLQDQ, to, to, source)
        self.done_two(i, to, -1)

    # ---- shuffles
    def shuffle(self, low: i64, high: i64) -> None:
        """i8x16.shuffle: one or two PSHUFB; indices of 0x80 give zero."""
        v = self.v
        asm = self.asm
        i = v.operands(2)
        uses_first = False
        uses_second = False
        masks = [0, 0, 0, 0]
        for k in range(16):
            word: i64 = low if k < 8 else high
            lane: i64 = (word >> (8 * (k & 7))) & 0xFF
            first = lane < 16
            uses_first = uses_first or first
            uses_second = uses_second or not first
            masks[k >> 3] |= (lane if first else 0x80) << 8 * (k & 7)
            masks[2 + (k >> 3)] |= (0x80 if first else lane - 16) << 8 * (k & 7)
        if not uses_second or not uses_first:
            keep: i64 = 0 if uses_first else 1
            to = v.own(i + keep)
            at = 0 if uses_first else 2
            asm.v3r(e.PSHUFB, to, to, self.code.constant(signed(masks[at]), signed(masks[at + 1]), 16))
            self.done_two(i, to, -1)
            return
        to = v.own(i)
        asm.v3r(e.PSHUFB, to, to, self.code.constant(signed(masks[0]), signed(masks[1]), 16))
        other = v.reg(i + 1)
        asm.v2(MOVAPS, SCRATCH, other)
        asm.v3r(e.PSHUFB, SCRATCH, SCRATCH, self.code.constant(signed(masks[2]), signed(masks[3]), 16))
        asm.v3(e.POR, to, to, SCRATCH)
        self.done_two(i, to, -1)

    def swizzle(self) -> None:
        """i8x16.swizzle: PSHUFB gives zero for indices with bit 7 set; adding 0x70 with saturation sets it for all from 16 on."""
        v = self.v
        asm = self.asm
        i = v.operands(2)
        to = v.own(i)
        index = v.reg(i + 1)
        asm.v2(MOVAPS, SCRATCH, index)
        asm.v3r(e.PADDUSB, SCRATCH, SCRATCH, self.code.constant(0x7070707070707070, 0x7070707070707070, 16))
        asm.v3(e.PSHUFB, to, to, SCRATCH)
        self.done_two(i, to, -1)


def signed(value: int) -> int:
    """A 64-bit pattern as a signed number."""
    return value - (1 << 64) if value >> 63 else value


