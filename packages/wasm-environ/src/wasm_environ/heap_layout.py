"""Where fields lie in objects of the GC heap, and the 64-byte descriptor of every type: what backends, collector and casts agree about.

A reference of the any, extern and exn hierarchies is 32 bits, zero-extended where it travels in 64:

    0            null
    ....1        i31: the value << 1 | 1
    ...10        an object of the host: HOST_FIRST + 4 * index in the store's table
    ..100        an object of the heap: its byte offset + 4; `VMGcHeap.base` points 4 below the mapping, so the object is at base + reference

A funcref is a 64-bit `VMFuncRef *`, also in the heap. Objects begin with the engine-wide id of their type, 4 bytes, and are multiples of 8 long:

    struct       id | with a custom descriptor: its reference, 4 bytes | fields in order, each aligned to its size (v128 to 8)
    array        id | length, 4 bytes | elements, packed
    exception    id of the tag's function type | 0, 4 bytes | the tag's identity, 8 bytes | the values, as fields
"""

from __future__ import annotations

import sys

from wasm_environ.types import CONCRETE, F32, F64, FUNC, HEAP_SHIFT, I8, I16, I32, I64, NOFUNC, REF, V128, FuncType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Final

    from wasm_environ.composites import ArrayType, CompositeType, StructType

ID_SIZE: Final = 4
DESCRIPTOR_AT: Final = 4  # a struct's custom descriptor
ARRAY_LENGTH: Final = 4
ARRAY_ELEMENTS: Final = 8
EXCEPTION_TAG: Final = 8
EXCEPTION_VALUES: Final = 16
INLINE_LIMIT: Final = 2048  # compiled code allocates objects of at most so many bytes itself, larger ones by libcall
HOST_FIRST: Final = 0xE0000002  # small integers on the native stack are none

SIZES: Final = {I8: 1, I16: 2, I32: 4, F32: 4, I64: 8, F64: 8, V128: 16}
REFERENCE_SIZE: Final = 4
FUNC_REFERENCE_SIZE: Final = 8

# Kinds of types, in descriptors.
KIND_FUNC: Final = 1
KIND_STRUCT: Final = 2
KIND_ARRAY: Final = 3
KIND_CONT: Final = 4  # of which there are no objects yet

# A descriptor (`VMType`): display, depth, kind, size, log2 of the element size, reference words, more.
DESCRIPTOR_SIZE: Final = 64
DISPLAY_ENTRIES: Final = 8
REFERENCE_WORDS: Final = 64  # in `refs`; of longer objects it is a pointer, see `reference_map`


def is_func(t: int, is_func_type: Callable[[int], bool]) -> bool:
    """Whether a reference type belongs to the func hierarchy; `is_func_type` says it of a type index."""
    heap = t >> HEAP_SHIFT
    return is_func_type(heap) if t & CONCRETE else heap in (FUNC, NOFUNC)


def size_of(storage: int, is_func_type: Callable[[int], bool]) -> int:
    """Bytes that a storage type takes in the heap."""
    if storage & REF:
        return FUNC_REFERENCE_SIZE if is_func(storage, is_func_type) else REFERENCE_SIZE
    return SIZES[storage]


class Layout:
    """offsets: of every field. size: of the object, a multiple of 8. references: offsets of the fields that the collector follows."""

    __slots__ = ("offsets", "references", "size")

    def __init__(self, storages: Iterable[int], start: int, is_func_type: Callable[[int], bool]) -> None:
        at = start
        offsets: list[int] = []
        references: list[int] = []
        for storage in storages:
            size = size_of(storage, is_func_type)
            align = min(size, 8)
            at = (at + align - 1) & -align
            offsets.append(at)
            if storage & REF and size == REFERENCE_SIZE:
                references.append(at)
            at += size
        self.offsets = tuple(offsets)
        self.references = tuple(references)
        self.size = (at + 7) & -8


def struct_layout(struct: StructType, is_func_type: Callable[[int], bool], with_descriptor: bool = False) -> Layout:
    """A struct's fields; `with_descriptor`: of a type that has a custom descriptor."""
    layout = Layout((field.type for field in struct.fields), ID_SIZE + (REFERENCE_SIZE if with_descriptor else 0), is_func_type)
    if with_descriptor:
        layout.references = (DESCRIPTOR_AT, *layout.references)
    return layout


def exception_layout(tag: FuncType, is_func_type: Callable[[int], bool]) -> Layout:
    """An exception's values."""
    return Layout(tag.params, EXCEPTION_VALUES, is_func_type)


def element_log2(array: ArrayType, is_func_type: Callable[[int], bool]) -> int:
    """log2 of the bytes an element takes."""
    return size_of(array.field.type, is_func_type).bit_length() - 1


def descriptor_words(
    id: int, supers: list[int], composite: CompositeType, is_func_type: Callable[[int], bool], with_descriptor: bool
) -> list[int]:  # fmt: skip
    """A type's descriptor as 16 32-bit words, the halves of `refs` in the order that this machine has in memory. `supers`: ids of its declared
    supertypes, the outermost first.

    display[k] is the id of the ancestor at depth k, the type's own at its depth; deeper than the display, ancestors are found through `supertype`,
    which is the declared supertype's id or 0. `refs`: bit k says that the 4-byte word k of a struct or exception is a reference, bit 0 of an array
    that its elements are. Where the last reference is beyond, the last word says how many 64-bit words `reference_map` has, and `refs` is for the runtime
    to fill in.
    """
    depth = len(supers)
    chain = [*supers, id]
    display = [chain[k] if k <= depth else 0 for k in range(DISPLAY_ENTRIES)]
    kind, size, log2, refs = _shape(composite, is_func_type, with_descriptor)
    long = 0
    if refs >> REFERENCE_WORDS:
        refs, long = 0, (refs.bit_length() + 63) // 64
    halves = (refs & 0xFFFFFFFF, refs >> 32) if sys.byteorder == "little" else (refs >> 32, refs & 0xFFFFFFFF)
    return [*display, depth, kind, size, log2, *halves, supers[-1] if supers else 0, long]


def _shape(composite: CompositeType, is_func_type: Callable[[int], bool], with_descriptor: bool) -> tuple[int, int, int, int]:
    """(kind, size, log2 of the element size, references)"""
    if isinstance(composite, FuncType):
        layout = exception_layout(composite, is_func_type)
        return KIND_FUNC, layout.size, 0, reference_map(layout)
    from wasm_environ.composites import ArrayType, StructType  # a program without structs and arrays starts sooner without

    if isinstance(composite, ArrayType):
        log2 = element_log2(composite, is_func_type)
        return KIND_ARRAY, ARRAY_ELEMENTS, log2, int(composite.field.type & REF != 0 and log2 == 2)
    if not isinstance(composite, StructType):
        return KIND_CONT, 0, 0, 0
    layout = struct_layout(composite, is_func_type, with_descriptor)
    return KIND_STRUCT, layout.size, 0, reference_map(layout)


def reference_map(layout: Layout) -> int:
    """Bit k: the 4-byte word k of the object is a reference."""
    return sum(1 << (at >> 2) for at in layout.references)
