"""The hello of the guide in each language, made as the page says and served as the page says; in C always, in Python and JavaScript by `nox -s http`.
Handlers in two languages that stream, make requests, trap and spin, in a real process."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

import component_toolchains as toolchains
from bench.guests import Unavailable
from test_component_network import free_port
from test_http_serve import serving
from toolchains import CACHE

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "guide" / "serve.md").read_text(encoding="utf-8")
WIT = Path(os.environ.get("WASM_WIT") or ROOT.parent / "shared" / "wit") / "0.2.12"
FULL = pytest.mark.skipif(os.environ.get("HTTP_TOOLCHAINS") != "1", reason="fetches toolchains: nox -s http")

pytestmark = pytest.mark.skipif(not WIT.is_dir(), reason="the WASI packages are not at WASM_WIT or ../shared/wit")
# Columns: chapter of the page, the guest's file, what its commands are found in; what installs something there is left to the test.
CHAPTERS = (
    ("Python",     "hello.py", lambda: [toolchains.componentize_py_command()]),
    ("JavaScript", "hello.js", lambda: [toolchains.npx_command()]),
    ("C",          "hello.c",  list),
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One with WASI's packages as the page describes them."""
    shutil.copytree(WIT / "http", tmp_path / "wit")
    for other in WIT.iterdir():
        if other.is_dir() and other.name != "http":
            shutil.copytree(other, tmp_path / "wit" / "deps" / other.name)
    return tmp_path


def test_the_page_has_what_is_tested() -> None:
    for _, file, _ in CHAPTERS:
        assert f"\n{(ROOT / 'examples' / 'http' / file).read_text(encoding='utf-8')}```\n" in PAGE, file


@pytest.mark.parametrize(("chapter", "file", "commands"), [pytest.param(*row, marks=[] if row[0] == "C" else FULL) for row in CHAPTERS])
def test_as_the_page_says(chapter: str, file: str, commands: Callable[[], list[Path]], folder: Path) -> None:
    if chapter == "C" and find_spec("ziglang") is None:
        pytest.skip("ziglang is not installed")
    try:
        found = commands()
    except Unavailable as error:
        pytest.skip(f"{chapter}: {error}")
    text = PAGE.partition(f"\n### {chapter}\n")[2].partition("\n### ")[0]
    (_, source), (language, lines) = re.findall(r"^```(\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert language == "sh"
    (folder / file).write_text(source)
    environment = os.environ | {"PATH": os.pathsep.join([*map(str, found), str(Path(sys.executable).parent), os.environ["PATH"]])}
    *making, serve = [line for line in lines.splitlines() if " install " not in line]
    for line in making:
        subprocess.run(["sh", "-c", line], cwd=folder, env=environment, check=True, timeout=900)
    assert serve == "wasm serve hello.wasm"
    for reuse in ("1", "20"):
        with serving(folder / "hello.wasm", "--reuse", reuse) as server:
            server._found.wait(1800)  # it is compiled first, which takes compilers in plain Python long
            for _ in range(30):
                assert server.ask("/") == (200, b"hello\n")
            assert server.end() == 0


HYPERCORN = "hypercorn==0.18.0"
MODULE = """
from http_guest import guest
from wasm_facade.http import asgi
app = asgi(guest().encode(), timeout=2)
"""
# Options of curl, path, body, status, answer.
ASKED = (
    ((),                            "/h", b"",            200, b"hello"),
    (("--http2-prior-knowledge",), "/h", b"",            200, b"hello"),
    ((),                            "/e", b"x" * 500_000, 200, b"x" * 500_000),
    (("--http2-prior-knowledge",), "/e", b"x" * 500_000, 200, b"x" * 500_000),
    ((),                            "/t", b"",            500, b"Internal Server Error\n"),
    ((),                            "/s", b"",            504, b"Gateway Timeout\n"),
)  # fmt: skip


def listens(port: int) -> bool:
    """Whether somebody accepts connections there."""
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


@FULL
def test_behind_another_server(tmp_path: Path) -> None:
    """Any server of ASGI will do: hypercorn, HTTP/2 too."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    site = CACHE / HYPERCORN
    if not site.exists():
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--target", str(site), HYPERCORN], check=True, timeout=300)
    (tmp_path / "served.py").write_text(MODULE)
    port = free_port(socket.SOCK_STREAM)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (site, tmp_path, Path(__file__).parent)))}
    command = [sys.executable, "-m", "hypercorn", "--bind", f"127.0.0.1:{port}", "served:app"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while not listens(port):
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)
        for options, path, body, status, answer in ASKED:
            words = ["curl", "--silent", "--max-time", "60", *options, "--data-binary", "@-", "--write-out", "%{stderr}%{http_code}", f"http://127.0.0.1:{port}{path}"]
            done = subprocess.run(words, input=body, capture_output=True, check=True)
            assert (done.stderr, done.stdout) == (b"%d" % status, answer), path
        process.terminate()
        assert process.wait(30) in (0, -15)
    finally:
        process.kill()
        process.wait()
