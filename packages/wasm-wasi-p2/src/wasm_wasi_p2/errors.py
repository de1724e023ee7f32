"""Error: what a stream tells of a failure (`wasi:io/error`), from which other interfaces learn more."""

from __future__ import annotations

from wasm_environ.errors import WasmError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn


class Error:
    """The resource `error`. `os_error`: the host's failure, where it was one; `code`: the payload of an interface that has a case for it."""

    __slots__ = ("code", "message", "os_error")

    def __init__(self, message: str, os_error: OSError | None = None, code: Any = None) -> None:
        self.message = message
        self.os_error = os_error
        self.code = code

    def to_debug_string(self) -> str:
        """For people."""
        return self.message


def trap(message: str) -> NoReturn:
    """End the guest, which did what WASI forbids."""
    raise WasmError(message)
