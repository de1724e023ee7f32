"""Fixtures: an engine whose modules are hand-made machine code, and scripts run in a process of their own."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import textwrap

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
SLOWER = float(os.environ.get("WASM_TESTS_SLOWER", "5" if "LD_PRELOAD" in os.environ else "1"))  # emulators say it; or a sanitizer is at work
sys.path.insert(0, HERE)  # for vm_handmade, under importlib import mode


@pytest.fixture
def vm():
    from vm_handmade import Vm

    return Vm()


@pytest.fixture
def script():
    """Run Python source in a process of its own: `script(source)` returns its stdout; it must end with `status`."""

    if platform.machine() != "x86_64":
        pytest.skip("the scripts run machine code of x86-64")

    def run(source: str, status: int = 0, timeout: float = 60) -> str:
        prelude = f"import sys; sys.path[:0] = {[HERE, *sys.path]!r}\nfrom vm_handmade import *\n"
        done = subprocess.run(
            [sys.executable, "-c", prelude + textwrap.dedent(source)], capture_output=True, text=True, timeout=SLOWER * timeout, check=False
        )
        assert done.returncode == status, f"status {done.returncode}, expected {status}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    return run
