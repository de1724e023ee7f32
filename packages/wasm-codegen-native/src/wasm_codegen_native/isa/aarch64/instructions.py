"""Instructions of lowering rows, as words of a table, written as machine code. `instruction_text` makes the words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.isa.aarch64.immediates import bitmask
from wasm_codegen_native.lowering_tables import FIXED_OPERAND, IMMEDIATE
from wasm_codegen_native.row_writer import RowWriter
from wasm_environ.body import WORDS as RECORD_WORDS

if TYPE_CHECKING:
    from wasm_codegen_native.code import Code
    from wasm_codegen_native.isa.aarch64.assembler import Assembler
    from wasm_codegen_native.traps import Traps
    from wasm_codegen_native.values import Values

WORDS: Final = 8  # form, encoding row, operand codes of Rd Rn Rm Ra, code of a number, number
ABSENT: Final = -1  # instead of an operand code

# Forms: what becomes of the number, `PLAIN` without one, ...
PLAIN: Final = 0
LEFT32: Final = 1  # a shift to the left is a rotation to the right
LEFT64: Final = 2
LOW_NEGATED32: Final = 3
LOW_NEGATED64: Final = 4
IMM12_HIGH: Final = 5
MASK32: Final = 6
MASK64: Final = 7
FIRST_LINEAR: Final = 8  # rows of LINEAR
# ... or what is no single instruction.
NUMBER: Final = 32
SKIP: Final = 33
LAND: Final = 34
TRAP: Final = 35

# Numbers that go into an instruction as (base + factor * number) << place. vleft and vright shift lanes, B[lane] ... are a lane's number.
LINEAR: Final = (
    ("imm12", 0, 1, 10), ("imm12n", 0, -1, 10), ("right", 0, 1, 16), ("low", 0, 1, 10), ("imm4", 0, 1, 11),
    *((f"vleft{bits}", bits, 1, 16) for bits in (8, 16, 32, 64)), *((f"vright{bits}", 2 * bits, -1, 16) for bits in (8, 16, 32, 64)),
    *((f"{letter}[lane]", 0, 1, 17 + k) for k, letter in enumerate("BHSD")),
)  # fmt: skip
BASES: Final[vec[i64]] = vec[i64]([row[1] for row in LINEAR])
FACTORS: Final[vec[i64]] = vec[i64]([row[2] for row in LINEAR])
PLACES: Final[vec[i64]] = vec[i64]([row[3] for row in LINEAR])
# Kinds of numbers in encoding rows.
NUMBERS: Final = {
    "imm12h": IMM12_HIGH, "left32": LEFT32, "left64": LEFT64, "-low32": LOW_NEGATED32, "-low64": LOW_NEGATED64, "mask32": MASK32, "mask64": MASK64,
    **{row[0]: FIRST_LINEAR + number for number, row in enumerate(LINEAR)},
}  # fmt: skip


def number_bits(form: i64, value: i64) -> i64:
    """A number as the bits of an instruction."""
    if form >= FIRST_LINEAR:
        k = form - FIRST_LINEAR
        return (BASES[k] + FACTORS[k] * value) << PLACES[k]
    bits: i64 = 0
    if form == IMM12_HIGH:
        bits = value >> 12 << 10
    elif form == LEFT32:
        bits = (-value & 31) << 16 | (31 - value) << 10
    elif form == LEFT64:
        bits = (-value & 63) << 16 | (63 - value) << 10
    elif form == LOW_NEGATED32:
        bits = (-value & 31) << 10
    elif form == LOW_NEGATED64:
        bits = (-value & 63) << 10
    else:
        bits = bitmask(value, form == MASK64) << 10
    return bits


@final
class Writer(RowWriter):
    """Writes the instructions of a row."""

    def __init__(self, asm: Assembler, values: Values, traps: Traps, instructions: vec[i64]) -> None:
        super().__init__(traps, instructions)
        self.asm: Assembler = asm
        self.code: Code = asm.code
        self.v: Values = values

    def write(self, first: i64, end: i64, slot: vec[i64], displacement: vec[i64]) -> None:
        """Instructions `first` to before `end`, filled in."""
        self.slot = slot
        at = first * WORDS
        last = end * WORDS
        table = self.instructions
        while at < last:
            form = table[at]
            if form < NUMBER:
                word = table[at + 1]
                operand = table[at + 2]
                if operand >= 0:
                    word |= self.register(operand)
                operand = table[at + 3]
                if operand >= 0:
                    word |= self.register(operand) << 5
                operand = table[at + 4]
                if operand >= 0:
                    word |= self.register(operand) << 16
                operand = table[at + 5]
                if operand >= 0:
                    word |= self.register(operand) << 10
                if form != PLAIN:
                    word |= number_bits(form, self.number(at))
                self.code.word(word)
            elif form == NUMBER:
                self.asm.number(self.register(table[at + 2]), table[at + 7], table[at + 1] != 0)
            else:
                self.jump(form, at)
            at += WORDS

    def register(self, code: i64) -> i64:
        """The five bits of a register, by its operand code."""
        if code >= FIXED_OPERAND:
            return code & 31
        return self.slot[code] & 31

    def number(self, at: i64) -> i64:
        """An instruction's number."""
        code = self.instructions[at + 6]
        if code >= 0:
            return self.slot[code]
        if code == IMMEDIATE:
            return self.v.ops[self.v.pc - RECORD_WORDS + 1]
        return self.instructions[at + 7]

    def jump(self, form: i64, at: i64) -> None:
        """Jumps inside the row, their labels, and traps; the condition is in place of the encoding row."""
        table = self.instructions
        if form == TRAP:
            self.trap(table[at + 1], table[at + 7])
        elif form == SKIP:
            self.skip(self.asm.skip(table[at + 1]), table[at + 7])
        else:
            self.land(table[at + 7])
