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
        if kind == FUNC:
            assert isinstance(described, int)
            return FuncType._of_id(self._registry, self._ids[described])
        if isinstance(described, environ.TableType):
            return TableType._of(environ.TableType(self._code(described.element), described.limits), self._registry)
        if isinstance(described, environ.MemoryType):
            return MemoryType._of(described, None)
        if isinstance(described, environ.GlobalType):
            return GlobalType._of(environ.GlobalType(self._code(described.type), described.mutable), self._registry)
        assert isinstance(described, environ.TagType)
        return TagType(FuncType._of_id(self._registry, self._ids[described.type_index]))

    def _code(self, t: int) -> int:
        """A value type, its module's index replaced by the engine's id."""
        return t & 0xFFF | self._ids[t >> environ.HEAP_SHIFT] << environ.HEAP_SHIFT if t & environ.CONCRETE else t
