"""The benchmark harness itself: floors, rows, timing, exit status; wasmtime-py plays both sides."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent

needs_wasmtime = pytest.mark.skipif(importlib.util.find_spec("wasmtime") is None, reason="wasmtime is not installed")
needs_zig = pytest.mark.skipif(importlib.util.find_spec("ziglang") is None, reason="ziglang is not installed")

# A runtime that is wasmtime, except that one thing goes wrong.
BROKEN = {
    "calls_raise": "class Instance:\n    def __init__(self, *_): raise RuntimeError('not written yet')",
    "wrong_results": """class Instance(wasmtime.Instance):
    def exports(self, store):
        run = super().exports(store)['run']
        return {'run': lambda store, n: run(store, n) + 1}""",
    "crashes": "import os\nclass Instance:\n    def __init__(self, *_): os.abort()",
}


@pytest.fixture(autouse=True)
def bench_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


def run_bench(*arguments: str, ours: str = "wasmtime", path: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"WASM_BENCH_OURS": ours, "PYTHONPATH": str(path)}
    command = [sys.executable, "-m", "bench", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    ("area", "name", "cost", "missed"),
    [
        ("calls", "nop(), GIL kept", 1 / 201, False),
        ("calls", "nop(), GIL kept", 1 / 199, True),
        ("calls", "geometric mean", 1 / 199, True),
        ("host_calls", "()", 1 / 19, True),
        ("kernels", "llvm geometric mean", 0.86, False),
        ("kernels", "llvm geometric mean", 0.88, True),
        ("kernels", "llvm fib", 5.0, False),
        ("kernels", "native fib", 1.9, False),
        ("kernels", "native fib", 2.1, True),
        ("kernels", "native geometric mean", 1.5, True),
        ("instantiate", "instantiate + drop: minimal", 1 / 6, False),
        ("instantiate", "pre + call + drop: minimal", 1 / 29, True),
        ("compile", "native geometric mean, cranelift", 1 / 14, True),
        ("compile", "native geometric mean, winch", 1 / 2.1, False),
        ("compile", "native sql.js, peak memory", 1.01, True),
        ("validate", "geometric mean", 1 / 0.69, True),
        ("validate", "geometric mean", 1 / 0.71, False),
        ("load", "deserialize_file: esbuild, 10 MB or more", 1 / 4, True),
        ("load", "deserialize_file: sql.js", 1.0, False),
        ("memory", "view", 100.0, False),
    ],
)
def test_floors(area: str, name: str, cost: float, missed: bool) -> None:
    from bench.rows import Row

    assert Row(area, name, cost=cost).missed is missed


def test_every_floor_is_for_an_area() -> None:
    from bench.__main__ import AREAS
    from bench.floors import FLOORS

    assert {floor.area for floor in FLOORS} <= set(AREAS)
    assert {path.stem for path in (ROOT / "bench").glob("*.py")} >= set(AREAS)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (41e-9, "s", "41.0 ns"),
        (8.8e-6, "s", "8.80 us"),
        (0.25, "s", "250 ms"),
        (84.0, "s", "84.0 s"),
        (3 * 2**20, "B", "3.00 MiB"),
        (None, "s", ""),
    ],
)
def test_quantities(value: float | None, unit: str, text: str) -> None:
    from bench.rows import quantity

    assert quantity(value, unit) == text


def test_race_alternates_and_keeps_the_best() -> None:
    from bench.clock import race

    order: list[str] = []
    seconds = {"a": iter([3.0, 1.0, 2.0]), "b": iter([5.0, 6.0, 4.0])}

    def sample(side: str) -> float:
        order.append(side)
        return next(seconds[side])

    assert race({side: partial(sample, side) for side in "ab"}, rounds=3) == {"a": 1.0, "b": 4.0}
    assert order == ["a", "b", "b", "a", "a", "b"]


def test_statement_counts_every_run() -> None:
    from bench.clock import statement

    calls: list[int] = []
    sample = statement("record(value)", 0.001, record=calls.append, value=7)
    calls.clear()
    assert 0 < sample() < 0.001
    assert set(calls) == {7}
    assert len(calls) % 10 == 0


def test_geometric_mean() -> None:
    from bench.clock import geometric_mean

    assert geometric_mean([0.5, 2.0, 1.0]) == pytest.approx(1.0)


def test_a_failure_is_one_line() -> None:
    from bench.rows import failure

    row = failure("calls", "nop()", ValueError("first\nsecond"))
    assert row.missed
    assert "FAILED" in str(row)
    assert "\n" not in str(row)


def test_real_modules_are_pinned_and_varied() -> None:
    from bench.modules import MODULES

    assert len({module.name for module in MODULES}) == len(MODULES) >= 8
    assert len({module.toolchain.split(",")[0] for module in MODULES}) >= 3
    assert all(module.version for module in MODULES if module.source in ("npm", "pypi"))


@needs_wasmtime
def test_calls_area_in_both_roles(tmp_path: Path) -> None:
    """wasmtime is not 200 times faster than itself: the floor is missed, and the status says so."""
    result = tmp_path / "rows.json"
    done = run_bench("calls", "--quick", "--json", str(result))
    assert done.returncode == 1, done.stderr
    assert done.stdout.count("MISSED") == 1
    rows: list[dict[str, Any]] = json.loads(result.read_text())
    assert [row["name"] for row in rows] == ["nop()", "add(i32, i32) -> i32", "8 mixed parameters, 3 results", "geometric mean"]
    assert all(0.2 < row["cost"] < 5 for row in rows)


@needs_wasmtime
@pytest.mark.parametrize("area", ["memory", "traps", "host_calls"])
def test_small_areas_run(area: str) -> None:
    done = run_bench(area, "--quick")
    assert done.stderr == ""
    assert "FAILED" not in done.stdout


@needs_wasmtime
@needs_zig
def test_kernel_against_itself(tmp_path: Path) -> None:
    result = tmp_path / "rows.json"
    done = run_bench("kernels", "--quick", "--only", "crc32", "--json", str(result))
    assert done.returncode == 0, done.stdout + done.stderr
    kernel, mean = json.loads(result.read_text())
    assert kernel["name"] == "auto crc32"
    assert mean["cost"] == pytest.approx(kernel["cost"])
    assert mean["name"] == "auto geometric mean of 1 kernels"


@needs_wasmtime
@pytest.mark.parametrize(
    ("name", "arguments", "text"),
    [
        ("calls_raise", ("calls", "--quick"), "RuntimeError: not written yet"),
        pytest.param("wrong_results", ("kernels", "--only", "fib"), "wrong result: 63245987", marks=needs_zig),
        ("crashes", ("calls", "traps", "--quick"), "its process ended with status -6"),
    ],
)
def test_what_goes_wrong_with_ours_is_a_row(name: str, arguments: tuple[str, ...], text: str, tmp_path: Path) -> None:
    source = f"import wasmtime\nfrom wasmtime import *\n{BROKEN[name]}\n"
    source += "class Config(wasmtime.Config):\n    cache = strategy = None\n"
    (tmp_path / "broken_runtime.py").write_text(source)
    done = run_bench(*arguments, ours="broken_runtime", path=tmp_path)
    assert done.returncode == 1
    assert text in done.stdout, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_area_is_refused() -> None:
    done = run_bench("speed")
    assert done.returncode == 2
    assert "kernels" in done.stderr


def test_executed_instructions_are_counted_by_block(tmp_path: Path) -> None:
    """A block that is translated anew counts as what it is then."""
    from bench import isa_counts

    block = "----------------\nIN: \n0x00001000:  aa  one\n0x00001004:  bb  two\n\n"
    log = tmp_path / "log"
    trace = "Trace 0: 0x7f06b3640dc0 [81009b31/0000000000001000/00000001/00000200] \n"
    log.write_text(block + trace * 3 + "----------------\nIN: name\n0x00001000:  aa  one\n\n" + trace)
    assert isa_counts._read(log) == {0x1000: 7}
