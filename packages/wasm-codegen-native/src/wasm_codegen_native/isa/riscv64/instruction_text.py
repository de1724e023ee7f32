"""Instructions of lowering rows: their text, in the manual's notation, as the words of a table that `instructions` writes.

    ADDW d, a, b      SLLI d, a, 3      SRLIW d, a, -b      FCVT.L.D x31, a, rtz      LI x31, 0x5555
    BEQ a, x0, 1   J 1   1:         BEQ b, x0, INTEGER_DIVISION_BY_ZERO

A branch leads to a label behind it, or raises a trap. `LI s, number` is as many instructions as the number needs; `-b` is the number negated. A row's
condition is a relation of two registers: `cc LT a, b`. `VSETIVLI` is written where the vectors' type is another, `ANY` where it is none of whole registers;
`NEW d` is nothing, but from there on the result's register is no operand's.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple, final

from wasm_codegen_native.isa.riscv64.assembler import ALWAYS
from wasm_codegen_native.isa.riscv64.branches import EQ, GE, GEU, LT, LTU, NE
from wasm_codegen_native.isa.riscv64.encodings import FEATURES
from wasm_codegen_native.isa.riscv64.instructions import ABSENT, LAND, LANES, NOTHING, NUMBER, NUMBERS, PLAIN, SKIP, TRAP, WORDS
from wasm_codegen_native.isa.riscv64.notation import ROWS
from wasm_codegen_native.isa.riscv64.vector import letters
from wasm_codegen_native.isa.riscv64.vector_encodings import word as vector_word
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
    LITERAL,
    REGISTER,
    SLOTS,
    A,
    D,
)
from wasm_environ.opcodes import Op
from wasm_environ.traps import TRAPS

LANE_LETTERS: Final = letters()  # what a lane's code works on
REGISTERS: Final = {**{f"x{n}": n for n in range(32)}, **{f"{letter}{n}": 32 + n for letter in "fv" for n in range(32)}}
RELATIONS: Final = {"EQ": EQ, "NE": NE, "LT": LT, "GE": GE, "LTU": LTU, "GEU": GEU}
# A row's condition: the relation, and the operand codes of its registers from these bits on.
FIRST_OPERAND: Final = 3
SECOND_OPERAND: Final = 11
# fmt: off
SHAPES: Final = {
    "0":        ConstantShape(ASK_RANGE, 0, 0, GIVE_VALUE),
    "1":        ConstantShape(ASK_RANGE, 1, 1, GIVE_VALUE),
    "3":        ConstantShape(ASK_RANGE, 3, 3, GIVE_VALUE),
    "5":        ConstantShape(ASK_RANGE, 5, 5, GIVE_VALUE),
    "9":        ConstantShape(ASK_RANGE, 9, 9, GIVE_VALUE),
    "imm12":    ConstantShape(ASK_RANGE, -0x800, 0x7FF, GIVE_VALUE),
    "negated":  ConstantShape(ASK_RANGE, -0x7FF, 0x800, GIVE_VALUE),
    "power":    ConstantShape(ASK_POWER, 0, 0, GIVE_LOG2),
    "divisor":  ConstantShape(ASK_MACHINE, 0, 0, GIVE_VALUE),  # neither 0 nor -1
    "none32":   ConstantShape(ASK_MASKED, 31, 0, GIVE_VALUE),  # shift counts: by nothing, and by anything
    "none64":   ConstantShape(ASK_MASKED, 63, 0, GIVE_VALUE),
    "count32":  ConstantShape(ASK_NOTHING, 31, 0, GIVE_MASKED),
    "count64":  ConstantShape(ASK_NOTHING, 63, 0, GIVE_MASKED),
    "count8":   ConstantShape(ASK_NOTHING, 7, 0, GIVE_MASKED),  # of lanes
    "count16":  ConstantShape(ASK_NOTHING, 15, 0, GIVE_MASKED),
}
# Kinds of numbers in encoding rows that a number of a shape can be; the others may be written in a row only, or loaded by LI.
FITTING: Final = {
    "imm12": ("imm12",), "negated": ("-imm12",), "power": ("shamt5", "shamt6"), "count32": ("shamt5", "-shamt5", "uimm5"),
    "count64": ("shamt6", "-shamt6"), "count8": ("uimm5",), "count16": ("uimm5",),
}
# fmt: on
ROUNDING: Final = {"rne": 0, "rtz": 1, "rdn": 2, "rup": 3, "rmm": 4, "dyn": 7}
PLACEHOLDER: Final = re.compile(r"[dabcxstu]$")
LABEL: Final = re.compile(r"(\d):$")
TRAP_NUMBERS: Final = {name: number for number, name, *_ in TRAPS}


class Operand(NamedTuple):
    """An operand: `kind` r (general register), f (floating point), v (vector) or i (number: its `shape`, or the `value` with code LITERAL)."""

    kind: str
    code: int
    shape: str = ""
    value: int = 0
    negated: bool = False


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
            return Instruction((LAND, 0, ABSENT, ABSENT, ABSENT, ABSENT, int(label[1])), (), (), (), False)
        name, _, rest = text.partition(" ")
        words = rest.split(", ")
        if name in ("VSETIVLI", "ANY"):
            return Instruction((LANES, 0, ABSENT, ABSENT, ABSENT, LITERAL, vector_word(text) if rest else 0), (), (), (), False)
        if name == "NEW":
            return Instruction((NOTHING, 0, ABSENT, ABSENT, ABSENT, ABSENT, 0), (), (D,), (), False)
        if op.mnemonic in LANE_LETTERS and name[0] != "V":
            op, shapes = Op(op.prefix, op.code, op.mnemonic, "", LANE_LETTERS[op.mnemonic], op.chapter, op.feature, 0), (REGISTER,) * 4
        if name == "J" or (name[0] == "B" and name[1:] in RELATIONS):
            return jump(name, words, op, shapes)
        operands = [operand(word, op, shapes) for word in words]
        if name == "LI":
            code, value = operands[1].code, signed(operands[1].value)
            return Instruction((NUMBER, 0, operands[0].code, ABSENT, ABSENT, code, value), (), (operands[0].code,), (), False)
        return self.find(name, words, operands)

    def find(self, name: str, words: list[str], operands: list[Operand]) -> Instruction:
        """The encoding, filled in."""
        for kinds, word in self.encodings.get(name, []):
            if len(kinds) == len(operands) and all(accepts(kind, text, o) for kind, text, o in zip(kinds, words, operands, strict=True)):
                return filled(word, kinds, words, operands)
        raise ValueError(f"no encoding of {name} takes {operands}")


def operand(word: str, op: Op, shapes: tuple[int, ...]) -> Operand:
    """One operand of an instruction's text."""
    name = word.removeprefix("-")
    if PLACEHOLDER.match(name):
        return placeholder(name, op, shapes, word[0] == "-")
    if word in REGISTERS:
        return Operand("r" if word[0] == "x" else word[0], FIXED_OPERAND + REGISTERS[word])
    try:
        return Operand("i", LITERAL, value=int(word, 0))
    except ValueError:
        return Operand("", ABSENT)  # a rounding mode


def placeholder(name: str, op: Op, shapes: tuple[int, ...], negated: bool) -> Operand:
    """d, an operand or a scratch register."""
    code = SLOTS[name]
    if name in "stu":
        return Operand("r", code)
    position = "abcx".find(name)
    letters = op.results if name == "d" else op.operands
    letter = letters[max(position, 0)] if letters else "I"  # references
    if position >= 0:
        shape = shapes[position]
        if FIRST_CONSTANT <= shape < FIRST_FIXED:
            return Operand("i", code, shape=list(SHAPES)[shape - FIRST_CONSTANT], negated=negated)
    return Operand("f" if letter in "fF" else "v" if letter == "v" else "r", code)


def accepts(kind: str, text: str, operand: Operand) -> bool:
    """Whether an encoding's operand may be a row's."""
    if kind in NUMBERS:
        if operand.kind != "i":
            return False
        negated = operand.negated or operand.shape == "negated"
        return (kind[0] == "-") == negated and (not operand.shape or kind in FITTING.get(operand.shape, ()))
    if kind == "rm":
        return text in ROUNDING
    if kind in ("v0", "vxrm", "0"):
        return text == kind
    return operand.kind == kind[0]


def filled(word: int, kinds: list[str], words: list[str], operands: list[Operand]) -> Instruction:
    """The instruction's words, and what it reads and writes."""
    codes = {"d": ABSENT, "1": ABSENT, "2": ABSENT}
    form, code, value = PLAIN, ABSENT, 0
    reads: list[int] = []
    writes: list[int] = []
    vectors: list[int] = []
    for kind, text, o in zip(kinds, words, operands, strict=True):
        if kind in NUMBERS:
            form, code, value = NUMBERS[kind], o.code, o.value
        elif kind == "rm":
            word |= ROUNDING[text] << 12
        elif kind[-1] == "3":  # a fixed register
            word |= (o.code & 31) << 27
        elif kind in ("v0", "vxrm", "0"):
            continue
        else:
            codes[kind[-1]] = o.code
            (writes if kind[-1] == "d" else reads).append(o.code)
            if kind[0] in "fv":
                vectors.append(o.code)
    return Instruction((form, word, *codes.values(), code, value), tuple(reads), tuple(writes), tuple(vectors), False)


def jump(name: str, words: list[str], op: Op, shapes: tuple[int, ...]) -> Instruction:
    """A branch, or a jump, to a label or a trap."""
    target = words[-1]
    form, number = (SKIP, int(target)) if target.isdigit() else (TRAP, TRAP_NUMBERS[target])
    if name == "J":
        return Instruction((form, ALWAYS, ABSENT, ABSENT, ABSENT, ABSENT, number), (), (), (), False)
    a, b = (operand(word, op, shapes) for word in words[:2])
    if a.kind != "r" or b.kind != "r":
        raise ValueError(f"{name} compares general registers")
    return Instruction((form, RELATIONS[name[1:]], ABSENT, a.code, b.code, ABSENT, number), (a.code, b.code), (), (), False)


def conditions() -> dict[str, int]:
    """What a row's condition may be: relations of operands, of one with zero, and whether what a row left in x31 is zero."""
    codes = {"a": A, "b": A + 1, "x0": FIXED_OPERAND, "x31": FIXED_OPERAND + 31}
    pairs = (("a", "b"), ("b", "a"), ("a", "x0"), ("x31", "x0"))
    return {
        f"{name} {a}, {b}": relation | codes[a] << FIRST_OPERAND | codes[b] << SECOND_OPERAND for name, relation in RELATIONS.items() for a, b in pairs
    }


def signed(word: int) -> int:
    """A 64-bit pattern as the number that an i64 holds."""
    return word - (1 << 64) if word >> 63 > 0 else word


def notation() -> Notation:
    """How riscv64's rows are read."""
    return Notation(Reader().instruction, REGISTERS, conditions(), SHAPES, FEATURES, WORDS, [])
