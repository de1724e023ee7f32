"""The name section, both ways: what identifiers say, as bytes; and bytes back to names by index."""

from __future__ import annotations

from typing import Final, final

from wasm_environ.text.numbers import uleb

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

    def maps(self) -> dict[int, NameMap]:
        """The plain maps by subsection."""
        return {
            FUNCTIONS: self.functions, TYPES: self.types, TABLES: self.tables, MEMORIES: self.memories, GLOBALS: self.globals,
            ELEMS: self.elems, DATAS: self.datas, TAGS: self.tags,
        }  # fmt: skip

    def indirect_maps(self) -> dict[int, dict[int, NameMap]]:
        """The maps of maps by subsection."""
        return {LOCALS: self.locals, LABELS: self.labels, FIELDS: self.fields}


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


def decode_names(data: bytes) -> Names:
    """The names of a section's contents. What is malformed, out of order or unknown is left out: compare `encode()` to see whether that happened."""
    names = Names()
    maps, indirect = names.maps(), names.indirect_maps()
    at = 0
    try:
        while at < len(data):
            kind = data[at]
            size, at = read_number(data, at + 1)
            part, at = data[at : at + size], at + size
            if kind == MODULE_NAME:
                names.module, _ = _text(part, 0)
                names.has_module = True
            elif kind in maps:
                _read_map(part, 0, maps[kind])
            elif kind in indirect:
                count, p = read_number(part, 0)
                for _ in range(count):
                    index, p = read_number(part, p)
                    p = _read_map(part, p, indirect[kind].setdefault(index, {}))
    except (IndexError, UnicodeDecodeError):
        pass
    return names


def read_number(data: bytes, at: int) -> tuple[int, int]:
    """A LEB128 u32 and where it ends. IndexError beyond the data or the type."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 28:
            raise IndexError


def _text(data: bytes, at: int) -> tuple[str, int]:
    size, at = read_number(data, at)
    if size > len(data) - at:
        raise IndexError
    return data[at : at + size].decode(), at + size


def _read_map(data: bytes, at: int, out: NameMap) -> int:
    count, at = read_number(data, at)
    for _ in range(count):
        index, at = read_number(data, at)
        out[index], at = _text(data, at)
    return at
