"""Machine code read back by the encoding rows, for documentation and tests: disassemblers that are widely installed do not know z14's vector instructions."""

from __future__ import annotations

import re

from wasm_codegen_native.isa.s390x import encodings, vector_encodings  # noqa: F401 -- they fill ROWS
from wasm_codegen_native.isa.s390x.notation import FIELDS, ROWS, vector_fields

LETTERS = {"R": "r", "B": "r", "X": "r", "F": "f", "V": "v"}
SIGNED = ("i8", "i16", "-i16", "i32", "-i32", "label16", "label32")
TOKEN = re.compile(r"-?[A-Za-z]+\d+|-?[a-z]+|\d+|[^\w\s]+|\s+")


def size_of(first: int) -> int:
    """The bytes of an instruction, by its first."""
    return (2, 4, 4, 6)[first >> 6]


def shown(part: str, word: int, at: int, fields: dict[str, int], fifth: dict[str, int]) -> str:
    """A piece of a row's operands, filled in."""
    name = {"D1": "DL", "D2": "D2" if "D2" in fields else "DL"}.get(part, part)
    if name not in fields:
        return part
    width = FIELDS[name]
    value = word >> fields[name] & (1 << width) - 1
    if name in SIGNED:
        value = (value ^ 1 << width - 1) - (1 << width - 1)
    if name.startswith("label"):
        return hex(at + 2 * value)
    if name == "DL" or name == "disp":
        low, high = (value >> 8, value & 0xFF) if name == "disp" else (value, word >> fields["DH"] & 0xFF)
        return str(low | (high ^ 0x80) - 0x80 << 12)
    if name == "mask":
        return f"{value >> 8}, {value & 0xFF}"
    if name == "left":
        return f"{value >> 16}, {value >> 8 & 0xFF}, {value & 0xFF}"
    if name in fifth:
        value |= (word >> fifth[name] & 1) << 4
    return f"%{LETTERS[name[0]]}{value}" if name[0] in LETTERS else str(value)


def text_of(word: int, bits: int, at: int) -> str | None:
    """An instruction of so many bits, at an address; None: it is none of the rows."""
    for syntax, pattern, fixed, length, fields in ROWS:
        variable = 0
        for name, place in fields.items():
            variable |= (1 << FIELDS[name]) - 1 << place
        if length != bits or word & ~variable != fixed or pattern.startswith("EC R1 R2 mask"):
            continue
        mnemonic, _, operands = syntax.partition(" ")
        text = "".join(shown(part, word, at, fields, vector_fields(fields)) for part in TOKEN.findall(operands))
        text = re.sub(r"\(%r0, (%r\d+)\)", r"(\1)", text)
        text = re.sub(r"\((%r\d+), %r0\)", r"(\1)", text)
        return f"{mnemonic.lower()} {text.replace('(%r0)', '')}".strip()
    return None


def disassembled(code: bytes) -> list[str]:
    """Instructions as text, up to the first that no row describes."""
    lines = []
    at = 0
    while at < len(code):
        size = size_of(code[at])
        text = text_of(int.from_bytes(code[at : at + size], "big"), 8 * size, at)
        if text is None:
            break
        lines.append(text)
        at += size
    return lines
