"""Trap, WasmException and StoreError: what a call into wasm can raise. What a trap has to tell is imported when it is asked."""

from __future__ import annotations

from wasm_environ.errors import Err as Err
from wasm_environ.errors import ExitTrap as ExitTrap
from wasm_environ.errors import WasmError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasm_vm._core import ExnRef, Tag
    from wasm_vm.frames import Frame
    from wasm_vm.trap_codes import TrapCode


class StoreError(WasmError, ValueError):
    """Something was used with another store than its own, after its store was closed, or while another thread is inside the store."""


class Trap(Exception):
    """The guest did what it must not, was interrupted, or a host function raised `Trap(message)`. As in wasmtime-py no WasmtimeError."""

    _message: str | None = None
    _trap: int | None = None
    _backtrace: Any = None
    _fault: tuple[int, int] | None = None  # of an access out of bounds, where that is known: the first byte outside, the memory's size

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self._message = message

    def close(self) -> None:
        """Does nothing, for there is nothing to let go of: programs written for wasmtime-py may close one."""

    @property
    def trap_code(self) -> TrapCode | None:
        """Why, or None for a Trap made by hand. An index outside a table is TABLE_OUT_OF_BOUNDS for call_indirect too, as in wasmtime."""
        if self._trap is None:
            return None
        from wasm_environ.traps import TABLE_OUT_OF_BOUNDS, UNDEFINED_ELEMENT
        from wasm_vm.trap_codes import TrapCode

        return TrapCode(TABLE_OUT_OF_BOUNDS if self._trap == UNDEFINED_ELEMENT else self._trap)

    @property
    def frames(self) -> list[Frame]:
        """The guest's stack, innermost function first; empty for a Trap made by hand."""
        if self._backtrace is None:
            return []
        from wasm_vm.frames import frames_of

        return frames_of(self._backtrace)

    @property
    def message(self) -> str:
        """What happened, with the backtrace; in wasmtime's words and layout."""
        if self._trap is None:
            return self._message or ""
        from wasm_environ.traps import MESSAGES

        words = f"wasm trap: {self._message or MESSAGES.get(self._trap, 'unknown')}"
        if self._fault is None or not self.frames:
            return self._with_frames(words)
        address, size = self._fault
        return self._with_frames(f"0: memory fault at wasm address 0x{address:x} in linear memory of size 0x{size:x}\n    1: {words}")

    def _with_frames(self, text: str) -> str:
        from wasm_vm.frames import frame_lines

        frames = self.frames
        return f"error while executing at wasm backtrace:{frame_lines(frames)}\n\nCaused by:\n    {text}\n" if frames else text

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        return f"<Trap {self.message!r}>" if self._trap is None else f"<Trap {self.trap_code}, {len(self.frames)} frames>"

    def __reduce__(self) -> tuple[Any, ...]:
        return rebuild, (self.message, self._trap)


class WasmException(Trap):
    """An exception of wasm: thrown by a guest and caught by none, or to be thrown at one by raising it in a host function.

    exnref: the exception itself, which guests get when they catch it. tag: its kind, a `Tag`. values: what it carries, a tuple of Python values.
    Of a host function's it is thrown to the guest that called, if it belongs to the same store. wasmtime-py raises a Trap: so this is one.
    """

    def __init__(self, exnref: ExnRef) -> None:
        from wasm_vm._core import ExnRef

        if not isinstance(exnref, ExnRef):
            raise TypeError(f"exnref: expected an ExnRef, not {type(exnref).__name__}")
        Exception.__init__(self, exnref)
        self.exnref = exnref
        self.tag: Tag
        self.values: tuple[Any, ...]
        self.tag, self.values = exnref._parts()

    @property
    def message(self) -> str:
        """The tag's types and the values, behind wasmtime's words; with the backtrace."""
        return self._with_frames(self._text())

    def _text(self) -> str:
        return f"thrown Wasm exception: {self.tag!r} with values ({', '.join(map(repr, self.values))})"

    def __repr__(self) -> str:
        return f"<WasmException {self.tag!r}, values {self.values!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return rebuild, (self.message, None)


class Rebuilt(Trap):
    """A Trap that came from another process: the message holds its backtrace already."""

    @property
    def message(self) -> str:
        """What happened, with the backtrace."""
        return self._message or ""


Rebuilt.__name__ = Rebuilt.__qualname__ = "Trap"


def rebuild(message: str, code: int | None) -> Trap:
    """A pickled trap, which keeps its text and its code; the backtrace stays behind as text."""
    if code is None:
        return Trap(message)
    trap = Rebuilt(message)
    trap._trap = code
    return trap
