"""The optimizing backend: WebAssembly function bodies to machine code through LLVM."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wasm_environ.compiler import Compiler, Target, Tunables


def create(target: Target, tunables: Tunables) -> Compiler:
    """Make this backend's compiler for a target: the entry point `llvm` of group `wasm.compilers`."""
    from wasm_codegen_llvm.compiler import LLVMCompiler

    return LLVMCompiler(target, tunables)
