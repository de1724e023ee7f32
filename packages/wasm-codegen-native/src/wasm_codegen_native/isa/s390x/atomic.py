"""Atomics (threads): every access is sequentially consistent and aligned, or traps. The machine orders everything but a load before the stores ahead of it.

Memory is little-endian: what is compared and swapped has its bytes in that order. Bytes and halfwords are parts of the word around them, which is turned until
they are its last bits, and back.
"""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.chapters import Chapter
from wasm_codegen_native.code import Code, wrapping_add
from wasm_codegen_native.isa.s390x.assembler import FAR, Assembler
from wasm_codegen_native.isa.s390x.encodings import (
    AGR,
    BCR,
    CSG,
    CSY,
    LAN,
    LANG,
    LAO,
    LAOG,
    LAX,
    LAXG,
    LAY,
    LCR,
    LG,
    LGR,
    LLGC,
    LLGCR,
    LLGF,
    LLGFR,
    LLGHR,
    LRV,
    LRVG,
    LRVGR,
    LRVH,
    LRVR,
    NGR,
    NILL,
    NOT_EQUAL,
    OGRK,
    RISBGN_8,
    RISBGN_16,
    RLL,
    SGR,
    SLLG_COUNT,
    STCY,
    STRV,
    STRVG,
    STRVH,
    TMLL,
    XGR,
    XR,
)  # fmt: skip
from wasm_codegen_native.isa.s390x.memory import Memory
from wasm_codegen_native.isa.s390x.registers import R0, R14
from wasm_codegen_native.kinds import ATOMIC_CMPXCHG, ATOMIC_FENCE, ATOMIC_RMW, ATOMIC_STORE, NUMBER
from wasm_codegen_native.machine import T_I32, T_I64
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import CONST, Values
from wasm_environ import traps
from wasm_environ.body import WORDS

# Of `kinds.SEVEN`: log2 of the bytes accessed, and the type.
SIZES: Final[bytes] = bytes([2, 3, 0, 1, 0, 1, 2])
TYPES: Final[bytes] = bytes([T_I32, T_I64, T_I32, T_I32, T_I64, T_I64, T_I64])
XCHG: Final = 5  # of `kinds.RMW`
# By log2 of the bytes.
LOADS: Final[vec[i64]] = vec[i64]([LLGC, LRVH, LRV, LRVG])
STORES: Final[vec[i64]] = vec[i64]([STCY, STRVH, STRV, STRVG])
CLEARS: Final[vec[i64]] = vec[i64]([LLGCR, LLGHR, LLGFR, 0])  # the bits above
INSERTS: Final[vec[i64]] = vec[i64]([RISBGN_8, RISBGN_16])
# and, or, xor, which do not care for the order of bytes: of four bytes and of eight.
AT_ONCE: Final[vec[i64]] = vec[i64]([LAN, LAO, LAX])
AT_ONCE_WIDE: Final[vec[i64]] = vec[i64]([LANG, LAOG, LAXG])


@final
class Atomic(Chapter):
    """Lowers atomic loads, stores, read-modify-writes and the fence. The address is in r14, what is to be stored in r0."""

    def __init__(self, asm: Assembler, values: Values, traps: Traps, memory: Memory) -> None:
        self.asm: Assembler = asm
        self.code: Code = asm.code
        self.v: Values = values
        self.traps: Traps = traps
        self.memory: Memory = memory
        # How far a byte or halfword is turned to the left to be on top of its word, and back.
        self.turn: i64 = 0
        self.back: i64 = 0

    def lower(self, op: i64, kind: i64) -> None:
        """Lower one op."""
        if kind == ATOMIC_FENCE:
            self.fence()
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
            self.asm.address(STORES[size], value, R0, R14, 0)
            self.fence()
            v.drop(2)
        else:
            i = v.operands(1)
            self.prepare(i, memory, offset, size)
            v.drop(1)
            to = v.alloc(type)
            self.asm.address(LOADS[size], to, R0, R14, 0)
            if size == 1 or size == 2:
                self.asm.two(CLEARS[size], to, to)
            v.push_reg(type, to)

    def fence(self) -> None:
        """What comes before is done when what comes next begins."""
        self.asm.two(BCR, 15, R0)

    def prepare(self, i: i64, memory: i64, offset: i64, size: i64) -> None:
        """Alignment, then the address to r14; what follows accesses it, and does not need entry i. Nothing is spilled later, to a frame so large that r14 would
        be needed to reach it."""
        self.v.flush(self.v.floor)
        bytes: i64 = 1
        if size > 0:
            bytes = bytes << size
            self.check_alignment(i, offset, bytes - 1)
        m = self.memory
        m.address(i, memory, offset, bytes)
        m.near(FAR)
        self.asm.address(LAY, R14, m.index, m.base, m.disp)
        m.release()
        self.v.consume(i)
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
            self.asm.add(R14, index, offset & mask)
            index = R14
        self.traps.trap_if(v.machine.test_low_bits(index, mask), traps.HEAP_MISALIGNED)

    # ---- words
    def read_modify_write(self, group: i64, size: i64, type: i64, memory: i64, offset: i64) -> None:
        """atomic.rmw"""
        v = self.v
        asm = self.asm
        i = v.operands(2)
        value = v.reg(i + 1)
        self.prepare(i, memory, offset, size)
        old = v.alloc(type)
        if size < 2:
            self.part(group, size, value, old)
        else:
            wide = size == 3
            reverse: i64 = LRVGR if wide else LRVR
            if group >= 2 and group < XCHG:
                asm.two(reverse, R0, value)
                asm.many(AT_ONCE_WIDE[group - 2] if wide else AT_ONCE[group - 2], old, R0, R14, 0)
            else:
                asm.address(LG if wide else LLGF, old, R0, R14, 0)
                again = self.code.here()
                if group == XCHG:
                    asm.two(reverse, R0, value)
                else:
                    asm.two(reverse, R0, old)
                    asm.two(AGR if group == 0 else SGR, R0, value)
                    asm.two(reverse, R0, R0)
                self.swap(wide, old, again)
            asm.two(reverse, old, old)
            if not wide:
                asm.two(LLGFR, old, old)
        v.drop(2)
        v.push_reg(type, old)

    def swap(self, wide: bool, old: i64, again: i64) -> None:
        """The exchange for what is in r0; back to `again`, with what is there now, if somebody came between."""
        self.asm.many(CSG if wide else CSY, old, R0, R14, 0)
        self.v.machine.branch_back(NOT_EQUAL, again)

    def compare_exchange(self, size: i64, type: i64, memory: i64, offset: i64) -> None:
        """atomic.rmw.cmpxchg: a narrow access compares as many bits as it reads (WebAssembly/threads issue 195)."""
        v = self.v
        asm = self.asm
        i = v.operands(3)
        expected = v.reg(i + 1)
        value = v.reg(i + 2)
        self.prepare(i, memory, offset, size)
        old = v.alloc(type)
        if size < 2:
            self.compare_part(size, expected, value, old)
        else:
            wide = size == 3
            reverse: i64 = LRVGR if wide else LRVR
            asm.two(reverse, old, expected)
            asm.two(reverse, R0, value)
            asm.many(CSG if wide else CSY, old, R0, R14, 0)
            asm.two(reverse, old, old)
            if not wide:
                asm.two(LLGFR, old, old)
        v.drop(3)
        v.push_reg(type, old)

    # ---- bytes and halfwords
    def begin_part(self, old: i64) -> i64:
        """old <- the word around the address, which r14 becomes; the place to begin again, with the part as the last bits of r0."""
        v = self.v
        asm = self.asm
        self.turn = v.alloc(T_I64)
        self.back = v.alloc(T_I64)
        asm.shift(SLLG_COUNT, self.turn, R14, 0, 3)
        asm.two(LCR, self.back, self.turn)
        asm.short(NILL, R14, 0xFFFC)
        asm.address(LLGF, old, R0, R14, 0)
        again = self.code.here()
        asm.many(RLL, R0, old, self.turn, 0)
        asm.two(LRVR, R0, R0)
        return again

    def swap_part(self, old: i64, again: i64) -> None:
        """The word is swapped for what is in r0."""
        asm = self.asm
        asm.two(LRVR, R0, R0)
        asm.many(RLL, R0, R0, self.back, 0)
        self.swap(False, old, again)

    def end_part(self, size: i64, old: i64) -> None:
        """old <- the part as it was."""
        asm = self.asm
        asm.many(RLL, old, old, self.turn, 0)
        asm.two(LRVR, old, old)
        asm.two(CLEARS[size], old, old)
        self.v.free_reg(self.turn)
        self.v.free_reg(self.back)

    def part(self, group: i64, size: i64, value: i64, old: i64) -> None:
        """A read-modify-write of one or two bytes."""
        v = self.v
        asm = self.asm
        again = self.begin_part(old)
        made = value
        if group != XCHG:
            made = v.alloc(T_I64)
            asm.two(LGR, made, R0)
            if group == 0:
                asm.two(AGR, made, value)
            elif group == 1:
                asm.two(SGR, made, value)
            elif group == 2:
                asm.two(NGR, made, value)
            elif group == 3:
                asm.three(OGRK, made, made, value)
            else:
                asm.two(XGR, made, value)
            v.free_reg(made)
        asm.emit(INSERTS[size] | (made & 15) << 32)
        self.swap_part(old, again)
        self.end_part(size, old)

    def compare_part(self, size: i64, expected: i64, value: i64, old: i64) -> None:
        """A comparison and exchange of one or two bytes."""
        asm = self.asm
        again = self.begin_part(old)
        asm.two(XR, R0, expected)
        asm.short(TMLL, R0, 0xFF if size == 0 else 0xFFFF)
        differs = asm.skip(NOT_EQUAL)
        asm.two(XR, R0, expected)
        asm.emit(INSERTS[size] | (value & 15) << 32)
        self.swap_part(old, again)
        asm.land(differs)
        self.end_part(size, old)
