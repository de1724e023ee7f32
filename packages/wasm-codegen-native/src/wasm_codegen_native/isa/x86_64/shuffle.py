"""i8x16.shuffle: bytes picked by a table, from each operand."""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from wasm_codegen_native.code import Code
from wasm_codegen_native.isa.x86_64.assembler import Assembler
from wasm_codegen_native.isa.x86_64.encodings import MOVAPS
from wasm_codegen_native.isa.x86_64.registers import SCRATCH
from wasm_codegen_native.isa.x86_64.vector_encodings import POR, PSHUFB
from wasm_codegen_native.machine import T_V128
from wasm_codegen_native.values import REG, Values
from wasm_environ.body import WORDS

ZERO: Final = 0x80  # an index for which PSHUFB gives zero


def table(low: i64, high: i64, first: int) -> tuple[int, int]:
    """The sixteen lanes of an op's record as indices into the operand whose lanes begin with number `first`: two signed halves."""
    indices = bytearray()
    for half in (low, high):
        for lane in int(half).to_bytes(8, "little", signed=True):
            indices.append(lane - first if first <= lane < first + 16 else ZERO)
    return int.from_bytes(indices[:8], "little", signed=True), int.from_bytes(indices[8:], "little", signed=True)


EMPTY: Final = table(-1, -1, 0)  # of lanes that are all of the other operand


@final
class Shuffle:
    """Lowers i8x16.shuffle of the value stack's top."""

    def __init__(self, asm: Assembler, values: Values) -> None:
        self.asm: Assembler = asm
        self.code: Code = asm.code
        self.v: Values = values

    def lower(self) -> None:
        """Lower the op: one PSHUFB, or one for each operand."""
        v = self.v
        asm = self.asm
        p = v.pc - WORDS
        of_first = table(v.ops[p + 1], v.ops[p + 2], 0)
        of_second = table(v.ops[p + 1], v.ops[p + 2], 16)
        i = v.operands(2)
        if of_second == EMPTY or of_first == EMPTY:
            keep: i64 = 0 if of_second == EMPTY else 1
            to = v.own(i + keep)
            asm.v3r(PSHUFB, to, to, self.constant(of_first if keep == 0 else of_second))
        else:
            to = v.own(i)
            asm.v3r(PSHUFB, to, to, self.constant(of_first))
            asm.v2(MOVAPS, SCRATCH, v.reg(i + 1))
            asm.v3r(PSHUFB, SCRATCH, SCRATCH, self.constant(of_second))
            asm.v3(POR, to, to, SCRATCH)
        for k in range(2):
            if v.kind[i + k] == REG and v.low[i + k] != to:
                v.release(i + k)
        v.pop(2)
        v.push_reg(T_V128, to)

    def constant(self, indices: tuple[int, int]) -> i64:
        """A table of indices in rodata."""
        return self.code.constant(indices[0], indices[1], 16)
