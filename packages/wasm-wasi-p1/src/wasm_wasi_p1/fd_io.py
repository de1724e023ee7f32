"""fd_read, fd_write, fd_pread, fd_pwrite, fd_seek, fd_tell and the rest that moves or places data of an open file."""

from __future__ import annotations

import os

from wasm_wasi_p1.abi import (
    BADF,
    CHARACTER_DEVICE,
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
from wasm_wasi_p1.blocking import apart, in_turn, ready, stop_if_over, waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wasm_wasi_p1.context import WasiContext
    from wasm_wasi_p1.descriptor import Descriptor

SPIPE = 70
# A pipe that polls as writable takes this much without blocking (POSIX: PIPE_BUF).
PIPE_ROOM = 4096
# Move and allocate in steps, after which the guest's time may be over.
BATCH = 16 << 20
ALLOCATE_STEP = 64 << 20
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
    store(memory, out, 4, in_batches(context, parts, lambda batch, done: os.preadv(found.fd, batch, offset + done)))


def fd_pwrite(context: WasiContext, memory: memoryview, fd: int, iovs: int, count: int, offset: int, out: int) -> None:
    """Write at an offset given (at the end with APPEND)."""
    found = _positioned(context, fd, FD_WRITE, offset)
    check(memory, out, 4)
    parts = buffers(memory, iovs, count)
    store(memory, out, 4, in_batches(context, parts, lambda batch, done: os.pwritev(found.fd, batch, offset + done)))


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
        stop_if_over(context)
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
    apart(context, lambda: os.fsync(found.fd))


def fd_datasync(context: WasiContext, fd: int) -> None:
    """Bring data to the disk."""
    found = context.get(fd, FD_DATASYNC)
    if found.fd < 0:
        fail(INVAL)
    apart(context, lambda: os.fdatasync(found.fd))


def read_into(context: WasiContext, found: Descriptor, parts: list[memoryview]) -> int:
    """Read what there is, as the kernel would; waits for the first byte unless the guest asked not to."""
    if not parts:
        return 0
    if found.read is not None:
        return _read_object(context, found, parts[0])
    if found.filetype == REGULAR_FILE:
        return in_batches(context, parts, lambda batch, done: waiting(context, found, False, lambda: os.readv(found.fd, batch), ask=False))
    batch = next(batches(parts))
    return waiting(context, found, False, lambda: _read_now(context, found.fd, batch), ask=True)


def _read_now(context: WasiContext, fd: int, parts: list[memoryview]) -> int:
    """Read what the system said is there; in the meantime another may have taken it, who shares this pipe or terminal."""
    if context.limited():
        try:
            return os.preadv(fd, parts, -1, os.RWF_NOWAIT)
        except BlockingIOError:
            raise
        except OSError:  # not for this kind of file
            pass
    return os.readv(fd, parts)


def _read_object(context: WasiContext, found: Descriptor, part: memoryview) -> int:
    read = found.read
    assert read is not None
    data = found.rest or in_turn(context, found, lambda: read(min(len(part), PIECE)))
    found.rest = data[len(part) :]  # one left behind by an earlier call may be longer
    data = data[: len(part)]
    part[: len(data)] = data
    return len(data)


def write_from(context: WasiContext, found: Descriptor, parts: list[memoryview]) -> int:
    """Write all that the host takes at once; to a Python object everything."""
    if not parts:
        return 0
    if found.write is not None:
        return _write_pieces(context, found, parts)
    if found.before is not None:
        apart(context, found.before)
    if found.filetype == REGULAR_FILE:
        return in_batches(context, parts, lambda batch, done: waiting(context, found, True, lambda: os.writev(found.fd, batch), ask=False))
    if found.flags & NONBLOCK:
        return waiting(context, found, True, lambda: os.write(found.fd, parts[0][:PIPE_ROOM]), ask=True)
    if context.limited() and os.get_blocking(found.fd):
        return _write_cut(context, found, parts)
    return waiting(context, found, True, lambda: os.writev(found.fd, parts), ask=False)


def _write_cut(context: WasiContext, found: Descriptor, parts: list[memoryview]) -> int:
    """Write everything to an open file of the host's that blocks: in pieces that a pipe or socket has room for. Of a terminal nobody can tell."""
    done = 0
    for part in parts:
        for start in range(0, len(part), PIPE_ROOM):
            piece = part[start : start + PIPE_ROOM]
            ready(context, found.fd, True, True)
            if found.filetype == CHARACTER_DEVICE:
                data = bytes(piece)
                count = apart(context, lambda data=data: os.write(found.fd, data))  # type: ignore[misc]
            else:
                count = os.write(found.fd, piece)
            done += count
            if count < len(piece):
                return done
    return done


def batches(parts: list[memoryview]) -> Iterator[list[memoryview]]:
    """The buffers, cut so that moving one batch takes no time to speak of."""
    batch: list[memoryview] = []
    room = BATCH
    for part in parts:
        at = 0
        while at < len(part):
            piece = part[at : at + room]
            batch.append(piece)
            at += len(piece)
            room -= len(piece)
            if not room:
                yield batch
                batch, room = [], BATCH
    if batch:
        yield batch


def in_batches(context: WasiContext, parts: list[memoryview], move: Callable[[list[memoryview], int], int]) -> int:
    """Move data until a batch comes back short; `move` gets a batch and how many bytes were moved before it."""
    done = 0
    for batch in batches(parts):
        if done:
            stop_if_over(context)
        try:
            count = move(batch, done)
        except OSError:
            if done:
                break  # tell what was done; the next call meets the error again
            raise
        done += count
        if count < sum(map(len, batch)):
            break
    return done


def _write_pieces(context: WasiContext, found: Descriptor, parts: list[memoryview]) -> int:
    """Everything, unless the object says that it took less; a negative count is an errno, as in wasmtime-py."""
    write = found.write
    assert write is not None
    done = 0
    for part in parts:
        for start in range(0, len(part), PIECE):
            if done:
                stop_if_over(context)
            piece = bytes(part[start : start + PIECE])
            count = in_turn(context, found, lambda piece=piece: write(piece))  # type: ignore[misc]
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
