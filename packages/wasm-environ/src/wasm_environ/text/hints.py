"""The branch hint section (metadata.code.branch_hint), both ways: per function, whether a branch is likely by its offset in the body."""

from __future__ import annotations

from typing import Final

from wasm_environ.text.name_section import read_number
from wasm_environ.text.numbers import uleb

SECTION: Final = "metadata.code.branch_hint"

# By function index: 0 (unlikely) or 1 (likely) by the branch's byte offset from the start of the body, its locals.
Hints = dict[int, dict[int, int]]


def encode_hints(hints: Hints) -> bytes:
    """The contents of the section."""
    out = uleb(len(hints))
    for function, places in hints.items():
        out += uleb(function) + uleb(len(places))
        out += b"".join([uleb(offset) + b"\x01" + uleb(value) for offset, value in places.items()])
    return out


def decode_hints(data: bytes) -> Hints:
    """The hints of a section's contents; what is malformed is left out: compare `encode_hints` to see whether that happened."""
    hints: Hints = {}
    try:
        count, at = read_number(data, 0)
        for _ in range(count):
            function, at = read_number(data, at)
            branches, at = read_number(data, at)
            places = hints.setdefault(function, {})
            for _ in range(branches):
                offset, at = read_number(data, at)
                _, at = read_number(data, at)
                places[offset], at = read_number(data, at)
    except IndexError:
        pass
    return hints
