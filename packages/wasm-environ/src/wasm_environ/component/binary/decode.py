"""Binary to Component: preambles, sections, nested components and core modules, custom sections (Binary.md: component)."""

from __future__ import annotations

import gc
from typing import final

from wasm_environ import limits
from wasm_environ.binary.reader import Reader
from wasm_environ.compile_errors import InvalidError, MalformedError
from wasm_environ.component.binary.cursor import leading
from wasm_environ.component.binary.decode_definitions import ITEMS
from wasm_environ.component.syntax import Component, CoreModule, Custom, SubComponent
from wasm_environ.features import ALL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasm_environ.component.syntax import Definition
    from wasm_environ.features import Features

MAGIC: Final = b"\0asm"
MODULE_VERSION: Final = b"\1\0\0\0"
COMPONENT_VERSION: Final = b"\x0d\0\1\0"
PREAMBLE: Final = 8

CUSTOM: Final = 0
MODULE: Final = 1
COMPONENT: Final = 4
START: Final = 9
LAST: Final = 12

LARGE: Final = 100_000  # bytes of a component for which the garbage collector is paused

# Words of the core decoder and those that the component suite has for the same.
WORDS: Final = (
    ("unexpected end of section or function", "unexpected end-of-file"),
    ("length out of bounds: ", "unexpected end-of-file: "),
)
NO_TYPE: Final = "malformed definition type"  # the core decoder's words for a byte that begins no type


def is_component(data: bytes) -> bool:
    """Whether the bytes begin as a component does, of any version."""
    return data[:4] == MAGIC and data[6:8] == COMPONENT_VERSION[2:]


def decode(data: bytes, features: Features = ALL) -> Component:
    """Read a binary component. Raises MalformedError with the offset; InvalidError for a limit or a form that is switched off."""
    if len(data) > limits.MODULE_SIZE:
        raise InvalidError(limits.exceeded("module size", len(data)), 0)
    data = bytes(data)
    # What is made here lives on: looking for cycles in it again and again would take longer than all else.
    pause = len(data) > LARGE and gc.isenabled()
    if pause:
        gc.disable()
    try:
        return _component(Reader(data, 0, len(data), features, []))
    except MalformedError as error:
        raise _worded(error, data) from None
    finally:
        if pause:
            gc.enable()


def _worded(error: MalformedError, data: bytes) -> MalformedError:
    """The error in the component suite's words."""
    if error.message == NO_TYPE:
        return leading(data[error.offset], "type", error.offset)
    for theirs, ours in WORDS:
        if error.message.startswith(theirs):
            return MalformedError(ours + error.message[len(theirs) :], error.offset)
    return error


@final
class _Open:
    """A component that is being read: its definitions so far, and where it starts and ends."""

    __slots__ = ("definitions", "end", "start")

    def __init__(self, start: int, end: int) -> None:
        self.start = start
        self.end = end
        self.definitions: list[Definition] = []

    def closed(self) -> Component:
        return Component(tuple(self.definitions), self.end)


def _component(r: Reader) -> Component:
    """The outermost component. Those inside one another stand on a list, not on the stack."""
    preamble(r, COMPONENT_VERSION, "component")
    last = _Open(0, r.end)
    around: list[_Open] = []
    total = 0  # definitions of all components
    while True:
        if r.pos == last.end:
            if not around:
                return last.closed()
            done, last = last, around.pop()
            last.definitions.append(SubComponent(done.start, done.closed()))
            r.end = last.end
            continue
        before = len(last.definitions)
        size = _section(r, last)
        total += len(last.definitions) - before
        if size >= 0:
            around.append(last)
            if len(around) > limits.COMPONENT_NESTING:
                raise InvalidError("component nesting is too deep", r.pos)
            last = _Open(r.pos, r.pos + size)
            r.end = last.end
            preamble(r, COMPONENT_VERSION, "component")
            total += 1
        if total > limits.COMPONENT_ITEMS:
            raise InvalidError(limits.exceeded("component items", total), r.pos)


def preamble(r: Reader, version: bytes, what: str) -> None:
    """Step over the first 8 bytes of a component or core module."""
    start = r.pos
    end = min(start + 4, r.end)
    if r.data[start:end] != MAGIC:
        if MAGIC.startswith(r.data[start:end]):
            raise MalformedError("unexpected end-of-file: magic header is incomplete", end)
        raise MalformedError("magic header not detected", start)
    if r.end < start + PREAMBLE:
        raise MalformedError("unexpected end-of-file: version is incomplete", r.end)
    found = r.data[start + 4 : start + PREAMBLE]
    if found != version:
        if found in (MODULE_VERSION, COMPONENT_VERSION):
            raise MalformedError(f"expected a version header for a {what}", start + 4)
        raise MalformedError(f"unknown binary version: 0x{int.from_bytes(found, 'little'):08x}", start + 4)
    r.pos = start + PREAMBLE


def _section(r: Reader, into: _Open) -> int:
    """Read one section to its end; of a component section only the header: its size is returned, of all others -1."""
    at = r.pos
    id = r.byte()
    if id > LAST:
        raise MalformedError("malformed section id", at)
    size = r.u32()
    start, end = r.pos, r.pos + size
    if size > r.end - start:
        raise MalformedError("unexpected end-of-file: a section ends beyond what contains it", at)
    if id == COMPONENT:
        return size
    outer, r.end = r.end, end
    if id == CUSTOM:
        into.definitions.append(Custom(at, r.name(), r.data[r.pos : end]))
        r.pos = end
    elif id == MODULE:
        preamble(r, MODULE_VERSION, "module")
        into.definitions.append(CoreModule(start, r.data[start:end]))
        r.pos = end
    else:
        _items(r, id, into)
        if r.pos != end:
            raise MalformedError("section size mismatch: trailing bytes at end of section", r.pos)
    r.end = outer
    return -1


def _items(r: Reader, id: int, into: _Open) -> None:
    """The definitions of a section that holds a vector of them, or the one of a start section."""
    at = r.pos
    count = 1 if id == START else r.u32()
    if len(into.definitions) + count > limits.COMPONENT_ITEMS and count <= r.end - r.pos:
        raise InvalidError(limits.exceeded("component items", len(into.definitions) + count), at)
    item = ITEMS[id]
    into.definitions.extend([item(r) for _ in range(count)])
