"""The generated header is what the rows say now."""

import os
import pathlib
import re
import subprocess
import sys
import sysconfig


def test_header_is_fresh():
    tool = os.path.join(os.path.dirname(__file__), "..", "tools", "make_vmtypes_h.py")
    done = subprocess.run([sys.executable, tool, "--check"], capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_trap_codes_are_environs():
    from wasm_environ.traps import TRAPS
    from wasm_vm import TrapCode

    assert [(c.value, c.name) for c in TrapCode] == [(code, name) for code, name, *_ in TRAPS]
    assert TrapCode(9) is TrapCode.UNREACHABLE is TrapCode["UNREACHABLE"]


CORE = pathlib.Path(__file__).parents[1] / "_core"


def test_every_header_stands_alone():
    """Whoever reads one finds what it builds on at its top."""
    headers = sorted(CORE.glob("*.h"))
    assert len(headers) > 25
    text = "".join(f'#include "{header.name}"\n#include "{header.name}"\n\f' for header in headers)
    for header, source in zip(headers, text.split("\f"), strict=False):
        command = ["cc", "-std=c11", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-I", str(CORE), "-I", sysconfig.get_path("include"), "-x", "c", "-"]
        done = subprocess.run(command, input=source, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, f"{header.name}: {done.stderr}"


def test_files_declare_nothing_of_another():
    """Prototypes stand in headers, where the compiler compares them with both sides (-Wmissing-prototypes sees to what is missing)."""
    for file in sorted(CORE.glob("*.c")):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            code = re.sub(r'/\*.*?\*/|"[^"]*"', "", line)
            assert not re.match(r"\s*extern\b", code), f"{file.name}:{number}: {line}"
