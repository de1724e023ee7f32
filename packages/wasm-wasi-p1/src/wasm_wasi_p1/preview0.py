"""wasi_unstable, the older form: other layouts of filestat and subscription, other numbers for whence."""

from __future__ import annotations

from wasm_wasi_common.transfer import SEEK_CUR, SEEK_END, SEEK_SET
from wasm_wasi_p1.abi import FD_FILESTAT_GET, INVAL, check, fail, store_bytes
from wasm_wasi_p1.fd_io import fd_seek as seek
from wasm_wasi_p1.filestat import pack_filestat_unstable
from wasm_wasi_p1.path import path_status
from wasm_wasi_p1.poll import LAYOUT_UNSTABLE
from wasm_wasi_p1.poll import poll_oneoff as poll

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_wasi_p1.context import WasiContext

FILESTAT_SIZE = 56
WHENCE = (SEEK_CUR, SEEK_END, SEEK_SET)


def fd_filestat_get(context: WasiContext, memory: memoryview, fd: int, out: int) -> None:
    """Identity, type, size and times of an open file: 56 bytes."""
    found = context.get(fd, FD_FILESTAT_GET)
    check(memory, out, FILESTAT_SIZE)
    store_bytes(memory, out, pack_filestat_unstable(found.status(), found.filetype))


def path_filestat_get(
    context: WasiContext, memory: memoryview, fd: int, lookup: int, pointer: int, size: int, out: int
) -> None:
    """Identity, type, size and times of what a path leads to: 56 bytes."""
    check(memory, out, FILESTAT_SIZE)
    store_bytes(memory, out, pack_filestat_unstable(path_status(context, memory, fd, lookup, pointer, size)))


def fd_seek(context: WasiContext, memory: memoryview, fd: int, offset: int, whence: int, out: int) -> None:
    """Move the file's offset; whence counts current, end, start."""
    if whence >= len(WHENCE):
        fail(INVAL)
    seek(context, memory, fd, offset, WHENCE[whence], out)


def poll_oneoff(
    context: WasiContext, memory: memoryview, subscriptions: int, events: int, count: int, out: int
) -> None:
    """poll_oneoff with preview 0's subscriptions."""
    poll(context, memory, subscriptions, events, count, out, LAYOUT_UNSTABLE)
