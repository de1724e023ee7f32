"""v128 loads and stores, with extension, splat, zero and single lanes."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.chapters import Chapter
from wasm_codegen_native.code import Code, shl
from wasm_codegen_native.isa.x86_64 import vector_encodings as e
from wasm_codegen_native.isa.x86_64.assembler import Assembler
from wasm_codegen_native.isa.x86_64.encodings import MOVD_TO, MOVSD_LOAD, MOVSS_LOAD, MOVUPS_LOAD, MOVUPS_STORE, MOVZX8, MOVZX16
from wasm_codegen_native.isa.x86_64.lanes import Lanes
from wasm_codegen_native.isa.x86_64.memory import Memory
from wasm_codegen_native.isa.x86_64.notation import W
from wasm_codegen_native.isa.x86_64.registers import SCRATCH
from wasm_codegen_native.isa.x86_64.shuffle import Shuffle
from wasm_codegen_native.kinds import by_op
from wasm_codegen_native.machine import T_I64, T_V128
from wasm_codegen_native.values import Values
from wasm_environ.body import WORDS
from wasm_environ.op import I8X16_SHUFFLE

# Forms: one instruction of the operand in memory; a lane of which all become copies; a lane of a register, to or from memory.
LOAD: Final = 1
STORE: Final = 2
SPLAT: Final = 3
LOAD_LANE: Final = 4
STORE_LANE: Final = 5

# Columns: mnemonic, form, access, log2 of the bytes accessed.
# fmt: off
ROWS: Final = (
    ("v128.load",         LOAD,       MOVUPS_LOAD,  4),
    ("v128.load32_zero",  LOAD,       MOVSS_LOAD,   2),
    ("v128.load64_zero",  LOAD,       MOVSD_LOAD,   3),
    ("v128.load8x8_s",    LOAD,       e.PMOVSXBW,   3),
    ("v128.load8x8_u",    LOAD,       e.PMOVZXBW,   3),
    ("v128.load16x4_s",   LOAD,       e.PMOVSXWD,   3),
    ("v128.load16x4_u",   LOAD,       e.PMOVZXWD,   3),
    ("v128.load32x2_s",   LOAD,       e.PMOVSXDQ,   3),
    ("v128.load32x2_u",   LOAD,       e.PMOVZXDQ,   3),
    ("v128.store",        STORE,      MOVUPS_STORE, 4),
    ("v128.load8_splat",  SPLAT,      MOVZX8,       0),
    ("v128.load16_splat", SPLAT,      MOVZX16,      1),
    ("v128.load32_splat", SPLAT,      MOVSS_LOAD,   2),
    ("v128.load64_splat", SPLAT,      e.MOVDDUP,    3),
    ("v128.load8_lane",   LOAD_LANE,  e.PINSRB,     0),
    ("v128.load16_lane",  LOAD_LANE,  e.PINSRW,     1),
    ("v128.load32_lane",  LOAD_LANE,  e.PINSRD,     2),
    ("v128.load64_lane",  LOAD_LANE,  e.PINSRD | W, 3),
    ("v128.store8_lane",  STORE_LANE, e.PEXTRB,     0),
    ("v128.store16_lane", STORE_LANE, e.PEXTRW,     1),
    ("v128.store32_lane", STORE_LANE, e.PEXTRD,     2),
    ("v128.store64_lane", STORE_LANE, e.PEXTRD | W, 3),
)
# fmt: on
# By op id.
FORMS: Final[bytes] = bytes(by_op([(row[0], row[1]) for row in ROWS]))
ACCESSES: Final[vec[i64]] = vec[i64](by_op([(row[0], row[2]) for row in ROWS]))
SIZES: Final[bytes] = bytes(by_op([(row[0], row[3]) for row in ROWS]))


@final
class VectorMemory(Chapter):
    """Lowers v128.load to v128.store64_lane, and by `lanes` and `shuffle` what else is no row."""

    def __init__(self, asm: Assembler, values: Values, memory: Memory, lanes: Lanes, shuffle: Shuffle, avx2: bool) -> None:
        self.asm: Assembler = asm
        self.code: Code = asm.code
        self.v: Values = values
        self.memory: Memory = memory
        self.lanes: Lanes = lanes
        self.shuffle: Shuffle = shuffle
        self.avx2: bool = asm.avx and avx2

    def lower(self, op: i64, kind: i64) -> None:
        """Lower one op, of any vector chapter."""
        if op == I8X16_SHUFFLE:
            self.shuffle.lower()
        elif FORMS[op] == 0:
            self.lanes.lower(op)
        else:
            self.access_memory(op)

    def access_memory(self, op: i64) -> None:
        """Lower a load or store."""
        p = self.v.pc - WORDS
        offset = self.v.ops[p + 1]
        memory = self.v.ops[p + 2]
        lane = self.v.ops[p + 3] >> 8
        form: i64 = FORMS[op]
        access = ACCESSES[op]
        size: i64 = SIZES[op]
        if form == LOAD:
            self.load(access, size, memory, offset)
        elif form == STORE:
            self.store(access, memory, offset)
        elif form == SPLAT:
            self.splat(access, size, memory, offset)
        elif form == LOAD_LANE:
            self.load_lane(access, size, memory, offset, lane)
        else:
            self.store_lane(access, size, memory, offset, lane)

    def load(self, access: i64, size: i64, memory: i64, offset: i64) -> None:
        """One instruction."""
        v = self.v
        i = v.operands(1)
        target = v.target(T_V128)
        self.memory.address(i, memory, offset, shl(1, size))
        to: i64 = target if target >= 0 else v.alloc(T_V128)
        self.code.mark()
        self.memory.vector_operand(access, to)
        self.memory.release()
        v.release(i)
        v.finish(1, T_V128, to, target)

    def store(self, access: i64, memory: i64, offset: i64) -> None:
        """v128.store"""
        v = self.v
        i = v.operands(2)
        self.memory.address(i, memory, offset, 16)
        register = v.reg(i + 1)
        self.code.mark()
        self.memory.vector_operand(access, register)
        self.memory.release()
        v.drop(2)

    def splat(self, access: i64, size: i64, memory: i64, offset: i64) -> None:
        """load8_splat to load64_splat"""
        v = self.v
        i = v.operands(1)
        self.memory.address(i, memory, offset, shl(1, size))
        to = v.alloc(T_V128)
        self.code.mark()
        if size <= 1:
            t = v.alloc(T_I64)
            self.memory.operand(access, t)
            self.asm.v2(MOVD_TO, to, t)
            v.free_reg(t)
        else:
            self.memory.vector_operand(access, to)
        self.spread(size, to)
        self.memory.release()
        v.release(i)
        v.pop(1)
        v.push_reg(T_V128, to)

    def spread(self, size: i64, to: i64) -> None:
        """Every lane of `to` <- its lowest; of 64 bits it is in both already."""
        asm = self.asm
        if size == 0:
            if self.avx2:
                asm.v2(e.VPBROADCASTB, to, to)
            else:
                asm.v3(e.PXOR, SCRATCH, SCRATCH, SCRATCH)
                asm.v3(e.PSHUFB, to, to, SCRATCH)
        elif size == 1:
            if self.avx2:
                asm.v2(e.VPBROADCASTW, to, to)
            else:
                asm.v2(e.PSHUFLW, to, to)
                self.code.byte(0)
                asm.v2(e.PSHUFD, to, to)
                self.code.byte(0)
        elif size == 2:
            asm.v2(e.PSHUFD, to, to)
            self.code.byte(0)

    def load_lane(self, access: i64, size: i64, memory: i64, offset: i64, lane: i64) -> None:
        """load8_lane to load64_lane"""
        v = self.v
        i = v.operands(2)
        self.memory.address(i, memory, offset, shl(1, size))
        to = v.own(i + 1)
        self.lane(access, to, lane)
        v.release(i)
        v.pop(2)
        v.push_reg(T_V128, to)

    def store_lane(self, access: i64, size: i64, memory: i64, offset: i64, lane: i64) -> None:
        """store8_lane to store64_lane"""
        v = self.v
        i = v.operands(2)
        self.memory.address(i, memory, offset, shl(1, size))
        self.lane(access, v.reg(i + 1), lane)
        v.drop(2)

    def lane(self, row: i64, register: i64, lane: i64) -> None:
        """One lane of a register to or from the prepared operand."""
        self.code.mark()
        self.memory.vector_operand(row, register)
        self.code.byte(lane)
        self.memory.release()
