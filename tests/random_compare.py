"""Runs a range of random modules in one configuration and in wasmtime-py, and says where they differ: `random_compare.py CONFIGURATION FIRST LAST`."""

from __future__ import annotations

import importlib
import sys
import warnings
from typing import TYPE_CHECKING, Any

import wasmtime

import wasm_facade
from random_run import run
from test_random_modules import CONFIGURATIONS
from wasm_environ.compiler import CompiledCode, Target, Tunables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasm_environ.compiler import Compiler
    from wasm_environ.features import Features
    from wasm_environ.module import Module

def override(module_name: str, features: tuple[str, ...] | None, guarded: bool, how: str) -> None:
    """Make a backend compile for other CPU features, without guards, or in another way (see CONFIGURATIONS); its code still runs here."""
    backend: Any = importlib.import_module(module_name)
    create = backend.create

    def changed(target: Target, tunables: Tunables) -> Any:
        if features is not None:
            target = Target(target.isa, target.os, frozenset(features))
        compiler = create(target, Tunables(guarded, tunables.consume_fuel, optimize=tunables.optimize))
        return Mixed(compiler) if how == "mixed" else compiler

    backend.create = changed
    if how == "giants":
        process: Any = importlib.import_module("wasm_codegen_llvm.process")
        process.MODULE = "giant_worker"


class Mixed:
    """A compiler that fails on two functions of three, which another one then compiles."""

    def __init__(self, compiler: Compiler) -> None:
        self.compiler = compiler
        self.name, self.version, self.compile_trampolines = compiler.name, compiler.version, compiler.compile_trampolines

    def compile_functions(self, module: Module, features: Features, progress: Any = None) -> Sequence[CompiledCode]:
        indices = range(len(module.code_starts))
        failed = tuple((module.imported_functions + index, "on purpose") for index in indices if index % 3)
        return [*self.compiler.compile_functions(module, features, progress, indices[::3]), CompiledCode(b"", (), failed=failed)]


def main() -> int:
    """0 if all agree."""
    warnings.simplefilter("error", RuntimeWarning)  # a function that a backend fails on, and another one compiles
    warnings.filterwarnings("ignore", ".*on purpose", RuntimeWarning)
    number, first, last = map(int, sys.argv[1:])
    _, strategy, features, guarded, fuel, how = CONFIGURATIONS[number]
    if how == "giants":  # LLVM's way of compiling what is not optimized fails on some (an assertion of its APInt): the second attempt's code counts
        warnings.filterwarnings("ignore", ".*compiled without optimization", RuntimeWarning)
    if features is not None or not guarded or how:
        override(f"wasm_codegen_{strategy}", features, guarded, how)
    ours = wasm_facade.Config()
    ours.strategy = strategy
    ours.cache = False
    ours.consume_fuel = fuel
    ours.cranelift_opt_level = "none" if how == "unoptimized" else "speed"
    theirs = wasmtime.Config()
    theirs.consume_fuel = fuel
    engines = wasm_facade.Engine(ours), wasmtime.Engine(theirs)
    wrong = 0
    for seed in range(first, last):
        print(f"seed {seed}", file=sys.stderr, flush=True)
        a, b = run(wasm_facade, engines[0], seed, fuel), run(wasmtime, engines[1], seed, fuel)
        if a != b:
            wrong += 1
            print(f"seed {seed}: " + "; ".join(f"{k}: {x} != {y}" for k, (x, y) in enumerate(zip(a, b, strict=False)) if x != y)[:500])
    print(f"{last - first - wrong} modules agree")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
