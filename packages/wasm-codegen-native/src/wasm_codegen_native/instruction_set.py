"""What an instruction set gives the compiler: one record, whose driver speaks through `machine`.

The folder `isa/NAME` has a module `isa` with a function `make(features)` that returns it; `compiler.ISAS` names the modules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mypy_extensions import i64

from wasm_codegen_native.code import Code
from wasm_codegen_native.driver import Driver
from wasm_codegen_native.machine import Machine
from wasm_codegen_native.module_tables import ModuleTables
from wasm_codegen_native.signatures import Convention, Signature
from wasm_codegen_native.trampolines import Trampolines

if TYPE_CHECKING:
    from wasm_codegen_native.unwinding import FrameRow


class InstructionSet:
    """Subclassed for the reason that `Machine` is."""

    def __init__(self, name: str, call_relocation: int, call_addend: int) -> None:
        self.name: str = name
        self.call_relocation: int = call_relocation  # ELF type of a call of a function that is another backend's ...
        self.call_addend: int = call_addend  # ... and its addend

    def convention(self) -> Convention:
        """Where parameters travel."""
        raise NotImplementedError

    def driver(self, code: Code, tables: ModuleTables, traits: bytes) -> Driver:
        """What compiles the functions of one module into `code`."""
        raise NotImplementedError

    def align(self, code: Code) -> None:
        """Pad to the start of a function."""
        raise NotImplementedError

    def link_call(self, code: Code, place: i64, target: i64) -> None:
        """The call, or tail call, at `place` (see `Code.refer_function`) leads to code offset `target`."""
        raise NotImplementedError

    def link_rodata(self, code: Code, place: i64, target: i64) -> None:
        """The reference to rodata at `place` (see `Code.refer_rodata`) is to `target`, counted from the code's start."""
        raise NotImplementedError

    def frame_row(self, machine: Machine, start: int, saved: i64) -> FrameRow:
        """How an exception leaves the function at `start`, which `machine` wrote last and which saves these registers."""
        raise NotImplementedError

    def trampolines(self, code: Code) -> Trampolines:
        """What emits them into `code`."""
        raise NotImplementedError

    def entry(self, code: Code, signature: Signature) -> None:
        """Emit an entry trampoline."""
        self.trampolines(code).entry(signature)

    def host_thunk(self, code: Code, signature: Signature) -> FrameRow:
        """Emit a host thunk; how an exception leaves it."""
        start = code.here()
        made = self.trampolines(code)
        return self.frame_row(made.machine, start, made.host_thunk(signature))
