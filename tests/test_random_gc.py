"""Random modules of GC, exceptions and tail calls give the same results, traps and heaps in every configuration as in wasmtime-py; see `random_gc`.

Each configuration runs in a process of its own. `GC_FUZZ="COUNT FIRST"` says how many seeds, from which on; a normal session runs 200, and a few where
the compilers are uncompiled.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
COUNT, FIRST = map(int, os.environ.get("GC_FUZZ", "8 0" if os.environ.get("WASM_PURE") else "200 0").split())
SLOW = 1 if "GC_FUZZ" in os.environ else 4  # a normal session takes one seed of so many where each is slow
CONFIGURATIONS = (("wasmtime", 1), ("native", 1), ("native-stress", SLOW), ("llvm", SLOW), ("llvm-stress", SLOW))


def compare(configuration: str, share: int) -> tuple[int, str, str]:
    """(status, output, errors) of a configuration's process."""
    count = COUNT // share
    done = subprocess.run(
        [sys.executable, str(HERE / "random_gc_compare.py"), configuration, str(FIRST), str(FIRST + count)],
        capture_output=True, text=True, timeout=600 + 20 * count, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@pytest.mark.beside(run=compare)
@pytest.mark.parametrize(("configuration", "share"), CONFIGURATIONS, ids=[row[0] for row in CONFIGURATIONS])
def test_same_as_wasmtime(configuration: str, share: int, ended: tuple[int, str, str]) -> None:
    status, output, errors = ended
    assert status == 0, output[-3000:] + errors[-3000:]
    assert f"{COUNT // share} modules agree" in output


def test_the_same_seed_gives_the_same_module() -> None:
    sys.path.insert(0, str(HERE))
    from random_gc import make

    assert make(7) == make(7)
    assert make(7) != make(8)


def test_what_the_modules_hold() -> None:
    """Every instruction of the chapters that this is about, and chains of subtypes longer than a descriptor's display."""
    sys.path.insert(0, str(HERE))
    import random

    from random_gc import make
    from random_gc_types import Types
    from wasm_environ.opcodes import OPS

    prefixes = ("struct.", "array.", "i31.", "br_on_", "any.", "extern.", "return_call", "throw", "try_table", "ref.", "call_ref", "table.", "elem.")
    ops = [op.mnemonic for op in OPS if op.mnemonic.startswith(prefixes) and op.feature != "custom_descriptors"]
    wanted = [mnemonic.replace(" null", " (ref null") for mnemonic in ops]
    assert len(wanted) > 50
    text = "".join(make(seed) for seed in range(150))
    assert [words for words in wanted if f"{words} " not in text] == []
    depths = [len([heap for heap in types.above(k) if isinstance(heap, int)]) for types in (Types(random.Random(s)) for s in range(40)) for k in range(len(types.defined))]
    assert {1, 2, 8, 9, 12} <= set(depths)
