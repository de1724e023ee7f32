"""Proves every integer lowering row of every ISA, and says what was not proved and why: `python -m prove [ISA...]`."""

from __future__ import annotations

import sys
import time

from prove.report import Report, prove_isa
from prove.texts import ISAS


def main(names: list[str]) -> int:
    wrong = 0
    for name in names or list(ISAS):
        start = time.perf_counter()
        report: Report = prove_isa(ISAS[name])
        print(f"{name}: {report.proved} rows proved in {time.perf_counter() - start:.0f} s", flush=True)
        for fault in report.faults:
            print(f"  WRONG {fault.row}\n    {fault.what}: {fault.inputs}", flush=True)
        for reason, ops in report.unproved.items():
            print(f"  not proved: {reason}: {' '.join(ops)}", flush=True)
        wrong += len(report.faults)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
