"""v128 ops of one instruction, a row (form, instruction) each; those of several are in vector_arithmetic, as rows, in vector_special and vector_memory."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.code import Code
from wasm_codegen_native.conditions import Conditions
from wasm_codegen_native.isa.x86_64 import vector_encodings as e
from wasm_codegen_native.isa.x86_64.assembler import Assembler
from wasm_codegen_native.isa.x86_64.integer import Integer
from wasm_codegen_native.isa.x86_64.memory import Memory
from wasm_codegen_native.isa.x86_64.registers import RBP, SCRATCH
from wasm_codegen_native.isa.x86_64.vector_forms import (
    BINARY,
    BINARY_IMMEDIATE,
    BINARY_NOT,
    COMMUTES,
    EXTEND_BOTH,
    EXTREME_EQUAL,
    EXTREME_UNEQUAL,
    FIRST_OF_MEMORY,
    FIRST_OF_SPECIAL,
    HIGH,
    IMMEDIATE,
    SEVERAL,
    SWAPPED,
    SWAPPED_IMMEDIATE,
    SWAPPED_NOT,
    UNARY,
)
from wasm_codegen_native.isa.x86_64.vector_memory import VectorMemory
from wasm_codegen_native.isa.x86_64.vector_special import VectorSpecial
from wasm_codegen_native.kinds import by_op
from wasm_codegen_native.machine import T_V128
from wasm_codegen_native.values import CONST, REG, Values

# Columns: mnemonic, form, instruction, immediate or second instruction.
# fmt: off
ROWS: Final = (
    ("i8x16.eq", BINARY + COMMUTES, e.PCMPEQB, 0), ("i8x16.ne", BINARY_NOT, e.PCMPEQB, 0),
    ("i8x16.lt_s", SWAPPED, e.PCMPGTB, 0), ("i8x16.gt_s", BINARY, e.PCMPGTB, 0),
    ("i8x16.le_s", BINARY_NOT, e.PCMPGTB, 0), ("i8x16.ge_s", SWAPPED_NOT, e.PCMPGTB, 0),
    ("i8x16.lt_u", EXTREME_UNEQUAL, e.PMAXUB, e.PCMPEQB), ("i8x16.gt_u", EXTREME_UNEQUAL, e.PMINUB, e.PCMPEQB),
    ("i8x16.le_u", EXTREME_EQUAL, e.PMINUB, e.PCMPEQB), ("i8x16.ge_u", EXTREME_EQUAL, e.PMAXUB, e.PCMPEQB),
    ("i16x8.eq", BINARY + COMMUTES, e.PCMPEQW, 0), ("i16x8.ne", BINARY_NOT, e.PCMPEQW, 0),
    ("i16x8.lt_s", SWAPPED, e.PCMPGTW, 0), ("i16x8.gt_s", BINARY, e.PCMPGTW, 0),
    ("i16x8.le_s", BINARY_NOT, e.PCMPGTW, 0), ("i16x8.ge_s", SWAPPED_NOT, e.PCMPGTW, 0),
    ("i16x8.lt_u", EXTREME_UNEQUAL, e.PMAXUW, e.PCMPEQW), ("i16x8.gt_u", EXTREME_UNEQUAL, e.PMINUW, e.PCMPEQW),
    ("i16x8.le_u", EXTREME_EQUAL, e.PMINUW, e.PCMPEQW), ("i16x8.ge_u", EXTREME_EQUAL, e.PMAXUW, e.PCMPEQW),
    ("i32x4.eq", BINARY + COMMUTES, e.PCMPEQD, 0), ("i32x4.ne", BINARY_NOT, e.PCMPEQD, 0),
    ("i32x4.lt_s", SWAPPED, e.PCMPGTD, 0), ("i32x4.gt_s", BINARY, e.PCMPGTD, 0),
    ("i32x4.le_s", BINARY_NOT, e.PCMPGTD, 0), ("i32x4.ge_s", SWAPPED_NOT, e.PCMPGTD, 0),
    ("i32x4.lt_u", EXTREME_UNEQUAL, e.PMAXUD, e.PCMPEQD), ("i32x4.gt_u", EXTREME_UNEQUAL, e.PMINUD, e.PCMPEQD),
    ("i32x4.le_u", EXTREME_EQUAL, e.PMINUD, e.PCMPEQD), ("i32x4.ge_u", EXTREME_EQUAL, e.PMAXUD, e.PCMPEQD),
    ("i64x2.eq", BINARY + COMMUTES, e.PCMPEQQ, 0), ("i64x2.ne", BINARY_NOT, e.PCMPEQQ, 0),
    ("f32x4.eq", BINARY_IMMEDIATE, e.CMPPS, 0), ("f32x4.ne", BINARY_IMMEDIATE, e.CMPPS, 4),
    ("f32x4.lt", BINARY_IMMEDIATE, e.CMPPS, 1), ("f32x4.gt", SWAPPED_IMMEDIATE, e.CMPPS, 1),
    ("f32x4.le", BINARY_IMMEDIATE, e.CMPPS, 2), ("f32x4.ge", SWAPPED_IMMEDIATE, e.CMPPS, 2),
    ("f64x2.eq", BINARY_IMMEDIATE, e.CMPPD, 0), ("f64x2.ne", BINARY_IMMEDIATE, e.CMPPD, 4),
    ("f64x2.lt", BINARY_IMMEDIATE, e.CMPPD, 1), ("f64x2.gt", SWAPPED_IMMEDIATE, e.CMPPD, 1),
    ("f64x2.le", BINARY_IMMEDIATE, e.CMPPD, 2), ("f64x2.ge", SWAPPED_IMMEDIATE, e.CMPPD, 2),
    ("v128.and", BINARY + COMMUTES, e.PAND, 0), ("v128.andnot", SWAPPED, e.PANDN, 0),
    ("v128.or", BINARY + COMMUTES, e.POR, 0), ("v128.xor", BINARY + COMMUTES, e.PXOR, 0),
    ("f32x4.demote_f64x2_zero", UNARY, e.CVTPD2PS, 0), ("f64x2.promote_low_f32x4", UNARY, e.CVTPS2PD, 0),
    ("i8x16.abs", UNARY, e.PABSB, 0),
    ("i8x16.narrow_i16x8_s", BINARY, e.PACKSSWB, 0), ("i8x16.narrow_i16x8_u", BINARY, e.PACKUSWB, 0),
    ("f32x4.ceil", IMMEDIATE, e.ROUNDPS, 10), ("f32x4.floor", IMMEDIATE, e.ROUNDPS, 9),
    ("f32x4.trunc", IMMEDIATE, e.ROUNDPS, 11), ("f32x4.nearest", IMMEDIATE, e.ROUNDPS, 8),
    ("i8x16.add", BINARY + COMMUTES, e.PADDB, 0), ("i8x16.add_sat_s", BINARY + COMMUTES, e.PADDSB, 0),
    ("i8x16.add_sat_u", BINARY + COMMUTES, e.PADDUSB, 0),
    ("i8x16.sub", BINARY, e.PSUBB, 0), ("i8x16.sub_sat_s", BINARY, e.PSUBSB, 0), ("i8x16.sub_sat_u", BINARY, e.PSUBUSB, 0),
    ("f64x2.ceil", IMMEDIATE, e.ROUNDPD, 10), ("f64x2.floor", IMMEDIATE, e.ROUNDPD, 9),
    ("i8x16.min_s", BINARY + COMMUTES, e.PMINSB, 0), ("i8x16.min_u", BINARY + COMMUTES, e.PMINUB, 0),
    ("i8x16.max_s", BINARY + COMMUTES, e.PMAXSB, 0), ("i8x16.max_u", BINARY + COMMUTES, e.PMAXUB, 0),
    ("f64x2.trunc", IMMEDIATE, e.ROUNDPD, 11), ("i8x16.avgr_u", BINARY + COMMUTES, e.PAVGB, 0),
    ("i16x8.abs", UNARY, e.PABSW, 0),
    ("i16x8.narrow_i32x4_s", BINARY, e.PACKSSDW, 0), ("i16x8.narrow_i32x4_u", BINARY, e.PACKUSDW, 0),
    ("i16x8.extend_low_i8x16_s", UNARY, e.PMOVSXBW, 0), ("i16x8.extend_high_i8x16_s", HIGH, e.PMOVSXBW, 0),
    ("i16x8.extend_low_i8x16_u", UNARY, e.PMOVZXBW, 0), ("i16x8.extend_high_i8x16_u", HIGH, e.PMOVZXBW, 0),
    ("i16x8.add", BINARY + COMMUTES, e.PADDW, 0), ("i16x8.add_sat_s", BINARY + COMMUTES, e.PADDSW, 0),
    ("i16x8.add_sat_u", BINARY + COMMUTES, e.PADDUSW, 0),
    ("i16x8.sub", BINARY, e.PSUBW, 0), ("i16x8.sub_sat_s", BINARY, e.PSUBSW, 0), ("i16x8.sub_sat_u", BINARY, e.PSUBUSW, 0),
    ("f64x2.nearest", IMMEDIATE, e.ROUNDPD, 8), ("i16x8.mul", BINARY + COMMUTES, e.PMULLW, 0),
    ("i16x8.min_s", BINARY + COMMUTES, e.PMINSW, 0), ("i16x8.min_u", BINARY + COMMUTES, e.PMINUW, 0),
    ("i16x8.max_s", BINARY + COMMUTES, e.PMAXSW, 0), ("i16x8.max_u", BINARY + COMMUTES, e.PMAXUW, 0),
    ("i16x8.avgr_u", BINARY + COMMUTES, e.PAVGW, 0),
    ("i16x8.extmul_low_i8x16_s", EXTEND_BOTH, e.PMULLW, 0), ("i16x8.extmul_high_i8x16_s", EXTEND_BOTH, e.PMULLW, 1),
    ("i16x8.extmul_low_i8x16_u", EXTEND_BOTH, e.PMULLW, 2), ("i16x8.extmul_high_i8x16_u", EXTEND_BOTH, e.PMULLW, 3),
    ("i32x4.abs", UNARY, e.PABSD, 0),
    ("i32x4.extend_low_i16x8_s", UNARY, e.PMOVSXWD, 0), ("i32x4.extend_high_i16x8_s", HIGH, e.PMOVSXWD, 0),
    ("i32x4.extend_low_i16x8_u", UNARY, e.PMOVZXWD, 0), ("i32x4.extend_high_i16x8_u", HIGH, e.PMOVZXWD, 0),
    ("i32x4.add", BINARY + COMMUTES, e.PADDD, 0), ("i32x4.sub", BINARY, e.PSUBD, 0), ("i32x4.mul", BINARY + COMMUTES, e.PMULLD, 0),
    ("i32x4.min_s", BINARY + COMMUTES, e.PMINSD, 0), ("i32x4.min_u", BINARY + COMMUTES, e.PMINUD, 0),
    ("i32x4.max_s", BINARY + COMMUTES, e.PMAXSD, 0), ("i32x4.max_u", BINARY + COMMUTES, e.PMAXUD, 0),
    ("i32x4.dot_i16x8_s", BINARY + COMMUTES, e.PMADDWD, 0),
    ("i32x4.extmul_low_i16x8_s", EXTEND_BOTH, e.PMULLD, 4), ("i32x4.extmul_high_i16x8_s", EXTEND_BOTH, e.PMULLD, 5),
    ("i32x4.extmul_low_i16x8_u", EXTEND_BOTH, e.PMULLD, 6), ("i32x4.extmul_high_i16x8_u", EXTEND_BOTH, e.PMULLD, 7),
    ("i64x2.extend_low_i32x4_s", UNARY, e.PMOVSXDQ, 0), ("i64x2.extend_high_i32x4_s", HIGH, e.PMOVSXDQ, 0),
    ("i64x2.extend_low_i32x4_u", UNARY, e.PMOVZXDQ, 0), ("i64x2.extend_high_i32x4_u", HIGH, e.PMOVZXDQ, 0),
    ("i64x2.add", BINARY + COMMUTES, e.PADDQ, 0), ("i64x2.sub", BINARY, e.PSUBQ, 0),
    ("i64x2.extmul_low_i32x4_s", EXTEND_BOTH, e.PMULDQ, 8), ("i64x2.extmul_high_i32x4_s", EXTEND_BOTH, e.PMULDQ, 9),
    ("i64x2.extmul_low_i32x4_u", EXTEND_BOTH, e.PMULUDQ, 8), ("i64x2.extmul_high_i32x4_u", EXTEND_BOTH, e.PMULUDQ, 9),
    ("f32x4.sqrt", UNARY, e.SQRTPS, 0),
    ("f32x4.add", BINARY + COMMUTES, e.ADDPS, 0), ("f32x4.sub", BINARY, e.SUBPS, 0),
    ("f32x4.mul", BINARY + COMMUTES, e.MULPS, 0), ("f32x4.div", BINARY, e.DIVPS, 0),
    ("f32x4.pmin", SWAPPED, e.MINPS, 0), ("f32x4.pmax", SWAPPED, e.MAXPS, 0),
    ("f64x2.sqrt", UNARY, e.SQRTPD, 0),
    ("f64x2.add", BINARY + COMMUTES, e.ADDPD, 0), ("f64x2.sub", BINARY, e.SUBPD, 0),
    ("f64x2.mul", BINARY + COMMUTES, e.MULPD, 0), ("f64x2.div", BINARY, e.DIVPD, 0),
    ("f64x2.pmin", SWAPPED, e.MINPD, 0), ("f64x2.pmax", SWAPPED, e.MAXPD, 0),
    ("f32x4.convert_i32x4_s", UNARY, e.CVTDQ2PS, 0), ("f64x2.convert_low_i32x4_s", UNARY, e.CVTDQ2PD, 0),
    ("f32x4.relaxed_min", SWAPPED, e.MINPS, 0), ("f32x4.relaxed_max", SWAPPED, e.MAXPS, 0),  # as pmin and pmax: so do wasmtime and LLVM
    ("f64x2.relaxed_min", SWAPPED, e.MINPD, 0), ("f64x2.relaxed_max", SWAPPED, e.MAXPD, 0),
    ("i16x8.relaxed_q15mulr_s", BINARY + COMMUTES, e.PMULHRSW, 0),
    ("i16x8.relaxed_dot_i8x16_i7x16_s", SWAPPED, e.PMADDUBSW, 0),
)
# fmt: on
# By op id; of forms of SEVERAL instructions, the second is the number.
FORMS: Final[bytes] = bytes(by_op([(row[0], row[1]) for row in ROWS] + [(name, form) for form, names in SEVERAL for name in names]))
INSTRUCTIONS: Final[vec[i64]] = vec[i64](by_op([(row[0], row[2]) for row in ROWS]))
SECONDS: Final[vec[i64]] = vec[i64](by_op([(row[0], row[3]) for row in ROWS] + [(name, n) for _, names in SEVERAL for n, name in enumerate(names)]))


@final
class Vectors:
    """Lowers vector ops of the value stack's top."""

    def __init__(self, asm: Assembler, values: Values, integer: Integer, conditions: Conditions, memory: Memory, features: frozenset[str]) -> None:
        self.asm: Assembler = asm
        self.code: Code = asm.code
        self.v: Values = values
        self.special: VectorSpecial = VectorSpecial(asm, values, integer, conditions, features)
        self.memory: VectorMemory = VectorMemory(asm, values, memory, self.special)

    def lower(self, op: i64) -> None:
        """Lower one op."""
        form: i64 = FORMS[op]
        second: i64 = SECONDS[op]
        if form >= FIRST_OF_MEMORY:
            if form < FIRST_OF_SPECIAL:
                self.memory.lower(form, second)
            else:
                self.special.lower(op, form, second)
            return
        row: i64 = INSTRUCTIONS[op]
        commutes = form >= COMMUTES
        if commutes:
            form -= COMMUTES
        if form <= SWAPPED_NOT:
            swapped = form == SWAPPED or form == SWAPPED_NOT
            self.binary(row, swapped, commutes, form == BINARY_NOT or form == SWAPPED_NOT, -1)
        elif form == UNARY:
            self.unary(row, -1)
        elif form == IMMEDIATE:
            self.unary(row, second)
        elif form == BINARY_IMMEDIATE or form == SWAPPED_IMMEDIATE:
            self.binary(row, form == SWAPPED_IMMEDIATE, False, False, second)
        elif form == EXTREME_EQUAL or form == EXTREME_UNEQUAL:
            self.extreme_compare(row, second, form == EXTREME_UNEQUAL)
        elif form == HIGH:
            self.high(row)
        else:
            self.extend_both(row, second)

    def binary(self, row: i64, swapped: bool, commutes: bool, invert: bool, immediate: i64) -> None:
        """One instruction, perhaps inverted."""
        v = self.v
        asm = self.asm
        i = v.operands(2)
        target = v.target(T_V128)
        a = i
        b = i + 1
        if swapped or (commutes and target < 0 and v.kind[a] != REG and v.kind[b] == REG):
            a = b
            b = i
        source = v.reg(a)
        to = target
        if to < 0:
            to = source if v.kind[a] == REG else v.alloc(T_V128)
        register = v.in_reg(b)
        if register >= 0:
            asm.v3(row, to, source, register)
        elif v.kind[b] == CONST:
            asm.v3r(row, to, source, self.code.constant(v.low[b], v.high[b], 16))
        else:
            asm.v3m(row, to, source, RBP, v.memory_disp(b))
        if immediate >= 0:
            self.code.byte(immediate)
        if invert:
            self.invert(to)
        self.special.done_two(i, to, target)

    def invert(self, register: i64) -> None:
        """register <- not register"""
        self.asm.v3(e.PCMPEQD, SCRATCH, SCRATCH, SCRATCH)
        self.asm.v3(e.PXOR, register, register, SCRATCH)

    def unary(self, row: i64, immediate: i64) -> None:
        """One instruction, perhaps with an immediate."""
        v = self.v
        i = v.operands(1)
        target = v.target(T_V128)
        source = v.reg(i)
        to = target
        if to < 0:
            to = source if v.kind[i] == REG else v.alloc(T_V128)
        self.asm.v2(row, to, source)
        if immediate >= 0:
            self.code.byte(immediate)
        self.special.done_one(i, to, target)

    def extreme_compare(self, row: i64, equal: i64, unequal: bool) -> None:
        """Unsigned comparisons: a >= b is max(a, b) == a; a < b is its opposite."""
        v = self.v
        i = v.operands(2)
        a = v.reg(i)
        b = v.reg(i + 1)
        to = v.alloc(T_V128)
        self.asm.v3(row, to, a, b)
        self.asm.v3(equal, to, to, a)
        if unequal:
            self.invert(to)
        v.drop(2)
        v.push_reg(T_V128, to)

    def high(self, row: i64) -> None:
        """Extend the high half."""
        v = self.v
        i = v.operands(1)
        source = v.reg(i)
        to = source if v.kind[i] == REG else v.alloc(T_V128)
        self.asm.v2(e.PSHUFD, to, source)
        self.code.byte(0xEE)
        self.asm.v2(row, to, to)
        self.special.done_one(i, to, -1)

    def extend_both(self, row: i64, how: i64) -> None:
        """extmul: bit 0 of `how` high halves, bit 1 unsigned, bit 2 16-bit lanes, bit 3 32-bit lanes, which PMULDQ extends itself."""
        v = self.v
        asm = self.asm
        i = v.operands(2)
        a = v.reg(i)
        b = v.reg(i + 1)
        x = v.alloc(T_V128)
        y = v.alloc(T_V128)
        high = (how & 1) != 0
        if (how & 8) != 0:
            asm.v2(e.PSHUFD, x, a)
            self.code.byte(0xFA if high else 0x50)
            asm.v2(e.PSHUFD, y, b)
            self.code.byte(0xFA if high else 0x50)
        else:
            extend: i64 = e.PMOVSXBW
            if (how & 4) != 0:
                extend = e.PMOVZXWD if (how & 2) != 0 else e.PMOVSXWD
            elif (how & 2) != 0:
                extend = e.PMOVZXBW
            if high:
                asm.v2(e.PSHUFD, x, a)
                self.code.byte(0xEE)
                asm.v2(e.PSHUFD, y, b)
                self.code.byte(0xEE)
                a = x
                b = y
            asm.v2(extend, x, a)
            asm.v2(extend, y, b)
        asm.v3(row, x, x, y)
        v.free_reg(y)
        v.drop(2)
        v.push_reg(T_V128, x)


