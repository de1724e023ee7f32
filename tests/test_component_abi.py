"""Values cross as the canonical ABI's executable definitions say: core values, bytes in memory, calls of `realloc`, in all encodings and widths of addresses.

data/canonical_abi.jsonl.xz has a row a case, made with those definitions in their deterministic profile from random types and values, where Python's strings
are utf-8: type, value, whether parameters go through memory, then of the caller and of the callee: encoding and whether addresses have 64 bits; then of the
caller, and of the callee: core values, the heap from byte 1024 on, arguments of realloc. Types and values are written as component_abi.py reads them.
"""

from __future__ import annotations

import json
import lzma
import os
from typing import Any

import pytest

from component_abi import Crossing, Guest, intern, value
from wasm_environ.component.abi.layout import Layouts
from wasm_environ.component.types import TypeTable

HERE = os.path.dirname(os.path.abspath(__file__))
PARTS = 30


def rows() -> list[Any]:
    with lzma.open(os.path.join(HERE, "data", "canonical_abi.jsonl.xz"), "rt") as file:
        return [json.loads(line) for line in file]


ROWS = rows()


def same(a: Any, b: Any) -> bool:
    """Equal, where a NaN equals itself."""
    return repr(a) == repr(b) if "nan" in repr(a) else bool(a == b)


def is_one_core_value(t: Any) -> bool:
    table = TypeTable()
    return len(Layouts(table).of(intern(table, t)).flat) == 1


def between_guests(row: list[Any]) -> None:
    """Python -> caller -> callee, and back where the callee can."""
    t, v, spilled, from_encoding, from_wide, to_encoding, to_wide, *expected = row
    given = value(t, v)
    crossing = Crossing(t, bool(spilled), bool(spilled) or is_one_core_value(t))
    callee = Guest(crossing, to_encoding, bool(to_wide))
    caller = Guest(crossing, from_encoding, bool(from_wide), callee.func)
    values, heap, log = expected[:3]
    back = caller.func(crossing.store, *crossing.args(given))
    flat, memory, calls = caller.seen()
    assert (flat, memory[: len(heap)], calls[: len(log)]) == (values, heap, log), (t, v)
    assert list(callee.seen()) == expected[3:], (t, v)
    if crossing.returns:
        assert same(back, given), (t, v)


def through_host(row: list[Any]) -> None:
    """Python -> guest -> Python -> guest -> Python."""
    t, v, spilled, encoding, wide, *_ = row
    given = value(t, v)
    seen: list[Any] = []

    def host(store: Any, *args: Any) -> Any:
        seen.extend(args)
        return args[0]

    crossing = Crossing(t, bool(spilled), True)
    guest = Guest(crossing, encoding, bool(wide), host)
    back = guest.func(crossing.store, *crossing.args(given))
    assert same(seen, crossing.args(given)), (t, v)
    assert same(back, given), (t, v)


@pytest.mark.parametrize("part", range(PARTS))
def test_between_guests(part: int) -> None:
    for row in ROWS[part::PARTS]:
        between_guests(row)


@pytest.mark.parametrize("part", range(PARTS))
def test_through_host(part: int) -> None:
    for row in ROWS[part::PARTS]:
        through_host(row)


def test_enough() -> None:
    assert len(ROWS) >= 3000
