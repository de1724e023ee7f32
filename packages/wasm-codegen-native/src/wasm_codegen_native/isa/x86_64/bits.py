"""i32 and i64 ops on single bits, and 128-bit arithmetic: counting zeros and ones, add128, sub128, mul_wide."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from wasm_codegen_native.code import Code
from wasm_codegen_native.isa.x86_64.assembler import Assembler
from wasm_codegen_native.isa.x86_64.encodings import (
    ADC,
    ADD,
    ALU_XOR,
    AND,
    BSF,
    BSR,
    CC_E,
    CMOVCC,
    IMUL,
    IMUL_WIDE,
    LZCNT,
    MOV_LOAD,
    MUL,
    POPCNT,
    SBB,
    SHR_IMM,
    SUB,
    TZCNT,
)  # fmt: skip
from wasm_codegen_native.isa.x86_64.notation import W
from wasm_codegen_native.isa.x86_64.registers import RAX, RDX
from wasm_codegen_native.machine import T_I64
from wasm_codegen_native.values import REG, Values
from wasm_environ.op import I64_ADD128, I64_MUL_WIDE_S, I64_MUL_WIDE_U


@final
class Bits:
    """Lowers ops of the value stack's top, with the bit instructions the target has."""

    def __init__(self, asm: Assembler, values: Values, features: frozenset[str]) -> None:
        self.asm: Assembler = asm
        self.code: Code = asm.code
        self.v: Values = values
        self.has_bmi1: bool = "bmi1" in features
        self.has_lzcnt: bool = "abm" in features
        self.has_popcnt: bool = "popcnt" in features

    def count(self, n: i64, type: i64) -> None:
        """clz ctz popcnt"""
        v = self.v
        w: i64 = W if type == T_I64 else 0
        width: i64 = 64 if type == T_I64 else 32
        i = v.operands(1)
        source = v.reg(i)
        if n == 0 and not self.has_lzcnt:
            to = v.alloc(type)
            other = v.alloc(type)
            self.asm.rr(BSR | w, to, source)
            self.load_number(other, 2 * width - 1)
            self.asm.rr(CMOVCC | CC_E | w, to, other)
            self.asm.alu_immediate(ALU_XOR, w, to, width - 1)
            v.free_reg(other)
        elif n == 1 and not self.has_bmi1:
            to = v.alloc(type)
            other = v.alloc(type)
            self.asm.rr(BSF | w, to, source)
            self.load_number(other, width)
            self.asm.rr(CMOVCC | CC_E | w, to, other)
            v.free_reg(other)
        elif n == 2 and not self.has_popcnt:
            to = self.popcnt(source, type, w)
        else:
            to = source if v.kind[i] == REG else v.alloc(type)
            self.asm.rr((LZCNT if n == 0 else TZCNT if n == 1 else POPCNT) | w, to, source)
        if v.kind[i] == REG and v.low[i] != to:
            v.release(i)
        v.finish(1, type, to, -1)

    def load_number(self, to: i64, number: i64) -> None:
        """to <- a small number; keeps the flags."""
        self.asm.legacy(0xB8 | (to & 7), 0, 0, to, False)
        self.code.word(number)

    def popcnt(self, source: i64, type: i64, w: i64) -> i64:
        """Without POPCNT: sums of 2, 4, 8 bits, then one multiplication. Hacker's Delight, 5-1."""
        v = self.v
        asm = self.asm
        to = v.alloc(type)
        t = v.alloc(type)
        mask = v.alloc(type)
        asm.rr(MOV_LOAD | w, to, source)
        asm.rr(MOV_LOAD | w, t, source)
        self.shift_right(w, t, 1)
        self.mask_number(mask, 0x5555555555555555, w)
        asm.rr(AND | w, t, mask)
        asm.rr(SUB | w, to, t)
        self.mask_number(mask, 0x3333333333333333, w)
        asm.rr(MOV_LOAD | w, t, to)
        self.shift_right(w, t, 2)
        asm.rr(AND | w, to, mask)
        asm.rr(AND | w, t, mask)
        asm.rr(ADD | w, to, t)
        asm.rr(MOV_LOAD | w, t, to)
        self.shift_right(w, t, 4)
        asm.rr(ADD | w, to, t)
        self.mask_number(mask, 0x0F0F0F0F0F0F0F0F, w)
        asm.rr(AND | w, to, mask)
        self.mask_number(mask, 0x0101010101010101, w)
        asm.rr(IMUL | w, to, mask)
        self.shift_right(w, to, 56 if w != 0 else 24)
        v.free_reg(t)
        v.free_reg(mask)
        return to

    def mask_number(self, to: i64, number: i64, w: i64) -> None:
        """to <- a repeated pattern."""
        self.asm.legacy(0xB8 | (to & 7) | w, 0, 0, to, False)
        if w != 0:
            self.code.quad(number)
        else:
            self.code.word(number & 0xFFFFFFFF)

    # ---- 128 bits (wide-arithmetic)
    def wide_arithmetic(self, op: i64) -> None:
        """i64.add128 i64.sub128 i64.mul_wide_s i64.mul_wide_u"""
        v = self.v
        asm = self.asm
        if op == I64_MUL_WIDE_S or op == I64_MUL_WIDE_U:
            i = v.operands(2)
            v.place(i, RAX)
            v.take(RDX)
            asm.rr((IMUL_WIDE if op == I64_MUL_WIDE_S else MUL) | W, 0, v.reg(i + 1))
            v.release(i + 1)
            v.pop(2)
            v.push_reg(T_I64, RAX)
            v.push_reg(T_I64, RDX)
            return
        i = v.operands(4)
        low = v.own(i)
        high = v.own(i + 1)
        other_low = v.reg(i + 2)
        other_high = v.reg(i + 3)
        asm.rr((ADD if op == I64_ADD128 else SUB) | W, low, other_low)
        asm.rr((ADC if op == I64_ADD128 else SBB) | W, high, other_high)
        v.release(i + 2)
        v.release(i + 3)
        v.pop(4)
        v.push_reg(T_I64, low)
        v.push_reg(T_I64, high)

    def shift_right(self, w: i64, register: i64, count: i64) -> None:
        """register >>= count, unsigned."""
        self.asm.rr(SHR_IMM | w, 0, register)
        self.code.byte(count)
