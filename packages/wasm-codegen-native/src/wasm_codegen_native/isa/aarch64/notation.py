"""Encoding rows: the bit pattern of an instruction with named fields, as the Arm Architecture Reference Manual (C4, C6, C7) draws them.

    ADD Rd, Rn, imm12      sf 00100010 0 imm12 Rn Rd

A row becomes the 32-bit word with its fields zero. Fields of the same name lie at the same place in every row, so that writing an instruction is a sum
of shifted operands:

    bit     31   30   29 28 ... 22 ..  20-16   15-12   14-10   9-5    4-0
           +----+----+---------+-----+-------+-------+-------+------+------+
           | sf |    |         |ftype|  Rm   |       |  Ra   |  Rn  |  Rd  |
           +----+----+---------+-----+-------+-------+-------+------+------+
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

X: Final = 1 << 31  # sf: 64 bits wide
D: Final = 1 << 22  # ftype: double

# Widths in bits.
FIELDS: Final = {
    "sf": 1, "ftype": 2, "Rd": 5, "Rn": 5, "Rm": 5, "Ra": 5, "cond": 4, "imm12": 12, "imm16": 16, "hw": 2, "N": 1, "immr": 6, "imms": 6,
    "imm26": 26, "imm19": 19, "immlo": 2, "immhi": 19, "imm7": 7, "imm8": 8, "mode": 1, "size": 2, "address": 12,
    "shift": 7, "imm4": 4, "abc": 3, "defgh": 5, "lane4": 4, "lane3": 3, "lane2": 2, "lane1": 1, "Q": 1, "index": 3,
}  # fmt: skip
PLACES: Final = {"sf": 31, "ftype": 22, "Rd": 0, "Rn": 5, "Rm": 16, "Ra": 10}  # the same in every row

# Every row: (mnemonic and operands, pattern, the word with its fields zero, field -> place of its lowest bit).
ROWS: list[tuple[str, str, int, dict[str, int]]] = []
WORDS: dict[str, int] = {}  # by mnemonic and operands


def row(syntax: str, pattern: str) -> i64:
    """Parse a row and remember it.

    syntax: `MNEMONIC operand, ...`. Operands: Rd Rn Rm Ra (general, 64 bits wide where sf is 1 or size 3), Wd ... or Xd ... (of that width), Fd Fn Fm
    (floating point, double where ftype is 1), Bd ... Dd ..., Vd.8B ... (vectors), Vn.B[lane] ..., the kinds of numbers in `instructions.NUMBERS`, cond;
    others stand for themselves.
    """
    word = 0
    place = 32
    fields: dict[str, int] = {}
    for part in pattern.split():
        width = FIELDS.get(part, len(part))
        place -= width
        if part in FIELDS:
            fields[part] = place
            assert PLACES.get(part, place) == place, syntax
        else:
            word |= int(part, 2) << place
    assert place == 0, syntax
    ROWS.append((syntax, pattern, word, fields))
    WORDS[syntax] = word
    return word
