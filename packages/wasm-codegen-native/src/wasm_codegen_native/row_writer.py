"""Writes the instructions of lowering rows: what every instruction set shares, traps and jumps inside a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from librt.vecs import vec
from mypy_extensions import i64

if TYPE_CHECKING:
    from wasm_codegen_native.traps import Traps

ALWAYS: Final = -1  # in place of a condition


class RowWriter:
    """Subclassed for the reason that `machine.Machine` is; `instructions`: the words that the ISA's `instruction_text` made of rows."""

    def __init__(self, traps: Traps, instructions: vec[i64]) -> None:
        self.traps: Traps = traps
        self.instructions: vec[i64] = instructions
        self.slot: vec[i64] = vec[i64]()
        self.skips: vec[i64] = vec[i64]([0] * 32)  # pending jumps: label, place
        self.skip_count: i64 = 0

    def write(self, first: i64, end: i64, slot: vec[i64], displacement: vec[i64]) -> None:
        """Instructions `first` to before `end`, filled in: see `lowering`."""
        raise NotImplementedError

    def trap(self, condition: i64, trap: i64) -> None:
        """Trap if the condition holds, or ALWAYS."""
        if condition == ALWAYS:
            self.traps.trap(trap)
        else:
            self.traps.trap_if(condition, trap)

    def skip(self, place: i64, label: i64) -> None:
        """The jump at `place` leads to where the row has the label."""
        n = self.skip_count
        self.skips[n] = label
        self.skips[n + 1] = place
        self.skip_count = n + 2

    def land(self, label: i64) -> None:
        """Every jump to a label leads here."""
        kept: i64 = 0
        k: i64 = 0
        while k < self.skip_count:
            if self.skips[k] == label:
                self.traps.machine.land(self.skips[k + 1])
            else:
                self.skips[kept] = self.skips[k]
                self.skips[kept + 1] = self.skips[k + 1]
                kept += 2
            k += 2
        self.skip_count = kept
