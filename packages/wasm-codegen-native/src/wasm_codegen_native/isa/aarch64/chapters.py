"""The chapters of this instruction set."""

from __future__ import annotations

from wasm_codegen_native.chapters import Chapters
from wasm_codegen_native.isa.aarch64.atomic import Atomic
from wasm_codegen_native.isa.aarch64.canonical_nans import Arm64CanonicalNans
from wasm_codegen_native.isa.aarch64.machine import Arm64Machine
from wasm_codegen_native.isa.aarch64.memory import Memory
from wasm_codegen_native.isa.aarch64.parametric import Parametric
from wasm_codegen_native.isa.aarch64.shuffle import Shuffle
from wasm_codegen_native.isa.aarch64.vector_memory import VectorMemory
from wasm_codegen_native.isa.aarch64.wide import WideArithmetic
from wasm_codegen_native.workbench import Workbench


def make_chapters(bench: Workbench, machine: Arm64Machine, features: frozenset[str]) -> Chapters:
    """The chapters for a target with these features."""
    asm = machine.asm
    values = bench.values
    memory = Memory(asm, values, bench.traps, bench.frame)
    return Chapters(
        WideArithmetic(asm, values), memory, Parametric(asm, values), VectorMemory(asm, values, memory, Shuffle(asm, values)),
        Atomic(asm, values, bench.traps, memory, "atomics" in features), Arm64CanonicalNans(asm),
    )  # fmt: skip
