"""Tables: reads are inline, everything that writes goes through the vm, which may have to keep track of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wasm_codegen_llvm.ir import UNLIKELY
from wasm_codegen_llvm.lower.memory import narrowed, widened
from wasm_codegen_llvm.lower.speculation import below_or_zero, unforeseen
from wasm_codegen_llvm.rows import Chapter
from wasm_environ import traps
from wasm_environ.types import NULLABLE
from wasm_environ.vmtypes import TABLE_BASE, TABLE_LENGTH

if TYPE_CHECKING:
    from wasm_codegen_llvm.state import FunctionState

CHAPTER: Final = Chapter()


def address64(f: FunctionState, table: int, value: str) -> str:
    """A table index as i64."""
    return value if f.module.tables[table].type.limits.is64 else widened(f, value)


def element(f: FunctionState, table: int, index: str, out_of_bounds: int) -> str:
    """The reference at an index. A zero may stand for an element that is filled in on first use: the vm knows.

    Loaded atomically, that is once: a signal handler may put another one there between a check of it and its use.
    """
    definition = f.context_pointer(f.layout.table(table))
    at = address64(f, table, index)
    length = f.load_at(definition, TABLE_LENGTH, "i64")
    n = f.next()
    f.emit(f"%c{n} = icmp uge i64 {at}, {length}")
    f.trap_if(f"%c{n}", out_of_bounds)
    base = f.load_at(definition, TABLE_BASE, "ptr")
    inside = below_or_zero(f, unforeseen(f, at), length) if f.batch.tunables.spectre_mitigation else at
    f.emit(f"%e{n} = getelementptr i64, ptr {base}, i64 {inside}\n%f{n} = load atomic i64, ptr %e{n} unordered, align 8")
    if not f.module.tables[table].type.element & NULLABLE:
        return f"%f{n}"
    before = f.here
    known = dict(f.known)
    f.emit(f"%z{n} = icmp eq i64 %f{n}, 0\nbr i1 %z{n}, label %l{n}, label %r{n}{UNLIKELY}")
    f.continue_block(f"l{n}")
    slow = f.libcall("table_get", table, at)
    f.emit(f"br label %r{n}")
    after = f.here
    f.start_block(f"r{n}")
    f.known = known
    f.emit(f"%v{n} = phi i64 [ %f{n}, %{before} ], [ {slow}, %{after} ]")
    return f"%v{n}"


def get(f: FunctionState, a: int, b: int, c: int) -> None:
    f.stack.append(element(f, a, f.stack.pop(), traps.TABLE_OUT_OF_BOUNDS))


def set_(f: FunctionState, a: int, b: int, c: int) -> None:
    value, index = f.stack.pop(), f.stack.pop()
    f.libcall("table_set", a, address64(f, a, index), value)


def size(f: FunctionState, a: int, b: int, c: int) -> None:
    length = f.load_at(f.context_pointer(f.layout.table(a)), TABLE_LENGTH, "i64")
    f.stack.append(length if f.module.tables[a].type.limits.is64 else narrowed(f, length))


def grow(f: FunctionState, a: int, b: int, c: int) -> None:
    delta, value = f.stack.pop(), f.stack.pop()
    old = f.libcall("table_grow", a, address64(f, a, delta), value)
    f.stack.append(old if f.module.tables[a].type.limits.is64 else narrowed(f, old))


def fill(f: FunctionState, a: int, b: int, c: int) -> None:
    length, value, index = f.stack.pop(), f.stack.pop(), f.stack.pop()
    f.libcall("table_fill", a, address64(f, a, index), value, address64(f, a, length))


def copy(f: FunctionState, a: int, b: int, c: int) -> None:
    length, source, target = f.stack.pop(), f.stack.pop(), f.stack.pop()
    tables = f.module.tables
    both64 = tables[a].type.limits.is64 and tables[b].type.limits.is64
    count = length if both64 else widened(f, length)
    f.libcall("table_copy", a, b, address64(f, a, target), address64(f, b, source), count)


def init(f: FunctionState, a: int, b: int, c: int) -> None:
    length, source, target = f.stack.pop(), f.stack.pop(), f.stack.pop()
    f.libcall("table_init", a, b, address64(f, a, target), widened(f, source), widened(f, length))


def drop(f: FunctionState, a: int, b: int, c: int) -> None:
    f.libcall("elem_drop", a)


CHAPTER.function("table.get", get)
CHAPTER.function("table.set", set_)
CHAPTER.function("table.size", size)
CHAPTER.function("table.grow", grow)
CHAPTER.function("table.fill", fill)
CHAPTER.function("table.copy", copy)
CHAPTER.function("table.init", init)
CHAPTER.function("elem.drop", drop)
