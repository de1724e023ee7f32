"""Real programs in C, C++ and Go, built here: what they print and how they end is what wasmtime-py gives, on every backend."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("wasmtime", reason="wasmtime-py is what the output is compared with")
HERE = Path(__file__).parent / "programs"
OURS = os.environ.get("WASM_BENCH_OURS", "wasm_facade")
STRATEGIES = ["auto"] if OURS == "wasmtime" else sorted({point.name for point in entry_points(group="wasm.compilers")})
needs_backend = pytest.mark.skipif(not STRATEGIES, reason="no backend is installed")
each_backend = pytest.mark.parametrize("strategy", STRATEGIES or ["none"])
TIMEOUT = 120
TRAPPED = 134
STDIN_BYTES = 50_000_000
FILE_BYTES = 20_000_003


@dataclass(frozen=True, slots=True)
class World:
    """What the programs are shown: a tree, a large file beside it, a large text for standard input."""

    root: Path
    text_facts: tuple[int, int, int]  # lines, words, longest
    digest: str

    @property
    def environment(self) -> dict[str, str]:
        """Ours, with a compile cache that lives as long as the session."""
        return os.environ | {"WASM_CACHE_DIR": str(self.root.parent / "cache")}

    @property
    def text(self) -> Path:
        return self.root / "text"


@dataclass(frozen=True, slots=True)
class Outcome:
    status: int
    stdout: bytes
    stderr: bytes


@dataclass(frozen=True, slots=True)
class Case:
    """One run of a program. `holds` checks what the output must be, apart from being equal on both runtimes."""

    name: str
    program: str
    args: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    data_dir: bool = False
    stdin: str = ""  # "": empty, "text": the large text, else a file of tests/programs
    status: int = 0
    like: str = ""  # the program whose output under wasmtime-py is expected, where wasmtime refuses this one
    opt: str = "speed"  # Go links its whole runtime, which takes an optimizing backend long
    holds: Callable[[World, bytes], bool] = lambda world, out: bool(out)


def _lines(world: World, out: bytes) -> bool:
    lines, words, longest = world.text_facts
    return out == f"{lines} lines, {words} words, {STDIN_BYTES} bytes, longest {longest}\n".encode()


def _hash(world: World, out: bytes) -> bool:
    empty = hashlib.sha256().hexdigest()
    return out == f"{world.digest}  /data/large\n{empty}  /data/tree/empty\n".encode()


def _tree(world: World, out: bytes) -> bool:
    return b"a/\n" in out and b"link -> ../large" in out and b"outside: refused" in out and b"moved.txt 11" in out


def _exceptions(world: World, out: bytes) -> bool:
    return b"1001 unwound before\n" in out and out.endswith(b"terminated\n")


# fmt: off
CASES = (
    Case("walk",       "walk",       ("/data/tree",), {"GREETING": "hi there"}, data_dir=True, holds=_tree),
    Case("lines",      "lines",      stdin="text", holds=_lines),
    Case("hash",       "hash",       ("/data/large", "/data/tree/empty"), data_dir=True, holds=_hash),
    Case("missing",    "hash",       ("/data/none", "/nowhere"), data_dir=True, status=1, holds=lambda world, out: out == b""),
    Case("deep",       "deep",       status=TRAPPED, holds=lambda world, out: out.startswith(b"shallow: ") and out.count(b"\n") == 1),
    Case("leave",      "leave",      ("one", "", "two words", "\u00e9"), status=7, holds=lambda world, out: out.endswith(b"leaving\n")),
    Case("javascript", "javascript", stdin="script.js", holds=lambda world, out: b"TypeError:" in out and out.endswith(b"late\n")),
    Case("js error",   "javascript", stdin="run.py", status=3, holds=lambda world, out: out == b""),
    Case("exceptions", "exceptions", status=9, holds=_exceptions),
    Case("legacy",     "exceptions-legacy", status=9, like="exceptions", holds=_exceptions),
    Case("trap in try", "exceptions", ("trap",), status=TRAPPED, holds=lambda world, out: out == b"+trapped "),
    Case("legacy trap", "exceptions-legacy", ("trap",), status=TRAPPED, like="exceptions", holds=lambda world, out: out == b"+trapped "),
    Case("jumps",      "jumps",      holds=lambda world, out: out.endswith(b"79997\n")),
    Case("legacy jumps", "jumps-legacy", like="jumps", holds=lambda world, out: out.endswith(b"79997\n")),
    Case("go",         "words",      ("/data/words",), data_dir=True, opt="none", holds=lambda world, out: out.count(b"\n") == 10),
    Case("go tree",    "tree",       ("tree", "/data/tree"), data_dir=True, opt="none", holds=lambda world, out: b"/data/tree/a/big 70000 " in out and b"written <nil>" in out),
    Case("go digest",  "tree",       ("digest",), stdin="text", opt="none", holds=lambda world, out: out.startswith(b"- %d " % STDIN_BYTES)),
    Case("go timers",  "tree",       ("timers",), opt="none", holds=lambda world, out: out == b"300 true\n600 true\n900 true\n"),
    Case("go error",   "words",      ("/none",), status=4, opt="none", holds=lambda world, out: out == b""),
)
# fmt: on
NAMES = {case.name: case for case in CASES}


@cache
def built(program: str) -> Path:
    """The program's file; the test is skipped by name where the machine lacks what it needs."""
    command = [sys.executable, str(HERE / "build.py"), program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if done.returncode == 1 and done.stderr.startswith(f"{program}: "):
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world") / "data")


def make_world(root: Path) -> World:
    """Write it into a folder."""
    tree = root / "tree"
    for path, size in (("a/b/c/leaf", 3), ("a/big", 70000), ("empty", 0), (".hidden", 1), ("a/b/sp ace", 12)):
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_bytes(b"x" * size)
    (tree / "hollow").mkdir()
    (tree / "link").symlink_to("../large")
    (tree / "a" / "loop").symlink_to("loop")
    chooser = random.Random(7)
    large = chooser.randbytes(FILE_BYTES)
    (root / "large").write_bytes(large)
    lines = [b" ".join(chooser.choices((b"to", b"be", b"or", b"not", b"whether", b"'tis"), k=n)) for n in range(1, 600)]
    block = b"\n".join(lines) + b"\n"
    text = (block * (STDIN_BYTES // len(block) + 1))[:STDIN_BYTES]
    (root / "text").write_bytes(text)
    (root / "words").write_bytes(block + b" ".join(b"w%d" % n for n in range(30)))
    longest = max(len(line) for line in lines) + 1
    facts = (text.count(b"\n"), len(text.split()), longest)
    return World(root, facts, hashlib.sha256(large).hexdigest())


def execute(command: list[str], case: Case, world: World, seconds: float = TIMEOUT) -> Outcome:
    """A process with the case's standard input."""
    source = world.text if case.stdin == "text" else HERE / case.stdin if case.stdin else Path(os.devnull)
    with source.open("rb") as stdin:
        done = subprocess.run(command, stdin=stdin, capture_output=True, timeout=seconds, env=world.environment)
    return Outcome(done.returncode, done.stdout, done.stderr)


def run_api(api: str, strategy: str, case: Case, world: World) -> Outcome:
    """Through the Python API, in a process of its own."""
    settings = {"opt": case.opt, "env": case.env, "dirs": {str(world.root): "/data"} if case.data_dir else {}}
    wasm = built(case.like if case.like and api == "wasmtime" else case.program)
    command = [sys.executable, str(HERE / "run.py"), api, strategy, str(wasm), json.dumps(settings)]
    return execute([*command, *case.args], case, world)


def wasm_command() -> list[str]:
    """The installed `wasm` script."""
    if OURS == "wasmtime" or find_spec(OURS) is None:
        pytest.skip("the wasm command is not installed")
    script = Path(sys.executable).with_name("wasm")
    return [str(script)] if script.exists() else [sys.executable, "-m", f"{OURS}.cli"]


_expected: dict[str, Outcome] = {}


def expected(case: Case, world: World) -> Outcome:
    """What wasmtime-py gives, once a session."""
    if case.name not in _expected:
        _expected[case.name] = run_api("wasmtime", "auto", case, world)
    return _expected[case.name]


def _artifact(case: Case, strategy: str, world: World) -> Path:
    """The program compiled by `wasm compile`, once a session; under its own name, which the program sees."""
    file = built(case.program)
    artifact = world.root.parent / strategy / file.name
    if not artifact.exists():
        artifact.parent.mkdir(exist_ok=True)
        how = [f"--strategy={strategy}", f"--opt-level={case.opt}", "-o", str(artifact)]
        assert execute([*wasm_command(), "compile", *how, str(file)], case, world) == Outcome(0, b"", b"")
        assert artifact.read_bytes()[:4] == b"\x7fELF"
    return artifact


@pytest.fixture(params=NAMES)
def case(request: pytest.FixtureRequest) -> Case:
    return NAMES[request.param]


@needs_backend
@each_backend
def test_api(case: Case, strategy: str, world: World) -> None:
    theirs = expected(case, world)
    assert theirs.status == case.status, theirs
    ours = run_api(OURS, strategy, case, world)
    assert ours.stderr == theirs.stderr
    assert ours == theirs
    assert case.holds(world, ours.stdout), ours.stdout[-2000:]


@needs_backend
@each_backend
def test_command(case: Case, strategy: str, world: World) -> None:
    """`wasm run`; it finds in the cache what the test above compiled, or is given an artifact."""
    start = wasm_command()
    theirs = expected(case, world)
    file = built(case.program) if case.opt == "speed" else _artifact(case, strategy, world)
    flags = [f"--strategy={strategy}", *(f"--env={name}={value}" for name, value in case.env.items())]
    flags += [f"--dir={world.root}::/data"] if case.data_dir else []
    ours = execute([*start, "run", *flags, str(file), *case.args], case, world)
    if case.status == TRAPPED:
        assert (b"unreachable" if case.args else b"stack exhausted") in ours.stderr, ours.stderr[-2000:]
        assert b"backtrace" in ours.stderr, ours.stderr[-2000:]
    else:
        assert ours.stderr == theirs.stderr
    assert ours.status == case.status, ours
    assert ours.stdout == theirs.stdout


@needs_backend
def test_streams_from_and_to_paths(world: World, tmp_path: Path) -> None:
    """stdin_file, stdout_file, stderr_file: nothing reaches the process's own streams."""
    files = {"stdin": str(HERE / "script.js"), "stdout": str(tmp_path / "out"), "stderr": str(tmp_path / "err")}
    wasm = built("leave")
    command = [sys.executable, str(HERE / "run.py"), OURS, STRATEGIES[0], str(wasm), json.dumps(files), "x"]
    done = subprocess.run(command, capture_output=True, timeout=TIMEOUT, env=world.environment)
    assert (done.returncode, done.stdout, done.stderr) == (7, b"", b"")
    assert (tmp_path / "out").read_bytes() == b"argument 1: x\nleaving\n"
    assert (tmp_path / "err").read_bytes() == b"an error\n"


@needs_backend
def test_stdin_from_a_pipe(world: World) -> None:
    """50 MB through a pipe, whose reads end where the writer's do."""
    wasm = built("lines")
    command = [sys.executable, str(HERE / "run.py"), OURS, STRATEGIES[0], str(wasm), "{}"]
    done = subprocess.run(command, input=world.text.read_bytes(), capture_output=True, timeout=TIMEOUT, env=world.environment)
    assert (done.returncode, done.stderr) == (0, b"")
    assert _lines(world, done.stdout), done.stdout
