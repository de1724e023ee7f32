"""The fixture `run`: compiled code, run in a process of its own because a mistake in it may end the process."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Outcome = dict[str, Any]
Run = Callable[..., list[Outcome]]
BARE_MACHINE = Path(__file__).parent / "bare_machine.py"


@pytest.fixture(scope="session")
def run() -> Run:
    """`run(wat, calls, **request)`: the outcome of each (export, arguments) call; see bare_machine.py for the rest."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        pytest.skip("runs x86-64 code on Linux")

    def run_bare(wat: str, calls: list[tuple[str, list[int]]], **request: Any) -> list[Outcome]:
        done = subprocess.run(
            [sys.executable, str(BARE_MACHINE)],
            input=json.dumps({"wat": wat, "calls": calls, **request}),
            capture_output=True, text=True, timeout=120, check=False, env={**os.environ, "WASM_PURE": "1"},
        )  # fmt: skip
        assert done.returncode == 0, f"exit {done.returncode}\n{done.stderr[-3000:]}"
        outcomes: list[Outcome] = json.loads(done.stdout)
        return outcomes

    return run_bare
