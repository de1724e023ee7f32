"""Frame: one function of a guest's backtrace; and backtraces as lines."""

from __future__ import annotations

from wasm_environ.errors import ArtifactError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from wasm_environ.dwarf.lookup import Lookup, Symbol

UNKNOWN: Final = 0xFFFFFFFF


class Sources:
    """The debug information of one module for one backtrace: read when the first of its frames is asked for its place in the source."""

    __slots__ = ("_lookup", "_read", "_start")

    def __init__(self, read: Callable[[], Any]) -> None:
        self._read: Callable[[], Any] | None = read
        self._start = 0
        self._lookup: Lookup | None = None

    def symbols(self, module_offset: int) -> tuple[Symbol, ...]:
        """The places that an offset into the module stands for, innermost first; empty if nothing is known."""
        read, self._read = self._read, None
        if read is not None:
            from wasm_environ.dwarf.lookup import Lookup

            try:
                self._start, sections = read()
                self._lookup = Lookup(sections)
            except (ArtifactError, EOFError, TypeError, ValueError):  # the file was cut short
                return ()
        return tuple(self._lookup.symbols(module_offset - self._start)) if self._lookup is not None else ()


class Frame:
    """One function on the guest's stack when it trapped. Offsets are bytes: into the module, and into the function's body.

    `file`, `line`, `column`: the place in the source, where the module has debug information (DWARF); None where it is not known. `symbols`: the places
    of a frame into which functions were inlined, innermost first, each with `name`, `file`, `line` and `column`; the first is the frame's own. The debug
    information is read when one of these, or the text, is first asked for.
    """

    __slots__ = ("_sources", "_symbols", "func_index", "func_name", "func_offset", "module_name", "module_offset")

    def __init__(
        self, func_index: int, func_name: str | None, module_name: str | None, module_offset: int, func_offset: int, sources: Sources | None = None
    ) -> None:  # fmt: skip
        self.func_index = func_index
        self.func_name = func_name
        self.module_name = module_name
        self.module_offset = module_offset
        self.func_offset = func_offset
        self._sources = sources
        self._symbols: tuple[Symbol, ...] | None = None

    def close(self) -> None:
        """Does nothing, for there is nothing to let go of: programs written for wasmtime-py may close one."""

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """The places in the source, innermost inlined function first; empty without debug information."""
        if self._symbols is None:
            known = self._sources is not None and self.module_offset >= 0
            self._symbols = self._sources.symbols(self.module_offset) if known else ()  # type: ignore[union-attr]
        return self._symbols

    @property
    def file(self) -> str | None:
        """The source file's path, as the compiler wrote it."""
        return self.symbols[0].file if self.symbols else None

    @property
    def line(self) -> int | None:
        """The line in `file`, from 1."""
        return self.symbols[0].line if self.symbols else None

    @property
    def column(self) -> int | None:
        """The column in the line, from 1."""
        return self.symbols[0].column if self.symbols else None

    def __str__(self) -> str:
        where = f"0x{self.module_offset:x}" if self.module_offset >= 0 else "?"
        own = self.func_name or f"<wasm function {self.func_index}>"
        if not self.symbols:
            return f"{where:>8} - {self.module_name or '<unknown>'}!{own}"
        places: list[str] = []
        for symbol in self.symbols:
            place = f"\n                    at {symbol.place}" if symbol.place else ""
            places.append(f"{symbol.name or ('<inlined function>' if places else own)}{place}")
        return f"{where:>8} - " + "\n                - ".join(places)

    def __repr__(self) -> str:
        name = self.func_name or f"<wasm function {self.func_index}>"
        return f"<Frame {self.symbols[0].place} in {self.symbols[0].name or name}>" if self.file else f"<Frame {str(self).strip()}>"


def frames_of(backtrace: Any) -> list[Frame]:
    """The frames of a `_core.Backtrace`, innermost first."""
    frames = []
    known: dict[int, tuple[str, dict[int, str], int, bytes, Sources | None]] = {}
    for names, code, function, offset in backtrace.resolve():
        if id(code) not in known:
            *told, read = names(code) if names is not None else ("", {}, 0, b"", None)
            known[id(code)] = (*told, Sources(read) if read is not None else None)
        module_name, functions, first, starts, sources = known[id(code)]
        at = -1 if offset == UNKNOWN else offset
        where = 4 * (function - first)
        inside = at - int.from_bytes(starts[where : where + 4], "little") if at >= 0 and starts else 0
        frames.append(Frame(function, functions.get(function), module_name or None, at, inside, sources))
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
