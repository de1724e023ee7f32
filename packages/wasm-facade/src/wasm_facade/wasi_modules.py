"""Modules as WASI has them, for linkers: commands, instantiated anew for every call, and reactors, instantiated once."""

from __future__ import annotations

from wasm_environ.errors import WasmError
from wasm_facade.types import FuncType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasm_facade.linker import Linker
    from wasm_facade.module import Module
    from wasm_vm import Store

# What toolchains export of a command besides functions; no use to other modules, so left out.
COMMAND_LEFTOVERS = frozenset(("memory", "__indirect_function_table", "__data_end", "__heap_base", "__dso_handle", "__global_base",
                               "__memory_base", "__table_base", "__stack_pointer", "__heap_end"))  # fmt: skip


def define_command(linker: Linker, store: Store, name: str, module: Module) -> None:
    """Every function of a WASI command, each call in a fresh instance."""
    ready = linker.instantiate_pre(module)
    for export in module.exports:
        if isinstance(export.type, FuncType):
            linker.define_func(name, export.name, export.type, _calling(ready.instantiate, store, export.name))
        elif export.name not in COMMAND_LEFTOVERS:
            raise WasmError(f"command export {export.name!r} of module {name!r} is not a function")


def _calling(instantiate: Callable[[Any], Any], store: Store, export: str) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        return instantiate(store).exports(store)[export](store, *args)

    return call


def define_reactor(linker: Linker, store: Any, name: str, module: Module) -> None:
    """All exports of one instance, initialized."""
    instance = linker.instantiate(store, module)
    initialize: Any = instance.exports(store).get("_initialize")
    if initialize is not None:
        initialize(store)
    linker.define_instance(store, name, instance)
