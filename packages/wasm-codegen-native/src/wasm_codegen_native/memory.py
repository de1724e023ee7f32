"""Loads, stores and memory.size: what instruction sets share. `isa/NAME/memory.py` says how an access is checked and made."""

from __future__ import annotations

from mypy_extensions import i64

from wasm_codegen_native.chapters import Chapter
from wasm_codegen_native.code import below, wrapping_add
from wasm_codegen_native.frame import NOT_PINNED, Frame
from wasm_codegen_native.kinds import LOAD, STORE
from wasm_codegen_native.machine import T_I32, T_I64, Machine
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import CONST, Values
from wasm_environ import traps
from wasm_environ.body import WORDS
from wasm_environ.vmtypes import DEFINITION_LENGTH, MEMORY_BASE, MEMORY_DEFINITION


class Accesses(Chapter):
    """Lowers accesses; subclassed for the reason that `Machine` is. `address` is used by the vector and atomic chapters too."""

    def __init__(self, values: Values, traps: Traps, frame: Frame, none: i64) -> None:
        self.machine: Machine = values.machine
        self.v: Values = values
        self.traps: Traps = traps
        self.frame: Frame = frame
        # The operand that `address` prepared: [base + index + disp], and which of its registers are ours to free. `none`: instead of an index.
        self.none: i64 = none
        self.base: i64 = 0
        self.index: i64 = none
        self.disp: i64 = 0
        self.own_base: bool = False
        self.own_index: bool = False

    def lower(self, op: i64, kind: i64) -> None:
        """Lower one op."""
        p = self.v.pc - WORDS
        a = self.v.ops[p + 1]
        memory = self.v.ops[p + 2]
        if kind == LOAD:
            self.load(op, memory, a)
        elif kind == STORE:
            self.store(op, memory, a)
        else:
            self.size(a)

    def load(self, op: i64, memory: i64, offset: i64) -> None:
        """A load."""
        raise NotImplementedError

    def store(self, op: i64, memory: i64, offset: i64) -> None:
        """A store."""
        raise NotImplementedError

    # ---- addresses
    def address(self, i: i64, memory: i64, offset: i64, size: i64) -> None:
        """Prepare the operand for `size` bytes at entry i + offset."""
        v = self.v
        tables = self.frame.tables
        self.own_base = False
        self.own_index = False
        if tables.memory_checked[memory] != 0:
            self.checked_address(i, memory, offset, size)
            return
        self.index = self.none
        if v.kind[i] == CONST:
            offset = wrapping_add(offset, v.low[i] & 0xFFFFFFFF)
        else:
            self.index = v.reg(i)
        self.disp = offset
        self.base = self.frame.memory_base
        if memory != 0 or self.base == NOT_PINNED:
            self.base = v.alloc(T_I64)
            self.own_base = True
            self.machine.load(T_I64, self.base, self.frame.context, tables.memory_places[memory] + MEMORY_BASE)

    def checked_address(self, i: i64, memory: i64, offset: i64, size: i64) -> None:
        """Compare the end of the access with the memory's length, and make it no more than the length, even where the branch is mispredicted."""
        raise NotImplementedError

    def check_carry(self, condition: i64, reach: i64, size: i64) -> None:
        """In a 64-bit memory: trap if the condition holds, which says that address + `reach` passed the end of 64 bits."""
        self.traps.trap_if(condition, traps.MEMORY_OUT_OF_BOUNDS)
        if below(reach, size):  # the offset alone reaches it
            self.traps.trap(traps.MEMORY_OUT_OF_BOUNDS)

    def end_at(self, base: i64, end: i64, size: i64) -> None:
        """The operand is the `size` bytes below [base + end]; both registers are ours."""
        self.base = base
        self.index = end
        self.disp = -size
        self.own_base = True
        self.own_index = True

    def release(self) -> None:
        """Free the operand's registers."""
        if self.own_base:
            self.v.free_reg(self.base)
        if self.own_index:
            self.v.free_reg(self.index)

    # ---- memory.size
    def size(self, memory: i64) -> None:
        """memory.size: the length in pages."""
        v = self.v
        v.operands(0)
        tables = self.frame.tables
        type: i64 = T_I64 if tables.memory_is64[memory] != 0 else T_I32
        to = v.alloc(type)
        self.machine.load(T_I64, to, self.frame.context, tables.memory_places[memory] + MEMORY_DEFINITION)
        self.machine.load(T_I64, to, to, DEFINITION_LENGTH)
        self.count_pages(type, to, tables.memory_page[memory])
        v.push_reg(type, to)

    def count_pages(self, type: i64, to: i64, log2: i64) -> None:
        """to <- to >> log2, a value of this type; both 64 bits unsigned before."""
        raise NotImplementedError
