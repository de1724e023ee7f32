"""Lowering rows: what an op becomes on an ISA, as text, checked once and turned into flat tables.

    Row("i32.add i64.add", "d imm32", "ADD d, b")

says: where the second operand is a constant of 32 bits, move the first into the result's register and write `ADD d, b`. Of an op's rows the first
that fits is taken. The instructions are in the notation of the ISA's manual, with placeholders for registers and constants:

    a b c x     the operands                  d           the result
    s t u       scratch registers             1: 2: ...   labels, `JE 1` jumps forward to one
    TRAP E, UNREACHABLE                       trap if the ISA's condition E holds

A bare placeholder is as wide as the op's type, `a32` is 32 bits wide whatever the op. A shape says what an operand must be:

    r           anything; it comes in a register            r!      in a register already
    d           anything; moved into the result's register  d!      there without a move
    x           in a register or in the frame               y       as x, or a constant the ISA takes from memory
    o           anything; in a register that is overwritten     z       as y, and the result takes another register than it has
    rax ...     anything; moved to this register
    imm8 ...    a constant: the ISA's `SHAPES`

Which operands a result may share a register with is computed: those not read after the result's first write.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from librt.vecs import append
from mypy_extensions import i64

from wasm_codegen_native.lowering_tables import (
    APART,
    CHECKED,
    CLOBBERS,
    CONDITION,
    CONFLICTS,
    CONSTANT,
    END,
    END_OF_ROWS,
    FIRST,
    FIRST_CONSTANT,
    FIRST_FIXED,
    FIXED_RESULT,
    IN_REGISTER,
    NEEDS,
    NOTES_FLAGS,
    OPERANDS,
    OVERWRITTEN,
    PLACE,
    PLACE_OR_CONSTANT,
    PLAIN,
    REGISTER,
    RESULT,
    SCRATCH,
    SHAPE,
    SHARED,
    STRIDE,
    TIED,
    TIED_FREE,
    TIED_OPERAND,
    A,
    D,
    S,
    Tables,
)  # fmt: skip
from wasm_environ.opcodes import BY_MNEMONIC, Op

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

NAMED_SHAPES: Final = {
    "r": REGISTER, "r!": IN_REGISTER, "d": TIED, "d!": TIED_FREE, "x": PLACE, "y": PLACE_OR_CONSTANT, "z": APART, "o": OVERWRITTEN,
}  # fmt: skip


class ConstantShape(NamedTuple):
    """A set of constants, and what of the constant goes into the instruction."""

    ask: int
    low: int
    high: int
    give: int


class Row(NamedTuple):
    """See the module's docstring. `result`: `` the op's, `=rax` in this register, or `cc E`: this condition. `clobbers`: registers."""

    ops: str
    operands: str
    code: str
    result: str = ""
    needs: str = ""
    clobbers: str = ""


class Instruction(NamedTuple):
    """What a notation makes of an instruction's text: the words of the table, what it reads and writes (codes), and whether flags tell the result."""

    words: tuple[int, ...]
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    vectors: tuple[int, ...]  # codes that are vector registers
    tells: bool


class Notation(NamedTuple):
    """What an ISA gives to read its rows. `instruction(text, op, shapes)`: shapes by operand. `data`: constants in rodata that instructions read, as
    (low half, high half, bytes); an operand code of FIRST_DATA + k is the k-th."""

    instruction: Callable[[str, Op, tuple[int, ...]], Instruction]
    registers: dict[str, int]
    conditions: dict[str, int]
    constants: dict[str, ConstantShape]
    features: tuple[str, ...]
    words: int  # of an instruction
    data: list[tuple[int, int, int]]


LETTERS: Final = {"i": 0, "I": 1, "f": 2, "F": 3, "v": 4}


def expand(pattern: str) -> list[str]:
    """`i{32,64}.add i32.sub` as a list of mnemonics."""
    names = []
    for word in pattern.split():
        head, brace, rest = word.partition("{")
        if brace:
            choices, _, tail = rest.partition("}")
            names += [name for choice in choices.split(",") for name in expand(f"{head}{choice}{tail}")]
        else:
            names.append(word)
    return names


def build(rows: Iterable[Row], notation: Notation) -> Tables:
    """The tables of an ISA's rows. ValueError names the row that is wrong."""
    tables = Tables()
    for shape in notation.constants.values():
        tables.ask = append(tables.ask, shape.ask)
        tables.low = append(tables.low, shape.low)
        tables.high = append(tables.high, shape.high)
        tables.give = append(tables.give, shape.give)
    by_op: dict[int, list[tuple[Row, Op]]] = {}
    for row in rows:
        for name in expand(row.ops):
            op = BY_MNEMONIC[name]
            by_op.setdefault(op.id, []).append((row, op))
    for number, chosen in by_op.items():
        start = len(tables.rows)
        for row, op in chosen:
            try:
                _add(tables, row, op, notation)
            except (ValueError, KeyError, IndexError) as error:
                raise ValueError(f"row {op.mnemonic} {row.operands!r} {row.code!r}: {error!r}") from error
        tables.rows = append(tables.rows, END_OF_ROWS)
        _head(tables, number, start)
    for constant in notation.data:
        for word in constant:
            tables.data = append(tables.data, word)
    return tables


def _head(tables: Tables, op: int, start: int) -> None:
    """For each pair of places, the first row that can fit."""
    rows = tables.rows
    tables.heads[op] = len(tables.places)
    operands = rows[start + OPERANDS]
    for word in (operands, rows[start + RESULT]):
        tables.places = append(tables.places, word)
    for first in range(4):
        for second in range(4):
            r: i64 = start
            while rows[r] != END_OF_ROWS and not (
                _can_be(rows[r + SHAPE], first) and (operands < 2 or _can_be(rows[r + SHAPE + 1], second))
            ):  # fmt: skip
                r += STRIDE
            tables.places = append(tables.places, r)


def _can_be(shape: int, place: int) -> bool:
    """Whether an operand at a place can have a shape."""
    if FIRST_CONSTANT <= shape < FIRST_FIXED:
        return place == CONSTANT
    if shape == PLACE:
        return place != CONSTANT
    return place <= SHARED if shape == IN_REGISTER else True


def _shape(word: str, notation: Notation) -> int:
    if word in NAMED_SHAPES:
        return NAMED_SHAPES[word]
    if word in notation.constants:
        return FIRST_CONSTANT + list(notation.constants).index(word)
    return FIRST_FIXED + notation.registers[word]


def _add(tables: Tables, row: Row, op: Op, notation: Notation) -> None:
    shapes = tuple(_shape(word, notation) for word in row.operands.split())
    if op.operands is not None and len(shapes) != len(op.operands):
        raise ValueError("one shape an operand")
    instructions = [notation.instruction(text.strip(), op, shapes) for text in re.split(r"[;\n]", row.code) if text.strip()]
    first = len(tables.instructions) // notation.words
    for instruction in instructions:
        if len(instruction.words) != notation.words:
            raise ValueError(instruction)
        for word in instruction.words:
            tables.instructions = append(tables.instructions, word)
    condition = -1
    fixed = -1
    if row.result.startswith("cc "):
        condition = notation.conditions[row.result[3:]]
    elif row.result.startswith("="):
        fixed = notation.registers[row.result[1:]]
    columns: list[int] = [0] * STRIDE
    columns[OPERANDS] = len(shapes)
    columns[RESULT] = LETTERS[(op.results or "")[0]] if condition < 0 else -1
    columns[CONDITION] = condition
    for k, shape in enumerate(shapes):
        columns[SHAPE + k] = shape
    tied = [k for k, shape in enumerate(shapes) if shape in (TIED, TIED_FREE)]
    columns[TIED_OPERAND] = tied[0] if tied else -1
    columns[CONFLICTS] = _conflicts(shapes, instructions, bool(tied))
    columns[SCRATCH] = _scratch(instructions)
    columns[FIXED_RESULT] = fixed
    columns[CLOBBERS] = sum(1 << notation.registers[name] for name in row.clobbers.split())
    columns[FIRST] = first
    columns[END] = first + len(instructions)
    columns[NOTES_FLAGS] = int(bool(instructions) and instructions[-1].tells and D in instructions[-1].writes)
    columns[NEEDS] = sum(1 << notation.features.index(name) for name in row.needs.split())
    checked = any(FIRST_CONSTANT <= shape < FIRST_FIXED or shape == TIED_FREE for shape in shapes) or row.needs
    columns[CHECKED] = int(bool(checked))
    columns[PLAIN] = int(
        len(instructions) <= 1 and 1 <= len(shapes) <= 2 and all(shape < FIRST_FIXED and shape != OVERWRITTEN for shape in shapes)
        and shapes[-1] not in ((TIED, TIED_FREE) if len(shapes) == 2 else ()) and fixed < 0 and not row.clobbers and not columns[SCRATCH]
    )  # fmt: skip
    for column in columns:
        tables.rows = append(tables.rows, column)


def _conflicts(shapes: tuple[int, ...], instructions: list[Instruction], tied: bool) -> int:
    """The operands that are read after the result's register is written; a tied result is written before all instructions."""
    mask = 0
    written = False
    for instruction in instructions:
        for k in range(len(shapes)):
            if A + k in instruction.reads and shapes[k] not in (TIED, TIED_FREE):
                mask |= (int(written or tied) | int(written) << 4) << k
        written = written or D in instruction.writes
    return mask


def _scratch(instructions: list[Instruction]) -> int:
    packed = 0
    for k in range(3):
        used = any(S + k in i.reads + i.writes for i in instructions)
        if used:
            packed |= (2 if any(S + k in i.vectors for i in instructions) else 1) << 2 * k
    return packed
