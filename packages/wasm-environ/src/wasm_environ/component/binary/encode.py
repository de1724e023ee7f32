"""Component to binary: the inverse of `decode`. Definitions of one section that follow one another share it (Binary.md: component)."""

from __future__ import annotations

from wasm_environ.binary.writer import name, section, unsigned, vector
from wasm_environ.binary.writer import value_type as core_value_type
from wasm_environ.component import canons
from wasm_environ.component.binary import decode as ids
from wasm_environ.component.binary.decode_definitions import EXPORTS, INSTANTIATE
from wasm_environ.component.binary.encode_types import (
    alias,
    core_type,
    defined_type,
    extern_name,
    extern_type,
    result_list,
    sort,
    value_type,
)
from wasm_environ.component.syntax import (
    CORE_INSTANCE,
    NO_RESULT,
    SECTIONS,
    AliasExport,
    AliasOuter,
    Canon,
    Component,
    CoreExports,
    CoreInstantiate,
    CoreModule,
    CoreTypeDef,
    Custom,
    Definition,
    Export,
    Exports,
    Import,
    Instantiate,
    Start,
    SubComponent,
    TypeDef,
    Value,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final


def encode(component: Component) -> bytes:
    """The binary of a component; `decode` of it gives the same definitions. No section is empty."""
    parts = [ids.MAGIC + ids.COMPONENT_VERSION]
    items: list[bytes] = []  # of the section that is being written
    open = -1
    for definition in component.definitions:
        id = SECTIONS[type(definition)]
        if id != open or id in ALONE:
            if items:
                parts.append(section(open, vector(items)))
                items = []
            open = id
        data = WRITERS[type(definition)](definition)
        if id in ALONE:
            parts.append(section(id, data))
        else:
            items.append(data)
    if items:
        parts.append(section(open, vector(items)))
    return b"".join(parts)


def _custom(d: Custom) -> bytes:
    return name(d.name) + d.data


def _module(d: CoreModule) -> bytes:
    return d.data


def _component(d: SubComponent) -> bytes:
    return encode(d.component)


def _core_instantiate(d: CoreInstantiate) -> bytes:
    args = [name(text) + bytes((CORE_INSTANCE,)) + unsigned(item) for text, item in d.args]
    return bytes((INSTANTIATE,)) + unsigned(d.module) + vector(args)


def _core_exports(d: CoreExports) -> bytes:
    return bytes((EXPORTS,)) + vector([name(text) + bytes((kind,)) + unsigned(item) for text, kind, item in d.exports])


def _core_type(d: CoreTypeDef) -> bytes:
    return core_type(d.type)


def _instantiate(d: Instantiate) -> bytes:
    args = [name(text) + sort(of) + unsigned(item) for text, of, item in d.args]
    return bytes((INSTANTIATE,)) + unsigned(d.component) + vector(args)


def _exports(d: Exports) -> bytes:
    return bytes((EXPORTS,)) + vector([extern_name(text) + sort(of) + unsigned(item) for text, of, item in d.exports])


def _type(d: TypeDef) -> bytes:
    return defined_type(d.type)


def _canon(d: Canon) -> bytes:
    out = bytearray((d.code,))
    operands = iter(d.operands)
    for letter in canons.BY_CODE[d.code].operands:
        if letter == "s":
            out.append(0)
        elif letter == "o":
            out += vector([bytes((option,)) + (unsigned(item) if item >= 0 else b"") for option, item in d.options.options])
        elif letter == "r":
            result = next(operands)
            out += result_list(None if result == NO_RESULT else result)
        elif letter == "v":
            out += core_value_type(next(operands))
        else:
            out += unsigned(next(operands))
    return bytes(out)


def _start(d: Start) -> bytes:
    return unsigned(d.func) + vector([unsigned(arg) for arg in d.args]) + unsigned(d.results)


def _import(d: Import) -> bytes:
    return extern_name(d.name) + extern_type(d.type)


def _export(d: Export) -> bytes:
    ascribed = b"\0" if d.type is None else b"\1" + extern_type(d.type)
    return extern_name(d.name) + sort(d.sort) + unsigned(d.item) + ascribed


def _value(d: Value) -> bytes:
    return value_type(d.type) + unsigned(len(d.data)) + d.data


ALONE: Final = frozenset((ids.CUSTOM, ids.MODULE, ids.COMPONENT, ids.START))  # sections that hold one definition

WRITERS: Final[dict[type[Definition], Callable[[Any], bytes]]] = {
    Custom: _custom, CoreModule: _module, CoreInstantiate: _core_instantiate, CoreExports: _core_exports, CoreTypeDef: _core_type,
    SubComponent: _component, Instantiate: _instantiate, Exports: _exports, AliasExport: alias, AliasOuter: alias, TypeDef: _type,
    Canon: _canon, Start: _start, Import: _import, Export: _export, Value: _value,
}  # fmt: skip
