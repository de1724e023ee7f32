"""Compiles the C programs of tests/c and runs them: against this library, and against wasmtime's, which reads the same headers' declarations."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import wasm_capi

SOURCES = Path(__file__).parent / "c"
PACKAGE = Path(wasm_capi.__file__).parent
FLAGS = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1", "-g", f"-I{PACKAGE / 'include'}", "-pthread"]
COMPILERS = {"gcc": ["gcc"], "zig": [sys.executable, "-m", "ziglang", "cc"]}


@cache
def wasmtime_library() -> Path:
    """wasmtime's own library, which its Python package brings along."""
    found = find_spec("wasmtime")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "linux-x86_64" / "_libwasmtime.so"


def object_of(name: str, folder: Path) -> Path:
    """The program, compiled and not linked."""
    target = folder / f"{name}.o"
    subprocess.run([*COMPILERS["gcc"], *FLAGS, "-c", str(SOURCES / f"{name}.c"), "-o", str(target)], check=True)
    return target


def link_flags(library: str) -> list[str]:
    """What links a program with `ours` or with `wasmtime`."""
    path = PACKAGE / "libwasm_capi.so" if library == "ours" else wasmtime_library()
    return [str(path), f"-Wl,-rpath,{path.parent}"]


def compile_program(name: str, folder: Path, library: str = "ours", compiler: str = "gcc", extra: tuple[str, ...] = ()) -> Path:
    """The program of tests/c/NAME.c."""
    target = folder / f"{name}-{library}-{compiler}"
    command = [*COMPILERS[compiler], *FLAGS, *extra, str(SOURCES / f"{name}.c"), "-o", str(target), *link_flags(library)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


def environment(**more: str) -> dict[str, str]:
    """Variables of a run: which Python is this one's."""
    return {**os.environ, "WASM_CAPI_PYTHON": sys.executable, **more}


def run(program: Path, *args: str, before: tuple[str, ...] = (), **more: str) -> str:
    """What it prints; it must end well and say nothing on stderr."""
    done = subprocess.run([*before, str(program), *args], capture_output=True, text=True, check=False, env=environment(**more), timeout=120)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout
