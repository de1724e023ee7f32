"""The compiler: batches of functions through LLVM, here or in worker processes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final, final

from wasm_codegen_llvm import object_file, room, trampolines
from wasm_codegen_llvm.isa import Isa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from wasm_codegen_llvm.machine import Machine
    from wasm_environ.compiler import CompiledCode, Target, Tunables
    from wasm_environ.features import Features
    from wasm_environ.module import Module
    from wasm_environ.types import FuncType

# A batch ends when it has this many functions and bytes of bodies, or this many bytes whatever the number of functions.
BATCH_FUNCTIONS: Final = 16
BATCH_BYTES: Final = 8 << 10
BATCH_LIMIT: Final = 64 << 10
# Bytes of bodies from which on worker processes pay: about a second of LLVM.
PARALLEL_BYTES: Final = 64 << 10


@final
class LLVMCompiler:
    """`wasm_environ.compiler.Compiler` for one target."""

    name: Final = "llvm"
    version: Final = "0.1.1+llvm22"

    def __init__(self, target: Target, tunables: Tunables) -> None:
        self.parallel_compilation = True  # large modules in worker processes; the result is the same
        self.target = target
        self.tunables = tunables
        self.isa = Isa(target)
        self._machine: Machine | None = None

    def machine(self) -> Machine:
        """LLVM for this target, set up on first use."""
        if self._machine is None:
            from wasm_codegen_llvm.machine import Machine

            self._machine = Machine(self.isa, self.tunables.optimize)
        return self._machine

    def compile_functions(self, module: Module, features: Features, progress: Callable[[int], None] | None = None) -> Sequence[CompiledCode]:
        """Validate and compile all functions; see the protocol."""
        batches = list(batch_ranges(module))
        if self._is_parallel(module, batches):
            from wasm_codegen_llvm.pool import Pool, cpus
            from wasm_codegen_llvm.worker import setup_message

            setup = setup_message(module.data, features, self.target, self.tunables)
            return Pool(setup, cpus()).compile(batches, progress)
        from wasm_codegen_llvm.batches import BatchCompiler

        room.require(_size(module))
        compiler = BatchCompiler(module, features, self.tunables, self.isa, self.machine())
        out = []
        for start, end in batches:
            out.append(compiler.compile(start, end))
            if progress is not None:
                progress(end)
        return out

    def _is_parallel(self, module: Module, batches: list[tuple[int, int]]) -> bool:
        if not self.parallel_compilation or len(batches) < 2:
            return False
        return _size(module) >= PARALLEL_BYTES and bool(sys.executable)

    def compile_trampolines(self, entries: Sequence[FuncType], host_thunks: Sequence[FuncType]) -> tuple[CompiledCode, CompiledCode]:
        """Entry trampolines and host thunks, numbered by position."""
        room.require(0)
        machine = self.machine()
        return (
            object_file.read(machine.emit(trampolines.entries(self.isa, entries))),
            object_file.read(machine.emit(trampolines.host_thunks(self.isa, host_thunks))),
        )


def _size(module: Module) -> int:
    """Bytes of bodies."""
    return module.code_ends[-1] - module.code_starts[0] if len(module.code_ends) else 0


def batch_ranges(module: Module) -> Iterator[tuple[int, int]]:
    """(start, end) of defined functions per batch: a matter of the module alone, so that parallel and serial compilation agree."""
    start = size = 0
    count = len(module.code_starts)
    for index in range(count):
        size += module.code_ends[index] - module.code_starts[index]
        functions = index + 1 - start
        if size >= BATCH_LIMIT or (functions >= BATCH_FUNCTIONS and size >= BATCH_BYTES):
            yield start, index + 1
            start, size = index + 1, 0
    if start < count:
        yield start, count
