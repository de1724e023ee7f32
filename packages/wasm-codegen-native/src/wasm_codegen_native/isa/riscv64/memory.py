"""Linear memory: addresses, loads and stores, memory.size."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.code import Code, below, shl, wrapping_add
from wasm_codegen_native.frame import NOT_PINNED, Frame
from wasm_codegen_native.isa.riscv64 import encodings as e
from wasm_codegen_native.isa.riscv64.assembler import Assembler, near
from wasm_codegen_native.isa.riscv64.branches import LTU, condition, upper
from wasm_codegen_native.isa.riscv64.registers import KEPT, SPARE, ZERO
from wasm_codegen_native.kinds import TYPE, by_op
from wasm_codegen_native.machine import T_F32, T_I32, T_I64
from wasm_codegen_native.memory import Accesses
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import CONST, REG, Values
from wasm_environ import traps
from wasm_environ.vmtypes import DEFINITION_BASE, DEFINITION_LENGTH, MEMORY_BASE, MEMORY_DEFINITION

# Columns: mnemonic, row, log2 of the bytes accessed. An i32 is loaded with its sign.
# fmt: off
ACCESSES: Final = (
    ("i32.load",     e.LW,  2),
    ("i64.load",     e.LD,  3),
    ("f32.load",     e.FLW, 2),
    ("f64.load",     e.FLD, 3),
    ("i32.load8_s",  e.LB,  0),
    ("i32.load8_u",  e.LBU, 0),
    ("i32.load16_s", e.LH,  1),
    ("i32.load16_u", e.LHU, 1),
    ("i64.load8_s",  e.LB,  0),
    ("i64.load8_u",  e.LBU, 0),
    ("i64.load16_s", e.LH,  1),
    ("i64.load16_u", e.LHU, 1),
    ("i64.load32_s", e.LW,  2),
    ("i64.load32_u", e.LWU, 2),
    ("i32.store",    e.SW,  2),
    ("i64.store",    e.SD,  3),
    ("f32.store",    e.FSW, 2),
    ("f64.store",    e.FSD, 3),
    ("i32.store8",   e.SB,  0),
    ("i32.store16",  e.SH,  1),
    ("i64.store8",   e.SB,  0),
    ("i64.store16",  e.SH,  1),
    ("i64.store32",  e.SW,  2),
)
# fmt: on
# By op id.
ROWS: Final[vec[i64]] = vec[i64](by_op([(row[0], row[1]) for row in ACCESSES]))
SIZES: Final[bytes] = bytes(by_op([(row[0], row[2]) for row in ACCESSES]))
ZEROS: Final[vec[i64]] = vec[i64](by_op([("f32.store", e.SW), ("f64.store", e.SD)]))  # what stores a zero of a floating-point register


@final
class Memory(Accesses):
    """Lowers accesses. Their addresses are formed in SPARE."""

    def __init__(self, asm: Assembler, values: Values, traps: Traps, frame: Frame, zba: bool, zicond: bool) -> None:
        super().__init__(values, traps, frame, -1)  # no index: the whole address is in `base`, formed last, and nothing may be allocated before it is used
        self.asm: Assembler = asm
        self.code: Code = asm.code
        self.zba: bool = zba
        self.zicond: bool = zicond

    # ---- addresses
    def address(self, i: i64, memory: i64, offset: i64, size: i64) -> None:
        """Prepare the address of `size` bytes at entry i + offset."""
        v = self.v
        tables = self.frame.tables
        if tables.memory_checked[memory] != 0:
            self.checked_address(i, memory, offset, size)
            return
        index: i64 = -1
        if v.kind[i] == CONST:
            offset = wrapping_add(offset, v.low[i] & 0xFFFFFFFF)
        else:
            index = v.reg(i)
        base = self.frame.memory_base
        if memory != 0 or base == NOT_PINNED:
            base = v.alloc(T_I64)
            v.free_reg(base)  # nothing is allocated before it is read
            self.asm.load(T_I64, base, self.frame.context, tables.memory_places[memory] + MEMORY_BASE)
        if index >= 0:
            self.add_index(SPARE, index, base)
            base = SPARE
        self.displace(base, offset)

    def add_index(self, to: i64, index: i64, base: i64) -> None:
        """to <- base + an i32, of which nothing but its 32 bits counts."""
        asm = self.asm
        if self.zba:
            asm.r3(e.ADD_UW, to, index, base)
            return
        asm.imm(e.SLLI, to, index, 32)
        asm.imm(e.SRLI, to, to, 32)
        if base != ZERO:
            asm.r3(e.ADD, to, to, base)

    def displace(self, base: i64, offset: i64) -> None:
        """[base + offset], so that an instruction reaches it; what does not fit goes through SPARE, or KEPT where the base is there."""
        asm = self.asm
        self.base = base
        self.disp = offset
        if below(offset, 0x800):
            return
        other: i64 = KEPT if base == SPARE else SPARE
        if below(offset, 0x7FFFF800):
            asm.word(e.LUI | upper(offset) | other << 7)
            self.disp = near(offset)
        else:
            asm.number(other, offset)
            self.disp = 0
        asm.r3(e.ADD, SPARE, base, other)
        self.base = SPARE

    def checked_address(self, i: i64, memory: i64, offset: i64, size: i64) -> None:
        """Compare the end of the access with the memory's length, and where the branch may be mispredicted mask it: the first byte."""
        v = self.v
        asm = self.asm
        tables = self.frame.tables
        index = v.reg(i)
        reach = wrapping_add(offset, size)
        end = v.alloc(T_I64)
        if tables.memory_is64[memory] != 0:
            asm.number(SPARE, reach)
            asm.r3(e.ADD, end, index, SPARE)
            self.check_carry(condition(LTU, end, SPARE), reach, size)
        else:
            self.add_index(end, index, ZERO)
            asm.add(end, end, reach)
        asm.load(T_I64, KEPT, self.frame.context, tables.memory_places[memory] + MEMORY_DEFINITION)
        asm.load(T_I64, SPARE, KEPT, DEFINITION_LENGTH)
        self.traps.trap_if(condition(LTU, SPARE, end), traps.MEMORY_OUT_OF_BOUNDS)
        self.disp = -size
        if tables.spectre_mitigation:
            asm.r3(e.SLTU, SPARE, SPARE, end)
            if not self.zicond:
                asm.imm(e.ADDI, SPARE, SPARE, -1)  # ones, or zero where the end is beyond
            asm.imm(e.ADDI, end, end, -size)
            asm.r3(e.CZERO_NEZ if self.zicond else e.AND, end, end, SPARE)
            self.disp = 0
        asm.load(T_I64, KEPT, KEPT, DEFINITION_BASE)
        asm.r3(e.ADD, SPARE, KEPT, end)
        v.free_reg(end)
        self.base = SPARE

    # ---- loads and stores
    def load(self, op: i64, memory: i64, offset: i64) -> None:
        """A load of ACCESSES."""
        v = self.v
        type: i64 = TYPE[op]
        i = v.operands(1)
        target = v.target(type)
        to = target
        if to < 0:
            if v.kind[i] != CONST:
                v.reg(i)
            to = v.low[i] if type < T_F32 and v.kind[i] == REG else v.alloc(type)
        self.address(i, memory, offset, shl(1, SIZES[op]))
        self.code.mark()
        self.asm.imm(ROWS[op], to, self.base, self.disp)
        if v.kind[i] == REG and v.low[i] != to:
            v.release(i)
        v.finish(1, type, to, target)

    def store(self, op: i64, memory: i64, offset: i64) -> None:
        """A store of ACCESSES."""
        v = self.v
        i = v.operands(2)
        value = i + 1
        row = ROWS[op]
        register: i64 = ZERO
        if v.kind[value] == CONST and v.low[value] == 0:
            if v.type[value] >= T_F32:
                row = ZEROS[op]
        else:
            register = v.reg(value)
        self.address(i, memory, offset, shl(1, SIZES[op]))
        self.code.mark()
        self.asm.put(row, register, self.base, self.disp)
        v.drop(2)

    def count_pages(self, type: i64, to: i64, log2: i64) -> None:
        if log2 != 0:
            self.asm.imm(e.SRLI, to, to, log2)
        if type == T_I32:
            self.machine.move(T_I32, to, to)
