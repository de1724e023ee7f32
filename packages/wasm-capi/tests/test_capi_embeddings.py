"""Embeddings in Go and Rust, which know C's declarations: they call and are called, from two threads."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("capi_programs", Path(__file__).parent / "programs.py")
assert _spec is not None
assert _spec.loader is not None
programs = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(programs)

HERE = Path(__file__).parent
SAID = "45000 no negative numbers\n90000 no negative numbers\n"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


@pytest.mark.skipif(shutil.which("rustc") is None, reason="needs rustc")
def test_rust(tmp_path: Path) -> None:
    target = tmp_path / "embedding"
    flags = ["-L", str(programs.PACKAGE), "-l", "dylib=wasm_capi", "-C", f"link-arg=-Wl,-rpath,{programs.PACKAGE}"]
    subprocess.run(["rustc", "--edition", "2021", "-O", str(HERE / "rust" / "main.rs"), "-o", str(target), *flags], check=True)
    assert programs.run(target, WASM_CAPI_CHECK="1") == SAID


@pytest.mark.skipif(shutil.which("go") is None or shutil.which("gcc") is None, reason="needs go and gcc")
def test_go(tmp_path: Path) -> None:
    target = tmp_path / "embedding"
    env = {
        **os.environ, "CGO_ENABLED": "1", "CGO_CFLAGS": f"-I{programs.PACKAGE / 'include'}", "GOFLAGS": "-mod=mod",
        "CGO_LDFLAGS": f"-L{programs.PACKAGE} -lwasm_capi -Wl,-rpath,{programs.PACKAGE}", "GOPROXY": "off",
    }  # fmt: skip
    subprocess.run(["go", "build", "-o", str(target), "."], cwd=HERE / "go", env=env, check=True)
    assert programs.run(target, WASM_CAPI_CHECK="1") == SAID
