"""Decoder of components: bytes to a `syntax.Component`, in one pass, errors with byte offsets (Binary.md)."""

from __future__ import annotations

from typing import Final

from wasm_environ.compile_errors import MalformedError
from wasm_environ.component import canons
from wasm_environ.component import syntax as s
from wasm_environ.component.binary import types
from wasm_environ.component.binary.cursor import Cursor
from wasm_environ.features import ALL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from wasm_environ.features import Features

PREAMBLE: Final = b"\0asm\x0d\0\1\0"
MODULE_PREAMBLE: Final = b"\0asm\1\0\0\0"


def is_component(data: bytes | memoryview) -> bool:
    """Whether these bytes begin as a component does."""
    return bytes(data[:8]) == PREAMBLE


def decode(data: bytes, features: Features = ALL) -> s.Component:
    """Decode a binary component. Raises MalformedError, or InvalidError beyond a limit."""
    c = Cursor(data, features)
    try:
        return _component(c, len(data))
    except MalformedError as error:
        if error.message.startswith("unexpected end of section or function"):
            raise MalformedError("unexpected end-of-file", error.offset) from None
        raise


def _preamble(c: Cursor, end: int) -> None:
    at = c.pos
    found = c.data[at : min(at + 8, end)]
    if found[:4] != PREAMBLE[:4]:
        short = len(found) < 4 and found == PREAMBLE[: len(found)]
        raise MalformedError("unexpected end" if short else "magic header not detected: bad magic number", at)
    if len(found) < 8:
        raise MalformedError("unexpected end-of-file", end)
    if found[4:8] != PREAMBLE[4:8]:
        what = "unsupported component version" if found[6:8] == PREAMBLE[6:8] else "unknown binary version"
        raise MalformedError(f"{what}: 0x{int.from_bytes(found[4:6], 'little'):x}", at + 4)
    c.r.pos = at + 8


def _component(c: Cursor, end: int) -> s.Component:
    """A component from its preamble to `end`."""
    c.deeper(c.pos)
    _preamble(c, end)
    definitions: list[s.Definition] = []
    while c.pos < end:
        at = c.pos
        kind = c.data[at]
        c.r.pos = at + 1
        c.r.end = end
        if kind >= len(SECTIONS):
            raise MalformedError(f"malformed section id: {kind}", at)
        size = c.u32()
        start = c.pos
        if size > end - start:
            raise MalformedError("unexpected end-of-file", end)
        c.r.end = start + size
        SECTIONS[kind](c, definitions)
        if c.pos != start + size:
            raise MalformedError("section size mismatch: unexpected data at the end of the section", c.pos)
    c.r.end = end
    c.depth -= 1
    return s.Component(tuple(definitions), end)


def _custom(c: Cursor, out: list[s.Definition]) -> None:
    at, end = c.pos, int(c.r.end)
    name = c.name()
    out.append(s.Custom(at, name, c.data[c.pos : end]))
    c.r.pos = end


def _module(c: Cursor, out: list[s.Definition]) -> None:
    at, end = c.pos, int(c.r.end)
    if c.data[at : min(at + 8, end)] != MODULE_PREAMBLE:
        raise MalformedError("unknown binary version: a core module section holds no core module", at)
    out.append(s.CoreModule(at, c.data[at:end]))
    c.r.pos = end


def _sub_component(c: Cursor, out: list[s.Definition]) -> None:
    at, end = c.pos, int(c.r.end)
    out.append(s.SubComponent(at, _component(c, end)))


def _core_instance(c: Cursor) -> s.Definition:
    at = c.pos
    kind = c.byte()
    if kind == 0:
        return s.CoreInstantiate(at, c.u32(), c.vector(lambda: _core_arg(c)))
    if kind == 1:
        return s.CoreExports(at, c.vector(lambda: (c.name(), c.core_sort(), c.u32())))
    raise c.wrong(kind, "core instance", at)


def _core_arg(c: Cursor) -> tuple[str, int]:
    name = c.name()
    at = c.pos
    sort = c.byte()
    if sort != s.CORE_INSTANCE:
        raise c.wrong(sort, "instantiation arg kind", at)
    return name, c.u32()


def _instance(c: Cursor) -> s.Definition:
    at = c.pos
    kind = c.byte()
    if kind == 0:
        return s.Instantiate(at, c.u32(), c.vector(lambda: (c.name(), c.sort(), c.u32())))
    if kind == 1:
        return s.Exports(at, c.vector(lambda: (c.extern_name(), c.sort(), c.u32())))
    raise c.wrong(kind, "instance", at)


def _option(c: Cursor) -> tuple[int, int]:
    at = c.pos
    code = c.byte()
    if code > s.OPTION_CALLBACK:
        raise c.wrong(code, "canonical option", at)
    return code, c.u32() if code in (s.OPTION_MEMORY, s.OPTION_REALLOC, s.OPTION_POST_RETURN, s.OPTION_CALLBACK) else -1


def _canon(c: Cursor) -> s.Definition:
    at = c.pos
    code = c.byte()
    row = canons.BY_CODE.get(code)
    if row is None:
        raise c.wrong(code, "canonical function", at)
    operands: list[int] = []
    options = s.CanonOptions()
    for kind in row.operands:
        where = c.pos
        if kind == "s":
            if (sort := c.byte()) != 0:
                raise c.wrong(sort, f"canonical function {row.name}", where)
        elif kind == "o":
            options = s.CanonOptions(c.vector(lambda: _option(c)))
        elif kind == "b":
            operands.append(int(c.flag(f"flag `{row.flag}` of {row.name}")))
        elif kind == "r":
            operands.append(types.result_list(c))
        elif kind == "v":
            operands.append(int(c.r.value_type()))
        else:
            operands.append(c.u32())
    return s.Canon(at, code, tuple(operands), options)


def _start(c: Cursor, out: list[s.Definition]) -> None:
    out.append(s.Start(c.pos, c.u32(), c.vector(c.u32), c.u32()))


def _value(c: Cursor) -> s.Definition:
    at = c.pos
    type, size = c.valtype(), c.u32()
    start = int(c.r.skip(size))
    return s.Value(at, type, c.data[start : start + size])


def _each(item: Callable[[Cursor], s.Definition]) -> Callable[[Cursor, list[s.Definition]], None]:
    """A section that is a vector."""

    def section(c: Cursor, out: list[s.Definition]) -> None:
        out.extend(c.vector(lambda: item(c)))

    return section


# By section id.
SECTIONS: Final[tuple[Callable[[Cursor, list[s.Definition]], None], ...]] = (
    _custom,
    _module,
    _each(_core_instance),
    _each(lambda c: s.CoreTypeDef(c.pos, types.core_type(c))),
    _sub_component,
    _each(_instance),
    _each(types.alias),
    _each(lambda c: s.TypeDef(c.pos, types.defined_type(c))),
    _each(_canon),
    _start,
    _each(lambda c: s.Import(c.pos, c.extern_name(), types.extern_type(c))),
    _each(lambda c: s.Export(c.pos, c.extern_name(), c.sort(), c.u32(), c.optional(lambda: types.extern_type(c), "optional export type"))),
    _each(_value),
)
