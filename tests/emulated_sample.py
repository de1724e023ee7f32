"""A sample of what an emulated machine can do, quick enough for every run: compiled here by the native compiler, run there.

`emulated_sample.py make ARCH FOLDER NUMBER SUITE...` writes the op rows of `test_ops`, a quarter of the suites, scripts parsed, each module and component
an artifact, and some values of `test_component_abi`, the guests between which they cross compiled. The number says which, and for which processor.
`emulated_sample.py run FOLDER`, on that machine, runs it; `emulated_sample.py judge FOLDER` compares here what it left there.
"""

from __future__ import annotations

import faulthandler
import pickle
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import wasm_facade
from spec import groups, runner, test_spec
from wasm_environ.script import commands as c
from wasm_environ.script import parse_script
from wasm_facade import component

PARTS = 4  # of the suites
CROSSINGS = 20  # values of components, each between two guests and through Python
# What the code is for, in turn: every processor, and those with what lowering rows and chapters ask for.
PROCESSORS = {"aarch64": ("armv8-a", "armv8.1-a"), "riscv64": ("rv64gc", "rva22", "rva23"), "s390x": ("+vx,+vxe", "+vx,+vxe,+vxe2")}
PATIENCE = 300.0  # seconds for what takes six
ROWS, SCRIPTS, VALUES, SEEN = "rows.pickle", "scripts.pickle", "values.pickle", "seen.pickle"
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
    """The modules and components of a script, each an artifact; commands have them by number."""

    def __init__(self, compiler: wasm_facade.Engine) -> None:
        self.compiler = compiler
        self.artifacts: dict[bytes, bytes] = {}

    def within(self, command: Any) -> Any:
        """The command with what it compiles compiled; one that cannot be as it is: it fails there."""
        if isinstance(command, c.ModuleCommand):
            try:
                kind = component.Component if command.is_component else wasm_facade.Module
                artifact = kind(self.compiler, command.binary(self.compiler.features)).serialize()
            except wasm_facade.WasmtimeError:
                return command
            number = b"%d" % len(self.artifacts)
            self.artifacts[number] = bytes(artifact)
            return replace(command, kind="binary", source="", data=number)
        if isinstance(command, c.Thread):
            return replace(command, commands=[*map(self.within, command.commands)])
        parts = {name: self.within(getattr(command, name)) for name in ("module", "action") if isinstance(getattr(command, name, None), c.ModuleCommand)}
        return replace(command, **parts) if parts else command


def prepare(arch: str, folder: Path, number: int, suites: list[Path]) -> int:
    """Write all parts."""
    target = arch, PROCESSORS[arch][number // PARTS % len(PROCESSORS[arch])]
    import oracle
    import test_ops

    folder.mkdir(parents=True, exist_ok=True)
    artifact = wasm_facade.Module(engine({}, target), test_ops.wat()).serialize()
    rows = [(str(k), list(oracle.arguments(op))) for k, (_, op) in enumerate(test_ops.ROWS)]
    (folder / ROWS).write_bytes(pickle.dumps((artifact, rows)))
    names = [(suite, name) for suite in suites if suite.is_dir() for _, name in groups.rows(suite, ["native"])]
    scripts = [script(target, suite, name) for suite, name in names[number % PARTS :: PARTS]]
    (folder / SCRIPTS).write_bytes(pickle.dumps(scripts))
    (folder / VALUES).write_bytes(pickle.dumps(values(target, number)))
    return 0


def values(target: tuple[str, str], number: int) -> tuple[list[int], dict[str, bytes]]:
    """Which values cross, and the guests between which they do, by their text: seen here first."""
    import component_abi
    import test_component_abi

    compiler, texts = engine({"wasm_memory64": True}, target), {}

    @cache
    def compiled(text: str) -> wasm_facade.Module:
        texts[text] = bytes(wasm_facade.Module(compiler, text).serialize())
        return wasm_facade.Module(component_abi.engine(), text)

    vars(component_abi)["compiled"] = compiled
    count = len(test_component_abi.ROWS)
    chosen = [(number * CROSSINGS + i) % count for i in range(CROSSINGS)]
    wrong = crossed(chosen)
    assert not wrong, wrong
    return chosen, texts


def crossed(chosen: list[int]) -> list[str]:
    """What is wrong with these rows of `test_component_abi`."""
    import test_component_abi

    wrong = []
    for number in chosen:
        for way in (test_component_abi.between_guests, test_component_abi.through_host):
            try:
                way(test_component_abi.ROWS[number])
            except Exception as error:  # whatever it is, it is this row's failure
                wrong.append(f"values of row {number}, {way.__name__}: {type(error).__name__}: {error}")
    return wrong


def run_values(folder: Path) -> list[str]:
    """What is wrong with values that cross here."""
    import component_abi

    chosen, texts = pickle.loads((folder / VALUES).read_bytes())
    here = engine({"wasm_memory64": True})
    vars(component_abi)["engine"] = lambda: here
    vars(component_abi)["compiled"] = lambda text: wasm_facade.Module.deserialize(here, texts[text])
    return crossed(chosen)


def script(target: tuple[str, str], suite: Path, name: str) -> Script:
    """A file of the suite, without what it says of malformed and invalid modules."""
    settings = dict(groups.SETTINGS.get(groups.feature_of(name), {}))
    compiled = Compiled(engine(settings, target))
    commands = [compiled.within(command) for command in parse_script((suite / name).read_bytes()) if not isinstance(command, FRONT_END)]
    return name, settings, commands, compiled.artifacts


def run(folder: Path) -> int:
    """Run all parts; what came of them is for `judge`. Code that is wrong may never end: then this does."""
    faulthandler.dump_traceback_later(PATIENCE, exit=True)
    seen = pickle.dumps((run_rows(folder), run_scripts(folder), run_values(folder)))
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
    from wasm_facade.wast import components, executor, spectest

    seen = []
    for name, settings, commands, artifacts in pickle.loads((folder / SCRIPTS).read_bytes()):
        here = engine(settings)

        def compiled(engine: wasm_facade.Engine, data: Any, artifacts: dict[bytes, bytes] = artifacts) -> wasm_facade.Module:
            if data in artifacts:
                return wasm_facade.Module.deserialize(engine, artifacts[data])
            return wasm_facade.Module(engine, data)  # adapters, and what is refused

        def compiled_component(engine: wasm_facade.Engine, data: Any, artifacts: dict[bytes, bytes] = artifacts) -> component.Component:
            return component.Component.deserialize(engine, artifacts[data]) if data in artifacts else component.Component(engine, data)

        vars(executor)["Module"], vars(components)["Component"] = compiled, compiled_component
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
    seen, scripts, wrong = pickle.loads((folder / SEEN).read_bytes())
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
        sys.exit(prepare(rest[0], Path(rest[1]), int(rest[2]), [*map(Path, rest[3:])]))
    sys.exit((run if command == "run" else judge)(Path(rest[0])))
