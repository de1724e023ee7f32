"""Fuel: counted per instruction, kept in a slot of the frame, checked where a function or a loop begins, as wasmtime does.

A function entry and every instruction cost 1, except nop, drop and what only structures control flow. The counter is brought up to date
where a block of straight code ends; it is written to the store where something else may read it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wasm_environ import traps
from wasm_environ.opcodes import OPS
from wasm_environ.vmtypes import CONTEXT_STORE, STORE_FUEL

if TYPE_CHECKING:
    from wasm_codegen_llvm.function import FunctionLowering

FREE: Final = frozenset(
    op.id for op in OPS
    if op.mnemonic in ("nop", "drop", "block", "loop", "unreachable", "return", "else", "end", "catch", "catch_all", "delegate")
)  # fmt: skip
# Leaves the function, or calls another one: the store must know.
LEAVES: Final = frozenset(
    op.id for op in OPS
    if op.mnemonic in ("unreachable", "return", "call", "call_indirect", "call_ref")
    or op.mnemonic in ("return_call", "return_call_indirect", "return_call_ref", "throw", "throw_ref", "rethrow")
)  # fmt: skip
# Ends a block of straight code.
ENDS: Final = frozenset(
    op.id for op in OPS
    if op.mnemonic in ("loop", "if", "br", "br_if", "br_table", "br_on_null", "br_on_non_null", "end", "else", "catch", "catch_all", "delegate")
    or op.mnemonic.startswith("br_on_cast")
)  # fmt: skip


def enter(f: FunctionLowering) -> None:
    """At function entry: load the counter, pay for the call, check."""
    f.entry.append("%fuel = alloca i64")
    f.fuel = 1
    load(f)
    check(f)


def count(f: FunctionLowering, op: int) -> None:
    """Before an instruction."""
    if op not in FREE:
        f.fuel += 1
    if op in LEAVES:
        settle(f)
        save(f)
    elif op in ENDS:
        settle(f)


def cell(f: FunctionLowering) -> str:
    return f.at(f.context_pointer(CONTEXT_STORE), STORE_FUEL)


def load(f: FunctionLowering) -> None:
    """The store's counter into ours: at entry and after a call."""
    n = f.next()
    f.emit(f"%v{n} = load i64, ptr {cell(f)}\nstore i64 %v{n}, ptr %fuel")


def save(f: FunctionLowering) -> None:
    n = f.next()
    f.emit(f"%v{n} = load i64, ptr %fuel\nstore volatile i64 %v{n}, ptr {cell(f)}")


def settle(f: FunctionLowering) -> None:
    """Subtract what straight code has used."""
    if f.fuel:
        n = f.next()
        f.emit(f"%a{n} = load i64, ptr %fuel\n%v{n} = sub i64 %a{n}, {f.fuel}\nstore i64 %v{n}, ptr %fuel")
        f.fuel = 0


def check(f: FunctionLowering) -> None:
    """Trap when nothing is left."""
    settle(f)
    pointer = cell(f)
    n = f.next()
    f.emit(f"%a{n} = load i64, ptr %fuel\n%c{n} = icmp sle i64 %a{n}, 0")
    f.trap_if(f"%c{n}", traps.OUT_OF_FUEL, f"store volatile i64 %a{n}, ptr {pointer}\n")
