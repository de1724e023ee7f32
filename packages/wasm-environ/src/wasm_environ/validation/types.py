"""Validation of the type section: indices, finality, declared supertypes, descriptors (spec: validation/types)."""

from __future__ import annotations

from mypy_extensions import i64

from wasm_environ import limits
from wasm_environ.compile_errors import InvalidError, unknown
from wasm_environ.composites import ArrayType, CompositeType, ContType, FieldType, StructType, SubType
from wasm_environ.features import ALL
from wasm_environ.function.context import Context
from wasm_environ.module import Module
from wasm_environ.types import (
    CONCRETE,
    HEAP_SHIFT,
    I8,
    I16,
    REF,
    FuncType,
)


def check_types(context: Context) -> None:
    """All entries of the type section. Nothing may use `context.matches` on concrete types before this has passed."""
    types = context.module.types
    context.checking = "type"
    for index, sub in enumerate(types):
        context.item = index
        end = sub.rec_start + sub.rec_size
        for t in value_types(sub.composite):
            if t & CONCRETE and t >> HEAP_SHIFT >= end:
                raise InvalidError(unknown("type", t >> HEAP_SHIFT, end, f"in type {index}, which may name its own group and what is before"))
        for above in sub.supers:
            if above >= index:
                raise InvalidError(f"unknown type {above}: a supertype must stand before its subtype {index}")
        if isinstance(sub.composite, ContType) and not isinstance(types[sub.composite.func].composite, FuncType):
            raise InvalidError(f"non-function type {sub.composite.func}: continued by type {index}")
    depths: list[int] = []
    for index, sub in enumerate(types):
        context.item = index
        depth = 0
        if sub.supers:
            depth = depths[sub.supers[0]] + 1
            if depth > limits.SUBTYPING_DEPTH:
                raise InvalidError(limits.exceeded("subtyping depth", depth))
        depths.append(depth)
        check_descriptors(types, index, sub)
    for index, sub in enumerate(types):
        context.item = index
        if sub.supers:
            check_super(context, index, sub)


def check_declared(types: list[SubType]) -> None:
    """A type section that no module brought along."""
    module = Module(b"")
    module.types = types
    check_types(Context(module, ALL))


def value_types(composite: CompositeType) -> tuple[int, ...]:
    """Every value or storage type that a composite type mentions; for a continuation, a reference to its function type."""
    if isinstance(composite, FuncType):
        return (*composite.params, *composite.results)
    if isinstance(composite, StructType):
        return tuple([field.type for field in composite.fields])
    if isinstance(composite, ArrayType):
        return (composite.field.type,)
    return (REF | CONCRETE | composite.func << HEAP_SHIFT,)


def check_super(context: Context, index: int, sub: SubType) -> None:
    """The declared supertype is open, and the subtype's structure matches it."""
    above = context.module.types[sub.supers[0]]
    message = f"sub type {index} does not match super type {sub.supers[0]}"
    if above.final:
        raise InvalidError(f"{message}: that is final")
    if not composite_matches(context, sub.composite, above.composite):
        raise InvalidError(message)
    check_descriptor_super(context, index, sub, above, message)


def composite_matches(context: Context, a: CompositeType, b: CompositeType) -> bool:
    """Whether composite type a is a structural subtype of b (spec: Comptype_sub)."""
    if isinstance(a, FuncType):
        return (
            isinstance(b, FuncType)
            and len(a.params) == len(b.params)
            and len(a.results) == len(b.results)
            and all(context.matches(y, x) for x, y in zip(a.params, b.params, strict=True))
            and all(context.matches(x, y) for x, y in zip(a.results, b.results, strict=True))
        )
    if isinstance(a, StructType):
        return (
            isinstance(b, StructType)
            and len(a.fields) >= len(b.fields)
            and all(field_matches(context, x, y) for x, y in zip(a.fields, b.fields, strict=False))
        )
    if isinstance(a, ArrayType):
        return isinstance(b, ArrayType) and field_matches(context, a.field, b.field)
    return isinstance(b, ContType) and below(context, a.func, b.func)


def field_matches(context: Context, a: FieldType, b: FieldType) -> bool:
    """Mutable fields must be equal, immutable ones may be subtypes (spec: Fieldtype_sub)."""
    if a.mutable != b.mutable:
        return False
    if a.type == b.type:
        return True
    return not a.mutable and a.type not in (I8, I16) and b.type not in (I8, I16) and context.matches(a.type, b.type)


# ---- custom descriptors


def check_descriptors(types: list[SubType], index: int, sub: SubType) -> None:
    """`descriptor` and `describes` point at one another inside one rec group of structs."""
    if sub.descriptor < 0 and sub.describes < 0:
        return
    start = types[sub.rec_start].canonical  # the canonical indices of the group, which may equal an earlier one
    end = start + sub.rec_size
    self = sub.canonical
    if sub.describes >= 0:
        if not start <= sub.describes < end:
            raise InvalidError(f"described type is outside rec group: {sub.describes}, of type {index}")
        if sub.describes >= self:
            raise InvalidError(f"forward use of described type {sub.describes} in type {index}")
        if not isinstance(sub.composite, StructType):
            raise InvalidError(f"described type must be a struct: descriptor type {index}")
        if types[sub.describes].descriptor != self:
            raise InvalidError(f"described type is not described by descriptor: type {sub.describes}, by type {index}")
    if sub.descriptor >= 0:
        if not start <= sub.descriptor < end:
            raise InvalidError(f"descriptor type is outside rec group: {sub.descriptor}, of type {index}")
        if not isinstance(sub.composite, StructType):
            raise InvalidError(f"descriptor type must be a struct: described type {index}")
        if types[sub.descriptor].describes != self:
            raise InvalidError(f"type is not described by its descriptor: type {index}, by type {sub.descriptor}")


def check_descriptor_super(context: Context, index: int, sub: SubType, above: SubType, message: str) -> None:
    """A subtype's descriptor is a subtype of its supertype's; describing and being a descriptor are inherited or not as a whole."""
    if above.descriptor >= 0:
        if sub.descriptor < 0:
            raise InvalidError(f"{message}: it has no descriptor")
        if not below(context, sub.descriptor, above.descriptor):
            raise InvalidError(f"descriptor type {sub.descriptor} does not match {above.descriptor}: types {index} and {sub.supers[0]}")
    if (sub.describes >= 0) != (above.describes >= 0):
        raise InvalidError(f"{message}: one of them describes a type")
    if sub.describes >= 0 and not below(context, sub.describes, above.describes):
        raise InvalidError(f"described type {sub.describes} does not match {above.describes}: types {index} and {sub.supers[0]}")


def below(context: Context, a: i64, b: i64) -> bool:
    """Whether type index a is b or a declared subtype of it."""
    return context.heap_matches(REF | CONCRETE | a << HEAP_SHIFT, REF | CONCRETE | b << HEAP_SHIFT)
