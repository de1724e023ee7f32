"""Instances of components for tests, in engines with either compiler."""

from __future__ import annotations

from typing import Any

import pytest
import wasmtime

import wasm_facade
from bench import component_guests as guests
from wasm_facade import component as ours

STRATEGIES = ("native", "llvm")
VALUES = bytes(wasmtime.wat2wasm(guests.VALUES))


@pytest.fixture(scope="module", params=STRATEGIES)
def engine(request: pytest.FixtureRequest) -> wasm_facade.Engine:
    config = wasm_facade.Config()
    config.strategy = request.param
    return wasm_facade.Engine(config)


def instance_of(engine: wasm_facade.Engine, text: str | bytes, define: Any = lambda root: None) -> tuple[wasm_facade.Store, ours.Instance]:
    store = wasm_facade.Store(engine)
    linker = ours.Linker(engine)
    with linker.root() as root:
        define(root)
    binary = text if isinstance(text, bytes) else bytes(wasmtime.wat2wasm(text))
    return store, linker.instantiate(store, ours.Component(engine, binary))
