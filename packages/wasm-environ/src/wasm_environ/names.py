"""The name section and branch hints: read lazily and forgivingly, written in order (spec: appendix/custom sections)."""

from __future__ import annotations

from wasm_environ.compile_errors import InvalidError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final

    from wasm_environ.module import Module

NameMap = dict[int, str]
IndirectNameMap = dict[int, NameMap]

SECTION: Final = "name"
BRANCH_HINTS: Final = "metadata.code.branch_hint"

MODULE: Final = 0
# The subsections that map indices to names, by id, and those that map function or type indices to such maps.
MAPS: Final = {"functions": 1, "types": 4, "tables": 5, "memories": 6, "globals": 7, "elements": 8, "datas": 9, "tags": 11}
INDIRECT_MAPS: Final = {"locals": 2, "labels": 3, "fields": 10}


class Names:
    """What the name section says. Each attribute of MAPS is a dict of index to name, each of INDIRECT_MAPS a dict of such dicts.

    A subsection is decoded when its attribute is first read. What is malformed ends that subsection; all before it counts.
    """

    def __init__(self, contents: bytes = b"") -> None:
        self._parts: dict[int, bytes] = {}
        for id, part in read_subsections(contents):
            self._parts.setdefault(id, part)
        self.module: str | None = read_name(self._parts[MODULE]) if MODULE in self._parts else None

    # The attributes that __getattr__ fills in.
    functions: NameMap
    locals: IndirectNameMap
    labels: IndirectNameMap
    types: NameMap
    tables: NameMap
    memories: NameMap
    globals: NameMap
    elements: NameMap
    datas: NameMap
    fields: IndirectNameMap
    tags: NameMap

    def __getattr__(self, attribute: str) -> NameMap | IndirectNameMap:
        value: NameMap | IndirectNameMap
        if attribute in MAPS:
            value = read_map(self._parts.get(MAPS[attribute], b""))
        elif attribute in INDIRECT_MAPS:
            value = _indirect_map(self._parts.get(INDIRECT_MAPS[attribute], b""))
        else:
            raise AttributeError(attribute)
        setattr(self, attribute, value)
        return value

    def encode(self) -> bytes:
        """The section's contents: subsections by id, entries by index."""
        parts: list[tuple[int, bytes]] = []
        if self.module is not None:
            parts.append((MODULE, _encode_name(self.module)))
        for attribute, id in MAPS.items():
            names: NameMap = getattr(self, attribute)
            if names:
                parts.append((id, _encode_map(names)))
        for attribute, id in INDIRECT_MAPS.items():
            maps: IndirectNameMap = getattr(self, attribute)
            if maps:
                rows = [_unsigned(i) + _encode_map(maps[i]) for i in sorted(maps)]
                parts.append((id, _unsigned(len(rows)) + b"".join(rows)))
        return b"".join([bytes((id,)) + _unsigned(len(part)) + part for id, part in sorted(parts)])


def decode_names(module: Module) -> Names:
    """The names of a module; all empty when it has no name section."""
    for custom in module.customs:
        if custom.name == SECTION:
            return Names(custom.data)
    return Names()


def decode_branch_hints(module: Module) -> dict[int, dict[int, int]]:
    """By function index: offset from the body's first byte (its locals) -> 1 if the branch there is likely, 0 if not; {} without any.

    Malformed or out of order hints end the list: they are advice.
    """
    hints: dict[int, dict[int, int]] = {}
    for custom in module.customs:
        if custom.name == BRANCH_HINTS:
            try:
                _read_hints(custom.data, hints)
            except IndexError:
                pass
    return hints


def check_branch_hints(module: Module) -> None:
    """Raises InvalidError when a hint does not stand at a br_if or if of a function that is defined here."""
    from wasm_environ.op import BR_IF, IF

    for function, hints in decode_branch_hints(module).items():
        defined = function - module.imported_functions
        if not 0 <= defined < len(module.code_starts):
            raise InvalidError(f"@{BRANCH_HINTS} annotation: invalid target: function {function} is not defined here")
        start, end = module.code_starts[defined], module.code_ends[defined]
        for offset in hints:
            if start + offset >= end or module.data[start + offset] not in (IF, BR_IF):
                raise InvalidError(f"@{BRANCH_HINTS} annotation: invalid target: not an if or br_if", start + offset, function)


def _read_hints(data: bytes, hints: dict[int, dict[int, int]]) -> None:
    count, at = _u32(data, 0)
    for _ in range(count):
        function, at = _u32(data, at)
        entries, at = _u32(data, at)
        for _ in range(entries):
            offset, at = _u32(data, at)
            size, at = _u32(data, at)
            if size != 1 or data[at] > 1:
                return
            hints.setdefault(function, {})[offset] = data[at]
            at += 1


def _u32(data: bytes, at: int) -> tuple[int, int]:
    """An integer and where it ends; IndexError when it is cut off or too long."""
    value = 0
    for shift in range(0, 35, 7):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise IndexError(at)


def _name(data: bytes, at: int) -> tuple[str, int]:
    size, at = _u32(data, at)
    if size > len(data) - at:
        raise IndexError(at)
    return data[at : at + size].decode("utf-8"), at + size


def read_subsections(contents: bytes) -> list[tuple[int, bytes]]:
    """Id and contents of the subsections of a name section, up to one that is cut off within its head."""
    parts: list[tuple[int, bytes]] = []
    at = 0
    try:
        while at < len(contents):
            id = contents[at]
            size, at = _u32(contents, at + 1)
            parts.append((id, contents[at : at + size]))
            at += size
    except IndexError:
        pass
    return parts


def read_name(data: bytes) -> str | None:
    """A name at the start of `data`; None where there is none."""
    try:
        return _name(data, 0)[0]
    except (IndexError, UnicodeDecodeError):
        return None


def read_map(data: bytes) -> NameMap:
    """Indices and names, up to what is malformed."""
    names: NameMap = {}
    if data:
        try:
            _read_map(data, 0, names)
        except (IndexError, UnicodeDecodeError):
            pass
    return names


def _read_map(data: bytes, at: int, names: NameMap) -> int:
    count, at = _u32(data, at)
    for _ in range(count):
        index, at = _u32(data, at)
        names[index], at = _name(data, at)
    return at


def _indirect_map(data: bytes) -> IndirectNameMap:
    maps: IndirectNameMap = {}
    if data:
        try:
            count, at = _u32(data, 0)
            for _ in range(count):
                index, at = _u32(data, at)
                at = _read_map(data, at, maps.setdefault(index, {}))
        except (IndexError, UnicodeDecodeError):
            pass
    return maps


def _unsigned(n: int) -> bytes:
    from wasm_environ.binary.writer import unsigned

    return unsigned(n)


def _encode_name(text: str) -> bytes:
    data = text.encode("utf-8")
    return _unsigned(len(data)) + data


def _encode_map(names: NameMap) -> bytes:
    return _unsigned(len(names)) + b"".join([_unsigned(i) + _encode_name(names[i]) for i in sorted(names)])


def describe_functions(module: Module, indices: Sequence[int], most: int = 3) -> str:
    """`function 7 "parse"`, or `functions 7 "parse", 9, 12 "print" and 5 more`, for messages; the first `most` by name."""
    names = decode_names(module).functions
    words = [f'{index} "{names[index]}"' if index in names else str(index) for index in indices[:most]]
    more = f" and {len(indices) - most} more" if len(indices) > most else ""
    return f"function{'s' if len(indices) > 1 else ''} {', '.join(words)}{more}"
