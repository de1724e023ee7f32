"""Instructions of lowering rows: their text, in the notation of the Principles of Operation, as the words of a table that `instructions` writes.

    AGRK d, a, b      SLLG d, a, 0(b)      AGHIK d, a, -b      RISBGN d, a, b, 0      CFDBR d, 5, f7      MOV r14, 0x5555
    JE 1   J 1   1:         TRAP E, UNREACHABLE

How wide an operand is, the mnemonic tells. `MOV r14, number` is as many instructions as the number needs, 64 bits wide, and keeps the condition code; `-b` is
the number negated; `lane` is the op's immediate; the b of RISBGN is a mask, or where there is nothing behind it, a shift of the low half to the left.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple, final

from wasm_codegen_native.isa.s390x import encodings as e
from wasm_codegen_native.isa.s390x.instructions import ABSENT, LAND, NUMBER, NUMBERS, PLAIN, SKIP, TRAP, WORDS
from wasm_codegen_native.isa.s390x.notation import ROWS, vector_fields
from wasm_codegen_native.isa.s390x.registers import R1
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
    "O": e.OVERFLOW, "H": e.HIGH, "L": e.LOW, "E": e.EQUAL, "HE": e.HIGH_EQUAL, "LE": e.LOW_EQUAL, "NO": e.OVERFLOW + 1, "NE": e.NOT_EQUAL,
}  # fmt: skip
REGISTERS: Final = {
    **{f"r{n}": n for n in range(16)}, "r1": R1, **{f"v{n}": 32 + n for n in range(32)}, **{f"f{n}": 32 + n for n in range(16)},
}  # fmt: skip
# fmt: off
SHAPES: Final = {
    "1":       ConstantShape(ASK_RANGE, 1, 1, GIVE_VALUE),
    "0xFF":    ConstantShape(ASK_RANGE, 0xFF, 0xFF, GIVE_VALUE),
    "0xFFFF":  ConstantShape(ASK_RANGE, 0xFFFF, 0xFFFF, GIVE_VALUE),
    "0xFFFFFFFF": ConstantShape(ASK_RANGE, 0xFFFFFFFF, 0xFFFFFFFF, GIVE_VALUE),
    "i16":     ConstantShape(ASK_RANGE, -0x8000, 0x7FFF, GIVE_VALUE),
    "i32":     ConstantShape(ASK_RANGE, -0x80000000, 0x7FFFFFFF, GIVE_VALUE),
    "u32":     ConstantShape(ASK_RANGE, 0, 0xFFFFFFFF, GIVE_VALUE),
    "minus16": ConstantShape(ASK_RANGE, -0x7FFF, 0x8000, GIVE_VALUE),  # what is negated
    "minus32": ConstantShape(ASK_RANGE, -0x7FFFFFFF, 0x80000000, GIVE_VALUE),
    "disp":    ConstantShape(ASK_RANGE, -0x80000, 0x7FFFF, GIVE_VALUE),
    "ones":    ConstantShape(ASK_RANGE, -0x100000000, -1, GIVE_VALUE),  # the high half is all ones
    "zeros":   ConstantShape(ASK_MASKED, 0xFFFFFFFF, 0, GIVE_VALUE),  # the low half is zero ...
    "filled":  ConstantShape(ASK_MASKED, 0xFFFFFFFF, 0xFFFFFFFF, GIVE_VALUE),  # ... or all ones
    "power":   ConstantShape(ASK_POWER, 0, 0, GIVE_LOG2),
    "mask":    ConstantShape(ASK_MACHINE, 0, 0, GIVE_VALUE),  # one run of ones; of an i32, which has zeros above it, as a signed number
    "none32":  ConstantShape(ASK_MASKED, 31, 0, GIVE_VALUE),  # shift counts: by nothing, and by anything
    "none64":  ConstantShape(ASK_MASKED, 63, 0, GIVE_VALUE),
    "count32": ConstantShape(ASK_NOTHING, 31, 0, GIVE_MASKED),
    "count64": ConstantShape(ASK_NOTHING, 63, 0, GIVE_MASKED),
}
# Kinds of numbers in encoding rows that a number of a shape can be; the others may be written in a row only.
FITTING: Final = {
    "i16": ("i16",), "i32": ("i32", "u32"), "u32": ("u32",), "minus16": ("-i16",), "minus32": ("-i32",), "disp": ("disp",), "ones": ("u32",),
    "zeros": ("high",), "filled": ("high",), "power": ("count", "left"), "mask": ("mask",), "count32": ("count", "-count32", "left"),
    "count64": ("count", "-count64"), "lane": ("lane",),
}
# fmt: on
# Instructions whose first operand is read as well: those of two operands, and what replaces a part of a register.
READ_AND_WRITTEN: Final = frozenset((
    "AR", "AGR", "ALR", "ALGR", "ALCGR", "SR", "SGR", "SLBGR", "MSR", "MSGR", "MLGR", "DLR", "DLGR", "DSGR", "DSGFR", "AHI", "AGHI", "AFI", "AGFI", "ALGFI",
    "MHI", "MGHI", "MSFI", "MSGFI", "NR", "OR", "XR", "NGR", "XGR", "NILF", "NIHF", "OILF", "OIHF", "OIHL", "XILF", "XIHF", "SLL", "SRA", "LOCGR", "LOCGHI",
    "IILF", "VLVGF", "VLVGG", "VLVGB", "VLVGH", "OGR", "LBR", "LHR", "RLL", "LCR",
))  # fmt: skip
# Those that write a register's low half only: the rows that use them have it tied, or clear it. LBR and its like are above for the same reason.
NOT_WRITTEN: Final = frozenset(("CR", "CGR", "CLR", "CLGR", "CHI", "CGHI", "CFI", "CGFI", "CLFI", "CLGFI", "LTR", "LTGR", "TMLL", "WFCSB", "WFCDB"))
PLACEHOLDER: Final = re.compile(r"-?([dabcxstu])$")
FIXED: Final = re.compile(r"[rvf]\d+$")
LABEL: Final = re.compile(r"(\d):$")
TOKEN: Final = re.compile(r"[^\s,()]+")


class Operand(NamedTuple):
    """An operand: `kind` r (general register), s (scratch register of either class), v (vector register), f (one that is a floating-point register, too),
    i (number: its `shape`, or the `value` with code LITERAL) or c (condition: its mask)."""

    kind: str
    code: int
    shape: str = ""
    value: int = 0
    negated: bool = False


@final
class Reader:
    """Finds the encoding row of an instruction's text: the first with the mnemonic whose operands can be these."""

    def __init__(self) -> None:
        self.encodings: dict[str, list[tuple[str, int, dict[str, int]]]] = {}
        for syntax, _, word, _, fields in ROWS:
            mnemonic, _, operands = syntax.partition(" ")
            self.encodings.setdefault(mnemonic, []).append((operands, word, fields))

    def instruction(self, text: str, op: Op, shapes: tuple[int, ...]) -> Instruction:
        """An instruction's words."""
        label = LABEL.match(text)
        if label:
            return jump(LAND, 0, int(label[1]))
        name, _, rest = text.partition(" ")
        words = TOKEN.findall(rest)
        if name == "TRAP":
            return jump(TRAP, ALWAYS if words[0] == "ALWAYS" else CONDITIONS[words[0]], next(number for number, trap, *_ in TRAPS if trap == words[1]))
        if name == "J" or (name[0] == "J" and name[1:] in CONDITIONS):
            return jump(SKIP, CONDITIONS[name[1:]] if name != "J" else ALWAYS, int(rest))
        operands = [operand(word, op, shapes) for word in words]
        if name == "MOV":
            to = operands[0].code
            return made((NUMBER, 0, 0, LITERAL, signed(operands[1].value)), [(to, 0)], (), (to,), ())
        for syntax, word, fields in self.encodings.get(name, []):
            kinds = TOKEN.findall(syntax)
            if TOKEN.sub("_", syntax) == TOKEN.sub("_", rest) and all(map(accepts, kinds, words, operands)):
                return filled(name, word, fields, kinds, operands)
        raise ValueError(f"no encoding of {text}")


def operand(word: str, op: Op, shapes: tuple[int, ...]) -> Operand:
    """One operand of an instruction's text."""
    found = PLACEHOLDER.match(word)
    if found:
        return placeholder(found[1], op, shapes, word[0] == "-")
    if FIXED.match(word):
        return Operand("f" if word[0] == "f" else "v" if word[0] == "v" else "r", FIXED_OPERAND + REGISTERS[word])
    if word == "lane":
        return Operand("i", IMMEDIATE, shape=word)
    if word in CONDITIONS:
        return Operand("c", ABSENT, value=e.condition_mask(CONDITIONS[word]))
    return Operand("i", LITERAL, value=int(word, 0))


def placeholder(name: str, op: Op, shapes: tuple[int, ...], negated: bool) -> Operand:
    """d, an operand or a scratch register."""
    code = SLOTS[name]
    if name in "stu":
        return Operand("s", code)
    position = "abcx".find(name)
    letters = op.results if name == "d" else op.operands
    letter = letters[max(position, 0)] if letters else "I"  # references
    if position >= 0 and FIRST_CONSTANT <= shapes[position] < FIRST_FIXED:
        return Operand("i", code, shape=list(SHAPES)[shapes[position] - FIRST_CONSTANT], negated=negated)
    return Operand("v" if letter in "fFv" else "r", code)


def accepts(kind: str, text: str, operand: Operand) -> bool:
    """Whether an encoding's operand may be a row's."""
    if kind == text:
        return True
    if kind in NUMBERS:
        if operand.kind != "i" or (kind[0] == "-") != operand.negated:
            return False
        return kind in FITTING.get(operand.shape, ()) if operand.shape else kind not in ("mask", "left", "disp", "lane")
    if len(kind) != 2 or not kind[1].isdigit():
        return False
    if kind[0] in "RBX":
        return operand.kind in ("r", "s")
    if kind[0] == "M":
        return operand.kind == "c"
    return operand.kind == "f" if kind[0] == "F" else kind[0] == "V" and operand.kind in ("v", "f", "s")


def filled(name: str, word: int, fields: dict[str, int], kinds: list[str], operands: list[Operand]) -> Instruction:
    """The instruction's words, and what it reads and writes."""
    fifth = vector_fields(fields)
    form, shift, code, value = PLAIN, 0, ABSENT, 0
    registers, reads, writes, vectors = [], [], [], []
    for position, (kind, o) in enumerate(zip(kinds, operands, strict=True)):
        if kind in NUMBERS:
            form, shift, code, value = NUMBERS[kind], fields[kind], o.code, o.value
        elif o.kind == "c":
            word |= o.value << fields[kind]
        elif o.kind != "i":
            registers.append((o.code, fields[kind] | fifth.get(kind, 0) << 6))
            if position == 0 and name not in NOT_WRITTEN:
                writes.append(o.code)
            if position > 0 or name in READ_AND_WRITTEN or name in NOT_WRITTEN:
                reads.append(o.code)
            if kind[0] in "VF":
                vectors.append(o.code)
    return made((form, word, shift, code, value), registers, tuple(reads), tuple(writes), tuple(vectors))


def made(
    head: tuple[int, ...], registers: list[tuple[int, int]], reads: tuple[int, ...], writes: tuple[int, ...], vectors: tuple[int, ...]
) -> Instruction:
    """An instruction's words in their order."""
    words = [*head, *(number for register in registers for number in register)]
    return Instruction((*words, *[ABSENT] * (WORDS - len(words))), reads, writes, vectors, False)


def jump(form: int, condition: int, value: int) -> Instruction:
    """A jump, a label or a trap."""
    return made((form, condition, 0, ABSENT, value), [], (), (), ())


def signed(word: int) -> int:
    """A 64-bit pattern as the number that an i64 holds."""
    return word - (1 << 64) if word >> 63 > 0 else word


def notation() -> Notation:
    """How s390x's rows are read."""
    from wasm_codegen_native.isa.s390x import vector_encodings  # noqa: F401 -- it fills ROWS

    return Notation(Reader().instruction, REGISTERS, CONDITIONS, SHAPES, (), WORDS, [])
