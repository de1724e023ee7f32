"""Frame: one function of a guest's backtrace; and backtraces as lines."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

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
    known: dict[int, tuple[str, dict[int, str], int, bytes]] = {}
    for names, code, function, offset in backtrace.resolve():
        if id(code) not in known:
            known[id(code)] = names(code) if names is not None else ("", {}, 0, b"")
        module_name, functions, first, starts = known[id(code)]
        at = -1 if offset == UNKNOWN else offset
        where = 4 * (function - first)
        inside = at - int.from_bytes(starts[where : where + 4], "little") if at >= 0 and starts else 0
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
