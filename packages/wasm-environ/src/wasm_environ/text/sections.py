"""Module assembly: what the fields gave, written as the sections of a binary, with name and custom sections in their places."""

from __future__ import annotations

from typing import Final, final

from wasm_environ.text.numbers import uleb
from wasm_environ.text.types import TypeDef

# Sections in the order of the binary: id, name in (@custom ... (after name)).
ORDER: Final = (
    (1, "type"), (2, "import"), (3, "func"), (4, "table"), (5, "memory"), (13, "tag"), (6, "global"), (7, "export"), (8, "start"),
    (9, "elem"), (12, "datacount"), (10, "code"), (11, "data"),
)  # fmt: skip
PLACES: Final = {name: i for i, (_, name) in enumerate(ORDER)}

MAGIC: Final = b"\0asm\x01\0\0\0"
HINTS: Final = "metadata.code.branch_hint"

# Subsections of the name section, by id: functions' locals and labels are maps of maps.
(MODULE_NAME, FUNCTIONS, LOCALS, LABELS, TYPES, TABLES, MEMORIES, GLOBALS, ELEMS, DATAS, FIELDS, TAGS) = range(12)

NameMap = dict[int, str]


@final
class Names:
    """What the name section says."""

    def __init__(self) -> None:
        self.module = ""
        self.has_module = False
        self.functions: NameMap = {}
        self.locals: dict[int, NameMap] = {}
        self.labels: dict[int, NameMap] = {}
        self.types: NameMap = {}
        self.tables: NameMap = {}
        self.memories: NameMap = {}
        self.globals: NameMap = {}
        self.elems: NameMap = {}
        self.datas: NameMap = {}
        self.fields: dict[int, NameMap] = {}
        self.tags: NameMap = {}

    def encode(self) -> bytes:
        """The contents of the section after its own name; empty when there are no names."""
        parts = [_subsection(MODULE_NAME, string(self.module.encode()))] if self.has_module else []
        parts.append(_map(FUNCTIONS, self.functions))
        parts.append(_indirect(LOCALS, self.locals))
        parts.append(_indirect(LABELS, self.labels))
        for kind, names in ((TYPES, self.types), (TABLES, self.tables), (MEMORIES, self.memories), (GLOBALS, self.globals),
                            (ELEMS, self.elems), (DATAS, self.datas)):  # fmt: skip
            parts.append(_map(kind, names))
        parts.append(_indirect(FIELDS, self.fields))
        parts.append(_map(TAGS, self.tags))
        return b"".join(parts)


def _associations(names: NameMap) -> bytes:
    return uleb(len(names)) + b"".join(uleb(i) + string(names[i].encode()) for i in sorted(names))


def _map(kind: int, names: NameMap) -> bytes:
    return _subsection(kind, _associations(names)) if names else b""


def _indirect(kind: int, maps: dict[int, NameMap]) -> bytes:
    used = [i for i in sorted(maps) if maps[i]]
    if not used:
        return b""
    return _subsection(kind, uleb(len(used)) + b"".join(uleb(i) + _associations(maps[i]) for i in used))


def _subsection(kind: int, contents: bytes) -> bytes:
    return bytes((kind,)) + uleb(len(contents)) + contents


def string(data: bytes) -> bytes:
    """A length and the bytes."""
    return uleb(len(data)) + data


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
        self.hints: list[tuple[int, list[tuple[int, int]]]] = []
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
        if not self.hints:
            return
        functions = [
            uleb(function) + vector([uleb(offset) + b"\x01" + uleb(value) for offset, value in hints])
            for function, hints in self.hints
        ]
        self.customs.insert(0, Custom(HINTS.encode(), vector(functions), PLACES["code"]))


def _type_entry(entry: TypeDef) -> bytes:
    return b"\x4e" + uleb(entry.group) + entry.text if entry.group > 1 else entry.text
