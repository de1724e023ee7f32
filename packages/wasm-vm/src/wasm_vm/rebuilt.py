"""Traps that come from other processes: pickled, a trap keeps its text and its code."""

from __future__ import annotations

from wasm_vm.errors import Trap


def rebuild(message: str, code: int | None) -> Trap:
    """A pickled trap; the backtrace stays behind as text."""
    trap = Trap(message)
    if code is not None:
        trap = Rebuilt(message)
        trap._trap = code
    return trap


class Rebuilt(Trap):
    """A Trap that came from another process: the message holds its backtrace already."""

    @property
    def message(self) -> str:
        """What happened, with the backtrace."""
        return self._message or ""


Rebuilt.__name__ = Rebuilt.__qualname__ = "Trap"
