"""What every version of WASI does to files and paths besides moving data: permissions, opening, advice, times; each failure an OSError."""

from __future__ import annotations

import errno
import os

from wasm_wasi_common.descriptor import APPEND, DIR_MUTATE, DIR_READ, DIRECTORY, DSYNC, FILE_READ, FILE_WRITE, NONBLOCK, RSYNC, SYNC

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_wasi_common.descriptor import Descriptor
    from wasm_wasi_common.guest import Directory, Guest

# Flags to open with, numbered as preview 1 does, and 0.2 in the order of its `open-flags`.
CREAT, OPEN_DIRECTORY, EXCL, TRUNC = 1, 2, 4, 8
# WASI flag, host flag
OPEN_FLAGS = (
    (CREAT, os.O_CREAT),
    (OPEN_DIRECTORY, os.O_DIRECTORY),
    (EXCL, os.O_EXCL),
    (TRUNC, os.O_TRUNC),
)
# The host's flags for all of them together.
HOST_OPEN_FLAGS = tuple(sum(flag for bit, flag in OPEN_FLAGS if flags & bit) for flags in range(16))
# flag of a `Descriptor`, host flag
DESCRIPTOR_FLAGS = (
    (APPEND, os.O_APPEND),
    (DSYNC, os.O_DSYNC),
    (NONBLOCK, os.O_NONBLOCK),
    (RSYNC, os.O_RSYNC),
    (SYNC, os.O_SYNC),
)
# in WASI's order
ADVICE = (
    os.POSIX_FADV_NORMAL,
    os.POSIX_FADV_SEQUENTIAL,
    os.POSIX_FADV_RANDOM,
    os.POSIX_FADV_WILLNEED,
    os.POSIX_FADV_DONTNEED,
    os.POSIX_FADV_NOREUSE,
)

# As POSIX's PATH_MAX: a longer path is refused, bytes.
MAX_PATH = 4096


def check_path(path: bytes) -> bytes:
    """The path, if it can be one. Bytes that are not UTF-8 can: the host's names are bytes too."""
    if len(path) > MAX_PATH:
        raise OSError(errno.ENAMETOOLONG, "the path is too long")
    if b"\0" in path:
        raise OSError(errno.EINVAL, "a path with a NUL in it")
    return path


def check_perms(found: Descriptor, perms: int) -> None:
    """EPERM unless the preopen that a file came from permits this use (DIR_READ and so on)."""
    if perms & ~found.perms:
        raise OSError(errno.EPERM, "the preopened directory does not permit this")


def keep_perms(source: Descriptor, target: Descriptor) -> None:
    """A file must not become writable, or readable, by moving to another preopen."""
    if target.perms & ~source.perms & (FILE_READ | FILE_WRITE):
        raise OSError(errno.EPERM, "the file would be permitted more in the other preopened directory")


def directory_of(found: Descriptor, perms: int = DIR_READ) -> Directory:
    """What is open as a directory, for a use that its preopen permits; ENOTDIR for everything else."""
    if found.directory is None:
        raise OSError(errno.ENOTDIR, "no directory")
    if perms & ~found.perms:
        check_perms(found, perms)
    return found.directory


def open_at(guest: Guest, parent: Descriptor, path: bytes, open_flags: int, follow: bool, reads: bool, writes: bool, flags: int) -> Descriptor:
    """Open or create what a path leads to, beneath a directory that permits it. `flags`: the descriptor's, APPEND and so on."""
    perms = DIR_READ | (DIR_MUTATE if open_flags & (CREAT | TRUNC) else 0)
    perms |= (FILE_WRITE if writes or open_flags & TRUNC else 0) | (FILE_READ if reads else 0)
    directory = directory_of(parent, perms)
    host = ((os.O_RDWR if reads else os.O_WRONLY) if writes else os.O_RDONLY) | HOST_OPEN_FLAGS[open_flags & 15]
    for bit, flag in DESCRIPTOR_FLAGS if flags else ():
        if flags & bit:
            host |= flag
    return directory.open(guest, parent, path, host, follow, reads, writes, flags)


def symlink(directory: Directory, text: bytes, path: bytes) -> None:
    """Make a symlink; an absolute one, which would lead out for everybody else, is refused."""
    if text.startswith(b"/"):
        raise OSError(errno.EPERM, "an absolute symlink")
    directory.symlink(text, path)


def advise(found: Descriptor, offset: int, size: int, advice: int) -> None:
    """Tell the host how a range will be used."""
    if found.fd >= 0:
        os.posix_fadvise(found.fd, offset, size, ADVICE[advice])


def set_times(guest: Guest, found: Descriptor, access: int | None, change: int | None) -> None:
    """Set the times of an open file or directory, ns since 1970; None: as it is; NOW: now."""
    check_perms(found, DIR_MUTATE if found.filetype == DIRECTORY else FILE_WRITE)
    if found.fd >= 0:
        from wasm_wasi_common.host import set_times

        set_times(found.fd, os.fstat(found.fd), access, change)
    elif found.file is not None:
        found.file.set_times(access, change)
    elif found.directory is not None:
        found.directory.set_times(guest, b".", True, access, change)
    else:
        raise OSError(errno.EBADF, "nothing that has times")
