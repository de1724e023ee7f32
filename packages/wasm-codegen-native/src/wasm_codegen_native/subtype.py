"""Subtyping at run time: whether an engine's type id is a declared type or below it, by the display of its descriptor."""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from wasm_codegen_native.frame import Frame
from wasm_codegen_native.machine import T_I32, T_I64, Machine
from wasm_environ.heap_layout import DISPLAY_ENTRIES
from wasm_environ.vmtypes import CONTEXT_TYPES, TYPE_DISPLAY, TYPE_SUPERTYPE

DISPLAYED: Final[i64] = DISPLAY_ENTRIES


@final
class Subtypes:
    """Emits the comparison."""

    def __init__(self, machine: Machine, frame: Frame) -> None:
        self.machine: Machine = machine
        self.frame: Frame = frame

    def load_wanted(self, wanted: i64, type_index: i64) -> None:
        """wanted <- the engine's id of a type of the module."""
        self.machine.load(T_I32, wanted, self.frame.context, self.frame.tables.type_ids + 4 * type_index)

    def compare(self, id: i64, wanted: i64, types: i64, type_index: i64, exact: bool) -> i64:
        """The condition that holds if the id in `id` is a subtype of the type, whose id is in `wanted`; `id` and `types` may be overwritten."""
        machine = self.machine
        tables = self.frame.tables
        if exact or tables.type_is_final[type_index] != 0:
            return machine.equals(id, wanted)
        machine.load(T_I64, types, self.frame.context, CONTEXT_TYPES)
        depth = tables.type_depth(type_index)
        if depth < DISPLAYED:
            return machine.equals_indexed(wanted, types, id, TYPE_DISPLAY + 4 * depth)
        top = machine.here()  # up the declared supertypes; of the outermost the next is 0, which is no id
        found = machine.skip(machine.equals(id, wanted))
        machine.load_indexed(T_I32, id, types, id, 0, TYPE_SUPERTYPE)
        machine.branch_back(machine.test(T_I32, id), top)
        machine.land(found)
        return machine.equals(id, wanted)
