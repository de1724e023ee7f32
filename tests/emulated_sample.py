"""Op rows and the official suites on an emulated machine, compiled here, run there: what takes an emulated Python long is done by this one.

`emulated_sample.py make ARCH FOLDER NUMBER SUITE...` writes the op rows of `test_ops`, a quarter of the suites, scripts parsed, each module and component an
artifact of the native compiler, some values of `test_component_abi`, the guests between which they cross compiled, and what the native compiler makes of some
functions for each of the four machines, to be the same there. The number says which, and for which processor. COMPILER:TURN instead of a number is the whole suites, of either compiler, for the processor whose turn it is (-1: the last); of the native one, in
its first turn, also what is malformed and invalid, and every module to compile again there. `emulated_sample.py run FOLDER`, on that machine, runs it;
`emulated_sample.py judge FOLDER` compares here what it left there.
"""

from __future__ import annotations

import faulthandler
import functools
import hashlib
import os
import pickle
import shutil
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import wasm_facade
from spec import groups, runner, test_spec
from wasm_environ.script import commands as c
from wasm_environ.script import parse_script
from wasm_facade import component

PARTS = 4  # of the suites
CROSSINGS = 20  # values of components, each between two guests and through Python
# What the code is for, in turn: every processor, and those with what lowering rows and chapters ask for.
PROCESSORS = {"aarch64": ("armv8-a", "armv8.1-a"), "riscv64": ("rv64gc", "rva22", "rva23"), "s390x": ("+vx,+vxe", "+vx,+vxe,+vxe2")}
NEWEST = {isa: cpus[-1] for isa, cpus in PROCESSORS.items()} | {"x86_64": "x86-64-v3"}
PATIENCE = 1200.0  # seconds for a part, which takes some ten
FILES = 40  # of the suites in a part, which has a process of its own
PART, SEEN, PLAN = "part-{}.pickle", "seen-{}.pickle", "plan.pickle"
FRONT_END = (c.AssertMalformed, c.AssertMalformedCustom, c.AssertInvalid, c.AssertInvalidCustom)  # what they ask is Python, which is the same everywhere


class Script(NamedTuple):
    """A file of a suite."""

    name: str
    settings: dict[str, Any]
    commands: list[c.Command]
    artifacts: dict[bytes, bytes]  # by what stands for the module
    again: list[tuple[bytes, str]]  # modules, and digests of what they were compiled to


class Seen(NamedTuple):
    """What became of a script: (line, message) of commands that did not pass."""

    name: str
    passed: int
    failures: list[tuple[int, str]]
    again: int  # modules that were compiled again


class Plan(NamedTuple):
    """What is run: the compiler, for which machine, and what it leaves."""

    strategy: str
    target: tuple[str, str]  # an architecture and a processor
    parts: int
    scripts: list[str]


def engine(settings: dict[str, Any], plan: Plan | None = None) -> wasm_facade.Engine:
    """For the plan's machine, by its compiler; without one, for this machine by the native compiler."""
    config = wasm_facade.Config()
    config.strategy, config.cache = plan.strategy if plan else "native", False
    if plan is not None:
        config.target, config.cpu = plan.target
    for name, value in settings.items():
        setattr(config, name, value)
    return wasm_facade.Engine(config)


class Compiled:
    """The modules and components of a script, each an artifact; commands have them by number."""

    def __init__(self, compiler: wasm_facade.Engine) -> None:
        self.compiler = compiler
        self.artifacts: dict[bytes, bytes] = {}
        self.again: list[tuple[bytes, str]] = []

    def within(self, command: Any) -> Any:
        """The command with what it compiles compiled; one that cannot be as it is: it fails there."""
        if isinstance(command, c.ModuleCommand):
            try:
                data = command.binary(self.compiler.features)
                kind = component.Component if command.is_component else wasm_facade.Module
                artifact = kind(self.compiler, data).serialize()
            except wasm_facade.WasmtimeError:
                return command
            number = b"%d" % len(self.artifacts)
            self.artifacts[number] = bytes(artifact)
            if not command.is_component:
                self.again.append((data, digest(artifact)))
            return replace(command, kind="binary", source="", data=number)
        if isinstance(command, c.Thread):
            return replace(command, commands=[*map(self.within, command.commands)])
        parts = {name: self.within(getattr(command, name)) for name in ("module", "action") if isinstance(getattr(command, name, None), c.ModuleCommand)}
        return replace(command, **parts) if parts else command


def digest(artifact: bytes | bytearray) -> str:
    return hashlib.sha256(artifact).hexdigest()


def prepare(arch: str, folder: Path, which: str, suites: list[Path]) -> int:
    """Write the parts: op rows and values, and scripts by FILES."""
    strategy, _, turn = which.rpartition(":")
    number = 0 if strategy else int(which)
    target = arch, PROCESSORS[arch][int(turn) if strategy else number // PARTS % len(PROCESSORS[arch])]
    files = [(suite, name) for suite in suites if suite.is_dir() for _, name in groups.rows(suite, [strategy or "native"])]
    files = files if strategy else files[number % PARTS :: PARTS]
    plan = Plan(strategy or "native", target, -(-len(files) // FILES) + 1, [name for _, name in files])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / PLAN).write_bytes(pickle.dumps(plan))
    (folder / PART.format(0)).write_bytes(pickle.dumps((*op_rows(plan), *values(plan, number), artifacts(number))))
    with ProcessPoolExecutor(processors()) as pool:
        scripts = [*pool.map(functools.partial(script, plan, which == "native:0"), files, chunksize=4)]
    for k in range(1, plan.parts):
        (folder / PART.format(k)).write_bytes(pickle.dumps(scripts[k - 1 :: plan.parts - 1]))
    return 0


def processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def op_rows(plan: Plan) -> tuple[bytes, list[tuple[str, list[Any]]]]:
    """The module, compiled, and the arguments of each row."""
    import oracle
    import test_ops

    artifact = wasm_facade.Module(engine({}, plan), test_ops.wat()).serialize()
    return bytes(artifact), [(str(k), list(oracle.arguments(op))) for k, (_, op) in enumerate(test_ops.ROWS)]


def values(plan: Plan, number: int) -> tuple[list[int], dict[str, bytes]]:
    """Which values cross, and the guests between which they do, by their text: seen here first."""
    import component_abi
    import test_component_abi

    compiler, texts = engine({"wasm_memory64": True}, plan), {}

    @functools.cache
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


def run_values(chosen: list[int], texts: dict[str, bytes]) -> list[str]:
    """What is wrong with values that cross here."""
    import component_abi

    here = engine({"wasm_memory64": True})
    vars(component_abi)["engine"] = lambda: here
    vars(component_abi)["compiled"] = lambda text: wasm_facade.Module.deserialize(here, texts[text])
    return crossed(chosen)


def artifacts(number: int) -> list[tuple[str, str, str]]:
    """(machine, functions, digest of what they are compiled to): an artifact does not say where it was made."""
    from wasm_codegen_native.examples import EXAMPLES, WITHOUT

    chosen = EXAMPLES[number % PARTS :: PARTS]
    return [(isa, wat, made_for(isa, wat)) for isa in (*PROCESSORS, "x86_64") for name, _, wat in chosen if (name, isa) not in WITHOUT]


def made_for(isa: str, wat: str) -> str:
    """The digest of an artifact of the native compiler."""
    return digest(wasm_facade.Module(engine({}, Plan("native", (isa, NEWEST[isa]), 0, [])), wat).serialize())


def made_otherwise(wanted: list[tuple[str, str, str]]) -> list[str]:
    """What becomes other bytes here."""
    found = [(isa, wat, made, made_for(isa, wat)) for isa, wat, made in wanted]
    return [f"{wat}: for {isa}, compiled there, {here[:16]}, not {made[:16]}" for isa, wat, made, here in found if here != made]


def script(plan: Plan, everything: bool, file: tuple[Path, str]) -> Script:
    """A file of a suite; without what it says of malformed and invalid modules, and with none to compile again, if not `everything`."""
    suite, name = file
    settings = dict(groups.SETTINGS.get(groups.feature_of(name), {}))
    compiled = Compiled(engine(settings, plan))
    parsed = parse_script((suite / name).read_bytes())
    commands = [compiled.within(command) for command in parsed if everything or not isinstance(command, FRONT_END)]
    return Script(name, settings, commands, compiled.artifacts, compiled.again if everything else [])


def run(folder: Path) -> int:
    """Run each part in a process of its own, as many at once as there are processors; what came of them is for `judge`."""

    def child(part: int) -> int:
        return subprocess.run([sys.executable, __file__, "part", str(folder), str(part)], check=False).returncode

    plan: Plan = pickle.loads((folder / PLAN).read_bytes())
    with ThreadPoolExecutor(processors()) as pool:
        return max(map(abs, pool.map(child, range(plan.parts))))


def run_part(folder: Path, part: int) -> int:
    """Run one part. Code that is wrong may never end: then this does."""
    faulthandler.dump_traceback_later(PATIENCE, exit=True)
    plan = pickle.loads((folder / PLAN).read_bytes())
    content = pickle.loads((folder / PART.format(part)).read_bytes())
    seen: Any = [run_script(plan, each) for each in content] if part else (run_rows(*content[:2]), run_values(*content[2:4]) + made_otherwise(content[4]))
    (folder / SEEN.format(part)).write_bytes(pickle.dumps(seen))
    return 0


def run_rows(artifact: bytes, rows: list[tuple[str, list[Any]]]) -> list[list[Any]]:
    """The results, or a trap's name, of each row's arguments."""
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


def run_script(plan: Plan, script: Script) -> Seen:
    """A file's commands; and modules compiled again, which have to become the same bytes."""
    from wasm_facade.wast import components, executor, spectest

    here = engine(script.settings)

    def compiled(engine: wasm_facade.Engine, data: Any) -> wasm_facade.Module:
        if data in script.artifacts:
            return wasm_facade.Module.deserialize(engine, script.artifacts[data])
        return wasm_facade.Module(engine, data)  # adapters, and what is refused

    def compiled_component(engine: wasm_facade.Engine, data: Any) -> component.Component:
        return component.Component.deserialize(engine, script.artifacts[data]) if data in script.artifacts else component.Component(engine, data)

    vars(executor)["Module"], vars(components)["Component"] = compiled, compiled_component
    report, running = executor.Report(), executor.Executor(here)
    spectest.define(running.linker, running.store)
    running.run(script.commands, report)
    compiler = engine(script.settings, plan)
    failures = [*report.failures]
    for data, wanted in script.again:
        found = digest(wasm_facade.Module(compiler, data).serialize())
        if found != wanted:
            failures.append((0, f"a module of {len(data)} bytes, compiled there, is {found[:16]}, not {wanted[:16]}"))
    return Seen(script.name, report.passed, failures, len(script.again))


def judge(folder: Path) -> int:
    """0 if all is as wasmtime has it, and as the suite says."""
    plan: Plan = pickle.loads((folder / PLAN).read_bytes())
    found = [folder / SEEN.format(part) for part in range(plan.parts)]
    wrong = [f"part {part} did not end" for part, path in enumerate(found) if not path.exists()]
    cases = 0
    if found[0].exists():
        seen, others_wrong = pickle.loads(found[0].read_bytes())
        cases = sum(map(len, seen))
        wrong += others_wrong
        wrong += judge_rows(pickle.loads((folder / PART.format(0)).read_bytes())[1], seen)
    scripts: list[Seen] = [each for path in found[1:] if path.exists() for each in pickle.loads(path.read_bytes())]
    for name, passed, failures, _ in scripts:
        outcome = runner.Outcome(passed, failures, 0.0)
        expected = test_spec.listed(plan.strategy, name) & {line for line, _ in failures}  # of those listed, malformed ones are not among what ran
        wrong += [f"{name}: {line}" for line in test_spec.judge(outcome, expected) if line != "nothing ran"]
    print(*wrong[:40], sep="\n", end="\n" if wrong else "")
    ran = f"{sum(each.passed for each in scripts)} commands of {len(scripts)} of {len(plan.scripts)} scripts"
    again = f"{sum(each.again for each in scripts)} modules compiled again"
    print(f"{plan.strategy} for {' '.join(plan.target)}: {cases} rows, {ran}, {again}; {len(wrong)} wrong")
    return 1 if wrong else 0


def judge_rows(rows: list[tuple[str, list[Any]]], seen: list[list[Any]]) -> list[str]:
    """What wasmtime has otherwise."""
    import wasmtime

    import oracle
    import test_ops

    wrong = []
    for (name, cases), found, (text, op) in zip(rows, seen, test_ops.ROWS, strict=True):
        for args, result in zip(cases, found, strict=True):
            ours = ("trap" if isinstance(result, str) else "values", result)
            theirs = oracle.outcome(wasmtime, test_ops.place(""), name, args)
            if not oracle.same(op, ours, theirs):
                wrong.append(f"{text} of {args}: {ours}, wasmtime {theirs}")
    return wrong


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    if command == "make":
        sys.exit(prepare(rest[0], Path(rest[1]), rest[2], [*map(Path, rest[3:])]))
    if command == "part":
        sys.exit(run_part(Path(rest[0]), int(rest[1])))
    sys.exit((run if command == "run" else judge)(Path(rest[0])))
