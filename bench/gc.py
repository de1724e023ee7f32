"""Garbage-collected objects: allocation, trees, lists, the longest pause and peak memory, casts and calls; wasmtime with its default collector."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import partial

from bench.clock import race
from bench.contenders import theirs
from bench.gc_guests import ARRAYS, CASTS, LIST, STRUCTS, TREES, cast
from bench.gc_pauses import SETTINGS, Guest
from bench.guests import from_wat
from bench.options import Options
from bench.rows import Row, compared, failure
from bench.runs import raced_runs

#   row, guest, argument of run()
RUNS = (
    ("allocate 16-byte structs", STRUCTS, 5_000_000),
    ("array.new of 24 bytes", ARRAYS, 5_000_000),
    ("binary trees 16", TREES, 16),
    *((name, cast(name), 20_000_000) for name in CASTS),
)
NODES = 10_000_000
LIVE = 1_000_000
CHURNED = 2000  # objects a call, while LIVE are alive


def measure(options: Options) -> Iterator[Row]:
    """Rows for each of our backends."""
    for name, guest, argument in RUNS:
        if options.wants(name):
            for _, row in raced_runs("gc", name, from_wat(guest), argument, options, SETTINGS):
                yield row
    if options.wants(f"list of {NODES:,}"):
        yield from _list(options)
    if options.wants(f"{LIVE:,} live"):
        yield from _pauses(options)


def _list(options: Options) -> Iterator[Row]:
    contenders = {contender.name: contender for contender in (theirs(), *options.ours)}
    wasm = from_wat(LIST)
    guests = {name: Guest(contender, wasm) for name, contender in contenders.items()}
    rounds = min(options.rounds, 3)
    built = race({name: partial(guest.build, NODES) for name, guest in guests.items()}, rounds)
    walked = race({name: partial(guest.seconds, "walk") for name, guest in guests.items()}, rounds)
    expected = guests[theirs().name].call("walk")
    for contender in options.ours:
        for what, best in (("build", built), ("walk", walked)):
            name = f"{contender.name} list of {NODES:,}: {what}"
            if guests[contender.name].call("walk") != expected:
                yield failure("gc", name, "wrong sum")
            else:
                yield compared("gc", name, best[contender.name], best[theirs().name])


def _pauses(options: Options) -> Iterator[Row]:
    sides = [("theirs", theirs().strategy), *(("ours", contender.strategy) for contender in options.ours)]
    best: dict[tuple[str, str], dict[str, float]] = {}
    wasm = from_wat(LIST)  # not in the children: wasmtime is part of ours neither
    for _ in range(2):
        for side in sides:
            command = [sys.executable, "-m", "bench.gc_pauses", *side, str(LIVE), str(CHURNED)]
            done = subprocess.run(command, input=wasm, capture_output=True, timeout=300, check=False)
            if done.returncode:
                yield failure("gc", f"{side[1]} {LIVE:,} live", done.stderr.decode() or f"exit status {done.returncode}")
                return
            found: dict[str, float] = json.loads(done.stdout)
            best[side] = {key: min(value, best.get(side, found)[key]) for key, value in found.items()}
    their = best[sides[0]]
    for side in sides[1:]:
        yield compared("gc", f"{side[1]} {LIVE:,} live: longest call", best[side]["longest"], their["longest"])
        yield compared("gc", f"{side[1]} {LIVE:,} live: peak memory", best[side]["peak"], their["peak"], "B")
