"""The chapters of this instruction set: which of them lowers an op."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from wasm_codegen_native.chapters import Chapters
from wasm_codegen_native.isa.aarch64.atomic import Atomic
from wasm_codegen_native.isa.aarch64.canonical_nans import CanonicalNans
from wasm_codegen_native.isa.aarch64.machine import Arm64Machine
from wasm_codegen_native.isa.aarch64.memory import Memory
from wasm_codegen_native.isa.aarch64.parametric import Parametric
from wasm_codegen_native.isa.aarch64.shuffle import Shuffle
from wasm_codegen_native.isa.aarch64.vector_memory import VectorMemory
from wasm_codegen_native.isa.aarch64.wide import WideArithmetic
from wasm_codegen_native.kinds import MEMORY_SIZE, PARAMETRIC, VECTOR, WIDE_ARITHMETIC
from wasm_codegen_native.workbench import Workbench
from wasm_environ.op import I8X16_SHUFFLE


@final
class Arm64Chapters(Chapters):
    """See `Chapters`."""

    def __init__(self, bench: Workbench, machine: Arm64Machine, features: frozenset[str]) -> None:
        super().__init__()
        asm = machine.asm
        values = bench.values
        self.wide: WideArithmetic = WideArithmetic(asm, values)
        self.nans: CanonicalNans = CanonicalNans(asm)
        self.memory: Memory = Memory(asm, values, bench.traps, bench.frame)
        self.atomic: Atomic = Atomic(asm, values, bench.traps, self.memory, "atomics" in features)
        self.parametric: Parametric = Parametric(asm, values)
        self.vector_memory: VectorMemory = VectorMemory(asm, values, self.memory)
        self.shuffle: Shuffle = Shuffle(asm, values)

    def lower(self, op: i64, kind: i64) -> None:
        if kind == WIDE_ARITHMETIC:
            self.wide.lower(op)
        elif kind <= MEMORY_SIZE:
            self.memory.lower(op, kind)
        elif kind == PARAMETRIC:
            self.parametric.select()
        elif op == I8X16_SHUFFLE:
            self.shuffle.lower()
        elif kind == VECTOR:
            self.vector_memory.lower(op)
        else:
            self.atomic.lower(op, kind)

    def canonicalize(self, floats: i64, register: i64) -> None:
        self.nans.canonicalize(floats, register)
