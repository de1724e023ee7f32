"""A child of the `compile` area: compile one file on one core, print seconds and peak memory as JSON."""

from __future__ import annotations

import json
import os
import resource
import sys
import time

MAX_RUNS = 5


def main(role: str, strategy: str, path: str, budget: float) -> dict[str, float]:
    """Best of at most `MAX_RUNS` compilations, as many as begin within `budget` seconds, also by CPU time; the peak is the first's."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    from bench.contenders import by_name

    contender = by_name(role, strategy)
    engine = contender.engine(parallel_compilation=False)
    with open(path, "rb") as file:
        wasm = file.read()
    seconds: list[float] = []
    cpu: list[float] = []
    peak = 0
    while not seconds or (len(seconds) < MAX_RUNS and sum(seconds) < budget):
        start, cpu_start = time.perf_counter(), time.process_time()
        module = contender.api.Module(engine, wasm)
        seconds.append(time.perf_counter() - start)
        cpu.append(time.process_time() - cpu_start)
        if not peak:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        del module
    return {"seconds": min(seconds), "cpu": min(cpu), "peak": peak}


if __name__ == "__main__":
    json.dump(main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])), sys.stdout)
