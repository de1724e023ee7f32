"""The chapters of this instruction set."""

from __future__ import annotations

from wasm_codegen_native.chapters import Chapters
from wasm_codegen_native.isa.s390x.atomic import Atomic
from wasm_codegen_native.isa.s390x.canonical_nans import S390xCanonicalNans
from wasm_codegen_native.isa.s390x.machine import S390xMachine
from wasm_codegen_native.isa.s390x.memory import Memory
from wasm_codegen_native.isa.s390x.parametric import Parametric
from wasm_codegen_native.isa.s390x.vector_memory import VectorMemory
from wasm_codegen_native.isa.s390x.wide import WideArithmetic
from wasm_codegen_native.workbench import Workbench


def make_chapters(bench: Workbench, machine: S390xMachine, features: frozenset[str]) -> Chapters:
    """The chapters for a target with these features."""
    asm = machine.asm
    values = bench.values
    memory = Memory(asm, values, bench.traps, bench.frame, "vxe2" in features)
    vectors = VectorMemory(asm, values, memory)
    return Chapters(
        WideArithmetic(asm, values), memory, Parametric(asm, values), vectors, Atomic(asm, values, bench.traps, memory), S390xCanonicalNans(machine, vectors)
    )
