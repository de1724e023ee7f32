"""Runs the commands of a script one after the other; every assertion counts, and one that fails does not end the script."""

from __future__ import annotations

from wasm_environ.compile_errors import InvalidError, MalformedError
from wasm_environ.errors import LinkError, WasmError
from wasm_environ.script import commands as c
from wasm_environ.script import parse_script
from wasm_environ.traps import TRAPS
from wasm_facade.engine import Engine
from wasm_facade.linker import Linker
from wasm_facade.module import Module
from wasm_facade.wast import spectest, values
from wasm_vm import Func, Global, Instance, Store, Trap, WasmException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any


class Failure(Exception):
    """A command did not go as the script says."""


class Report:
    """What came of a script: commands that passed, and (line, message) of each that failed."""

    __slots__ = ("failures", "passed")

    def __init__(self) -> None:
        self.passed = 0
        self.failures: list[tuple[int, str]] = []


class Executor:
    """The state of one script: a store, its instances by name, and what is registered for import."""

    def __init__(self, engine: Engine, store: Store | None = None) -> None:
        self.engine = engine
        self.store = Store(engine) if store is None else store
        self.linker = Linker(engine)
        self.linker.allow_shadowing = True
        self.instances: dict[str, Instance] = {}
        self.last: Instance | None = None
        self.definitions: dict[str, Module] = {}
        self.last_definition: Module | None = None
        self.adapters: dict[tuple[tuple[str, ...], tuple[str, ...]], Module] = {}
        self.threads: dict[str, tuple[Any, Report]] = {}
        self.found_components: Any = None  # `components.Components`, once the script has one
        self.in_component = False  # what came last
        self.shared: dict[str, Any] = {}  # exports of modules of the thread that started this one
        self.handlers: dict[type, Callable[[Any], object]] = {
            c.ModuleCommand: self.module, c.ModuleInstance: self.module_instance, c.Register: self.register, c.Invoke: self.act,
            c.Get: self.act, c.AssertReturn: self.assert_return, c.AssertTrap: self.assert_trap,
            c.AssertExhaustion: self.assert_trap, c.AssertException: self.assert_exception, c.AssertMalformed: self.assert_malformed,
            c.AssertMalformedCustom: self.assert_malformed, c.AssertInvalid: self.assert_invalid,
            c.AssertInvalidCustom: self.assert_invalid, c.AssertUnlinkable: self.assert_unlinkable, c.Thread: self.thread,
            c.Wait: self.wait,
        }  # fmt: skip

    def run(self, script: Sequence[c.Command], report: Report) -> None:
        """Run all commands."""
        for command in script:
            try:
                handler = self.handlers.get(type(command))
                if handler is None:
                    raise Failure(f"{type(command).__name__} is not supported")
                handler(command)
            except Failure as failure:
                report.failures.append((command.line, str(failure)))
            except Exception as error:  # whatever it is, it is this command's failure
                report.failures.append((command.line, f"{type(command).__name__}: {type(error).__name__}: {error}"))
            else:
                report.passed += 1

    # Modules

    @property
    def components(self) -> Any:
        """What the script says of components; most say nothing, and their support is imported by the first that does."""
        if self.found_components is None:
            from wasm_facade.wast.components import Components

            self.found_components = Components(self.engine)
        return self.found_components

    def compiled(self, command: c.ModuleCommand) -> Any:
        """The Module or Component of a command."""
        if command.is_component:
            return self.components.compiled(command)
        return Module(self.engine, command.binary(self.engine.features))

    def module(self, command: c.ModuleCommand) -> None:
        self.in_component = command.is_component
        if command.is_component:
            self.components.define(command)
            return
        if not command.definition:
            self.last = None  # should this fail, what follows must not meet the module before
        module = Module(self.engine, command.binary(self.engine.features))
        if command.definition:
            self.definitions[command.name] = self.last_definition = module
            return
        self.instantiated(command.name, module)

    def instantiated(self, name: str, module: Module) -> None:
        self.last = None
        self.last = self.linker.instantiate(self.store, module)
        if name:
            self.instances[name] = self.last
            self.linker.define_instance(self.store, name.removeprefix("$"), self.last)  # as for wasmtime's scripts, which register nothing

    def module_instance(self, command: c.ModuleInstance) -> None:
        self.in_component = command.is_component
        if command.is_component:
            self.components.instance(command)
            return
        module = self.definitions.get(command.definition) if command.definition else self.last_definition
        if module is None:
            raise Failure(f"no module definition {command.definition}")
        self.instantiated(command.name, module)

    def instance(self, name: str) -> Instance:
        found = self.instances.get(name) if name else self.last
        if found is None:
            raise Failure(f"no module {name}" if name else "no module: it failed above")
        return found

    def register(self, command: c.Register) -> None:
        if command.name in self.shared:
            for field, item in self.shared[command.name].items():
                self.linker._insert(command.as_name, field, item)
            return
        self.linker.define_instance(self.store, command.as_name, self.instance(command.name))

    # Actions

    def act(self, action: c.Action, expected: Sequence[c.Expected] = ()) -> list[Any]:
        """The results of an action."""
        if self.in_component and isinstance(action, c.Invoke):
            return [self.components.invoke(action)[0]]
        if isinstance(action, c.Get):
            item = self.instance(action.module).exports(self.store)[action.name]
            if not isinstance(item, Global):
                raise Failure(f"{action.name!r} is no global")
            return [item.value(self.store)]
        function: Any = self.instance(action.module).exports(self.store)[action.function]
        if not isinstance(function, Func):
            raise Failure(f"{action.function!r} is no function")
        if any(map(values.is_nan32, action.args)) or any(map(values.wants_nan32, expected)):
            results = self.adapted(function)(self.store, *map(values.adapter_argument, action.args))
        else:
            results = function(self.store, *map(values.argument, action.args))
        if isinstance(results, list):
            return results
        return [] if results is None and not function.type(self.store).results else [results]

    def adapted(self, function: Func) -> Any:
        """The function behind an adapter that passes floats as bits."""
        signature = function.type(self.store)
        params, results = [str(t) for t in signature.params], [str(t) for t in signature.results]
        key = tuple(params), tuple(results)
        module = self.adapters.get(key)
        if module is None:
            module = self.adapters[key] = Module(self.engine, values.adapter(params, results))
        return Instance(self.store, module, [function]).exports(self.store)["f"]

    def component_returns(self, action: c.Invoke, command: c.AssertReturn) -> None:
        from wasm_facade.wast.components import matches

        found, type = self.components.invoke(action)
        wanted = command.values
        if wanted is None or len(wanted) > 1:
            raise Failure("the expected results are not one value of a component")
        if (not wanted and found is not None) or (wanted and (type is None or not matches(wanted[0], type, found))):
            raise Failure(f"{_name(action)} returned {found!r}, not {' '.join(map(repr, wanted)) or 'nothing'}")

    def assert_return(self, command: c.AssertReturn) -> None:
        if self.in_component and isinstance(command.action, c.Invoke):
            self.component_returns(command.action, command)
            return
        results = self.act(command.action, command.expected)
        wanted = command.expected
        if len(results) != len(wanted):
            raise Failure(f"{_name(command.action)} returned {len(results)} values, not {len(wanted)}")
        if not all(map(values.matches, wanted, results)):
            shown = [f"{r:#x}" if isinstance(r, int) and e.kind == "v128" else repr(r) for r, e in zip(results, wanted, strict=True)]
            raise Failure(f"{_name(command.action)} returned {' '.join(shown)}, not {' '.join(map(repr, wanted))}")

    def assert_trap(self, command: c.AssertTrap | c.AssertExhaustion) -> None:
        try:
            if isinstance(command.action, c.ModuleCommand) and command.action.is_component:
                self.components.instantiate("", self.components.compiled(command.action))
            elif isinstance(command.action, c.ModuleCommand):
                self.linker.instantiate(self.store, Module(self.engine, command.action.binary(self.engine.features)))
            else:
                self.act(command.action)
        except WasmException as error:
            raise Failure(f"threw {str(error)!r} instead of trapping: {command.message}") from None
        except Trap as trap:
            if not _says(trap, command.message):
                raise Failure(f"trapped with {str(trap)!r}, not {command.message!r}") from None
            return
        raise Failure(f"did not trap: {command.message}")

    def assert_exception(self, command: c.AssertException) -> None:
        try:
            self.act(command.action)
        except WasmException:
            return
        except Trap as trap:
            raise Failure(f"trapped with {str(trap)!r} instead of throwing") from None
        raise Failure("did not throw")

    # Modules that are no good

    def refused(self, command: Any, wanted: type[WasmError]) -> None:
        try:
            self.compiled(command.module)
        except wanted:
            return
        except WasmError as error:
            raise Failure(f"refused as {type(error).__name__}: {error}; expected {wanted.__name__}: {command.message}") from None
        raise Failure(f"was accepted: {command.message}")

    def assert_malformed(self, command: c.AssertMalformed) -> None:
        self.refused(command, MalformedError)

    def assert_invalid(self, command: c.AssertInvalid) -> None:
        self.refused(command, InvalidError)

    def assert_unlinkable(self, command: c.AssertUnlinkable) -> None:
        module = self.compiled(command.module)
        try:
            if command.module.is_component:
                self.components.instantiate("", module)
            else:
                self.linker.instantiate(self.store, module)
        except LinkError:
            return
        except Trap as trap:
            if not _does_not_fit(trap, command.message):
                raise Failure(f"trapped with {str(trap)!r} instead of being unlinkable: {command.message}") from None
            return
        raise Failure(f"was linked: {command.message}")

    # Threads (threads proposal)

    def thread(self, command: c.Thread) -> None:
        from threading import Thread

        report = Report()
        other = Executor(self.engine)
        other.shared = {name: self.instance(name).exports(self.store) for name in command.shared}
        started = Thread(target=other.run, args=(command.commands, report), daemon=True)
        started.start()
        self.threads[command.name] = started, report

    def wait(self, command: c.Wait) -> None:
        started, report = self.threads.pop(command.thread)
        started.join(60)
        if started.is_alive():
            raise Failure(f"thread {command.thread} does not end")
        if report.failures:
            line, message = report.failures[0]
            raise Failure(f"thread {command.thread}, line {line}: {message}")


def _name(action: c.Action) -> str:
    return action.function if isinstance(action, c.Invoke) else action.name


_WORDS = {name: words for _, name, words, _ in TRAPS}


def _says(trap: Trap, wanted: str) -> bool:
    """Whether a trap is the one meant. The suite adds details ("uninitialized element 2") that none has to give."""
    name = getattr(trap.trap_code, "name", "")
    if name == "NULL_REFERENCE" and wanted != _WORDS["NULL_DESCRIPTOR"]:
        return wanted.startswith("null ") and wanted.endswith("reference")
    known = _WORDS.get(name, "")
    return wanted in str(trap) or (known != "" and wanted.startswith(known))


# Columns: a trap's code, what scripts written before bulk memory, when segments were compared with what they go into before anything ran, say of it.
_SEGMENTS = {"MEMORY_OUT_OF_BOUNDS": "data segment does not fit", "TABLE_OUT_OF_BOUNDS": "elements segment does not fit"}


def _does_not_fit(trap: Trap, wanted: str) -> bool:
    """Whether an active segment out of bounds trapped, no code of the guest's, where a script expects that to be unlinkable."""
    words = _SEGMENTS.get(getattr(trap.trap_code, "name", ""))
    return words is not None and not trap.frames and (wanted == words or _says(trap, wanted))


def run_script(engine: Engine, source: bytes) -> Report:
    """Run a whole script."""
    report = Report()
    executor = Executor(engine)
    spectest.define(executor.linker, executor.store)
    executor.run(parse_script(source), report)
    return report
