"""Fuel: counted per instruction, kept in a slot of the frame, checked where a function or a loop begins, as wasmtime does.

What costs how much is in `wasm_environ.fuel`. The counter is brought up to date where a block of straight code ends; it is written to the store
where something else may read it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasm_environ import traps
from wasm_environ.fuel import COSTS, LEAVES, UPDATES
from wasm_environ.vmtypes import CONTEXT_STORE, STORE_FUEL

if TYPE_CHECKING:
    from wasm_codegen_llvm.state import FunctionState


def enter(f: FunctionState) -> None:
    """At function entry: load the counter, pay for the call, check."""
    f.entry.append("%fuel = alloca i64")
    f.fuel = 1
    load(f)
    check(f)


def count(f: FunctionState, op: int) -> None:
    """Before an instruction."""
    f.fuel += COSTS[op]
    update = UPDATES[op]
    if update:
        settle(f)
        if update == LEAVES:
            save(f)


def cell(f: FunctionState) -> str:
    return f.at(f.context_pointer(CONTEXT_STORE), STORE_FUEL)


def load(f: FunctionState) -> None:
    """The store's counter into ours: at entry and after a call."""
    n = f.next()
    f.emit(f"%v{n} = load i64, ptr {cell(f)}\nstore i64 %v{n}, ptr %fuel")


def save(f: FunctionState) -> None:
    n = f.next()
    f.emit(f"%v{n} = load i64, ptr %fuel\nstore volatile i64 %v{n}, ptr {cell(f)}")


def settle(f: FunctionState) -> None:
    """Subtract what straight code has used."""
    if f.fuel:
        n = f.next()
        f.emit(f"%a{n} = load i64, ptr %fuel\n%v{n} = sub i64 %a{n}, {f.fuel}\nstore i64 %v{n}, ptr %fuel")
        f.fuel = 0


def check(f: FunctionState) -> None:
    """Trap when nothing is left."""
    settle(f)
    pointer = cell(f)
    n = f.next()
    f.emit(f"%a{n} = load i64, ptr %fuel\n%c{n} = icmp sle i64 %a{n}, 0")
    f.trap_if(f"%c{n}", traps.OUT_OF_FUEL, f"store volatile i64 %a{n}, ptr {pointer}\n")
