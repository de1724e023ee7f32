"""Where in a text what is wrong with its binary stands: bytes and items back to tokens. Made only for an error, by parsing again."""

from __future__ import annotations

from bisect import bisect_right
from typing import final

from wasm_environ.binary.reader import Reader
from wasm_environ.compile_errors import CompileError, InvalidError
from wasm_environ.features import ALL
from wasm_environ.text.sections import Sections

TYPE, EXPORT, CODE = 1, 7, 10


@final
class Positions:
    """What the parser notes on its way. Tokens are indices into `Tokens.toks`."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, int], int] = {}  # as InvalidError.item names them -> the field's keyword
        self.entries: dict[int, list[tuple[int, int]]] = {}  # section id -> by entry: the keyword of the field that it came from, its size
        self.bodies: list[list[tuple[int, int]]] = []  # by body: (offset from the start of its locals, token), ascending

    def grew(self, sections: Sections, token: int) -> None:
        """A field was read: whatever is new in the sections is its."""
        for kind, entries in sections.lists():
            known = self.entries.setdefault(kind, [])
            if kind == EXPORT:
                self.items.update({("export", index): token for index in range(len(known), len(entries))})
            known += [(token, len(entry)) for entry in entries[len(known) :]]

    def types(self, entries: list[bytes]) -> None:
        """The type section is complete."""
        self.entries[TYPE] = [(self.items.get(("type", index), -1), len(entry)) for index, entry in enumerate(entries)]

    def body(self, token: int) -> list[tuple[int, int]]:
        """A body begins: the list for its instructions, with the function's keyword for the locals."""
        places = [(0, token)]
        self.bodies.append(places)
        return places

    def end(self, offset: int, token: int) -> None:
        """A body ends with the `)` of its function."""
        self.bodies[-1].append((offset, token))

    def find(self, error: CompileError, binary: bytes) -> int:
        """The token an error is about; -1 when it says nothing about its place."""
        token = self.at(error.offset, binary) if error.offset >= 0 else -1
        if token < 0 and isinstance(error, InvalidError):
            token = self.items.get(error.item, -1)
        return token

    def at(self, offset: int, binary: bytes) -> int:
        """The token that the byte at an offset of the binary came from; -1 when it came from none."""
        r = Reader(binary, 8, len(binary), ALL, [])
        while r.pos < len(binary):
            kind = int(r.byte())
            size = int(r.u32())
            start, end = int(r.pos), int(r.pos) + size
            if start <= offset < end:
                return self.body_at(r, offset) if kind == CODE else self.entry_at(r, kind, offset)
            r.pos = end
        return -1

    def entry_at(self, r: Reader, kind: int, offset: int) -> int:
        r.u32()
        end = int(r.pos)
        for token, size in self.entries.get(kind, ()):
            end += size
            if offset < end:
                return token
        return -1

    def body_at(self, r: Reader, offset: int) -> int:
        for index in range(int(r.u32())):
            size = int(r.u32())
            start = int(r.pos)
            if offset < start + size:
                places = self.bodies[index]
                return places[max(bisect_right(places, (offset - start, 1 << 62)) - 1, 0)][1]
            r.pos = start + size
        return -1
