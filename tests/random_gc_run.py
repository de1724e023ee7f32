"""What a random GC module does in a runtime, as values that compare. Needs nothing but that runtime, so that emulated machines run it too."""

from __future__ import annotations

import random
from typing import Any

import random_gc

TURNS = 3  # calls of each function
OTHER = -7  # what the host says of what is none of its objects


class Thing:
    """An object of the host, known by its number."""

    def __init__(self, number: int) -> None:
        self.number = number


def number(thing: Any) -> int:
    return thing.number if isinstance(thing, Thing) else OTHER


def outcome(api: Any, call: Any) -> Any:
    """A result, a trap's kind, or that an exception came out."""
    try:
        return call()
    except api.Trap as trap:
        return trap.trap_code.name if trap.trap_code is not None else "exception"


def run(api: Any, engine: Any, module: Any, seed: int, garbage: int) -> list[Any]:
    """What every call gives, and the checksum over the heap behind it. `module`: of the engine."""
    store = api.Store(engine)
    linker = api.Linker(engine)
    i32, externref = api.ValType.i32(), api.ValType.externref()
    linker.define_func("host", "number", api.FuncType([externref], [i32]), number)
    linker.define_func("host", "collect", api.FuncType([], []), getattr(store, "gc", lambda: None) if api.__name__ != "wasmtime" else lambda: None)
    exports = linker.instantiate(store, module).exports(store)
    r = random.Random(seed)
    seen = [exports["sum"](store)]
    for turn in range(TURNS):
        for function in range(1, random_gc.RUNS + 1):
            exports["start"](store, r.getrandbits(63), garbage)
            arguments = r.getrandbits(63), r.getrandbits(31), Thing(10 * turn + function)
            seen.append((f"run{function}", outcome(api, lambda f=exports[f"run{function}"], a=arguments: f(store, *a))))
            seen.append(exports["sum"](store))
    return seen
