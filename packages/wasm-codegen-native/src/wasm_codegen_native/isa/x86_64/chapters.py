"""The chapters of this instruction set."""

from __future__ import annotations

from wasm_codegen_native.chapters import Chapters
from wasm_codegen_native.isa.x86_64.atomic import Atomic
from wasm_codegen_native.isa.x86_64.canonical_nans import X86CanonicalNans
from wasm_codegen_native.isa.x86_64.integer import Integer
from wasm_codegen_native.isa.x86_64.lanes import Lanes
from wasm_codegen_native.isa.x86_64.machine import X86Machine
from wasm_codegen_native.isa.x86_64.memory import Memory
from wasm_codegen_native.isa.x86_64.parametric import Parametric
from wasm_codegen_native.isa.x86_64.shuffle import Shuffle
from wasm_codegen_native.isa.x86_64.vector_memory import VectorMemory
from wasm_codegen_native.workbench import Workbench


def make_chapters(bench: Workbench, machine: X86Machine, features: frozenset[str]) -> Chapters:
    """The chapters for a target with these features."""
    asm = machine.asm
    values = bench.values
    memory = Memory(asm, values, bench.traps, bench.frame)
    return Chapters(
        Integer(asm, values, bench.traps), memory, Parametric(asm, values),
        VectorMemory(asm, values, memory, Lanes(asm, values), Shuffle(asm, values), "avx2" in features),
        Atomic(asm, values, bench.traps, memory), X86CanonicalNans(asm),
    )  # fmt: skip
