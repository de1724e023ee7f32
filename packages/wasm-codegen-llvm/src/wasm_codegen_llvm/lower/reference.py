"""References that need no heap: null, func, is_null, eq, as_non_null."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wasm_codegen_llvm.rows import Chapter
from wasm_environ import traps
from wasm_environ.types import NULLABLE

if TYPE_CHECKING:
    from wasm_codegen_llvm.state import FunctionState

CHAPTER: Final = Chapter()


def null(f: FunctionState, a: int, b: int, c: int) -> None:
    f.stack.append("0")


def func(f: FunctionState, a: int, b: int, c: int) -> None:
    f.stack.append(f.libcall("ref_func", a))


def is_null(f: FunctionState, a: int, b: int, c: int) -> None:
    n = f.next()
    f.emit(f"%c{n} = icmp eq i64 {f.stack.pop()}, 0")
    f.push_condition(f"%c{n}", f"%v{n}", f.following)


def equal(f: FunctionState, a: int, b: int, c: int) -> None:
    n = f.next()
    f.emit(f"%c{n} = icmp eq i64 {f.stack.pop()}, {f.stack.pop()}")
    f.push_condition(f"%c{n}", f"%v{n}", f.following)


def as_non_null(f: FunctionState, a: int, b: int, c: int) -> None:
    if a & NULLABLE:
        n = f.next()
        f.emit(f"%c{n} = icmp eq i64 {f.stack[-1]}, 0")
        f.trap_if(f"%c{n}", traps.NULL_REFERENCE)


CHAPTER.function("ref.null", null)
CHAPTER.function("ref.func", func)
CHAPTER.function("ref.is_null", is_null)
CHAPTER.function("ref.eq", equal)
CHAPTER.function("ref.as_non_null", as_non_null)
