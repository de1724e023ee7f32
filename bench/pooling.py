"""Pools: instances from ours beside theirs, 10,000 alive at once, a million in a row, two threads."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Iterator
from functools import partial
from time import perf_counter
from typing import Any

from bench.clock import Sample, race
from bench.contenders import THEIRS, Contender, pooled
from bench.guests import from_wat
from bench.instantiate import RUN, SHAPES, prepared_sample
from bench.options import Options
from bench.rows import Row, compared, failure, raced

LIVE = 10_000
FEW = 100  # 10,000 take most of the address space: only one such pool at a time
SMALL = f'(module (memory (export "memory") 1) (data (i32.const 0) "hello") {RUN})'
# A guest that works for some 250 us, and one that returns at once.
BUSY = """(module (memory 1) (func (export "run") (result i32) (local $n i32) (local.set $n (i32.const 1000000))
  (loop $l (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (i32.const 42)))"""
PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")
FLAT = 1 << 20  # bytes a process may grow over all its cycles


def measure(options: Options) -> Iterator[Row]:
    """Rows for each shape, for many alive, for many in a row, for two threads."""
    ours, theirs = pooled(options.our_first, FEW), pooled(None, FEW)
    for shape, wat in SHAPES:
        wasm = from_wat(wat)
        if options.wants(shape):
            yield raced("pooling", f"pre + call + drop: {shape}", partial(prepared_sample, ours, wasm), partial(prepared_sample, theirs, wasm), options.rounds)
    small = from_wat(SMALL)
    if options.wants("alive"):
        yield raced("pooling", f"{LIVE:,} alive, each", partial(_alive, pooled(options.our_first, LIVE), small), partial(_alive, pooled(None, LIVE), small), 2)
    count = 100_000 if options.quick else 1_000_000
    if options.wants("cycles") and ours.api.__name__ != THEIRS:
        for contender in (options.our_first, ours):
            yield _growth(contender, small, count)
    for name, wat in (("calls of 250 us", BUSY), ("empty calls", SMALL)):
        if options.wants("threads") and ours.api.__name__ != THEIRS:
            yield _threads(ours, from_wat(wat), f"two threads beside one: {name}", options.rounds)


def _instantiate(contender: Contender, wasm: bytes) -> Callable[[], tuple[Any, Any]]:
    api, engine = contender.api, contender.engine()
    prepared: Any = api.Linker(engine).instantiate_pre(api.Module(engine, wasm))

    def make() -> tuple[Any, Any]:
        store = api.Store(engine)
        return store, prepared.instantiate(store)

    return make


def _alive(contender: Contender, wasm: bytes) -> Sample:
    def sample() -> float:
        make = _instantiate(contender, wasm)
        gc.collect()
        start = perf_counter()
        live = [make() for _ in range(LIVE)]
        seconds = (perf_counter() - start) / LIVE
        live.clear()
        del make  # and the pool with it: two of these fill the address space
        gc.collect()
        return seconds

    return sample


def _cycles(make: Callable[[], tuple[Any, Any]], count: int) -> None:
    for _ in range(count):
        store, instance = make()
        instance.exports(store)["run"](store)


def _growth(contender: Contender, wasm: bytes, count: int) -> Row:
    make = _instantiate(contender, wasm)
    _cycles(make, 20_000)
    before = _resident()
    _cycles(make, count)
    grown = max(0, _resident() - before)
    name = f"grown over {count:,} cycles, {contender.name}"
    if grown > FLAT:
        return failure("pooling", name, f"{grown:,} bytes, at most {FLAT:,}")
    return Row("pooling", name, float(grown), None, "B", None, f"(ok: at most {FLAT:,} bytes)")


def _resident() -> int:
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * PAGE_SIZE


def _threads(contender: Contender, wasm: bytes, name: str, rounds: int) -> Row:
    """Seconds for the same number of cycles; the one-thread time stands in the other column."""
    make = _instantiate(contender, wasm)
    count = 1000

    def run(shares: int) -> float:
        threads = [threading.Thread(target=_cycles, args=(make, count // shares)) for _ in range(shares)]
        start = perf_counter()  # and not CPU time: what counts is that the threads overlap
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return perf_counter() - start

    best = race({"two": partial(run, 2), "one": partial(run, 1)}, rounds)
    return compared("pooling", name, best["two"], best["one"], note="(not wasmtime: one thread)")
