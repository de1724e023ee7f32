"""Component.from_command: a core module of WASI preview 1 as a component, whose functions of preview 1 are Python over what a linker has of WASI 0.2."""

from __future__ import annotations

from importlib.resources import files

from wasm_environ.component.planning.plain import FUNC, INSTANCE
from wasm_environ.errors import ArgumentError, ExitTrap, WasmError
from wasm_environ.host import HostFunction
from wasm_facade.discovery import wasi_preview1, wasi_preview2
from wasm_facade.linker import Linker
from wasm_facade.module import Module
from wasm_facade.wasi_modules import is_command
from wasm_vm import ComponentFunc, Func, ResourceAny

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from wasm_vm import Caller, Store
    from wasm_vm.components import Imports, LoadedComponent

# The import of `command.wat` that runs the program: no linker is asked for it.
MAIN = "main"


class Command:
    """What a component has that is a command: the module that it runs. The component's own text is `command.wat` of the package for WASI 0.2."""

    __slots__ = ("_imports", "_main", "module")

    def __init__(self, module: Module, loaded: LoadedComponent) -> None:
        self.module = module
        self._main: int = next(fields[0] for name, (kind, *fields) in loaded.imports if name == MAIN and kind == FUNC)
        loaded.imports = tuple([item for item in loaded.imports if item[0] != MAIN])
        self._imports = loaded.imports

    def complete(self, imports: Imports) -> None:
        """Add to what was found for the component's imports what runs the program."""
        slots = _slots(self._imports)
        functions = {interface: {name: imports.functions[slot] for name, slot in rows.items()} for interface, rows in slots.items()}
        for rows in functions.values():
            for name, function in rows.items():
                if isinstance(function, ComponentFunc):
                    rows[name] = _raising(function)

        def main(store: Store | Caller) -> None:
            _run(store, self.module, functions)

        imports.functions[self._main] = main


def text_for(module: Module) -> str:
    """The text of the component that runs a module. Raises WasmError for one that is no command, or imports something else."""
    if not isinstance(module, Module):
        raise ArgumentError(f"module: expected a Module, not {type(module).__name__}")
    if not is_command(module):
        raise WasmError("the module is no command: it exports no function `_start`")
    known = wasi_preview1().KNOWN
    for wanted in module.imports:
        if (wanted.module, wanted.name) not in known:
            raise WasmError(f"a component of this module would need `{wanted.module}::{wanted.name}`, which is no function of WASI preview 1")
    return files(wasi_preview2().__name__).joinpath("command.wat").read_text()


def _slots(imports: Any) -> dict[str, dict[str, int]]:
    """Interface without `wasi:` and version -> function -> slot."""
    return {
        name.removeprefix("wasi:").partition("@")[0]: {item: rest[0] for item, (each, *rest) in fields[0] if each == FUNC}
        for name, (kind, *fields) in imports
        if kind == INSTANCE
    }


def _raising(function: ComponentFunc) -> Callable[..., Any]:
    """A function of another component, whose errs are raised while it is called from here."""

    def call(store: Store | Caller, *args: Any) -> Any:
        before = function.raises
        function.raises = True
        try:
            return function(store, *args)
        finally:
            function.raises = before

    return call


def _run(store: Store | Caller, module: Module, functions: dict[str, dict[str, Callable[..., Any]]]) -> None:
    """A run of the program, in an instance of its own. Exit and traps are raised."""
    home = wasi_preview2().__name__
    command: Any = __import__(f"{home}.command", fromlist=["Remote"])
    bound = {interface: {name: _bound(store, function) for name, function in rows.items()} for interface, rows in functions.items()}
    remote = command.Remote(bound, lambda resource: _drop(store, resource))
    context = wasi_preview1().WasiContext(remote)
    try:
        linker = Linker(module.engine)
        for interface, name in dict.fromkeys((wanted.module, wanted.name) for wanted in module.imports):  # Go imports some twice
            row: HostFunction = wasi_preview1().host_function(context, interface, name)
            if name == "proc_exit":
                row = HostFunction(row.module, row.name, row.type, _exiting(row, remote.exit))
            linker.define(store, interface, name, Func._from_host(store, row, None))
        start: Any = linker.instantiate(store, module).exports(store)["_start"]
        start(store)
    finally:
        context.close()


def _exiting(row: HostFunction, exit: Callable[[int], NoReturn]) -> Callable[..., Any]:
    """proc_exit, by the exit that the linker has."""

    def call(caller: object, code: int) -> None:
        try:
            row.call(caller, code)
        except ExitTrap as ended:
            exit(ended.code)

    return call


def _bound(store: Store | Caller, function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: function(store, *args)


def _drop(store: Store | Caller, resource: Any) -> None:
    """Let go of a resource: one of a guest's, or an object of Python's."""
    if isinstance(resource, ResourceAny):
        resource.drop(store)
    else:
        done = getattr(resource, "close", None)
        if done is not None:
            done()
