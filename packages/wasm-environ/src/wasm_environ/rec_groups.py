"""Rec groups and type equality: gives every type its canonical index, so that equal types are equal integers."""

from __future__ import annotations

from wasm_environ.composites import ArrayType, CompositeType, ContType, FieldType, StructType, SubType
from wasm_environ.types import (
    CONCRETE,
    HEAP_SHIFT,
    REF,
    FuncType,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

# In a key, a reference to member i of the same group is LOCAL + i: the same wherever the group stands.
LOCAL: Final = 1 << 40
FLAGS: Final = (1 << HEAP_SHIFT) - 1

GroupKey = tuple[object, ...]


def map_value(t: int, index: Callable[[int], int]) -> int:
    """The value type with its type index, if it has one, replaced."""
    return t & FLAGS | index(t >> HEAP_SHIFT) << HEAP_SHIFT if t & CONCRETE else t


def map_composite(composite: CompositeType, index: Callable[[int], int]) -> CompositeType:
    """The composite type with all its type indices replaced."""
    if isinstance(composite, FuncType):
        params = tuple([map_value(t, index) for t in composite.params])
        return FuncType(params, tuple([map_value(t, index) for t in composite.results]))
    if isinstance(composite, StructType):
        return StructType(tuple([map_field(field, index) for field in composite.fields]))
    if isinstance(composite, ArrayType):
        return ArrayType(map_field(composite.field, index))
    return ContType(index(composite.func))


def map_field(field: FieldType, index: Callable[[int], int]) -> FieldType:
    """The field type with its type index, if it has one, replaced."""
    return FieldType(map_value(field.type, index), field.mutable)


def composite_key(composite: CompositeType, index: Callable[[int], int]) -> GroupKey:
    """The composite type as a tuple of plain values, its type indices replaced."""
    if isinstance(composite, FuncType):
        params = tuple([map_value(t, index) for t in composite.params])
        return (0, params, tuple([map_value(t, index) for t in composite.results]))
    if isinstance(composite, StructType):
        return (1, tuple([(map_value(f.type, index), f.mutable) for f in composite.fields]))
    if isinstance(composite, ArrayType):
        return (2, map_value(composite.field.type, index), composite.field.mutable)
    return (3, index(composite.func))


def group_key(group: list[SubType], index: Callable[[int], int]) -> GroupKey:
    """What makes a rec group equal to another: its members with `index` applied to every type index."""
    return tuple([
        (
            composite_key(sub.composite, index), sub.final, tuple([index(i) for i in sub.supers]),
            index(sub.descriptor) if sub.descriptor >= 0 else -1, index(sub.describes) if sub.describes >= 0 else -1,
        )
        for sub in group
    ])  # fmt: skip


def plain_key(group: list[SubType]) -> GroupKey:
    """A quicker key for what most types are, a function of numbers that stands alone; () for all others."""
    sub = group[0] if len(group) == 1 else None
    if sub is None or not sub.final or sub.supers or sub.describes >= 0 or sub.descriptor >= 0:
        return ()
    composite = sub.composite
    if not isinstance(composite, FuncType) or max(composite.params, default=0) >= REF or max(composite.results, default=0) >= REF:
        return ()
    return (composite.params, composite.results)


def close_group(types: list[SubType], group: list[SubType], seen: dict[GroupKey, int]) -> None:
    """Append a rec group to `types`: its members get rec_start, rec_size, canonical, and canonical type indices throughout.

    `group` refers to earlier types by canonical index and to its own members by the index they will have. `seen` maps the keys of
    the module's groups to their first type's index (spec: type equivalence is equality of rolled up rec groups).
    """
    start = len(types)
    size = len(group)

    def relative(index: int) -> int:
        return LOCAL + index - start if start <= index < start + size else index

    first = seen.setdefault(plain_key(group) or group_key(group, relative), start)
    if first != start:

        def canonical(index: int) -> int:
            return first + index - start if start <= index < start + size else index

        for sub in group:
            sub.composite = map_composite(sub.composite, canonical)
            sub.supers = tuple([canonical(i) for i in sub.supers])
            sub.descriptor = canonical(sub.descriptor) if sub.descriptor >= 0 else -1
            sub.describes = canonical(sub.describes) if sub.describes >= 0 else -1
    for i, sub in enumerate(group):
        sub.rec_start = start
        sub.rec_size = size
        sub.canonical = first + i
    types.extend(group)


def written_index(types: list[SubType], at: int, index: int) -> int:
    """The type index to write for canonical `index` inside types[at], so that reading it back gives an equal rec group.

    In a group that equals an earlier one, references among its members were canonicalised to the earlier group's; written
    as they stand they would leave the group and change its identity.
    """
    start = types[at].rec_start
    first = types[start].canonical
    return index - first + start if first <= index < first + types[at].rec_size else index
