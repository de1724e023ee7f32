"""f32 and f64 ops: arithmetic, comparisons, rounding, conversions; the chapter `numeric` in floating point."""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from wasm_codegen_native.code import Code
from wasm_codegen_native.isa.x86_64.assembler import Assembler
from wasm_codegen_native.isa.x86_64.convert import Convert
from wasm_codegen_native.isa.x86_64.encodings import (
    ADDSD,
    ADDSS,
    ANDNPS,
    ANDPS,
    CC_A,
    CC_AE,
    CC_FLOAT_E,
    CC_FLOAT_NE,
    CC_NE,
    CC_NP,
    CC_P,
    CVTSD2SS,
    CVTSS2SD,
    DIVSD,
    DIVSS,
    MAXSD,
    MAXSS,
    MINSD,
    MINSS,
    MOVAPS,
    MOVSD_LOAD,
    MOVSS_LOAD,
    MULSD,
    MULSS,
    ORPS,
    ROUNDSD,
    ROUNDSS,
    SQRTSD,
    SQRTSS,
    SUBSD,
    SUBSS,
    UCOMISD,
    UCOMISS,
    XORPS,
)  # fmt: skip
from wasm_codegen_native.isa.x86_64.integer import Integer
from wasm_codegen_native.isa.x86_64.registers import RBP, SCRATCH
from wasm_codegen_native.isa.x86_64.vector_encodings import CMPPD, CMPPS
from wasm_codegen_native.kinds import FLOAT_BINARY, FLOAT_COMPARE, FLOAT_RESIZE, FLOAT_UNARY, NUMBER, TYPE
from wasm_codegen_native.machine import T_F32, T_F64
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import CONST, REG, Values
from wasm_environ.nans import CANONICAL_F32, CANONICAL_F64

UNORDERED: Final = 3  # of CMPPS
SIGN32: Final = 0x80000000
ALL_BUT_SIGN64: Final = 0x7FFFFFFFFFFFFFFF
# ROUNDSS: bit 3 suppresses the inexact exception. ceil, floor, trunc, nearest as opcodes are ordered.
ROUNDING: Final = bytes([10, 9, 11, 8])


@final
class Floating:
    """Lowers scalar floating point ops of the value stack's top."""

    def __init__(self, asm: Assembler, values: Values, traps: Traps, integer: Integer) -> None:
        self.asm: Assembler = asm
        self.code: Code = asm.code
        self.v: Values = values
        self.integer: Integer = integer
        self.convert: Convert = Convert(asm, values, traps)

    def lower(self, op: i64, kind: i64) -> None:
        """Lower one op."""
        type: i64 = TYPE[op]
        n: i64 = NUMBER[op]
        if kind == FLOAT_BINARY:
            self.binary(n, type)
        elif kind == FLOAT_COMPARE:
            self.compare(n, type, UCOMISD if type == T_F64 else UCOMISS)
        elif kind == FLOAT_UNARY:
            self.unary(n, type)
        elif kind == FLOAT_RESIZE:
            self.resize(CVTSD2SS if type == T_F32 else CVTSS2SD, type)
        else:
            self.convert.lower(kind, n, type)

    # ---- two operands
    def binary(self, n: i64, type: i64) -> None:
        """add sub mul div min max copysign"""
        double = type == T_F64
        if n == 0:
            self.arithmetic(ADDSD if double else ADDSS, True, type)
        elif n == 1:
            self.arithmetic(SUBSD if double else SUBSS, False, type)
        elif n == 2:
            self.arithmetic(MULSD if double else MULSS, True, type)
        elif n == 3:
            self.arithmetic(DIVSD if double else DIVSS, False, type)
        elif n == 6:
            self.copysign(type)
        else:
            self.extreme(n == 4, type)

    def arithmetic(self, row: i64, commutative: bool, type: i64) -> None:
        """One SSE instruction."""
        v = self.v
        i = v.operands(2)
        target = v.target(type)
        a = i
        b = i + 1
        if v.kind[a] != REG and target < 0 and v.kind[b] == REG and commutative:
            a = b
            b = i
        source = v.reg(a)
        to = target
        if to < 0:
            to = source if v.kind[a] == REG else v.alloc(type)
        if to == v.in_reg(b) and to != source and not self.asm.avx:
            if commutative:
                self.asm.v3(row, to, to, source)
            else:
                self.asm.v3(row, to, source, to)
        else:
            self.apply(row, to, source, b, type)
        self.done(i, type, to, target)

    def apply(self, row: i64, to: i64, source: i64, b: i64, type: i64) -> None:
        """to <- source op entry b, wherever that is."""
        v = self.v
        register = v.in_reg(b)
        if register >= 0:
            self.asm.v3(row, to, source, register)
        elif v.kind[b] == CONST:
            self.asm.v3r(row, to, source, self.code.constant(v.low[b], 0, 8 if type == T_F64 else 4))
        else:
            self.asm.v3m(row, to, source, RBP, v.memory_disp(b))

    def done(self, i: i64, type: i64, to: i64, target: i64) -> None:
        """Release the two operands but the result, and push it."""
        self.integer.done(i, type, to, target)

    def extreme(self, minimum: bool, type: i64) -> None:
        """min, max: MINSD picks its second operand for NaN and equal zeros, so those two cases are apart."""
        v = self.v
        asm = self.asm
        i = v.operands(2)
        double = type == T_F64
        to = v.own(i)
        other = v.reg(i + 1)
        asm.v2(UCOMISD if double else UCOMISS, to, other)
        different = asm.skip(CC_NE)
        unordered = asm.skip(CC_P)
        asm.v3(ORPS if minimum else ANDPS, to, to, other)
        done = asm.skip(-1)
        asm.land(unordered)
        asm.v3(ADDSD if double else ADDSS, to, to, other)
        done_too = asm.skip(-1)
        asm.land(different)
        if minimum:
            asm.v3(MINSD if double else MINSS, to, to, other)
        else:
            asm.v3(MAXSD if double else MAXSS, to, to, other)
        asm.land(done)
        asm.land(done_too)
        self.done(i, type, to, -1)

    def copysign(self, type: i64) -> None:
        """The magnitude of the first, the sign of the second."""
        v = self.v
        asm = self.asm
        i = v.operands(2)
        sign = self.sign_mask(type)
        to = v.own(i)
        other = v.reg(i + 1)
        asm.v3r(MOVAPS, SCRATCH, SCRATCH, sign)
        rest = v.alloc(type)
        asm.v3(ANDNPS, rest, SCRATCH, to)
        asm.v3(ANDPS, SCRATCH, SCRATCH, other)
        asm.v3(ORPS, to, rest, SCRATCH)
        v.free_reg(rest)
        self.done(i, type, to, -1)

    def sign_mask(self, type: i64) -> i64:
        """Rodata offset of a 16-byte constant with the sign bits set."""
        if type == T_F64:
            return self.code.constant(-ALL_BUT_SIGN64 - 1, -ALL_BUT_SIGN64 - 1, 16)
        return self.code.constant(pair(SIGN32), pair(SIGN32), 16)

    # ---- one operand
    def unary(self, n: i64, type: i64) -> None:
        """abs neg ceil floor trunc nearest sqrt"""
        v = self.v
        asm = self.asm
        double = type == T_F64
        i = v.operands(1)
        target = v.target(type)
        source = v.reg(i)
        to = target
        if to < 0:
            to = source if v.kind[i] == REG else v.alloc(type)
        if n == 0:
            mask: i64 = ALL_BUT_SIGN64 if double else pair(0x7FFFFFFF)
            asm.v3r(ANDPS, to, source, self.code.constant(mask, mask, 16))
        elif n == 1:
            asm.v3r(XORPS, to, source, self.sign_mask(type))
        elif n == 6:
            asm.scalar(SQRTSD if double else SQRTSS, to, source)
        else:
            asm.scalar(ROUNDSD if double else ROUNDSS, to, source)
            mode: i64 = ROUNDING[n - 2]
            self.code.byte(mode)
        self.integer.done_one(i, type, to, target)

    def resize(self, row: i64, type: i64) -> None:
        """f32.demote_f64, f64.promote_f32"""
        v = self.v
        i = v.operands(1)
        target = v.target(type)
        source = v.reg(i)
        to = target
        if to < 0:
            to = source if v.kind[i] == REG else v.alloc(type)
        self.asm.scalar(row, to, source)
        self.integer.done_one(i, type, to, target)

    # ---- canonical NaNs
    def canonical(self, double: bool, register: i64) -> None:
        """A NaN becomes the canonical one. A branch that is predicted, so that the usual value need not wait for the comparison."""
        asm = self.asm
        asm.v2(UCOMISD if double else UCOMISS, register, register)
        ordered = asm.skip(CC_NP)
        if double:
            asm.v3r(MOVSD_LOAD, register, register, self.code.constant(CANONICAL_F64, 0, 8))
        else:
            asm.v3r(MOVSS_LOAD, register, register, self.code.constant(CANONICAL_F32, 0, 4))
        asm.land(ordered)

    def canonical_lanes(self, double: bool, register: i64) -> None:
        """NaN lanes become the canonical NaN: all ones first, then without the bits that it does not have."""
        asm = self.asm
        asm.v3(CMPPD if double else CMPPS, SCRATCH, register, register)
        self.code.byte(UNORDERED)
        asm.v3(ORPS, register, register, SCRATCH)
        others: i64 = -CANONICAL_F64 - 1 if double else pair(0xFFFFFFFF - CANONICAL_F32)
        asm.v3r(ANDPS, SCRATCH, SCRATCH, self.code.constant(others, others, 16))
        asm.v3(XORPS, register, register, SCRATCH)

    # ---- comparisons
    def compare(self, n: i64, type: i64, row: i64) -> None:
        """eq ne lt gt le ge: `above` is false for unordered, so lt and le compare the other way round."""
        v = self.v
        i = v.operands(2)
        a = i
        b = i + 1
        if n == 2 or n == 4:
            a = b
            b = i
        condition: i64 = CC_AE
        if n == 0:
            condition = CC_FLOAT_E
        elif n == 1:
            condition = CC_FLOAT_NE
        elif n <= 3:
            condition = CC_A
        left = v.reg(a)
        right = v.in_reg(b)
        if right >= 0:
            self.asm.v2(row, left, right)
        elif v.kind[b] == CONST:
            self.asm.v3r(row, left, left, self.code.constant(v.low[b], 0, 8 if type == T_F64 else 4))
        else:
            self.asm.v2m(row, left, RBP, v.memory_disp(b))
        v.drop(2)
        self.integer.conclude(condition)


def pair(word: i64) -> i64:
    """A 32-bit pattern twice, as a signed 64-bit number."""
    if word >= 0x80000000:
        return (word - 0x100000000) * 0x100000000 + word
    return word * 0x100000000 + word
