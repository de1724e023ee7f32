"""Run time of ten kernels: calls, floating point, loads and stores, branches, indirect jumps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from bench.clock import Sample, geometric_mean, once, race
from bench.contenders import Contender, theirs
from bench.guests import Unavailable, build_kernel
from bench.options import Options
from bench.rows import Row, compared, failure, skipped

#   kernel, argument of run(): about 0.3 s each
KERNELS = (
    ("fib", 39),
    ("matmul", 75),
    ("stencil", 5000),
    ("sieve", 100),
    ("nbody", 5000000),
    ("sha256", 3500),
    ("bintree", 90),
    ("quicksort", 3),
    ("interp", 130000),
    ("crc32", 110),
)


def measure(options: Options) -> Iterator[Row]:
    """A row for each of our backends and kernels, then each backend's geometric mean."""
    costs: dict[str, list[float]] = {contender.name: [] for contender in options.ours}
    for kernel, argument in KERNELS:
        if options.wants(kernel):
            for contender, row in _rows(kernel, argument, options):
                if row.cost is not None:
                    costs[contender].append(row.cost)
                yield row
    for contender, ratios in costs.items():
        if ratios:
            some = f" of {len(ratios)} kernels" if len(ratios) < len(KERNELS) else ""  # the floor is for all of them
            yield Row("kernels", f"{contender} geometric mean{some}", cost=geometric_mean(ratios))


def _rows(kernel: str, argument: int, options: Options) -> Iterator[tuple[str, Row]]:
    try:
        wasm = build_kernel(kernel)
    except Unavailable as error:
        for contender in options.ours:
            yield contender.name, skipped("kernels", f"{contender.name} {kernel}", str(error))
        return
    their_run = partial(_entry(theirs(), wasm), argument)
    expected = their_run()
    sides: dict[str, Sample] = {"theirs": once(their_run)}
    for contender in options.ours:
        name = f"{contender.name} {kernel}"
        try:
            run = partial(_entry(contender, wasm), argument)
            result = run()
        except Exception as error:
            yield contender.name, failure("kernels", name, error)
            continue
        if result != expected:
            yield contender.name, failure("kernels", name, f"wrong result: {result!r}, wasmtime has {expected!r}")
            continue
        sides[contender.name] = once(run)
    best = race(sides, options.rounds)
    for contender in options.ours:
        if contender.name in best:
            yield contender.name, compared("kernels", f"{contender.name} {kernel}", best[contender.name], best["theirs"])


def _entry(contender: Contender, wasm: bytes) -> Callable[[int], Any]:
    engine = contender.engine()
    store = contender.api.Store(engine)
    instance = contender.api.Instance(store, contender.api.Module(engine, wasm), [])
    return partial(instance.exports(store)["run"], store)
