"""Custom descriptors: structs with one, reading it, and casts by it.

A struct's descriptor is a reference in a field of its own behind the type id, never null and never changed.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from wasm_codegen_llvm.lower.aggregate import new_struct
from wasm_codegen_llvm.lower.cast import branch_on, guarded, is_instance, trap_unless
from wasm_codegen_llvm.lower.heap import address, check_null, keep, load, store
from wasm_codegen_llvm.lower.subtype import compare, header, is_subtype
from wasm_codegen_llvm.rows import Chapter
from wasm_environ import traps
from wasm_environ.body import NEVER_NULL
from wasm_environ.heap_layout import DESCRIPTOR_AT
from wasm_environ.types import CONCRETE, EXACT, HEAP_SHIFT, NULLABLE, REF, STRUCT

if TYPE_CHECKING:
    from wasm_codegen_llvm.state import FunctionState

CHAPTER: Final = Chapter()
FIELD: Final = REF | STRUCT << HEAP_SHIFT  # the storage type of the descriptor


def pop_descriptor(f: FunctionState, never_null: int) -> str:
    """The operand on top, not null."""
    descriptor = f.stack.pop()
    check_null(f, descriptor, never_null, traps.NULL_DESCRIPTOR)
    return descriptor


def struct_new(f: FunctionState, a: int, b: int, c: int, default: bool) -> None:
    descriptor = pop_descriptor(f, b)
    new = new_struct(f, a, default)
    store(f, address(f, new, DESCRIPTOR_AT), FIELD, descriptor)
    keep(f, new)
    f.stack.append(new)


def read(f: FunctionState, reference: str) -> str:
    """The descriptor of a struct that has one."""
    value = load(f, address(f, reference, DESCRIPTOR_AT), FIELD, "")
    keep(f, reference)
    return value


def get_descriptor(f: FunctionState, a: int, b: int, c: int) -> None:
    reference = f.stack.pop()
    check_null(f, reference, 0 if b & NULLABLE else NEVER_NULL)
    f.stack.append(read(f, reference))


# ---- casts


def has_descriptor(f: FunctionState, reference: str, target: int, descriptor: str) -> str:
    """An i1: whether an object is of the target's type, or declared below, and has this descriptor: a descriptor's type says whose it is, but what lies
    where a descriptor would be is anything in other objects."""
    described = is_subtype(f, header(f, reference), target >> HEAP_SHIFT, bool(target & EXACT))
    same = compare(f, "eq", "i64", read(f, reference), descriptor)
    n = f.next()
    f.emit(f"%b{n} = and i1 {described}, {same}")
    return f"%b{n}"


def is_described(f: FunctionState, target: int, operand: int, never_null: int) -> str:
    """An i1: whether the reference on the stack, below the descriptor that this pops, has the descriptor."""
    descriptor = pop_descriptor(f, never_null)
    reference = f.stack[-1]
    if operand & CONCRETE and f.module.types[operand >> HEAP_SHIFT].descriptor >= 0:
        return is_instance(f, reference, target, operand, lambda: compare(f, "eq", "i64", read(f, reference), descriptor))
    test = partial(has_descriptor, f, reference, target, descriptor)
    return is_instance(f, reference, target, operand, lambda: guarded(f, reference, operand, test))


def ref_cast(f: FunctionState, a: int, b: int, c: int) -> None:
    trap_unless(f, is_described(f, a, b, c), traps.DESCRIPTOR_CAST_FAILURE)


def br_on_cast(f: FunctionState, a: int, b: int, c: int, fails: bool) -> None:
    """b: index into `extra` of: values carried (with the reference), operand's type, target type, NEVER_NULL if the descriptor never is."""
    operand, target, never_null = f.body.extra[b + 1], f.body.extra[b + 2], f.body.extra[b + 3]
    branch_on(f, a, is_described(f, target, operand, never_null), fails)


CHAPTER.function("struct.new_desc", partial(struct_new, default=False))
CHAPTER.function("struct.new_default_desc", partial(struct_new, default=True))
CHAPTER.function("ref.get_desc", get_descriptor)
CHAPTER.function("ref.cast_desc_eq", ref_cast)
CHAPTER.function("ref.cast_desc_eq null", ref_cast)
CHAPTER.function("br_on_cast_desc_eq", partial(br_on_cast, fails=False))
CHAPTER.function("br_on_cast_desc_eq_fail", partial(br_on_cast, fails=True))
