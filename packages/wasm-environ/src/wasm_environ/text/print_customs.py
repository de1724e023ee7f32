"""Custom sections that have a text of their own: the producers section (tool-conventions: ProducersSection)."""

from __future__ import annotations

from wasm_environ.binary.reader import Reader
from wasm_environ.binary.writer import name, vector
from wasm_environ.compile_errors import CompileError
from wasm_environ.features import ALL
from wasm_environ.text.customs import PRODUCERS
from wasm_environ.text.ids import quote_name


def producers_lines(data: bytes) -> list[str]:
    """(@producers (language "C" "11")*), when parsing it makes exactly these contents of the section; else nothing."""
    r = Reader(data, 0, len(data), ALL, [])
    fields: dict[str, list[tuple[str, str]]] = {}
    try:
        for _ in range(r.u32()):
            word = r.name()
            if word not in PRODUCERS:
                return []
            fields[word] = [(r.name(), r.name()) for _ in range(r.u32())]
    except CompileError:
        return []
    written = vector([name(word) + vector([name(a) + name(b) for a, b in fields[word]]) for word in PRODUCERS if word in fields])
    if written != data or not all(fields.values()):
        return []
    rows = [f"  ({word} {quote_name(a)} {quote_name(b)})" for word, pairs in fields.items() for a, b in pairs]
    return ["(@producers", *rows, ")"] if rows else ["(@producers)"]
