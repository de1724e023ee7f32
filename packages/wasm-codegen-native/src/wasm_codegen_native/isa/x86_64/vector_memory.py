"""v128 loads and stores, with extension, splat, zero and single lanes."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.code import Code, shl
from wasm_codegen_native.isa.x86_64 import vector_encodings as e
from wasm_codegen_native.isa.x86_64.assembler import Assembler
from wasm_codegen_native.isa.x86_64.encodings import MOVD_TO, MOVSD_LOAD, MOVSS_LOAD, MOVUPS_LOAD, MOVUPS_STORE, MOVZX8, MOVZX16
from wasm_codegen_native.isa.x86_64.memory import Memory
from wasm_codegen_native.isa.x86_64.notation import W
from wasm_codegen_native.isa.x86_64.vector_forms import LOAD, LOAD_EXTENDED, LOAD_LANE, LOAD_SPLAT, STORE
from wasm_codegen_native.isa.x86_64.vector_special import VectorSpecial
from wasm_codegen_native.machine import T_I64, T_V128
from wasm_codegen_native.values import Values
from wasm_environ.body import WORDS

# Of single lanes, by log2 of their bytes.
INSERTS: Final[vec[i64]] = vec[i64]([e.PINSRB, e.PINSRW, e.PINSRD, e.PINSRD | W])
EXTRACTS: Final[vec[i64]] = vec[i64]([e.PEXTRB, e.PEXTRW, e.PEXTRD, e.PEXTRD | W])


@final
class VectorMemory:
    """Lowers v128.load to v128.store64_lane."""

    def __init__(self, asm: Assembler, values: Values, memory: Memory, special: VectorSpecial) -> None:
        self.asm: Assembler = asm
        self.code: Code = asm.code
        self.v: Values = values
        self.memory: Memory = memory
        self.special: VectorSpecial = special

    def lower(self, form: i64, n: i64) -> None:
        """Lower op n of a form."""
        v = self.v
        p = v.pc - WORDS
        offset = v.ops[p + 1]
        memory = v.ops[p + 2]
        if form == LOAD:
            if n == 0:
                self.load(MOVUPS_LOAD, 16, memory, offset)
            else:
                self.load(MOVSS_LOAD if n == 1 else MOVSD_LOAD, 4 * n, memory, offset)
        elif form == STORE:
            self.store(memory, offset)
        elif form == LOAD_EXTENDED:
            self.load_extended(n, memory, offset)
        elif form == LOAD_SPLAT:
            self.load_splat(n, memory, offset)
        elif form == LOAD_LANE:
            self.load_lane(n, memory, offset, v.ops[p + 3] >> 8)
        else:
            self.store_lane(n, memory, offset, v.ops[p + 3] >> 8)

    def load(self, row: i64, size: i64, memory: i64, offset: i64) -> None:
        """One instruction."""
        v = self.v
        i = v.operands(1)
        target = v.target(T_V128)
        self.memory.address(i, memory, offset, size)
        to: i64 = target if target >= 0 else v.alloc(T_V128)
        self.code.mark()
        self.memory.vector_operand(row, to)
        self.memory.release()
        v.release(i)
        v.finish(1, T_V128, to, target)

    def store(self, memory: i64, offset: i64) -> None:
        """v128.store"""
        v = self.v
        i = v.operands(2)
        self.memory.address(i, memory, offset, 16)
        register = v.reg(i + 1)
        self.code.mark()
        self.memory.vector_operand(MOVUPS_STORE, register)
        self.memory.release()
        v.drop(2)

    def load_extended(self, n: i64, memory: i64, offset: i64) -> None:
        """load8x8_s to load32x2_u"""
        row: i64 = e.PMOVSXBW
        if n == 1:
            row = e.PMOVZXBW
        elif n == 2:
            row = e.PMOVSXWD
        elif n == 3:
            row = e.PMOVZXWD
        elif n == 4:
            row = e.PMOVSXDQ
        elif n == 5:
            row = e.PMOVZXDQ
        self.load(row, 8, memory, offset)

    def load_splat(self, n: i64, memory: i64, offset: i64) -> None:
        """load8_splat to load64_splat"""
        v = self.v
        i = v.operands(1)
        size: i64 = 1 if n == 0 else 2 if n == 1 else 4 if n == 2 else 8
        self.memory.address(i, memory, offset, size)
        to = v.alloc(T_V128)
        self.code.mark()
        if n <= 1:
            t = v.alloc(T_I64)
            self.memory.operand(MOVZX8 if n == 0 else MOVZX16, t)
            self.asm.v2(MOVD_TO, to, t)
            v.free_reg(t)
            self.special.spread(n, to, to)
        elif n == 2:
            self.memory.vector_operand(MOVSS_LOAD, to)
            self.special.spread(n, to, to)
        else:
            self.memory.vector_operand(e.MOVDDUP, to)
        self.memory.release()
        v.release(i)
        v.pop(1)
        v.push_reg(T_V128, to)

    def load_lane(self, n: i64, memory: i64, offset: i64, lane: i64) -> None:
        """load8_lane to load64_lane"""
        v = self.v
        i = v.operands(2)
        self.memory.address(i, memory, offset, shl(1, n))
        to = v.own(i + 1)
        self.lane(INSERTS[n], to, lane)
        v.release(i)
        v.pop(2)
        v.push_reg(T_V128, to)

    def store_lane(self, n: i64, memory: i64, offset: i64, lane: i64) -> None:
        """store8_lane to store64_lane"""
        v = self.v
        i = v.operands(2)
        self.memory.address(i, memory, offset, shl(1, n))
        self.lane(EXTRACTS[n], v.reg(i + 1), lane)
        v.drop(2)

    def lane(self, row: i64, register: i64, lane: i64) -> None:
        """One lane of a register to or from the prepared operand."""
        self.code.mark()
        self.memory.vector_operand(row, register)
        self.code.byte(lane)
        self.memory.release()
