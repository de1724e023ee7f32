"""The fast WebAssembly backend: validated function bodies straight to machine code."""

from __future__ import annotations

from os.path import dirname
from typing import TYPE_CHECKING

from wasm_environ.compiled import choose

if TYPE_CHECKING:
    from wasm_environ.compiler import Compiler, Target, Tunables

__all__ = ["create"]

choose(__path__, dirname(__file__))


def create(target: Target, tunables: Tunables) -> Compiler:
    """The entry point `native` of group `wasm.compilers`. Raises UnsupportedError for a target it cannot emit code for."""
    from wasm_codegen_native.compiler import NativeCompiler

    return NativeCompiler(target, tunables)
