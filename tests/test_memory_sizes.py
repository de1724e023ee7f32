"""Sizes of memories at the edges, with and without custom page size: valid, and given or refused, as by wasmtime-py."""

from __future__ import annotations

from typing import Any

import pytest
import wasmtime

import wasm_facade
from oracle import STRATEGIES

# Columns: the memory, what becomes of it: "invalid", "refused" (no host has so much) or "given".
ROWS = (
    ("65536", "given"),
    ("65537", "invalid"),
    ("0 65537", "invalid"),
    ("0 0xffff_ffff (pagesize 1)", "given"),
    ("0x1_0000_0000 (pagesize 1)", "invalid"),
    ("0 0x1_0000_0000 (pagesize 1)", "invalid"),
    ("1 (pagesize 2)", "invalid"),
    ("1 (pagesize 0x1000)", "invalid"),
    ("1 (pagesize 0x8000_0000)", "invalid"),
    ("1 (pagesize 65536)", "given"),
    ("i64 0 0xffff_ffff_ffff_ffff (pagesize 1)", "given"),
    ("i64 0xffff_ffff_ffff_ffff (pagesize 1)", "refused"),
    ("i64 0x8000_0000_0000_0000 (pagesize 1)", "refused"),
    ("i64 0x7fff_ffff_ffff_ffff (pagesize 1)", "refused"),
    ("i64 0x1_0000_0000_0000 (pagesize 1)", "refused"),
    ("i64 0 0x1_0000_0000_0000", "given"),
    ("i64 0x1_0000_0000_0000", "refused"),
    ("i64 0x1_0000_0000_0001", "invalid"),
    ("i64 0xffff_ffff_ffff", "refused"),
    ("i64 0x8000_0000_0000", "refused"),
    ("i64 0x1_0000_0000", "refused"),
)  # fmt: skip


def engine(api: Any, strategy: str) -> Any:
    config = api.Config()
    config.wasm_custom_page_sizes = True
    config.wasm_memory64 = True
    if strategy:
        config.strategy = strategy
    return api.Engine(config)


def becomes(api: Any, strategy: str, memory: str) -> str:
    on = engine(api, strategy)
    binary = wasmtime.wat2wasm(f"(module (memory {memory}))")
    try:
        api.Module.validate(on, binary)
        module = api.Module(on, binary)
    except api.WasmtimeError:
        return "invalid"
    try:
        api.Instance(api.Store(on), module, [])
    except api.WasmtimeError:
        return "refused"
    return "given"


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(("memory", "end"), ROWS, ids=[row[0] for row in ROWS])
def test_sizes(memory: str, end: str, strategy: str) -> None:
    assert becomes(wasm_facade, strategy, memory) == end
    assert becomes(wasmtime, "", memory) == end


# Columns: the memory, pages to grow by: more than it may have or any host has.
GROW = (
    ("i64 0 (pagesize 1)", 2**64 - 1), ("i64 1 (pagesize 1)", 2**64 - 1), ("i64 1 (pagesize 1)", 2**63), ("i64 1 (pagesize 1)", 2**63 - 1),
    ("i64 0 0xffff_ffff_ffff_ffff (pagesize 1)", 2**62), ("i64 1", 2**48), ("i64 1", 2**48 - 1), ("i64 1", 2**64 - 1), ("i64 1", 2**47),
    ("1 (pagesize 1)", 2**32 - 1), ("1", 2**32 - 1), ("1", 65536),
)  # fmt: skip


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(("memory", "pages"), GROW)
def test_growing_too_far(memory: str, pages: int, strategy: str) -> None:
    address = "i64" if memory.startswith("i64") else "i32"
    on = engine(wasm_facade, strategy)
    store = wasm_facade.Store(on)
    text = f'(module (memory (export "m") {memory}) (func (export "f") (param {address}) (result {address}) (memory.grow (local.get 0))))'
    exports: Any = wasm_facade.Instance(store, wasm_facade.Module(on, text), []).exports(store)
    size = exports["m"].size(store)
    bits = int(address[1:])
    assert exports["f"](store, pages if pages < 1 << bits - 1 else pages - (1 << bits)) == -1
    with pytest.raises(wasm_facade.WasmtimeError):
        exports["m"].grow(store, pages)
    assert exports["m"].size(store) == size
