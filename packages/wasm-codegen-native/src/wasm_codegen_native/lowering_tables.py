"""Lowering rows as tables of numbers: what `lowering` reads. `lowering_rows` makes them of text, for a build or, uncompiled, when they are first needed."""

from __future__ import annotations

import os
from array import array
from typing import TYPE_CHECKING, Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_environ.opcodes import ID_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable

# Shapes of operands.
REGISTER: Final = 1
IN_REGISTER: Final = 2
TIED: Final = 3
TIED_FREE: Final = 4
PLACE: Final = 5
PLACE_OR_CONSTANT: Final = 6
OVERWRITTEN: Final = 7
APART: Final = 8  # as PLACE_OR_CONSTANT, and the result takes another register
FIRST_CONSTANT: Final = 9
FIRST_FIXED: Final = 128  # a register

# Slots: what instructions are filled in with.
D: Final = 0
A: Final = 1
S: Final = 5
SLOTS: Final = {"d": 0, "a": 1, "b": 2, "c": 3, "x": 4, "s": 5, "t": 6, "u": 7}
SLOT_COUNT: Final = 8
FIXED_OPERAND: Final = 64  # operand codes from here on are registers
LITERAL: Final = -1  # an operand code: the number beside it
IMMEDIATE: Final = -2  # an operand code: the first immediate of the op being lowered
FIRST_DATA: Final = 1024  # operand codes from here on are constants in rodata

# What a slot holds of an operand that is in no register: `displacement` says where.
IN_FRAME: Final = -1
IN_RODATA: Final = -2

# Columns of `Tables.rows`.
OPERANDS: Final = 0
RESULT: Final = 1  # type of the result, or -1
CONDITION: Final = 2  # the condition code that is the result, or -1
SHAPE: Final = 3  # and three more
TIED_OPERAND: Final = 7  # or -1
CONFLICTS: Final = 8  # bit k: operand k is read after the result is written; bit k + 4: the same, loading a tied operand apart
SCRATCH: Final = 9  # bits 2k and 2k + 1: scratch k is general (1), a vector (2), not there (0)
FIXED_RESULT: Final = 10  # or -1
CLOBBERS: Final = 11  # registers
FIRST: Final = 12  # instructions
END: Final = 13
NOTES_FLAGS: Final = 14  # the last instruction tells in the flags whether the result is zero
NEEDS: Final = 15  # bits of the ISA's features
CHECKED: Final = 16  # 1: whether the row fits depends on more than where the operands are
PLAIN: Final = 17  # 1: one or two operands, none in a fixed register or overwritten, no scratch, one instruction
STRIDE: Final = 18

# Where an operand is, and the columns of `Tables.heads`: by op, the rows to begin with for operands at such places.
OWN: Final = 0  # in a register of its own
SHARED: Final = 1  # in a local's register
ELSEWHERE: Final = 2  # in the frame
CONSTANT: Final = 3
HEAD_OPERANDS: Final = 0
HEAD_RESULT: Final = 1
HEAD_ROWS: Final = 2  # [4 * place of the first + place of the second], the second's OWN where there is one operand only
HEAD: Final = 18

# What a shape of a constant asks, and what the instruction is filled in with.
ASK_RANGE: Final = 0  # low <= value <= high
ASK_POWER: Final = 1  # a positive power of two
ASK_MASKED: Final = 2  # value & low == high
ASK_NOTHING: Final = 3
ASK_MACHINE: Final = 4  # `Machine.holds` knows set number `low`
GIVE_VALUE: Final = 0
GIVE_MASKED: Final = 1  # value & low
GIVE_LOG2: Final = 2
END_OF_ROWS: Final = -1  # in column OPERANDS


@final
class Tables:
    """Rows and instructions of one ISA. `heads[op]` is the offset in `places` of an op's head, -1 for none; its rows end where END_OF_ROWS stands."""

    def __init__(self) -> None:
        self.heads: vec[i64] = vec[i64]([-1] * ID_LIMIT)
        self.places: vec[i64] = vec[i64]()
        self.rows: vec[i64] = vec[i64]()
        self.instructions: vec[i64] = vec[i64]()
        self.data: vec[i64] = vec[i64]()  # constants in rodata: low half, high half, bytes
        self.ask: vec[i64] = vec[i64]([0] * FIRST_CONSTANT)
        self.low: vec[i64] = vec[i64]([0] * FIRST_CONSTANT)
        self.high: vec[i64] = vec[i64]([0] * FIRST_CONSTANT)
        self.give: vec[i64] = vec[i64]([0] * FIRST_CONSTANT)


# ---- in a file
def parts(tables: Tables) -> list[vec[i64]]:
    """The tables in the order of a file."""
    return [tables.heads, tables.places, tables.rows, tables.instructions, tables.data, tables.ask, tables.low, tables.high, tables.give]


def pack(tables: Tables) -> bytes:
    """The content of a file: of each table its length and its words, 64 bits each in the host's byte order."""
    words = array("q")
    for part in parts(tables):
        words.append(len(part))
        words.extend(part)
    return words.tobytes()


def unpack(data: bytes) -> Tables:
    """The tables of a file that a build of this package wrote."""
    words = array("q")
    words.frombytes(data)
    tables = Tables()
    at = 0
    found = []
    for _ in range(len(parts(tables))):
        count = words[at]
        found.append(vec[i64](words[at + 1 : at + 1 + count]))
        at += 1 + count
    tables.heads, tables.places, tables.rows, tables.instructions, tables.data = found[0], found[1], found[2], found[3], found[4]
    tables.ask, tables.low, tables.high, tables.give = found[5], found[6], found[7], found[8]
    return tables


MADE: Final[dict[str, Tables]] = {}
FILE: Final = "lowerings."  # and an instruction set's name: beside the package's record of what was compiled


def tables_of(isa: str, make: Callable[[], Tables]) -> Tables:
    """An instruction set's tables, as the build that compiled this package left them; made here and now where nothing was built."""
    found = MADE.get(isa)
    if found is None:
        found = MADE[isa] = built_tables(FILE + isa) or make()
    return found


def built_tables(name: str) -> Tables | None:
    """The tables that the build which compiled this package wrote, None where it is not compiled."""
    root = os.path.dirname(__file__)
    if __file__.endswith(".py"):
        return None
    try:
        with open(os.path.join(root, name), "rb") as file:
            return unpack(file.read())
    except OSError:
        return None
