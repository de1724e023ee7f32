"""Instructions of lowering rows: their text, in Intel's notation, as the words of a table that `instructions` writes.

    ADD d, b          IMUL d, a, b       LEA d, [a + b*4]     MOVZX d, a8        SETE d8         SHL d, cl
    JE 1   1:         TRAP E, UNREACHABLE         MOV s, 0x5555        ZERO a             ADDSD d, a, {x2 0x7FFF}

An operand that a row lets lie in the frame (shapes x, y, z) may stand where the manual has r/m. `ZERO a` makes ZF tell whether `a` is zero: TEST a, a,
unless the flags tell already. `MOV s, number` keeps the flags. Instructions with xmm+ in their encoding have three operands, as their VEX forms have.
`lane` is the op's immediate, a byte. `{0x3FF}` is a constant in rodata as wide as the instruction reads, `{x2 0x7FFF}` one of two equal 64-bit halves,
`{x4 ...}` of four 32-bit words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple, final

from wasm_codegen_native.isa.x86_64.encodings import CC_FLOAT_E, CC_FLOAT_NE, LEA, TEST
from wasm_codegen_native.isa.x86_64.instructions import (
    FEATURES,
    LAND,
    LANE,
    NUMBER,
    RX,
    RX_IMM8,
    RX_IMM32,
    RXR,
    SHIFT_LANES,
    SKIP,
    SUM,
    SUM_IMM,
    TRAP,
    V1,
    V2,
    V3,
    WORDS,
    X_IMM8,
    X_IMM32,
    ZERO,
    X,
)  # fmt: skip
from wasm_codegen_native.isa.x86_64.notation import ROWS, W
from wasm_codegen_native.isa.x86_64.registers import NAMES8, NAMES32, NAMES64, NAMES_XMM
from wasm_codegen_native.lowering_rows import ConstantShape, Instruction, Notation
from wasm_codegen_native.lowering_tables import (
    APART,
    ASK_MASKED,
    ASK_NOTHING,
    ASK_POWER,
    ASK_RANGE,
    FIRST_CONSTANT,
    FIRST_DATA,
    FIRST_FIXED,
    FIXED_OPERAND,
    GIVE_LOG2,
    GIVE_MASKED,
    GIVE_VALUE,
    LITERAL,
    PLACE,
    PLACE_OR_CONSTANT,
    SLOTS,
    A,
    D,
    S,
)  # fmt: skip
from wasm_codegen_native.row_writer import ALWAYS
from wasm_environ.traps import TRAPS

if TYPE_CHECKING:
    from wasm_environ.opcodes import Op

CONDITIONS: Final = {
    "O": 0, "NO": 1, "B": 2, "AE": 3, "E": 4, "NE": 5, "BE": 6, "A": 7, "S": 8, "NS": 9, "P": 10, "NP": 11, "L": 12, "GE": 13, "LE": 14, "G": 15,
    "FE": CC_FLOAT_E, "FNE": CC_FLOAT_NE,  # ordered and equal; unordered or not equal
}  # fmt: skip
# Register names and (number, width in bits), 0: the op's.
REGISTERS: Final = {
    **{name: (number, 0) for number, name in enumerate(NAMES64)},
    **{name: (number, 32) for number, name in enumerate(NAMES32)},
    **{name: (number, 8) for number, name in enumerate(NAMES8)},
    **{name: (32 + number, 128) for number, name in enumerate(NAMES_XMM)},
}
# fmt: off
SHAPES: Final = {
    "0":         ConstantShape(ASK_RANGE, 0, 0, GIVE_VALUE),
    "1":         ConstantShape(ASK_RANGE, 1, 1, GIVE_VALUE),
    "3":         ConstantShape(ASK_RANGE, 3, 3, GIVE_VALUE),
    "5":         ConstantShape(ASK_RANGE, 5, 5, GIVE_VALUE),
    "9":         ConstantShape(ASK_RANGE, 9, 9, GIVE_VALUE),
    "imm8":      ConstantShape(ASK_RANGE, -0x80, 0x7F, GIVE_VALUE),
    "imm32":     ConstantShape(ASK_RANGE, -0x80000000, 0x7FFFFFFF, GIVE_VALUE),
    "power":     ConstantShape(ASK_POWER, 0, 0, GIVE_LOG2),
    "none32":    ConstantShape(ASK_MASKED, 31, 0, GIVE_VALUE),  # shift counts: by nothing, and by anything
    "none64":    ConstantShape(ASK_MASKED, 63, 0, GIVE_VALUE),
    "count16":   ConstantShape(ASK_NOTHING, 15, 0, GIVE_MASKED),
    "count32":   ConstantShape(ASK_NOTHING, 31, 0, GIVE_MASKED),
    "count64":   ConstantShape(ASK_NOTHING, 63, 0, GIVE_MASKED),
}
# fmt: on
WIDE_CONSTANTS: Final = ("imm32",)  # the others are one byte in an instruction
TELLING: Final = frozenset(("ADD", "SUB", "AND", "OR", "XOR"))  # their result is zero when ZF says so
READING: Final = frozenset(("CMP", "TEST", "ZERO", "MUL", "DIV", "IDIV", "UCOMISS", "UCOMISD", "PTEST"))  # write none of the operands they name
# begin the names of those that do not read the first
SETTING: Final = ("MOV", "LEA", "BSF", "BSR", "TZCNT", "LZCNT", "POPCNT", "SET", "CVT", "SQRT", "ROUND", "PABS", "PMOV", "VPBROADCAST")
FORMS: Final = {(1, ""): X, (2, ""): RX, (1, "imm8"): X_IMM8, (1, "imm32"): X_IMM32, (2, "imm8"): RX_IMM8, (2, "imm32"): RX_IMM32}  # by registers and number
SINGLE: Final = ("CVT", "SQRT", "ROUND")  # begin the names of those with xmm+ that have one source
VECTORS: Final = ("f", "F", "v")  # letters of the opcode table
WIDE_MOVES: Final = ("MOVD", "PINSRD")  # with 64-bit registers they are MOVQ, PINSRQ
DATA: Final = re.compile(r"\{(?:x(\d) )?(\w+)\}$")
PLACEHOLDER: Final = re.compile(r"([dabcxstu])(8|16|32|64)?$")
ADDRESS: Final = re.compile(r"\[(\w+) \+ (\w+)(?:\*(\d))?\]$")
COMMA: Final = re.compile(r", (?![^\[]*\])")
LABEL: Final = re.compile(r"(\d):$")


class Operand(NamedTuple):
    """An operand: `kind` r (general register), x (that or the frame), v (vector register), y (that, the frame or rodata), i (number), k (constant in
    rodata: `width` is how often `value` stands in it), m (sum of registers: `other`, `scale`), d (sum of a register and a number) or s (scratch: r or v)."""

    kind: str
    code: int
    width: int
    value: int = 0
    other: int = 0
    scale: int = 0


@final
class Reader:
    """Finds the encoding row of an instruction's text: the first with the mnemonic whose operands can be these."""

    def __init__(self) -> None:
        self.data: list[tuple[int, int, int]] = []
        self.kinds: list[str] = []  # of the operands of the last instruction
        self.encodings: dict[str, list[tuple[list[str], int]]] = {}
        for syntax, _, _, packed in ROWS:
            mnemonic, _, kinds = syntax.partition(" ")
            self.encodings.setdefault(mnemonic, []).append((kinds.split(", "), packed))

    def instruction(self, text: str, op: Op, shapes: tuple[int, ...]) -> Instruction:
        """See `Notation`."""
        label = LABEL.match(text)
        if label:
            return of(LAND, value=int(label[1]))
        mnemonic, _, rest = text.partition(" ")
        if mnemonic == "TRAP":
            condition, code = rest.split(", ")
            return of(TRAP, row=CONDITIONS.get(condition, ALWAYS), value=next(number for number, name, *_ in TRAPS if name == code))
        if mnemonic == "JMP" or (mnemonic[0] == "J" and mnemonic[1:] in CONDITIONS):
            return of(SKIP, row=CONDITIONS.get(mnemonic[1:], ALWAYS), value=int(rest))
        operands = [self.operand(word, op, shapes) for word in COMMA.split(rest)] if rest else []
        words = self.words(mnemonic, operands)
        codes = [code for o in operands for code in ((o.code, o.other) if o.kind == "m" else (o.code,)) if o.kind != "i"]
        sets = mnemonic.startswith(SETTING) or len(operands) == 3
        vectors = tuple(o.code for o, kind in zip(operands, self.kinds, strict=False) if kind.startswith("xmm"))
        return Instruction(words, tuple(codes[1:] if sets else codes), () if mnemonic in READING else tuple(codes[:1]), vectors, mnemonic in TELLING)

    def operand(self, word: str, op: Op, shapes: tuple[int, ...]) -> Operand:
        """One operand."""
        own = 64 if op.mnemonic.startswith(("i64", "ref")) else 32
        found = PLACEHOLDER.match(word)
        if found:
            code = SLOTS[found[1]]
            shape = shapes[code - A] if A <= code < A + len(shapes) else 0
            letter = op.results[0] if code == D and op.results else (op.operands or "")[code - A] if shape and op.operands else ""
            if code >= S:
                return Operand("s", code, int(found[2] or own))
            if FIRST_CONSTANT <= shape < FIRST_FIXED:
                return Operand("i", code, 32 if list(SHAPES)[shape - FIRST_CONSTANT] in WIDE_CONSTANTS else 8)
            if letter in VECTORS:
                return Operand("y" if shape in (PLACE, PLACE_OR_CONSTANT, APART) else "v", code, 128)
            return Operand("x" if shape in (PLACE, PLACE_OR_CONSTANT, APART) else "r", code, int(found[2] or own))
        found = ADDRESS.match(word)
        if found:
            base, index = (self.operand(found[k], op, shapes) for k in (1, 2))
            return Operand("m" if index.kind == "r" else "d", base.code, own, 0, index.code, int(found[3] or 1).bit_length() - 1)
        if word in REGISTERS:
            number, width = REGISTERS[word]
            return Operand("v" if width == 128 else "r", FIXED_OPERAND + number, width or own)
        found = DATA.match(word)
        if found:
            return Operand("k", 0, int(found[1] or 0), int(found[2], 0))
        if word == "lane":
            return Operand("i", LITERAL, 8, LANE)
        value = int(word, 0)
        return Operand("i", LITERAL, 8 if -0x80 <= value < 0x80 else 32, value)

    def words(self, mnemonic: str, operands: list[Operand]) -> tuple[int, ...]:
        """The words of an instruction proper."""
        first = operands[0] if operands else None
        if mnemonic == "ZERO" and first is not None:
            return words(ZERO, TEST | (W if first.width == 64 else 0), first.code)
        if mnemonic == "LEA" and first is not None:
            second = operands[1]
            return words(SUM if second.kind == "m" else SUM_IMM, LEA | (W if first.width == 64 else 0), first.code, second.code, second.other, second.scale)
        if mnemonic == "MOV" and first is not None and operands[1].kind == "i":
            value = operands[1].value
            return words(NUMBER, 0, first.code, value=signed(value) if first.width == 64 else value & 0xFFFFFFFF)
        condition = 0
        for stem, standing in (("SET", "SETO"), ("CMOV", "CMOVO")):
            if mnemonic.startswith(stem):
                condition = CONDITIONS[mnemonic[len(stem) :]]
                mnemonic = standing
        for encoding, packed in self.encodings[mnemonic]:
            kinds = ["xmm+", *encoding] if encoding[0] == "xmm+" and not mnemonic.startswith(SINGLE) else encoding
            if encoding[0] == "xmm!":
                kinds = ["xmm!", "xmm", *encoding[1:]]
            if mnemonic in WIDE_MOVES:
                kinds = [kind.replace("r/m32", "r/m") for kind in kinds]
            if kinds[0].startswith("xmm"):  # a byte that is no number
                operands = [o._replace(width=8) if o.kind == "i" and 0 <= o.value < 0x100 else o for o in operands]
            if len(kinds) == len(operands) and all(map(accepts, kinds, operands)):
                wide = any(kind in ("r", "r/m") and o.width == 64 for kind, o in zip(kinds, operands, strict=True))
                self.kinds = kinds
                return self.filled(kinds, packed + condition | (W if wide else 0), operands)
        raise ValueError(f"no encoding of {mnemonic} takes {operands}")

    def filled(self, kinds: list[str], packed: int, operands: list[Operand]) -> tuple[int, ...]:
        """The form for an encoding's operands."""
        numbers = [(o, kind) for o, kind in zip(operands, kinds, strict=True) if kind.startswith("imm")]
        places = [o for o, kind in zip(operands, kinds, strict=True) if not kind.startswith("imm") and kind != "cl"]
        codes = [self.constant(o, kinds[k]) if o.kind == "k" else o.code for k, o in enumerate(places)]
        if any(kind.startswith("xmm") for kind in kinds):
            return vector_words(kinds, packed, codes, numbers[0][0] if numbers else None)
        if len(places) == 3:
            return words(RXR, packed, codes[0], codes[1], codes[2])
        if len(places) == 2 and kinds[0].startswith("r/m"):
            codes.reverse()
        form = FORMS[len(places), numbers[0][1] if numbers else ""]
        register, place = (0, codes[0]) if len(places) == 1 else codes
        return words(form, packed, register, place, numbers[0][0].code if numbers else 0, numbers[0][0].value if numbers else 0)


    def constant(self, operand: Operand, kind: str) -> int:
        """The code of a constant in rodata, for an operand of this kind."""
        bits = int(kind.rpartition("/m")[2].removeprefix("m"))
        repeat = operand.width or 1
        value = sum(operand.value << bits // repeat * k for k in range(repeat)) if operand.width else operand.value
        self.data.append((signed(value & (1 << 64) - 1), signed(value >> 64), bits // 8))
        return FIRST_DATA + len(self.data) - 1


def vector_words(kinds: list[str], packed: int, codes: list[int], number: Operand | None) -> tuple[int, ...]:
    """The form of an instruction of vector registers."""
    value = number.value if number else 0
    step = 1 if number else 0  # the forms with a number follow those without
    if kinds[0] == "xmm!" and number:
        return words(SHIFT_LANES, packed, codes[0], codes[1], number.code, value)
    if len(codes) == 3:
        return words(V3 + step, packed, codes[0], codes[1], codes[2], value)
    if kinds[0].startswith("r/m"):  # the general register is in r/m
        codes.reverse()
    form = V1 if kinds[0] == "xmm+" and kinds[1].startswith("xmm") else V2
    return words(form + step, packed, codes[0], codes[1], 0, value)


def accepts(kind: str, operand: Operand) -> bool:
    """Whether an encoding's operand may be a row's."""
    if kind == "cl":
        return operand.code == FIXED_OPERAND + 1
    if kind.startswith("imm"):
        return operand.kind == "i" and operand.width <= int(kind[3:])
    if kind in ("r", "rv"):
        return operand.kind in "rs" and operand.width >= 32
    if kind == "r/m":
        return operand.kind in "rxs" and operand.width >= 32
    if kind.startswith("xmm"):
        return operand.kind in ("vysk" if "/m" in kind else "vs")
    if kind.startswith("m"):
        return operand.kind == "k"
    if kind.endswith("*"):  # a part of a register that is named as a whole
        return operand.kind in "rs" and operand.width == 32
    digits = "".join(c for c in kind if c.isdigit())
    return operand.kind in ("rxs" if "/m" in kind else "rs") and operand.width == int(digits or 0)


def words(form: int, row: int = 0, a: int = 0, b: int = 0, c: int = 0, value: int = 0) -> tuple[int, ...]:
    """An instruction's words."""
    return form, row, a, b, c, value


def signed(word: int) -> int:
    """A 64-bit pattern as the number that an i64 holds."""
    return word - (1 << 64) if word >> 63 > 0 else word


def of(form: int, row: int = 0, value: int = 0) -> Instruction:
    """An instruction without operands."""
    return Instruction(words(form, row, value=value), (), (), (), False)


def notation() -> Notation:
    """How x86-64's rows are read."""
    reader = Reader()
    registers = {name: number for name, (number, _) in REGISTERS.items()}
    return Notation(reader.instruction, registers, CONDITIONS, SHAPES, FEATURES, WORDS, reader.data)


