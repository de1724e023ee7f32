"""Rules of structs and arrays (spec: validation/instructions, aggregate)."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from wasm_environ import limits
from wasm_environ.body import NEVER_NULL
from wasm_environ.function.context import MUTABLE, STORAGE
from wasm_environ.function.memory import data_index
from wasm_environ.function.op_tables import ARRAY_ACCESS, ARRAY_ALLOCATION, STRUCT_ACCESS, STRUCT_ALLOCATION
from wasm_environ.function.state import State
from wasm_environ.function.table import element_index
from wasm_environ.op import (
    ARRAY_COPY,
    ARRAY_FILL,
    ARRAY_GET,
    ARRAY_INIT_DATA,
    ARRAY_LEN,
    ARRAY_NEW,
    ARRAY_NEW_DATA,
    ARRAY_NEW_DEFAULT,
    ARRAY_NEW_ELEM,
    ARRAY_NEW_FIXED,
    ARRAY_SET,
    STRUCT_GET,
    STRUCT_NEW,
    STRUCT_NEW_DEFAULT_DESC,
    STRUCT_NEW_DESC,
    STRUCT_SET,
)  # fmt: skip
from wasm_environ.types import ARRAY, CONCRETE, EXACT, HEAP_SHIFT, I8, I16, I32, NULLABLE, REF, STRUCT, value_type_name

ARRAY_REF: Final = REF | NULLABLE | ARRAY << HEAP_SHIFT


def aggregate_type(s: State, kind: i64) -> i64:
    """Read a type index; the type must be a struct or array as `kind` says. Returns it canonical."""
    index = s.r.u32()
    context = s.context
    if index >= context.type_count:
        raise s.unknown("type", index, context.type_count)
    if context.kind[index] != kind:
        raise s.fail(f"type mismatch: type {index} is not {'a struct' if kind == STRUCT else 'an array'} type")
    return context.canonical[index]


def reference(type: i64) -> i64:
    """The operand that instructions on a type take."""
    return REF | CONCRETE | NULLABLE | type << HEAP_SHIFT


def pop_object(s: State, want: i64) -> i64:
    """Pop the object of an access; NEVER_NULL if its type is not nullable, else 0."""
    t = s.pop()
    if not s.context.matches(t, want):
        raise s.mismatch(want, t)
    return 0 if t & NULLABLE else NEVER_NULL


def allocated(s: State, type: i64) -> i64:
    """The result of an allocation: never null, and exact where exact types exist."""
    return REF | CONCRETE | s.context.exact | type << HEAP_SHIFT


def packed(storage: i64) -> bool:
    return storage in (I8, I16)


def unpacked(field: i64) -> i64:
    """The type of a field's value on the stack."""
    storage = field & STORAGE
    return I32 if packed(storage) else storage


def struct_new(s: State, op: i64) -> None:
    """struct.new, struct.new_default, and both with a descriptor operand on top; b = NEVER_NULL if that is never null, else 0."""
    type = aggregate_type(s, STRUCT)
    context = s.context
    with_descriptor = op in (STRUCT_NEW_DESC, STRUCT_NEW_DEFAULT_DESC)
    descriptor = context.descriptor[type]
    never_null: i64 = 0
    if with_descriptor:
        if descriptor < 0:
            raise s.fail(f"type without descriptor requires non-descriptor allocation: type {type}")
        never_null = pop_object(s, reference(descriptor) | EXACT)
    elif descriptor >= 0:
        raise s.fail(f"type with descriptor requires descriptor allocation: type {type}")
    first = context.first[type]
    i = context.count[type]
    while i > 0:
        i -= 1
        field = unpacked(context.pool[first + i])
        if op in (STRUCT_NEW, STRUCT_NEW_DESC):
            s.pop_t(field)
        elif not context.defaultable(field):
            raise s.fail(f"type mismatch: field {i} of type {type} has no default value")
    s.push(allocated(s, type))
    if s.live:
        s.emit(op, type, never_null, 0)


def struct_access(s: State, op: i64) -> None:
    """struct.get, struct.get_s, struct.get_u, struct.set: a = type, b = field | NEVER_NULL, c = its storage type."""
    type = aggregate_type(s, STRUCT)
    i = s.r.u32()
    context = s.context
    if i >= context.count[type]:
        raise s.unknown("field", i, context.count[type])
    field = context.pool[context.first[type] + i]
    storage = field & STORAGE
    if op == STRUCT_SET:
        if not field & MUTABLE:
            raise s.fail(f"immutable field {i} of type {type}")
        s.pop_t(unpacked(field))
        never_null = pop_object(s, reference(type))
    else:
        check_extension(s, op == STRUCT_GET, storage)
        never_null = pop_object(s, reference(type))
        s.push(unpacked(field))
    if s.live:
        s.emit(op, type, i | never_null, storage)


def check_extension(s: State, plain: bool, storage: i64) -> None:
    """A packed field needs _s or _u, any other forbids it."""
    if plain and packed(storage):
        raise s.fail(f"type mismatch: the field is packed ({value_type_name(storage)}), reading it needs _s or _u")
    if not plain and not packed(storage):
        raise s.fail(f"type mismatch: the field is not packed ({value_type_name(storage)}), reading it takes no _s or _u")


def element(s: State, type: i64) -> i64:
    """The field word of an array type's elements."""
    return s.context.pool[s.context.first[type]]


def mutable_element(s: State, type: i64) -> i64:
    field = element(s, type)
    if not field & MUTABLE:
        raise s.fail(f"immutable array: type {type}")
    return field


def array_new(s: State, op: i64) -> None:
    """All that allocate: a = type, b = operand count or segment, c = the elements' storage type."""
    context = s.context
    type = aggregate_type(s, ARRAY)
    field = element(s, type)
    b: i64 = 0
    if op == ARRAY_NEW_FIXED:
        b = s.r.u32()
        if b > limits.ARRAY_NEW_FIXED:
            raise s.fail(limits.exceeded("array.new_fixed operands", b))
        i: i64 = 0
        while i < b:
            s.pop_t(unpacked(field))
            i += 1
    else:
        if op == ARRAY_NEW_DATA:
            b = data_index(s)
            numeric_element(s, field)
        elif op == ARRAY_NEW_ELEM:
            b = element_index(s)
            from_segment(s, b, field)
        s.pop_t(I32)
        if op == ARRAY_NEW:
            s.pop_t(unpacked(field))
        elif op == ARRAY_NEW_DEFAULT:
            if not context.defaultable(field & STORAGE):
                raise s.fail(f"type mismatch: the elements of array type {type} have no default value")
        else:
            s.pop_t(I32)
    s.push(allocated(s, type))
    if s.live:
        s.emit(op, type, b, field & STORAGE)


def numeric_element(s: State, field: i64) -> None:
    """Data segments fill arrays of numbers and vectors only."""
    if field & STORAGE & REF:
        raise s.fail("array type is not numeric or vector")


def from_segment(s: State, segment: i64, field: i64) -> None:
    """The segment's elements must fit the array."""
    t = s.context.elements[segment]
    if not s.context.matches(t, field & STORAGE):
        raise s.mismatch(field & STORAGE, t)


def array_access(s: State, op: i64) -> None:
    """array.get, array.get_s, array.get_u, array.set, array.fill: a = type, b = NEVER_NULL or 0, c = the elements' storage type."""
    type = aggregate_type(s, ARRAY)
    field = element(s, type)
    if op in (ARRAY_SET, ARRAY_FILL):
        mutable_element(s, type)
        if op == ARRAY_FILL:
            s.pop_t(I32)
        s.pop_t(unpacked(field))
        s.pop_t(I32)
        never_null = pop_object(s, reference(type))
    else:
        check_extension(s, op == ARRAY_GET, field & STORAGE)
        s.pop_t(I32)
        never_null = pop_object(s, reference(type))
        s.push(unpacked(field))
    if s.live:
        s.emit(op, type, never_null, field & STORAGE)


def array_len(s: State) -> None:
    never_null = pop_object(s, ARRAY_REF)
    s.push(I32)
    if s.live:
        s.emit(ARRAY_LEN, 0, never_null, 0)


def array_copy(s: State) -> None:
    """a = destination type, b = source type, c = the destination's storage type."""
    a = aggregate_type(s, ARRAY)
    b = aggregate_type(s, ARRAY)
    target = mutable_element(s, a) & STORAGE
    source = element(s, b) & STORAGE
    if not s.context.matches(source, target):
        raise s.fail(f"array types do not match: {value_type_name(source)} into {value_type_name(target)}")
    s.pop_t(I32)
    s.pop_t(I32)
    s.pop_t(reference(b))
    s.pop_t(I32)
    s.pop_t(reference(a))
    if s.live:
        s.emit(ARRAY_COPY, a, b, target)


def array_init(s: State, op: i64) -> None:
    """array.init_data, array.init_elem: a = type, b = segment, c = the elements' storage type."""
    type = aggregate_type(s, ARRAY)
    field = mutable_element(s, type)
    if op == ARRAY_INIT_DATA:
        b = data_index(s)
        numeric_element(s, field)
    else:
        b = element_index(s)
        from_segment(s, b, field)
    s.pop_t(I32)
    s.pop_t(I32)
    s.pop_t(I32)
    s.pop_t(reference(type))
    if s.live:
        s.emit(op, type, b, field & STORAGE)


def aggregate(s: State, op: i64, kind: i64) -> None:
    """Dispatch of structs and arrays, by class."""
    if kind == STRUCT_ALLOCATION:
        struct_new(s, op)
    elif kind == STRUCT_ACCESS:
        struct_access(s, op)
    elif kind == ARRAY_ALLOCATION:
        array_new(s, op)
    elif kind == ARRAY_ACCESS:
        array_access(s, op)
    else:
        array_init(s, op)
