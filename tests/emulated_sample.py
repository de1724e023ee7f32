"""A sample of what an emulated machine can do, quick enough for every run: compiled here by the native compiler, run there.

`emulated_sample.py make ARCH FOLDER SUITE NUMBER` writes the op rows of `test_ops` and a quarter of the suite: scripts parsed, each module an artifact.
The number says which quarter, and for which processor. `emulated_sample.py run FOLDER`, on that machine, runs it; `emulated_sample.py judge FOLDER`
compares here what it left there.
"""

from __future__ import annotations

import faulthandler
import pickle
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import wasm_facade
from spec import groups, runner, test_spec
from wasm_environ.script import commands as c
from wasm_environ.script import parse_script

PARTS = 4  # of the suite
# What the code is for, in turn: every processor, and those with what lowering rows and chapters ask for.
PROCESSORS = {"aarch64": ("armv8-a", "armv8.1-a"), "riscv64": ("rv64gc", "rva22", "rva23"), "s390x": ("+vx,+vxe", "+vx,+vxe,+vxe2")}
PATIENCE = 300.0  # seconds for what takes six
ROWS, SCRIPTS, SEEN = "rows.pickle", "scripts.pickle", "seen.pickle"
FRONT_END = (c.AssertMalformed, c.AssertMalformedCustom, c.AssertInvalid, c.AssertInvalidCustom)  # what they ask is Python, which is the same everywhere
Script = tuple[str, dict[str, Any], "list[c.Command]", dict[bytes, bytes]]  # name, settings, commands, artifacts by what stands for the module


def engine(settings: dict[str, Any], target: tuple[str, str] | None = None) -> wasm_facade.Engine:
    """The native compiler's; `target`: an architecture and a processor."""
    config = wasm_facade.Config()
    config.strategy, config.cache = "native", False
    if target is not None:
        config.target, config.cpu = target
    for name, value in settings.items():
        setattr(config, name, value)
    return wasm_facade.Engine(config)


class Compiled:
    """The modules of a script, each an artifact; commands have them by number."""

    def __init__(self, compiler: wasm_facade.Engine) -> None:
        self.compiler = compiler
        self.artifacts: dict[bytes, bytes] = {}

    def within(self, command: Any) -> Any:
        """The command with what it compiles compiled; one that cannot be as it is: it fails there."""
        if isinstance(command, c.ModuleCommand):
            try:
                artifact = wasm_facade.Module(self.compiler, command.binary(self.compiler.features)).serialize()
            except wasm_facade.WasmtimeError:
                return command
            number = b"%d" % len(self.artifacts)
            self.artifacts[number] = bytes(artifact)
            return replace(command, kind="binary", source="", data=number)
        if isinstance(command, c.Thread):
            return replace(command, commands=[*map(self.within, command.commands)])
        parts = {name: self.within(getattr(command, name)) for name in ("module", "action") if isinstance(getattr(command, name, None), c.ModuleCommand)}
        return replace(command, **parts) if parts else command


def prepare(arch: str, folder: Path, suite: Path, number: int) -> int:
    """Write both parts."""
    target = arch, PROCESSORS[arch][number // PARTS % len(PROCESSORS[arch])]
    import oracle
    import test_ops

    folder.mkdir(parents=True, exist_ok=True)
    artifact = wasm_facade.Module(engine({}, target), test_ops.wat()).serialize()
    rows = [(str(k), list(oracle.arguments(op))) for k, (_, op) in enumerate(test_ops.ROWS)]
    (folder / ROWS).write_bytes(pickle.dumps((artifact, rows)))
    names = [name for _, name in groups.rows(suite, ["native"])] if suite.is_dir() else []
    scripts = [script(target, suite, name) for name in names[number % PARTS :: PARTS]]
    (folder / SCRIPTS).write_bytes(pickle.dumps(scripts))
    return 0


def script(target: tuple[str, str], suite: Path, name: str) -> Script:
    """A file of the suite, without what it says of malformed and invalid modules."""
    settings = dict(groups.SETTINGS.get(groups.feature_of(name), {}))
    compiled = Compiled(engine(settings, target))
    commands = [compiled.within(command) for command in parse_script((suite / name).read_bytes()) if not isinstance(command, FRONT_END)]
    return name, settings, commands, compiled.artifacts


def run(folder: Path) -> int:
    """Run both parts; what came of them is for `judge`. Code that is wrong may never end: then this does."""
    faulthandler.dump_traceback_later(PATIENCE, exit=True)
    seen = pickle.dumps((run_rows(folder), run_scripts(folder)))
    (folder / SEEN).write_bytes(seen)
    return 0


def run_rows(folder: Path) -> list[list[Any]]:
    """The results, or a trap's name, of each row's arguments."""
    artifact, rows = pickle.loads((folder / ROWS).read_bytes())
    here = engine({})
    store = wasm_facade.Store(here)
    exports: Any = wasm_facade.Instance(store, wasm_facade.Module.deserialize(here, artifact), []).exports(store)
    seen = []
    for name, cases in rows:
        function, found = exports[name], []
        for args in cases:
            try:
                found.append(function(store, *args))
            except wasm_facade.Trap as trap:
                found.append(getattr(trap.trap_code, "name", ""))
        seen.append(found)
    return seen


def run_scripts(folder: Path) -> list[tuple[str, int, list[tuple[int, str]]]]:
    """Of each file its name, how many commands passed, (line, message) of those that did not."""
    from wasm_facade.wast import executor, spectest

    seen = []
    for name, settings, commands, artifacts in pickle.loads((folder / SCRIPTS).read_bytes()):
        here = engine(settings)

        def compiled(engine: wasm_facade.Engine, data: Any, artifacts: dict[bytes, bytes] = artifacts) -> wasm_facade.Module:
            if data in artifacts:
                return wasm_facade.Module.deserialize(engine, artifacts[data])
            return wasm_facade.Module(engine, data)  # adapters, and what is refused

        vars(executor)["Module"] = compiled
        report, running = executor.Report(), executor.Executor(here)
        spectest.define(running.linker, running.store)
        running.run(commands, report)
        seen.append((name, report.passed, report.failures))
    return seen


def judge(folder: Path) -> int:
    """0 if all is as wasmtime has it, and as the suite says."""
    import wasmtime

    import oracle
    import test_ops

    _, rows = pickle.loads((folder / ROWS).read_bytes())
    seen, scripts = pickle.loads((folder / SEEN).read_bytes())
    wrong = []
    for (name, cases), found, (text, op) in zip(rows, seen, test_ops.ROWS, strict=True):
        for args, result in zip(cases, found, strict=True):
            ours = ("trap" if isinstance(result, str) else "values", result)
            theirs = oracle.outcome(wasmtime, test_ops.place(""), name, args)
            if not oracle.same(op, ours, theirs):
                wrong.append(f"{text} of {args}: {ours}, wasmtime {theirs}")
    for name, passed, failures in scripts:
        outcome = runner.Outcome(passed, failures, 0.0)
        expected = test_spec.listed("native", name) & {line for line, _ in failures}  # of those listed, malformed ones are not among what ran
        wrong += [f"{name}: {line}" for line in test_spec.judge(outcome, expected) if line != "nothing ran"]
    print(*wrong[:40], sep="\n", end="\n" if wrong else "")
    print(f"{sum(map(len, seen))} rows, {sum(passed for _, passed, _ in scripts)} commands of {len(scripts)} scripts; {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    if command == "make":
        sys.exit(prepare(rest[0], Path(rest[1]), Path(rest[2]), int(rest[3])))
    sys.exit((run if command == "run" else judge)(Path(rest[0])))
