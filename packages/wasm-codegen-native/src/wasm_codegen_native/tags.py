"""A module's tags: where their identities are in the vmctx, and where exceptions of theirs keep their values."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from librt.vecs import append, vec
from mypy_extensions import i64

from wasm_codegen_native.machine import T_I32, T_V128
from wasm_codegen_native.signatures import register_type
from wasm_environ.heap_layout import REFERENCE_SIZE, exception_layout, size_of
from wasm_environ.types import REF, FuncType

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasm_environ.module import Module
    from wasm_environ.vmtypes import ContextLayout


@final
class TagLayout:
    """Value k of an exception is a `types[k]` (T_*), and the `stored[k]` (T_*) at `offsets[k]` bytes in the object of `size` bytes."""

    def __init__(self) -> None:
        self.types: vec[i64] = vec[i64]()
        self.stored: vec[i64] = vec[i64]()
        self.offsets: vec[i64] = vec[i64]()
        self.size: i64 = 0
        self.has_vectors: bool = False


def tag_layout(function: FuncType, is_func_type: Callable[[int], bool]) -> TagLayout:
    """The layout of exceptions of a tag with this type; `is_func_type` as in heap_layout."""
    result = TagLayout()
    layout = exception_layout(function, is_func_type)
    result.size = layout.size
    for value_type, offset in zip(function.params, layout.offsets, strict=True):
        type = register_type(value_type)
        short = value_type & REF and size_of(value_type, is_func_type) == REFERENCE_SIZE
        result.types = append(result.types, type)
        result.stored = append(result.stored, T_I32 if short else type)
        result.offsets = append(result.offsets, offset)
        if type == T_V128:
            result.has_vectors = True
    return result


@final
class Tags:
    """places, type_ids: offsets in the vmctx of a tag's identity and of the engine's id of its type."""

    def __init__(self, module: Module, layout: ContextLayout, is_func_type: Callable[[int], bool]) -> None:
        self.imported: i64 = module.imported_tags
        self.places: vec[i64] = vec[i64]()
        self.type_ids: vec[i64] = vec[i64]()
        self.layouts: list[TagLayout] = []
        self.has_vectors: bool = False  # whether any tag has
        for index, tag in enumerate(module.tags):
            composite = module.types[tag.type_index].composite
            assert isinstance(composite, FuncType)
            self.places = append(self.places, layout.tag(index))
            self.type_ids = append(self.type_ids, layout.type_id(tag.type_index))
            self.layouts.append(tag_layout(composite, is_func_type))
            if self.layouts[index].has_vectors:
                self.has_vectors = True

    def may_be_one(self, a: i64, b: i64) -> bool:
        """Whether two indices may name the same tag: only imports can be given the same one."""
        return a == b or (a < self.imported and b < self.imported)
