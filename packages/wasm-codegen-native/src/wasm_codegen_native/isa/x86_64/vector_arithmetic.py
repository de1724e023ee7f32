"""v128 ops with longer sequences: shifts, NaN-exact min and max, saturating conversions, 64-bit multiplication and comparison."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.code import Code
from wasm_codegen_native.isa.x86_64 import vector_encodings as e
from wasm_codegen_native.isa.x86_64 import vector_forms as forms
from wasm_codegen_native.isa.x86_64.assembler import Assembler
from wasm_codegen_native.isa.x86_64.encodings import ALU_AND, ANDPS, MOVAPS, MOVD_TO, ORPS, XORPS
from wasm_codegen_native.isa.x86_64.registers import SCRATCH
from wasm_codegen_native.machine import T_V128
from wasm_codegen_native.values import CONST, Values

# By lane width 16, 32, 64 bits (1 2 3) and op shl, shr_s, shr_u; the 64-bit shr_s has no instruction.
SHIFTS: Final[vec[i64]] = vec[i64]([e.PSLLW, e.PSRAW, e.PSRLW, e.PSLLD, e.PSRAD, e.PSRLD, e.PSLLQ, 0, e.PSRLQ])
SHIFTS_IMM: Final[vec[i64]] = vec[i64](
    [e.PSLLW_IMM, e.PSRAW_IMM, e.PSRLW_IMM, e.PSLLD_IMM, e.PSRAD_IMM, e.PSRLD_IMM, e.PSLLQ_IMM, 0, e.PSRLQ_IMM]
)
ONES8: Final = 0x0101010101010101
ONES16: Final = 0x0001000100010001
NIBBLES: Final = 0x0F0F0F0F0F0F0F0F
SIGNS16: Final = -0x7FFF7FFF7FFF8000  # 0x8000 four times
SIGN64: Final = -0x7FFFFFFFFFFFFFFF - 1
BITS_LOW: Final = 0x0302020102010100  # how many bits are set in 0 to 7 ...
BITS_HIGH: Final = 0x0403030203020201  # ... and in 8 to 15
TWO52: Final = 0x4330000000000000  # 2.0 ** 52
TWO52_HIGH: Final = 0x4330000043300000
MAX_I32: Final = 0x41DFFFFFFFC00000  # 2147483647.0
MAX_U32: Final = 0x41EFFFFFFFE00000  # 4294967295.0


@final
class VectorArithmetic:
    """See the module's docstring."""

    def __init__(self, asm: Assembler, values: Values, features: frozenset[str]) -> None:
        self.asm: Assembler = asm
        self.code: Code = asm.code
        self.v: Values = values
        self.fma: bool = asm.avx and "fma" in features
        self.sse42: bool = "sse4_2" in features

    def lower(self, form: i64, n: i64) -> None:
        """Lower op n of a form."""
        if form == forms.SHIFT:
            self.shift(n)
        elif form == forms.SHIFT_BYTES:
            self.shift_bytes(n)
        elif form == forms.NEGATE:
            self.negate(n)
        elif form == forms.POPCNT:
            self.popcnt()
        elif form == forms.PAIRWISE:
            self.pairwise(n)
        elif form == forms.Q15:
            self.q15()
        elif form == forms.ABSOLUTE64:
            self.absolute64()
        elif form == forms.MULTIPLY64:
            self.multiply64()
        elif form == forms.COMPARE64:
            self.compare64(n)
        elif form == forms.SIGN:
            self.sign((n & 1) != 0, n >= 2)
        elif form == forms.MINIMUM:
            self.minimum(n == 1)
        elif form == forms.MAXIMUM:
            self.maximum(n == 1)
        elif form == forms.MULTIPLY_ADD:
            self.multiply_add(n)
        elif form == forms.DOT_ADD:
            self.dot_add()
        elif form == forms.TRUNC:
            self.trunc(n)
        elif n == 0:
            self.convert_unsigned()
        else:
            self.convert_low_unsigned()

    # ---- places
    def one(self) -> i64:
        """The operand on top, in a register to be overwritten."""
        return self.v.own(self.v.operands(1))

    def push(self, n: i64, to: i64) -> None:
        """Replace n operands, released before, by the result."""
        self.v.pop(n)
        self.v.push_reg(T_V128, to)

    def both(self, word: i64) -> i64:
        """Rodata offset of a 64-bit pattern twice."""
        return self.code.constant(word, word, 16)

    def zero(self, register: i64) -> None:
        """register <- 0"""
        self.asm.v3(e.PXOR, register, register, register)

    # ---- shifts
    def count(self, i: i64, mask: i64, add: i64) -> i64:
        """A vector register with the shift count of entry i, modulo the lane width."""
        v = self.v
        register = v.own(i)
        self.asm.alu_immediate(ALU_AND, 0, register, mask)
        if add != 0:
            self.asm.alu_immediate(0, 0, register, add)
        to = v.alloc(T_V128)
        self.asm.v2(MOVD_TO, to, register)
        return to

    def shift(self, at: i64) -> None:
        """shl shr_s shr_u of 16-bit lanes, then of 32, then of 64."""
        v = self.v
        asm = self.asm
        i = v.operands(2)
        row: i64 = SHIFTS[at]
        width: i64 = 16 if at < 3 else 32 if at < 6 else 64
        to = v.own(i)
        if v.kind[i + 1] == CONST and row != 0:
            asm.shift_lanes(SHIFTS_IMM[at], to, to, v.low[i + 1] & (width - 1))
        elif row != 0:
            c = self.count(i + 1, width - 1, 0)
            asm.v3(row, to, to, c)
            v.free_reg(c)
        else:  # (x >>> c ^ m) - m with m = the sign bit >>> c
            c = self.count(i + 1, 63, 0)
            asm.v3(e.PSRLQ, to, to, c)
            asm.v3r(MOVAPS, SCRATCH, SCRATCH, self.both(SIGN64))
            asm.v3(e.PSRLQ, SCRATCH, SCRATCH, c)
            asm.v3(e.PXOR, to, to, SCRATCH)
            asm.v3(e.PSUBQ, to, to, SCRATCH)
            v.free_reg(c)
        v.release(i + 1)
        self.push(2, to)

    def shift_bytes(self, n: i64) -> None:
        """shl shr_s shr_u of bytes: 16-bit shifts and a mask, or widened."""
        v = self.v
        asm = self.asm
        i = v.operands(2)
        to = v.own(i)
        if n == 1:
            c = self.count(i + 1, 7, 8)
            asm.v2(MOVAPS, SCRATCH, to)
            asm.v3(e.PUNPCKHBW, SCRATCH, SCRATCH, SCRATCH)
            asm.v3(e.PUNPCKLBW, to, to, to)
            asm.v3(e.PSRAW, SCRATCH, SCRATCH, c)
            asm.v3(e.PSRAW, to, to, c)
            asm.v3(e.PACKSSWB, to, to, SCRATCH)
        else:
            c = self.count(i + 1, 7, 0)
            row: i64 = e.PSLLW if n == 0 else e.PSRLW
            asm.v3(row, to, to, c)
            asm.v3(e.PCMPEQD, SCRATCH, SCRATCH, SCRATCH)
            asm.shift_lanes(e.PSRLW_IMM, SCRATCH, SCRATCH, 8)
            asm.v3(row, SCRATCH, SCRATCH, c)
            self.zero(c)
            asm.v3(e.PSHUFB, SCRATCH, SCRATCH, c)
            asm.v3(e.PAND, to, to, SCRATCH)
        v.free_reg(c)
        v.release(i + 1)
        self.push(2, to)

    # ---- integers
    def negate(self, n: i64) -> None:
        """neg of bytes, 16, 32, 64-bit lanes"""
        row: i64 = e.PSUBB
        if n == 1:
            row = e.PSUBW
        elif n == 2:
            row = e.PSUBD
        elif n == 3:
            row = e.PSUBQ
        v = self.v
        i = v.operands(1)
        source = v.reg(i)
        to = v.alloc(T_V128)
        self.zero(to)
        self.asm.v3(row, to, to, source)
        v.release(i)
        self.push(1, to)

    def popcnt(self) -> None:
        """i8x16.popcnt: a table of 16 for each half."""
        v = self.v
        asm = self.asm
        x = self.one()
        t = v.alloc(T_V128)
        asm.v3r(MOVAPS, SCRATCH, SCRATCH, self.code.constant(BITS_LOW, BITS_HIGH, 16))
        asm.v2(MOVAPS, t, x)
        asm.shift_lanes(e.PSRLW_IMM, x, x, 4)
        asm.v3r(e.PAND, x, x, self.both(NIBBLES))
        asm.v3r(e.PAND, t, t, self.both(NIBBLES))
        other = v.alloc(T_V128)
        asm.v2(MOVAPS, other, SCRATCH)
        asm.v3(e.PSHUFB, other, other, x)
        asm.v3(e.PSHUFB, SCRATCH, SCRATCH, t)
        asm.v3(e.PADDB, other, other, SCRATCH)
        v.free_reg(t)
        v.free_reg(x)
        self.push(1, other)

    def pairwise(self, n: i64) -> None:
        """extadd_pairwise: multiply by ones and add neighbours."""
        v = self.v
        asm = self.asm
        x = self.one()
        if n == 0:
            t = v.alloc(T_V128)
            asm.v3r(MOVAPS, t, t, self.both(ONES8))
            asm.v3(e.PMADDUBSW, t, t, x)
            v.free_reg(x)
            x = t
        elif n == 1:
            asm.v3r(e.PMADDUBSW, x, x, self.both(ONES8))
        elif n == 2:
            asm.v3r(e.PMADDWD, x, x, self.both(ONES16))
        else:  # as signed numbers, less 0x8000 each, which is made good afterwards
            asm.v3r(e.PXOR, x, x, self.both(SIGNS16))
            asm.v3r(e.PMADDWD, x, x, self.both(ONES16))
            asm.v3r(e.PADDD, x, x, self.both(0x0001000000010000))
        self.push(1, x)

    def q15(self) -> None:
        """q15mulr_sat_s: PMULHRSW wraps for -1 * -1 alone."""
        v = self.v
        asm = self.asm
        i = v.operands(2)
        to = v.own(i)
        asm.v3(e.PMULHRSW, to, to, v.reg(i + 1))
        asm.v3r(MOVAPS, SCRATCH, SCRATCH, self.both(SIGNS16))
        asm.v3(e.PCMPEQW, SCRATCH, SCRATCH, to)
        asm.v3(e.PXOR, to, to, SCRATCH)
        v.release(i + 1)
        self.push(2, to)

    def absolute64(self) -> None:
        """i64x2.abs"""
        asm = self.asm
        x = self.one()
        asm.v2(e.PSHUFD, SCRATCH, x)
        self.code.byte(0xF5)
        asm.shift_lanes(e.PSRAD_IMM, SCRATCH, SCRATCH, 31)
        asm.v3(e.PXOR, x, x, SCRATCH)
        asm.v3(e.PSUBQ, x, x, SCRATCH)
        self.push(1, x)

    def multiply64(self) -> None:
        """i64x2.mul: low * low + (high * low + low * high << 32)"""
        v = self.v
        asm = self.asm
        i = v.operands(2)
        a = v.own(i)
        b = v.reg(i + 1)
        t = v.alloc(T_V128)
        asm.shift_lanes(e.PSRLQ_IMM, t, a, 32)
        asm.v3(e.PMULUDQ, t, t, b)
        asm.shift_lanes(e.PSRLQ_IMM, SCRATCH, b, 32)
        asm.v3(e.PMULUDQ, SCRATCH, SCRATCH, a)
        asm.v3(e.PADDQ, t, t, SCRATCH)
        asm.shift_lanes(e.PSLLQ_IMM, t, t, 32)
        asm.v3(e.PMULUDQ, a, a, b)
        asm.v3(e.PADDQ, a, a, t)
        v.free_reg(t)
        v.release(i + 1)
        self.push(2, a)

    def compare64(self, n: i64) -> None:
        """lt_s gt_s le_s ge_s of 64-bit lanes"""
        v = self.v
        asm = self.asm
        i = v.operands(2)
        a = v.reg(i)
        b = v.reg(i + 1)
        if n == 0 or n == 3:
            a, b = b, a
        to = v.alloc(T_V128)
        if self.sse42:
            asm.v3(e.PCMPGTQ, to, a, b)
        else:  # the high halves decide, or where they are equal the borrow of b - a
            asm.v2(MOVAPS, to, b)
            asm.v3(e.PSUBQ, to, to, a)
            asm.v2(MOVAPS, SCRATCH, a)
            asm.v3(e.PCMPEQD, SCRATCH, SCRATCH, b)
            asm.v3(e.PAND, to, to, SCRATCH)
            asm.v2(MOVAPS, SCRATCH, a)
            asm.v3(e.PCMPGTD, SCRATCH, SCRATCH, b)
            asm.v3(e.POR, to, to, SCRATCH)
            asm.v2(e.PSHUFD, to, to)
            self.code.byte(0xF5)
            asm.shift_lanes(e.PSRAD_IMM, to, to, 31)
        if n >= 2:
            asm.v3(e.PCMPEQD, SCRATCH, SCRATCH, SCRATCH)
            asm.v3(e.PXOR, to, to, SCRATCH)
        v.drop(2)
        v.push_reg(T_V128, to)

    # ---- floating point
    def sign(self, negate: bool, double: bool) -> None:
        """abs neg"""
        x = self.one()
        if not negate:
            self.asm.v3r(ANDPS, x, x, self.both(0x7FFFFFFFFFFFFFFF if double else 0x7FFFFFFF7FFFFFFF))
        else:
            self.asm.v3r(XORPS, x, x, self.both(SIGN64 if double else -0x7FFFFFFF80000000))
        self.push(1, x)

    def minimum(self, double: bool) -> None:
        """min: both orders or-ed give the smaller zero and any NaN, whose payload is then cleared."""
        v = self.v
        asm = self.asm
        i = v.operands(2)
        a = v.own(i)
        b = v.own(i + 1)
        row: i64 = e.MINPD if double else e.MINPS
        asm.v2(MOVAPS, SCRATCH, a)
        asm.v3(row, SCRATCH, SCRATCH, b)
        asm.v3(row, b, b, a)
        asm.v3(ORPS, SCRATCH, SCRATCH, b)
        asm.v3(e.CMPPD if double else e.CMPPS, b, b, SCRATCH)
        self.code.byte(3)
        asm.v3(ORPS, SCRATCH, SCRATCH, b)
        self.clear_payload(b, double)
        v.release(i)
        self.push(2, b)

    def clear_payload(self, mask: i64, double: bool) -> None:
        """mask <- SCRATCH with the payload bits cleared where mask is set."""
        self.asm.shift_lanes(e.PSRLQ_IMM if double else e.PSRLD_IMM, mask, mask, 13 if double else 10)
        self.asm.v3(e.PANDN, mask, mask, SCRATCH)

    def maximum(self, double: bool) -> None:
        """max: as min, with the difference of both orders subtracted, which makes +0 of unlike zeros."""
        v = self.v
        asm = self.asm
        i = v.operands(2)
        a = v.own(i)
        b = v.own(i + 1)
        row: i64 = e.MAXPD if double else e.MAXPS
        asm.v2(MOVAPS, SCRATCH, a)
        asm.v3(row, SCRATCH, SCRATCH, b)
        asm.v3(row, b, b, a)
        asm.v3(XORPS, b, b, SCRATCH)
        asm.v3(ORPS, SCRATCH, SCRATCH, b)
        asm.v3(e.SUBPD if double else e.SUBPS, SCRATCH, SCRATCH, b)
        asm.v3(e.CMPPD if double else e.CMPPS, b, b, SCRATCH)
        self.code.byte(3)
        self.clear_payload(b, double)
        v.release(i)
        self.push(2, b)

    def multiply_add(self, n: i64) -> None:
        """relaxed_madd relaxed_nmadd"""
        v = self.v
        asm = self.asm
        i = v.operands(3)
        a = v.own(i)
        b = v.reg(i + 1)
        c = v.reg(i + 2)
        double = n >= 2
        negative = (n & 1) != 0
        if self.fma:
            if negative:
                asm.v3(e.VFNMADD213PD if double else e.VFNMADD213PS, a, b, c)
            else:
                asm.v3(e.VFMADD213PD if double else e.VFMADD213PS, a, b, c)
        else:
            asm.v3(e.MULPD if double else e.MULPS, a, a, b)
            if negative:
                asm.v2(MOVAPS, SCRATCH, c)
                asm.v3(e.SUBPD if double else e.SUBPS, SCRATCH, SCRATCH, a)
                asm.v2(MOVAPS, a, SCRATCH)
            else:
                asm.v3(e.ADDPD if double else e.ADDPS, a, a, c)
        v.release(i + 1)
        v.release(i + 2)
        self.push(3, a)

    def dot_add(self) -> None:
        """i32x4.relaxed_dot_i8x16_i7x16_add_s"""
        v = self.v
        asm = self.asm
        i = v.operands(3)
        a = v.reg(i)
        asm.v2(MOVAPS, SCRATCH, v.reg(i + 1))
        asm.v3(e.PMADDUBSW, SCRATCH, SCRATCH, a)
        asm.v3r(e.PMADDWD, SCRATCH, SCRATCH, self.both(ONES16))
        to = v.own(i + 2)
        asm.v3(e.PADDD, to, to, SCRATCH)
        v.release(i)
        v.release(i + 1)
        self.push(3, to)

    # ---- conversions
    def trunc(self, n: i64) -> None:
        """trunc_sat"""
        if n == 0:
            self.trunc_signed()
        elif n == 1:
            self.trunc_unsigned()
        elif n == 2:
            self.trunc_double_signed()
        else:
            self.trunc_double_unsigned()

    def convert_low_unsigned(self) -> None:
        """f64x2.convert_low_i32x4_u"""
        x = self.one()
        self.asm.v3r(e.UNPCKLPS, x, x, self.both(TWO52_HIGH))
        self.asm.v3r(e.SUBPD, x, x, self.both(TWO52))
        self.push(1, x)

    def trunc_signed(self) -> None:
        """i32x4.trunc_sat_f32x4_s: NaN to 0; 0x80000000 from a positive number becomes 0x7FFFFFFF."""
        asm = self.asm
        x = self.one()
        asm.v2(MOVAPS, SCRATCH, x)
        asm.v3(e.CMPPS, SCRATCH, SCRATCH, SCRATCH)
        self.code.byte(0)
        asm.v3(ANDPS, x, x, SCRATCH)
        asm.v3(e.PXOR, SCRATCH, SCRATCH, x)
        asm.v2(e.CVTTPS2DQ, x, x)
        asm.v3(e.PAND, SCRATCH, SCRATCH, x)
        asm.shift_lanes(e.PSRAD_IMM, SCRATCH, SCRATCH, 31)
        asm.v3(e.PXOR, x, x, SCRATCH)
        self.push(1, x)

    def trunc_unsigned(self) -> None:
        """i32x4.trunc_sat_f32x4_u: what lies above 2**31 is converted less 2**31 and added."""
        v = self.v
        asm = self.asm
        x = self.one()
        t = v.alloc(T_V128)
        self.zero(SCRATCH)
        asm.v3(e.MAXPS, x, x, SCRATCH)
        asm.v3(e.PCMPEQD, SCRATCH, SCRATCH, SCRATCH)
        asm.shift_lanes(e.PSRLD_IMM, SCRATCH, SCRATCH, 1)
        asm.v2(e.CVTDQ2PS, SCRATCH, SCRATCH)
        asm.v2(MOVAPS, t, x)
        asm.v3(e.SUBPS, t, t, SCRATCH)
        asm.v3(e.CMPPS, SCRATCH, SCRATCH, t)
        self.code.byte(2)
        asm.v2(e.CVTTPS2DQ, t, t)
        asm.v3(e.PXOR, t, t, SCRATCH)
        self.zero(SCRATCH)
        asm.v3(e.PMAXSD, t, t, SCRATCH)
        asm.v2(e.CVTTPS2DQ, x, x)
        asm.v3(e.PADDD, x, x, t)
        v.free_reg(t)
        self.push(1, x)

    def convert_unsigned(self) -> None:
        """f32x4.convert_i32x4_u: the low 16 bits exactly, the rest halved and doubled."""
        asm = self.asm
        x = self.one()
        self.zero(SCRATCH)
        asm.v3(e.PBLENDW, SCRATCH, SCRATCH, x)
        self.code.byte(0x55)
        asm.v3(e.PSUBD, x, x, SCRATCH)
        asm.v2(e.CVTDQ2PS, SCRATCH, SCRATCH)
        asm.shift_lanes(e.PSRLD_IMM, x, x, 1)
        asm.v2(e.CVTDQ2PS, x, x)
        asm.v3(e.ADDPS, x, x, x)
        asm.v3(e.ADDPS, x, x, SCRATCH)
        self.push(1, x)

    def trunc_double_signed(self) -> None:
        """i32x4.trunc_sat_f64x2_s_zero"""
        asm = self.asm
        x = self.one()
        asm.v2(MOVAPS, SCRATCH, x)
        asm.v3(e.CMPPD, SCRATCH, SCRATCH, SCRATCH)
        self.code.byte(0)
        asm.v3r(ANDPS, SCRATCH, SCRATCH, self.both(MAX_I32))
        asm.v3(e.MINPD, x, x, SCRATCH)
        asm.v2(e.CVTTPD2DQ, x, x)
        self.push(1, x)

    def trunc_double_unsigned(self) -> None:
        """i32x4.trunc_sat_f64x2_u_zero: clamp, truncate, and read the mantissa of x + 2**52."""
        asm = self.asm
        x = self.one()
        self.zero(SCRATCH)
        asm.v3(e.MAXPD, x, x, SCRATCH)
        asm.v3r(e.MINPD, x, x, self.both(MAX_U32))
        asm.v2(e.ROUNDPD, x, x)
        self.code.byte(11)
        asm.v3r(e.ADDPD, x, x, self.both(TWO52))
        asm.v3(e.SHUFPS, x, x, SCRATCH)
        self.code.byte(0x88)
        self.push(1, x)


