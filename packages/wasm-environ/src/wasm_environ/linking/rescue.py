"""What a backend's code generator failed on is compiled by a stand-in, another backend for the same target, and a warning says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasm_environ.compile_errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wasm_environ.compiler import CompiledCode, Compiler
    from wasm_environ.features import Features
    from wasm_environ.module import Module
    from wasm_environ.types import FuncType

    StandIn = Callable[[], Compiler | None]  # None: there is no other backend for this target


def no_stand_in() -> Compiler | None:
    """For whoever knows of one backend only."""
    return None


def compile_functions(
    compiler: Compiler, stand_in: StandIn, module: Module, features: Features, progress: Callable[[int], None] | None = None
) -> list[CompiledCode]:
    """All functions of a module, by `compiler` as far as it can. Raises BackendError where it fails and nobody stands in."""
    batches = list(compiler.compile_functions(module, features, progress))
    failed = sorted(row for code in batches for row in code.failed)
    if not failed:
        return batches
    from wasm_environ.names import describe_functions

    indices = [index for index, _ in failed]
    message = f"the {compiler.name} backend failed on {describe_functions(module, indices)} ({failed[0][1]})"
    other = stand_in()
    if other is None:
        raise BackendError(f"{message}, and no other backend for this target is installed")
    batches = [code for code in batches if code.symbols]
    batches += other.compile_functions(module, features, None, [index - module.imported_functions for index in indices])
    _warn(f"{message}: compiled by the {other.name} backend")
    return batches


def compile_trampolines(
    compiler: Compiler, stand_in: StandIn, entries: Sequence[FuncType], host_thunks: Sequence[FuncType]
) -> tuple[CompiledCode, CompiledCode]:  # fmt: skip
    """Trampolines, by `compiler` if it can."""
    try:
        return compiler.compile_trampolines(entries, host_thunks)
    except BackendError as error:
        other = stand_in()
        if other is None:
            raise
        code = other.compile_trampolines(entries, host_thunks)
        _warn(f"{error}: compiled by the {other.name} backend")
        return code


def _warn(message: str) -> None:
    import warnings

    warnings.warn(message, RuntimeWarning, stacklevel=3)
