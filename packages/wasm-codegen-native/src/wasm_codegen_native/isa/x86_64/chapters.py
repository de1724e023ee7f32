"""The chapters of this instruction set: which of them lowers an op."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from wasm_codegen_native.chapters import Chapters
from wasm_codegen_native.isa.x86_64.atomic import Atomic
from wasm_codegen_native.isa.x86_64.canonical_nans import CanonicalNans
from wasm_codegen_native.isa.x86_64.integer import Integer
from wasm_codegen_native.isa.x86_64.lanes import Lanes
from wasm_codegen_native.isa.x86_64.machine import X86Machine
from wasm_codegen_native.isa.x86_64.memory import Memory
from wasm_codegen_native.isa.x86_64.parametric import Parametric
from wasm_codegen_native.isa.x86_64.shuffle import Shuffle
from wasm_codegen_native.isa.x86_64.vector_memory import VectorMemory
from wasm_codegen_native.kinds import MEMORY_SIZE, PARAMETRIC, VECTOR, WIDE_ARITHMETIC
from wasm_codegen_native.workbench import Workbench
from wasm_environ.op import I8X16_SHUFFLE


@final
class X86Chapters(Chapters):
    """See `Chapters`."""

    def __init__(self, bench: Workbench, machine: X86Machine, features: frozenset[str]) -> None:
        super().__init__()
        asm = machine.asm
        values = bench.values
        self.integer: Integer = Integer(asm, values, bench.traps)
        self.nans: CanonicalNans = CanonicalNans(asm)
        self.memory: Memory = Memory(asm, values, bench.traps, bench.frame)
        self.atomic: Atomic = Atomic(asm, values, bench.traps, self.memory)
        self.parametric: Parametric = Parametric(asm, values)
        self.vector_memory: VectorMemory = VectorMemory(asm, values, self.memory, "avx2" in features)
        self.lanes: Lanes = Lanes(asm, values)
        self.shuffle: Shuffle = Shuffle(asm, values)

    def lower(self, op: i64, kind: i64) -> None:
        if kind <= WIDE_ARITHMETIC:
            self.integer.lower(op, kind)
        elif kind <= MEMORY_SIZE:
            self.memory.lower(op, kind)
        elif kind == PARAMETRIC:
            self.parametric.select()
        elif op == I8X16_SHUFFLE:
            self.shuffle.lower()
        elif kind == VECTOR:
            if not self.vector_memory.lower(op):
                self.lanes.lower(op)
        else:
            self.atomic.lower(op, kind)

    def canonicalize(self, floats: i64, register: i64) -> None:
        self.nans.canonicalize(floats, register)
