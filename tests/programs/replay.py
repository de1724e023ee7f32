"""Runs a module again as node ran it, after what record.mjs wrote: `replay.py STRATEGY WASM RECORD`.

It has to call the same imports with the same arguments, give the same results, throw where it threw, and have the same memory after each part. Ends with a line of what was compared.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import struct
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import wasm_facade as wasm


class Threw(Exception):
    """An exception of JavaScript."""


class Replay:
    """`events` are those of record.mjs that are still to come."""

    def __init__(self, strategy: str, path: str, record: str) -> None:
        config = wasm.Config()
        config.strategy, config.cache = strategy, False
        engine = wasm.Engine(config)
        with open(path, "rb") as file:
            module = wasm.Module(engine, file.read())
        self.store = wasm.Store(engine)
        self.events = _events(record)
        self.counts: Counter[str] = Counter()
        imports = [wasm.Func(self.store, each.type, self.imported(f"{each.module}.{each.name}", each.type)) for each in module.imports]
        self.exports = wasm.Instance(self.store, module, imports).exports(self.store)
        self.memory = next(each for each in self.exports.values() if isinstance(each, wasm.Memory))

    def imported(self, name: str, type: Any) -> Any:
        """What the import `name` did then."""

        def function(*values: Any) -> Any:
            what, was_called, arguments = next(self.events)
            assert (what, was_called) == ("import", name), f"{name}{values} instead of {what} {was_called}"
            assert same(values, arguments, type.params), f"{name}{values} instead of {arguments}"
            self.counts["imports"] += 1
            return self.until_end(type.results)

        return function

    def called(self, name: str, arguments: list[Any]) -> None:
        """Call an export: what it calls, and how it ends, is in the events behind."""
        function = self.exports[name]
        type = function.type(self.store)
        self.counts["calls"] += 1
        try:
            result = function(self.store, *(number(*pair) for pair in zip(arguments, type.params, strict=True)))
        except Threw:
            assert next(self.events) == ["threw"], f"{name} threw"
            self.counts["threw"] += 1
            return
        what, *expected = next(self.events)
        assert what == "result", f"{name} returned {result} instead of {what} {expected}"
        assert same([result][: len(type.results)], expected[: len(type.results)], type.results), f"{name} returned {result} instead of {expected}"

    def until_end(self, results: Any) -> Any:
        """What JavaScript did until it returned to wasm, with what it returned."""
        for what, *values in self.events:
            if what == "result":
                return number(values[0], results[0]) if results else None
            if what == "threw":
                raise Threw
            self.did(what, values)
        raise AssertionError("the record ends inside an import")

    def did(self, what: str, values: list[Any]) -> None:
        if what == "call":
            self.called(*values)
        elif what == "write":
            self.memory.write(self.store, base64.b64decode(values[1]), values[0])
        elif what == "grow":
            self.memory.grow(self.store, values[0])
        else:
            assert what == "memory", what
            self.counts["memories"] += 1
            held = hashlib.sha256(self.memory.read(self.store)).hexdigest()
            assert [self.memory.size(self.store), held] == values, f"memory {self.counts['memories']} differs"

    def run(self) -> None:
        """All of it."""
        for what, *values in self.events:
            self.did(what, values)


def _events(record: str) -> Iterator[list[Any]]:
    with open(record, encoding="utf-8") as file:
        yield from map(json.loads, file)


def number(value: Any, type: Any) -> int | float:
    """A value of JavaScript as wasm takes it: what is missing is 0, and an i32 has all bits below 2^32 or a sign."""
    if str(type).startswith("f"):
        return float(value.replace("Infinity", "inf") if isinstance(value, str) else value or 0)
    bits = 64 if str(type) == "i64" else 32
    whole = int(value or 0) & ((1 << bits) - 1)
    return whole - (1 << bits) if whole >> (bits - 1) else whole


def same(values: Any, recorded: list[Any], types: Any) -> bool:
    """Whether numbers are those of the record: the same bits, but that any NaN is a NaN."""
    return all(_bits(value) == _bits(number(then, type)) for value, then, type in zip(values, recorded, types, strict=True))


def _bits(value: int | float) -> bytes | int:
    return (b"nan" if math.isnan(value) else struct.pack("<d", value)) if isinstance(value, float) else value


def main(strategy: str, path: str, record: str) -> None:
    replay = Replay(strategy, path, record)
    replay.run()
    print(", ".join(f"{count} {what}" for what, count in sorted(replay.counts.items())))


if __name__ == "__main__":
    main(*sys.argv[1:])
