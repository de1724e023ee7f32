"""Instructions of lowering rows, as words of a table, written as machine code. `instruction_text` makes the words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.code import shl
from wasm_codegen_native.isa.s390x.immediates import run_of_ones
from wasm_codegen_native.lowering_tables import FIXED_OPERAND, IMMEDIATE
from wasm_codegen_native.row_writer import RowWriter
from wasm_environ.body import WORDS as RECORD_WORDS

if TYPE_CHECKING:
    from wasm_codegen_native.code import Code
    from wasm_codegen_native.isa.s390x.assembler import Assembler
    from wasm_codegen_native.traps import Traps
    from wasm_codegen_native.values import Values

# Words: form, encoding row, how far the number is shifted, its operand code, the number; then of up to four registers the operand code, and the place of the
# field's lowest bit with that of the fifth bit of a vector register, times 64 (0: a general register).
WORDS: Final = 13
FIRST_OPERAND: Final = 5
ABSENT: Final = -1  # instead of an operand code

# Forms: what becomes of the number, `PLAIN` without one, ...
PLAIN: Final = 0
BITS16: Final = 1
BITS32: Final = 2
NEGATED16: Final = 3
NEGATED32: Final = 4
HIGH: Final = 5
COUNT: Final = 6
LANE: Final = 7
DISPLACEMENT: Final = 8
MASK: Final = 9
LEFT: Final = 10
BACK32: Final = 11
BACK64: Final = 12
# ... or what is no single instruction.
NUMBER: Final = 13
SKIP: Final = 14
LAND: Final = 15
TRAP: Final = 16

# Kinds of numbers in encoding rows.
NUMBERS: Final = {
    "i16": BITS16, "u16": BITS16, "i32": BITS32, "u32": BITS32, "-i16": NEGATED16, "-i32": NEGATED32, "high": HIGH, "count": COUNT, "-count32": BACK32,
    "-count64": BACK64, "disp": DISPLACEMENT, "mask": MASK, "left": LEFT, "lane": LANE,
}  # fmt: skip


def number_bits(form: i64, value: i64) -> i64:
    """A number as the bits of its field."""
    bits: i64 = 0
    if form == BITS16:
        bits = value & 0xFFFF
    elif form == BITS32:
        bits = value & 0xFFFFFFFF
    elif form == NEGATED16:
        bits = -value & 0xFFFF
    elif form == NEGATED32:
        bits = -value & 0xFFFFFFFF
    elif form == HIGH:
        bits = value >> 32 & 0xFFFFFFFF
    elif form == COUNT or form == LANE:
        bits = value
    elif form == BACK32:
        bits = -value & 31
    elif form == BACK64:
        bits = -value & 63
    elif form == DISPLACEMENT:
        bits = (value & 0xFFF) << 8 | (value >> 12 & 0xFF)
    elif form == LEFT:
        bits = 32 << 16 | (128 + 63 - value) << 8 | value
    else:
        bits = run_of_ones(value)
    return bits


@final
class Writer(RowWriter):
    """Writes the instructions of a row."""

    def __init__(self, asm: Assembler, values: Values, traps: Traps, instructions: vec[i64]) -> None:
        super().__init__(traps, instructions)
        self.asm: Assembler = asm
        self.v: Values = values
        self.code: Code = asm.code

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
                if form != PLAIN:
                    word |= shl(number_bits(form, self.number(at)), table[at + 2])
                k = at + FIRST_OPERAND
                stop = at + WORDS
                while k < stop and table[k] != ABSENT:
                    register = self.register(table[k])
                    place = table[k + 1]
                    word |= shl(register & 15, place & 63)
                    if place > 63 and register & 16 != 0:
                        word |= shl(1, place >> 6)
                    k += 2
                self.asm.emit(word)
            elif form == NUMBER:
                self.asm.number(self.register(table[at + FIRST_OPERAND]), table[at + 4])
            else:
                self.jump(form, at)
            at += WORDS

    def register(self, code: i64) -> i64:
        """A register, by its operand code."""
        if code >= FIXED_OPERAND:
            return code - FIXED_OPERAND
        return self.slot[code]

    def number(self, at: i64) -> i64:
        """An instruction's number."""
        code = self.instructions[at + 3]
        if code >= 0:
            return self.slot[code]
        if code == IMMEDIATE:
            return self.v.ops[self.v.pc - RECORD_WORDS + 1]
        return self.instructions[at + 4]

    def jump(self, form: i64, at: i64) -> None:
        """Jumps inside the row, their labels, and traps; the condition is in place of the encoding row."""
        table = self.instructions
        if form == TRAP:
            self.trap(table[at + 1], table[at + 4])
        elif form == SKIP:
            self.skip(self.asm.skip(table[at + 1]), table[at + 4])
        else:
            self.land(table[at + 4])
