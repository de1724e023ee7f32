"""Traps that compiled code raises itself: a branch where the condition is found, the rest out of line behind the function."""

from __future__ import annotations

from typing import final

from librt.vecs import append, vec
from mypy_extensions import i64

from wasm_codegen_native.code import NO_CHAIN, Code
from wasm_codegen_native.machine import Machine


@final
class Traps:
    """The traps of the current function."""

    def __init__(self, machine: Machine, code: Code) -> None:
        self.machine: Machine = machine
        self.code: Code = code
        self.chains: vec[i64] = vec[i64]()
        self.codes: vec[i64] = vec[i64]()
        self.offsets: vec[i64] = vec[i64]()
        self.count: i64 = 0

    def add(self, chain: i64, trap: i64) -> None:
        """The jumps in `chain` raise `trap` for the current instruction."""
        n = self.count
        if n == len(self.chains):
            self.chains = append(self.chains, 0)
            self.codes = append(self.codes, 0)
            self.offsets = append(self.offsets, 0)
        self.chains[n] = chain
        self.codes[n] = trap
        self.offsets[n] = self.code.wasm_offset
        self.count = n + 1

    def trap_if(self, condition: i64, trap: i64) -> None:
        """Trap if the condition holds."""
        self.add(self.machine.branch(condition, NO_CHAIN), trap)

    def trap(self, trap: i64) -> None:
        """Trap."""
        self.add(self.machine.jump(NO_CHAIN), trap)

    def emit(self, context: i64) -> None:
        """Write the stubs; each returns nowhere, so its return address names the instruction."""
        if self.count == 0:
            return
        end: i64 = NO_CHAIN
        i: i64 = 0
        while i < self.count:
            self.machine.bind(self.chains[i])
            self.code.mark_as(self.offsets[i])
            end = self.machine.trap_stub(self.codes[i], end)
            i += 1
        self.machine.bind(end)
        self.machine.trap_end(context)
        self.count = 0
