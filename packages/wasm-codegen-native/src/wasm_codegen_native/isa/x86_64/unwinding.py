"""How an exception leaves a function: where its prologue put the registers of its caller."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from wasm_codegen_native.code import shl
from wasm_codegen_native.isa.x86_64.registers import DWARF, DWARF_RETURN_ADDRESS, PUSHED, RBP

FrameRow = tuple[int, int, tuple[tuple[int, int], ...]]

CFA: Final = 16  # from RBP, which lies below the return address


def frame_row(start: int, saved: i64) -> FrameRow:
    """A row of `CompiledCode.frames` for the function at `start` that pushes RBP, then those of `saved`."""
    at = -CFA
    places = [(DWARF_RETURN_ADDRESS, -8), (DWARF[RBP], at)]
    for register in PUSHED:
        if (saved & shl(1, register)) != 0:
            at -= 8
            places.append((DWARF[register], at))
    return start, CFA, tuple(places)
