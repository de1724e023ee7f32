"""Atomics (threads): every access is sequentially consistent and aligned, or traps.

Of 32 and 64 bits the machine has its own read-modify-writes, without alignment other than the access's; narrower ones replace bits of the word around them,
between a load that watches it and a store that fails if somebody came between.
"""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.chapters import Chapter
from wasm_codegen_native.code import Code, wrapping_add
from wasm_codegen_native.isa.riscv64 import encodings as e
from wasm_codegen_native.isa.riscv64.assembler import UNIT, Assembler
from wasm_codegen_native.isa.riscv64.branches import NE, branch_word, condition
from wasm_codegen_native.isa.riscv64.memory import Memory
from wasm_codegen_native.isa.riscv64.registers import KEPT, SPARE, ZERO
from wasm_codegen_native.kinds import ATOMIC_CMPXCHG, ATOMIC_FENCE, ATOMIC_RMW, ATOMIC_STORE, NUMBER
from wasm_codegen_native.machine import T_I32, T_I64
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import CONST, Values
from wasm_environ import traps
from wasm_environ.body import WORDS

# Of `kinds.SEVEN`: log2 of the bytes accessed, and the type.
SIZES: Final[bytes] = bytes([2, 3, 0, 1, 0, 1, 2])
TYPES: Final[bytes] = bytes([T_I32, T_I64, T_I32, T_I32, T_I64, T_I64, T_I64])
WIDE: Final = 1 << 12  # of an atomic instruction: 64 bits instead of 32
LOADS: Final[vec[i64]] = vec[i64]([e.LBU, e.LHU, e.LW, e.LD, e.LBU, e.LHU, e.LWU])  # by size of an i32, of an i64 from 4 on
STORES: Final[vec[i64]] = vec[i64]([e.SB, e.SH, e.SW, e.SD])
# Of `kinds.RMW`: what changes all of a word, and what makes the new bits of a part of it; to subtract is to add the negative.
WHOLE: Final[vec[i64]] = vec[i64]([e.AMOADD, e.AMOADD, e.AMOAND, e.AMOOR, e.AMOXOR, e.AMOSWAP])
PARTS: Final[vec[i64]] = vec[i64]([e.ADD, e.SUB, e.AND, e.OR, e.XOR])
SUBTRACT: Final = 1
XCHG: Final = 5
COMPARE: Final = 6
NONE: Final = -1


@final
class Atomic(Chapter):
    """Lowers atomic loads, stores, read-modify-writes and the fence. The address is in SPARE."""

    def __init__(self, asm: Assembler, values: Values, traps: Traps, memory: Memory) -> None:
        self.asm: Assembler = asm
        self.code: Code = asm.code
        self.v: Values = values
        self.traps: Traps = traps
        self.memory: Memory = memory

    def lower(self, op: i64, kind: i64) -> None:
        """Lower one op."""
        if kind == ATOMIC_FENCE:
            self.asm.word(e.FENCE)
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
            self.asm.word(e.FENCE)
            self.code.mark()
            self.asm.put(STORES[size], value, SPARE, 0)
            self.asm.word(e.FENCE)
            v.drop(2)
        else:
            i = v.operands(1)
            to = v.alloc(type)
            self.prepare(i, memory, offset, size)
            self.asm.word(e.FENCE)
            self.code.mark()
            self.asm.imm(LOADS[size if type == T_I32 or size == 3 else size + 4], to, SPARE, 0)
            self.asm.word(e.FENCE)
            v.drop(1)
            v.push_reg(type, to)

    def prepare(self, i: i64, memory: i64, offset: i64, size: i64) -> None:
        """Alignment, then the address to SPARE; from here on nothing may be allocated, which may spill, which may need SPARE."""
        bytes: i64 = 1
        if size > 0:
            bytes = bytes << size
            self.check_alignment(i, offset, bytes - 1)
        self.memory.address(i, memory, offset, bytes)
        if self.memory.disp != 0 or self.memory.base != SPARE:
            self.asm.imm(e.ADDI, SPARE, self.memory.base, self.memory.disp)

    def check_alignment(self, i: i64, offset: i64, mask: i64) -> None:
        """Trap if entry i + offset has one of the mask's bits."""
        v = self.v
        if v.kind[i] == CONST:
            if (wrapping_add(v.low[i], offset) & mask) != 0:
                self.traps.trap(traps.HEAP_MISALIGNED)
            return
        index = v.reg(i)
        if (offset & mask) != 0:
            self.asm.imm(e.ADDI, KEPT, index, offset & mask)
            index = KEPT
        self.traps.trap_if(v.machine.test_low_bits(index, mask), traps.HEAP_MISALIGNED)

    # ---- all of a word
    def read_modify_write(self, group: i64, size: i64, type: i64, memory: i64, offset: i64) -> None:
        """atomic.rmw"""
        v = self.v
        asm = self.asm
        i = v.operands(2)
        if size < 2:
            self.narrow(i, group, size, type, memory, offset)
            return
        value = v.reg(i + 1)
        old = v.alloc(type)
        self.prepare(i, memory, offset, size)
        if group == SUBTRACT:
            asm.r3(e.SUB, KEPT, ZERO, value)
            value = KEPT
        self.code.mark()
        asm.r3(WHOLE[group] | WIDE if size == 3 else WHOLE[group], old, SPARE, value)
        self.extend(size, type, old)
        v.drop(2)
        v.push_reg(type, old)

    def extend(self, size: i64, type: i64, register: i64) -> None:
        """What was read of 32 bits comes with its sign."""
        if size == 2 and type == T_I64:
            self.v.machine.zero_extend(register)

    def compare_exchange(self, size: i64, type: i64, memory: i64, offset: i64) -> None:
        """atomic.rmw.cmpxchg: a narrow access compares as many bits as it reads (WebAssembly/threads issue 195)."""
        v = self.v
        asm = self.asm
        i = v.operands(3)
        if size < 2:
            self.narrow(i, COMPARE, size, type, memory, offset)
            return
        expected = v.reg(i + 1)
        value = v.reg(i + 2)
        old = v.alloc(type)
        self.prepare(i, memory, offset, size)
        wanted = expected
        if size == 2:
            wanted = KEPT  # until the store says there whether it was done: then it is no more compared, or again
        asm.room(2 * UNIT)
        again = self.code.here()
        if size == 2:
            asm.r2(e.SEXT_W, KEPT, expected)
        wide: i64 = WIDE if size == 3 else 0
        self.code.mark()
        asm.r2(e.LR | wide, old, SPARE)
        asm.word(branch_word(condition(NE, old, wanted), 12))
        asm.r3(e.SC | wide, KEPT, SPARE, value)
        asm.word(branch_word(condition(NE, KEPT, ZERO), again - self.code.here()))
        self.extend(size, type, old)
        v.drop(3)
        v.push_reg(type, old)

    # ---- a part of a word
    def narrow(self, i: i64, group: i64, size: i64, type: i64, memory: i64, offset: i64) -> None:
        """A read-modify-write, or a compare and exchange, of one or two bytes. The operands are overwritten: so few registers are enough."""
        v = self.v
        asm = self.asm
        made = v.own(i)  # once the address is in SPARE
        wanted: i64 = NONE
        if group == COMPARE:
            wanted = v.own(i + 1)
        operand = v.own(i + 2 if group == COMPARE else i + 1)
        shift = v.alloc(T_I64)
        mask = v.alloc(T_I64)
        self.prepare(i, memory, offset, size)
        asm.imm(e.ANDI, shift, SPARE, 3)
        asm.imm(e.ANDI, SPARE, SPARE, -4)
        asm.imm(e.SLLI, shift, shift, 3)
        asm.imm(e.ADDI, mask, ZERO, -1)
        asm.imm(e.SRLI, mask, mask, 56 if size == 0 else 48)
        asm.r3(e.SLL, mask, mask, shift)
        asm.r3(e.SLL, operand, operand, shift)
        asm.r3(e.AND, operand, operand, mask)
        if group == COMPARE:
            asm.r3(e.SLL, wanted, wanted, shift)
            asm.r3(e.AND, wanted, wanted, mask)
        self.loop(group, made, operand, mask, wanted)
        asm.r3(e.SRL, shift, KEPT, shift)
        asm.imm(e.SLLI, shift, shift, 56 if size == 0 else 48)
        asm.imm(e.SRLI, shift, shift, 56 if size == 0 else 48)
        v.free_reg(mask)
        v.drop(3 if group == COMPARE else 2)
        v.push_reg(type, shift)

    def loop(self, group: i64, made: i64, operand: i64, mask: i64, wanted: i64) -> None:
        """KEPT <- the word at SPARE, whose bits in the mask change, unless others are wanted there; again until nobody came between."""
        asm = self.asm
        asm.room(3 * UNIT)
        again = self.code.here()
        self.code.mark()
        asm.r2(e.LR, KEPT, SPARE)
        out = self.code.here()
        bits = operand
        if group == COMPARE:
            asm.r3(e.AND, made, KEPT, mask)
            out = self.code.here()
            asm.word(0)
        elif group != XCHG:
            asm.r3(PARTS[group], made, KEPT, operand)
            bits = made
        asm.r3(e.XOR, made, KEPT, bits)
        asm.r3(e.AND, made, made, mask)
        asm.r3(e.XOR, made, made, KEPT)
        asm.r3(e.SC, made, SPARE, made)
        asm.word(branch_word(condition(NE, made, ZERO), again - self.code.here()))
        if group == COMPARE:
            self.code.patch(out, branch_word(condition(NE, made, wanted), self.code.here() - out))
