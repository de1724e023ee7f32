"""The module being compiled, as every lowering sees it: its indices as offsets in its vmctx, its types and settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from librt.vecs import append, vec
from mypy_extensions import i64

from wasm_codegen_native.signatures import Convention, Signature, assign
from wasm_codegen_native.tags import Tags
from wasm_environ.composites import StructType
from wasm_environ.heap_layout import Layout, struct_layout
from wasm_environ.own_functions import all_functions_are_own
from wasm_environ.types import FuncType
from wasm_environ.vmtypes import ContextLayout

if TYPE_CHECKING:
    from wasm_environ.compiler import Tunables
    from wasm_environ.module import Module


@final
class ModuleTables:
    """A module's indices as offsets in its vmctx; one per compilation."""

    def __init__(self, module: Module, tunables: Tunables, convention: Convention, whole: bool = True) -> None:
        layout = ContextLayout(module)
        self.convention: Convention = convention
        self.imported_functions: i64 = module.imported_functions
        self.own_functions: bool = all_functions_are_own(module)
        self.whole: bool = whole  # else some defined functions are another backend's, called by relocation
        self.consume_fuel: bool = tunables.consume_fuel
        self.stack_check: bool = tunables.stack_check
        self.canonical_nans: bool = tunables.canonical_nans
        self.spectre_mitigation: bool = tunables.spectre_mitigation
        self.memory_places: vec[i64] = vec[i64]()
        self.memory_checked: vec[i64] = vec[i64]()  # 1: compare every access with the length
        self.memory_is64: vec[i64] = vec[i64]()
        self.memory_page: vec[i64] = vec[i64]()  # log2
        for index, memory in enumerate(module.memories):
            self.memory_places = append(self.memory_places, layout.memory(index))
            self.memory_checked = append(self.memory_checked, 1 if tunables.needs_bounds_check(memory) else 0)
            self.memory_is64 = append(self.memory_is64, 1 if memory.limits.is64 else 0)
            self.memory_page = append(self.memory_page, memory.page_size_log2)
        self.table_places: vec[i64] = vec[i64]()
        self.table_is64: vec[i64] = vec[i64]()
        for index, table in enumerate(module.tables):
            self.table_places = append(self.table_places, layout.table(index))
            self.table_is64 = append(self.table_is64, 1 if table.type.limits.is64 else 0)
        self.global_places: vec[i64] = vec[i64]()
        self.global_indirect: vec[i64] = vec[i64]()
        for index in range(len(module.globals)):
            place, indirect = layout.global_cell(index)
            self.global_places = append(self.global_places, place)
            self.global_indirect = append(self.global_indirect, 1 if indirect else 0)
        self.import_places: vec[i64] = vec[i64]()
        for index in range(module.imported_functions):
            self.import_places = append(self.import_places, layout.function_import(index))
        self.type_ids: i64 = layout.type_ids
        self.type_is_final: vec[i64] = vec[i64]()
        self.signatures: list[Signature | None] = [None] * len(module.types)
        self.types = [t.composite for t in module.types]
        self.tags: Tags = Tags(module, layout, self.is_func_type)
        for t in module.types:
            self.type_is_final = append(self.type_is_final, 1 if t.final else 0)
        self.supers = [t.supers[0] if t.supers else -1 for t in module.types]
        self.has_descriptor = [t.descriptor >= 0 for t in module.types]
        self.layouts: dict[int, Layout] = {}

    def is_func_type(self, type_index: int) -> bool:
        """Whether a type is a function's."""
        return isinstance(self.types[type_index], FuncType)

    def type_depth(self, type_index: int) -> int:
        """How many supertypes a type has."""
        depth = 0
        while self.supers[type_index] >= 0:
            type_index = self.supers[type_index]
            depth += 1
        return depth

    def struct_layout(self, type_index: int) -> Layout:
        """Where the fields of a struct type lie."""
        layout = self.layouts.get(type_index)
        if layout is None:
            composite = self.types[type_index]
            assert isinstance(composite, StructType)
            layout = struct_layout(composite, self.is_func_type, self.has_descriptor[type_index])
            self.layouts[type_index] = layout
        return layout

    def field_storages(self, type_index: int) -> list[int]:
        """The storage types of a struct type's fields."""
        composite = self.types[type_index]
        assert isinstance(composite, StructType)
        return [field.type for field in composite.fields]

    def signature(self, type_index: i64) -> Signature:
        """The places of a function type's parameters and results."""
        found = self.signatures[type_index]
        if found is None:
            composite = self.types[type_index]
            assert isinstance(composite, FuncType)
            found = assign(composite, self.convention)
            self.signatures[type_index] = found
        return found
