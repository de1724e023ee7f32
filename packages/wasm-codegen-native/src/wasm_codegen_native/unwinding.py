"""How an exception leaves a function: where its prologue put the registers of its caller. Every ISA's frames look alike here, but for where in them
the frame register points.

    canonical frame address: the caller's stack pointer
    -  8   return address
    - 16   the caller's frame register; most machines' own points here
    - 24   the first of the registers saved, and so on downwards
"""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from wasm_codegen_native.code import shl

FrameRow = tuple[int, int, tuple[tuple[int, int], ...]]

CFA: Final = 16  # bytes from the caller's frame register in a frame up to its canonical address


@final
class Unwinding:
    """Rows of `CompiledCode.frames`. `return_address`, `frame`: DWARF numbers; `order`: (register, DWARF number) as prologues save them; `above`: how far
    above the place where the frame register points the canonical frame address is."""

    def __init__(self, return_address: int, frame: int, order: tuple[tuple[int, int], ...], above: int = CFA) -> None:
        self.above: int = above
        self.always: tuple[tuple[int, int], ...] = ((return_address, -8), (frame, -CFA))
        self.order: tuple[tuple[int, int], ...] = order
        self.places: dict[int, tuple[tuple[int, int], ...]] = {}  # by the mask of what is saved

    def row(self, start: int, saved: i64) -> FrameRow:
        """The row of the function at `start` that saves these registers."""
        found = self.places.get(saved)
        if found is None:
            found = self.places[saved] = self.places_of(saved)
        return start, self.above, found

    def places_of(self, saved: i64) -> tuple[tuple[int, int], ...]:
        """(DWARF number, offset from the canonical frame address) of what is saved, frame register and return address included."""
        at = -CFA
        places = list(self.always)
        for register, number in self.order:
            if (saved & shl(1, register)) != 0:
                at -= 8
                places.append((number, at))
        return tuple(places)
