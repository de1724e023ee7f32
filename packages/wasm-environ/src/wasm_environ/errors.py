"""Exceptions of every layer: one class per way a program can go wrong; those of modules that are refused are in `compile_errors`."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class WasmError(Exception):
    """Root of everything this project raises on purpose but traps; `wasm_facade` exports it as `WasmtimeError` too."""

    def close(self) -> None:
        """Does nothing, for there is nothing to let go of: programs written for wasmtime-py may close one."""


class ArtifactError(WasmError):
    """A compiled artifact does not fit this runtime, or was cut short or altered; the message names what differs."""


class LinkError(WasmError):
    """Instantiation failed: an import is missing or has another type (spec: module instantiation)."""


class ExhaustedError(WasmError):
    """A host resource or configured limit ran out: address space, pool slots, file descriptors."""


class ArgumentError(TypeError, AttributeError):
    """An argument of the wrong type: a TypeError, and where programs written for wasmtime-py expect one an AttributeError too."""


class ExitTrap(WasmError):
    """The guest asked to end with this status (WASI `proc_exit`)."""

    def __init__(self, code: int) -> None:
        super().__init__(f"Exited with i32 exit status {code}")
        self.code = code


class InvalidExit(WasmError):
    """The guest asked to end with a status outside of [0, 126), which is none of WASI's; `code` is what it asked for."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exit with invalid exit status outside of [0..{STATUSES}): {code}")
        self.code = code


# Exit statuses are below: shells and runtimes use the others.
STATUSES = 126


def ended(code: int) -> ExitTrap | InvalidExit:
    """What WASI's `proc_exit(code)` raises."""
    return ExitTrap(code) if 0 <= code < STATUSES else InvalidExit(code)


class Err(Exception):
    """The err of a component's `result`, with its payload.

    What a host function raises, of this class or its own subclass of it, it returns as err, if its result is a `result`; an instance is taken wherever a
    `result` is wanted. Functions of a guest raise it where that is asked for: `func.raises`, `linker.raises`.
    """

    payload: Any

    def __init__(self, payload: Any = None) -> None:
        super().__init__(payload)
        self.payload = payload


class TimeIsOver(Exception):
    """The guest's time ended in the middle of a host function, which ends with this: the runtime makes a trap of it. No OSError: no handler of those may
    take it."""
