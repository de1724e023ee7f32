"""The public types of what a module imports and exports: its own type indices as ids of the engine's registry."""

from __future__ import annotations

from wasm_environ import types as environ
from wasm_environ.module import FUNC, GLOBAL, MEMORY, TABLE
from wasm_facade.types import FuncType, GlobalType, MemoryType, TableType, TagType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_environ.module import Export, ExternType, Import
    from wasm_environ.registry import TypeRegistry
    from wasm_facade.types import AsExternType
    from wasm_vm.loading import Described


class ModuleTypes:
    """Gives the types of one loaded module."""

    __slots__ = ("_described", "_ids", "_registry")

    def __init__(self, described: Described) -> None:
        self._described = described
        self._registry: TypeRegistry = described.registry
        self._ids = described.type_ids()

    def of_import(self, wanted: Import) -> AsExternType:
        """The type of an import."""
        return self._public(wanted.kind, wanted.type)

    def of_export(self, export: Export) -> AsExternType:
        """The type of an export."""
        module = self._described.module
        if export.kind == FUNC:
            return self._public(FUNC, module.functions[export.index])
        if export.kind == TABLE:
            return self._public(TABLE, module.tables[export.index].type)
        if export.kind == MEMORY:
            return self._public(MEMORY, module.memories[export.index])
        if export.kind == GLOBAL:
            return self._public(GLOBAL, module.globals[export.index].type)
        return self._public(export.kind, module.tags[export.index])

    def _public(self, kind: int, described: ExternType) -> AsExternType:
        if isinstance(described, int):
            return public(self._registry, kind, self._ids[described])
        if isinstance(described, environ.TableType):
            return public(self._registry, kind, environ.TableType(self._code(described.element), described.limits))
        if isinstance(described, environ.GlobalType):
            return public(self._registry, kind, environ.GlobalType(self._code(described.type), described.mutable))
        return public(self._registry, kind, self._ids[described.type_index] if isinstance(described, environ.TagType) else described)

    def _code(self, t: int) -> int:
        """A value type, its module's index replaced by the engine's id."""
        return t & 0xFFF | self._ids[t >> environ.HEAP_SHIFT] << environ.HEAP_SHIFT if t & environ.CONCRETE else t


def public(registry: TypeRegistry, kind: int, type: int | environ.TableType | environ.MemoryType | environ.GlobalType) -> AsExternType:
    """The public class of an item's type, in which references hold the registry's ids; of functions and tags it is the id."""
    if isinstance(type, int):
        func = FuncType._of_id(registry, type)
        return func if kind == FUNC else TagType(func)
    if isinstance(type, environ.TableType):
        return TableType._of(type, registry)
    return MemoryType._of(type, None) if isinstance(type, environ.MemoryType) else GlobalType._of(type, registry)
