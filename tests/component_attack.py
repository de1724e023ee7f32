"""Damaged components, a run of seeds: compiled, instantiated with what they lack as traps, called. Prints each seed before it is tried.

`python tests/component_attack.py FIRST COUNT STRATEGY`. Only what is documented may be raised: WasmtimeError, Trap, and TypeError, ValueError, OverflowError of
arguments that do not fit.
"""

from __future__ import annotations

import random
import sys
from typing import Any

import wasm_facade
from component_suite import FILES, components
from wasm_facade import component as c

EXPECTED = (wasm_facade.WasmtimeError, wasm_facade.Trap, TypeError, ValueError, OverflowError, AttributeError, NotImplementedError)
FLAGS = ("async_stackful", "more_async_builtins", "threading", "error_context", "fixed_length_lists", "map", "implements")
BYTES = (0x00, 0x01, 0x02, 0x10, 0x40, 0x7F, 0x80, 0xFF)


def seeds() -> list[bytes]:
    """The components of the official suite that need no waiting, shortest first."""
    found = {binary for name in FILES if not name.startswith("async") for _, binary in components(name)}
    return sorted(found, key=lambda data: (len(data), data))


def damaged(data: bytes, rng: random.Random) -> bytes:
    """A few bytes changed, taken out or put in."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        at = rng.randrange(8, len(out)) if len(out) > 8 else 0
        way = rng.random()
        if way < 0.96:
            out[at] = rng.choice((*BYTES, out[at] ^ 1 << rng.randrange(8), out[at] + 1 & 0xFF))
        elif way < 0.98:
            del out[at]
        else:
            out.insert(at, rng.choice(BYTES))
    return bytes(out)


def values(type: Any, rng: random.Random, depth: int = 0) -> Any:
    """A value that may fit a type."""
    name = type.__class__.__name__
    if rng.random() < 0.1 or depth > 4:
        return rng.choice((None, -1, "x", b"", [], {}, 1 << 70, 0.5, c.Variant("a", None)))
    if name[0] in "US" and name[1:].isdigit():
        return rng.choice((0, 1, 127, 1 << int(name[1:]) - 1, -1))
    simple: dict[str, Any] = {"Bool": True, "F32": 1.5, "F64": -0.0, "Char": "\u20ac", "String": rng.choice(("", "a", "\u00e9" * 50, "\U0001f600"))}
    if name in simple:
        return simple[name]
    if name == "ListType":
        return [values(type.element, rng, depth + 1) for _ in range(rng.choice((0, 1, 3, 40)))]
    if name == "RecordType":
        return {label: values(part, rng, depth + 1) for label, part in type.fields}
    if name == "TupleType":
        return tuple([values(part, rng, depth + 1) for part in type.elements])
    if name in ("EnumType", "FlagsType"):
        return rng.choice(type.names) if name == "EnumType" else set(rng.sample(type.names, rng.randint(0, len(type.names))))
    if name == "OptionType":
        return rng.choice((None, values(type.payload, rng, depth + 1)))
    if name == "VariantType":
        label, part = rng.choice(type.cases)
        return c.Variant(label, None if part is None else values(part, rng, depth + 1))
    return rng.choice((None, 0, "x"))


def call_all(store: Any, exports: dict[str, Any], rng: random.Random) -> int:
    """Call every function, in nested instances too, twice: how many calls."""
    calls = 0
    for item in exports.values():
        if isinstance(item, dict):
            calls += call_all(store, item, rng)
        elif isinstance(item, c.Func):
            for _ in range(2):
                try:
                    item(store, *[values(t, rng) for _, t in item.type(store).params])
                except EXPECTED:
                    pass
                calls += 1
    return calls


def attack(engine: Any, data: bytes, rng: random.Random) -> str:
    """What came of one."""
    try:
        component = c.Component(engine, data)
        linker = c.Linker(engine)
        linker.define_unknown_imports_as_traps(component)
        store = wasm_facade.Store(engine)
        store.set_fuel(100_000)
        store.set_limits(memory_size=1 << 24)
        instance = linker.instantiate(store, component)
    except EXPECTED as error:
        return type(error).__name__
    return "called" if call_all(store, instance.exports(store), rng) else "instantiated"


def main(first: int, count: int, strategy: str) -> int:
    config = wasm_facade.Config()
    config.strategy, config.cache, config.consume_fuel = strategy, False, True
    for name in FLAGS:
        setattr(config, f"wasm_component_model_{name}", True)
    engine = wasm_facade.Engine(config)
    known = seeds()
    outcomes: dict[str, int] = {}
    for seed in range(first, first + count):
        print("seed", seed, flush=True)
        rng = random.Random(seed)
        outcome = attack(engine, damaged(rng.choice(known), rng), rng)
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    print(outcomes)
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
