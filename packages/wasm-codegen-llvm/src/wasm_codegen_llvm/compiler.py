"""The compiler: batches of functions through LLVM, in worker processes, since LLVM may end its process at any time."""

from __future__ import annotations

from os.path import dirname
from typing import TYPE_CHECKING, Final, final

from wasm_environ.compile_errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from wasm_codegen_llvm.worker_pool import Setup
    from wasm_environ.compiler import CompiledCode, Target, Tunables
    from wasm_environ.features import Features
    from wasm_environ.module import Module
    from wasm_environ.types import FuncType

# A batch ends when it has this many functions and bytes of bodies, or this many bytes whatever the number of functions.
BATCH_FUNCTIONS: Final = 16
BATCH_BYTES: Final = 8 << 10
BATCH_LIMIT: Final = 64 << 10
# Bytes of bodies from which on several worker processes pay: about a second of LLVM.
PARALLEL_BYTES: Final = 64 << 10


with open(f"{dirname(__file__)}/VERSION", encoding="utf-8") as _file:
    VERSION: Final = _file.read().strip()


@final
class LLVMCompiler:
    """`wasm_environ.compiler.Compiler` for one target."""

    name: Final = "llvm"
    version: Final = VERSION

    def __init__(self, target: Target, tunables: Tunables) -> None:
        self.parallel_compilation = True  # large modules in several processes; the result is the same
        self.target = target
        self.tunables = tunables

    def compile_functions(
        self, module: Module, features: Features, progress: Callable[[int], None] | None = None, functions: Sequence[int] | None = None
    ) -> Sequence[CompiledCode]:
        """Validate and compile functions; see the protocol."""
        from wasm_codegen_llvm.worker_pool import Job, cpus

        batches = list(batch_ranges(module)) if functions is None else [(index, index + 1) for index in functions]
        if not batches:
            return []
        job = Job(self._setup((module.data, sorted(features.enabled))), batches, module.imported_functions)
        codes = job.run(cpus() if self.parallel_compilation and _size(module) >= PARALLEL_BYTES else 1, progress)
        if job.weakened:
            warn_weakened(module, sorted(job.weakened))
        return codes

    def compile_trampolines(self, entries: Sequence[FuncType], host_thunks: Sequence[FuncType]) -> tuple[CompiledCode, CompiledCode]:
        """Entry trampolines and host thunks, numbered by position."""
        from wasm_codegen_llvm.pipe import code_from_plain
        from wasm_codegen_llvm.process import Died, NoWorker
        from wasm_codegen_llvm.worker_pool import Seat

        types = [[(t.params, t.results) for t in request] for request in (entries, host_thunks)]
        seat = Seat(self._setup(None))
        reusable = False
        try:
            first, second = seat.ask(self.tunables.optimize, "trampolines", *types)
            reusable = True
        except (Died, NoWorker) as error:
            raise BackendError(f"LLVM failed to compile trampolines: {error}") from None
        finally:
            seat.leave(reusable)
        return code_from_plain(first), code_from_plain(second)

    def _setup(self, module: tuple[bytes, list[str]] | None) -> Setup:
        from wasm_codegen_llvm.worker_pool import Setup
        from wasm_environ.compiler import Tunables

        target = self.target
        tunables = {name: getattr(self.tunables, name) for name in Tunables.__slots__}
        return Setup((target.isa, target.os, sorted(target.cpu_features)), tunables, module)


def warn_weakened(module: Module, functions: Sequence[tuple[int, str]]) -> None:
    """Say which functions LLVM only compiled without optimization, and why."""
    import warnings

    from wasm_environ.names import describe_functions

    names = describe_functions(module, [module.imported_functions + index for index, _ in functions])
    warnings.warn(f"LLVM failed to optimize {names} ({functions[0][1]}): compiled without optimization", RuntimeWarning, stacklevel=2)


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
