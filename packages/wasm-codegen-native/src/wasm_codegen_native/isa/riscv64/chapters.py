"""The chapters of this instruction set: which of them lowers an op."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from wasm_codegen_native.chapters import Chapters
from wasm_codegen_native.isa.riscv64.atomic import Atomic
from wasm_codegen_native.isa.riscv64.canonical_nans import CanonicalNans
from wasm_codegen_native.isa.riscv64.encodings import ZBA, ZICOND
from wasm_codegen_native.isa.riscv64.instructions import Writer
from wasm_codegen_native.isa.riscv64.lanes import Lanes
from wasm_codegen_native.isa.riscv64.machine import RiscvMachine
from wasm_codegen_native.isa.riscv64.memory import Memory
from wasm_codegen_native.isa.riscv64.parametric import Parametric
from wasm_codegen_native.isa.riscv64.shuffle import Shuffle
from wasm_codegen_native.isa.riscv64.vector_memory import VectorMemory
from wasm_codegen_native.isa.riscv64.wide import WideArithmetic
from wasm_codegen_native.kinds import MEMORY_SIZE, PARAMETRIC, VECTOR, WIDE_ARITHMETIC
from wasm_codegen_native.lowering_tables import Tables
from wasm_codegen_native.workbench import Workbench


@final
class RiscvChapters(Chapters):
    """See `Chapters`."""

    def __init__(self, bench: Workbench, machine: RiscvMachine, writer: Writer, tables: Tables, features: i64) -> None:
        super().__init__()
        asm = machine.asm
        values = bench.values
        self.wide: WideArithmetic = WideArithmetic(asm, values)
        self.memory: Memory = Memory(asm, values, bench.traps, bench.frame, features & ZBA != 0, features & ZICOND != 0)
        self.atomic: Atomic = Atomic(asm, values, bench.traps, self.memory)
        self.parametric: Parametric = Parametric(machine, values)
        lanes = Lanes(asm, values, writer, tables, features)
        self.vectors: VectorMemory = VectorMemory(asm, values, self.memory, lanes, Shuffle(asm, values, lanes))
        self.nans: CanonicalNans = CanonicalNans(asm, lanes)

    def lower(self, op: i64, kind: i64) -> None:
        if kind == WIDE_ARITHMETIC:
            self.wide.lower(op)
        elif kind <= MEMORY_SIZE:
            self.memory.lower(op, kind)
        elif kind == PARAMETRIC:
            self.parametric.select()
        elif kind == VECTOR:
            self.vectors.lower(op)
        else:
            self.atomic.lower(op, kind)

    def canonicalize(self, floats: i64, register: i64) -> None:
        self.nans.canonicalize(floats, register)
