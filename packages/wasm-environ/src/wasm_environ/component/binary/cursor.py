"""What every part of a component's decoder reads: leading bytes, vectors, sorts, names with attributes, external types (Binary.md).

The cursor itself is that of core modules, `wasm_environ.binary.reader`. Its type list stays empty, so type indices in core types stay as written.
"""

from __future__ import annotations

from wasm_environ import limits
from wasm_environ.compile_errors import InvalidError, MalformedError
from wasm_environ.component.syntax import (
    COMPONENT_SORT,
    CORE_MODULE,
    EQ,
    INSTANCE,
    OF_TYPE,
    PRIMITIVE_NAMES,
    SUB_RESOURCE,
    TYPE,
    VALUE,
    ExternName,
    ExternType,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final, TypeVar

    from wasm_environ.binary.reader import Reader

    T = TypeVar("T")

CORE_SORT: Final = 0x00  # the byte before a core sort
PLAIN_NAMES: Final = (0x00, 0x01)
NAME_WITH_ATTRIBUTES: Final = 0x02
ATTRIBUTES: Final = ("implements", "version-suffix", "external-id")
BOUNDED: Final = (TYPE, VALUE)  # the sorts whose external type is a bound


def leading(byte: int, what: str, at: int) -> MalformedError:
    """The error of a byte that begins nothing that may stand here."""
    return MalformedError(f"invalid leading byte (0x{byte:x}) for {what}", at)


def vector(r: Reader, item: Callable[[Reader], T], limit: int = 0, what: str = "") -> tuple[T, ...]:
    """A count and so many items; more than `limit` of `what` are refused before they are read."""
    at = r.pos
    count = r.u32()
    if limit and count > limit:
        raise InvalidError(limits.exceeded(what, count), at)
    return tuple([item(r) for _ in range(count)])


def boolean(r: Reader) -> int:
    """A flag of a canonical definition."""
    at = r.pos
    flag = r.byte()
    if flag > 1:
        raise MalformedError("invalid boolean value", at)
    return flag


def optional(r: Reader, item: Callable[[Reader], T], what: str) -> T | None:
    """0, or 1 and the item."""
    at = r.pos
    present = r.byte()
    if present > 1:
        raise leading(present, f"optional {what}", at)
    return item(r) if present else None


def value_type(r: Reader) -> int:
    """A value type: a primitive type or a type index."""
    at = r.pos
    byte = r.byte()
    if byte - 0x80 in PRIMITIVE_NAMES:
        return byte - 0x80
    r.pos = at
    index = r.signed(33)
    if index < 0:
        raise leading(byte, "component value type", at)
    return index


def optional_value_type(r: Reader) -> int | None:
    return optional(r, value_type, "component value type")


def result_list(r: Reader) -> int | None:
    """The result of a function, None without one."""
    at = r.pos
    form = r.byte()
    if form == 0:
        return value_type(r)
    if form != 1:
        raise leading(form, "component function results", at)
    at = r.pos
    count = r.byte()
    if count:
        raise leading(count, "number of results", at)
    return None


def sort(r: Reader) -> int:
    """What may be exported and passed to an instantiation: of the core sorts only modules."""
    at = r.pos
    byte = r.byte()
    if byte == CORE_SORT:
        at = r.pos
        byte = r.byte()
        if byte != CORE_MODULE:
            raise leading(byte, "component external kind", at)
        return CORE_MODULE
    if byte | COMPONENT_SORT > INSTANCE:
        raise leading(byte, "component external kind", at)
    return byte | COMPONENT_SORT


def named_item(r: Reader) -> tuple[str, int, int]:
    """Name, sort and index of an argument."""
    name = r.name()
    of = sort(r)
    return (name, of, r.u32())


def extern_name(r: Reader) -> ExternName:
    """The name of an import or export, with attributes or without."""
    at = r.pos
    form = r.byte()
    if form in PLAIN_NAMES:
        return ExternName(r.name())
    if form != NAME_WITH_ATTRIBUTES:
        raise leading(form, "component name", at)
    if "component_model_canon_names" not in r.features:
        r.need("component_model_implements", "a name with attributes", at)
    name = r.name()
    found: dict[int, str] = {}
    for _ in range(r.u32()):
        at = r.pos
        kind = r.byte()
        if kind >= len(ATTRIBUTES):
            raise leading(kind, "name option", at)
        value = r.name()
        if kind in found:
            raise InvalidError(f"duplicate '{ATTRIBUTES[kind]}' option in name", at)
        found[kind] = value
    return ExternName(name, found.get(0), found.get(1), found.get(2))


def extern_type(r: Reader) -> ExternType:
    """What is imported or exported."""
    of = sort(r)
    if of not in BOUNDED:
        return ExternType(of, r.u32())
    at = r.pos
    bound = r.byte()
    if bound == EQ:
        return ExternType(of, r.u32())
    if of == TYPE and bound == SUB_RESOURCE:
        return ExternType(TYPE, -1, SUB_RESOURCE)
    if of == VALUE and bound == OF_TYPE:
        return ExternType(VALUE, value_type(r), OF_TYPE)
    raise leading(bound, "type bound" if of == TYPE else "value bound", at)
