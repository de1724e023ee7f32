"""Types of core items between modules: function, value and table types by the ids of a registry, and what fits what."""

from __future__ import annotations

from wasm_environ.compile_errors import InvalidError
from wasm_environ.component.validation.table import CoreEntity
from wasm_environ.component.validation.table import Module as ModuleRow
from wasm_environ.module import FUNC, GLOBAL, KIND_NAMES, MEMORY, TABLE, TAG
from wasm_environ.rec_groups import map_value
from wasm_environ.type_text import structure_text, value_text
from wasm_environ.types import GlobalType, Limits, MemoryType, TableType, TagType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasm_environ.module import ExternType, Module
    from wasm_environ.registry import TypeRegistry


def entity(kind: int, type: ExternType, index: Callable[[int], int]) -> CoreEntity:
    """A core item whose type holds type indices, `index` of which are their ids."""
    if isinstance(type, TagType):
        return CoreEntity(kind, index(type.type_index))
    if isinstance(type, int):
        return CoreEntity(kind, index(type))
    if isinstance(type, TableType):
        return CoreEntity(kind, TableType(map_value(type.element, index), type.limits))
    if isinstance(type, GlobalType):
        return CoreEntity(kind, GlobalType(map_value(type.type, index), type.mutable))
    return CoreEntity(kind, type)


def size(registry: TypeRegistry, e: CoreEntity) -> int:
    """How much of a type's size it makes up."""
    if isinstance(e.type, int):
        type = registry.func_type(e.type)
        return 1 + len(type.params) + len(type.results)
    return 1


def module_type(registry: TypeRegistry, module: Module) -> ModuleRow:
    """The type of a valid core module."""
    ids = registry.register(module)
    imports: dict[tuple[str, str], CoreEntity] = {}
    for i in module.imports:
        add_import(imports, i.module, i.name, entity(i.kind, i.type, ids.__getitem__))
    spaces: dict[int, list[Any]] = {
        FUNC: module.functions, TABLE: [t.type for t in module.tables], MEMORY: module.memories, GLOBAL: [g.type for g in module.globals], TAG: module.tags,
    }  # fmt: skip
    exports = {e.name: entity(e.kind, spaces[e.kind][e.index], ids.__getitem__) for e in module.exports}
    return ModuleRow(imports, exports, sum([size(registry, e) for e in (*imports.values(), *exports.values())], 1))


def add_import(imports: dict[tuple[str, str], CoreEntity], module: str, name: str, e: CoreEntity) -> None:
    """Note an import of a module; in components their names are different."""
    if (module, name) in imports:
        raise InvalidError(f"module has a duplicate import name `{module}:{name}` that is not allowed in components")
    imports[module, name] = e


def match(registry: TypeRegistry, a: CoreEntity, b: CoreEntity) -> None:
    """Raises InvalidError unless `a` can be given where `b` is imported."""
    if a.kind != b.kind:
        raise InvalidError(f"expected {KIND_NAMES[b.kind]}, found {KIND_NAMES[a.kind]}")
    if isinstance(a.type, int):
        assert isinstance(b.type, int)
        if not registry.is_subtype(a.type, b.type):
            raise InvalidError(f"expected: {structure_text(registry, b.type)}, found: {structure_text(registry, a.type)}")
    elif isinstance(a.type, TableType):
        assert isinstance(b.type, TableType)
        match_tables(registry, a.type, b.type)
    elif isinstance(a.type, MemoryType):
        assert isinstance(b.type, MemoryType)
        match_memories(a.type, b.type)
    else:
        assert isinstance(b.type, GlobalType)
        if a.type.mutable != b.type.mutable:
            raise InvalidError("global types differ in mutability")
        if a.type.type != b.type.type:
            raise InvalidError(f"expected global type {value_text(registry, b.type.type)}, found {value_text(registry, a.type.type)}")


def match_tables(registry: TypeRegistry, a: TableType, b: TableType) -> None:
    """The same for tables."""
    if a.element != b.element:
        raise InvalidError(f"expected table element type {value_text(registry, b.element)}, found {value_text(registry, a.element)}")
    if a.limits.shared != b.limits.shared:
        raise InvalidError("mismatch in the shared flag for tables")
    if a.limits.is64 != b.limits.is64:
        raise InvalidError("mismatch in index type used for tables")
    if not limits_fit(a.limits, b.limits):
        raise InvalidError("mismatch in table limits")


def match_memories(a: MemoryType, b: MemoryType) -> None:
    """The same for memories."""
    if a.limits.shared != b.limits.shared:
        raise InvalidError("mismatch in the shared flag for memories")
    if a.limits.is64 != b.limits.is64:
        raise InvalidError("mismatch in index type used for memories")
    if a.page_size_log2 != b.page_size_log2:
        raise InvalidError("mismatch in page size for memories")
    if not limits_fit(a.limits, b.limits):
        raise InvalidError("mismatch in memory limits")


def limits_fit(a: Limits, b: Limits) -> bool:
    """Whether at least as much is there, and at most as much can be."""
    return a.min >= b.min and (b.max is None or (a.max is not None and a.max <= b.max))
