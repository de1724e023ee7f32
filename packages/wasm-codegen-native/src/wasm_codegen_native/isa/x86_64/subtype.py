"""Subtyping at run time: whether an engine's type id is a declared type or below it, by the display of its descriptor."""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from wasm_codegen_native.frame import Frame
from wasm_codegen_native.isa.x86_64.assembler import Assembler
from wasm_codegen_native.isa.x86_64.encodings import CC_E, CC_NE, CMP, MOV_LOAD, TEST
from wasm_codegen_native.isa.x86_64.notation import W
from wasm_codegen_native.machine import Machine
from wasm_environ.heap_layout import DISPLAY_ENTRIES
from wasm_environ.vmtypes import CONTEXT_TYPES, TYPE_DISPLAY, TYPE_SUPERTYPE

DISPLAYED: Final[i64] = DISPLAY_ENTRIES


@final
class Subtypes:
    """Emits the comparison."""

    def __init__(self, asm: Assembler, frame: Frame) -> None:
        self.asm: Assembler = asm
        self.frame: Frame = frame

    def load_wanted(self, wanted: i64, type_index: i64) -> None:
        """wanted <- the engine's id of a type of the module."""
        self.asm.rm(MOV_LOAD, wanted, self.frame.context, self.frame.tables.type_ids + 4 * type_index)

    def compare(self, machine: Machine, id: i64, wanted: i64, types: i64, type_index: i64, exact: bool) -> i64:
        """The condition that holds if the id in `id` is a subtype of the type, whose id is in `wanted`; `id` and `types` may be overwritten."""
        asm = self.asm
        tables = self.frame.tables
        if exact or tables.type_is_final[type_index] != 0:
            asm.rr(CMP, id, wanted)
            return CC_E
        asm.rm(MOV_LOAD | W, types, self.frame.context, CONTEXT_TYPES)
        depth = tables.type_depth(type_index)
        if depth < DISPLAYED:
            asm.rx(CMP, wanted, types, id, 0, TYPE_DISPLAY + 4 * depth)
            return CC_E
        top = asm.code.here()  # up the declared supertypes; of the outermost the next is 0, which is no id
        asm.rr(CMP, id, wanted)
        found = asm.skip(CC_E)
        asm.rx(MOV_LOAD, id, types, id, 0, TYPE_SUPERTYPE)
        asm.rr(TEST, id, id)
        machine.branch_back(CC_NE, top)
        asm.land(found)
        asm.rr(CMP, id, wanted)
        return CC_E
