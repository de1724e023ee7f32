"""Random modules give the same results, traps, memory and globals on every backend and on wasmtime-py; see `random_modules` and, for every fourth
seed, `random_tangles`, of which the seeds here would have found what LLVM's NewGVN got wrong.

Each range of seeds runs in a process of its own. `RANDOM_MODULES=N` runs N seeds per range; a normal
session runs some 3,000 modules in all, and a few where the compilers are uncompiled.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
COUNT = int(os.environ.get("RANDOM_MODULES", "40" if os.environ.get("WASM_PURE") else "600"))
TIMEOUT = 120 + 3 * COUNT
# How the modules are compiled: name, strategy, CPU features (None: the host's), guarded memories, fuel, and how else: `unoptimized`; `giants`: all
# functions as those that are too large to optimize; `mixed`: one function of three, the other backend stands in for the others.
CONFIGURATIONS = (
    ("native", "native", None, True, False, ""),
    ("native-baseline", "native", (), True, False, ""),
    ("native-avx", "native", ("avx", "sse4_2"), True, False, ""),
    ("native-unguarded", "native", None, False, False, ""),
    ("native-fuel", "native", None, True, True, ""),
    ("llvm", "llvm", None, True, False, ""),
    ("llvm-unguarded", "llvm", None, False, False, ""),
    ("llvm-unoptimized", "llvm", None, True, False, "unoptimized"),
    ("llvm-giants", "llvm", None, True, False, "giants"),
    ("llvm-mixed", "llvm", None, True, False, "mixed"),
)


def count_of(number: int) -> int:
    return COUNT if CONFIGURATIONS[number][1] == "native" else max(COUNT // 6, 4)  # the optimizing backend takes its time


def compare(number: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(HERE / "random_compare.py"), str(number), str(1000 * number), str(1000 * number + count_of(number))],
        capture_output=True, text=True, timeout=TIMEOUT, check=False,
    )  # fmt: skip


@pytest.mark.beside(run=compare)
@pytest.mark.parametrize("number", range(len(CONFIGURATIONS)), ids=[row[0] for row in CONFIGURATIONS])
def test_same_as_wasmtime(number: int, ended: subprocess.CompletedProcess[str]) -> None:
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    assert f"{count_of(number)} modules agree" in ended.stdout


def test_the_same_seed_gives_the_same_module() -> None:
    sys.path.insert(0, str(HERE))
    from random_modules import make

    assert make(7) == make(7)
    assert make(7) != make(8)
