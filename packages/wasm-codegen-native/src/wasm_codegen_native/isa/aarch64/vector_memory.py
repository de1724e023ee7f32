"""v128 loads and stores, with extension, splat, zero and single lanes."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.chapters import Chapter
from wasm_codegen_native.code import Code, shl
from wasm_codegen_native.isa.aarch64.assembler import Assembler
from wasm_codegen_native.isa.aarch64.encodings import LDR_D, LDR_Q, LDR_S, STR_Q
from wasm_codegen_native.isa.aarch64.memory import Memory
from wasm_codegen_native.isa.aarch64.registers import X17
from wasm_codegen_native.isa.aarch64.shuffle import Shuffle
from wasm_codegen_native.isa.aarch64.vector_encodings import word
from wasm_codegen_native.kinds import by_op
from wasm_codegen_native.machine import T_V128
from wasm_codegen_native.values import Values
from wasm_environ.body import WORDS
from wasm_environ.op import I8X16_SHUFFLE

# Forms: a load and perhaps an instruction that extends, a store; of one lane's address: for all lanes, into a lane, from a lane.
LOAD: Final = 0
STORE: Final = 1
SPLAT: Final = 2
LOAD_LANE: Final = 3
STORE_LANE: Final = 4

# Columns: mnemonic, form, access, log2 of the bytes accessed, extension or 0.
# fmt: off
ROWS: Final = (
    ("v128.load",         LOAD,       LDR_Q, 4, 0),
    ("v128.load32_zero",  LOAD,       LDR_S, 2, 0),
    ("v128.load64_zero",  LOAD,       LDR_D, 3, 0),
    ("v128.load8x8_s",    LOAD,       LDR_D, 3, word("SXTL Vd.8H, Vn.8B")),
    ("v128.load8x8_u",    LOAD,       LDR_D, 3, word("UXTL Vd.8H, Vn.8B")),
    ("v128.load16x4_s",   LOAD,       LDR_D, 3, word("SXTL Vd.4S, Vn.4H")),
    ("v128.load16x4_u",   LOAD,       LDR_D, 3, word("UXTL Vd.4S, Vn.4H")),
    ("v128.load32x2_s",   LOAD,       LDR_D, 3, word("SXTL Vd.2D, Vn.2S")),
    ("v128.load32x2_u",   LOAD,       LDR_D, 3, word("UXTL Vd.2D, Vn.2S")),
    ("v128.store",        STORE,      STR_Q, 4, 0),
    ("v128.load8_splat",  SPLAT,      word("LD1R {Vd.16B}, [Xn]"),    0, 0),
    ("v128.load16_splat", SPLAT,      word("LD1R {Vd.8H}, [Xn]"),     1, 0),
    ("v128.load32_splat", SPLAT,      word("LD1R {Vd.4S}, [Xn]"),     2, 0),
    ("v128.load64_splat", SPLAT,      word("LD1R {Vd.2D}, [Xn]"),     3, 0),
    ("v128.load8_lane",   LOAD_LANE,  word("LD1 {Vd.B}[lane], [Xn]"), 0, 0),
    ("v128.load16_lane",  LOAD_LANE,  word("LD1 {Vd.H}[lane], [Xn]"), 1, 0),
    ("v128.load32_lane",  LOAD_LANE,  word("LD1 {Vd.S}[lane], [Xn]"), 2, 0),
    ("v128.load64_lane",  LOAD_LANE,  word("LD1 {Vd.D}[lane], [Xn]"), 3, 0),
    ("v128.store8_lane",  STORE_LANE, word("ST1 {Vd.B}[lane], [Xn]"), 0, 0),
    ("v128.store16_lane", STORE_LANE, word("ST1 {Vd.H}[lane], [Xn]"), 1, 0),
    ("v128.store32_lane", STORE_LANE, word("ST1 {Vd.S}[lane], [Xn]"), 2, 0),
    ("v128.store64_lane", STORE_LANE, word("ST1 {Vd.D}[lane], [Xn]"), 3, 0),
)
# fmt: on
# By op id.
FORMS: Final[bytes] = bytes(by_op([(row[0], row[1]) for row in ROWS]))
ACCESSES: Final[vec[i64]] = vec[i64](by_op([(row[0], row[2]) for row in ROWS]))
SIZES: Final[bytes] = bytes(by_op([(row[0], row[3]) for row in ROWS]))
EXTENSIONS: Final[vec[i64]] = vec[i64](by_op([(row[0], row[4]) for row in ROWS]))


def of_lane(access: i64, size: i64, lane: i64) -> i64:
    """The access of a lane: its first byte is Q and index."""
    first = lane << size
    return access | (first >> 3) << 30 | (first & 7) << 10


@final
class VectorMemory(Chapter):
    """Lowers v128.load to v128.store64_lane, and by `shuffle` i8x16.shuffle."""

    def __init__(self, asm: Assembler, values: Values, memory: Memory, shuffle: Shuffle) -> None:
        self.asm: Assembler = asm
        self.code: Code = asm.code
        self.v: Values = values
        self.memory: Memory = memory
        self.shuffle: Shuffle = shuffle

    def lower(self, op: i64, kind: i64) -> None:
        """Lower one op."""
        if op == I8X16_SHUFFLE:
            self.shuffle.lower()
            return
        p = self.v.pc - WORDS
        offset = self.v.ops[p + 1]
        memory = self.v.ops[p + 2]
        lane = self.v.ops[p + 3] >> 8
        form: i64 = FORMS[op]
        access = ACCESSES[op]
        size: i64 = SIZES[op]
        if form == LOAD:
            self.load(access, size, memory, offset, EXTENSIONS[op])
        elif form == STORE:
            self.store(access, size, memory, offset)
        elif form == SPLAT:
            self.splat(access, size, memory, offset)
        elif form == LOAD_LANE:
            self.load_lane(of_lane(access, size, lane), size, memory, offset)
        else:
            self.store_lane(of_lane(access, size, lane), size, memory, offset)

    def load(self, access: i64, size: i64, memory: i64, offset: i64, extension: i64) -> None:
        """All of a register, or its low half extended, or the rest zero."""
        v = self.v
        i = v.operands(1)
        target = v.target(T_V128)
        self.memory.address(i, memory, offset, shl(1, size))
        to: i64 = target if target >= 0 else v.alloc(T_V128)
        self.memory.access(access, size, to)
        if extension != 0:
            self.asm.r2(extension, to, to)
        self.memory.release()
        v.release(i)
        v.finish(1, T_V128, to, target)

    def store(self, access: i64, size: i64, memory: i64, offset: i64) -> None:
        """v128.store"""
        v = self.v
        i = v.operands(2)
        register = v.reg(i + 1)
        self.memory.address(i, memory, offset, shl(1, size))
        self.memory.access(access, size, register)
        self.memory.release()
        v.drop(2)

    def splat(self, access: i64, size: i64, memory: i64, offset: i64) -> None:
        """load8_splat to load64_splat"""
        v = self.v
        i = v.operands(1)
        target = v.target(T_V128)
        self.point(i, size, memory, offset)
        to: i64 = target if target >= 0 else v.alloc(T_V128)
        self.code.mark()
        self.asm.r2(access, to, X17)
        v.release(i)
        v.finish(1, T_V128, to, target)

    def load_lane(self, access: i64, size: i64, memory: i64, offset: i64) -> None:
        """load8_lane to load64_lane"""
        v = self.v
        i = v.operands(2)
        to = v.own(i + 1)
        self.point(i, size, memory, offset)
        self.code.mark()
        self.asm.r2(access, to, X17)
        v.release(i)
        v.pop(2)
        v.push_reg(T_V128, to)

    def store_lane(self, access: i64, size: i64, memory: i64, offset: i64) -> None:
        """store8_lane to store64_lane"""
        v = self.v
        i = v.operands(2)
        register = v.reg(i + 1)
        self.point(i, size, memory, offset)
        self.code.mark()
        self.asm.r2(access, register, X17)
        v.drop(2)

    def point(self, i: i64, size: i64, memory: i64, offset: i64) -> None:
        """x17 <- the address at entry i + offset."""
        self.memory.address(i, memory, offset, shl(1, size))
        self.memory.pointer(X17)
