"""Absent: stands for a name of a package that is not installed."""

from __future__ import annotations

from wasm_environ.errors import WasmError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


class Absent:
    """What `from wasm_facade import *` gives for such a name; using it says what to install."""

    __slots__ = ("_message", "_name")

    def __init__(self, name: str, message: str) -> None:
        self._name = name
        self._message = message

    def __call__(self, *args: object, **kwargs: object) -> NoReturn:
        raise WasmError(self._message)

    def __getattr__(self, name: str) -> NoReturn:
        if name[:2] == "__":
            raise AttributeError(name)
        raise WasmError(self._message)

    def __repr__(self) -> str:
        return f"<{self._name}: {self._message}>"
