"""The chapters of this instruction set."""

from __future__ import annotations

from mypy_extensions import i64

from wasm_codegen_native.chapters import Chapters
from wasm_codegen_native.isa.riscv64.atomic import Atomic
from wasm_codegen_native.isa.riscv64.canonical_nans import RiscvCanonicalNans
from wasm_codegen_native.isa.riscv64.encodings import ZBA, ZICOND
from wasm_codegen_native.isa.riscv64.instructions import Writer
from wasm_codegen_native.isa.riscv64.lanes import Lanes
from wasm_codegen_native.isa.riscv64.machine import RiscvMachine
from wasm_codegen_native.isa.riscv64.memory import Memory
from wasm_codegen_native.isa.riscv64.parametric import Parametric
from wasm_codegen_native.isa.riscv64.shuffle import Shuffle
from wasm_codegen_native.isa.riscv64.vector_memory import VectorMemory
from wasm_codegen_native.isa.riscv64.wide import WideArithmetic
from wasm_codegen_native.lowering_tables import Tables
from wasm_codegen_native.workbench import Workbench


def make_chapters(bench: Workbench, machine: RiscvMachine, writer: Writer, tables: Tables, features: i64) -> Chapters:
    """The chapters for a target with these features."""
    asm = machine.asm
    values = bench.values
    memory = Memory(asm, values, bench.traps, bench.frame, features & ZBA != 0, features & ZICOND != 0)
    lanes = Lanes(asm, values, writer, tables, features)
    shuffle = Shuffle(asm, values, lanes)
    return Chapters(
        WideArithmetic(asm, values), memory, Parametric(machine, values), VectorMemory(asm, values, memory, lanes, shuffle),
        Atomic(asm, values, bench.traps, memory), RiscvCanonicalNans(asm, shuffle.registers),
    )  # fmt: skip
