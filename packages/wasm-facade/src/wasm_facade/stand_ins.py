"""Stand-ins for what a module imports and a linker lacks: functions that fail, or default values."""

from __future__ import annotations

from wasm_environ import types as environ
from wasm_environ.errors import LinkError
from wasm_facade.definitions import HostDefinition
from wasm_facade.types import FuncType, GlobalType, MemoryType, TableType
from wasm_vm import Global, Memory, SharedMemory, Table, Tag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from wasm_facade.definitions import AsExtern
    from wasm_facade.types import ImportType, ValType
    from wasm_vm import Store


def failing(message: str) -> Callable[..., NoReturn]:
    """A host function in place of an import that is missing."""

    def missing(*args: object) -> NoReturn:
        raise LinkError(message)

    return missing


def default_item(store: Store, wanted: ImportType) -> AsExtern | HostDefinition:
    """A stand-in for an import: a function that returns zeros, or an item as small as its type allows."""
    public = wanted.type
    where = f"`{wanted.module}::{wanted.name}`"
    if isinstance(public, FuncType):
        values = [_default_value(t, where) for t in public.results]
        result = values[0] if len(values) == 1 else values or None
        return HostDefinition(public, lambda *args: result, False)
    if isinstance(public, GlobalType):
        return Global(store, public, _default_value(public.content, where))
    if isinstance(public, TableType):
        return Table(store, public, _default_value(public.element, where))
    if isinstance(public, MemoryType):
        from wasm_facade.engine import Engine

        engine = store.engine
        assert isinstance(engine, Engine)
        return SharedMemory(engine, public) if public.is_shared else Memory(store, public)
    return Tag(store, public)


def _default_value(type: ValType, where: str) -> Any:
    if type.is_ref:
        if not type.is_nullable:
            raise LinkError(f"{where}: {type!r} has no default value")
        return None
    return 0.0 if type._type in (environ.F32, environ.F64) else 0
