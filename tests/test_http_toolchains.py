"""The hello of the guide in Python and JavaScript, built by the tools that people use, behind `wasm serve`: `nox -s http`."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from component_toolchains import SCRIPT, SCRIPT_PATH, run
from test_http_serve import serving
from toolchains import installed, unpacked

ROOT = Path(__file__).parent.parent
HELLO = ROOT / "examples" / "http"
WIT = Path(os.environ.get("WASM_WIT") or ROOT.parent / "shared" / "wit") / "0.2.12"

pytestmark = [
    pytest.mark.skipif(os.environ.get("HTTP_TOOLCHAINS") != "1", reason="fetches toolchains: nox -s http"),
    pytest.mark.skipif(not WIT.is_dir(), reason="the WASI packages are not at WASM_WIT or ../shared/wit"),
]


@pytest.fixture(scope="module")
def wit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("http") / "wit"
    shutil.copytree(WIT / "http", made)
    for other in WIT.iterdir():
        if other.is_dir() and other.name != "http":
            shutil.copytree(other, made / "deps" / other.name)
    return made


def python(wit: Path, output: Path) -> None:
    command: list[str | Path] = [sys.executable, "-c", SCRIPT, "-d", wit, "-w", "proxy", "componentize", "-p", HELLO, "hello", "-o", output]
    run(command, os.environ | {SCRIPT_PATH: str(unpacked("componentize-py"))})


def javascript(wit: Path, output: Path) -> None:
    tool = installed("componentize-js") / "node_modules" / ".bin" / "componentize-js"
    run([unpacked("node") / "bin" / "node", tool, HELLO / "hello.js", "--wit", wit, "-n", "proxy", "-o", output])


@pytest.fixture(scope="module", params=[python, javascript], ids=lambda build: build.__name__)
def hello(request: pytest.FixtureRequest, wit: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built once: the same file is compiled for the first server alone."""
    output: Path = tmp_path_factory.mktemp("hello") / "hello.wasm"
    request.param(wit, output)
    return output


@pytest.mark.parametrize("reuse", ["1", "20"])
def test_hello(hello: Path, reuse: str) -> None:
    with serving(hello, "--reuse", reuse) as server:
        server._found.wait(1800)  # it is compiled first, which takes compilers in plain Python long
        for _ in range(30):
            assert server.ask("/") == (200, b"hello\n")
        assert server.end() == 0
