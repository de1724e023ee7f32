"""What a random module does in a runtime, as values that compare. Needs nothing but that runtime, so that emulated machines run it too."""

from __future__ import annotations

import hashlib
import struct
from typing import Any

import random_modules as rm
import random_tangles

FUEL = 100_000_000
# Words of the trap messages of both sides.
TRAPS = (
    "unreachable", "divide by zero", "integer overflow", "out of bounds memory", "invalid conversion", "undefined element",
    "uninitialized element", "indirect call type mismatch", "call stack exhausted",
)  # fmt: skip


def trap_words(error: Exception) -> str:
    """The trap's kind."""
    text = str(error)
    return next((words for words in TRAPS if words in text), text)


def plain(value: Any, type_: int) -> object:
    """A value as comparable bits."""
    if type_ == rm.F32:
        return "nan" if value != value else struct.pack("<f", value)
    if type_ == rm.F64:
        return "nan" if value != value else struct.pack("<d", value)
    return value % (1 << (32 if type_ == rm.I32 else 64))


def is_tangled(seed: int) -> bool:
    """Whether a seed's module is one of `random_tangles`."""
    return seed % 4 == 3


def make(seed: int) -> tuple[bytes, list[tuple[list[int], list[int]]]]:
    """A seed's module, and the parameters and results of its functions."""
    return random_tangles.make(seed) if is_tangled(seed) else rm.make(seed)


def run(runtime: Any, engine: Any, seed: int, fuel: bool, module: Any = None) -> list[object]:
    """What a seed's module, or what was compiled of it, does: results or trap of each call, fuel used, memory, globals."""
    tangled = is_tangled(seed)
    data, signatures = make(seed)
    store = runtime.Store(engine)
    if fuel:
        store.set_fuel(FUEL)
    exports = runtime.Instance(store, module or runtime.Module(engine, data), []).exports(store)
    seen: list[object] = []
    for index, (params, results) in enumerate(signatures):
        if rm.V128 in params or rm.V128 in results:
            continue  # wasmtime-py does not pass them
        for turn in range(5 if tangled else 2):
            if fuel:
                store.set_fuel(FUEL)
            try:
                values = exports[f"f{index}"](store, *rm.arguments(100 * seed + 10 * index + turn, params))
            except runtime.Trap as error:
                seen.append(trap_words(error))
                continue
            values = values if isinstance(values, (list, tuple)) else [values]
            seen.append([plain(value, type_) for value, type_ in zip(values, results, strict=True)])
            if fuel and b"\xfc\x0a" not in data and b"\xfc\x0b" not in data:  # wasmtime also charges for the bytes these move
                seen.append(FUEL - store.get_fuel())
    memory = exports["memory"]
    seen.append(hashlib.sha256(bytes(memory.read(store, 0, memory.data_len(store)))).hexdigest())
    if not tangled:
        seen += [plain(exports[f"g{g}"].value(store), t) for g, t in enumerate(rm.GLOBALS) if t != rm.V128]
    return seen
