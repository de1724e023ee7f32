"""One open file of a guest, and where its stdio comes from."""

from __future__ import annotations

import os
import stat

from wasm_wasi_p1.abi import (
    BLOCK_DEVICE,
    CHARACTER_DEVICE,
    DIRECTORY,
    REGULAR_FILE,
    RIGHTS_DIRECTORY,
    RIGHTS_INHERITED,
    RIGHTS_OF_READERS,
    RIGHTS_OF_WRITERS,
    RIGHTS_READ_FILE,
    RIGHTS_SEEKABLE,
    RIGHTS_SOCKET,
    RIGHTS_WRITE_FILE,
    SOCKET_DGRAM,
    SOCKET_STREAM,
    SYMBOLIC_LINK,
    UNKNOWN,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from socket import socket
    from typing import final

    from wasm_wasi_p1.blocking import Job
    from wasm_wasi_p1.readdir import Listing
else:

    def final(cls):
        return cls


class Inherit:
    """The type of INHERIT."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "INHERIT"


# `Descriptor.perms`: config's DirPerms, and FilePerms shifted by two.
DIR_READ, DIR_MUTATE, FILE_READ, FILE_WRITE, EVERY_PERM = 1, 2, 4, 8, 15

# A stdio setting: this process's own stdin, stdout or stderr.
INHERIT = Inherit()

FILE_TYPES = {
    stat.S_IFREG: REGULAR_FILE,
    stat.S_IFDIR: DIRECTORY,
    stat.S_IFLNK: SYMBOLIC_LINK,
    stat.S_IFCHR: CHARACTER_DEVICE,
    stat.S_IFBLK: BLOCK_DEVICE,
    stat.S_IFSOCK: SOCKET_STREAM,
}


@final
class Descriptor:
    """What a guest's fd number stands for.

    `fd` is the host's descriptor, or -1 when `read` or `write`, Python functions, are the whole file. `base` and
    `inheriting` are WASI rights; `flags` WASI fdflags; `perms` the permissions of the preopen it came from (DIR_READ
    and so on). `name` is the guest path of a preopened directory. `owned`: closing the guest's fd closes the host's.
    `before` runs before each write, so that Python's own buffered output comes first. `quick`: `read` or `write` never
    wait; `job` is the call of them that a guest whose time was over has left behind, `rest` what was read too much.
    """

    __slots__ = ("base", "before", "fd", "filetype", "flags", "inheriting", "job", "listing", "name", "owned", "perms", "quick",
                 "read", "rest", "sock", "write")  # fmt: skip

    def __init__(self, fd: int, filetype: int, base: int, inheriting: int = 0, owned: bool = True) -> None:
        self.fd = fd
        self.filetype = filetype
        self.base = base
        self.inheriting = inheriting
        self.owned = owned
        self.flags = 0
        self.perms = EVERY_PERM
        self.name: bytes | None = None
        self.listing: Listing | None = None
        self.sock: socket | None = None
        self.read: Callable[[int], bytes] | None = None
        self.write: Callable[[bytes], object] | None = None
        self.before: Callable[[], object] | None = None
        self.quick = False
        self.job: Job | None = None
        self.rest = b""

    def close(self) -> None:
        """Give back everything the host holds for this file."""
        if self.listing is not None:
            self.listing.close()
        if self.sock is not None:
            self.sock.close()
        elif self.owned and self.fd >= 0:
            os.close(self.fd)
        self.fd = -1


def stdio(number: int, source: object) -> Descriptor:
    """The descriptor of guest fd 0, 1 or 2; see `config.WasiConfig` for what `source` may be."""
    if source is INHERIT:
        found = host_file(number, number == 0, owned=False)
        found.before = _python_flush("stdout" if number == 1 else "stderr") if number else None
        return found
    if isinstance(source, int):
        return host_file(source, number == 0, owned=False)
    if isinstance(source, (str, os.PathLike)):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC if number else os.O_RDONLY
        return host_file(os.open(source, flags | os.O_CLOEXEC, 0o666), number == 0, owned=True)
    from wasm_wasi_p1.streams import discard, empty, is_quick, reader_of, writer_of

    found = Descriptor(-1, UNKNOWN, (RIGHTS_WRITE_FILE if number else RIGHTS_READ_FILE) & ~RIGHTS_SEEKABLE)
    if number:
        found.write = discard if source is None else writer_of(source)
    else:
        found.read = empty if source is None else reader_of(source)
    found.quick = is_quick(source)
    return found


def host_file(fd: int, reading: bool, owned: bool) -> Descriptor:
    """A descriptor over a host fd of any type, to be read or to be written."""
    try:
        mode = os.fstat(fd).st_mode
    except OSError:  # this process was started with the stream closed
        from wasm_wasi_p1.streams import discard, empty

        found = Descriptor(-1, UNKNOWN, RIGHTS_READ_FILE if reading else RIGHTS_WRITE_FILE, owned=False)
        found.read, found.write, found.quick = empty, discard, True
        return found
    filetype = FILE_TYPES.get(stat.S_IFMT(mode), UNKNOWN)
    base = RIGHTS_READ_FILE if reading else RIGHTS_WRITE_FILE
    if filetype in (SOCKET_STREAM, SOCKET_DGRAM):
        base = RIGHTS_SOCKET
    elif not _seeks(fd, filetype):
        base &= ~RIGHTS_SEEKABLE
    return Descriptor(fd, filetype, base, owned=owned)


def _seeks(fd: int, filetype: int) -> bool:
    """Whether there is an offset to move. A C library takes a character device without that right for a terminal: so it is one if, and only if,
    it is one here."""
    return filetype in (REGULAR_FILE, BLOCK_DEVICE) or (filetype == CHARACTER_DEVICE and not os.isatty(fd))


def opened(fd: int, parent: Descriptor, reads: bool, writes: bool, flags: int) -> Descriptor:
    """A descriptor for what path_open opened beneath `parent`.

    What a guest asks for decides about reading and writing; every other right comes from the directory. Programs
    written for engines without rights ask for too little, and fd_fdstat_set_rights is there for those that mean it.
    """
    filetype = FILE_TYPES.get(stat.S_IFMT(os.fstat(fd).st_mode), UNKNOWN)
    if filetype == DIRECTORY:
        found = Descriptor(fd, filetype, parent.base, parent.inheriting)
    else:
        base = parent.inheriting & (RIGHTS_READ_FILE | RIGHTS_WRITE_FILE)
        base &= ~((0 if reads else RIGHTS_OF_READERS) | (0 if writes else RIGHTS_OF_WRITERS))
        if not _seeks(fd, filetype):
            base &= ~RIGHTS_SEEKABLE
        found = Descriptor(fd, filetype, base)
        found.flags = flags
    found.perms = parent.perms
    return found


def preopened(path: str, guest_path: str, perms: int) -> Descriptor:
    """A descriptor for a host directory that the guest finds under `guest_path`."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    found = Descriptor(fd, DIRECTORY, RIGHTS_DIRECTORY, RIGHTS_INHERITED)
    found.perms = perms
    found.name = guest_path.encode("utf-8", "surrogateescape")
    return found


def accepted(sock: socket, owned: bool) -> Descriptor:
    """A descriptor over a socket, the guest's own when it came from sock_accept."""
    import socket as module

    filetype = SOCKET_DGRAM if sock.type == module.SOCK_DGRAM else SOCKET_STREAM
    found = Descriptor(sock.fileno(), filetype, RIGHTS_SOCKET, RIGHTS_SOCKET, owned)
    found.sock = sock
    return found


def _python_flush(name: str) -> Callable[[], object]:
    """Flush sys.stdout or sys.stderr, whatever they are at that moment, so that output keeps its order."""
    import sys

    def flush() -> None:
        stream = getattr(sys, name, None)
        if stream is not None and not stream.closed:
            stream.flush()

    return flush
