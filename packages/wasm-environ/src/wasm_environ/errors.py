"""Exceptions of every layer: one class per way a program can go wrong; those of modules that are refused are in `compile_errors`."""

from __future__ import annotations


class WasmError(Exception):
    """Root of everything this project raises on purpose but traps; `wasm_facade` exports it as `WasmtimeError` too."""


class ArtifactError(WasmError):
    """A compiled artifact does not fit this runtime, or was cut short or altered; the message names what differs."""


class LinkError(WasmError):
    """Instantiation failed: an import is missing or has another type (spec: module instantiation)."""


class ExhaustedError(WasmError):
    """A host resource or configured limit ran out: address space, pool slots, file descriptors."""


class ArgumentError(TypeError, AttributeError):
    """An argument of the wrong type: a TypeError, and where programs written for wasmtime-py expect one an AttributeError too."""


class Exit(WasmError):
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


def ended(code: int) -> Exit | InvalidExit:
    """What WASI's `proc_exit(code)` raises."""
    return Exit(code) if 0 <= code < STATUSES else InvalidExit(code)
