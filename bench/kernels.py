"""Run time of ten kernels: calls, floating point, loads and stores, branches, indirect jumps."""

from __future__ import annotations

from collections.abc import Iterator

from bench.clock import geometric_mean
from bench.guests import Unavailable, build_kernel
from bench.options import Options
from bench.rows import Row, skipped
from bench.runs import raced_runs

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
    yield from raced_runs("kernels", kernel, wasm, argument, options)
