"""The APIs that the test_api files run on: ours once for each backend, and wasmtime-py, with which ours has to agree."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import wasmtime

import wasm_facade


def ours(strategy: str) -> Any:
    """wasm_facade, but its engines use this strategy unless their Config names one; every test compiles, nothing is cached."""

    def engine(config: wasm_facade.Config | None = None) -> wasm_facade.Engine:
        if config is None:
            config = wasm_facade.Config()
        if isinstance(config, wasm_facade.Config) and config.strategy == "auto" and not config._closed:
            config.strategy = strategy
            config.cache = False
        return wasm_facade.Engine(config)

    names = {name: getattr(wasm_facade, name) for name in wasm_facade.__all__}
    return SimpleNamespace(**{**names, "Engine": engine, "__name__": "wasm_facade", "is_ours": True})


wasmtime_py = SimpleNamespace(**{name: getattr(wasmtime, name) for name in wasmtime.__all__}, __name__="wasmtime", is_ours=False)

ALL = [pytest.param(ours("native"), id="native"), pytest.param(ours("llvm"), id="llvm"), pytest.param(wasmtime_py, id="wasmtime")]
OURS = ALL[:2]


def add_in_module(module: wasm_facade.Module, a: int, b: int) -> Any:
    """The sum by a module's `add`; here, and not in a test module, so that a worker process can import it."""
    store = wasm_facade.Store(module.engine)
    return wasm_facade.Instance(store, module, []).exports(store)["add"](store, a, b)
