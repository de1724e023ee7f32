"""Integer ops that no row says: division (`divide`) and 128-bit arithmetic (`wide`)."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from wasm_codegen_native.chapters import Chapter
from wasm_codegen_native.isa.x86_64.assembler import Assembler
from wasm_codegen_native.isa.x86_64.divide import Divide
from wasm_codegen_native.isa.x86_64.wide import WideArithmetic
from wasm_codegen_native.kinds import DIVISION, NUMBER, TYPE
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import Values


@final
class Integer(Chapter):
    """Lowers integer ops of the value stack's top."""

    def __init__(self, asm: Assembler, values: Values, traps: Traps) -> None:
        self.asm: Assembler = asm
        self.v: Values = values
        self.divide: Divide = Divide(asm, values, traps)
        self.wide: WideArithmetic = WideArithmetic(asm, values)

    def lower(self, op: i64, kind: i64) -> None:
        """Lower one op."""
        if kind == DIVISION:
            self.divide.lower(NUMBER[op], TYPE[op])
        else:
            self.wide.lower(op, kind)
