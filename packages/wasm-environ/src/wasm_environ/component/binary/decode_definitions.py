"""Definitions from bytes, but types: instances, canonical definitions, start, imports, exports, values (Binary.md)."""

from __future__ import annotations

from wasm_environ import limits
from wasm_environ.compile_errors import InvalidError
from wasm_environ.component import canons
from wasm_environ.component.binary.cursor import (
    boolean,
    extern_name,
    extern_type,
    leading,
    named_item,
    optional,
    result_list,
    sort,
    value_type,
    vector,
)
from wasm_environ.component.binary.decode_alias import alias
from wasm_environ.component.binary.decode_types import core_type, type_definition
from wasm_environ.component.syntax import (
    CORE_INSTANCE,
    CORE_TAG,
    NO_RESULT,
    OPTION_ASYNC,
    OPTION_CALLBACK,
    OPTION_LATIN1_UTF16,
    Canon,
    CanonOptions,
    CoreExports,
    CoreInstantiate,
    Export,
    Exports,
    ExternName,
    Import,
    Instantiate,
    Start,
    Value,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from wasm_environ.binary.reader import Reader
    from wasm_environ.component.syntax import Definition

INSTANTIATE: Final = 0x00
EXPORTS: Final = 0x01


def core_instance(r: Reader) -> CoreInstantiate | CoreExports:
    at = r.pos
    form = r.byte()
    if form == INSTANTIATE:
        module = r.u32()
        return CoreInstantiate(at, module, vector(r, core_argument, limits.INSTANTIATION_ARGS, "instantiation arguments"))
    if form == EXPORTS:
        return CoreExports(at, vector(r, core_export, limits.INSTANTIATION_EXPORTS, "instantiation exports"))
    raise leading(form, "core instance", at)


def core_argument(r: Reader) -> tuple[str, int]:
    name = r.name()
    at = r.pos
    kind = r.byte()
    if kind != CORE_INSTANCE:
        raise leading(kind, "instantiation arg kind", at)
    return (name, r.u32())


def core_export(r: Reader) -> tuple[str, int, int]:
    name = r.name()
    at = r.pos
    kind = r.byte()
    if kind > CORE_TAG:
        raise leading(kind, "external kind", at)
    return (name, kind, r.u32())


def instance(r: Reader) -> Instantiate | Exports:
    at = r.pos
    form = r.byte()
    if form == INSTANTIATE:
        component = r.u32()
        return Instantiate(at, component, vector(r, named_item, limits.INSTANTIATION_ARGS, "instantiation arguments"))
    if form == EXPORTS:
        return Exports(at, vector(r, inline_export, limits.INSTANTIATION_EXPORTS, "instantiation exports"))
    raise leading(form, "instance", at)


def inline_export(r: Reader) -> tuple[ExternName, int, int]:
    name = extern_name(r)
    of = sort(r)
    return (name, of, r.u32())


def canon(r: Reader) -> Canon:
    """One canonical definition, read by its row."""
    at = r.pos
    code = r.byte()
    row = canons.BY_CODE.get(code)
    if row is None:
        raise leading(code, "canonical function", at)
    operands: list[int] = []
    options = CanonOptions()
    for letter in row.operands:
        if letter == "s":
            kind = r.byte()
            if kind:
                raise leading(kind, f"canonical function {row.name}", r.pos - 1)
        elif letter == "o":
            options = CanonOptions(vector(r, option, limits.CANON_OPTIONS, "canonical options"))
        elif letter == "r":
            result = result_list(r)
            operands.append(NO_RESULT if result is None else result)
        elif letter == "b":
            operands.append(boolean(r))
        else:
            operands.append(r.value_type() if letter == "v" else r.u32())
    return Canon(at, code, tuple(operands), options)


def option(r: Reader) -> tuple[int, int]:
    at = r.pos
    code = r.byte()
    if code > OPTION_CALLBACK:
        raise leading(code, "canonical option", at)
    return (code, -1 if code <= OPTION_LATIN1_UTF16 or code == OPTION_ASYNC else r.u32())


def start(r: Reader) -> Start:
    at = r.pos
    function = r.u32()
    args = vector(r, index, limits.START_ARGS, "start arguments")
    place = r.pos
    results = r.u32()
    if results > limits.RESULTS:
        raise InvalidError(limits.exceeded("function results", results), place)
    return Start(at, function, args, results)


def index(r: Reader) -> int:
    return r.u32()


def import_(r: Reader) -> Import:
    at = r.pos
    name = extern_name(r)
    return Import(at, name, extern_type(r))


def export(r: Reader) -> Export:
    at = r.pos
    name = extern_name(r)
    of = sort(r)
    item = r.u32()
    return Export(at, name, of, item, optional(r, extern_type, "component export type"))


def value(r: Reader) -> Value:
    """A value: its bytes are read by whoever knows the type."""
    at = r.pos
    type = value_type(r)
    size = r.u32()
    begin = r.skip(size)
    return Value(at, type, r.data[begin : r.pos])


# By section id: one item of its vector; of the start section, all of it.
ITEMS: Final[dict[int, Callable[[Reader], Definition]]] = {
    2: core_instance, 3: core_type, 5: instance, 6: alias, 7: type_definition, 8: canon, 9: start, 10: import_, 11: export, 12: value,
}  # fmt: skip
