"""Traps and errors of C, and exceptions of Python."""

from __future__ import annotations

from wasm_capi.handlers.bridge import ffi, handler, lib, object_at
from wasm_capi.settings import TRAP_CODES
from wasm_environ.errors import ExitTrap
from wasm_vm import Trap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The vm's names for what wasmtime.h calls otherwise. What has no number there is a trap without a code.
_NAMES = {"UNREACHABLE": "UNREACHABLE_CODE_REACHED", "NULL_DESCRIPTOR": "NULL_REFERENCE", "DESCRIPTOR_CAST_FAILURE": "CAST_FAILURE"}


@handler
def capi_fill(trap: Any, into: Any) -> None:
    error = object_at(lib.capi_object(trap))
    text, code, status = _description(error)
    for frame in getattr(error, "frames", []):
        names = [ffi.NULL if name is None else ffi.new("char[]", name.encode(errors="replace")) for name in (frame.func_name, frame.module_name)]
        lib.capi_trap_frame(into, frame.func_index, max(frame.func_offset or 0, 0), max(frame.module_offset or 0, 0), *names)
    encoded = text.encode(errors="replace")
    lib.capi_trap_set(into, encoded, len(encoded), code, status)


def _number_of(name: str) -> int:
    """wasmtime.h's number of one of the vm's traps, or -1."""
    name = _NAMES.get(name, name)
    return TRAP_CODES.index(name) if name in TRAP_CODES else -1


def _own_number(code: int) -> int | None:
    """The vm's number of one of wasmtime.h's; None where it has none."""
    from wasm_vm import TrapCode

    name = TRAP_CODES[code]
    name = next((ours for ours, theirs in _NAMES.items() if theirs == name), name)
    found = getattr(TrapCode, name, None)
    return None if found is None else found.value


def _description(error: BaseException) -> tuple[str, int, int]:
    """(message, number of a trap's code or -1, exit status or -1)"""
    if isinstance(error, ExitTrap):
        return str(error), -1, error.code
    if isinstance(error, Trap):
        code = error.trap_code
        return error.message, -1 if code is None else _number_of(code.name), -1
    if isinstance(error, MemoryError):
        return "out of memory", -1, -1
    return str(error) or type(error).__name__, -1, -1


@handler
def capi_trap_code(trap: Any, code: int) -> None:
    from wasm_environ.traps import MESSAGES

    if code >= len(TRAP_CODES):
        return
    own = _own_number(code)
    words = TRAP_CODES[code].lower().replace("_", " ") if own is None else MESSAGES[own]
    text = f"wasm trap: {words}".encode()
    lib.capi_trap_set(trap, text, len(text), code, -1)


class HostTrap(Trap):
    """A trap that a function of the host returned: told, unlike one raised in Python, which frames of wasm it passed."""

    @property
    def message(self) -> str:
        """The host's words, with the backtrace."""
        return super().message if self._trap is not None else self._with_frames(self._message or "")

    def passed_through(self, backtrace: Any) -> None:
        """The vm calls this."""
        if self._backtrace is None:
            self._backtrace = backtrace


def exception_of(trap: Any) -> BaseException:
    """The exception that a trap or an error came from, if it did, else a Trap with its message."""
    message, length, code = ffi.new("char **"), ffi.new("size_t *"), ffi.new("int32_t *")
    address = lib.capi_trap_parts(ffi.cast("wasm_ref_t *", trap), message, length, code)
    if address:
        found: BaseException = object_at(address)
        return found
    made = HostTrap(bytes(ffi.buffer(message[0], length[0])).decode(errors="replace") if length[0] else "")
    if code[0] >= 0:
        made._trap = _own_number(code[0])
    return made


@handler
def capi_exception_of(trap: Any) -> int:
    error = exception_of(trap)
    lib.capi_keep(id(error))
    lib.wasm_trap_delete(trap)
    return id(error)
