"""Atomics (threads): every access is sequentially consistent and aligned, or traps. Pairs of exclusive loads and stores, which every processor has, or
the instructions of ARMv8.1 where the target has them (LSE, `atomics` in /proc/cpuinfo)."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.chapters import Chapter
from wasm_codegen_native.code import Code, wrapping_add
from wasm_codegen_native.isa.aarch64.assembler import Assembler
from wasm_codegen_native.isa.aarch64.encodings import (
    ADD,
    AND,
    AND_IMM32,
    CASAL,
    CBNZ,
    CMP,
    DMB,
    EOR,
    LDADDAL,
    LDAR,
    LDAXR,
    LDCLRAL,
    LDEORAL,
    LDSETAL,
    MOV,
    MVN,
    NE,
    NEG,
    ORR,
    STLR,
    STLXR,
    SUB,
    SWPAL,
)  # fmt: skip
from wasm_codegen_native.isa.aarch64.immediates import bitmask
from wasm_codegen_native.isa.aarch64.memory import Memory
from wasm_codegen_native.isa.aarch64.notation import X
from wasm_codegen_native.isa.aarch64.registers import X16, X17
from wasm_codegen_native.kinds import ATOMIC_CMPXCHG, ATOMIC_FENCE, ATOMIC_RMW, ATOMIC_STORE, NUMBER
from wasm_codegen_native.machine import T_I32, T_I64
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import CONST, Values
from wasm_environ import traps
from wasm_environ.body import WORDS

# Of `kinds.SEVEN`: log2 of the bytes accessed, and the type.
SIZES: Final[bytes] = bytes([2, 3, 0, 1, 0, 1, 2])
TYPES: Final[bytes] = bytes([T_I32, T_I64, T_I32, T_I32, T_I64, T_I64, T_I64])
SIZE_SHIFT: Final = 30
XCHG: Final = 5  # of `kinds.RMW`; the others have an instruction
# Of `kinds.RMW`: the instruction of ARMv8.1, and what makes its operand first, or 0. Subtraction adds the negative, AND clears the bits that are not.
AT_ONCE: Final[vec[i64]] = vec[i64]([LDADDAL, LDADDAL, LDCLRAL, LDSETAL, LDEORAL, SWPAL])
MADE_BY: Final[vec[i64]] = vec[i64]([0, NEG, MVN, 0, 0, 0])


@final
class Atomic(Chapter):
    """Lowers atomic loads, stores, read-modify-writes and the fence. The address is in x17, a store's success in x16."""

    def __init__(self, asm: Assembler, values: Values, traps: Traps, memory: Memory, at_once: bool) -> None:
        self.asm: Assembler = asm
        self.code: Code = asm.code
        self.v: Values = values
        self.traps: Traps = traps
        self.memory: Memory = memory
        self.at_once: bool = at_once  # the target has LSE

    def lower(self, op: i64, kind: i64) -> None:
        """Lower one op."""
        if kind == ATOMIC_FENCE:
            self.code.word(DMB)
            return
        v = self.v
        p = v.pc - WORDS
        offset = v.ops[p + 1]
        memory = v.ops[p + 2]
        number: i64 = NUMBER[op]
        n = number % 7
        size: i64 = SIZES[n]
        type: i64 = TYPES[n]
        if kind == ATOMIC_CMPXCHG:
            self.compare_exchange(size, type, memory, offset)
        elif kind == ATOMIC_RMW:
            self.read_modify_write(number // 7, size, type, memory, offset)
        elif kind == ATOMIC_STORE:
            i = v.operands(2)
            value = v.reg(i + 1)
            self.prepare(i, memory, offset, size)
            self.asm.r2(STLR | size << SIZE_SHIFT, value, X17)
            v.drop(2)
        else:
            i = v.operands(1)
            self.prepare(i, memory, offset, size)
            v.drop(1)
            to = v.alloc(type)
            self.asm.r2(LDAR | size << SIZE_SHIFT, to, X17)
            v.push_reg(type, to)

    def prepare(self, i: i64, memory: i64, offset: i64, size: i64) -> None:
        """Alignment, then the address to x17; what follows accesses it."""
        bytes: i64 = 1
        if size > 0:
            bytes = bytes << size
            self.check_alignment(i, offset, bytes - 1)
        self.memory.address(i, memory, offset, bytes)
        self.memory.pointer(X17)
        self.code.mark()

    def check_alignment(self, i: i64, offset: i64, mask: i64) -> None:
        """Trap if entry i + offset has one of the mask's bits."""
        v = self.v
        if v.kind[i] == CONST:
            if (wrapping_add(v.low[i], offset) & mask) != 0:
                self.traps.trap(traps.HEAP_MISALIGNED)
            return
        index = v.reg(i)
        if (offset & mask) != 0:
            self.asm.add(X16, index, offset & mask)
            index = X16
        self.traps.trap_if(v.machine.test_low_bits(index, mask), traps.HEAP_MISALIGNED)

    def read_modify_write(self, group: i64, size: i64, type: i64, memory: i64, offset: i64) -> None:
        """atomic.rmw: in one instruction, or again until nobody came between."""
        v = self.v
        asm = self.asm
        i = v.operands(2)
        value = v.reg(i + 1)
        self.prepare(i, memory, offset, size)
        old = v.alloc(type)
        if self.at_once:
            if MADE_BY[group] != 0:
                asm.move(MADE_BY[group] | X, X16, value)
                value = X16
            asm.r3(AT_ONCE[group] | size << SIZE_SHIFT, old, X17, value)
            v.drop(2)
            v.push_reg(type, old)
            return
        made = value
        if group != XCHG:
            made = v.alloc(type)
        again = self.code.here()
        asm.r2(LDAXR | size << SIZE_SHIFT, old, X17)
        if group == 0:
            asm.r3(ADD | X, made, old, value)
        elif group == 1:
            asm.r3(SUB | X, made, old, value)
        elif group == 2:
            asm.r3(AND | X, made, old, value)
        elif group == 3:
            asm.r3(ORR | X, made, old, value)
        elif group == 4:
            asm.r3(EOR | X, made, old, value)
        self.store_or(again, size, made)
        if made != value:
            v.free_reg(made)
        v.drop(2)
        v.push_reg(type, old)

    def store_or(self, again: i64, size: i64, value: i64) -> None:
        """The exclusive store; back to `again` if somebody came between."""
        self.asm.r3(STLXR | size << SIZE_SHIFT, value, X17, X16)
        self.code.word(CBNZ | (((again - self.code.here()) >> 2) & 0x7FFFF) << 5 | X16)

    def compare_exchange(self, size: i64, type: i64, memory: i64, offset: i64) -> None:
        """atomic.rmw.cmpxchg: a narrow access compares as many bits as it reads (WebAssembly/threads issue 195)."""
        v = self.v
        asm = self.asm
        i = v.operands(3)
        expected = v.reg(i + 1)
        value = v.reg(i + 2)
        self.prepare(i, memory, offset, size)
        old = v.alloc(type)
        if self.at_once:
            asm.move(MOV | X, old, expected)
            asm.r3(CASAL | size << SIZE_SHIFT, value, X17, old)
            v.drop(3)
            v.push_reg(type, old)
            return
        again = self.code.here()
        if size == 0:
            self.code.word(AND_IMM32 | bitmask(0xFF, False) << 10 | expected << 5 | X16)
        elif size == 1:
            self.code.word(AND_IMM32 | bitmask(0xFFFF, False) << 10 | expected << 5 | X16)
        else:
            asm.move(MOV | X, X16, expected)
        asm.r2(LDAXR | size << SIZE_SHIFT, old, X17)
        asm.compare(CMP | X if size == 3 else CMP, old, X16)
        differs = asm.skip(NE)
        self.store_or(again, size, value)
        asm.land(differs)
        v.drop(3)
        v.push_reg(type, old)
