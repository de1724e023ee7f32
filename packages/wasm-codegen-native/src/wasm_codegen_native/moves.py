"""Parallel moves: many registers change place at once, in an order that loses nothing."""

from __future__ import annotations

from typing import final

from librt.vecs import append, vec
from mypy_extensions import i64

from wasm_codegen_native.machine import Machine


@final
class Moves:
    """Collect with `add`, then `run`. Targets are distinct."""

    def __init__(self) -> None:
        self.to: vec[i64] = vec[i64]()
        self.source: vec[i64] = vec[i64]()
        self.type: vec[i64] = vec[i64]()
        self.count: i64 = 0
        self.exchanged: bool = False  # whether the last run exchanged registers, which copies all of them, whatever the type

    def add(self, type: i64, to: i64, source: i64) -> None:
        """to <- source, at the same time as all others."""
        if to == source:
            return
        n = self.count
        if n == len(self.to):
            self.to = append(self.to, 0)
            self.source = append(self.source, 0)
            self.type = append(self.type, 0)
        self.to[n] = to
        self.source[n] = source
        self.type[n] = type
        self.count = n + 1

    def is_source(self, register: i64, beside: i64) -> bool:
        """Whether a move other than `beside` still reads the register."""
        j: i64 = 0
        while j < self.count:
            if j != beside and self.source[j] == register:
                return True
            j += 1
        return False

    def remove(self, i: i64) -> None:
        """Move i is done."""
        last = self.count - 1
        self.to[i] = self.to[last]
        self.source[i] = self.source[last]
        self.type[i] = self.type[last]
        self.count = last

    def run(self, machine: Machine) -> None:
        """Emit all moves; cycles are broken by exchanges."""
        self.exchanged = False
        while self.count > 0:
            i: i64 = 0
            moved = False
            while i < self.count:
                if self.to[i] == self.source[i]:
                    self.remove(i)
                    moved = True
                elif not self.is_source(self.to[i], i):
                    machine.move(self.type[i], self.to[i], self.source[i])
                    self.remove(i)
                    moved = True
                else:
                    i += 1
            if not moved:
                self.exchange(machine)

    def exchange(self, machine: Machine) -> None:
        """Every target is also a source: swap the first pair."""
        self.exchanged = True
        a = self.to[0]
        b = self.source[0]
        machine.exchange(self.type[0], a, b)
        self.remove(0)
        j: i64 = 0
        while j < self.count:
            if self.source[j] == a:
                self.source[j] = b
            elif self.source[j] == b:
                self.source[j] = a
            j += 1
