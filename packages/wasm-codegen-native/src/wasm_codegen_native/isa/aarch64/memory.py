"""Linear memory: addresses, loads and stores, memory.size."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.code import Code, below, shl, wrapping_add
from wasm_codegen_native.frame import Frame
from wasm_codegen_native.isa.aarch64.assembler import Assembler
from wasm_codegen_native.isa.aarch64.encodings import (
    ADD,
    ADDS,
    CMP,
    CSDB,
    CSEL,
    HI,
    HS,
    LDR32,
    LDR64,
    LDR_D,
    LDR_S,
    LDRB,
    LDRH,
    LDRSB32,
    LDRSB64,
    LDRSH32,
    LDRSH64,
    LDRSW,
    LSR_IMM64,
    STR32,
    STR64,
    STR_D,
    STR_S,
    STRB,
    STRH,
)  # fmt: skip
from wasm_codegen_native.isa.aarch64.notation import X
from wasm_codegen_native.isa.aarch64.registers import X16, X17, ZR
from wasm_codegen_native.kinds import TYPE, by_op
from wasm_codegen_native.machine import T_F32, T_I64
from wasm_codegen_native.memory import Accesses
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import CONST, REG, Values
from wasm_environ import traps
from wasm_environ.vmtypes import DEFINITION_BASE, DEFINITION_LENGTH, MEMORY_DEFINITION

NONE: Final = -1

# Columns: mnemonic, row, log2 of the bytes accessed.
# fmt: off
ACCESSES: Final = (
    ("i32.load",     LDR32,   2),
    ("i64.load",     LDR64,   3),
    ("f32.load",     LDR_S,   2),
    ("f64.load",     LDR_D,   3),
    ("i32.load8_s",  LDRSB32, 0),
    ("i32.load8_u",  LDRB,    0),
    ("i32.load16_s", LDRSH32, 1),
    ("i32.load16_u", LDRH,    1),
    ("i64.load8_s",  LDRSB64, 0),
    ("i64.load8_u",  LDRB,    0),
    ("i64.load16_s", LDRSH64, 1),
    ("i64.load16_u", LDRH,    1),
    ("i64.load32_s", LDRSW,   2),
    ("i64.load32_u", LDR32,   2),
    ("i32.store",    STR32,   2),
    ("i64.store",    STR64,   3),
    ("f32.store",    STR_S,   2),
    ("f64.store",    STR_D,   3),
    ("i32.store8",   STRB,    0),
    ("i32.store16",  STRH,    1),
    ("i64.store8",   STRB,    0),
    ("i64.store16",  STRH,    1),
    ("i64.store32",  STR32,   2),
)
# fmt: on
# By op id.
ROWS: Final[vec[i64]] = vec[i64](by_op([(row[0], row[1]) for row in ACCESSES]))
SIZES: Final[bytes] = bytes(by_op([(row[0], row[2]) for row in ACCESSES]))
ZEROS: Final[vec[i64]] = vec[i64](by_op([("f32.store", STR32), ("f64.store", STR64)]))  # what stores a zero of a vector register


@final
class Memory(Accesses):
    """Lowers accesses."""

    def __init__(self, asm: Assembler, values: Values, traps: Traps, frame: Frame) -> None:
        super().__init__(values, traps, frame, NONE)
        self.asm: Assembler = asm
        self.code: Code = asm.code

    # ---- addresses
    def checked_address(self, i: i64, memory: i64, offset: i64, size: i64) -> None:
        """Compare the end of the access with the memory's length, and mask it: no more than the length, even where the branch is mispredicted."""
        v = self.v
        asm = self.asm
        place = self.frame.tables.memory_places[memory]
        index = v.reg(i)
        reach = wrapping_add(offset, size)
        end: i64 = index
        if v.kind[i] != REG:
            end = v.alloc(T_I64)
        asm.number(X16, reach, True)
        asm.r3(ADDS | X, end, index, X16)
        if self.frame.tables.memory_is64[memory] != 0:
            self.check_carry(HS, reach, size)
        if end == index:
            v.take_over(i)
        else:
            v.consume(i)
        base = v.alloc(T_I64)
        asm.load(T_I64, base, self.frame.context, place + MEMORY_DEFINITION)
        asm.load(T_I64, X17, base, DEFINITION_LENGTH)
        asm.compare(CMP | X, end, X17)
        self.traps.trap_if(HI, traps.MEMORY_OUT_OF_BOUNDS)
        if self.frame.tables.spectre_mitigation:
            asm.choose(CSEL | X, end, X17, end, HI)
            self.code.word(CSDB)
        asm.load(T_I64, base, base, DEFINITION_BASE)
        self.end_at(base, end, size)

    def pointer(self, to: i64) -> None:
        """to <- the operand's address, which needs the registers of the operand no longer."""
        base = self.base
        if self.index >= 0:
            self.asm.r3(ADD | X, to, base, self.index)
            base = to
        if self.disp != 0 or base != to:
            self.asm.add(to, base, self.disp)
        self.release()

    def access(self, row: i64, size: i64, register: i64) -> None:
        """The access to the prepared operand. Its own instruction is marked, not those that form the address."""
        asm = self.asm
        index = self.index
        if index == NONE:
            if below(self.disp, shl(0x1000, size)) and self.disp & (shl(1, size) - 1) == 0:
                self.code.mark()
                asm.memory(row, size, register, self.base, self.disp)
                return
            if below(self.disp, 0x1000000) and self.disp & (shl(1, size) - 1) == 0:
                asm.add(X16, self.base, self.disp & ~0xFFF)
                self.code.mark()
                asm.memory(row, size, register, X16, self.disp & 0xFFF)
                return
            asm.number(X16, self.disp, True)
            index = X16
        elif self.disp >= 0x1000 and self.disp < shl(0x1000, size) and self.disp & (shl(1, size) - 1) == 0:
            asm.r3(ADD | X, X16, self.base, index)
            self.code.mark()
            asm.memory(row, size, register, X16, self.disp)
            return
        elif self.disp != 0:
            if self.disp > -0x1000000 and self.disp < 0x1000000:
                asm.add(X16, index, self.disp)
            else:
                asm.number(X16, self.disp, True)
                asm.r3(ADD | X, X16, X16, index)
            index = X16
        self.code.mark()
        asm.indexed(row, register, self.base, index, 0)

    # ---- loads and stores
    def load(self, op: i64, memory: i64, offset: i64) -> None:
        """A load of ACCESSES."""
        v = self.v
        type: i64 = TYPE[op]
        size: i64 = SIZES[op]
        i = v.operands(1)
        target = v.target(type)
        self.address(i, memory, offset, shl(1, size))
        to = target
        if to < 0:
            if type >= T_F32:
                to = v.alloc(type)
            elif v.kind[i] == REG:
                to = v.low[i]
            elif self.own_index:
                to = self.index
                self.own_index = False
            elif self.own_base:
                to = self.base
                self.own_base = False
            else:
                to = v.alloc(type)
        self.access(ROWS[op], size, to)
        self.release()
        if v.kind[i] == REG and v.low[i] != to:
            v.release(i)
        v.finish(1, type, to, target)

    def store(self, op: i64, memory: i64, offset: i64) -> None:
        """A store of ACCESSES."""
        v = self.v
        i = v.operands(2)
        size: i64 = SIZES[op]
        value = i + 1
        row = ROWS[op]
        register: i64 = ZR
        if v.kind[value] == CONST and v.low[value] == 0:
            if v.type[value] >= T_F32:
                row = ZEROS[op]
        else:
            register = v.reg(value)
        self.address(i, memory, offset, shl(1, size))
        self.access(row, size, register)
        self.release()
        v.drop(2)

    def count_pages(self, type: i64, to: i64, log2: i64) -> None:
        if log2 != 0:
            self.asm.r2(LSR_IMM64 | log2 << 16, to, to)
