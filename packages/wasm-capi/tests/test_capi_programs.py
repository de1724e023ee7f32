"""C programs for every family of functions: they check themselves, and print the same with wasmtime's library."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("name", NAMES)
def test_compiled_by_zig(name: str, tmp_path: Path) -> None:
    assert programs.run(programs.compile_program(name, tmp_path, compiler="zig"))
