"""Rules of atomic.fence; all other atomic instructions are memory accesses from the tables (proposal: threads)."""

from __future__ import annotations

from typing import Final

from wasm_environ.function.state import State

FENCE: Final = 0x503


def fence(s: State) -> None:
    if s.r.byte() != 0:
        raise s.malformed("zero byte expected: the ordering of atomic.fence")
    if s.live:
        s.emit(FENCE, 0, 0, 0)
