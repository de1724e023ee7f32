"""Programs of toolchains that throw and collect garbage, from packages: what they print is what they print on wasmtime-py, on every backend.

Those with legacy exceptions, which wasmtime refuses, run in node: there it is recorded what JavaScript and wasm gave each other, and the module alone does
the same again on every backend. Java needs strings of JavaScript, which wasmtime has not: it is compared with node too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import toolchains
from bench.guests import Unavailable

pytest.importorskip("wasmtime", reason="wasmtime-py is what the output is compared with")
HERE = Path(__file__).parent / "programs"
STRATEGIES = sorted({point.name for point in entry_points(group="wasm.compilers")})
FULL = "REAL_MODULES" in os.environ
TIMEOUT = 300


@dataclass(frozen=True, slots=True)
class Guest:
    """`path` builds or fetches it; `host` runs it: with WASI alone, or by a name that host.py knows. The output ends with `ends`."""

    name: str
    path: Callable[[], Path]
    host: str
    ends: str


# fmt: off
GUESTS = (
    Guest("micropython", lambda: toolchains.unpacked("micropython"), "micropython", "guest exited with code 1 guest exited with code 1\n"),
    Guest("python",      toolchains.python,                          "p2w",         "150000\n20000\nstatus 0\n"),
    Guest("kotlin",      toolchains.kotlin,                          "wasi",        "4999950000\nfrom below, 501 unwound\n"),
)
# fmt: on


@dataclass(frozen=True, slots=True)
class Recorded:
    """`scenario` is what node does with the package of that name, whose module is `wasm`. Of what it prints, `says` shows that exceptions were caught; `parts` are its memories."""

    scenario: str
    wasm: str
    says: tuple[str, ...]
    parts: int


# fmt: off
RECORDED = (
    Recorded("mupdf", "dist/mupdf-wasm.wasm", ("caught by longjmp", "repairing PDF document", "syntax error in content stream", "Error: invalid page number: 8"), 12),
    Recorded("clingo", "dist/clingo.wasm", ("Optimization: -117", "unexpected EOF", "unsafe: status 65", "p(15150)", "invalid value for: 'restarts'"), 11),
)
# fmt: on


def output(guest: Guest, path: Path, api: str, strategy: str) -> str:
    wasi = guest.host == "wasi"
    command = ["run.py", api, strategy, str(path), json.dumps({})] if wasi else ["host.py", api, strategy, guest.host, str(path)]
    done = subprocess.run([sys.executable, str(HERE / command[0]), *command[1:]], capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.skipif(not STRATEGIES, reason="no backend is installed")
@pytest.mark.skipif(not FULL, reason="packages are fetched in a full session: nox -s modules")
@pytest.mark.parametrize("guest", GUESTS, ids=lambda guest: guest.name)
def test_output(guest: Guest) -> None:
    try:
        path = guest.path()
    except Unavailable as error:
        pytest.skip(f"{guest.name}: {error}")
    theirs = output(guest, path, "wasmtime", "auto")
    assert theirs.endswith(guest.ends), theirs[-1000:]
    for strategy in STRATEGIES:
        ours = output(guest, path, "wasm_facade", strategy)
        assert ours == theirs, strategy


def ours(script: str, strategy: str, *arguments: Path) -> str:
    """What a script of ours prints with a backend."""
    command = [sys.executable, str(HERE / script), strategy, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=4 * TIMEOUT, check=False)
    assert done.returncode == 0, f"{strategy}: {done.stderr[-3000:]}"
    return done.stdout


@pytest.mark.skipif(not STRATEGIES, reason="no backend is installed")
@pytest.mark.skipif(not FULL, reason="packages are fetched in a full session: nox -s modules")
@pytest.mark.parametrize("scenario", RECORDED, ids=lambda scenario: scenario.scenario)
def test_as_recorded_in_node(scenario: Recorded, tmp_path: Path) -> None:
    record = tmp_path / "record"
    try:
        wasm = toolchains.unpacked(scenario.scenario) / scenario.wasm
        said = toolchains.recorded(HERE / f"{scenario.scenario}.mjs", scenario.scenario, record)
    except Unavailable as error:
        pytest.skip(f"{scenario.scenario}: {error}")
    assert [words for words in scenario.says if words not in said] == []
    for strategy in STRATEGIES:
        assert f"{scenario.parts} memories" in ours("replay.py", strategy, wasm, record)


@pytest.mark.skipif(not STRATEGIES, reason="no backend is installed")
@pytest.mark.skipif(not FULL, reason="packages are fetched in a full session: nox -s modules")
def test_java_as_in_node() -> None:
    try:
        path = toolchains.java()
        theirs = toolchains.node(HERE / "java.mjs", path)
    except Unavailable as error:
        pytest.skip(f"java: {error}")
    assert theirs.startswith("{brown=1")
    assert "deep: 501 unwound, since from below" in theirs
    for strategy in STRATEGIES:
        assert ours("java.py", strategy, path) == theirs, strategy
