"""Subtyping at run time: an object's type id, and two loads and a comparison that say whether it is of a declared type: the id at the type's depth in the
display of the object's type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasm_codegen_llvm.ir import INVARIANT
from wasm_codegen_llvm.lower.heap import address, keep, type_id
from wasm_environ.heap_layout import DISPLAY_ENTRIES
from wasm_environ.vmtypes import CONTEXT_TYPES, TYPE_KIND

if TYPE_CHECKING:
    from wasm_codegen_llvm.state import FunctionState


def compare(f: FunctionState, how: str, t: str, x: str, y: object) -> str:
    n = f.next()
    f.emit(f"%c{n} = icmp {how} {t} {x}, {y}")
    return f"%c{n}"


def header(f: FunctionState, reference: str) -> str:
    """An object's type id."""
    id = f.load_at(address(f, reference, 0), 0, "i32")
    keep(f, reference)
    return id


def descriptor(f: FunctionState, id: str, offset: int) -> str:
    """An i32 of the descriptor of an engine's type id."""
    types = f.context_pointer(CONTEXT_TYPES)
    n = f.next()
    f.emit(f"%w{n} = zext i32 {id} to i64\n%p{n} = getelementptr i8, ptr {types}, i64 %w{n}")
    return f.load_at(f"%p{n}", offset, "i32", INVARIANT)


def kind_of(f: FunctionState, id: str) -> str:
    return descriptor(f, id, TYPE_KIND)


def is_subtype(f: FunctionState, id: str, type_index: int, exact: bool = False) -> str:
    """An i1: whether an engine's type id is a type of the module or declared below it."""
    wanted = type_id(f, type_index)
    if exact or f.module.types[type_index].final:
        return compare(f, "eq", "i32", id, wanted)
    depth = f.batch.type_depth(type_index)
    if depth < DISPLAY_ENTRIES:
        return compare(f, "eq", "i32", descriptor(f, id, 4 * depth), wanted)
    return compare(f, "ne", "i32", f.libcall("is_subtype", id, wanted), 0)
