"""Real programs for WASI 0.2: those of preview 1 that `jco new` makes components of, and ones that are components by their toolchain. What they print and how
they end is what wasmtime-py gives, through the API and by `wasm run`. The toolchains are fetched: `nox -s wasi_programs`.
"""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import shutil
import socket
import sys
import tempfile
import threading
import time
import zlib
from functools import cache
from pathlib import Path

import pytest

from bench.guests import Unavailable
from component_toolchains import componentize_py, node_tool, run
from test_component_network import free_port
from test_programs import HERE, NAMES, OURS, TRAPPED, Case, Outcome, World, built, each_backend, execute, needs_backend, wasm_command
from test_programs import world as world
from toolchains import CACHE

pytestmark = pytest.mark.skipif("WASI_PROGRAMS" not in os.environ, reason="toolchains are fetched in a session of their own: nox -s wasi_programs")
# Not Go's: on jco's adapter its runtime fails an assertion of the adapter, here as there.
COMMANDS = ("walk", "lines", "hash", "missing", "deep", "leave", "javascript", "js error")
# WASI's own WIT files, which are not ours.
WIT = Path(os.environ.get("WASM_WIT") or Path(__file__).parents[2] / "shared" / "wit") / "0.2.12"
APP = HERE / "commands"
# Columns: what the programs of `APP` do, the languages, whether they are given the folder, the large text. What they print is wasmtime-py's, and right.
TASKS = (
    ("tree",   ("python",),                            True,  False),
    ("sums",   ("python", "spidermonkey", "quickjs"), True,  False),
    ("digest", ("python", "quickjs"),                  False, True),
    ("timers", ("python", "spidermonkey", "quickjs"), False, False),
)  # fmt: skip
# What is compiled is Python's interpreter, or SpiderMonkey: that takes a backend long.
SECONDS = 3600


@cache
def command(program: str) -> Path:
    """A program of preview 1 on jco's adapter, under its own name."""
    core = built(program)
    key = hashlib.sha256(core.read_bytes()).hexdigest()[:16]
    output = CACHE / f"command-{key}" / core.name
    if not output.exists():
        output.parent.mkdir(parents=True, exist_ok=True)
        try:
            with tempfile.TemporaryDirectory(dir=CACHE) as partial:
                run([*node_tool("jco", "jco"), "new", core, "--wasi-command", "-o", Path(partial) / "made"])
                (Path(partial) / "made").replace(output)
        except Unavailable as error:
            pytest.skip(str(error))
    return output


def python(wit: Path, output: Path) -> None:
    componentize_py(wit, APP / "app.py", output, world="app")


def spidermonkey(wit: Path, output: Path) -> None:
    disabled = ["--disable", "http", "fetch-event"]
    run([*node_tool("componentize-js", "componentize-js"), APP / "app.js", "--wit", wit, "-n", "plain", "-o", output, *disabled])


def quickjs(wit: Path, output: Path) -> None:
    run([*node_tool("componentize-qjs", "componentize-qjs"), "-j", APP / "app.js", "-w", wit, "-n", "plain", "-o", output, "--sync"])


LANGUAGES = {"python": ("app.py", python), "spidermonkey": ("app.js", spidermonkey), "quickjs": ("app.js", quickjs)}


@cache
def app(language: str) -> Path:
    """The program of `APP` in a language."""
    if not WIT.is_dir():
        pytest.skip("the WASI packages are not at WASM_WIT or ../shared/wit")
    source, build = LANGUAGES[language]
    key = hashlib.sha256(b"".join((APP / name).read_bytes() for name in ("app.wit", source))).hexdigest()[:16]
    output = CACHE / f"app-{language}-{key}.wasm"
    if not output.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        try:
            with tempfile.TemporaryDirectory(dir=CACHE) as partial:
                wit = Path(partial) / "wit"
                shutil.copytree(WIT, wit / "deps")
                shutil.copy(APP / "app.wit", wit)
                build(wit, Path(partial) / "made")
                (Path(partial) / "made").replace(output)
        except Unavailable as error:
            pytest.skip(str(error))
    return output


def through_api(api: str, strategy: str, wasm: Path, case: Case, world: World) -> Outcome:
    """In a process of its own."""
    settings = {"opt": case.opt, "env": case.env, "dirs": {str(world.root): "/data"} if case.data_dir else {}, "http": True, "network": api == OURS}
    words = [sys.executable, str(HERE / "run_component.py"), api, strategy, str(wasm), json.dumps(settings)]
    return execute([*words, *case.args], case, world, SECONDS)


_expected: dict[str, Outcome] = {}


def expected(case: Case, world: World) -> Outcome:
    """What wasmtime-py gives, once a session."""
    if case.name not in _expected:
        _expected[case.name] = through_api("wasmtime", "auto", command(case.program), case, world)
    return _expected[case.name]


@needs_backend
@each_backend
@pytest.mark.parametrize("name", COMMANDS)
def test_preview_1_on_an_adapter(name: str, strategy: str, world: World) -> None:
    case = NAMES[name]
    theirs = expected(case, world)
    ours = through_api(OURS, strategy, command(case.program), case, world)
    assert ours.stderr == theirs.stderr
    assert ours == theirs
    assert case.holds(world, ours.stdout), ours.stdout[-2000:]


@needs_backend
@each_backend
@pytest.mark.parametrize("name", COMMANDS)
def test_command_line(name: str, strategy: str, world: World) -> None:
    case = NAMES[name]
    flags = [f"--strategy={strategy}", *(f"--env={name}={value}" for name, value in case.env.items())]
    flags += [f"--dir={world.root}::/data"] if case.data_dir else []
    ours = execute([*wasm_command(), "run", *flags, str(command(case.program)), *case.args], case, world)
    theirs = expected(case, world)
    assert (ours.status, ours.stdout) == (theirs.status, theirs.stdout)
    if case.status != TRAPPED:
        assert ours.stderr == theirs.stderr


def right(task: str, language: str, world: World) -> bytes | None:
    """What a program must print, found out without one; None: nobody here knows."""
    if task == "timers":
        return b"[30, 30, 60, 90] True\n"
    if task == "digest":
        text = world.text.read_bytes()
        return f"{len(text)} {hashlib.sha256(text).hexdigest() if language == 'python' else f'{zlib.crc32(text):08x}'}\n".encode()
    lines = []
    for folder, folders, files in os.walk(world.root / "tree"):
        folders.sort()
        for path in (Path(folder, name) for name in sorted(files) if not Path(folder, name).is_symlink()):
            data = path.read_bytes()
            lines.append(f"/data/{path.relative_to(world.root)} {len(data)} {zlib.crc32(data):08x}\n")
    return "".join(lines).encode() if task == "sums" else None


@needs_backend
@each_backend
@pytest.mark.parametrize(("task", "language", "folder", "text"), [(task, language, *rest) for task, languages, *rest in TASKS for language in languages])
def test_program(task: str, language: str, folder: bool, text: bool, strategy: str, world: World) -> None:
    args = (task, "/data/tree") if folder else (task,)
    case = Case(f"{language} {task}", "app", args, data_dir=folder, stdin="text" if text else "")
    if case.name not in _expected:
        _expected[case.name] = through_api("wasmtime", "auto", app(language), case, world)
    theirs = _expected[case.name]
    assert theirs.status == 0, theirs
    assert theirs.stdout == (right(task, language, world) or theirs.stdout) != b""
    assert through_api(OURS, strategy, app(language), case, world) == theirs


def bound(table: str, port: int) -> bool:
    """Whether somebody is there: a row of the kernel's table with that address, and with no peer."""
    return any(line.split()[1].endswith(f":{port:04X}") and line.split()[2].endswith(":0000") for line in Path("/proc/net", table).read_text().splitlines()[1:])


# Columns: protocol, what the server is told, what each says. wasmtime-py has no way to allow sockets: what is right is known anyway.
TALKS = (
    ("tcp", ("1",), b"1 307200\n", f"307200 {zlib.crc32(bytes(range(256)) * 1200):08x} True []\n".encode()),
    ("udp", (),     b"21 9501\n",  b"answered\n"),
)  # fmt: skip


@needs_backend
@pytest.mark.parametrize(("server", "client"), [("python", "quickjs"), ("quickjs", "spidermonkey"), ("spidermonkey", "python")])
@pytest.mark.parametrize(("protocol", "more", "served", "answered"), TALKS)
def test_programs_that_talk(protocol: str, more: tuple[str, ...], served: bytes, answered: bytes, server: str, client: str, world: World) -> None:
    port = free_port(socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
    found: list[Outcome] = []
    case = Case(f"{server} {protocol}", "app", (f"{protocol}-server", str(port), *more))
    thread = threading.Thread(target=lambda: found.append(through_api(OURS, "native", app(server), case, world)))
    app(server), app(client)
    thread.start()
    until = time.monotonic() + SECONDS
    while not bound(protocol, port):
        assert thread.is_alive(), found
        assert time.monotonic() < until
        time.sleep(0.1)
    case = Case(f"{client} {protocol}", "app", (f"{protocol}-client", str(port)))
    assert through_api(OURS, "native", app(client), case, world) == Outcome(0, answered, b"")
    thread.join()
    assert found == [Outcome(0, served, b"")]


class Answers(http.server.BaseHTTPRequestHandler):
    """/hello: a text; /echo: what is sent; /redirect: to somewhere that nobody may go to."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        assert self.headers["x-test"] == "yes"
        body = b"hello\n" if self.path == "/hello" else b""
        self.send_response(200 if body else 302)
        if not body:
            self.send_header("location", "http://127.0.0.1:1/")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.send_response(200)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        while size := int(self.rfile.readline(), 16):
            self.wfile.write(b"%x\r\n%s\r\n" % (size, self.rfile.read(size)))
            self.rfile.readline()
        self.rfile.readline()
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        pass


@needs_backend
def test_a_program_that_makes_requests(world: World) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        case = Case("python fetch", "app", ("fetch", str(server.server_port)))
        theirs = through_api("wasmtime", "auto", app("python"), case, world)
        crc = zlib.crc32(bytes(range(256)) * 1200)
        lines = ("/hello 200 - 6 363a3020", f"/echo 200 - 307200 {crc:08x}", "/redirect 302 http://127.0.0.1:1/ 0 00000000")
        assert theirs == Outcome(0, "".join(f"{line}\n" for line in lines).encode(), b"")
        assert through_api(OURS, "native", app("python"), case, world) == theirs
        server.shutdown()
