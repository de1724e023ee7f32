"""Encoding rows in the manual's notation, parsed at import into one integer each.

    bits   0-7     8-9   10-11  12  13        14        16-19      20-23      24   25     26
          +-------+-----+------+---+---------+---------+----------+----------+----+------+------+
          | opcode| map | pp   | W | reg is  | r/m is  | /digit+1 | immedi-  | VEX| LOCK | dest |
          |       |     |      |   | 8 bit   | 8 bit   |          | ate size |only|      | twice|
          +-------+-----+------+---+---------+---------+----------+----------+----+------+------+

map: 0 one byte, 1 0F, 2 0F38, 3 0F3A. pp: 0 none, 1 66, 2 F3, 3 F2; both as VEX has them.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

W: Final = 1 << 12
BYTE_REG: Final = 1 << 13
BYTE_RM: Final = 1 << 14
VEX: Final = 1 << 24
LOCK: Final = 1 << 25
TWICE: Final = 1 << 26

MAPS: Final = {"0F": 1, "0F38": 2, "0F3A": 3}
PREFIXES: Final = {"66": 1, "F3": 2, "F2": 3}
IMMEDIATES: Final = {"ib": 1, "iw": 2, "id": 4}

# Every row: (mnemonic and operands, encoding, feature that it needs or "", the packed integer).
ROWS: list[tuple[str, str, str, int]] = []


def row(syntax: str, encoding: str, feature: str = "") -> i64:
    """Parse a row and remember it.

    syntax: `MNEMONIC operand, ...`. Operands: r (32 bits, 64 with W), r8 r16 r32 r64, r/m..., xmm, xmm+ (destination, in VEX also the first
    source), xmm/m32 ..., imm8 ..., cl.
    encoding: the manual's columns: `66 0F 58 /r`, `REX.W C7 /0 id`, `VEX.66.0F38.W1 B9 /r`.
    """
    packed = 0
    words = encoding.split()
    if words[0].startswith("VEX"):
        for part in words[0].split(".")[1:]:
            packed |= MAPS.get(part, 0) << 8 | PREFIXES.get(part, 0) << 10 | (W if part == "W1" else 0)
        packed |= VEX
        words = words[1:]
    if words[0] == "F0":
        packed |= LOCK
        words = words[1:]
    if words[0] in PREFIXES and len(words) > 1:
        packed |= PREFIXES[words[0]] << 10
        words = words[1:]
    if words[0] == "REX.W":
        packed |= W
        words = words[1:]
    if words[0] == "0F":
        words = words[1:]
        escape = words[0] in ("38", "3A") and len(words) > 1 and words[1][0] != "/"
        packed |= (1 if not escape else 2 if words[0] == "38" else 3) << 8
        words = words[1:] if escape else words
    packed |= int(words[0], 16)
    for word in words[1:]:
        if word in IMMEDIATES:
            packed |= IMMEDIATES[word] << 20
        elif word[0] == "/" and word[1] != "r":
            packed |= int(word[1]) + 1 << 16
    packed |= _operand_flags(syntax)
    ROWS.append((syntax, encoding, feature, packed))
    return packed


def _operand_flags(syntax: str) -> int:
    operands = syntax.partition(" ")[2]
    flags = 0
    for operand in operands.split(", "):
        if operand == "r8":
            flags |= BYTE_REG
        elif operand == "r/m8":
            flags |= BYTE_RM
        elif operand == "xmm+":
            flags |= TWICE
    return flags
