"""Conversions between integers and floating point, trapping and saturating, and reinterpretations."""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from wasm_codegen_native.code import Code
from wasm_codegen_native.isa.x86_64.assembler import Assembler
from wasm_codegen_native.isa.x86_64.encodings import (
    ADDSD,
    ADDSS,
    ALU_AND,
    ALU_CMP,
    CC_AE,
    CC_BE,
    CC_E,
    CC_NE,
    CC_NS,
    CC_P,
    CC_S,
    CMP,
    CVTSI2SD,
    CVTSI2SS,
    CVTTSD2SI,
    CVTTSS2SI,
    MOV_LOAD,
    MOVAPS,
    MOVD_FROM,
    MOVD_TO,
    MOVSXD,
    OR,
    SHR_IMM,
    SUBSD,
    SUBSS,
    TEST,
    UCOMISD,
    UCOMISS,
    XOR,
    XORPS,
)  # fmt: skip
from wasm_codegen_native.isa.x86_64.notation import W
from wasm_codegen_native.isa.x86_64.registers import SCRATCH
from wasm_codegen_native.kinds import FLOAT_CONVERT, FLOAT_TRUNC, FLOAT_TRUNC_SAT, REINTERPRET_FLOAT
from wasm_codegen_native.machine import T_F32, T_F64, T_I32, T_I64
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import CONST, Values
from wasm_environ import traps

TWO63_F32: Final = 0x5F000000
TWO63_F64: Final = 0x43E0000000000000
MINUS_TWO63_F32: Final = 0xDF000000
MINUS_TWO63_F64: Final = -0x3C20000000000000  # the pattern 0xC3E0000000000000
CC_NO: Final = 1


@final
class Convert:
    """Conversions between integers and floats."""

    def __init__(self, asm: Assembler, values: Values, traps: Traps) -> None:
        self.asm: Assembler = asm
        self.code: Code = asm.code
        self.v: Values = values
        self.traps: Traps = traps

    def lower(self, kind: i64, n: i64, type: i64) -> None:
        """Lower op n of a kind, which gives a value of the type."""
        if kind == FLOAT_TRUNC or kind == FLOAT_TRUNC_SAT:
            self.to_integer(type, (n & 1) == 0, (n & 2) != 0, kind == FLOAT_TRUNC_SAT)
        elif kind == FLOAT_CONVERT:
            self.to_float(type, n)
        elif kind == REINTERPRET_FLOAT:
            self.reinterpret_to_integer(type == T_I64)
        else:
            self.reinterpret_to_float(type == T_F64)

    # ---- float -> integer
    def to_integer(self, type: i64, signed: bool, double: bool, saturate: bool) -> None:
        """trunc and trunc_sat: CVTTSD2SI gives the most negative number for everything it cannot represent."""
        v = self.v
        asm = self.asm
        i = v.operands(1)
        x = v.reg(i)
        to = v.alloc(T_I64)
        row: i64 = (CVTTSD2SI if double else CVTTSS2SI) | W
        if type == T_I64 and not signed:
            self.to_unsigned64(to, x, double, saturate, row)
        else:
            asm.v2(row, to, x)
            if type == T_I64:
                asm.alu_immediate(ALU_CMP, W, to, 1)
                fine = asm.skip(CC_NO)
            else:
                t = v.alloc(T_I64)
                if signed:
                    asm.rr(MOVSXD, t, to)
                else:
                    asm.rr(MOV_LOAD, t, to)
                asm.rr(CMP | W, t, to)
                v.free_reg(t)
                fine = asm.skip(CC_E)
            if saturate:
                self.saturate(to, x, type, signed, double)
            else:
                self.fail(x, type, double)
            asm.land(fine)
            if type == T_I32:
                asm.rr(MOV_LOAD, to, to)
        v.drop(1)
        v.push_reg(type, to)

    def compare_row(self, double: bool) -> i64:
        """UCOMISD or UCOMISS."""
        return UCOMISD if double else UCOMISS

    def fail(self, x: i64, type: i64, double: bool) -> None:
        """x has no integer value in range, unless it is the most negative i64 itself: trap."""
        row = self.compare_row(double)
        self.asm.v2(row, x, x)
        self.traps.trap_if(CC_P, traps.BAD_CONVERSION_TO_INTEGER)
        if type == T_I64:
            self.asm.v3r(row, x, x, self.power(-1, double))
            self.traps.trap_if(CC_NE, traps.INTEGER_OVERFLOW)
        else:
            self.traps.trap(traps.INTEGER_OVERFLOW)

    def power(self, sign: i64, double: bool) -> i64:
        """Rodata offset of plus or minus 2**63."""
        if double:
            return self.code.constant(MINUS_TWO63_F64 if sign < 0 else TWO63_F64, 0, 8)
        return self.code.constant(MINUS_TWO63_F32 if sign < 0 else TWO63_F32, 0, 4)

    def saturate(self, to: i64, x: i64, type: i64, signed: bool, double: bool) -> None:
        """NaN to 0, the rest to the nearest end of the range."""
        asm = self.asm
        row = self.compare_row(double)
        asm.rr(XOR, to, to)
        asm.v2(row, x, x)
        nan = asm.skip(CC_P)
        asm.v3(XORPS, SCRATCH, SCRATCH, SCRATCH)
        asm.v2(row, x, SCRATCH)
        if signed:
            negative = asm.skip(CC_BE)
            self.number(to, 0x7FFFFFFFFFFFFFFF if type == T_I64 else 0x7FFFFFFF)
            done = asm.skip(-1)
            asm.land(negative)
            self.number(to, -0x7FFFFFFFFFFFFFFF - 1 if type == T_I64 else 0x80000000)
            asm.land(done)
        else:
            negative = asm.skip(CC_BE)
            self.number(to, 0xFFFFFFFF)
            asm.land(negative)
        asm.land(nan)

    def number(self, to: i64, value: i64) -> None:
        """to <- a constant; keeps the flags."""
        if value >= 0 and value <= 0xFFFFFFFF:
            self.asm.legacy(0xB8 | (to & 7), 0, 0, to, False)
            self.code.word(value)
        else:
            self.asm.legacy(0xB8 | (to & 7) | W, 0, 0, to, False)
            self.code.quad(value)

    def to_unsigned64(self, to: i64, x: i64, double: bool, saturate: bool, row: i64) -> None:
        """Below 2**63 as signed, above by subtracting that first."""
        asm = self.asm
        compare = self.compare_row(double)
        t = self.v.alloc(T_I64)  # before any branch: it may spill
        asm.v3r(compare, x, x, self.power(1, double))
        if saturate:
            nan = asm.skip(CC_P)
        else:
            self.traps.trap_if(CC_P, traps.BAD_CONVERSION_TO_INTEGER)
        large = asm.skip(CC_AE)
        asm.v2(row, to, x)
        asm.rr(TEST | W, to, to)
        if saturate:
            done = asm.skip(CC_NS)
            asm.land(nan)
            asm.rr(XOR, to, to)
        else:
            self.traps.trap_if(CC_S, traps.INTEGER_OVERFLOW)
        end = asm.skip(-1)
        asm.land(large)
        asm.v2(MOVAPS, SCRATCH, x)
        asm.v3r(SUBSD if double else SUBSS, SCRATCH, SCRATCH, self.power(1, double))
        asm.v2(row, to, SCRATCH)
        self.number(t, -0x7FFFFFFFFFFFFFFF - 1)
        asm.rr(TEST | W, to, to)
        if saturate:
            fits = asm.skip(CC_NS)
            self.number(to, 0x7FFFFFFFFFFFFFFF)
            asm.land(fits)
        else:
            self.traps.trap_if(CC_S, traps.INTEGER_OVERFLOW)
        asm.rr(XOR | W, to, t)
        self.v.free_reg(t)
        asm.land(end)
        if saturate:
            asm.land(done)

    # ---- integer -> float
    def to_float(self, type: i64, n: i64) -> None:
        """convert: n = i32_s i32_u i64_s i64_u"""
        v = self.v
        asm = self.asm
        i = v.operands(1)
        target = v.target(type)
        x = v.reg(i)
        to: i64 = target if target >= 0 else v.alloc(type)
        row: i64 = CVTSI2SD if type == T_F64 else CVTSI2SS
        asm.v3(XORPS, to, to, to)  # CVTSI2SD merges into its destination: cut the dependency
        if n == 3:
            self.from_unsigned64(to, x, row, type)
        else:
            asm.v2(row if n == 0 else row | W, to, x)
        v.release(i)
        v.finish(1, type, to, target)

    def from_unsigned64(self, to: i64, x: i64, row: i64, type: i64) -> None:
        """Half of a large number, rounded to odd, converted and doubled."""
        asm = self.asm
        v = self.v
        half = v.alloc(T_I64)
        low = v.alloc(T_I64)
        asm.rr(TEST | W, x, x)
        large = asm.skip(CC_S)
        asm.v2(row | W, to, x)
        done = asm.skip(-1)
        asm.land(large)
        asm.rr(MOV_LOAD | W, half, x)
        asm.rr(MOV_LOAD | W, low, x)
        asm.rr(SHR_IMM | W, 0, half)
        self.code.byte(1)
        asm.alu_immediate(ALU_AND, 0, low, 1)
        asm.rr(OR | W, half, low)
        asm.v2(row | W, to, half)
        asm.v3(ADDSD if type == T_F64 else ADDSS, to, to, to)
        asm.land(done)
        v.free_reg(half)
        v.free_reg(low)

    # ---- bits
    def reinterpret_to_integer(self, wide: bool) -> None:
        """i32.reinterpret_f32, i64.reinterpret_f64"""
        v = self.v
        i = v.operands(1)
        type: i64 = T_I64 if wide else T_I32
        if v.kind[i] == CONST:
            low = v.low[i]
            if not wide:
                low &= 0xFFFFFFFF
                low = low - 0x100000000 if low >= 0x80000000 else low
            v.pop(1)
            v.push_const(type, low, 0)
            return
        target = v.target(type)
        to: i64 = target if target >= 0 else v.alloc(type)
        self.asm.v2(MOVD_FROM | W if wide else MOVD_FROM, v.reg(i), to)
        v.release(i)
        v.finish(1, type, to, target)

    def reinterpret_to_float(self, wide: bool) -> None:
        """f32.reinterpret_i32, f64.reinterpret_i64"""
        v = self.v
        i = v.operands(1)
        type: i64 = T_F64 if wide else T_F32
        if v.kind[i] == CONST:
            low = v.low[i]
            v.pop(1)
            v.push_const(type, low if wide else low & 0xFFFFFFFF, 0)
            return
        target = v.target(type)
        to: i64 = target if target >= 0 else v.alloc(type)
        self.asm.v2(MOVD_TO | W if wide else MOVD_TO, to, v.reg(i))
        v.release(i)
        v.finish(1, type, to, target)


