"""Atomics (threads): every access is sequentially consistent and aligned, or traps."""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from wasm_codegen_native.chapters import Chapter
from wasm_codegen_native.code import Code, wrapping_add
from wasm_codegen_native.isa.x86_64.assembler import Assembler
from wasm_codegen_native.isa.x86_64.encodings import (
    AND,
    CC_NE,
    LEA,
    LOCK_CMPXCHG,
    LOCK_CMPXCHG8,
    LOCK_CMPXCHG16,
    LOCK_XADD,
    LOCK_XADD8,
    LOCK_XADD16,
    MOV_LOAD,
    MOVZX8,
    MOVZX16,
    NEG,
    OR,
    TEST_IMM,
    XCHG,
    XCHG8,
    XCHG16,
    XOR,
)  # fmt: skip
from wasm_codegen_native.isa.x86_64.memory import Memory
from wasm_codegen_native.isa.x86_64.notation import W
from wasm_codegen_native.isa.x86_64.registers import RAX
from wasm_codegen_native.kinds import ATOMIC_CMPXCHG, ATOMIC_FENCE, ATOMIC_RMW, ATOMIC_STORE, NUMBER
from wasm_codegen_native.machine import T_I32, T_I64
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import CONST, Values
from wasm_environ import traps
from wasm_environ.body import WORDS

# Of SEVEN.
SIZES: Final = bytes([4, 8, 1, 2, 1, 2, 4])
WIDE: Final = bytes([0, 1, 0, 0, 1, 1, 1])
# The groups of read-modify-write.
RMW_ADD: Final = 0
RMW_SUB: Final = 1
RMW_AND: Final = 2
RMW_OR: Final = 3
RMW_XOR: Final = 4
RMW_XCHG: Final = 5


@final
class Atomic(Chapter):
    """Lowers atomic loads, stores, read-modify-writes and the fence."""

    def __init__(self, asm: Assembler, values: Values, traps: Traps, memory: Memory) -> None:
        self.asm: Assembler = asm
        self.code: Code = asm.code
        self.v: Values = values
        self.traps: Traps = traps
        self.memory: Memory = memory

    def lower(self, op: i64, kind: i64) -> None:
        """Lower one op."""
        if kind == ATOMIC_FENCE:
            self.code.byte(0x0F)  # mfence
            self.code.byte(0xAE)
            self.code.byte(0xF0)
            return
        v = self.v
        p = v.pc - WORDS
        offset = v.ops[p + 1]
        memory = v.ops[p + 2]
        n: i64 = NUMBER[op]
        if kind == ATOMIC_CMPXCHG:
            self.compare_exchange(n, memory, offset)
        elif kind == ATOMIC_RMW:
            self.read_modify_write(n // 7, n % 7, memory, offset)
        elif kind == ATOMIC_STORE:
            self.store(n, memory, offset)
        else:
            self.load(n, memory, offset)

    def check_alignment(self, i: i64, offset: i64, size: i64) -> None:
        """Trap unless entry i + offset is a multiple of size."""
        if size == 1:
            return
        v = self.v
        if v.kind[i] == CONST:
            if (wrapping_add(v.low[i], offset) & (size - 1)) != 0:
                self.traps.trap(traps.HEAP_MISALIGNED)
            return
        index = v.reg(i)
        low = offset & (size - 1)
        if low == 0:
            self.asm.rr(TEST_IMM, 0, index)
            self.code.word(size - 1)
        else:
            t = v.alloc(T_I32)
            self.asm.rm(LEA, t, index, low)
            self.asm.rr(TEST_IMM, 0, t)
            self.code.word(size - 1)
            v.free_reg(t)
        self.traps.trap_if(CC_NE, traps.HEAP_MISALIGNED)

    def prepare(self, i: i64, memory: i64, offset: i64, size: i64) -> None:
        """Alignment, then the address."""
        self.check_alignment(i, offset, size)
        self.memory.address(i, memory, offset, size)
        self.code.mark()

    def choose(self, size: i64, row8: i64, row16: i64, row: i64) -> i64:
        """The row for an operand size."""
        if size == 1:
            return row8
        if size == 2:
            return row16
        return row | W if size == 8 else row

    def zero_extend(self, size: i64, register: i64) -> None:
        """Bring a result of 8 or 16 bits to its full register."""
        if size == 1:
            self.asm.rr(MOVZX8, register, register)
        elif size == 2:
            self.asm.rr(MOVZX16, register, register)

    def load(self, n: i64, memory: i64, offset: i64) -> None:
        """atomic.load"""
        v = self.v
        size: i64 = SIZES[n]
        i = v.operands(1)
        self.prepare(i, memory, offset, size)
        to = v.alloc(T_I64)
        self.memory.operand(self.choose(size, MOVZX8, MOVZX16, MOV_LOAD), to)
        self.memory.release()
        v.drop(1)
        v.push_reg(T_I64 if WIDE[n] else T_I32, to)

    def store(self, n: i64, memory: i64, offset: i64) -> None:
        """atomic.store: XCHG is a store and a full barrier."""
        v = self.v
        size: i64 = SIZES[n]
        i = v.operands(2)
        value = v.own(i + 1)
        self.prepare(i, memory, offset, size)
        self.memory.operand(self.choose(size, XCHG8, XCHG16, XCHG), value)
        self.memory.release()
        v.drop(2)

    def read_modify_write(self, group: i64, n: i64, memory: i64, offset: i64) -> None:
        """atomic.rmw: XADD and XCHG where there is one, else a loop of CMPXCHG."""
        v = self.v
        asm = self.asm
        size: i64 = SIZES[n]
        i = v.operands(2)
        type: i64 = T_I64 if WIDE[n] else T_I32
        if group >= RMW_AND and group <= RMW_XOR:
            self.loop(group, size, i, type, memory, offset)
            return
        value = v.own(i + 1)
        if group == RMW_SUB:
            asm.rr(NEG | W, 0, value)
        self.prepare(i, memory, offset, size)
        if group == RMW_XCHG:
            self.memory.operand(self.choose(size, XCHG8, XCHG16, XCHG), value)
        else:
            self.memory.operand(self.choose(size, LOCK_XADD8, LOCK_XADD16, LOCK_XADD), value)
        self.zero_extend(size, value)
        self.memory.release()
        v.release(i)
        v.pop(2)
        v.push_reg(type, value)

    def loop(self, group: i64, size: i64, i: i64, type: i64, memory: i64, offset: i64) -> None:
        """rax <- old; t <- rax op value; compare and exchange until nobody came between."""
        v = self.v
        asm = self.asm
        v.take(RAX)
        value = v.reg(i + 1)
        self.prepare(i, memory, offset, size)
        t = v.alloc(T_I64)
        self.memory.operand(self.choose(size, MOVZX8, MOVZX16, MOV_LOAD), RAX)
        again = self.code.here()
        asm.rr(MOV_LOAD | W, t, RAX)
        asm.rr((AND if group == RMW_AND else OR if group == RMW_OR else XOR) | W, t, value)
        self.memory.operand(self.choose(size, LOCK_CMPXCHG8, LOCK_CMPXCHG16, LOCK_CMPXCHG), t)
        v.machine.branch_back(CC_NE, again)
        self.zero_extend(size, RAX)
        v.free_reg(t)
        self.memory.release()
        v.drop(2)
        v.push_reg(type, RAX)

    def compare_exchange(self, n: i64, memory: i64, offset: i64) -> None:
        """atomic.rmw.cmpxchg: a narrow access compares as many bits as it reads (WebAssembly/threads issue 195)."""
        v = self.v
        asm = self.asm
        size: i64 = SIZES[n]
        type: i64 = T_I64 if WIDE[n] else T_I32
        i = v.operands(3)
        v.place(i + 1, RAX)
        value = v.reg(i + 2)
        self.prepare(i, memory, offset, size)
        self.memory.operand(self.choose(size, LOCK_CMPXCHG8, LOCK_CMPXCHG16, LOCK_CMPXCHG), value)
        if size < 4:
            self.zero_extend(size, RAX)
        elif type == T_I64 and size == 4:
            asm.rr(MOV_LOAD, RAX, RAX)
        self.memory.release()
        v.release(i)
        v.release(i + 2)
        v.pop(3)
        v.push_reg(type, RAX)
