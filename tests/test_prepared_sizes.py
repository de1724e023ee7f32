"""A table's minimum is the guest's to choose: a module whose table cannot be made stays one that cannot, however often it is tried."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import wasm_facade as w
config = w.Config()
config.cache = False
engine = w.Engine(config)
module = w.Module(engine, '(module (table i64 %s funcref) (elem (i64.const 0x1000000) func $f) (func $f))')
for _ in range(4):
    try:
        w.Instance(w.Store(engine), module, [])
    except w.WasmtimeError:
        print("refused")
"""


@pytest.mark.parametrize("minimum", ["0x4000000000000000", "0x4000000000000010", "0xFFFFFFFFFFFFFFFF"])
def test_a_minimum_beyond_all_memory(minimum: str) -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT % minimum], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout.split()) == (0, ["refused"] * 4), done.stderr
