"""Proves every integer lowering row of every ISA and functions of them, and says what was not proved and why: `python -m prove [ISA...]`."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from prove.report import FEATURED, KINDS, Report, prove
from prove.texts import ISAS


def timed(name: str, kind: str) -> tuple[Report, float]:
    start = time.perf_counter()
    return prove(name, kind), time.perf_counter() - start


def main(names: list[str]) -> int:
    tasks = [(name, kind) for kind in reversed(KINDS) for name in names or ISAS if kind != "featured" or name in FEATURED]
    wrong = 0
    print("All at their full width, 32 and 64 bits: quotients are a function of which only the remainder is known, products by constants whole numbers.")
    with ProcessPoolExecutor(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()) as pool:
        for (name, kind), (report, seconds) in zip(tasks, pool.map(timed, *zip(*tasks, strict=True)), strict=True):
            print(f"{name} {kind}: {report.proved} proved in {seconds:.0f} s", flush=True)
            for fault in report.faults:
                print(f"  WRONG {fault.row}\n    {fault.what}: {fault.inputs}", flush=True)
            for reason, ops in report.unproved.items():
                print(f"  not proved: {reason}: {' '.join(ops)}", flush=True)
            wrong += len(report.faults)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
