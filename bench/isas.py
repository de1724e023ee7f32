"""The native compiler's instruction sets, of which all but this machine's only compile here: size of the code beside LLVM's, and how fast they compile.

Where an emulator is set up (`nox -s emulated`), also how many instructions the kernels execute, beside LLVM's.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import wasm_environ
from bench import isa_counts
from bench.clock import geometric_mean
from bench.guests import Unavailable, build_kernel
from bench.kernels import KERNELS
from bench.options import Options
from bench.rows import Row, compared, skipped
from wasm_codegen_native.compiler import ISAS
from wasm_environ.compiler import CompiledCode, Compiler, Target, Tunables
from wasm_environ.module import Module
from wasm_facade.discovery import plain_target

THIS = "x86_64"  # what the others' speed is compared with
ROUNDS = 5
# Of the processors that the other side's figures are for: every x86-64 that runs LLVM's code here has these.
FEATURES = {"x86_64": plain_target("x86_64", "x86-64-v3")[2]}


def measure(options: Options) -> Iterator[Row]:
    """For each instruction set the kernels' code beside what LLVM makes for it, what is executed of both, means, and compile time beside x86-64's."""
    modules: list[tuple[str, Module]] = []
    for kernel, _ in KERNELS:
        try:
            if options.wants(kernel):
                modules.append((kernel, wasm_environ.decode(build_kernel(kernel))))
        except Unavailable as error:
            yield skipped("isas", kernel, str(error))
    if not modules:
        return
    for isa in ISAS:
        yield from _sizes(isa, modules)
    for isa in ISAS:
        yield from isa_counts.measure(isa, options)
    yield from _speeds([module for _, module in modules])


def _compiler(name: str, isa: str) -> Compiler:
    if name == "native":
        from wasm_codegen_native import create
    else:
        from wasm_codegen_llvm import create
    made: Compiler = create(Target(isa, cpu_features=FEATURES.get(isa, frozenset())), Tunables())
    return made


def _size(chunks: Sequence[CompiledCode]) -> int:
    """Bytes of functions, without what pads them and constants."""
    return sum(size for code in chunks for _, _, size in code.symbols)


def _sizes(isa: str, modules: list[tuple[str, Module]]) -> Iterator[Row]:
    native, llvm = _compiler("native", isa), _compiler("llvm", isa)
    ratios = []
    for kernel, module in modules:
        ours = _size(native.compile_functions(module, wasm_environ.ALL))
        theirs = _size(llvm.compile_functions(module, wasm_environ.ALL))
        ratios.append(ours / theirs)
        yield compared("isas", f"{isa} {kernel}, size of code", ours, theirs, "B")
    yield Row("isas", f"{isa} geometric mean, size of code", cost=geometric_mean(ratios))


def _speeds(modules: list[Module]) -> Iterator[Row]:
    compilers = {isa: _compiler("native", isa) for isa in ISAS}
    best = dict.fromkeys(ISAS, float("inf"))
    for _ in range(ROUNDS):
        for isa, compiler in compilers.items():
            start = time.process_time()
            for module in modules:
                compiler.compile_functions(module, wasm_environ.ALL)
            best[isa] = min(best[isa], time.process_time() - start)
    for isa in ISAS:
        if isa != THIS:
            yield compared("isas", f"{isa} compile time, {THIS}", best[isa], best[THIS])
