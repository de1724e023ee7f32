"""Integer division and remainder; by a constant without a divide (Hacker's Delight, chapter 10)."""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from wasm_codegen_native.code import Code, log2
from wasm_codegen_native.isa.x86_64.assembler import Assembler
from wasm_codegen_native.isa.x86_64.encodings import (
    ADD,
    ALU_AND,
    ALU_CMP,
    CC_E,
    CC_NE,
    CC_O,
    DIV,
    IDIV,
    IMUL,
    IMUL_IMM32,
    IMUL_WIDE,
    MOV_LOAD,
    MOVSXD,
    MUL,
    NEG,
    SAR_IMM,
    SHR_IMM,
    SUB,
    TEST,
    XOR,
)  # fmt: skip
from wasm_codegen_native.isa.x86_64.notation import W
from wasm_codegen_native.isa.x86_64.registers import RAX, RDX
from wasm_codegen_native.machine import T_I32, T_I64
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import CONST, Values
from wasm_environ import traps

DIV_S: Final = 0
DIV_U: Final = 1
REM_S: Final = 2
REM_U: Final = 3


def magic_unsigned(divisor: int, bits: int) -> tuple[int, int, bool]:
    """(multiplier, shift, add): x // divisor == (mulhi(x, multiplier) [+ x, 1 bit wider]) >> shift for all x < 2**bits."""
    for shift in range(bits + 1):
        multiplier = ((1 << bits + shift) + divisor - 1) // divisor
        if multiplier * divisor - (1 << bits + shift) <= 1 << shift:
            if multiplier < 1 << bits:
                return multiplier, shift, False
            return multiplier - (1 << bits), shift, True
    raise AssertionError(divisor)


def magic_signed(divisor: int, bits: int) -> tuple[int, int]:
    """(multiplier as a signed number, shift) for |divisor| >= 2: quotient = mulhs(x, multiplier) [+- x] >> shift, plus its sign bit."""
    two = 1 << bits - 1
    absolute = abs(divisor)
    t = two + (1 if divisor < 0 else 0)
    anc = t - 1 - t % absolute
    p = bits - 1
    while True:
        p += 1
        delta = absolute - (1 << p) % absolute
        if (1 << p) > anc * delta:
            break
    multiplier = ((1 << p) + delta) // absolute
    if divisor < 0:
        multiplier = -multiplier
    multiplier &= (1 << bits) - 1
    if multiplier >= two:
        multiplier -= 1 << bits
    return multiplier, p - bits


def signed64(value: int) -> int:
    """The 64-bit pattern as a signed number."""
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


@final
class Divide:
    """div_s div_u rem_s rem_u"""

    def __init__(self, asm: Assembler, values: Values, traps: Traps) -> None:
        self.asm: Assembler = asm
        self.code: Code = asm.code
        self.v: Values = values
        self.traps: Traps = traps

    def lower(self, n: i64, type: i64) -> None:
        """n: DIV_S to REM_U."""
        v = self.v
        i = v.operands(2)
        if v.kind[i + 1] == CONST:
            divisor = v.low[i + 1]
            if type == T_I32:
                divisor = divisor & 0xFFFFFFFF
                if (n == DIV_S or n == REM_S) and divisor >= 0x80000000:
                    divisor -= 0x100000000
            if divisor != 0 and self.by_constant(n, type, i, divisor):
                return
        self.by_variable(n, type, i)

    def by_variable(self, n: i64, type: i64, i: i64) -> None:
        """With DIV and IDIV, and the checks the spec asks for."""
        v = self.v
        asm = self.asm
        w: i64 = W if type == T_I64 else 0
        v.place(i, RAX)
        v.take(RDX)
        divisor = v.reg(i + 1)
        asm.rr(TEST | w, divisor, divisor)
        self.traps.trap_if(CC_E, traps.INTEGER_DIVISION_BY_ZERO)
        if n == DIV_U or n == REM_U:
            asm.rr(XOR, RDX, RDX)
            asm.rr(DIV | w, 0, divisor)
        else:
            asm.alu_immediate(ALU_CMP, w, divisor, -1)
            fine = asm.skip(CC_NE)
            if n == DIV_S:
                asm.alu_immediate(ALU_CMP, w, RAX, 1)  # overflows for the most negative number alone
                self.traps.trap_if(CC_O, traps.INTEGER_OVERFLOW)
            else:
                asm.rr(XOR, RDX, RDX)
                over = asm.skip(-1)
            asm.land(fine)
            if w != 0:
                self.code.byte(0x48)
            self.code.byte(0x99)  # cdq, cqo
            asm.rr(IDIV | w, 0, divisor)
            if n == REM_S:
                asm.land(over)
        v.release(i + 1)
        quotient = n == DIV_S or n == DIV_U
        v.free_reg(RDX if quotient else RAX)
        v.finish(2, type, RAX if quotient else RDX, -1)

    # ---- constants
    def by_constant(self, n: i64, type: i64, i: i64, divisor: i64) -> bool:
        """Multiplications and shifts; False if this divisor is left to the general code."""
        v = self.v
        if v.kind[i] == CONST:
            return False
        signed = n == DIV_S or n == REM_S
        if signed and (divisor == 1 or divisor == -1):
            return False
        if not signed and type == T_I64 and divisor < 0:
            return False
        if not signed and (divisor & (divisor - 1)) == 0:
            self.unsigned_power(n, type, i, divisor)
            return True
        if signed and divisor < -0x7FFFFFFFFFFFFFFF:
            return False
        # x stays in the operand's register; the quotient is computed in others.
        quotient = self.signed_quotient(type, i, divisor) if signed else self.unsigned_quotient(type, i, divisor)
        if n == DIV_S or n == DIV_U:
            v.release(i)
            v.finish(2, type, quotient, -1)
            return True
        self.remainder(type, i, quotient, divisor)
        return True

    def unsigned_power(self, n: i64, type: i64, i: i64, divisor: i64) -> None:
        """By a power of two."""
        v = self.v
        w: i64 = W if type == T_I64 else 0
        if n == DIV_U:
            register = v.own(i)
            self.shift(SHR_IMM | w, register, log2(divisor))
        else:
            if divisor - 1 > 0x7FFFFFFF:
                mask = v.alloc(type)
                self.asm.number(mask, divisor - 1)
                register = v.own(i)
                self.asm.rr(0x23 | w, register, mask)
                v.free_reg(mask)
            else:
                register = v.own(i)
                self.asm.alu_immediate(ALU_AND, w, register, divisor - 1)
        v.finish(2, type, register, -1)

    def shift(self, row: i64, register: i64, count: i64) -> None:
        """Shift by a constant, nothing for 0."""
        if count != 0:
            self.asm.rr(row, 0, register)
            self.code.byte(count)

    def unsigned_quotient(self, type: i64, i: i64, divisor: i64) -> i64:
        """A new register with x // divisor."""
        v = self.v
        asm = self.asm
        bits: i64 = 64 if type == T_I64 else 32
        multiplier, shift, add = magic_unsigned(divisor, bits)
        w: i64 = W if type == T_I64 else 0
        if type == T_I32:
            x = v.reg(i)
            q = v.alloc(T_I64)
            self.asm.number(q, multiplier)
            asm.rr(IMUL | W, q, x)
            self.shift(SHR_IMM | W, q, 32 if add else 32 + shift)
        else:
            v.take(RAX)
            v.take(RDX)
            x = v.reg(i)
            self.asm.number(RAX, signed64(multiplier))
            asm.rr(MUL | W, 0, x)
            q = RDX
            v.free_reg(RAX)
            if not add:
                self.shift(SHR_IMM | W, q, shift)
        if add:  # ((x - q) >> 1) + q does not overflow
            t = v.alloc(T_I64)
            asm.rr(MOV_LOAD | w, t, x)
            asm.rr(SUB | w, t, q)
            self.shift(SHR_IMM | w, t, 1)
            asm.rr(ADD | w, q, t)
            self.shift(SHR_IMM | w, q, shift - 1)
            v.free_reg(t)
        return q

    def signed_quotient(self, type: i64, i: i64, divisor: i64) -> i64:
        """A new register with x / divisor, rounded towards zero."""
        absolute = -divisor if divisor < 0 else divisor
        if (absolute & (absolute - 1)) == 0:
            return self.signed_power(type, i, divisor, log2(absolute))
        v = self.v
        asm = self.asm
        w: i64 = W if type == T_I64 else 0
        multiplier, shift = magic_signed(divisor, 64 if type == T_I64 else 32)
        if type == T_I32:
            x = v.reg(i)
            q = v.alloc(T_I64)
            asm.rr(MOVSXD, q, x)
            asm.rr(IMUL_IMM32 | W, q, q)
            self.code.word(multiplier)
            self.shift(SHR_IMM | W, q, 32)
        else:
            v.take(RAX)
            v.take(RDX)
            x = v.reg(i)
            self.asm.number(RAX, multiplier)
            asm.rr(IMUL_WIDE | W, 0, x)
            q = RDX
            v.free_reg(RAX)
        if divisor > 0 and multiplier < 0:
            asm.rr(ADD | w, q, x)
        elif divisor < 0 and multiplier > 0:
            asm.rr(SUB | w, q, x)
        self.shift(SAR_IMM | w, q, shift)
        t = v.alloc(type)
        asm.rr(MOV_LOAD | w, t, q)
        self.shift(SHR_IMM | w, t, 63 if type == T_I64 else 31)
        asm.rr(ADD | w, q, t)
        v.free_reg(t)
        return q

    def signed_power(self, type: i64, i: i64, divisor: i64, k: i64) -> i64:
        """By plus or minus 2**k: add 2**k - 1 to negative numbers, then shift."""
        v = self.v
        asm = self.asm
        w: i64 = W if type == T_I64 else 0
        x = v.reg(i)
        q = v.alloc(type)
        asm.rr(MOV_LOAD | w, q, x)
        self.shift(SAR_IMM | w, q, 63 if type == T_I64 else 31)
        self.shift(SHR_IMM | w, q, (64 if type == T_I64 else 32) - k)
        asm.rr(ADD | w, q, x)
        self.shift(SAR_IMM | w, q, k)
        if divisor < 0:
            asm.rr(NEG | w, 0, q)
        return q

    def remainder(self, type: i64, i: i64, quotient: i64, divisor: i64) -> None:
        """x - quotient * divisor replaces both operands."""
        v = self.v
        asm = self.asm
        w: i64 = W if type == T_I64 else 0
        signed32 = divisor
        if type == T_I32 and divisor > 0x7FFFFFFF:
            signed32 = divisor - 0x100000000
        if signed32 >= -0x80000000 and signed32 <= 0x7FFFFFFF:
            asm.rr(IMUL_IMM32 | w, quotient, quotient)
            self.code.word(signed32)
        else:
            t = v.alloc(type)
            self.asm.number(t, divisor)
            asm.rr(IMUL | w, quotient, t)
            v.free_reg(t)
        x = v.own(i)
        asm.rr(SUB | w, x, quotient)
        v.free_reg(quotient)
        v.finish(2, type, x, -1)


