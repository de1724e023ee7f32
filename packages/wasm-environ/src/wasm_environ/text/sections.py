"""Module assembly: what the fields gave, written as the sections of a binary, with name and custom sections in their places."""

from __future__ import annotations

from typing import Final, final

from wasm_environ.binary.writer import section, unsigned, vector
from wasm_environ.names import BRANCH_HINTS, Names
from wasm_environ.text.types import TypeDef

# Sections in the order of the binary: id, name in (@custom ... (after name)).
ORDER: Final = (
    (1, "type"), (2, "import"), (3, "func"), (4, "table"), (5, "memory"), (13, "tag"), (6, "global"), (7, "export"), (8, "start"),
    (9, "elem"), (12, "datacount"), (10, "code"), (11, "data"),
)  # fmt: skip
PLACES: Final = {name: i for i, (_, name) in enumerate(ORDER)}

MAGIC: Final = b"\0asm\x01\0\0\0"


# Branch hints: by function index, 0 or 1 by the byte offset of the branch from the start of the body, its locals.
Hints = dict[int, dict[int, int]]


def string(data: bytes) -> bytes:
    """A length and the bytes."""
    return unsigned(len(data)) + data


def encode_hints(hints: Hints) -> bytes:
    """The contents of the branch hint section."""
    functions: list[bytes] = []
    for function, places in hints.items():
        rows = [unsigned(offset) + b"\x01" + unsigned(value) for offset, value in places.items()]
        functions.append(unsigned(function) + vector(rows))
    return vector(functions)


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

    def type_entries(self) -> list[bytes]:
        """The types in binary form, the first of a group with the group's head."""
        return list(map(_type_entry, self.types))

    def lists(self) -> tuple[tuple[int, list[bytes]], ...]:
        """Section ids and the entries of the sections that fields make one by one."""
        return (
            (2, self.imports), (3, self.functions), (4, self.tables), (5, self.memories), (13, self.tags), (6, self.globals),
            (7, self.exports), (9, self.elems), (10, self.codes), (11, self.datas),
        )  # fmt: skip

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
            return unsigned(groups) + b"".join(self.type_entries()) if self.types else b""
        if kind == 8:
            return unsigned(self.start) if self.start >= 0 else b""
        if kind == 12:
            return unsigned(len(self.datas)) if self.data_count else b""
        entries = dict(self.lists())[kind]
        return vector(entries) if entries else b""

    def _add_hints(self) -> None:
        if self.hints:
            self.customs.insert(0, Custom(BRANCH_HINTS.encode(), encode_hints(self.hints), PLACES["code"]))


def _type_entry(entry: TypeDef) -> bytes:
    return b"\x4e" + unsigned(entry.group) + entry.text if entry.group > 1 else entry.text
