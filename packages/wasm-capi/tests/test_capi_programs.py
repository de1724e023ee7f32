"""C programs for every family of functions: they check themselves, and print the same with wasmtime's library."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from wasm_capi import api

_spec = importlib.util.spec_from_file_location("capi_programs", Path(__file__).parent / "programs.py")
assert _spec is not None
assert _spec.loader is not None
programs = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(programs)

NAMES = sorted(path.stem for path in programs.SOURCES.glob("*.c"))

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None or sys.platform != "linux", reason="needs gcc")


@pytest.mark.parametrize("name", NAMES)
def test_prints_what_it_prints_with_wasmtime(name: str, tmp_path: Path) -> None:
    ours = programs.run(programs.compile_program(name, tmp_path), WASM_CAPI_CHECK="1")
    assert ours
    if not name.startswith("own_"):  # what wasmtime's library has not, or not within reason
        assert ours == programs.run(programs.compile_program(name, tmp_path, "wasmtime"))


@pytest.mark.skipif(shutil.which("nm") is None, reason="needs nm")
def test_every_function_is_called_by_a_program(tmp_path: Path) -> None:
    objects = [programs.object_of(name, tmp_path) for name in NAMES]
    done = subprocess.run(["nm", "--undefined-only", "--format=just-symbols", *objects], capture_output=True, text=True, check=True)
    assert {row.name for row in api.rows()} <= set(done.stdout.split())


CPP = {"g++": ["g++"], "zig": [sys.executable, "-m", "ziglang", "c++"]}


@pytest.mark.parametrize("compiler", CPP)
def test_in_cpp(compiler: str, tmp_path: Path) -> None:
    if shutil.which(CPP[compiler][0]) is None:
        pytest.skip(f"needs {compiler}")
    flags = ["-std=c++17", *(flag for flag in programs.FLAGS if not flag.startswith("-std="))]
    subprocess.run([*CPP[compiler], *flags, str(programs.SOURCES / "hello.cpp"), "-o", str(tmp_path / "hello"), *programs.link_flags("ours")], check=True)
    assert programs.run(tmp_path / "hello", WASM_CAPI_CHECK="1") == "done\n"


@pytest.mark.parametrize("name", NAMES)
def test_compiled_by_zig(name: str, tmp_path: Path) -> None:
    assert programs.run(programs.compile_program(name, tmp_path, compiler="zig"))
