"""Runs a range of random GC modules in one configuration and in wasmtime-py, and says where they differ: `random_gc_compare.py CONFIGURATION FIRST LAST`.

The configuration `wasmtime` runs them twice in wasmtime-py: that the modules are valid, do something, and always the same.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

import wasmtime

import random_gc
from random_gc_run import run

#   name: strategy, settings of our Config, objects of garbage that one call makes
CONFIGURATIONS: dict[str, tuple[str, dict[str, Any], int]] = {
    "wasmtime": ("", {}, 1000),
    "native": ("native", {}, 30_000),
    "native-stress": ("native", {"gc_stress": True}, 30),
    "llvm": ("llvm", {}, 30_000),
    "llvm-stress": ("llvm", {"gc_stress": True}, 30),
}
def their_engine() -> Any:
    config = wasmtime.Config()
    config.wasm_gc = config.wasm_function_references = config.wasm_exceptions = True
    config.cranelift_opt_level = "none"
    return wasmtime.Engine(config)


def our_engine(strategy: str, settings: dict[str, Any]) -> Any:
    import wasm_facade

    config = wasm_facade.Config()
    config.strategy, config.cache = strategy, False
    for name, value in settings.items():
        setattr(config, name, value)
    return wasm_facade.Engine(config)


def main() -> int:
    """0 if all agree."""
    warnings.simplefilter("error", RuntimeWarning)  # a function that a backend fails on, and another one compiles
    strategy, settings, garbage = CONFIGURATIONS[sys.argv[1]]
    ours: Any = wasmtime
    if strategy:
        import wasm_facade

        ours = wasm_facade
    theirs = their_engine()
    engine = our_engine(strategy, settings) if strategy else theirs
    agreed = wrong = 0
    for seed in range(int(sys.argv[2]), int(sys.argv[3])):
        print(f"seed {seed}", file=sys.stderr, flush=True)
        wasm = bytes(wasmtime.wat2wasm(random_gc.make(seed)))
        expected = run(wasmtime, theirs, wasmtime.Module(theirs, wasm), seed, garbage)
        try:
            found = run(ours, engine, ours.Module(engine, wasm), seed, garbage)
        except Exception as error:
            found = [f"{type(error).__name__}: {error}"]
        if expected == found:
            agreed += 1
            continue
        wrong += 1
        print(f"seed {seed}: " + "; ".join(f"{k}: wasmtime {x}, {sys.argv[1]} {y}" for k, (x, y) in enumerate(zip(expected, found, strict=False)) if x != y)[:600], flush=True)
    print(f"{agreed} modules agree")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
