"""Module(engine, bytes) over real modules on one core: time beside Cranelift and Winch, and peak memory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.clock import geometric_mean
from bench.guests import Unavailable
from bench.modules import RealModule, mean_name, wanted
from bench.options import Options
from bench.rows import Row, compared, failure, skipped

OPPONENTS = ("cranelift", "winch")
SMALL_MB = 3.5  # up to here: two processes a side, and the optimizing backend, which takes a minute for 3 MB
LIMIT_SECONDS = 900

Measured = dict[str, float] | str  # what the child printed, or why it did not


def measure(options: Options) -> Iterator[Row]:
    """Rows for each module and each of our backends, then the geometric means."""
    costs: dict[str, list[float]] = {}
    for module, path in wanted(options):
        if isinstance(path, Unavailable):
            yield skipped("compile", module.name, str(path))
            continue
        yield from _module(module, path, options, costs)
    for name, ratios in costs.items():
        backend, opponent = name.split(" ")
        mean = mean_name(len(ratios))
        yield Row("compile", f"{backend} {mean}, {opponent}", cost=geometric_mean(ratios), note=f"of {len(ratios)} modules")


def _module(module: RealModule, path: Path, options: Options, costs: dict[str, list[float]]) -> Iterator[Row]:
    small = module.megabytes <= SMALL_MB
    sides = [("theirs", strategy) for strategy in OPPONENTS]
    for contender in options.ours:
        if contender.strategy == "llvm" and not small and not options.only:
            yield skipped("compile", f"llvm {module.name}", f"above {SMALL_MB:g} MB only with --only {module.name}")
        else:
            sides.append(("ours", contender.strategy))
    results: dict[tuple[str, str], Measured] = {}
    for _ in range(2 if small else 1):
        for side in sides:
            results[side] = _better(results.get(side), _child(*side, path))
    for role, strategy in sides:
        if role == "ours":
            yield from _rows(module, strategy, results, costs)


def _rows(module: RealModule, strategy: str, results: dict[tuple[str, str], Measured], costs: dict[str, list[float]]) -> Iterator[Row]:
    name = f"{strategy} {module.name}"
    ours = results["ours", strategy]
    if isinstance(ours, str):
        yield skipped("compile", name, f"needs {module.needs}: {ours}") if module.needs else failure("compile", name, ours)
        return
    for opponent in OPPONENTS:
        theirs = results["theirs", opponent]
        if isinstance(theirs, str):
            yield skipped("compile", f"{name}, {opponent}", f"wasmtime refuses it: {theirs}"[:120])
            continue
        speed = f"{module.megabytes / ours['seconds']:.3g} MB/s"
        row = compared("compile", f"{name}, {opponent}", ours["seconds"], theirs["seconds"], note=speed)
        costs.setdefault(f"{strategy} {opponent}", []).append(ours["seconds"] / theirs["seconds"])
        yield row
    cranelift = results["theirs", "cranelift"]
    if not isinstance(cranelift, str):
        yield compared("compile", f"{name}, peak memory", ours["peak"], cranelift["peak"], "B")


def _child(role: str, strategy: str, path: Path) -> Measured:
    command = [sys.executable, "-m", "bench.compile_once", role, strategy, str(path), "2"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"more than {LIMIT_SECONDS} s"
    if done.returncode:
        return (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1]
    result: dict[str, float] = json.loads(done.stdout)
    return result


def _better(old: Measured | None, new: Measured) -> Measured:
    if old is None or isinstance(old, str) or isinstance(new, str):
        return new
    return {key: min(old[key], new[key]) for key in old}
