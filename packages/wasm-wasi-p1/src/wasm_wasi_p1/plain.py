"""Calls that the runtime makes without Python: what it has to know of this guest's open files and clocks, kept where it looks."""

from __future__ import annotations

from wasm_environ.host import MAY_LOOK, MAY_READ, MAY_SEEK, MAY_TELL, MAY_WRITE
from wasm_wasi_common.descriptor import DIR_READ
from wasm_wasi_p1.abi import DIRECTORY, FD_READ, FD_SEEK, FD_TELL, FD_WRITE, PATH_FILESTAT_GET, REGULAR_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_wasi_common.descriptor import Descriptor
    from wasm_wasi_p1.context import WasiContext

EVERY = FD_READ | FD_SEEK | FD_TELL | FD_WRITE
assert EVERY == MAY_READ | MAY_SEEK | MAY_TELL | MAY_WRITE  # bit by bit, as a test shows: a row has the rights as they are

# Files beyond are left to Python.
MOST_FILES = 256
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
}


def row_of(found: Descriptor | None) -> int:
    """What the table of files says of one: 0 unless it is a regular file or a directory of the host's with which nothing of Python's has to be done."""
    if found is None or found.fd < 0 or found.file is not None:
        return 0
    if found.filetype == DIRECTORY:
        return found.fd << 8 | MAY_LOOK if found.base & PATH_FILESTAT_GET and found.perms & DIR_READ else 0
    if found.filetype != REGULAR_FILE:
        return 0
    if found.read is not None or found.write is not None or found.before is not None:
        return 0
    return found.fd << 8 | found.base & EVERY


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
