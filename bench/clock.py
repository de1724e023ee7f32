"""Interleaved timing: the sides take turns, round by round, and each keeps its best.

Work in this process is timed by its CPU time, all threads together, which other programs on the machine disturb less than
the wall clock; nothing that is timed here may hand its work to other processes.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from time import process_time
from timeit import Timer
from typing import Any

Sample = Callable[[], float]  # runs once, or a batch; returns seconds per operation
UNROLL = 10


def race(sides: Mapping[Any, Sample], rounds: int = 5) -> dict[Any, float]:
    """Best seconds of each side. The order alternates, so that neither side always runs on the warmer machine."""
    best: dict[Any, float] = {}
    order = list(sides)
    for _ in range(rounds):
        for side in order:
            seconds = sides[side]()
            best[side] = min(seconds, best.get(side, seconds))
        order.reverse()
    return best


def once(action: Callable[[], object]) -> Sample:
    """One run a round: for what takes a tenth of a second or more."""

    def sample() -> float:
        start = process_time()
        action()
        return process_time() - start

    return sample


def repeated(action: Callable[[], object], batch_seconds: float = 0.1) -> Sample:
    """A batch of Python calls a round, with the garbage collector as a user has it: for microseconds and up."""
    action()
    start = process_time()
    action()
    count = max(1, int(batch_seconds / max(process_time() - start, 1e-7)))

    def sample() -> float:
        gc.collect()
        start = process_time()
        for _ in range(count):
            action()
        return (process_time() - start) / count

    return sample


def statement(code: str, batch_seconds: float = 0.1, /, **names: object) -> Sample:
    """A batch of one Python statement, unrolled, its names as locals: for nanoseconds."""
    setup = ";".join(f"{name} = {name}_" for name in names) or "pass"
    globals_ = {f"{name}_": value for name, value in names.items()}
    timer = Timer(";".join([code] * UNROLL), setup, timer=process_time, globals=globals_)
    timer.timeit(1)
    # A first estimate from 10 runs of the unrolled statement, so that a trap's 20 us and a call's 40 ns both fit.
    loops = max(1, int(batch_seconds / max(timer.timeit(10) / 10, 1e-8)))
    return lambda: timer.timeit(loops) / (loops * UNROLL)


def geometric_mean(values: list[float]) -> float:
    """The mean of ratios."""
    product = 1.0
    for value in values:
        product *= value ** (1 / len(values))
    return product
