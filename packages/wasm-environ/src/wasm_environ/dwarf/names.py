"""Names of functions as people write them, out of those that linkers see."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

# How Rust's older mangling writes what identifiers cannot hold (rustc: symbol_mangling/legacy.rs).
ESCAPES: Final = {"SP": "@", "BP": "*", "RF": "&", "LT": "<", "GT": ">", "LP": "(", "RP": ")", "C": ","}
HEX: Final = frozenset("0123456789abcdef")


def readable(linkage: str | None, name: str | None) -> str | None:
    """`a::b::c` of a mangled name that is a plain path, without Rust's hash; else the name in the source."""
    path = _path(linkage) if linkage is not None and linkage.startswith("_ZN") else None
    if path is None:
        return name or linkage
    if len(path) > 1 and len(path[-1]) == 17 and path[-1][0] == "h" and HEX.issuperset(path[-1][1:]):
        path = [_unescaped(part) for part in path[:-1]]
    return "::".join(path)


def _path(linkage: str) -> list[str] | None:
    """The parts of `_ZN 3foo 3bar E ...`; None where there are others than identifiers among them."""
    parts, at = [], 3
    if linkage[at : at + 1] == "K":  # a const method
        at += 1
    while linkage[at : at + 1] != "E":
        digits = at
        while linkage[at : at + 1].isdigit() and at - digits < 5:
            at += 1
        size = int(linkage[digits:at] or "0")
        if not 0 < size <= len(linkage) - at:
            return None
        parts.append(linkage[at : at + size])
        at += size
    return parts or None


def _unescaped(part: str) -> str:
    if part.startswith("_$"):
        part = part[1:]
    out, at = "", 0
    while at < len(part):
        end = part.find("$", at + 1) if part[at] == "$" else -1
        code = part[at + 1 : end] if end > 0 else ""
        if code in ESCAPES:
            out, at = out + ESCAPES[code], end + 1
        elif code[:1] == "u" and 1 < len(code) <= 6 and HEX.issuperset(code[1:]):
            letter = chr(int(code[1:], 16))
            out, at = out + (letter if letter.isprintable() else "\ufffd"), end + 1
        elif part.startswith("..", at):
            out, at = out + "::", at + 2
        else:
            out, at = out + part[at], at + 1
    return out
