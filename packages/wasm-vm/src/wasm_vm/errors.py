"""Trap, TrapCode, Frame, StoreError: what a call into wasm can raise, with the guest's backtrace."""

from __future__ import annotations

from wasm_environ.errors import Exit, WasmError
from wasm_environ.traps import TABLE_OUT_OF_BOUNDS, TRAPS, UNDEFINED_ELEMENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Final, Self

ExitTrap = Exit


class StoreError(WasmError, ValueError):
    """Something was used with another store than its own, after its store was closed, or while another thread is inside the store."""


class _Codes(type):
    """Lets TrapCode be iterated and indexed like an enum; `enum` itself would cost every start of the command 4 ms."""

    def __iter__(cls) -> Iterator[TrapCode]:
        return iter(_BY_NUMBER.values())

    def __len__(cls) -> int:
        return len(_BY_NUMBER)

    def __getitem__(cls, name: str) -> TrapCode:
        found = getattr(cls, name, None)
        if isinstance(found, TrapCode):
            return found
        raise KeyError(name)


class TrapCode(metaclass=_Codes):
    """Why a trap happened: `TrapCode.UNREACHABLE`, with `name` and `value`; `TrapCode(9)` finds one by value."""

    __slots__ = ("name", "value")
    name: str
    value: int
    STACK_OVERFLOW: TrapCode
    MEMORY_OUT_OF_BOUNDS: TrapCode
    HEAP_MISALIGNED: TrapCode
    TABLE_OUT_OF_BOUNDS: TrapCode
    INDIRECT_CALL_TO_NULL: TrapCode
    BAD_SIGNATURE: TrapCode
    INTEGER_OVERFLOW: TrapCode
    INTEGER_DIVISION_BY_ZERO: TrapCode
    BAD_CONVERSION_TO_INTEGER: TrapCode
    UNREACHABLE: TrapCode
    INTERRUPT: TrapCode
    OUT_OF_FUEL: TrapCode
    NULL_REFERENCE: TrapCode
    ARRAY_OUT_OF_BOUNDS: TrapCode
    CAST_FAILURE: TrapCode
    ATOMIC_WAIT_NON_SHARED_MEMORY: TrapCode
    UNDEFINED_ELEMENT: TrapCode
    ALLOCATION_TOO_LARGE: TrapCode

    def __new__(cls, value: int) -> Self:
        found: Any = _BY_NUMBER.get(value)
        if found is None:
            raise ValueError(f"{value!r} is not a valid TrapCode")
        return found  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"<TrapCode.{self.name}: {self.value}>"

    def __str__(self) -> str:
        return f"TrapCode.{self.name}"

    def __reduce__(self) -> tuple[Any, ...]:
        return TrapCode, (self.value,)


def _make_codes() -> dict[int, TrapCode]:
    codes = {}
    for number, name, _ in TRAPS:
        code = object.__new__(TrapCode)
        code.name = name
        code.value = number
        setattr(TrapCode, name, code)
        codes[number] = code
    return codes


_BY_NUMBER: Final = _make_codes()
_MESSAGES: Final = {number: message for number, _, message in TRAPS}
UNKNOWN: Final = 0xFFFFFFFF


class Frame:
    """One function on the guest's stack when it trapped. Offsets are bytes: into the module, and into the function's body."""

    __slots__ = ("func_index", "func_name", "func_offset", "module_name", "module_offset")

    def __init__(self, func_index: int, func_name: str | None, module_name: str | None, module_offset: int, func_offset: int) -> None:
        self.func_index = func_index
        self.func_name = func_name
        self.module_name = module_name
        self.module_offset = module_offset
        self.func_offset = func_offset

    def __str__(self) -> str:
        where = f"0x{self.module_offset:x}" if self.module_offset >= 0 else "?"
        return f"{where:>8} - {self.module_name or '<unknown>'}!{self.func_name or f'<wasm function {self.func_index}>'}"

    def __repr__(self) -> str:
        return f"<Frame {str(self).strip()}>"


def frames_of(backtrace: Any) -> list[Frame]:
    """The frames of a `_core.Backtrace`, innermost first."""
    frames = []
    known: dict[int, tuple[str, dict[int, str]]] = {}
    for names, code, function, offset, start in backtrace.resolve():
        if id(code) not in known:
            known[id(code)] = names(code) if names is not None else ("", {})
        module_name, functions = known[id(code)]
        at = -1 if offset == UNKNOWN else offset
        inside = at - start if at >= 0 and start != UNKNOWN and at >= start else 0
        frames.append(Frame(function, functions.get(function), module_name or None, at, inside))
    return frames


def frame_lines(frames: list[Frame]) -> str:
    """The frames as lines, each after a line break; a frame that repeats is told once."""
    lines = []
    number = 0
    while number < len(frames):
        text = str(frames[number])
        again = number + 1
        while again < len(frames) and str(frames[again]) == text:
            again += 1
        times = again - number
        lines.append(f"\n  {number:>3}: {text}" + (f" ({times} times)" if times > 1 else ""))
        number = again
    return "".join(lines)


class Trap(Exception):
    """The guest did what it must not, was interrupted, or a host function raised `Trap(message)`. As in wasmtime-py no WasmtimeError."""

    _message: str | None = None
    _trap: int | None = None
    _backtrace: Any = None

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self._message = message

    @property
    def trap_code(self) -> TrapCode | None:
        """Why, or None for a Trap made by hand. An index outside a table is TABLE_OUT_OF_BOUNDS for call_indirect too, as in wasmtime."""
        if self._trap is None:
            return None
        return TrapCode(TABLE_OUT_OF_BOUNDS if self._trap == UNDEFINED_ELEMENT else self._trap)

    @property
    def frames(self) -> list[Frame]:
        """The guest's stack, innermost function first; empty for a Trap made by hand."""
        return [] if self._backtrace is None else frames_of(self._backtrace)

    @property
    def message(self) -> str:
        """What happened, with the backtrace."""
        if self._trap is None:
            return self._message or ""
        text = f"wasm trap: {self._message or _MESSAGES.get(self._trap, 'unknown')}"
        frames = self.frames
        return f"{text}\nwasm backtrace:{frame_lines(frames)}" if frames else text

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        return f"<Trap {self.message!r}>" if self._trap is None else f"<Trap {self.trap_code}, {len(self.frames)} frames>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self.message, self._trap)


def _rebuild(message: str, code: int | None) -> Trap:
    """A pickled trap: its text and code; the backtrace stays behind as text."""
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
