"""Exceptions of modules that are refused: malformed, invalid, unsupported, or text that is none; and of WIT."""

from __future__ import annotations

from wasm_environ.errors import WasmError


def unknown(space: str, index: int, count: int, where: str = "") -> str:
    """What is said of an index beyond its index space, which has `count` entries (spec: validation, contexts); `where` it stands, if that is no place
    in code."""
    there = "there is none" if count == 0 else "there is one, 0" if count == 1 else f"there are {count}, 0 to {count - 1}"
    return f"unknown {space} {index}{where and f' {where}'}: {there}"


class CompileError(WasmError):
    """A module was refused before it could run. `offset` is a byte offset into the binary, or -1 when unknown.

    Of a module that was given as text, `line` and `column` count from 1 (0: unknown), and the message shows the line with a caret.
    """

    line = 0
    column = 0

    def __init__(self, message: str, offset: int = -1) -> None:
        super().__init__(message if offset < 0 else f"{message} (at offset 0x{offset:x})")
        self.message = message
        self.offset = offset

    def place(self, line: int, column: int, source: str) -> None:
        """Tell where in a text it is; `source` is the line, "" not to show it."""
        self.line = line
        self.column = column
        caret = f"\n  {source}\n  {' ' * (column - 1)}^" if source else ""
        self.args = (f"{self.message} (line {line}, column {column}){caret}",)


class MalformedError(CompileError):
    """The bytes are not a module (spec: binary format). The message starts with the spec suite's words."""


class InvalidError(CompileError):
    """The module decodes but does not validate (spec: validation). `function` is the function index or -1; outside of bodies, `item` is what
    was being checked: ("type", "func", "table", "memory", "global", "tag", "elem", "data", "start" or "export"; index)."""

    def __init__(self, message: str, offset: int = -1, function: int = -1) -> None:
        super().__init__(message, offset)
        self.function = function
        self.item = ("", -1)


class UnsupportedError(CompileError):
    """A valid module uses what this backend or target lacks; the message names it."""


class BackendError(CompileError):
    """A backend's code generator itself failed, on what another backend may compile."""


class TextError(MalformedError):
    """The text is not a module. `line` and `column` count from 1; the message shows the line with a caret."""

    def __init__(self, message: str, line: int = 0, column: int = 0, source: str = "") -> None:
        super().__init__(message)
        self.source = source
        if line:
            self.place(line, column, source)


class WitError(CompileError):
    """WIT that does not parse or says what cannot be. `path`: of its file, "" for none; `line` and `column` count from 1, 0 where no place is to blame.

    The message begins with the place, `file.wit:3:14: `, and shows the line with a caret.
    """

    def __init__(self, message: str, path: str = "", line: int = 0, column: int = 0, source: str = "") -> None:
        super().__init__(message)
        self.path = path
        self.line = line
        self.column = column
        place = ":".join([part for part in (path, str(line or ""), str(column or "")) if part])
        caret = f"\n  {source}\n  {' ' * (column - 1)}^" if source else ""
        self.args = (f"{place}: {message}{caret}" if place else message,)
