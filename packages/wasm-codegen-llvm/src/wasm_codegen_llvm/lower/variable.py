"""Locals and globals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wasm_codegen_llvm.ir import INVARIANT, type_name
from wasm_codegen_llvm.rows import Chapter

if TYPE_CHECKING:
    from wasm_codegen_llvm.state import FunctionState

CHAPTER: Final = Chapter()


def local_get(f: FunctionState, a: int, b: int, c: int) -> None:
    value = f.known.get(a)
    if value is None:
        value = f.constant_locals.get(a)
        if value is None:
            value = f"%v{f.next()}"
            f.emit(f"{value} = load {f.local_types[a]}, ptr {f.slots[a]}")
        f.known[a] = value
    f.stack.append(value)


def local_set(f: FunctionState, a: int, b: int, c: int) -> None:
    t = f.local_types[a]
    value = f.opaque(f.stack.pop(), t)
    f.known[a] = value
    f.emit(f"store {t} {value}, ptr {f.slots[a]}")


def local_tee(f: FunctionState, a: int, b: int, c: int) -> None:
    t = f.local_types[a]
    value = f.stack[-1] = f.opaque(f.stack[-1], t)
    f.known[a] = value
    f.emit(f"store {t} {value}, ptr {f.slots[a]}")


def cell(f: FunctionState, index: int) -> str:
    """A pointer to a global's value."""
    offset, imported = f.layout.global_cell(index)
    if imported:
        return f.context_pointer(offset)
    n = f.next()
    f.emit(f"%p{n} = getelementptr i8, ptr %vm, i64 {offset}")
    return f"%p{n}"


def global_get(f: FunctionState, a: int, b: int, c: int) -> None:
    suffix = "" if f.module.globals[a].type.mutable else INVARIANT
    pointer = cell(f, a)
    n = f.next()
    f.emit(f"%v{n} = load {type_name(b)}, ptr {pointer}, align 8{suffix}")
    f.stack.append(f"%v{n}")


def global_set(f: FunctionState, a: int, b: int, c: int) -> None:
    # Volatile, so that it neither moves behind an access that may trap nor disappears before one.
    t = type_name(b)
    value = f.opaque(f.stack.pop(), t)
    f.emit(f"store volatile {t} {value}, ptr {cell(f, a)}, align 8")


CHAPTER.function("local.get", local_get)
CHAPTER.function("local.set", local_set)
CHAPTER.function("local.tee", local_tee)
CHAPTER.function("global.get", global_get)
CHAPTER.function("global.set", global_set)
