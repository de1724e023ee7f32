"""Data between a guest's memory and its open files: as much as goes at once, in steps after each of which the guest's time may be over."""

from __future__ import annotations

import errno
import os

from wasm_wasi_common.blocking import apart, in_turn, ready, stop_if_over, waiting
from wasm_wasi_common.descriptor import APPEND, CHARACTER_DEVICE, NONBLOCK, PIECE, REGULAR_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wasm_wasi_common.descriptor import Descriptor
    from wasm_wasi_common.filesystem import File
    from wasm_wasi_common.guest import Guest

# A pipe that polls as writable takes this much without blocking (POSIX: PIPE_BUF).
PIPE_ROOM = 4096
# Move and allocate in steps, after which the guest's time may be over.
BATCH = 16 << 20
ALLOCATE_STEP = 64 << 20
MAX_OFFSET = (1 << 63) - 1
SEEK_SET, SEEK_CUR, SEEK_END = 0, 1, 2


def read_at(guest: Guest, found: Descriptor, parts: list[memoryview], offset: int) -> int:
    """Read at an offset given."""
    if found.file is not None:
        file = found.file
        return in_batches(guest, parts, lambda batch, done: _from_file(file, batch, offset + done))
    if is_small(parts):
        return os.preadv(found.fd, parts, offset)
    return in_batches(guest, parts, lambda batch, done: os.preadv(found.fd, batch, offset + done))


def write_at(guest: Guest, found: Descriptor, parts: list[memoryview], offset: int) -> int:
    """Write at an offset given (at the end with APPEND)."""
    if found.file is not None:
        file = found.file
        if found.flags & APPEND:
            offset = file.status().st_size
        return in_batches(guest, parts, lambda batch, done: _to_file(file, batch, offset + done))
    if is_small(parts):
        return os.pwritev(found.fd, parts, offset)
    return in_batches(guest, parts, lambda batch, done: os.pwritev(found.fd, batch, offset + done))


def resize(found: Descriptor, size: int) -> None:
    """Cut or extend a file."""
    if found.file is not None:
        found.file.truncate(size)
    else:
        os.ftruncate(found.fd, size)


def sync(guest: Guest, found: Descriptor, data_only: bool) -> None:
    """Bring what was written to the disk."""
    if found.file is not None:
        found.file.sync()
    elif found.fd >= 0:
        apart(guest, lambda: os.fdatasync(found.fd) if data_only else os.fsync(found.fd))
    elif found.directory is None:
        raise OSError(errno.EINVAL, "nothing that could be brought to a disk")


def seek(found: Descriptor, offset: int, whence: int) -> int:
    """Move the file's offset, and tell it."""
    if found.file is not None:
        if whence != SEEK_SET:
            offset += found.offset if whence == SEEK_CUR else found.file.status().st_size
        if not 0 <= offset <= MAX_OFFSET:
            raise OSError(errno.EINVAL if offset < 0 else errno.EOVERFLOW, "no such offset")
        found.offset = offset
        return offset
    return os.lseek(found.fd, offset, whence)


def rest(found: Descriptor) -> int:
    """How many bytes there are from a file's offset to its end."""
    status = found.status()
    return 0 if status is None else max(0, status.st_size - seek(found, 0, SEEK_CUR))


def allocate(guest: Guest, found: Descriptor, offset: int, size: int) -> None:
    """Make sure that a range has space on the disk."""
    if found.file is not None:
        if found.file.status().st_size < offset + size:
            found.file.truncate(offset + size)
        return
    for start in range(offset, offset + size, ALLOCATE_STEP):
        stop_if_over(guest)
        os.posix_fallocate(found.fd, start, min(ALLOCATE_STEP, offset + size - start))


def read_into(guest: Guest, found: Descriptor, parts: list[memoryview]) -> int:
    """Read what there is, as the kernel would; waits for the first byte unless the guest asked not to."""
    if not parts:
        return 0
    if found.read is not None:
        data = read_object(guest, found, len(parts[0]))
        parts[0][: len(data)] = data
        return len(data)
    if found.file is not None:
        count = read_at(guest, found, parts, found.offset)
        found.offset += count
        return count
    if found.filetype == REGULAR_FILE:
        if is_small(parts):
            try:
                return os.readv(found.fd, parts)
            except BlockingIOError:  # some file systems' files can, made non-blocking by whoever shares them
                pass
        return in_batches(guest, parts, lambda batch, done: waiting(guest, found, False, lambda: os.readv(found.fd, batch), ask=False))
    batch = next(batches(parts))
    return waiting(guest, found, False, lambda: _read_now(guest, found.fd, batch), ask=True)


def _write_file(guest: Guest, found: Descriptor, parts: list[memoryview]) -> int:
    """Write at the file's offset, or at its end with APPEND, and go on from there."""
    assert found.file is not None
    if found.flags & APPEND:
        found.offset = found.file.status().st_size
    count = write_at(guest, found, parts, found.offset)
    found.offset += count
    return count


def _from_file(file: File, batch: list[memoryview], offset: int) -> int:
    done = 0
    for part in batch:
        for start in range(0, len(part), PIECE):
            room = part[start : start + PIECE]
            data = file.read(len(room), offset + done)
            if len(data) > len(room):
                raise OSError(errno.EIO, "the file gave more than was asked for")
            room[: len(data)] = data
            done += len(data)
            if len(data) < len(room):
                return done
    return done


def _to_file(file: File, batch: list[memoryview], offset: int) -> int:
    done = 0
    for part in batch:
        for start in range(0, len(part), PIECE):
            data = bytes(part[start : start + PIECE])
            if offset + done + len(data) > MAX_OFFSET:
                raise OSError(errno.EFBIG, "beyond the greatest offset")
            try:
                count = file.write(data, offset + done)
            except OSError:
                if done:
                    return done  # tell what was done; the next call meets the error again
                raise
            if not 0 <= count <= len(data):
                raise OSError(errno.EIO, "the file says that it took what it was not given")
            done += count
            if count < len(data):
                return done
    return done


def read_now(guest: Guest, fd: int, size: int) -> bytes:
    """The same as bytes."""
    if not guest.limited():
        return os.read(fd, size)
    buffer = bytearray(min(size, PIECE))
    return bytes(buffer[: _read_now(guest, fd, [memoryview(buffer)])])


def _read_now(guest: Guest, fd: int, parts: list[memoryview]) -> int:
    """Read what the system said is there; in the meantime another may have taken it, who shares this pipe or terminal."""
    if guest.limited():
        try:
            return os.preadv(fd, parts, -1, os.RWF_NOWAIT)
        except BlockingIOError:
            raise
        except OSError:  # not for this kind of file
            pass
    return os.readv(fd, parts)


def read_object(guest: Guest, found: Descriptor, size: int) -> bytes:
    """At most so many bytes of a Python object; none at its end."""
    read = found.read
    assert read is not None
    data = found.rest or in_turn(guest, found, lambda: read(min(size, PIECE)))
    found.rest = data[size:]  # one left behind by an earlier call may be longer
    return data[:size]


def write_from(guest: Guest, found: Descriptor, parts: list[memoryview]) -> int:
    """Write all that the host takes at once; to a Python object everything."""
    if not parts:
        return 0
    if found.write is not None:
        return _write_pieces(guest, found, parts)
    if found.file is not None:
        return _write_file(guest, found, parts)
    if found.before is not None:
        apart(guest, found.before)
    if found.filetype == REGULAR_FILE:
        if is_small(parts):
            try:
                return os.writev(found.fd, parts)
            except BlockingIOError:
                pass
        return in_batches(guest, parts, lambda batch, done: waiting(guest, found, True, lambda: os.writev(found.fd, batch), ask=False))
    if found.flags & NONBLOCK:
        return waiting(guest, found, True, lambda: os.write(found.fd, parts[0][:PIPE_ROOM]), ask=True)
    if guest.limited() and os.get_blocking(found.fd):
        return _write_cut(guest, found, parts)
    return waiting(guest, found, True, lambda: os.writev(found.fd, parts), ask=False)


def _write_cut(guest: Guest, found: Descriptor, parts: list[memoryview]) -> int:
    """Write everything to an open file of the host's that blocks: in pieces that a pipe or socket has room for. Of a terminal nobody can tell."""
    done = 0
    for part in parts:
        for start in range(0, len(part), PIPE_ROOM):
            piece = part[start : start + PIPE_ROOM]
            ready(guest, found.fd, True, True)
            if found.filetype == CHARACTER_DEVICE:
                data = bytes(piece)
                count = apart(guest, lambda data=data: os.write(found.fd, data))  # type: ignore[misc]
            else:
                count = os.write(found.fd, piece)
            done += count
            if count < len(piece):
                return done
    return done


def is_small(parts: list[memoryview]) -> bool:
    """Whether this moves in one step, as nearly all does: one buffer, no larger than a batch."""
    return len(parts) == 1 and len(parts[0]) <= BATCH


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


def in_batches(guest: Guest, parts: list[memoryview], move: Callable[[list[memoryview], int], int]) -> int:
    """Move data until a batch comes back short; `move` gets a batch and how many bytes were moved before it."""
    done = 0
    for batch in batches(parts):
        if done:
            stop_if_over(guest)
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


def _write_pieces(guest: Guest, found: Descriptor, parts: list[memoryview]) -> int:
    """Everything, unless the object says that it took less; a negative count is an errno, as in wasmtime-py."""
    write = found.write
    assert write is not None
    done = 0
    for part in parts:
        for start in range(0, len(part), PIECE):
            if done:
                stop_if_over(guest)
            piece = bytes(part[start : start + PIECE])
            count = in_turn(guest, found, lambda piece=piece: write(piece))  # type: ignore[misc]
            if count is None:
                count = len(piece)
            if not isinstance(count, int) or count > len(piece):
                raise OSError(errno.EIO, "the output says that it took what it was not given")
            if count < 0:
                raise OSError(-count, "the output's callback failed")
            done += count
            if count < len(piece):
                return done
    return done
