"""`wasm_environ.compiler.Compiler` of the native backend: validation feeds the driver function by function."""

from __future__ import annotations

import sys
from array import array
from importlib import import_module
from os.path import dirname
from typing import TYPE_CHECKING, Final, final

from wasm_environ.compile_errors import UnsupportedError
from wasm_environ.compiler import CompiledCode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wasm_codegen_native.instruction_set import InstructionSet
    from wasm_environ.compiler import Target, Tunables
    from wasm_environ.features import Features
    from wasm_environ.module import Module
    from wasm_environ.types import FuncType

ISAS: Final = {  # name: the module whose `make` gives its `InstructionSet`
    "x86_64": "wasm_codegen_native.isa.x86_64.isa",
    "aarch64": "wasm_codegen_native.isa.aarch64.isa",
    "riscv64": "wasm_codegen_native.isa.riscv64.isa",
    "s390x": "wasm_codegen_native.isa.s390x.isa",
}
RODATA_ALIGN: Final = 16
PROGRESS_EVERY: Final = 256


with open(f"{dirname(__file__)}/VERSION", encoding="utf-8") as _file:
    VERSION: Final = _file.read().strip()


def load_isa(name: str, features: frozenset[str]) -> InstructionSet:
    """An instruction set with these CPU features."""
    made: InstructionSet = import_module(ISAS[name]).make(features)
    return made


@final
class NativeCompiler:
    """See `wasm_environ.compiler.Compiler`."""

    name: Final = "native"
    version: Final = VERSION

    def __init__(self, target: Target, tunables: Tunables) -> None:
        if target.isa not in ISAS:
            raise UnsupportedError(
                f"the native backend cannot emit code for {target.isa} yet; it knows {', '.join(ISAS)}; use strategy llvm"
            )
        self.target = target
        self.tunables = tunables
        self._isa: InstructionSet | None = None

    def isa(self) -> InstructionSet:
        """The target's instruction set, loaded on first use."""
        if self._isa is None:
            self._isa = load_isa(self.target.isa, self.target.cpu_features)
        return self._isa

    def compile_functions(
        self, module: Module, features: Features, progress: Callable[[int], None] | None = None, functions: Sequence[int] | None = None
    ) -> Sequence[CompiledCode]:
        """Validate and compile functions; see the protocol."""
        from wasm_codegen_native.module_compiler import ModuleCompiler
        from wasm_codegen_native.module_tables import ModuleTables
        from wasm_environ.function.validator import BodyValidator

        chosen = range(len(module.code_starts)) if functions is None else functions
        count = len(chosen)
        if count == 0:
            return []
        validator = BodyValidator(module, features)
        compiler = ModuleCompiler(self.isa(), ModuleTables(module, self.tunables, self.isa().convention(), functions is None))
        for done, index in enumerate(chosen):
            compiler.add(validator.body(index))
            if progress is not None and done % PROGRESS_EVERY == PROGRESS_EVERY - 1:
                progress(done + 1)
        compiler.resolve()
        code = compiler.code
        rows = array("I")
        rows.frombytes(code.addresses.getvalue())
        if sys.byteorder == "big":
            rows.byteswap()
        if progress is not None:
            progress(count)
        return [
            CompiledCode(
                code.out.getvalue(), compiler.symbols, compiler.outside, code.rodata.getvalue(), RODATA_ALIGN, (),
                rows, (), compiler.frames, compiler.driver.exceptions.rows,
            )
        ]  # fmt: skip

    def compile_trampolines(
        self, entries: Sequence[FuncType], host_thunks: Sequence[FuncType]
    ) -> tuple[CompiledCode, CompiledCode]:
        """Entry trampolines and host thunks, numbered by position."""
        return self._trampolines(entries, True), self._trampolines(host_thunks, False)

    def _trampolines(self, signatures: Sequence[FuncType], entries: bool) -> CompiledCode:
        from wasm_codegen_native.code import Code
        from wasm_codegen_native.signatures import assign

        isa = self.isa()
        code = Code()
        symbols = []
        frames = []
        for position, function in enumerate(signatures):
            isa.align(code)
            start = code.here()
            if entries:
                isa.entry(code, assign(function, isa.convention()))
            else:
                frames.append(isa.host_thunk(code, assign(function, isa.convention())))
            symbols.append((position, start, code.here() - start))
        return CompiledCode(code.out.getvalue(), symbols, frames=frames)
