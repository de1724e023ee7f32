"""fd_read, fd_write, fd_pread, fd_pwrite, fd_seek, fd_tell and the rest that moves or places data of an open file."""

from __future__ import annotations

from wasm_wasi_common.files import ADVICE, advise
from wasm_wasi_common.transfer import MAX_OFFSET, SEEK_CUR, SEEK_END, allocate, read_at, read_into, resize, seek, sync, write_at, write_from
from wasm_wasi_p1.abi import (
    BADF,
    FD_ADVISE,
    FD_ALLOCATE,
    FD_DATASYNC,
    FD_FILESTAT_SET_SIZE,
    FD_READ,
    FD_SEEK,
    FD_SYNC,
    FD_TELL,
    FD_WRITE,
    INVAL,
    NOTCAPABLE,
    REGULAR_FILE,
    RIGHTS_SEEKABLE,
    buffers,
    check,
    fail,
    store,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_wasi_common.descriptor import Descriptor
    from wasm_wasi_p1.context import WasiContext

SPIPE = 70


def fd_read(context: WasiContext, memory: memoryview, fd: int, iovs: int, count: int, out: int) -> None:
    """Read at the file's offset, straight into the guest's memory."""
    found = context.file(fd, FD_READ)
    check(memory, out, 4)
    store(memory, out, 4, read_into(context, found, buffers(memory, iovs, count)))


def fd_write(context: WasiContext, memory: memoryview, fd: int, iovs: int, count: int, out: int) -> None:
    """Write at the file's offset, straight from the guest's memory."""
    found = context.file(fd, FD_WRITE)
    check(memory, out, 4)
    store(memory, out, 4, write_from(context, found, buffers(memory, iovs, count)))


def fd_pread(context: WasiContext, memory: memoryview, fd: int, iovs: int, count: int, offset: int, out: int) -> None:
    """Read at an offset given."""
    found = _positioned(context, fd, FD_READ, offset)
    check(memory, out, 4)
    parts = buffers(memory, iovs, count)
    store(memory, out, 4, read_at(context, found, parts, offset))


def fd_pwrite(context: WasiContext, memory: memoryview, fd: int, iovs: int, count: int, offset: int, out: int) -> None:
    """Write at an offset given (at the end with APPEND)."""
    found = _positioned(context, fd, FD_WRITE, offset)
    check(memory, out, 4)
    parts = buffers(memory, iovs, count)
    store(memory, out, 4, write_at(context, found, parts, offset))


def fd_seek(context: WasiContext, memory: memoryview, fd: int, offset: int, whence: int, out: int) -> None:
    """Move the file's offset."""
    found = context.file(fd, 0)
    check(memory, out, 8)
    if whence > SEEK_END:
        fail(INVAL)
    # Asking where one is needs only the right to tell.
    _seekable(found, FD_TELL if offset == 0 and whence == SEEK_CUR else FD_SEEK)
    store(memory, out, 8, seek(found, offset, whence))


def fd_tell(context: WasiContext, memory: memoryview, fd: int, out: int) -> None:
    """The file's offset."""
    found = context.file(fd, 0)
    check(memory, out, 8)
    _seekable(found, FD_TELL)
    store(memory, out, 8, seek(found, 0, SEEK_CUR))


def fd_advise(context: WasiContext, fd: int, offset: int, size: int, use: int) -> None:
    """Tell the host how a range will be used."""
    found = context.file(fd, 0)
    if use >= len(ADVICE) or offset > MAX_OFFSET or size > MAX_OFFSET:
        fail(INVAL)
    _seekable(found, FD_ADVISE)
    advise(found, offset, size, use)


def fd_allocate(context: WasiContext, fd: int, offset: int, size: int) -> None:
    """Make sure that a range has space on the disk."""
    found = _resizable(context, fd, FD_ALLOCATE, BADF)
    if size == 0 or offset + size > MAX_OFFSET:
        fail(INVAL)
    if found.fd < 0 and found.file is None:
        fail(SPIPE)
    allocate(context, found, offset, size)


def fd_filestat_set_size(context: WasiContext, fd: int, size: int) -> None:
    """Cut or extend a file."""
    found = _resizable(context, fd, FD_FILESTAT_SET_SIZE, INVAL)
    if size > MAX_OFFSET or (found.fd < 0 and found.file is None):
        fail(INVAL)
    resize(found, size)


def fd_sync(context: WasiContext, fd: int) -> None:
    """Bring data and metadata to the disk; directories too."""
    sync(context, context.get(fd, FD_SYNC), data_only=False)


def fd_datasync(context: WasiContext, fd: int) -> None:
    """Bring data to the disk."""
    sync(context, context.get(fd, FD_DATASYNC), data_only=True)


def _seekable(found: Descriptor, right: int) -> None:
    """A pipe never had the right to seek; say what is the matter with it rather than that it lacks the right."""
    if right & ~found.base:
        fail(NOTCAPABLE if found.filetype == REGULAR_FILE else SPIPE)


def _resizable(context: WasiContext, fd: int, right: int, not_writable: int) -> Descriptor:
    """A file not opened for writing fails as POSIX's call of that name does."""
    found = context.file(fd, 0)
    if right & ~found.base:
        fail(NOTCAPABLE if found.base & FD_WRITE else not_writable)
    return found


def _positioned(context: WasiContext, fd: int, right: int, offset: int) -> Descriptor:
    found = context.file(fd, right)
    if offset > MAX_OFFSET:
        fail(INVAL)
    if not found.base & RIGHTS_SEEKABLE:
        _seekable(found, FD_SEEK)
    return found
