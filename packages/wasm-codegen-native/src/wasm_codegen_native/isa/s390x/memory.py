"""Linear memory, which is little-endian: addresses, loads and stores, memory.size."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.code import Code, below, shl, wrapping_add
from wasm_codegen_native.frame import Frame
from wasm_codegen_native.isa.s390x.assembler import FAR, NEAR, Assembler
from wasm_codegen_native.isa.s390x.encodings import (
    ALGFI,
    ALGR,
    CARRY,
    CLGR,
    HIGH,
    LGB,
    LGFR,
    LGHR,
    LGR,
    LLGC,
    LLGFR,
    LLGHR,
    LOCGR,
    LRV,
    LRVG,
    LRVH,
    SRLG_COUNT,
    STCY,
    STRV,
    STRVG,
    STRVH,
    VLEBRF,
    VLEBRG,
    VLGVF,
    VLGVG,
    VLVGF,
    VLVGG,
    VSTEBRF,
    VSTEBRG,
    condition_mask,
)  # fmt: skip
from wasm_codegen_native.isa.s390x.registers import R0, R14
from wasm_codegen_native.kinds import TYPE, by_op
from wasm_codegen_native.machine import T_F32, T_F64, T_I32, T_I64
from wasm_codegen_native.memory import Accesses
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import CONST, REG, Values
from wasm_environ import traps
from wasm_environ.vmtypes import DEFINITION_BASE, DEFINITION_LENGTH, MEMORY_DEFINITION

# Columns: mnemonic, row, log2 of the bytes accessed, and what makes of a load's register the value: the row of a first and of a second instruction.
# LRV and LRVH leave the rest of their register as it was.
# fmt: off
LOADS: Final = (
    ("i32.load",     LRV,  2, LLGFR, 0),
    ("i64.load",     LRVG, 3, 0,     0),
    ("f32.load",     LRV,  2, VLVGF, 0),
    ("f64.load",     LRVG, 3, VLVGG, 0),
    ("i32.load8_s",  LGB,  0, LLGFR, 0),
    ("i32.load8_u",  LLGC, 0, 0,     0),
    ("i32.load16_s", LRVH, 1, LGHR,  LLGFR),
    ("i32.load16_u", LRVH, 1, LLGHR, 0),
    ("i64.load8_s",  LGB,  0, 0,     0),
    ("i64.load8_u",  LLGC, 0, 0,     0),
    ("i64.load16_s", LRVH, 1, LGHR,  0),
    ("i64.load16_u", LRVH, 1, LLGHR, 0),
    ("i64.load32_s", LRV,  2, LGFR,  0),
    ("i64.load32_u", LRV,  2, LLGFR, 0),
)
STORES: Final = (
    ("i32.store",    STRV,  2),
    ("i64.store",    STRVG, 3),
    ("f32.store",    STRV,  2),
    ("f64.store",    STRVG, 3),
    ("i32.store8",   STCY,  0),
    ("i32.store16",  STRVH, 1),
    ("i64.store8",   STCY,  0),
    ("i64.store16",  STRVH, 1),
    ("i64.store32",  STRV,  2),
)
# fmt: on
# By op id.
ROWS: Final[vec[i64]] = vec[i64](by_op([(row[0], row[1]) for row in (*LOADS, *STORES)]))
SIZES: Final[bytes] = bytes(by_op([(row[0], row[2]) for row in (*LOADS, *STORES)]))
FIRST: Final[vec[i64]] = vec[i64](by_op([(row[0], row[3]) for row in LOADS]))
SECOND: Final[vec[i64]] = vec[i64](by_op([(row[0], row[4]) for row in LOADS]))


@final
class Memory(Accesses):
    """Lowers accesses."""

    def __init__(self, asm: Assembler, values: Values, traps: Traps, frame: Frame, reversing: bool) -> None:
        super().__init__(values, traps, frame, R0)  # r0 is no index
        self.reversing: bool = reversing  # whether an instruction reverses the bytes of a float that it loads or stores (z15)
        self.asm: Assembler = asm
        self.code: Code = asm.code

    # ---- addresses
    def checked_address(self, i: i64, memory: i64, offset: i64, size: i64) -> None:
        """Compare the end of the access with the memory's length, and make it no more than the length, even where the branch is mispredicted."""
        v = self.v
        asm = self.asm
        place = self.frame.tables.memory_places[memory]
        index = v.reg(i)
        reach = wrapping_add(offset, size)
        end: i64 = index
        if v.kind[i] != REG:
            end = v.alloc(T_I64)
            asm.two(LGR, end, index)
        if below(reach, 0x100000000):
            asm.long(ALGFI, end, reach)
        else:
            asm.number(R14, reach)
            asm.two(ALGR, end, R14)
        if self.frame.tables.memory_is64[memory] != 0:
            self.check_carry(CARRY, reach, size)
        if end == index:
            v.take_over(i)
        else:
            v.consume(i)
        base = v.alloc(T_I64)
        asm.load(T_I64, base, self.frame.context, place + MEMORY_DEFINITION)
        asm.load(T_I64, R14, base, DEFINITION_LENGTH)
        asm.two(CLGR, end, R14)
        self.traps.trap_if(HIGH, traps.MEMORY_OUT_OF_BOUNDS)
        if self.frame.tables.spectre_mitigation:
            asm.three(LOCGR, end, R14, condition_mask(HIGH))
        asm.load(T_I64, base, base, DEFINITION_BASE)
        self.end_at(base, end, size)

    def near(self, limit: i64) -> None:
        """The operand's displacement becomes one from 0, or where the limit is FAR from -FAR, to before the limit: r14 is its index then."""
        asm = self.asm
        if self.disp < limit and (self.disp >= 0 or (limit == FAR and self.disp >= -FAR)):
            return
        asm.number(R14, self.disp)
        if self.index != R0:
            asm.two(ALGR, R14, self.index)
            if self.own_index:
                self.v.free_reg(self.index)
        self.own_index = False
        self.index = R14
        self.disp = 0

    def access(self, row: i64, register: i64) -> None:
        """The access to the prepared operand. Its own instruction is marked, not those that form the address."""
        self.near(FAR)
        self.code.mark()
        self.asm.address(row, register, self.index, self.base, self.disp)

    def vector_access(self, row: i64, register: i64) -> None:
        """The same, of a vector register."""
        self.near(NEAR)
        self.code.mark()
        self.asm.vector_address(row, register, self.index, self.base, self.disp)

    # ---- loads and stores
    def load(self, op: i64, memory: i64, offset: i64) -> None:
        """A load of LOADS."""
        v = self.v
        type: i64 = TYPE[op]
        i = v.operands(1)
        target = v.target(type)
        self.address(i, memory, offset, shl(1, SIZES[op]))
        if type >= T_F32:
            to: i64 = target if target >= 0 else v.alloc(type)
            if self.reversing:
                self.vector_access(VLEBRF if type == T_F32 else VLEBRG, to)
            else:
                self.access(ROWS[op], R0)
                self.asm.insert(FIRST[op], to, R0)
            self.release()
        else:
            to = target
            if to < 0:
                to = self.result(i, type)
            zero_above = to == self.index and v.type[i] == T_I32 and self.frame.tables.memory_checked[memory] == 0
            self.access(ROWS[op], to)
            if FIRST[op] != 0 and not (zero_above and ROWS[op] == LRV and FIRST[op] == LLGFR):
                self.asm.two(FIRST[op], to, to)
            if SECOND[op] != 0:
                self.asm.two(SECOND[op], to, to)
            self.release()
        if v.kind[i] == REG and v.low[i] != to:
            v.release(i)
        v.finish(1, type, to, target)

    def result(self, i: i64, type: i64) -> i64:
        """The register of what is loaded: one of its address, or a new one."""
        v = self.v
        if v.kind[i] == REG:
            return v.low[i]
        if self.own_index:
            self.own_index = False
            return self.index
        if self.own_base:
            self.own_base = False
            return self.base
        return v.alloc(type)

    def store(self, op: i64, memory: i64, offset: i64) -> None:
        """A store of STORES: constants by way of r0, and floats unless `reversing`."""
        v = self.v
        i = v.operands(2)
        value = i + 1
        constant = v.kind[value] == CONST
        register: i64 = R0
        if not constant:
            register = v.reg(value)
        self.address(i, memory, offset, shl(1, SIZES[op]))
        if not constant and v.type[value] >= T_F32 and self.reversing:
            self.vector_access(VSTEBRG if v.type[value] == T_F64 else VSTEBRF, register)
        else:
            if constant:
                self.asm.number(R0, v.low[value])
            elif v.type[value] >= T_F32:
                self.asm.extract(VLGVG if v.type[value] == T_F64 else VLGVF, R0, register)
                register = R0
            self.access(ROWS[op], register)
        self.release()
        v.drop(2)

    def count_pages(self, type: i64, to: i64, log2: i64) -> None:
        if log2 != 0:
            self.asm.shift(SRLG_COUNT, to, to, 0, log2)
