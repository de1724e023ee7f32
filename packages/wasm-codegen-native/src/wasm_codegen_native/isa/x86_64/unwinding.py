"""How an exception leaves a function: where its prologue put the registers of its caller."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from wasm_codegen_native.code import shl
from wasm_codegen_native.isa.x86_64.registers import DWARF, DWARF_RETURN_ADDRESS, PUSHED, RBP

FrameRow = tuple[int, int, tuple[tuple[int, int], ...]]

CFA: Final = 16  # from RBP, which lies below the return address
PLACES: Final[dict[int, tuple[tuple[int, int], ...]]] = {}  # by the mask of what is saved


def frame_row(start: int, saved: i64) -> FrameRow:
    """A row of `CompiledCode.frames` for the function at `start` that pushes RBP, then those of `saved`."""
    found = PLACES.get(saved)
    if found is None:
        found = PLACES[saved] = places_of(saved)
    return start, CFA, found


def places_of(saved: i64) -> tuple[tuple[int, int], ...]:
    """(DWARF number, offset from the canonical frame address) of what is saved, RBP and the return address included."""
    at = -CFA
    places = [(DWARF_RETURN_ADDRESS, -8), (DWARF[RBP], at)]
    for register in PUSHED:
        if (saved & shl(1, register)) != 0:
            at -= 8
            places.append((DWARF[register], at))
    return tuple(places)
