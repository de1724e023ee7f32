"""s390x's encoding rows with random operands, as text for an assembler: installed disassemblers know too little of z14."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

import wasm_codegen_native.isa.s390x.vector_encodings  # noqa: F401 -- it fills ROWS
from wasm_codegen_native.isa.s390x.disassembly import text_of
from wasm_codegen_native.isa.s390x.instructions import NUMBERS, number_bits
from wasm_codegen_native.isa.s390x.notation import FIELDS, ROWS, vector_fields

CASES = 12  # a row
LABEL = re.compile(r"^(brcl|brc|brasl|larl)( .*)(?<=[ ,])(-?)(0x\w+)$")
EVEN = ("MLGR", "MGRK", "DLR", "DLGR", "DSGR", "DSGFR", "FLOGR")  # the first operand is a pair


def number(kind: str, chance: random.Random) -> int:
    """The bits of a number of this kind."""
    if kind == "left":
        value = chance.randrange(1, 32)
    elif kind == "mask":
        value = (1 << chance.randrange(1, 31)) - 1 << chance.randrange(1, 31)
    elif kind in ("count", "-count32", "-count64", "lane"):
        value = chance.randrange(1, 64)
    elif kind == "disp":
        value = chance.randrange(-0x80000, 0x80000)
    else:
        value = chance.getrandbits(FIELDS[kind]) - (1 << FIELDS[kind] - 1)
    return number_bits(NUMBERS[kind], value)


def case(syntax: str, word: int, fields: dict[str, int], chance: random.Random) -> int:
    """A row's number, filled in."""
    fifth = vector_fields(fields)
    for kind, place in fields.items():
        if kind == "m3":  # of an element
            word |= chance.randrange({"B": 16, "H": 8, "F": 4, "G": 2}[syntax.split()[0][-1]]) << place
        elif kind in NUMBERS:
            word |= number(kind, chance) << place
        elif kind[0] == "V":
            register = chance.randrange(32)
            word |= (register & 15) << place | (register >> 4) << fifth[kind]
        elif kind[0] in "BXR" and kind != "RXB":
            register = chance.randrange(1, 16)
            word |= (register & 14 if kind == "R1" and syntax.split()[0] in EVEN else register) << place
        elif kind == "M1" or kind == "M3":
            word |= chance.randrange(1, 15) << place
        elif kind != "RXB":
            word |= chance.getrandbits(FIELDS[kind]) << place
    return word


def cases() -> Iterator[tuple[str, bytes, str]]:
    """(row, bytes, text)."""
    chance = random.Random(11)
    for syntax, pattern, word, bits, fields in ROWS:
        for _ in range(CASES):
            filled = case(syntax, word, fields, chance)
            text = text_of(filled, bits, 0)
            assert text is not None, syntax
            # a jump as an assembler takes it: the distance, not the place that it leads to from 0
            text = LABEL.sub(lambda found: f"{found[1]}{found[2]}.{found[3] or '+'}{found[4]}", text)
            yield f"{syntax} = {pattern}", filled.to_bytes(bits // 8, "big"), text
