"""Rules of atomic.fence; all other atomic instructions are memory accesses from the tables (proposal: threads)."""

from __future__ import annotations

from wasm_environ.function.state import State
from wasm_environ.op import ATOMIC_FENCE


def fence(s: State) -> None:
    if s.r.byte() != 0:
        raise s.malformed("zero byte expected: the ordering of atomic.fence")
    if s.live:
        s.emit(ATOMIC_FENCE, 0, 0, 0)
