"""The command: `python -m bench [AREA...] [--strategy S] [--only GLOB] [--quick] [--json FILE] [--report]`."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import report
from bench.options import Options
from bench.rows import HEADER, Row, failure

#    area           what it measures
AREAS = {
    "calls": "Python -> wasm calls",
    "host_calls": "wasm -> Python calls",
    "traps": "traps raised and caught",
    "instantiate": "instantiate and drop",
    "pooling": "pooled instances",
    "memory": "linear memory from Python",
    "imports": "start of a process",
    "wasi": "calls of WASI preview 1",
    "wasi2": "calls of WASI 0.2",
    "tail_calls": "tail calls, a million deep",
    "exceptions": "exceptions in the guest",
    "gc": "garbage-collected objects",
    "components": "components: values, host functions, instances",
    "kernels": "run time of compiled code",
    "spectre": "masks of checked addresses, on (ours) beside off",
    "isas": "code of other instruction sets, and time to compile it",
    "compile": "Module(engine, bytes), on one core",
    "wheels": "compiling by the wheels, beside the workspace's own packages",
    "validate": "decode and validate",
    "load": "compiled artifacts",
    "http": "a component behind uvicorn, beside plain ASGI",
    "capi": "the C library: calls, callbacks, instances, its start",
}


def main() -> int:
    """Run the areas; 1 if a floor is missed."""
    arguments = _parser().parse_args()
    areas = arguments.areas or list(AREAS)
    options = Options(tuple(arguments.strategy), tuple(arguments.only), arguments.quick)
    if arguments.rows:
        rows = json.loads(Path(arguments.rows).read_text())
    else:
        rows = _each_in_a_process(areas) if len(areas) > 1 else _run(areas[0], options)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(rows, indent=1) + "\n")
    if arguments.report:
        report.write(rows)
    missed = [row for row in rows if row["missed"]]
    if len(areas) > 1:
        print(f"\n{len(rows)} rows, {len(missed)} below their floor or broken")
        for row in missed:
            print(f"  {row['area']}: {row['name']} {row['note']}".rstrip())
    return 1 if missed else 0


def _parser() -> argparse.ArgumentParser:
    listing = "areas:\n" + "".join(f"  {name:<12} {what}\n" for name, what in AREAS.items())
    parser = argparse.ArgumentParser(
        "python -m bench", description=__doc__, epilog=listing, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("areas", metavar="AREA", nargs="*", choices=[*AREAS, []], help="default: all")
    parser.add_argument("--strategy", action="append", default=[], help="a backend of ours (default: all installed)")
    parser.add_argument("--only", metavar="GLOB", action="append", default=[], help="only these kernels, modules, rows")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, only modules below 4 MB")
    parser.add_argument("--json", metavar="FILE", help="write the rows there too")
    parser.add_argument("--report", action="store_true", help="write docs/measured.json and docs/measured.svg")
    parser.add_argument("--rows", metavar="FILE", help="measure nothing: the rows that an earlier run wrote by --json")
    return parser


def _run(area: str, options: Options) -> list[dict[str, object]]:
    print(f"\n{area}: {AREAS[area]}\n{HEADER}", flush=True)
    rows = []
    start = time.perf_counter()
    row: Row
    for row in importlib.import_module(f"bench.{area}").measure(options):
        print(row, flush=True)
        rows.append(row.as_dict())
    print(f"({time.perf_counter() - start:.0f} s)", flush=True)
    return rows


def _each_in_a_process(areas: list[str]) -> list[dict[str, object]]:
    """A process an area: one that crashes, or leaves the heap in a state, spoils no other."""
    flags = [argument for argument in sys.argv[1:] if argument not in (*areas, "--report")]
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        for area in areas:
            result = os.path.join(folder, area)
            command = [sys.executable, "-m", "bench", area, *flags, "--json", result]
            status = subprocess.run(command, check=False).returncode
            if os.path.exists(result):
                rows += json.loads(Path(result).read_text())
            else:
                rows.append(failure(area, "the whole area", f"its process ended with status {status}").as_dict())
    return rows


if __name__ == "__main__":
    sys.exit(main())
