"""`python -m bench --report`: what was measured, for the documentation: docs/measured.json, and docs/measured.svg, a picture of its most telling rows."""

from __future__ import annotations

import json
import math
import os
import platform
from fnmatch import fnmatchcase
from html import escape
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bench.rows import quantity

DOCS = Path(__file__).parent.parent / "docs"
# Columns: area, name of the row (a glob: the first that fits), what the picture calls it.
PICTURED = (
    ("calls", "geometric mean", "call a function from Python"),
    ("host_calls", "*", "call Python from wasm"),
    ("instantiate", "pre + call*", "instantiate, call, drop"),
    ("memory", "*", "read a memory from Python"),
    ("traps", "*", "catch a trap"),
    ("exceptions", "native * 20 frames up", "throw an exception through 20 frames"),
    ("components", "native add(u32*", "call a component's function"),
    ("components", "native a record of 8*", "pass a record to a component and back"),
    ("gc", "llvm allocate 16-byte structs", "allocate a struct"),
    ("imports", "hello: cached process", "start a process that runs a cached program"),
    ("load", "*", "load a compiled module"),
    ("compile", "native geometric mean, cranelift", "compile, the fast compiler"),
    ("kernels", "native geometric mean*", "run code of the fast compiler"),
    ("kernels", "llvm geometric mean*", "run code of the optimizing compiler"),
)  # fmt: skip
# Of the picture, in pixels: a row's height, where bars begin and end, the whole; and what the ends of the logarithmic axis stand for.
ROW, LEFT, RIGHT, WIDTH, TOP = 30, 300, 640, 760, 44
LOWEST, HIGHEST = 0.5, 2000.0
BAR, SLOWER = "#5b78e0", "#cf6a30"  # legible on white and on black


def write(rows: list[dict[str, Any]]) -> None:
    """Both files, from the rows of a run."""
    compared = [row for row in rows if row["cost"] is not None and not row["note"].startswith("(not wasmtime") and not row["name"].endswith("beside none")]
    kept = [{key: row[key] for key in ("area", "name", "ours", "theirs", "unit", "cost")} for row in compared]
    packages = {}
    for package in ("wasmtime", "numpy", "llvmlite"):
        try:
            packages[package] = version(package)
        except PackageNotFoundError:
            continue
    measured = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}, CPython {platform.python_version()}",
        "packages": packages, "rows": kept,
    }  # fmt: skip
    DOCS.joinpath("measured.json").write_text(json.dumps(measured, indent=1) + "\n")
    DOCS.joinpath("measured.svg").write_text(picture(measured))
    print("written: docs/measured.json, docs/measured.svg")


def pictured(measured: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The rows of PICTURED that were measured, with what they are called."""
    found = []
    for area, name, label in PICTURED:
        row = next((row for row in measured["rows"] if row["area"] == area and fnmatchcase(row["name"], name)), None)
        if row is not None:
            found.append((label, row))
    return found


def picture(measured: dict[str, Any]) -> str:
    """An SVG: a bar a row, how many times faster than wasmtime-py, on a logarithmic axis; what is slower goes left."""
    rows = pictured(measured)
    height = TOP + ROW * len(rows) + 12
    bottom = TOP + ROW * len(rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="measured" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" '
        'font-family="system-ui, sans-serif" font-size="13">',
        "<title>How many times faster than wasmtime-py</title>",
        "<style>svg.measured{color:#333}@media (prefers-color-scheme:dark){svg.measured{color:#ddd}}</style>",
        f'<text x="0" y="16" fill="currentColor" font-weight="600">times faster than wasmtime-py {escape(measured["packages"].get("wasmtime", ""))}</text>',
    ]
    for tick in (1, 10, 100, 1000):
        x = _place(tick)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 8}" y2="{bottom}" stroke="currentColor" stroke-opacity="{0.6 if tick == 1 else 0.2}"/>')
        parts.append(f'<text x="{x:.1f}" y="{TOP - 12}" fill="currentColor" text-anchor="middle" font-size="11">{tick}×</text>')
    for at, (label, row) in enumerate(rows):
        y = TOP + ROW * at
        times = 1 / row["cost"]
        start, end = sorted((_place(1), _place(times)))
        costs = f"{quantity(row['ours'], row['unit'])}, there {quantity(row['theirs'], row['unit'])}" if row["ours"] else ""
        parts.append(f'<text x="{LEFT - 40}" y="{y + 17}" fill="currentColor" text-anchor="end">{escape(label)}</text>')
        parts.append(f'<rect x="{start:.1f}" y="{y + 4}" width="{max(end - start, 1.5):.1f}" height="18" rx="2" fill="{BAR if times >= 1 else SLOWER}">'
                     f"<title>{escape(costs)}</title></rect>")  # fmt: skip
        parts.append(f'<text x="{end + 6:.1f}" y="{y + 17}" fill="currentColor" font-weight="600">{_times(times)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _place(times: float) -> float:
    share = (math.log(min(max(times, LOWEST), HIGHEST)) - math.log(LOWEST)) / (math.log(HIGHEST) - math.log(LOWEST))
    return LEFT - 30 + share * (RIGHT - LEFT + 30)


def _times(times: float) -> str:
    return f"{times:.2f}" if times < 2 else f"{times:.1f}" if times < 10 else f"{times:.0f}"
