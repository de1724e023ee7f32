"""Damaged components do nothing but raise: in a process of their own, which may not die. COMPONENT_ATTACKS="COUNT FIRST_SEED" for more than the sample."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from component_suite import FILES

COUNT, FIRST = map(int, os.environ.get("COMPONENT_ATTACKS", "300 1").split())
pytestmark = pytest.mark.skipif(not FILES, reason="the component model's suite is not at WASM_COMPONENT_TESTSUITE or ../shared/component-testsuite")


@pytest.mark.parametrize("strategy", ["native", "llvm"])
def test_damaged_components(strategy: str) -> None:
    count = COUNT if strategy == "native" else max(COUNT // 10, 1)  # the border is the same, and its compiler slower
    child = Path(__file__).with_name("component_attack.py")
    done = subprocess.run([sys.executable, "-X", "faulthandler", str(child), str(FIRST), str(count), strategy], capture_output=True, text=True, timeout=3000)
    said = done.stdout.splitlines()
    assert done.returncode == 0, f"{said[-1:]}\n{done.stderr[-3000:]}"
    assert "called" in said[-1], "damage so great that nothing ran finds nothing"
