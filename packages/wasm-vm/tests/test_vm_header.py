"""The generated header is what the rows say now."""

import os
import subprocess
import sys


def test_header_is_fresh():
    tool = os.path.join(os.path.dirname(__file__), "..", "tools", "make_vmtypes_h.py")
    done = subprocess.run([sys.executable, tool, "--check"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_trap_codes_are_environs():
    from wasm_environ.traps import TRAPS
    from wasm_vm import TrapCode

    assert [(c.value, c.name) for c in TrapCode] == [(code, name) for code, name, *_ in TRAPS]
    assert TrapCode(9) is TrapCode.UNREACHABLE is TrapCode["UNREACHABLE"]
