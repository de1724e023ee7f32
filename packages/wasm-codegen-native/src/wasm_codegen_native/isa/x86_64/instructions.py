"""Instructions of lowering rows, as words of a table, written as machine code. `instruction_text` makes the words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.isa.x86_64.notation import W
from wasm_codegen_native.isa.x86_64.registers import RBP
from wasm_codegen_native.lowering_tables import FIRST_DATA, FIXED_OPERAND, IN_FRAME, IN_RODATA, LITERAL
from wasm_codegen_native.row_writer import RowWriter
from wasm_environ.body import WORDS as RECORD_WORDS

if TYPE_CHECKING:
    from wasm_codegen_native.code import Code
    from wasm_codegen_native.isa.x86_64.assembler import Assembler
    from wasm_codegen_native.traps import Traps
    from wasm_codegen_native.values import Values

WORDS: Final = 6  # form, encoding row, three operand codes, number
# Forms. R: a general register, X: that or the frame.
RX: Final = 0
X: Final = 1
X_IMM8: Final = 2
X_IMM32: Final = 3
RX_IMM8: Final = 4
RX_IMM32: Final = 5
RXR: Final = 6
SUM: Final = 7  # register, base, index; number: the scale's exponent
SUM_IMM: Final = 8
NUMBER: Final = 9
ZERO: Final = 10
SKIP: Final = 11
LAND: Final = 12
TRAP: Final = 13
# Of vector registers V; PLACE: a vector register, the frame or rodata.
V3: Final = 14  # to <- a op PLACE
V3_IMM8: Final = 15
V2: Final = 16  # register, PLACE or general register
V2_IMM8: Final = 17
V1: Final = 18  # a scalar result of one operand
V1_IMM8: Final = 19
SHIFT_LANES: Final = 20  # to <- a shifted by a number
FIRST_VECTOR_FORM: Final = 14
LANE: Final = 0x100  # in place of a byte behind these: the op's first immediate

FEATURES: Final = ("sse4_2", "popcnt", "avx", "avx2", "fma", "bmi1", "bmi2", "abm")


@final
class Writer(RowWriter):
    """Writes the instructions of a row."""

    def __init__(self, asm: Assembler, values: Values, traps: Traps, instructions: vec[i64], data: vec[i64]) -> None:
        super().__init__(traps, instructions)
        self.asm: Assembler = asm
        self.code: Code = asm.code
        self.v: Values = values
        self.data: vec[i64] = data
        self.displacement: vec[i64] = vec[i64]()

    def write(self, first: i64, end: i64, slot: vec[i64], displacement: vec[i64]) -> None:
        """Instructions `first` to before `end`, filled in."""
        self.slot = slot
        self.displacement = displacement
        at = first * WORDS
        last = end * WORDS
        table = self.instructions
        while at < last:
            form = table[at]
            if form == RX:
                self.register_place(table[at + 1], self.value(table[at + 2]), table[at + 3])
            elif form <= RX_IMM32:
                self.with_number(form, at)
            elif form >= FIRST_VECTOR_FORM:
                self.vector(form, at)
            elif form <= ZERO:
                self.general(form, at)
            else:
                self.jump(form, at)
            at += WORDS

    def value(self, code: i64) -> i64:
        """A register, or a constant, by its operand code."""
        return code - FIXED_OPERAND if code >= FIXED_OPERAND else self.slot[code]

    def register_place(self, row: i64, register: i64, code: i64) -> None:
        """An instruction of a register and one that may lie in the frame."""
        place = self.value(code)
        if place >= 0:
            self.asm.rr(row, register, place)
        else:
            self.asm.rm(row, register, RBP, self.displacement[code])

    def with_number(self, form: i64, at: i64) -> None:
        """X, X_IMM8 to RX_IMM32."""
        table = self.instructions
        code = table[at + 4]
        register: i64 = 0
        if form >= RX_IMM8:
            register = self.value(table[at + 2])
        self.register_place(table[at + 1], register, table[at + 3])
        if form != X:
            number: i64 = table[at + 5] if code == LITERAL else self.slot[code]
            if form == X_IMM8 or form == RX_IMM8:
                self.code.byte(number)
            else:
                self.code.word(number)

    def general(self, form: i64, at: i64) -> None:
        """The other forms with registers."""
        table = self.instructions
        asm = self.asm
        row = table[at + 1]
        to = self.value(table[at + 2])
        if form == RXR:
            asm.g3(row, to, self.value(table[at + 3]), self.value(table[at + 4]))
        elif form == SUM:
            asm.rx(row, to, self.value(table[at + 3]), self.value(table[at + 4]), table[at + 5], 0)
        elif form == SUM_IMM:
            asm.rm(row, to, self.value(table[at + 3]), self.slot[table[at + 4]])
        elif form == NUMBER:
            asm.number(to, table[at + 5])
        elif not self.code.flags_tell(1 if row & W != 0 else 0, to):
            asm.rr(row, to, to)

    def vector(self, form: i64, at: i64) -> None:
        """The forms of vector registers."""
        table = self.instructions
        asm = self.asm
        row = table[at + 1]
        to = self.value(table[at + 2])
        if form == SHIFT_LANES:
            count: i64 = table[at + 5] if table[at + 4] == LITERAL else self.slot[table[at + 4]]
            asm.shift_lanes(row, to, self.value(table[at + 3]), count)
        elif form <= V3_IMM8:
            source = self.value(table[at + 3])
            code = table[at + 4]
            place = self.place(code)
            if place >= 0:
                asm.v3(row, to, source, place)
            elif place == IN_FRAME:
                asm.v3m(row, to, source, RBP, self.displacement[code])
            else:
                asm.v3r(row, to, source, self.rodata(code))
        else:
            code = table[at + 3]
            place = self.place(code)
            if place == IN_FRAME:
                asm.v2m(row, to, RBP, self.displacement[code])
            elif place == IN_RODATA:
                asm.v3r(row, to, to, self.rodata(code))
            elif form >= V1:
                asm.scalar(row, to, place)
            else:
                asm.v2(row, to, place)
        if form & 1 != 0:
            number = table[at + 5]
            if number == LANE:
                number = self.v.ops[self.v.pc - RECORD_WORDS + 1]
            self.code.byte(number)

    def place(self, code: i64) -> i64:
        """The register of an operand code, or IN_FRAME or IN_RODATA."""
        if code >= FIRST_DATA:
            return IN_RODATA
        return self.value(code)

    def rodata(self, code: i64) -> i64:
        """Where the constant of an operand code is in rodata."""
        if code < FIRST_DATA:
            return self.displacement[code]
        k = 3 * (code - FIRST_DATA)
        return self.code.constant(self.data[k], self.data[k + 1], self.data[k + 2])

    def jump(self, form: i64, at: i64) -> None:
        """Short jumps, their labels, and traps."""
        table = self.instructions
        if form == TRAP:
            self.trap(table[at + 1], table[at + 5])
        elif form == SKIP:
            self.skip(self.asm.skip(table[at + 1]), table[at + 5])
        else:
            self.land(table[at + 5])
