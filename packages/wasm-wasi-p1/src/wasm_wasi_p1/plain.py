"""Calls that the runtime makes without Python: what it has to know of this guest's open files and clocks, kept where it looks."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_wasi_p1.context import WasiContext

# function -> the name of its usual case in `wasm_environ.host.PLAIN_CALLS`
CALLS = {
    "clock_time_get": "clock",
    "random_get": "random",
    "fd_read": "read",
    "fd_write": "write",
    "fd_pread": "pread",
    "fd_pwrite": "pwrite",
    "fd_seek": "seek",
    "fd_tell": "tell",
    "path_filestat_get": "stat",
    "path_open": "open",
    "fd_close": "close",
    "fd_fdstat_get": "fdstat",
}


def plain_call(context: WasiContext, name: str) -> tuple[str, memoryview] | None:
    """`HostFunction.plain` of one function for this guest."""
    call = CALLS.get(name)
    if call is None:
        return None
    if call == "clock":
        return None if context.clocks is not None else (call, _clocks(context))
    if call == "random":
        return None if context.random is not None else (call, memoryview(b""))
    return call, context.files


def _clocks(context: WasiContext) -> memoryview:
    from wasm_wasi_p1.clocks import HOST_CLOCKS, MONOTONIC

    rows = memoryview(bytearray(16 * len(HOST_CLOCKS))).cast("q")
    for number, clock in enumerate(HOST_CLOCKS):
        rows[2 * number] = clock
        rows[2 * number + 1] = context.start if number == MONOTONIC else 0
    return rows
