"""Module assembly: what the fields gave, written as the sections of a binary, with name and custom sections in their places."""

from __future__ import annotations

from typing import Final, final

from wasm_environ.text.hints import SECTION, Hints, encode_hints
from wasm_environ.text.name_section import Names, string
from wasm_environ.text.numbers import uleb
from wasm_environ.text.types import TypeDef

# Sections in the order of the binary: id, name in (@custom ... (after name)).
ORDER: Final = (
    (1, "type"), (2, "import"), (3, "func"), (4, "table"), (5, "memory"), (13, "tag"), (6, "global"), (7, "export"), (8, "start"),
    (9, "elem"), (12, "datacount"), (10, "code"), (11, "data"),
)  # fmt: skip
PLACES: Final = {name: i for i, (_, name) in enumerate(ORDER)}

MAGIC: Final = b"\0asm\x01\0\0\0"


def vector(items: list[bytes]) -> bytes:
    """A count and the items."""
    return uleb(len(items)) + b"".join(items)


def section(kind: int, contents: bytes) -> bytes:
    """One section."""
    return bytes((kind,)) + uleb(len(contents)) + contents


@final
class Custom:
    """A custom section to be: `place` counts known sections before it, in the order of the binary."""

    __slots__ = ("contents", "name", "place")

    def __init__(self, name: bytes, contents: bytes, place: int) -> None:
        self.name = name
        self.contents = contents
        self.place = place


@final
class Sections:
    """Entries of every section, as bytes."""

    def __init__(self) -> None:
        self.types: list[TypeDef] = []
        self.imports: list[bytes] = []
        self.functions: list[bytes] = []
        self.tables: list[bytes] = []
        self.memories: list[bytes] = []
        self.tags: list[bytes] = []
        self.globals: list[bytes] = []
        self.exports: list[bytes] = []
        self.start = -1
        self.elems: list[bytes] = []
        self.codes: list[bytes] = []
        self.datas: list[bytes] = []
        self.data_count = False
        self.customs: list[Custom] = []
        self.hints: Hints = {}
        self.names = Names()

    def encode(self) -> bytes:
        """The module."""
        self._add_hints()
        names = self.names.encode()
        if names and not any(custom.name == b"name" for custom in self.customs):
            self.customs.append(Custom(b"name", names, len(ORDER)))
        parts = [MAGIC]
        for place, (kind, _) in enumerate(ORDER):
            parts += self._customs_at(place)
            contents = self._contents(kind)
            if contents:
                parts.append(section(kind, contents))
        parts += self._customs_at(len(ORDER))
        return b"".join(parts)

    def _customs_at(self, place: int) -> list[bytes]:
        return [section(0, string(c.name) + c.contents) for c in self.customs if c.place == place]

    def _contents(self, kind: int) -> bytes:
        if kind == 1:
            groups = sum(1 for entry in self.types if entry.group)
            return uleb(groups) + b"".join(map(_type_entry, self.types)) if self.types else b""
        if kind == 8:
            return uleb(self.start) if self.start >= 0 else b""
        if kind == 12:
            return uleb(len(self.datas)) if self.data_count else b""
        entries = {
            2: self.imports, 3: self.functions, 4: self.tables, 5: self.memories, 13: self.tags, 6: self.globals,
            7: self.exports, 9: self.elems, 10: self.codes, 11: self.datas,
        }[kind]  # fmt: skip
        return vector(entries) if entries else b""

    def _add_hints(self) -> None:
        if self.hints:
            self.customs.insert(0, Custom(SECTION.encode(), encode_hints(self.hints), PLACES["code"]))


def _type_entry(entry: TypeDef) -> bytes:
    return b"\x4e" + uleb(entry.group) + entry.text if entry.group > 1 else entry.text
