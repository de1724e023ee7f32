"""nop, drop, select."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wasm_codegen_llvm.ir import type_name
from wasm_codegen_llvm.rows import Chapter

if TYPE_CHECKING:
    from wasm_codegen_llvm.state import FunctionState

CHAPTER: Final = Chapter()


def nop(f: FunctionState, a: int, b: int, c: int) -> None:
    """Nothing."""


def drop(f: FunctionState, a: int, b: int, c: int) -> None:
    f.stack.pop()


def select(f: FunctionState, a: int, b: int, c: int) -> None:
    t = type_name(a)
    condition = f.condition(f.stack.pop())
    y, x = f.opaque(f.stack.pop(), t), f.opaque(f.stack.pop(), t)
    n = f.next()
    f.emit(f"%v{n} = select i1 {condition}, {t} {x}, {t} {y}{f.debug_of(x, y) or f.debug_of_branch()}")
    f.stack.append(f"%v{n}")


CHAPTER.function("nop", nop)
CHAPTER.function("drop", drop)
CHAPTER.function("select", select)
