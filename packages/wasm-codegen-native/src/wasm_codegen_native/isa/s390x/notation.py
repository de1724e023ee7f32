"""Encoding rows: an instruction in the notation of the Principles of Operation, and its format as hexadecimal digits with named fields.

    AGRK R1, R2, R3       B9E8 R3 0 R1 R2
    LG R1, D2(X2, B2)     E3 R1 X2 B2 DL DH 04

A row becomes a number of 16, 32 or 48 bits with its fields zero; the first two bits of every instruction tell how many there are. Registers are fields of
four bits; the fifth of a vector register is one of RXB, whose bit depends on where the field is:

    bits    0      7 8  11 12 15 16 19 20                 32 35 36 39 40     47
           +--------+-----+-----+-----+------------------+-----+-----+--------+
           |   E7   | V1  | V2  | V3  |                  | V4  | RXB |   op   |
           +--------+-----+-----+-----+------------------+-----+-----+--------+
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

# Widths in bits. R, B and X: a general register; F: a floating-point register, of which there are sixteen; V: a vector register; M: a mask. Small letters:
# the numbers of `instructions.NUMBERS`.
FIELDS: Final = {
    "R1": 4, "R2": 4, "R3": 4, "B1": 4, "B2": 4, "X2": 4, "F1": 4, "F2": 4, "V1": 4, "V2": 4, "V3": 4, "V4": 4, "M1": 4, "M3": 4, "RXB": 4, "D2": 12, "DL": 12,
    "DH": 8, "i8": 8, "i16": 16, "u16": 16, "-i16": 16, "i32": 32, "u32": 32, "-i32": 32, "high": 32, "count": 12, "-count32": 12, "-count64": 12, "disp": 20,
    "mask": 16, "left": 24, "lane": 12, "m3": 4, "label16": 16, "label32": 32,
}  # fmt: skip
RXB: Final = {36: 11, 32: 10, 28: 9, 12: 8}  # place of a vector register's field -> of its fifth bit

# Every row: (mnemonic and operands, pattern, the number with its fields zero, bits, field -> place of its lowest bit).
ROWS: list[tuple[str, str, int, int, dict[str, int]]] = []


def row(syntax: str, pattern: str) -> i64:
    """Parse a row and remember it.

    syntax: `MNEMONIC operand, ...`. Operands: fields, D2(X2, B2) and D2(B2), where D2 is DL and DH if the pattern has these; others stand for themselves.
    """
    parts = pattern.split()
    bits = sum(FIELDS.get(part, 4 * len(part)) for part in parts)
    assert bits in (16, 32, 48), syntax
    word = 0
    place = bits
    fields: dict[str, int] = {}
    for part in parts:
        width = FIELDS.get(part, 4 * len(part))
        place -= width
        if part in FIELDS:
            fields[part] = place
        else:
            word |= int(part, 16) << place
    assert word >> (bits - 2) in {16: (0,), 32: (1, 2), 48: (3,)}[bits], syntax
    ROWS.append((syntax, pattern, word, bits, fields))
    return word


def vector_fields(fields: dict[str, int]) -> dict[str, int]:
    """The fields of vector registers -> the place of each one's fifth bit."""
    return {name: RXB[place] for name, place in fields.items() if name[0] == "V"}
