"""Linear memory: addresses, loads and stores, memory.size."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.code import Code, below, wrapping_add
from wasm_codegen_native.frame import NOT_PINNED, Frame
from wasm_codegen_native.isa.x86_64.assembler import Assembler
from wasm_codegen_native.isa.x86_64.encodings import (
    ADD,
    ALU_ADD,
    CC_A,
    CC_B,
    CMOVCC,
    CMP,
    LEA,
    MOV_IMM,
    MOV_IMM8,
    MOV_IMM16,
    MOV_LOAD,
    MOV_STORE,
    MOV_STORE8,
    MOV_STORE16,
    MOVSD_LOAD,
    MOVSD_STORE,
    MOVSS_LOAD,
    MOVSS_STORE,
    MOVSX8,
    MOVSX16,
    MOVSXD,
    MOVZX8,
    MOVZX16,
    SHR_IMM,
)  # fmt: skip
from wasm_codegen_native.isa.x86_64.notation import W
from wasm_codegen_native.kinds import TYPE, by_op
from wasm_codegen_native.machine import T_F32, T_I64
from wasm_codegen_native.memory import Accesses
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import CONST, REG, Values
from wasm_environ import traps
from wasm_environ.vmtypes import DEFINITION_BASE, DEFINITION_LENGTH, MEMORY_BASE, MEMORY_DEFINITION

NONE: Final = -1

# Columns: mnemonic, row, bytes accessed.
# fmt: off
LOADS: Final = (
    ("i32.load",     MOV_LOAD,     4),
    ("i64.load",     MOV_LOAD | W, 8),
    ("f32.load",     MOVSS_LOAD,   4),
    ("f64.load",     MOVSD_LOAD,   8),
    ("i32.load8_s",  MOVSX8,       1),
    ("i32.load8_u",  MOVZX8,       1),
    ("i32.load16_s", MOVSX16,      2),
    ("i32.load16_u", MOVZX16,      2),
    ("i64.load8_s",  MOVSX8 | W,   1),
    ("i64.load8_u",  MOVZX8,       1),
    ("i64.load16_s", MOVSX16 | W,  2),
    ("i64.load16_u", MOVZX16,      2),
    ("i64.load32_s", MOVSXD,       4),
    ("i64.load32_u", MOV_LOAD,     4),
)
# Columns: mnemonic, row, row of the immediate form, bytes of its immediate, bytes accessed.
STORES: Final = (
    ("i32.store",    MOV_STORE,     MOV_IMM,     4, 4),
    ("i64.store",    MOV_STORE | W, MOV_IMM | W, 4, 8),
    ("f32.store",    MOVSS_STORE,   MOV_IMM,     4, 4),
    ("f64.store",    MOVSD_STORE,   MOV_IMM | W, 4, 8),
    ("i32.store8",   MOV_STORE8,    MOV_IMM8,    1, 1),
    ("i32.store16",  MOV_STORE16,   MOV_IMM16,   2, 2),
    ("i64.store8",   MOV_STORE8,    MOV_IMM8,    1, 1),
    ("i64.store16",  MOV_STORE16,   MOV_IMM16,   2, 2),
    ("i64.store32",  MOV_STORE,     MOV_IMM,     4, 4),
)
# fmt: on
# By op id.
LOAD_ROWS: Final[vec[i64]] = vec[i64](by_op([(row[0], row[1]) for row in LOADS]))
STORE_ROWS: Final[vec[i64]] = vec[i64](by_op([(row[0], row[1]) for row in STORES]))
STORE_IMMEDIATES: Final[vec[i64]] = vec[i64](by_op([(row[0], row[2]) for row in STORES]))
STORE_IMMEDIATE_SIZES: Final[bytes] = bytes(by_op([(row[0], row[3]) for row in STORES]))
SIZES: Final[bytes] = bytes(by_op([(row[0], row[2]) for row in LOADS] + [(row[0], row[4]) for row in STORES]))


@final
class Memory(Accesses):
    """Lowers accesses; `address` is used by the vector and atomic chapters too."""

    def __init__(self, asm: Assembler, values: Values, traps: Traps, frame: Frame) -> None:
        super().__init__(values, traps, frame, NONE)
        self.asm: Assembler = asm
        self.code: Code = asm.code

    # ---- addresses
    def address(self, i: i64, memory: i64, offset: i64, size: i64) -> None:
        """Prepare the operand for `size` bytes at entry i + offset; a register that only held the address may become part of the operand."""
        tables = self.frame.tables
        self.own_base = False
        self.own_index = False
        if tables.memory_checked[memory] != 0:
            self.checked_address(i, memory, offset, size)
            return
        v = self.v
        self.index = NONE
        if v.kind[i] == CONST:
            offset = wrapping_add(offset, v.low[i] & 0xFFFFFFFF)
        else:
            self.index = v.reg(i)
        if not below(offset, 0x80000000):
            t = v.alloc(T_I64)
            self.asm.number(t, offset)
            if self.index != NONE:
                self.asm.rr(ADD | W, t, self.index)
                v.consume(i)
            self.index = t
            self.own_index = True
            offset = 0
        self.disp = offset
        if memory == 0 and self.frame.memory_base != NOT_PINNED:
            self.base = self.frame.memory_base
        else:
            self.base = v.alloc(T_I64)
            self.own_base = True
            self.asm.rm(MOV_LOAD | W, self.base, self.frame.context, tables.memory_places[memory] + MEMORY_BASE)

    def checked_address(self, i: i64, memory: i64, offset: i64, size: i64) -> None:
        """Compare the end of the access with the memory's length, and mask it: no more than the length, even where the branch is mispredicted."""
        v = self.v
        asm = self.asm
        place = self.frame.tables.memory_places[memory]
        index = v.reg(i)
        reach = wrapping_add(offset, size)
        small = below(reach, 0x80000000)
        end: i64 = index
        if not small or v.kind[i] != REG:
            end = v.alloc(T_I64)
        if not small:
            asm.number(end, reach)
            asm.rr(ADD | W, end, index)
        elif self.frame.tables.memory_is64[memory] == 0:
            asm.rm(LEA | W, end, index, reach)
        else:
            if end != index:
                asm.rr(MOV_LOAD | W, end, index)
            asm.alu_immediate(ALU_ADD, W, end, reach)
        if self.frame.tables.memory_is64[memory] != 0:
            self.check_carry(CC_B, reach, size)
        if end == index:
            v.take_over(i)
        else:
            v.consume(i)
        base = v.alloc(T_I64)
        asm.rm(MOV_LOAD | W, base, self.frame.context, place + MEMORY_DEFINITION)
        asm.rm(CMP | W, end, base, DEFINITION_LENGTH)
        self.traps.trap_if(CC_A, traps.MEMORY_OUT_OF_BOUNDS)
        if self.frame.tables.spectre_mitigation:
            asm.rm(CMOVCC | CC_A | W, end, base, DEFINITION_LENGTH)
        asm.rm(MOV_LOAD | W, base, base, DEFINITION_BASE)
        self.end_at(base, end, size)

    def operand(self, row: i64, reg: i64) -> None:
        """A general instruction with the prepared operand."""
        if self.index == NONE:
            self.asm.rm(row, reg, self.base, self.disp)
        else:
            self.asm.rx(row, reg, self.base, self.index, 0, self.disp)

    def vector_operand(self, row: i64, reg: i64) -> None:
        """A load or store of a vector register, or an SSE row whose first source is its destination."""
        if self.index == NONE:
            self.asm.v2m(row, reg, self.base, self.disp)
        else:
            self.asm.v2x(row, reg, self.base, self.index, 0, self.disp)

    # ---- loads and stores
    def load(self, op: i64, memory: i64, offset: i64) -> None:
        """A row of LOADS."""
        v = self.v
        row: i64 = LOAD_ROWS[op]
        type: i64 = TYPE[op]
        size: i64 = SIZES[op]
        i = v.operands(1)
        target = v.target(type)
        self.address(i, memory, offset, size)
        to = target
        if to < 0:
            if type >= T_F32:
                to = v.alloc(type)
            elif v.kind[i] == REG:
                to = v.low[i]
            elif self.own_index:
                to = self.index
                self.own_index = False
            else:
                to = v.alloc(type)
        self.code.mark()
        if type < T_F32:
            self.operand(row, to)
        else:
            self.vector_operand(row, to)
        self.release()
        if v.kind[i] == REG and v.low[i] != to:
            v.release(i)
        v.finish(1, type, to, target)

    def store(self, op: i64, memory: i64, offset: i64) -> None:
        """A row of STORES."""
        v = self.v
        i = v.operands(2)
        size: i64 = SIZES[op]
        self.address(i, memory, offset, size)
        value = i + 1
        type = v.type[value]
        immediate: i64 = STORE_IMMEDIATE_SIZES[op]
        if v.kind[value] == CONST and (size <= 4 or (v.low[value] >= -0x80000000 and v.low[value] <= 0x7FFFFFFF)):
            row: i64 = STORE_IMMEDIATES[op]
            self.code.mark()
            self.operand(row, 0)
            if immediate == 4:
                self.code.word(v.low[value])
            elif immediate == 2:
                self.code.half(v.low[value])
            else:
                self.code.byte(v.low[value])
        else:
            register = v.reg(value)
            row = STORE_ROWS[op]
            self.code.mark()
            if type < T_F32:
                self.operand(row, register)
            else:
                self.vector_operand(row, register)
        self.release()
        v.drop(2)

    def count_pages(self, type: i64, to: i64, log2: i64) -> None:
        if log2 != 0:
            self.asm.rr(SHR_IMM | W, 0, to)
            self.code.byte(log2)
