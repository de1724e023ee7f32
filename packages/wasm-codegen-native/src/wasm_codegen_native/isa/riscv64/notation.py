"""Encoding rows: the bit pattern of an instruction with named fields, as the RISC-V Instruction Set Manual (volume I, "RV32/64G Instruction Set Listings")
draws them.

    ADDI rd, rs1, imm12      imm12 rs1 000 rd 0010011

A row becomes the 32-bit word with its fields zero. Fields of the same name lie at the same place in every row, so that writing an instruction is a sum
of shifted operands:

    bit     31       27-25   24-20   19-15  14-12   11-7    6-0
           +----------------+-------+------+-------+-------+--------+
           | rs3    |       |  rs2  | rs1  |  rm   |  rd   |        |
           |      imm12 of loads    |      |       |       |        |
           |      imm7      |       |      |       | imm5  |        |   stores and branches
           |             imm20                     |       |        |
           +----------------+-------+------+-------+-------+--------+
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

# Widths in bits.
FIELDS: Final = {"rd": 5, "rs1": 5, "rs2": 5, "rs3": 5, "rm": 3, "imm12": 12, "imm20": 20, "imm7": 7, "imm5": 5, "imm5v": 5, "shamt5": 5, "shamt6": 6}
PLACES: Final = {"rd": 7, "rs1": 15, "rs2": 20, "rs3": 27, "rm": 12, "imm12": 20, "imm20": 12, "imm7": 25, "imm5": 7, "imm5v": 15, "shamt5": 20, "shamt6": 20}

# Every row: (mnemonic and operands, pattern, the word with its fields zero, field -> place of its lowest bit).
ROWS: list[tuple[str, str, int, dict[str, int]]] = []


def row(syntax: str, pattern: str) -> i64:
    """Parse a row and remember it.

    syntax: `MNEMONIC operand, ...`. Operands: rd rs1 rs2 (general), fd fs1 fs2 (floating point, at the same places), vd vs1 vs2 (vectors, there as well), the
    kinds of numbers in `instructions.NUMBERS`, rm (a rounding mode), label; `imm(rs1)` and `(rs1)` are addresses; others stand for themselves.
    """
    word = 0
    place = 32
    fields: dict[str, int] = {}
    for part in pattern.split():
        width = FIELDS.get(part, len(part))
        place -= width
        if part in FIELDS:
            fields[part] = place
            assert PLACES[part] == place, syntax
        else:
            word |= int(part, 2) << place
    assert place == 0, syntax
    ROWS.append((syntax, pattern, word, fields))
    return word
