"""v128 loads and stores, with extension, splat, zero and single lanes. Without V what is loaded goes on to the frame, where v128s are."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.chapters import Chapter
from wasm_codegen_native.code import Code, shl
from wasm_codegen_native.isa.riscv64.assembler import VECTOR_LOADS, VECTOR_STORES, Assembler, fits12
from wasm_codegen_native.isa.riscv64.encodings import ADDI, FLD, FSD, SD
from wasm_codegen_native.isa.riscv64.lanes import WAYS, Lanes
from wasm_codegen_native.isa.riscv64.memory import Memory
from wasm_codegen_native.isa.riscv64.registers import S0, SCRATCH, SCRATCH_HIGH, SPARE, ZERO
from wasm_codegen_native.isa.riscv64.shuffle import FORMS as MOVES
from wasm_codegen_native.isa.riscv64.shuffle import Shuffle
from wasm_codegen_native.isa.riscv64.vector import KINDS
from wasm_codegen_native.isa.riscv64.vector_registers import VectorRegisters
from wasm_codegen_native.kinds import by_op
from wasm_codegen_native.machine import T_I64, T_V128
from wasm_codegen_native.values import Values
from wasm_environ.body import WORDS

LOAD: Final = 1
STORE: Final = 2
EXTEND: Final = 3
SPLAT: Final = 4
ZEROS: Final = 5
LOAD_LANE: Final = 6
STORE_LANE: Final = 7
UNSIGNED: Final = 4 << 12  # of a load: the bit of those that do not extend the sign

# Columns: mnemonic, form, kind of lane.
# fmt: off
ROWS: Final = (
    ("v128.load",         LOAD,       "i64"), ("v128.store",        STORE,      "i64"),
    ("v128.load8x8_s",    EXTEND,     "i8"),  ("v128.load8x8_u",    EXTEND,     "u8"),  ("v128.load16x4_s",   EXTEND,     "i16"),
    ("v128.load16x4_u",   EXTEND,     "u16"), ("v128.load32x2_s",   EXTEND,     "i32"), ("v128.load32x2_u",   EXTEND,     "u32"),
    ("v128.load8_splat",  SPLAT,      "u8"),  ("v128.load16_splat", SPLAT,      "u16"), ("v128.load32_splat", SPLAT,      "u32"),
    ("v128.load64_splat", SPLAT,      "i64"), ("v128.load32_zero",  ZEROS,      "u32"), ("v128.load64_zero",  ZEROS,      "i64"),
    ("v128.load8_lane",   LOAD_LANE,  "u8"),  ("v128.load16_lane",  LOAD_LANE,  "u16"), ("v128.load32_lane",  LOAD_LANE,  "u32"),
    ("v128.load64_lane",  LOAD_LANE,  "i64"), ("v128.store8_lane",  STORE_LANE, "u8"),  ("v128.store16_lane", STORE_LANE, "u16"),
    ("v128.store32_lane", STORE_LANE, "u32"), ("v128.store64_lane", STORE_LANE, "i64"),
)
# fmt: on
WIDER: Final[vec[i64]] = vec[i64]([KINDS[kind][1] for kind in ("i16", "i32", "i64")])  # stores, by log2 of what is extended
# By op id.
FORMS: Final[bytes] = bytes(by_op([(row[0], row[1]) for row in ROWS]))
ACCESSES: Final[vec[i64]] = vec[i64](by_op([(row[0], KINDS[row[2]][0]) for row in ROWS]))
STORES: Final[vec[i64]] = vec[i64](by_op([(row[0], KINDS[row[2]][1]) for row in ROWS]))
SIZES: Final[bytes] = bytes(by_op([(row[0], KINDS[row[2]][2]) for row in ROWS]))


@final
class VectorMemory(Chapter):
    """Lowers v128.load to v128.store64_lane. Registers are allocated before an address is formed."""

    def __init__(self, asm: Assembler, values: Values, memory: Memory, lanes: Lanes, shuffle: Shuffle) -> None:
        self.asm: Assembler = asm
        self.code: Code = asm.code
        self.v: Values = values
        self.memory: Memory = memory
        self.lanes: Lanes = lanes
        self.shuffle: Shuffle = shuffle
        self.registers: VectorRegisters = shuffle.registers

    def lower(self, op: i64, kind: i64) -> None:
        """Lower one op, of any vector chapter, but those that with V are rows."""
        if WAYS[op] != 0:
            self.lanes.lower(op)
        elif MOVES[op] != 0:
            self.shuffle.lower(op)
        else:
            self.access_memory(op)

    def access_memory(self, op: i64) -> None:
        """An op of ROWS."""
        p = self.v.pc - WORDS
        offset = self.v.ops[p + 1]
        memory = self.v.ops[p + 2]
        lane = self.v.ops[p + 3] >> 8
        form: i64 = FORMS[op]
        if form == STORE:
            self.store(memory, offset)
        elif form == LOAD_LANE:
            self.load_lane(op, memory, offset, lane)
        elif form == STORE_LANE:
            self.store_lane(op, memory, offset, lane)
        else:
            self.load(op, form, memory, offset)

    def load(self, op: i64, form: i64, memory: i64, offset: i64) -> None:
        """All of a v128, or half of one extended, or a lane for all, or the rest zero."""
        v = self.v
        i = v.operands(1)
        target = v.target(T_V128)
        to: i64 = target if target >= 0 else v.alloc(T_V128)
        t = v.alloc(T_I64)
        size: i64 = SIZES[op]
        self.memory.address(i, memory, offset, 16 if form == LOAD else 8 if form == EXTEND else shl(1, size))
        vectors = self.asm.vectors
        if form == LOAD and vectors:
            self.registers.access(VECTOR_LOADS, to, self.memory.base, self.memory.disp, False)
        elif form == LOAD:
            self.reach()
            self.access(FLD, SCRATCH, 0)
            self.access(FLD, SCRATCH_HIGH, 8)
            self.asm.keep_vector(to)
        elif form == EXTEND and vectors:
            self.registers.load_extended(to, self.memory.base, self.memory.disp, size, ACCESSES[op] & UNSIGNED != 0)
        elif form == EXTEND:
            self.access(FLD, SCRATCH, 0)
            self.extend(op, size, t, self.asm.place(to))
        else:
            self.access(ACCESSES[op], t, 0)
            if form == ZEROS and vectors:
                self.asm.halves(to, t, ZERO)
            elif form == ZEROS:
                self.asm.put(SD, t, S0, self.asm.place(to))
                self.asm.put(SD, ZERO, S0, self.asm.place(to) + 8)
        v.release(i)
        v.free_reg(t)
        if form == SPLAT:
            self.shuffle.repeat(STORES[op], size, t, to)
        v.finish(1, T_V128, to, target)

    def extend(self, op: i64, size: i64, t: i64, place: i64) -> None:
        """The upper half <- what was loaded, from there all lanes, the first first: none is written before it was read."""
        asm = self.asm
        asm.put(FSD, SCRATCH, S0, place + 8)
        at: i64 = 0
        while at < 8:
            asm.imm(ACCESSES[op], t, S0, place + 8 + at)
            asm.put(WIDER[size], t, S0, place + 2 * at)
            at += shl(1, size)

    def store(self, memory: i64, offset: i64) -> None:
        """v128.store: without V the upper half first, which traps where a part is beyond the end."""
        v = self.v
        i = v.operands(2)
        register = v.reg(i + 1)
        self.memory.address(i, memory, offset, 16)
        if self.asm.vectors:
            self.registers.access(VECTOR_STORES, register, self.memory.base, self.memory.disp, False)
        else:
            self.reach()
            self.asm.take_vector(register)
            self.keep(FSD, SCRATCH_HIGH, 8)
            self.keep(FSD, SCRATCH, 0)
        v.drop(2)

    def load_lane(self, op: i64, memory: i64, offset: i64, lane: i64) -> None:
        """load8_lane to load64_lane"""
        v = self.v
        i = v.operands(2)
        to = v.own(i + 1)
        t = v.alloc(T_I64)
        self.memory.address(i, memory, offset, shl(1, SIZES[op]))
        self.access(ACCESSES[op], t, 0)
        if self.asm.vectors:
            self.registers.put_lane(SIZES[op], to, t, lane)
        else:
            self.asm.put(STORES[op], t, S0, self.asm.place(to) + shl(lane, SIZES[op]))
        v.free_reg(t)
        v.release(i)
        v.pop(2)
        v.push_reg(T_V128, to)

    def store_lane(self, op: i64, memory: i64, offset: i64, lane: i64) -> None:
        """store8_lane to store64_lane"""
        v = self.v
        i = v.operands(2)
        register = v.reg(i + 1)
        t = v.alloc(T_I64)
        if self.asm.vectors:
            self.registers.take_lane(SIZES[op], t, register, lane, False)
        self.memory.address(i, memory, offset, shl(1, SIZES[op]))
        if not self.asm.vectors:
            self.asm.imm(ACCESSES[op], t, S0, self.asm.place(register) + shl(lane, SIZES[op]))
        self.keep(STORES[op], t, 0)
        v.free_reg(t)
        v.drop(2)

    # ---- at the address that `Memory.address` prepared
    def reach(self) -> None:
        """An instruction reaches the second eight bytes as well."""
        memory = self.memory
        if not fits12(memory.disp + 8):
            self.asm.imm(ADDI, SPARE, memory.base, memory.disp)
            memory.base = SPARE
            memory.disp = 0

    def access(self, row: i64, to: i64, more: i64) -> None:
        """A load."""
        self.code.mark()
        self.asm.imm(row, to, self.memory.base, self.memory.disp + more)

    def keep(self, row: i64, source: i64, more: i64) -> None:
        """A store."""
        self.code.mark()
        self.asm.put(row, source, self.memory.base, self.memory.disp + more)
