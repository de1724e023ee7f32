"""Packages on PyPI that are written for wasmtime-py, unchanged: what they compute is the same here, and no slower in total. Only in `nox -s dropin`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAMS = sorted((Path(__file__).parent / "packages").glob("use_*.py"))
SITE = os.environ.get("DROPIN_SITE", "")  # the folder that the packages were installed into
SHIM = ("-m", "wasm_facade.as_wasmtime")
RUNS = 2  # the better of so many, each with an empty cache: what a user waits for the first time

pytestmark = pytest.mark.skipif(not SITE, reason="nox -s dropin installs the packages")
_seconds: dict[str, tuple[float, float]] = {}


def run(program: Path, shim: tuple[str, ...], folder: Path) -> tuple[str, float]:
    """What a program prints, and the seconds it takes. `wasmtime` without the shim is wasmtime-py."""
    environment = os.environ | {"PYTHONPATH": SITE, "WASM_CACHE_DIR": str(folder / "cache"), "PYTHONHASHSEED": "0"}
    start = time.perf_counter()
    done = subprocess.run([sys.executable, *shim, str(program)], env=environment, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    seconds = time.perf_counter() - start
    assert done.returncode == 0, done.stderr
    return done.stdout, seconds


def test_there_are_programs() -> None:
    assert len(PROGRAMS) >= 10


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem.removeprefix("use_"))
def test_a_package_computes_the_same(program: Path, tmp_path: Path) -> None:
    best = [float("inf"), float("inf")]
    printed = ["", ""]
    for turn in range(RUNS):
        for side, shim in enumerate(((), SHIM)):
            folder = tmp_path / f"{turn}-{side}"
            folder.mkdir()
            printed[side], seconds = run(program, shim, folder)
            best[side] = min(best[side], seconds)
    _seconds[program.stem] = (best[0], best[1])
    assert printed[0].strip()
    assert printed[1] == printed[0]


def test_all_are_no_slower_in_total() -> None:
    for name, (theirs, ours) in _seconds.items():
        print(f"{name:30} wasmtime-py {theirs:7.2f} s   here {ours:7.2f} s   {theirs / ours:5.1f} times as fast")
    theirs, ours = (sum(seconds[side] for seconds in _seconds.values()) for side in (0, 1))
    assert len(_seconds) == len(PROGRAMS)
    assert ours <= theirs
