"""Real programs for WASI 0.2: those of preview 1 that `jco new` makes components of, and ones that are components by their toolchain. What they print and how
they end is what wasmtime-py gives, through the API and by `wasm run`. The toolchains are fetched: `nox -s wasi_programs`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest

from bench.guests import Unavailable
from component_toolchains import componentize_py, node_tool, run
from test_programs import HERE, NAMES, OURS, TRAPPED, Case, Outcome, World, built, each_backend, execute, needs_backend, wasm_command
from test_programs import world as world
from toolchains import CACHE

pytestmark = pytest.mark.skipif("WASI_PROGRAMS" not in os.environ, reason="toolchains are fetched in a session of their own: nox -s wasi_programs")
# Not Go's: on jco's adapter its runtime fails an assertion of the adapter, here as there.
COMMANDS = ("walk", "lines", "hash", "missing", "deep", "leave", "javascript", "js error")
# WASI's own WIT files, which are not ours.
WIT = Path(os.environ.get("WASM_WIT") or Path(__file__).parents[2] / "shared" / "wit") / "0.2.12"
APP = HERE / "commands"
# Columns: what the Python program does, whether it is given the folder, the large text.
TASKS = (("tree", True, False), ("digest", False, True), ("timers", False, False))



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


@cache
def python_program() -> Path:
    """commands/app.py by componentize-py."""
    if not WIT.is_dir():
        pytest.skip("the WASI packages are not at WASM_WIT or ../shared/wit")
    sources = b"".join((APP / name).read_bytes() for name in ("app.wit", "app.py"))
    output = CACHE / f"app-{hashlib.sha256(sources).hexdigest()[:16]}.wasm"
    if not output.exists():
        try:
            with tempfile.TemporaryDirectory(dir=CACHE) as partial:
                wit = Path(partial) / "wit"
                shutil.copytree(WIT, wit / "deps")
                shutil.copy(APP / "app.wit", wit)
                componentize_py(wit, APP / "app.py", Path(partial) / "made", world="app")
                (Path(partial) / "made").replace(output)
        except Unavailable as error:
            pytest.skip(str(error))
    return output


def through_api(api: str, strategy: str, wasm: Path, case: Case, world: World) -> Outcome:
    """In a process of its own."""
    settings = {"opt": case.opt, "env": case.env, "dirs": {str(world.root): "/data"} if case.data_dir else {}}
    words = [sys.executable, str(HERE / "run_component.py"), api, strategy, str(wasm), json.dumps(settings)]
    return execute([*words, *case.args], case, world)


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


@needs_backend
@each_backend
@pytest.mark.parametrize(("task", "folder", "text"), TASKS)
def test_python_program(task: str, folder: bool, text: bool, strategy: str, world: World) -> None:
    args = (task, "/data/tree") if folder else (task,)
    case = Case(f"python {task}", "app", args, data_dir=folder, stdin="text" if text else "")
    if case.name not in _expected:
        _expected[case.name] = through_api("wasmtime", "auto", python_program(), case, world)
    theirs = _expected[case.name]
    assert theirs.status == 0, theirs
    assert theirs.stdout
    assert through_api(OURS, strategy, python_program(), case, world) == theirs
