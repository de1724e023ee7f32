"""Types of core modules that a component imports, as plain tuples that an artifact holds; and whether a module is of such a type.

    type = (imports, exports)    ((module, name, item), ...)    ((name, item), ...)
    item = FUNC or TAG, parameters, results | TABLE, element, limits | MEMORY, page_size_log2, limits | GLOBAL, value type, whether it is mutable
    limits = minimum, maximum or None, whether addresses are 64-bit, whether it is shared
"""

from __future__ import annotations

from wasm_environ.compile_errors import InvalidError, UnsupportedError
from wasm_environ.component.validation.core_types import entity, match
from wasm_environ.component.validation.table import CoreEntity, Instance, Module
from wasm_environ.module import FUNC, GLOBAL, MEMORY, TABLE, TAG
from wasm_environ.types import CONCRETE, FuncType, GlobalType, Limits, MemoryType, TableType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasm_environ.component.validation import ComponentInfo
    from wasm_environ.module import Module as CoreModule
    from wasm_environ.registry import TypeRegistry

    Plain = tuple[Any, ...]


def plain_type(info: ComponentInfo, path: tuple[str, ...]) -> Plain:
    """That of the core module which a valid component imports by these names."""
    items = info.imports
    for name in path[:-1]:
        instance = info.types.rows[items[name].type]
        assert isinstance(instance, Instance)
        items = instance.exports
    row = info.types.rows[items[path[-1]].type]
    assert isinstance(row, Module)
    try:
        imports = tuple([(*names, _plain(info.registry, e)) for names, e in row.imports.items()])
        return imports, tuple([(name, _plain(info.registry, e)) for name, e in row.exports.items()])
    except _Refers:
        where = " ".join(map(repr, path))
        raise UnsupportedError(f"imported core modules whose types refer to declared types are not supported: import {where}") from None


class _Refers(Exception):
    """A type refers to a declared type."""


def _plain(registry: TypeRegistry, e: CoreEntity) -> Plain:
    if isinstance(e.type, int):
        func = registry.func_type(e.type)
        if registry.register_func(func) != e.type:
            raise _Refers
        return e.kind, _simple(func.params), _simple(func.results)
    if isinstance(e.type, TableType):
        return e.kind, *_simple((e.type.element,)), _limits(e.type.limits)
    if isinstance(e.type, MemoryType):
        return e.kind, e.type.page_size_log2, _limits(e.type.limits)
    return e.kind, *_simple((e.type.type,)), e.type.mutable


def _simple(types: tuple[int, ...]) -> tuple[int, ...]:
    if any(t & CONCRETE for t in types):
        raise _Refers
    return tuple(types)


def _limits(limits: Limits) -> Plain:
    return limits.min, limits.max, limits.is64, limits.shared


def core_entity(registry: TypeRegistry, item: Plain) -> CoreEntity:
    """An item again; of functions and tags the id of the type."""
    kind, first, second = item
    if kind in (FUNC, TAG):
        return CoreEntity(kind, registry.register_func(FuncType(first, second)))
    if kind == TABLE:
        return CoreEntity(kind, TableType(first, Limits(*second)))
    return CoreEntity(kind, MemoryType(Limits(*second), first) if kind == MEMORY else GlobalType(first, second))


def check(registry: TypeRegistry, module: CoreModule, ids: Any, wanted: Plain) -> None:
    """Raise InvalidError unless a valid module, `ids` of whose types are the registry's, may be given where `wanted` is imported."""
    imports, exports = wanted
    given = {(module_name, name): item for module_name, name, item in imports}
    for i in module.imports:
        item = given.get((i.module, i.name))
        if item is None:
            raise InvalidError(f"module import `{i.module}::{i.name}` not defined")
        _match(registry, core_entity(registry, item), entity(i.kind, i.type, ids.__getitem__), f"module import `{i.module}::{i.name}`")
    spaces: dict[int, list[Any]] = {
        FUNC: module.functions, TABLE: [t.type for t in module.tables], MEMORY: module.memories, GLOBAL: [g.type for g in module.globals], TAG: module.tags,
    }  # fmt: skip
    has = {e.name: e for e in module.exports}
    for name, item in exports:
        export = has.get(name)
        if export is None:
            raise InvalidError(f"module export `{name}` not defined")
        found = entity(export.kind, spaces[export.kind][export.index], ids.__getitem__)
        _match(registry, found, core_entity(registry, item), f"module export `{name}`")


def _match(registry: TypeRegistry, a: CoreEntity, b: CoreEntity, where: str) -> None:
    try:
        match(registry, a, b)
    except InvalidError as error:
        raise InvalidError(f"{where} has the wrong type: {error.message}") from None
