"""Accesses of memories and tables around 2^31, 2^32, 2^33, 2^63 and 2^64, on both backends, against a model.

A sample with a fixed seed; all of it: `nox -s edges`, which takes the first seed, their number, offsets for each op and calls for each offset.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

import wasm_facade
from address_edges import MEMORIES, TABLES, Call, Memory, MemoryCase, Table, TableCase, growth, segments
from oracle import STRATEGIES

FIRST, SEEDS, OFFSETS, CALLS = (int(n) for n in os.environ.get("WASM_EDGES", "1 1 1 6").split())
SEEDS_RANGE = range(FIRST, FIRST + SEEDS)
# LLVM takes two seconds for a memory: the sample has one of each way in which it makes addresses.
ROWS = [
    pytest.param(memory, strategy, id=f"{memory.name}-{strategy}")
    for memory in MEMORIES
    for strategy in STRATEGIES
    if strategy == "native" or "WASM_EDGES" in os.environ or memory.name in ("guarded 2^32", "checked", "64 shared", "64, page of a byte")
]


def instance(strategy: str, wat: str, settings: tuple[tuple[str, int], ...] = ()) -> tuple[Any, Any]:
    config = wasm_facade.Config()
    config.strategy, config.cache, config.wasm_custom_page_sizes = strategy, False, True
    for name, value in settings:
        setattr(config, name, value)
    engine = wasm_facade.Engine(config)
    store = wasm_facade.Store(engine)
    return store, wasm_facade.Instance(store, wasm_facade.Module(engine, wat), []).exports(store)


def call(place: tuple[Any, Any], name: str, bits: list[int], arguments: list[int]) -> str | int:
    """A trap's name or the result's 128 bits."""
    store, exports = place
    flat = [value - 2**width if value >> width - 1 else value for value, width in zip(arguments, bits, strict=True)]
    try:
        low, high = exports[name](store, *flat)
    except wasm_facade.Trap as trap:
        return trap.trap_code.name if trap.trap_code else str(trap)
    return int(low % 2**64 | high % 2**64 << 64)


def widths(exports: Any, store: Any, name: str) -> list[int]:
    return [64 if str(param) == "i64" else 32 for param in exports[name].type(store).params]


def differences(place: tuple[Any, Any], calls: list[Call]) -> list[str]:
    store, exports = place
    wrong = []
    for each in calls:
        expected = each.run()
        found = call(place, each.name, widths(exports, store, each.name), each.arguments)
        if found != expected:
            wrong.append(f"function {each.name}: {each.what}: {found}, should be {expected}")
    return wrong


@pytest.mark.parametrize(("memory", "strategy"), ROWS)
@pytest.mark.parametrize("seed", SEEDS_RANGE)
def test_memory(seed: int, memory: Memory, strategy: str) -> None:
    case = MemoryCase(memory, seed, OFFSETS, CALLS)
    store, exports = place = instance(strategy, case.text(), memory.settings)
    wrong = differences(place, case.calls)
    assert not wrong, f"{len(wrong)} of {len(case.calls)}: " + "\n".join(wrong[:10])
    content = exports["m"]
    for low, high, expected in case.written():
        found = bytes(content[low:high]) if memory.shared else bytes(content.read(store, low, high))
        assert found == expected, f"bytes {low:#x} to {high:#x}"


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
@pytest.mark.parametrize("seed", SEEDS_RANGE)
def test_table(seed: int, table: Table, strategy: str) -> None:
    case = TableCase(table, seed, OFFSETS, CALLS)
    wrong = differences(instance(strategy, case.text()), case.calls)
    assert not wrong, f"{len(wrong)} of {len(case.calls)}: " + "\n".join(wrong[:10])


@pytest.mark.parametrize("memory", MEMORIES, ids=lambda memory: memory.name)
@pytest.mark.parametrize("seed", SEEDS_RANGE)
def test_growth(seed: int, memory: Memory) -> None:
    text, calls = growth(memory, seed, 10 * CALLS)
    wrong = differences(instance("native", text, memory.settings), calls)
    assert not wrong, f"{len(wrong)} of {len(calls)}: " + "\n".join(wrong[:10])


@pytest.mark.parametrize("seed", SEEDS_RANGE)
def test_segments(seed: int) -> None:
    """A segment that does not fit traps, whatever its offset."""
    for segment in segments(seed, 50 * CALLS):
        try:
            instance("native", segment.text)
            fits = True
        except wasm_facade.Trap:
            fits = False
        assert fits == segment.fits, segment.text
