"""Who races: this runtime once per backend that is installed, and wasmtime-py (Cranelift, Winch, pooling)."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from types import ModuleType
from typing import Any

OURS = os.environ.get("WASM_BENCH_OURS", "wasm_facade")
THEIRS = "wasmtime"

# Strategies of wasmtime that its Python API does not offer: the number that its C API knows them by.
RAW_STRATEGIES = {"winch": 2}


@dataclass(frozen=True, slots=True)
class Contender:
    """One runtime with one way of compiling. `api` is its Python module; all offer wasmtime-py's names."""

    name: str
    api: ModuleType
    strategy: str = "auto"
    prepare: Callable[[ModuleType, Any], None] | None = field(default=None, repr=False)

    def engine(self, **settings: object) -> Any:
        """A new engine: our compile cache off (it would beat every compiler), `settings` applied to its Config."""
        config = self.api.Config()
        if self.strategy in RAW_STRATEGIES:
            self.api._ffi.wasmtime_config_strategy_set(config.ptr(), RAW_STRATEGIES[self.strategy])
        else:
            config.strategy = self.strategy
        if self.api.__name__ != THEIRS:
            config.cache = False
        for name, value in settings.items():
            setattr(config, name, value)
        if self.prepare is not None:
            self.prepare(self.api, config)
        return self.api.Engine(config)


def installed_strategies() -> list[str]:
    """The backends of ours that are installed, fast one first; `auto` alone if we play wasmtime against itself."""
    if OURS == THEIRS:
        return ["auto"]
    from importlib.metadata import entry_points  # not where a child measures its memory

    names = {point.name for point in entry_points(group="wasm.compilers")}
    return [name for name in ("native", "llvm") if name in names] or ["auto"]


@cache
def ours(strategies: Sequence[str] = ()) -> tuple[Contender, ...]:
    """Our contenders, one for each of `strategies` (default: each that is installed)."""
    api = importlib.import_module(OURS)
    return tuple(Contender(name, api, name) for name in strategies or installed_strategies())


@cache
def theirs(strategy: str = "cranelift") -> Contender:
    """wasmtime-py with one of its compilers: cranelift, or winch through the C API."""
    return Contender(f"wasmtime {strategy}", importlib.import_module(THEIRS), strategy)


def by_name(role: str, strategy: str) -> Contender:
    """The contender that a child process is told to be: role `ours` or `theirs`."""
    return ours((strategy,))[0] if role == "ours" else theirs(strategy)


def _pooling(api: ModuleType, config: Any, total: int = 1000) -> None:
    ffi = api._bindings
    pool = ffi.wasmtime_pooling_allocation_config_new()
    for what in ("core_instances", "memories", "tables"):
        getattr(ffi, f"wasmtime_pooling_allocation_config_total_{what}_set")(pool, total)
    ffi.wasmtime_pooling_allocation_strategy_set(config.ptr(), pool)
    ffi.wasmtime_pooling_allocation_config_delete(pool)


def _our_pooling(api: ModuleType, config: Any, total: int) -> None:
    bounds = {f"total_{what}": total for what in ("core_instances", "memories", "tables")}
    config.allocation_strategy = api.PoolingAllocationConfig(**bounds)


def pooled(ours: Contender | None, total: int) -> Contender:
    """Ours, or wasmtime-py, with a pool of so many."""
    api = importlib.import_module(THEIRS) if ours is None else ours.api
    prepare = partial(_pooling if api.__name__ == THEIRS else _our_pooling, total=total)
    return Contender("pooled", api, "cranelift" if ours is None else ours.strategy, prepare)


@cache
def theirs_pooled() -> Contender:
    """wasmtime-py with its pooling allocator, which only its C API offers."""
    return Contender("wasmtime pooled", importlib.import_module(THEIRS), "cranelift", _pooling)
