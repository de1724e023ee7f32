"""Compiling ranges of a module's functions, one LLVM module each."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from wasm_codegen_llvm import object_file
from wasm_codegen_llvm.function import lower_function
from wasm_codegen_llvm.llvm_module import FIRST_SUBPROGRAM, Batch, Shared
from wasm_environ.function.validator import BodyValidator

if TYPE_CHECKING:
    from wasm_codegen_llvm.isa import Isa
    from wasm_codegen_llvm.llvm import Machine
    from wasm_environ.compiler import CompiledCode, Tunables
    from wasm_environ.features import Features
    from wasm_environ.module import Module


@final
class BatchCompiler:
    """Compiles batches of one module, one after another."""

    def __init__(self, module: Module, features: Features, tunables: Tunables, isa: Isa, machine: Machine) -> None:
        self.shared = Shared(module, tunables, isa)
        self.validator = BodyValidator(module, features)
        self.machine = machine

    def text(self, start: int, end: int) -> str:
        """The LLVM module of the defined functions from start to end."""
        batch = Batch(self.shared)
        for index in range(start, end):
            body = self.validator.body(index)
            batch.add(body.index, lower_function(batch, body))
        return batch.text()

    def compile(self, start: int, end: int) -> CompiledCode:
        """The code of the defined functions from start to end."""
        return object_file.read(self.machine.emit(self.text(start, end)), FIRST_SUBPROGRAM)
