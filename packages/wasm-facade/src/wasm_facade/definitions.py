"""What a linker holds besides items of a store: host functions, WASI functions, commands and reactors, stand-ins for missing imports."""

from __future__ import annotations

from wasm_environ import module as descriptor
from wasm_environ import types as environ
from wasm_environ.errors import LinkError, WasmError
from wasm_facade.types import FuncType, GlobalType, MemoryType, TableType, from_environ
from wasm_vm import Func, Global, Memory, SharedMemory, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from wasm_environ.module import Import
    from wasm_environ.module import Module as Descriptor
    from wasm_facade.linker import AsExtern, Linker
    from wasm_facade.module import Module
    from wasm_vm import Store

# What toolchains export of a command besides functions; no use to other modules, so left out.
COMMAND_LEFTOVERS = frozenset(("memory", "__indirect_function_table", "__data_end", "__heap_base", "__dso_handle", "__global_base",
                               "__memory_base", "__table_base", "__stack_pointer", "__heap_end"))  # fmt: skip


class HostDefinition:
    """A Python function with its type, not yet in a store."""

    __slots__ = ("access_caller", "call", "type")

    def __init__(self, type: FuncType, call: Callable[..., Any], access_caller: bool) -> None:
        self.type = type
        self.call = call
        self.access_caller = access_caller

    def into(self, store: Store) -> Func:
        """A function of that store."""
        return Func(store, self.type, self.call, self.access_caller)


class WasiDefinition:
    """A WASI function: what it does depends on the store's `WasiConfig`."""

    __slots__ = ("key",)

    def __init__(self, key: tuple[str, str]) -> None:
        self.key = key

    def into(self, store: Store) -> Func:
        """The function of that store's WASI."""
        from wasm_facade.wasi import function

        return function(store, self.key)


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


def failing(message: str) -> Callable[..., NoReturn]:
    """A host function in place of an import that is missing."""

    def missing(*args: object) -> NoReturn:
        raise LinkError(message)

    return missing


def default_item(store: Store, module: Descriptor, wanted: Import) -> AsExtern | HostDefinition:
    """A stand-in for an import: a function that returns zeros, or an item as small as its type allows."""
    public = from_environ(module, wanted.kind, wanted.type)
    where = f"`{wanted.module}::{wanted.name}`"
    if isinstance(public, FuncType):
        values = [_default_value(code, where) for code in public._type.results]
        result = values[0] if len(values) == 1 else values or None
        return HostDefinition(public, lambda *args: result, False)
    if isinstance(public, GlobalType):
        return Global(store, public, _default_value(public._type.type, where))
    if isinstance(public, TableType):
        return Table(store, public, _default_value(public._type.element, where))
    if isinstance(public, MemoryType):
        from wasm_facade.engine import Engine

        engine = store.engine
        assert isinstance(engine, Engine)
        return SharedMemory(engine, public) if public.is_shared else Memory(store, public)
    raise LinkError(f"{where}: a {descriptor.KIND_NAMES[wanted.kind]} has no default value")


def _default_value(code: int, where: str) -> Any:
    if environ.is_ref(code):
        if not code & environ.NULLABLE:
            raise LinkError(f"{where}: {environ.value_type_name(code)} has no default value")
        return None
    return 0.0 if code in (environ.F32, environ.F64) else 0
