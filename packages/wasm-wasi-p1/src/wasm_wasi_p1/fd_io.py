"""fd_read, fd_write, fd_pread, fd_pwrite, fd_seek, fd_tell and the rest that moves or places data of an open file."""

from __future__ import annotations

import os

from wasm_wasi_p1.abi import (
    AGAIN,
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
    IO,
    MAX_OFFSET,
    NONBLOCK,
    NOTCAPABLE,
    PIECE,
    REGULAR_FILE,
    RIGHTS_SEEKABLE,
    buffers,
    check,
    fail,
    store,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from wasm_wasi_p1.context import WasiContext
    from wasm_wasi_p1.descriptor import Descriptor

    T = TypeVar("T")

SPIPE = 70
# A wait goes through Python so often: an exception sent to the thread (a timeout, Ctrl-C in a notebook) ends it.
SLICE_MS = 50
# A pipe that polls as writable takes this much without blocking (POSIX: PIPE_BUF).
PIPE_ROOM = 4096
# Allocate in steps, so that Ctrl-C gets through.
ALLOCATE_STEP = 256 << 20
SEEK_SET, SEEK_CUR, SEEK_END = 0, 1, 2
# witx: $advice
ADVICE = (
    os.POSIX_FADV_NORMAL,
    os.POSIX_FADV_SEQUENTIAL,
    os.POSIX_FADV_RANDOM,
    os.POSIX_FADV_WILLNEED,
    os.POSIX_FADV_DONTNEED,
    os.POSIX_FADV_NOREUSE,
)


def fd_read(context: WasiContext, memory: memoryview, fd: int, iovs: int, count: int, out: int) -> None:
    """Read at the file's offset, straight into the guest's memory."""
    found = context.file(fd, FD_READ)
    check(memory, out, 4)
    store(memory, out, 4, read_into(found, buffers(memory, iovs, count)))


def fd_write(context: WasiContext, memory: memoryview, fd: int, iovs: int, count: int, out: int) -> None:
    """Write at the file's offset, straight from the guest's memory."""
    found = context.file(fd, FD_WRITE)
    check(memory, out, 4)
    store(memory, out, 4, write_from(found, buffers(memory, iovs, count)))


def fd_pread(context: WasiContext, memory: memoryview, fd: int, iovs: int, count: int, offset: int, out: int) -> None:
    """Read at an offset given."""
    found = _positioned(context, fd, FD_READ, offset)
    check(memory, out, 4)
    parts = buffers(memory, iovs, count)
    store(memory, out, 4, os.preadv(found.fd, parts, offset) if parts else 0)


def fd_pwrite(context: WasiContext, memory: memoryview, fd: int, iovs: int, count: int, offset: int, out: int) -> None:
    """Write at an offset given (at the end with APPEND)."""
    found = _positioned(context, fd, FD_WRITE, offset)
    check(memory, out, 4)
    parts = buffers(memory, iovs, count)
    store(memory, out, 4, os.pwritev(found.fd, parts, offset) if parts else 0)


def fd_seek(context: WasiContext, memory: memoryview, fd: int, offset: int, whence: int, out: int) -> None:
    """Move the file's offset."""
    found = context.file(fd, 0)
    check(memory, out, 8)
    if whence > SEEK_END:
        fail(INVAL)
    # Asking where one is needs only the right to tell.
    _seekable(found, FD_TELL if offset == 0 and whence == SEEK_CUR else FD_SEEK)
    store(memory, out, 8, os.lseek(found.fd, offset, whence))


def fd_tell(context: WasiContext, memory: memoryview, fd: int, out: int) -> None:
    """The file's offset."""
    found = context.file(fd, 0)
    check(memory, out, 8)
    _seekable(found, FD_TELL)
    store(memory, out, 8, os.lseek(found.fd, 0, SEEK_CUR))


def fd_advise(context: WasiContext, fd: int, offset: int, size: int, advice: int) -> None:
    """Tell the host how a range will be used."""
    found = context.file(fd, 0)
    if advice >= len(ADVICE) or offset > MAX_OFFSET or size > MAX_OFFSET:
        fail(INVAL)
    _seekable(found, FD_ADVISE)
    os.posix_fadvise(found.fd, offset, size, ADVICE[advice])


def fd_allocate(context: WasiContext, fd: int, offset: int, size: int) -> None:
    """Make sure that a range has space on the disk."""
    found = _resizable(context, fd, FD_ALLOCATE, BADF)
    if size == 0 or offset + size > MAX_OFFSET:
        fail(INVAL)
    if found.fd < 0:
        fail(SPIPE)
    for start in range(offset, offset + size, ALLOCATE_STEP):
        os.posix_fallocate(found.fd, start, min(ALLOCATE_STEP, offset + size - start))


def fd_filestat_set_size(context: WasiContext, fd: int, size: int) -> None:
    """Cut or extend a file."""
    found = _resizable(context, fd, FD_FILESTAT_SET_SIZE, INVAL)
    if size > MAX_OFFSET or found.fd < 0:
        fail(INVAL)
    os.ftruncate(found.fd, size)


def fd_sync(context: WasiContext, fd: int) -> None:
    """Bring data and metadata to the disk; directories too."""
    found = context.get(fd, FD_SYNC)
    if found.fd < 0:
        fail(INVAL)
    os.fsync(found.fd)


def fd_datasync(context: WasiContext, fd: int) -> None:
    """Bring data to the disk."""
    found = context.get(fd, FD_DATASYNC)
    if found.fd < 0:
        fail(INVAL)
    os.fdatasync(found.fd)


def read_into(found: Descriptor, parts: list[memoryview]) -> int:
    """Read what there is, as the kernel would; waits for the first byte unless the guest asked not to."""
    if not parts:
        return 0
    if found.read is not None:
        data = found.read(min(len(parts[0]), PIECE))
        parts[0][: len(data)] = data
        return len(data)
    if found.filetype == REGULAR_FILE:
        return os.readv(found.fd, parts)
    return waiting(found, False, lambda: os.readv(found.fd, parts), ask=True)


def write_from(found: Descriptor, parts: list[memoryview]) -> int:
    """Write all that the host takes at once; to a Python object everything."""
    if not parts:
        return 0
    if found.write is not None:
        return _write_pieces(found.write, parts)
    if found.before is not None:
        found.before()
    if found.filetype == REGULAR_FILE:
        return os.writev(found.fd, parts)
    ask = found.flags & NONBLOCK != 0
    if ask:
        parts = [parts[0][:PIPE_ROOM]]
    return waiting(found, True, lambda: os.writev(found.fd, parts), ask)


def ready(fd: int, writing: bool, block: bool) -> bool:
    """Whether a host fd can be read or written (or has failed: the call then tells how); `block` waits for it."""
    import select

    poller = select.poll()
    poller.register(fd, select.POLLOUT if writing else select.POLLIN)
    while not poller.poll(SLICE_MS if block else 0):
        if not block:
            return False
    return True


def waiting(found: Descriptor, writing: bool, move: Callable[[], T], ask: bool) -> T:
    """Call `move`, which moves data on an fd that may block; `ask` before whether it would.

    Blocking is the guest's choice alone: the host's side may have been made non-blocking by whoever shares it (then
    wait and try again), and the guest's NONBLOCK is not set on the host's open file, which this process goes on using.
    """
    block = not found.flags & NONBLOCK
    if ask and not ready(found.fd, writing, block):
        fail(AGAIN)
    while True:
        try:
            return move()
        except BlockingIOError:
            if not block:
                raise
            ready(found.fd, writing, True)


def _write_pieces(write: Callable[[bytes], object], parts: list[memoryview]) -> int:
    """Everything, unless the object says that it took less; a negative count is an errno, as in wasmtime-py."""
    done = 0
    for part in parts:
        for start in range(0, len(part), PIECE):
            piece = bytes(part[start : start + PIECE])
            count = write(piece)
            if count is None:
                count = len(piece)
            if not isinstance(count, int) or count > len(piece):
                fail(IO)
            if count < 0:
                raise OSError(-count, "the output's callback failed")
            done += count
            if count < len(piece):
                return done
    return done


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
