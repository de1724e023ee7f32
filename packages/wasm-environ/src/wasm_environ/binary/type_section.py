"""Type section: rec groups, sub types, function, struct, array and continuation types (spec: binary/types)."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from wasm_environ import limits
from wasm_environ.binary.reader import Reader
from wasm_environ.compile_errors import InvalidError, MalformedError
from wasm_environ.composites import ArrayType, CompositeType, ContType, FieldType, StructType, SubType
from wasm_environ.rec_groups import GroupKey, close_group
from wasm_environ.types import I8, I16, FuncType

FUNC_CODE: Final = 0x60
STRUCT_CODE: Final = 0x5F
ARRAY_CODE: Final = 0x5E
CONT_CODE: Final = 0x5D
SUB_CODE: Final = 0x50
SUB_FINAL_CODE: Final = 0x4F
REC_CODE: Final = 0x4E
DESCRIPTOR_CODE: Final = 0x4D
DESCRIBES_CODE: Final = 0x4C


def type_section(r: Reader, count: i64) -> None:
    """Decode `count` rec groups into r.types."""
    seen: dict[GroupKey, int] = {}
    i: i64 = 0
    while i < count:
        at = r.pos
        group: list[SubType] = []
        if r.pos < r.end and r.data[r.pos] == REC_CODE:
            r.need("gc", "a rec group", at)
            r.pos += 1
            n = r.u32()
            if n > limits.REC_GROUP:
                raise InvalidError(limits.exceeded("rec group size", n), at)
            while n > 0:
                group.append(sub_type(r))
                n -= 1
        else:
            group.append(sub_type(r))
        if len(r.types) + len(group) > limits.TYPES:
            raise InvalidError(limits.exceeded("types", len(r.types) + len(group)), at)
        close_group(r.types, group, seen)
        i += 1


def sub_type(r: Reader) -> SubType:
    at = r.pos
    code = r.byte()
    final = True
    supers: list[int] = []
    if code in (SUB_CODE, SUB_FINAL_CODE):
        r.need("gc", "a sub type", at)
        final = code == SUB_FINAL_CODE
        n = r.u32()
        if n > 1:
            raise InvalidError("sub type has more than one supertype", at)
        while n > 0:
            supers.append(type_index(r))
            n -= 1
        code = r.byte()
    describes: int = -1
    descriptor: int = -1
    if code == DESCRIBES_CODE:
        r.need("custom_descriptors", "describes", at)
        describes = type_index(r)
        code = r.byte()
    if code == DESCRIPTOR_CODE:
        r.need("custom_descriptors", "descriptor", at)
        descriptor = type_index(r)
        code = r.byte()
    r.pos -= 1
    composite = composite_type(r)
    return SubType(composite, final, tuple(supers), descriptor=descriptor, describes=describes)


def type_index(r: Reader) -> int:
    """A type index: canonical, or as written inside the rec group that is being read."""
    index = r.u32()
    return r.types[index].canonical if index < len(r.types) else index


def signed_type_index(r: Reader) -> int:
    """The same written as a heap type is; an abstract one may not stand there."""
    at = r.pos
    index = r.signed(33)
    if index < 0:
        raise MalformedError("malformed continuation type", at)
    return r.types[index].canonical if index < len(r.types) else index


def composite_type(r: Reader) -> CompositeType:
    at = r.pos
    code = r.byte()
    if code == FUNC_CODE:
        params = value_types(r, limits.PARAMS, "function parameters")
        results = value_types(r, limits.RESULTS, "function results")
        if len(results) > 1:
            r.need("multi_value", "more than one result", at)
        return FuncType(params, results)
    if code == STRUCT_CODE:
        r.need("gc", "a struct type", at)
        n = r.u32()
        if n > limits.FIELDS:
            raise InvalidError(limits.exceeded("struct fields", n), at)
        fields: list[FieldType] = []
        while n > 0:
            fields.append(field_type(r))
            n -= 1
        return StructType(tuple(fields))
    if code == ARRAY_CODE:
        r.need("gc", "an array type", at)
        return ArrayType(field_type(r))
    if code == CONT_CODE:
        r.need("stack_switching", "a continuation type", at)
        return ContType(signed_type_index(r))
    raise MalformedError("integer representation too long" if code & 0x80 else "malformed definition type", at)


def value_types(r: Reader, limit: int, name: str) -> tuple[int, ...]:
    at = r.pos
    n = r.u32()
    if n > limit:
        raise InvalidError(limits.exceeded(name, n), at)
    out: list[int] = []
    while n > 0:
        out.append(r.value_type())
        n -= 1
    return tuple(out)


def field_type(r: Reader) -> FieldType:
    storage = r.byte()
    if storage != I8 and storage != I16:
        r.pos -= 1
        storage = r.value_type("malformed storage type")
    return FieldType(storage, mutability(r))


def mutability(r: Reader) -> bool:
    at = r.pos
    flag = r.byte()
    if flag > 1:
        raise MalformedError("malformed mutability", at)
    return flag == 1
