"""Whether core types that a component declares are valid (core spec: validation/types)."""

from __future__ import annotations

from wasm_environ import limits
from wasm_environ.compile_errors import InvalidError
from wasm_environ.composites import ArrayType, CompositeType, FieldType, StructType, SubType
from wasm_environ.function.context import HEAP_SUB, HEAPS, LOWEST
from wasm_environ.module import FUNC, TAG
from wasm_environ.types import ARRAY, BOT, CONCRETE, EXACT, HEAP_SHIFT, I8, I16, NOFUNC, NONE, NULLABLE, REF, STRUCT, FuncType, MemoryType, TableType, TagType
from wasm_environ.types import FUNC as FUNC_HEAP
from wasm_environ.validation.modules import check_limits, check_memory_type
from wasm_environ.validation.types import value_types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_environ.module import ExternType
    from wasm_environ.registry import TypeRegistry


def check_index(index: int, space: list[int], most: int) -> None:
    """That a type index is one of a core type that is no module type; `most`: how many there are with those that are being defined."""
    if index >= most:
        raise InvalidError(f"unknown type {index}: type index out of bounds")
    if index < len(space) and space[index] < 0:
        raise InvalidError(f"type index {index} is a module type, not a sub type")


def check_group(group: tuple[SubType, ...], space: list[int]) -> None:
    """The indices in a rec group whose types follow those of an index space."""
    start = len(space)
    for at, sub in enumerate(group):
        if sub.descriptor >= 0 or sub.describes >= 0:
            raise InvalidError("custom descriptors are not supported in core types of a component")
        for t in value_types(sub.composite):
            if t & CONCRETE:
                check_index(t >> HEAP_SHIFT, space, start + len(group))
        for above in sub.supers:
            check_index(above, space, start + at)


def check_supertype(registry: TypeRegistry, id: int) -> None:
    """That a type which is registered is what its supertype wants."""
    entry = registry.entry(id)
    if entry.supertype < 0:
        return
    above = registry.entry(entry.supertype)
    if above.final:
        raise InvalidError("sub type cannot have a final super type")
    if not composite_matches(registry, entry.composite, above.composite):
        raise InvalidError("subtype must match supertype")
    depth = 0
    while id >= 0:
        id = registry.supertype(id)
        depth += 1
    if depth > limits.SUBTYPING_DEPTH + 1:
        raise InvalidError(limits.exceeded("subtyping depth", depth - 1))


def composite_matches(registry: TypeRegistry, a: CompositeType, b: CompositeType) -> bool:
    """Whether one is a structural subtype of the other (spec: Comptype_sub); references hold ids."""
    if isinstance(a, FuncType) and isinstance(b, FuncType):
        return (
            (len(a.params), len(a.results)) == (len(b.params), len(b.results))
            and all(matches(registry, y, x) for x, y in zip(a.params, b.params, strict=True))
            and all(matches(registry, x, y) for x, y in zip(a.results, b.results, strict=True))
        )
    if isinstance(a, StructType) and isinstance(b, StructType):
        return len(a.fields) >= len(b.fields) and all(_field_matches(registry, x, y) for x, y in zip(a.fields, b.fields, strict=False))
    return isinstance(a, ArrayType) and isinstance(b, ArrayType) and _field_matches(registry, a.field, b.field)


def _field_matches(registry: TypeRegistry, a: FieldType, b: FieldType) -> bool:
    if a.mutable != b.mutable or a.type == b.type:
        return a.mutable == b.mutable
    return not a.mutable and not {a.type, b.type} & {I8, I16} and matches(registry, a.type, b.type)


def matches(registry: TypeRegistry, a: int, b: int) -> bool:
    """Whether value type a is a subtype of b (spec: Valtype_sub); references hold ids."""
    if a in (b, BOT):
        return True
    if not a & b & REF or a & NULLABLE & ~b:
        return False
    heap, above = a >> HEAP_SHIFT, b >> HEAP_SHIFT
    if b & CONCRETE:
        if not a & CONCRETE:
            return heap == (NOFUNC if registry.is_func(above) else NONE)
        return heap == above if b & EXACT else registry.is_subtype(heap, above)
    if a & CONCRETE:
        composite = registry.composite(heap)
        heap = FUNC_HEAP if isinstance(composite, FuncType) else STRUCT if isinstance(composite, StructType) else ARRAY
    return bool(HEAP_SUB[(heap - LOWEST) * HEAPS + above - LOWEST])


def check_extern(registry: TypeRegistry, kind: int, type: ExternType, space: list[int]) -> None:
    """What a module type imports or exports."""
    if kind in (FUNC, TAG):
        index = type.type_index if isinstance(type, TagType) else type
        assert isinstance(index, int)
        check_index(index, space, len(space))
        if not registry.is_func(space[index]):
            raise InvalidError(f"type mismatch: type index {index} is not a function type")
        if kind == TAG and registry.func_type(space[index]).results:
            raise InvalidError("non-empty tag result type: invalid exception type")
    elif isinstance(type, MemoryType):
        check_memory_type(type)
    elif isinstance(type, TableType):
        most = limits.TABLE64_ELEMENTS if type.limits.is64 else limits.TABLE32_ELEMENTS
        check_limits(type.limits, most, f"table size must be at most {most} elements")
        _check_value(type.element, space)
    else:
        assert not isinstance(type, (int, TagType))
        _check_value(type.type, space)


def _check_value(t: int, space: list[int]) -> None:
    if t & CONCRETE:
        check_index(t >> HEAP_SHIFT, space, len(space))
