"""Instructions of lowering rows, as words of a table, written as machine code. `instruction_text` makes the words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.isa.riscv64.assembler import ALWAYS
from wasm_codegen_native.isa.riscv64.branches import condition
from wasm_codegen_native.lowering_tables import FIXED_OPERAND, LITERAL
from wasm_codegen_native.row_writer import RowWriter

if TYPE_CHECKING:
    from wasm_codegen_native.code import Code
    from wasm_codegen_native.isa.riscv64.assembler import Assembler
    from wasm_codegen_native.traps import Traps

WORDS: Final = 7  # form, encoding row, operand codes of rd rs1 rs2, code of a number, number
ABSENT: Final = -1  # instead of an operand code

# Forms: what becomes of the number, `PLAIN` without one, ...
PLAIN: Final = 0
IMM: Final = 1
IMM_NEGATED: Final = 2
IMM_HIGH: Final = 3
COUNT_NEGATED32: Final = 4
COUNT_NEGATED64: Final = 5
IMM_SOURCE: Final = 6
# ... or what is no single instruction.
NUMBER: Final = 7
SKIP: Final = 8
LAND: Final = 9
TRAP: Final = 10
LANES: Final = 11  # the type of vectors, where it is another: the number is VSETIVLI, or 0 for any of whole registers
NOTHING: Final = 12

# Kinds of numbers in encoding rows.
NUMBERS: Final = {
    "imm12": IMM, "shamt5": IMM, "shamt6": IMM, "-imm12": IMM_NEGATED, "imm20": IMM_HIGH, "-shamt5": COUNT_NEGATED32, "-shamt6": COUNT_NEGATED64,
    "simm5": IMM_SOURCE, "uimm5": IMM_SOURCE,
}  # fmt: skip


def number_bits(form: i64, value: i64) -> i64:
    """A number as the bits of an instruction."""
    if form == IMM_HIGH:
        return (value & 0xFFFFF) << 12
    if form == IMM_NEGATED:
        return (-value & 0xFFF) << 20
    if form == COUNT_NEGATED32:
        return (-value & 31) << 20
    if form == COUNT_NEGATED64:
        return (-value & 63) << 20
    if form == IMM_SOURCE:
        return (value & 31) << 15
    return (value & 0xFFF) << 20


@final
class Writer(RowWriter):
    """Writes them, filled in from the slots of `lowering`."""

    def __init__(self, asm: Assembler, traps: Traps, instructions: vec[i64]) -> None:
        super().__init__(traps, instructions)
        self.asm: Assembler = asm
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
                operand = table[at + 2]
                if operand >= 0:
                    word |= self.register(operand) << 7
                operand = table[at + 3]
                if operand >= 0:
                    word |= self.register(operand) << 15
                operand = table[at + 4]
                if operand >= 0:
                    word |= self.register(operand) << 20
                if form != PLAIN:
                    word |= number_bits(form, self.number(at))
                self.asm.word(word)
            elif form == LANES:
                self.asm.set_lanes(table[at + 6])
            elif form == NUMBER:
                self.asm.number(self.register(table[at + 2]), self.number(at))
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
        code = self.instructions[at + 5]
        if code == LITERAL:
            return self.instructions[at + 6]
        return self.slot[code]

    def jump(self, form: i64, at: i64) -> None:
        """Jumps inside the row, their labels, and traps; the relation is in place of the encoding row."""
        table = self.instructions
        if form == LAND:
            self.land(table[at + 6])
            return
        if form == NOTHING:
            return
        relation = table[at + 1]
        wanted: i64 = ALWAYS
        if relation != ALWAYS:
            wanted = condition(relation, self.register(table[at + 3]), self.register(table[at + 4]))
        if form == TRAP:
            self.trap(wanted, table[at + 6])
        else:
            self.skip(self.asm.skip(wanted), table[at + 6])
