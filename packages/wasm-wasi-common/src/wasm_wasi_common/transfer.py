"""Data between a guest's memory and its open files: as much as goes at once, in steps after each of which the guest's time may be over."""

from __future__ import annotations

import errno
import os

from wasm_wasi_common.blocking import apart, in_turn, ready, stop_if_over, waiting
from wasm_wasi_common.descriptor import CHARACTER_DEVICE, NONBLOCK, PIECE, REGULAR_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wasm_wasi_common.descriptor import Descriptor
    from wasm_wasi_common.guest import Guest

# A pipe that polls as writable takes this much without blocking (POSIX: PIPE_BUF).
PIPE_ROOM = 4096
# Move and allocate in steps, after which the guest's time may be over.
BATCH = 16 << 20
ALLOCATE_STEP = 64 << 20
SEEK_SET, SEEK_CUR, SEEK_END = 0, 1, 2


def read_at(guest: Guest, found: Descriptor, parts: list[memoryview], offset: int) -> int:
    """Read at an offset given."""
    return in_batches(guest, parts, lambda batch, done: os.preadv(found.fd, batch, offset + done))


def write_at(guest: Guest, found: Descriptor, parts: list[memoryview], offset: int) -> int:
    """Write at an offset given (at the end with APPEND)."""
    return in_batches(guest, parts, lambda batch, done: os.pwritev(found.fd, batch, offset + done))


def seek(found: Descriptor, offset: int, whence: int) -> int:
    """Move the file's offset, and tell it."""
    return os.lseek(found.fd, offset, whence)


def allocate(guest: Guest, found: Descriptor, offset: int, size: int) -> None:
    """Make sure that a range has space on the disk."""
    for start in range(offset, offset + size, ALLOCATE_STEP):
        stop_if_over(guest)
        os.posix_fallocate(found.fd, start, min(ALLOCATE_STEP, offset + size - start))


def read_into(guest: Guest, found: Descriptor, parts: list[memoryview]) -> int:
    """Read what there is, as the kernel would; waits for the first byte unless the guest asked not to."""
    if not parts:
        return 0
    if found.read is not None:
        return _read_object(guest, found, parts[0])
    if found.filetype == REGULAR_FILE:
        return in_batches(guest, parts, lambda batch, done: waiting(guest, found, False, lambda: os.readv(found.fd, batch), ask=False))
    batch = next(batches(parts))
    return waiting(guest, found, False, lambda: _read_now(guest, found.fd, batch), ask=True)


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


def _read_object(guest: Guest, found: Descriptor, part: memoryview) -> int:
    read = found.read
    assert read is not None
    data = found.rest or in_turn(guest, found, lambda: read(min(len(part), PIECE)))
    found.rest = data[len(part) :]  # one left behind by an earlier call may be longer
    data = data[: len(part)]
    part[: len(data)] = data
    return len(data)


def write_from(guest: Guest, found: Descriptor, parts: list[memoryview]) -> int:
    """Write all that the host takes at once; to a Python object everything."""
    if not parts:
        return 0
    if found.write is not None:
        return _write_pieces(guest, found, parts)
    if found.before is not None:
        apart(guest, found.before)
    if found.filetype == REGULAR_FILE:
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
