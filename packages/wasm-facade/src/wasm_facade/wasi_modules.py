"""Modules as WASI has them, for linkers: commands, instantiated anew for every call, and reactors, instantiated once."""

from __future__ import annotations

from wasm_environ.errors import WasmError
from wasm_facade.types import FuncType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from wasm_facade.module import Module
    from wasm_vm import Caller, Instance, InstancePre, Store

# What toolchains export of a command besides functions; no use to other modules, so left out.
COMMAND_LEFTOVERS = frozenset(("memory", "__indirect_function_table", "__data_end", "__heap_base", "__dso_handle", "__global_base",
                               "__memory_base", "__table_base", "__stack_pointer", "__heap_end"))  # fmt: skip


def is_command(module: Module) -> bool:
    """Whether it is one, and no reactor."""
    return any(export.name == "_start" and isinstance(export.type, FuncType) for export in module.exports)


def command_functions(name: str, module: Module, ready: InstancePre, store: Store) -> Iterator[tuple[str, FuncType, Callable[..., Any]]]:
    """Every function of a WASI command by name, with its type; each call is in a fresh instance. Raises WasmError for other exports."""
    for export in module.exports:
        if isinstance(export.type, FuncType):
            yield export.name, export.type, _calling(ready.instantiate, store, export.name)
        elif export.name not in COMMAND_LEFTOVERS:
            raise WasmError(f"command export {export.name!r} of module {name!r} is not a function")


def _calling(instantiate: Callable[[Any], Any], store: Store, export: str) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        return instantiate(store).exports(store)[export](store, *args)

    return call


def initialize(instance: Instance, store: Store | Caller) -> Instance:
    """The instance of a reactor, ready for use."""
    function: Any = instance.exports(store).get("_initialize")
    if function is not None:
        function(store)
    return instance
