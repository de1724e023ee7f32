"""v128 loads and stores, with extension, splat, zero and single lanes; shuffles, whose numbers are a constant."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.chapters import Chapter
from wasm_codegen_native.code import shl
from wasm_codegen_native.isa.s390x.assembler import Assembler
from wasm_codegen_native.isa.s390x.encodings import VL, VST
from wasm_codegen_native.isa.s390x.memory import Memory
from wasm_codegen_native.isa.s390x.registers import SCRATCH
from wasm_codegen_native.isa.s390x.vector_encodings import VLE, VLLEZG, VLLEZLF, VLREP, VPERM, VSTE, word
from wasm_codegen_native.kinds import by_op
from wasm_codegen_native.machine import T_V128
from wasm_codegen_native.values import Values
from wasm_environ.body import WORDS
from wasm_environ.op import I8X16_SHUFFLE

# Forms: a load of all lanes and perhaps an extension, a store, a lane's load into a vector and its store.
LOAD: Final = 0
STORE: Final = 1
LOAD_LANE: Final = 2
STORE_LANE: Final = 3

# Columns: mnemonic, form, access, log2 of the bytes accessed, and of an extension the instruction and the bits of a lane before it.
# fmt: off
ROWS: Final = (
    ("v128.load",         LOAD,       VL,       4, 0, 0),
    ("v128.load32_zero",  LOAD,       VLLEZLF,  2, 0, 0),
    ("v128.load64_zero",  LOAD,       VLLEZG,   3, 0, 0),
    ("v128.load8_splat",  LOAD,       VLREP[0], 0, 0, 0),
    ("v128.load16_splat", LOAD,       VLREP[1], 1, 0, 0),
    ("v128.load32_splat", LOAD,       VLREP[2], 2, 0, 0),
    ("v128.load64_splat", LOAD,       VLREP[3], 3, 0, 0),
    ("v128.load8x8_s",    LOAD,       VLLEZG,   3, word("VUPHB V1, V2"),  8),
    ("v128.load8x8_u",    LOAD,       VLLEZG,   3, word("VUPLHB V1, V2"), 8),
    ("v128.load16x4_s",   LOAD,       VLLEZG,   3, word("VUPHH V1, V2"),  16),
    ("v128.load16x4_u",   LOAD,       VLLEZG,   3, word("VUPLHH V1, V2"), 16),
    ("v128.load32x2_s",   LOAD,       VLLEZG,   3, word("VUPHF V1, V2"),  32),
    ("v128.load32x2_u",   LOAD,       VLLEZG,   3, word("VUPLHF V1, V2"), 32),
    ("v128.store",        STORE,      VST,      4, 0, 0),
    *((f"v128.load{8 << k}_lane",  LOAD_LANE,  VLE[k],  k, 0, 0) for k in range(4)),
    *((f"v128.store{8 << k}_lane", STORE_LANE, VSTE[k], k, 0, 0) for k in range(4)),
)
# fmt: on
# By op id.
FORMS: Final[bytes] = bytes(by_op([(row[0], row[1]) for row in ROWS]))
ACCESSES: Final[vec[i64]] = vec[i64](by_op([(row[0], row[2]) for row in ROWS]))
SIZES: Final[bytes] = bytes(by_op([(row[0], row[3]) for row in ROWS]))
EXTENSIONS: Final[vec[i64]] = vec[i64](by_op([(row[0], row[4]) for row in ROWS]))
NARROW: Final[bytes] = bytes(by_op([(row[0], row[5]) for row in ROWS]))
TURNS: Final[vec[i64]] = vec[i64]([word("VERLLH V1, V3, count"), word("VERLLF V1, V3, count"), word("VERLLG V1, V3, count")])
LANE_SHIFT: Final = 12  # of an element's number


@final
class VectorMemory(Chapter):
    """Lowers v128.load to v128.store64_lane, and i8x16.shuffle."""

    def __init__(self, asm: Assembler, values: Values, memory: Memory) -> None:
        self.asm: Assembler = asm
        self.v: Values = values
        self.memory: Memory = memory

    def lower(self, op: i64, kind: i64) -> None:
        """Lower one op."""
        if op == I8X16_SHUFFLE:
            self.shuffle()
            return
        p = self.v.pc - WORDS
        offset = self.v.ops[p + 1]
        memory = self.v.ops[p + 2]
        lane = self.v.ops[p + 3] >> 8
        form: i64 = FORMS[op]
        access = ACCESSES[op]
        size: i64 = SIZES[op]
        if form == LOAD:
            self.load(op, access, size, memory, offset)
        elif form == LOAD_LANE:
            self.load_lane(access | lane << LANE_SHIFT, size, memory, offset)
        else:
            if form == STORE_LANE:
                access |= lane << LANE_SHIFT
            self.store(access, size, memory, offset)

    def load(self, op: i64, access: i64, size: i64, memory: i64, offset: i64) -> None:
        """All lanes, extended perhaps."""
        v = self.v
        i = v.operands(1)
        target = v.target(T_V128)
        self.memory.address(i, memory, offset, shl(1, size))
        to: i64 = target if target >= 0 else v.alloc(T_V128)
        self.memory.vector_access(access, to)
        if EXTENSIONS[op] != 0:
            narrow: i64 = NARROW[op]
            self.turn(to, narrow)
            self.asm.vector(EXTENSIONS[op], to, to, 0)
            self.turn(to, 2 * narrow)
        self.memory.release()
        v.release(i)
        v.finish(1, T_V128, to, target)

    def turn(self, register: i64, bits: i64) -> None:
        """The bytes of each lane in the other order."""
        k: i64 = 0
        half: i64 = 8
        while half < bits:
            self.asm.vector(TURNS[k] | half << 16, register, register, 0)
            k += 1
            half *= 2

    def load_lane(self, access: i64, size: i64, memory: i64, offset: i64) -> None:
        """load8_lane to load64_lane"""
        v = self.v
        i = v.operands(2)
        to = v.own(i + 1)
        self.memory.address(i, memory, offset, shl(1, size))
        self.memory.vector_access(access, to)
        self.memory.release()
        v.release(i)
        v.pop(2)
        v.push_reg(T_V128, to)

    def store(self, access: i64, size: i64, memory: i64, offset: i64) -> None:
        """v128.store, store8_lane to store64_lane"""
        v = self.v
        i = v.operands(2)
        register = v.reg(i + 1)
        self.memory.address(i, memory, offset, shl(1, size))
        self.memory.vector_access(access, register)
        self.memory.release()
        v.drop(2)

    def shuffle(self) -> None:
        """i8x16.shuffle: the machine numbers bytes alike."""
        v = self.v
        p = v.pc - WORDS
        i = v.operands(2)
        target = v.target(T_V128)
        a = v.reg(i)
        b = v.reg(i + 1)
        to: i64 = target if target >= 0 else v.alloc(T_V128)
        self.asm.float_number(T_V128, SCRATCH, v.ops[p + 1], v.ops[p + 2])
        self.asm.four(VPERM, to, a, b, SCRATCH)
        v.release(i)
        v.release(i + 1)
        v.finish(2, T_V128, to, target)
