"""i32 and i64 ops: arithmetic, comparisons, shifts, bits; the chapter `numeric` without floating point."""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from wasm_codegen_native import kinds
from wasm_codegen_native.code import Code, shl
from wasm_codegen_native.frame import Frame
from wasm_codegen_native.isa.x86_64.assembler import Assembler
from wasm_codegen_native.isa.x86_64.bits import Bits
from wasm_codegen_native.isa.x86_64.divide import Divide
from wasm_codegen_native.isa.x86_64.encodings import (
    ADD,
    ALU_ADD,
    ALU_AND,
    ALU_CMP,
    ALU_IMM8,
    ALU_IMM32,
    ALU_OR,
    ALU_SUB,
    ALU_XOR,
    AND,
    CC_A,
    CC_AE,
    CC_B,
    CC_BE,
    CC_E,
    CC_G,
    CC_GE,
    CC_L,
    CC_LE,
    CC_NE,
    CMP,
    IMUL,
    IMUL_IMM8,
    IMUL_IMM32,
    LEA,
    MOV_LOAD,
    MOVSX8,
    MOVSX16,
    MOVSXD,
    MOVZX8,
    OR,
    ROL_CL,
    ROL_IMM,
    ROR_CL,
    ROR_IMM,
    SAR_CL,
    SAR_IMM,
    SARX,
    SETCC,
    SHL_CL,
    SHL_IMM,
    SHLX,
    SHR_CL,
    SHR_IMM,
    SHRX,
    SUB,
    TEST,
    XOR,
)  # fmt: skip
from wasm_codegen_native.isa.x86_64.notation import W
from wasm_codegen_native.isa.x86_64.registers import RBP, RCX
from wasm_codegen_native.kinds import NUMBER, TYPE
from wasm_codegen_native.machine import T_I32, T_I64
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import CONST, FLAGS, REG, Values
from wasm_environ.body import OP_MASK, WORDS
from wasm_environ.op import BR_IF, I32_EQZ, IF, SELECT, SELECT_VALTYPES

# eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u, and the same with the operands swapped
COMPARE: Final = bytes([CC_E, CC_NE, CC_L, CC_B, CC_G, CC_A, CC_LE, CC_BE, CC_GE, CC_AE])
SWAPPED: Final = bytes([CC_E, CC_NE, CC_G, CC_A, CC_L, CC_B, CC_GE, CC_AE, CC_LE, CC_BE])


@final
class Integer:
    """Lowers integer ops of the value stack's top."""

    def __init__(self, asm: Assembler, values: Values, traps: Traps, frame: Frame, features: frozenset[str]) -> None:
        self.asm: Assembler = asm
        self.code: Code = asm.code
        self.v: Values = values
        self.frame: Frame = frame
        self.divide: Divide = Divide(asm, values, traps)
        self.bits: Bits = Bits(asm, values, features)
        self.has_bmi2: bool = "bmi2" in features

    def lower(self, op: i64, kind: i64) -> None:
        """Lower one op."""
        type: i64 = TYPE[op]
        n: i64 = NUMBER[op]
        if kind == kinds.INTEGER_BINARY:
            self.binary(n, type)
        elif kind == kinds.INTEGER_COMPARE:
            self.compare(n, type)
        elif kind == kinds.INTEGER_EQZ:
            self.eqz(type)
        elif kind == kinds.INTEGER_WRAP:
            self.wrap()
        elif kind == kinds.INTEGER_EXTEND_U:
            self.extend_unsigned()
        elif kind == kinds.INTEGER_EXTEND_S:
            self.extend(MOVSX8 if n == 0 else MOVSX16 if n == 1 else MOVSXD, type, shl(1, n))
        elif kind == kinds.INTEGER_COUNT:
            self.bits.count(n, type)
        else:
            self.bits.wide_arithmetic(op)

    def binary(self, n: i64, type: i64) -> None:
        """Op n of INTEGER_BINARY."""
        if self.fold(n, type):
            return
        if n == 0:
            self.add(type)
        elif n == 1:
            self.alu(SUB, ALU_SUB, False, type)
        elif n == 7:
            self.alu(AND, ALU_AND, True, type)
        elif n == 8:
            self.alu(OR, ALU_OR, True, type)
        elif n == 9:
            self.alu(XOR, ALU_XOR, True, type)
        elif n >= 10:
            self.shift(n, type)
        elif n == 2:
            self.multiply(type)
        else:
            self.divide.lower(n, type)

    def fold(self, n: i64, type: i64) -> bool:
        """Both operands constant: add, sub, mul, and, or, xor, shl at compile time."""
        v = self.v
        i = v.sp - 2
        if v.kind[i] != CONST or v.kind[i + 1] != CONST or type != T_I32 or (n > 2 and n < 7) or n > 10:
            return False
        a = v.low[i]
        b = v.low[i + 1]
        r: i64 = 0
        if n == 0:
            r = a + b
        elif n == 1:
            r = a - b
        elif n == 2:
            r = a * b
        elif n == 7:
            r = a & b
        elif n == 8:
            r = a | b
        elif n == 9:
            r = a ^ b
        else:
            r = shl(a & 0xFFFFFFFF, b & 31)
        r &= 0xFFFFFFFF
        if r >= 0x80000000:
            r -= 0x100000000
        v.drop(2)
        v.push_const(type, r, 0)
        return True

    # ---- two-operand arithmetic
    def small(self, i: i64) -> bool:
        """Whether entry i is a constant that fits in a sign-extended 32-bit immediate."""
        v = self.v
        return v.kind[i] == CONST and v.low[i] >= -0x80000000 and v.low[i] <= 0x7FFFFFFF

    def add(self, type: i64) -> None:
        """add: LEA where the sum goes to a third register."""
        v = self.v
        i = v.operands(2)
        a = i
        b = i + 1
        if v.kind[a] == CONST:
            a = b
            b = i
        target = v.target(type)
        w: i64 = W if type == T_I64 else 0
        source = v.in_reg(a)
        if source >= 0 and (target >= 0 or v.kind[a] != REG):
            other: i64 = -1 if v.kind[b] == CONST else v.in_reg(b)
            to = target
            if to < 0:
                to = v.low[b] if v.kind[b] == REG else v.alloc(type)
            if to != source and self.small(b):
                self.asm.rm(LEA | w, to, source, v.low[b])
                self.done(i, type, to, target)
                return
            if to != source and other >= 0 and to != other:
                self.asm.rx(LEA | w, to, source, other, 0, 0)
                self.done(i, type, to, target)
                return
            if target < 0 and v.kind[b] != REG:
                v.free_reg(to)
        self.alu_with(ADD, ALU_ADD, True, type, target)

    def alu(self, row: i64, digit: i64, commutative: bool, type: i64) -> None:
        """and or xor sub"""
        self.v.operands(2)
        self.alu_with(row, digit, commutative, type, self.v.target(type))

    def alu_with(self, row: i64, digit: i64, commutative: bool, type: i64, target: i64) -> None:
        """Two-operand form: to <- a; to <- to op b."""
        v = self.v
        w: i64 = W if type == T_I64 else 0
        i = v.floor
        a = i
        b = i + 1
        if commutative and v.kind[b] != CONST and (target < 0 or v.in_reg(a) != target) and (
            v.kind[a] == CONST or (target >= 0 and v.in_reg(b) == target) or (v.kind[b] == REG and v.kind[a] != REG)
        ):  # fmt: skip
            a = b
            b = i
        if target >= 0 and v.in_reg(b) == target and v.in_reg(a) != target:
            target = -1
        if v.kind[b] == CONST and not self.small(b):
            v.reg(b)
        to = self.destination(a, type, target)
        self.operate(row | w, digit, w, to, b)
        if row != IMUL:
            v.note_flags(type, to)
        self.done(i, type, to, target)

    def destination(self, a: i64, type: i64, target: i64) -> i64:
        """The register where entry a's value now is, to be overwritten: the target, or one of its own."""
        v = self.v
        if target >= 0:
            v.load_into(a, target)
            return target
        return v.own(a)

    def operate(self, row: i64, digit: i64, w: i64, to: i64, b: i64) -> None:
        """to <- to op entry b, which is a register, in the frame, or a small constant."""
        v = self.v
        if v.kind[b] == CONST:
            self.asm.alu_immediate(digit, w, to, v.low[b])
            return
        register = v.in_reg(b)
        if register >= 0:
            self.asm.rr(row, to, register)
        else:
            self.asm.rm(row, to, RBP, v.memory_disp(b))

    def done(self, i: i64, type: i64, to: i64, target: i64) -> None:
        """Release the two operands but the result, and push it."""
        v = self.v
        if v.kind[i] == REG and v.low[i] != to:
            v.release(i)
        if v.kind[i + 1] == REG and v.low[i + 1] != to:
            v.release(i + 1)
        v.finish(2, type, to, target)

    def multiply(self, type: i64) -> None:
        """mul: by a constant LEA, SHL or three-operand IMUL."""
        v = self.v
        i = v.operands(2)
        target = v.target(type)
        w: i64 = W if type == T_I64 else 0
        a = i
        b = i + 1
        if v.kind[a] == CONST:
            a = b
            b = i
        if self.small(b) and v.kind[a] != CONST:
            factor = v.low[b]
            if factor > 0 and (factor & (factor - 1)) == 0:
                to = self.destination(a, type, target)
                self.shift_immediate(SHL_IMM, w, to, exponent(factor))
                self.done(i, type, to, target)
                return
            source = v.reg(a)
            to = target
            if to < 0:
                to = source if v.kind[a] == REG else v.alloc(type)
            if factor == 3 or factor == 5 or factor == 9:
                self.asm.rx(LEA | w, to, source, source, exponent(factor - 1), 0)
            elif factor >= -128 and factor <= 127:
                self.asm.rr(IMUL_IMM8 | w, to, source)
                self.code.byte(factor)
            else:
                self.asm.rr(IMUL_IMM32 | w, to, source)
                self.code.word(factor)
            self.done(i, type, to, target)
            return
        self.alu_with(IMUL, 0xFF, True, type, target) if v.kind[a] != CONST and v.kind[b] != CONST else self.multiply_large(i, type)

    def multiply_large(self, i: i64, type: i64) -> None:
        """mul with a constant that is no immediate."""
        v = self.v
        to = v.own(i)
        other = v.reg(i + 1)
        self.asm.rr(IMUL | W if type == T_I64 else IMUL, to, other)
        self.done(i, type, to, -1)

    # ---- shifts
    def shift_immediate(self, row: i64, w: i64, register: i64, count: i64) -> None:
        """Shift by a constant."""
        if count != 0:
            self.asm.rr(row | w, 0, register)
            self.code.byte(count)

    def shift(self, n: i64, type: i64) -> None:
        """shl shr_s shr_u rotl rotr"""
        v = self.v
        i = v.operands(2)
        target = v.target(type)
        w: i64 = W if type == T_I64 else 0
        b = i + 1
        if v.kind[b] == CONST:
            to = self.destination(i, type, target)
            row: i64 = SHL_IMM
            if n == 11:
                row = SAR_IMM
            elif n == 12:
                row = SHR_IMM
            elif n == 13:
                row = ROL_IMM
            elif n == 14:
                row = ROR_IMM
            self.shift_immediate(row, w, to, v.low[b] & (63 if type == T_I64 else 31))
            self.done(i, type, to, target)
        elif n <= 12 and self.has_bmi2:
            source = v.reg(i)
            count = v.reg(b)
            to = target
            if to < 0:
                to = source if v.kind[i] == REG else count if v.kind[b] == REG else v.alloc(type)
            self.asm.g3((SHLX if n == 10 else SARX if n == 11 else SHRX) | w, to, source, count)
            self.done(i, type, to, target)
        else:
            v.place(b, RCX)
            to = v.own(i)
            row = SHL_CL
            if n == 11:
                row = SAR_CL
            elif n == 12:
                row = SHR_CL
            elif n == 13:
                row = ROL_CL
            elif n == 14:
                row = ROR_CL
            self.asm.rr(row | w, 0, to)
            self.done(i, type, to, -1)

    # ---- comparisons
    def compare(self, n: i64, type: i64) -> None:
        """eq to ge_u"""
        v = self.v
        i = v.operands(2)
        w: i64 = W if type == T_I64 else 0
        condition: i64 = COMPARE[n]
        a = i
        b = i + 1
        if v.kind[a] == CONST and v.kind[b] != CONST:
            a = b
            b = i
            condition = SWAPPED[n]
        if v.kind[b] == CONST and not self.small(b):
            v.reg(b)
        if v.kind[b] == CONST and v.low[b] == 0:
            register = v.reg(a)
            if n > 1 or not v.flags_tell(type, register):  # SUB and ADD leave other flags than TEST does
                self.asm.rr(TEST | w, register, register)
        elif v.kind[b] == CONST and v.in_reg(a) < 0 and v.kind[a] != CONST:
            self.compare_memory(w, v.memory_disp(a), v.low[b])
        else:
            self.operate(CMP | w, ALU_CMP, w, v.reg(a), b)
        v.drop(2)
        self.conclude(condition)

    def compare_memory(self, w: i64, disp: i64, value: i64) -> None:
        """cmp [rbp + disp], value"""
        small = value >= -128 and value <= 127
        row: i64 = (ALU_IMM8 if small else ALU_IMM32) & ~(15 << 16) | (ALU_CMP + 1) << 16 | w
        self.asm.rm(row, 0, RBP, disp)
        if small:
            self.code.byte(value)
        else:
            self.code.word(value)

    def eqz(self, type: i64) -> None:
        """eqz"""
        v = self.v
        i = v.operands(1)
        v.machine.test(type, v.reg(i))
        v.drop(1)
        self.conclude(CC_E)

    def conclude(self, condition: i64) -> None:
        """A condition was computed: keep it as flags for the branch or select that follows, else as 0 or 1."""
        v = self.v
        if v.fuse:
            op = v.ops[v.pc] & OP_MASK
            while op == I32_EQZ:
                condition ^= 1
                v.pc += WORDS
                op = v.ops[v.pc] & OP_MASK
            if op == BR_IF or op == IF or op == SELECT or op == SELECT_VALTYPES:
                v.push(FLAGS, T_I32, condition)
                return
        self.materialize(condition)

    def materialize(self, condition: i64) -> None:
        """Push the condition as 0 or 1."""
        v = self.v
        v.operands(0)
        target = v.target(T_I32)
        to: i64 = target if target >= 0 else v.alloc(T_I32)
        self.set_condition(condition, to)
        v.finish(0, T_I32, to, target)

    def set_condition(self, condition: i64, to: i64) -> None:
        """to <- 1 if the condition holds, else 0."""
        if condition >= 0x10:
            over = self.asm.skip(0xA)  # unordered
            self.asm.rr(SETCC | 4 | condition & 1, 0, to)
            done = self.asm.skip(-1)
            self.asm.land(over)
            self.asm.rr(SETCC | 0xA | (condition & 1 ^ 1), 0, to)  # the parity flag is set here
            self.asm.land(done)
        else:
            self.asm.rr(SETCC | condition, 0, to)
        self.asm.rr(MOVZX8, to, to)

    # ---- widths
    def wrap(self) -> None:
        """i32.wrap_i64"""
        v = self.v
        i = v.operands(1)
        if v.kind[i] == CONST:
            low = v.low[i] & 0xFFFFFFFF
            v.pop(1)
            v.push_const(T_I32, low - 0x100000000 if low >= 0x80000000 else low, 0)
            return
        target = v.target(T_I32)
        to = self.unary_to(i, T_I32, target)
        source = v.in_reg(i)
        if source >= 0:
            self.asm.rr(MOV_LOAD, to, source)
        else:
            self.asm.rm(MOV_LOAD, to, RBP, v.memory_disp(i))
        self.done_one(i, T_I32, to, target)

    def unary_to(self, i: i64, type: i64, target: i64) -> i64:
        """Where a one-operand result goes: the target, the operand's own register, or a new one."""
        v = self.v
        if target >= 0:
            return target
        if v.kind[i] == REG:
            return v.low[i]
        return v.alloc(type)

    def done_one(self, i: i64, type: i64, to: i64, target: i64) -> None:
        """Release the operand but the result, and push it."""
        v = self.v
        if v.kind[i] == REG and v.low[i] != to:
            v.release(i)
        v.finish(1, type, to, target)

    def extend_unsigned(self) -> None:
        """i64.extend_i32_u: every i32 is kept zero-extended, so there is nothing to do but to say so."""
        v = self.v
        i = v.operands(1)
        if v.kind[i] == CONST:
            v.low[i] &= 0xFFFFFFFF
        elif v.in_reg(i) < 0:
            v.reg(i)
        v.type[i] = T_I64

    def extend(self, row: i64, type: i64, size: i64) -> None:
        """i64.extend_i32_s, extend8_s, extend16_s, extend32_s"""
        v = self.v
        i = v.operands(1)
        if v.kind[i] == CONST:
            v.reg(i)
        target = v.target(type)
        to = self.unary_to(i, type, target)
        w: i64 = W if type == T_I64 else 0
        source = v.in_reg(i)
        if source >= 0:
            self.asm.rr(row | w, to, source)
        else:
            self.asm.rm(row | w, to, RBP, v.memory_disp(i))
        self.done_one(i, type, to, target)


def exponent(power: i64) -> i64:
    """log2 of a power of two."""
    n: i64 = 0
    while power > 1:
        power >>= 1
        n += 1
    return n


