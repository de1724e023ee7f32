"""Instructions of lowering rows: their text, in Arm's notation without #, as the words of a table that `instructions` writes.

    ADD d, a, b       LSL d, a, 3       EXTR d, a, a, -b       FMOV v31.32, a       CSEL d, a, b, EQ       MOV s, 0x5555
    B.EQ 1   B 1   1:         TRAP EQ, UNREACHABLE           ADD d.4S, a.4S, b.4S   UMOV d32, a.B[lane]    UMINV v31.B, a.16B

A bare placeholder is as wide as the operand of the op, `a32` and `v31.32` are 32 bits wide. `MOV s, number` is as many instructions as the number needs,
and keeps the flags; `-b` is the number negated. Vector registers have an arrangement of lanes, a lane (`lane` is the op's immediate), or the letter
by which the manual calls that much of the register; a scratch register with one of these is a vector register.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple, final

from wasm_codegen_native.isa.aarch64.instructions import ABSENT, LAND, NUMBER, NUMBERS, PLAIN, SKIP, TRAP, WORDS
from wasm_codegen_native.isa.aarch64.notation import ROWS, D, X
from wasm_codegen_native.lowering_rows import ConstantShape, Instruction, Notation
from wasm_codegen_native.lowering_tables import (
    ASK_MACHINE,
    ASK_MASKED,
    ASK_NOTHING,
    ASK_POWER,
    ASK_RANGE,
    FIRST_CONSTANT,
    FIRST_FIXED,
    FIXED_OPERAND,
    GIVE_LOG2,
    GIVE_MASKED,
    GIVE_VALUE,
    IMMEDIATE,
    LITERAL,
    SLOTS,
)  # fmt: skip
from wasm_codegen_native.row_writer import ALWAYS
from wasm_environ.traps import TRAPS

if TYPE_CHECKING:
    from wasm_environ.opcodes import Op

CONDITIONS: Final = {
    name: number for number, name in enumerate(("EQ", "NE", "HS", "LO", "MI", "PL", "VS", "VC", "HI", "LS", "GE", "LT", "GT", "LE"))
}  # fmt: skip
REGISTERS: Final = {**{f"x{n}": n for n in range(31)}, **{f"v{n}": 32 + n for n in range(32)}}
# fmt: off
SHAPES: Final = {
    "1":        ConstantShape(ASK_RANGE, 1, 1, GIVE_VALUE),
    "imm12":    ConstantShape(ASK_RANGE, 0, 0xFFF, GIVE_VALUE),
    "negative": ConstantShape(ASK_RANGE, -0xFFF, -1, GIVE_VALUE),
    "high":     ConstantShape(ASK_MASKED, ~0xFFF000, 0, GIVE_VALUE),
    "power":    ConstantShape(ASK_POWER, 0, 0, GIVE_LOG2),
    "mask32":   ConstantShape(ASK_MACHINE, 0, 0, GIVE_VALUE),
    "mask64":   ConstantShape(ASK_MACHINE, 1, 0, GIVE_VALUE),
    **{f"none{bits}": ConstantShape(ASK_MASKED, bits - 1, 0, GIVE_VALUE) for bits in (8, 16, 32, 64)},  # shift counts: by nothing, and by anything
    **{f"count{bits}": ConstantShape(ASK_NOTHING, bits - 1, 0, GIVE_MASKED) for bits in (8, 16, 32, 64)},
}
# Kinds of numbers in encoding rows that a number of a shape can be; the others may be written in a row only.
FITTING: Final = {
    "imm12": ("imm12",), "negative": ("imm12n",), "high": ("imm12h",), "power": ("left32", "left64"), "mask32": ("mask32",), "mask64": ("mask64",),
    "count8": ("vleft8", "vright8"), "count16": ("vleft16", "vright16"),
    "count32": ("left32", "right", "low", "-low32", "vleft32", "vright32"), "count64": ("left64", "right", "low", "-low64", "vleft64", "vright64"),
}
PLAIN_NUMBERS: Final = ("imm12", "mask32", "left32", "left64", "right", *(f"v{way}{bits}" for way in ("left", "right") for bits in (8, 16, 32, 64)))
# fmt: on
WIDTHS: Final = {"i": 32, "I": 64, "f": 32, "F": 64, "v": 128}  # of a letter of the opcode table
FIELDS: Final = ("Rd", "Rn", "Rm", "Ra")  # in the order of an instruction's words
READ_AND_WRITTEN: Final = ("BIT", "BSL", "MOVK", "INS", "TBX", "FMLA", "FMLS", "UMLAL", "SADALP", "USRA", "SQXTN2", "SQXTUN2")
NOT_WRITTEN: Final = ("CMP", "CMN", "TST", "FCMP", "CCMP")
PLACEHOLDER: Final = re.compile(r"([dabcxstu])(8|16|32|64)?(?:\.(\w+))?(?:\[(\w+)\])?$")
FIXED: Final = re.compile(r"([xv]\d+)(?:\.(32|64))?(?:\.(\w+))?(?:\[(\w+)\])?$")
NO_LANE: Final = -3
LABEL: Final = re.compile(r"(\d):$")


class Operand(NamedTuple):
    """An operand: `kind` r (general register), v (vector register; `lanes` its arrangement) or i (number: its `shape`, or the `value` with code LITERAL).
    `lane` is the code of a lane's number, and `value` that."""

    kind: str
    code: int
    width: int = 0
    shape: str = ""
    value: int = 0
    negated: bool = False
    lanes: str = ""
    lane: int = NO_LANE


@final
class Reader:
    """Finds the encoding row of an instruction's text: the first with the mnemonic whose operands can be these."""

    def __init__(self) -> None:
        self.encodings: dict[str, list[tuple[list[str], int]]] = {}
        for syntax, _, word, _ in ROWS:
            mnemonic, _, operands = syntax.partition(" ")
            self.encodings.setdefault(mnemonic, []).append((operands.split(", ") if operands else [], word))

    def instruction(self, text: str, op: Op, shapes: tuple[int, ...]) -> Instruction:
        """An instruction's words."""
        label = LABEL.match(text)
        if label:
            return jump(LAND, 0, int(label[1]))
        name, _, rest = text.partition(" ")
        words = rest.split(", ")
        if name == "TRAP":
            return jump(TRAP, ALWAYS if words[0] == "ALWAYS" else CONDITIONS[words[0]], next(number for number, trap, *_ in TRAPS if trap == words[1]))
        if name == "B" or name.startswith("B."):
            return jump(SKIP, CONDITIONS[name[2:]] if name != "B" else ALWAYS, int(rest))
        operands = [operand(word, op, shapes) for word in words]
        if name == "MOV" and operands[1].kind == "i":
            to = operands[0]
            wide = int(to.width == 64)
            return Instruction((NUMBER, wide, to.code, ABSENT, ABSENT, ABSENT, LITERAL, signed(operands[1].value)), (), (to.code,), (), False)
        return self.find(name, words, operands)

    def find(self, name: str, words: list[str], operands: list[Operand]) -> Instruction:
        """The encoding, filled in."""
        for kinds, word in self.encodings.get(name, []):
            if len(kinds) != len(operands):
                continue
            widths = general_width(kinds, operands), float_width(kinds, operands)
            if all(accepts(kind, text, o, widths) for kind, text, o in zip(kinds, words, operands, strict=True)):
                packed = word + (X if widths[0] == 64 and any(kind[0] == "R" for kind in kinds) else 0)
                packed += D if widths[1] == 64 and any(kind[0] == "F" for kind in kinds) else 0
                return filled(name, packed, kinds, operands)
        raise ValueError(f"no encoding of {name} takes {operands}")


def operand(word: str, op: Op, shapes: tuple[int, ...]) -> Operand:
    """One operand of an instruction's text."""
    word = word.strip("{}")
    found = PLACEHOLDER.match(word.removeprefix("-"))
    if found:
        return of_lanes(placeholder(found[1], int(found[2] or 0), bool(found[3]), op, shapes, word[0] == "-"), found[3], found[4])
    fixed = FIXED.match(word)
    if fixed:
        number = REGISTERS[fixed[1]]
        return of_lanes(Operand("v" if number >= 32 else "r", FIXED_OPERAND + number, int(fixed[2] or 0)), fixed[3], fixed[4])
    try:
        return Operand("i", LITERAL, value=int(word, 0))
    except ValueError:
        return Operand("", ABSENT)  # a condition, a shift: the encoding row has it literally


def of_lanes(operand: Operand, lanes: str | None, lane: str | None) -> Operand:
    """The operand with its arrangement, and a lane's number."""
    if lanes is None:
        return operand
    if lane is None:
        return operand._replace(lanes=lanes)
    if lane == "lane":
        return operand._replace(lanes=lanes, lane=IMMEDIATE)
    return operand._replace(lanes=lanes, lane=LITERAL, value=int(lane))


def placeholder(name: str, width: int, vector: bool, op: Op, shapes: tuple[int, ...], negated: bool) -> Operand:
    """d, an operand or a scratch register."""
    code = SLOTS[name]
    if name in "stu":
        return Operand("v" if vector else "r", code, width or (64 if op.mnemonic.startswith("i64.") else 32))
    position = "abcx".find(name)
    letters = op.results if name == "d" else op.operands
    letter = letters[max(position, 0)] if letters else "I"  # references
    if position >= 0:
        shape = shapes[position]
        if FIRST_CONSTANT <= shape < FIRST_FIXED:
            return Operand("i", code, shape=list(SHAPES)[shape - FIRST_CONSTANT], negated=negated)
    return Operand("v" if letter in "fFv" else "r", code, width or WIDTHS[letter])


def general_width(kinds: list[str], operands: list[Operand]) -> int:
    """How wide the operands are that sf tells the width of."""
    return max((o.width for kind, o in zip(kinds, operands, strict=True) if kind in ("Rd", "Rn", "Rm", "Ra") and o.kind == "r"), default=0)


def float_width(kinds: list[str], operands: list[Operand]) -> int:
    """The same of ftype."""
    return max((o.width for kind, o in zip(kinds, operands, strict=True) if kind in ("Fd", "Fn", "Fm") and o.kind == "v"), default=0)


def accepts(kind: str, text: str, operand: Operand, widths: tuple[int, int]) -> bool:
    """Whether an encoding's operand may be a row's."""
    if kind == text:
        return True
    if kind in NUMBERS:
        if operand.kind != "i" or (kind[0] == "-") != operand.negated:
            return False
        return kind in FITTING.get(operand.shape, ()) if operand.shape else kind in PLAIN_NUMBERS
    kind, _, lanes = kind.strip("{}").partition(".")
    if len(kind) != 2 or kind[1] not in "dnma" or operand.kind not in ("r", "v"):
        return False
    if kind[0] == "V":
        arrangement, bracket, lane = lanes.partition("[")
        fits = operand.lane != NO_LANE if lane == "lane]" else operand.lane == LITERAL and lane == f"{operand.value}]" if bracket else operand.lane == NO_LANE
        return operand.lanes == arrangement and fits
    if operand.kind == "v" and operand.lanes:
        return kind[0] == operand.lanes and operand.lane == NO_LANE
    width = {"R": widths[0], "F": widths[1] if widths[1] < 128 else 0, "W": 32, "X": 64, "S": 32, "D": 64}.get(kind[0], 0)
    return operand.kind == ("r" if kind[0] in "RWX" else "v") and operand.width == width


def filled(name: str, packed: int, kinds: list[str], operands: list[Operand]) -> Instruction:
    """The instruction's words, and what it reads and writes."""
    codes = dict.fromkeys(FIELDS, ABSENT)
    form, code, value = PLAIN, ABSENT, 0
    reads, writes, vectors = [], [], []
    for kind, o in zip(kinds, operands, strict=True):
        if kind in NUMBERS:
            form, code, value = NUMBERS[kind], o.code, o.value
        elif o.kind in ("r", "v"):
            kind = kind.strip("{")
            field = f"R{kind[1]}"
            if o.lane != NO_LANE and kind.endswith("[lane]"):
                form, code, value = NUMBERS[kind[3:]], o.lane, o.value
            codes[field] = o.code
            if field == "Rd" and name not in NOT_WRITTEN:
                writes.append(o.code)
            if field != "Rd" or name in READ_AND_WRITTEN:
                reads.append(o.code)
            if kind[0] not in "RWX":
                vectors.append(o.code)
    return Instruction((form, packed, *codes.values(), code, value), tuple(reads), tuple(writes), tuple(vectors), False)


def jump(form: int, condition: int, value: int) -> Instruction:
    """A jump, a label or a trap."""
    return Instruction((form, condition, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, value), (), (), (), False)


def signed(word: int) -> int:
    """A 64-bit pattern as the number that an i64 holds."""
    return word - (1 << 64) if word >> 63 > 0 else word


def notation() -> Notation:
    """How aarch64's rows are read."""
    from wasm_codegen_native.isa.aarch64 import encodings, vector_encodings  # noqa: F401 -- they fill ROWS

    return Notation(Reader().instruction, REGISTERS, CONDITIONS, SHAPES, (), WORDS, [])
