"""One open file of a guest, and where its stdio comes from."""

from __future__ import annotations

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from socket import socket
    from typing import final

    from wasm_wasi_common.blocking import Job
    from wasm_wasi_common.filesystem import File, Status
    from wasm_wasi_common.guest import Directory, Listing
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

# File types, numbered as preview 1 does; a pipe has none of its own.
UNKNOWN, BLOCK_DEVICE, CHARACTER_DEVICE, DIRECTORY, REGULAR_FILE, SOCKET_DGRAM, SOCKET_STREAM, SYMBOLIC_LINK = range(8)
# `Descriptor.flags`, numbered as preview 1 does.
APPEND, DSYNC, NONBLOCK, RSYNC, SYNC = 1, 2, 4, 8, 16
# A time to set: that of the call.
NOW = -1
# A guest cannot make the host copy more than this at once.
PIECE = 1 << 20

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

    `fd` is the host's descriptor, or -1 when `read` or `write`, Python functions, are the whole file, or `file`, of which
    `offset` is where one is in it. `reads`, `writes`, `seeks`: what it was opened for, and whether it has an offset to
    move. `flags`: APPEND and so on; `perms` the permissions of the preopen it came from (DIR_READ and so on). `base` and
    `inheriting` are preview 1's rights, which that keeps here. `directory` is what is open as one, `listing` the reading
    of its entries, `name` the guest path of a preopened one. `owned`: closing the guest's fd closes the host's.
    `before` runs before each write, so that Python's own buffered output comes first. `quick`: `read` or `write` never
    wait; `job` is the call of them that a guest whose time was over has left behind, `rest` what was read too much.
    `shown`: the tables, by their `id` and the place in each, where the runtime finds `fd` (`wasm_environ.host`): gone from there before it is closed,
    whoever closes it. A guest may have a hundred thousand streams of one file, each with a table.
    """

    __slots__ = ("base", "before", "directory", "fd", "file", "filetype", "flags", "inheriting", "job", "listing", "name", "offset", "owned", "perms", "quick",
                 "read", "reads", "rest", "seeks", "shown", "sock", "write", "writes")  # fmt: skip

    def __init__(self, fd: int, filetype: int, reads: bool, writes: bool, seeks: bool, owned: bool = True) -> None:
        self.fd = fd
        self.filetype = filetype
        self.reads = reads
        self.writes = writes
        self.seeks = seeks
        self.base = 0
        self.inheriting = 0
        self.owned = owned
        self.flags = 0
        self.perms = EVERY_PERM
        self.name: bytes | None = None
        self.listing: Listing | None = None
        self.directory: Directory | None = None
        self.file: File | None = None
        self.offset = 0
        self.sock: socket | None = None
        self.read: Callable[[int], bytes] | None = None
        self.write: Callable[[bytes], object] | None = None
        self.before: Callable[[], object] | None = None
        self.quick = False
        self.job: Job | None = None
        self.rest = b""
        self.shown: dict[tuple[int, int], memoryview] | None = None

    def show(self, rows: memoryview, number: int, word: int) -> None:
        """Tell the runtime of this file, in that place of its table."""
        rows[number] = word
        if self.shown is None:
            self.shown = {}
        self.shown[id(rows), number] = rows

    def hide(self, rows: memoryview, number: int) -> None:
        """Let the runtime forget it."""
        rows[number] = 0
        if self.shown is not None:
            self.shown.pop((id(rows), number), None)

    def close(self) -> None:
        """Give back everything the host holds for this file."""
        if self.listing is not None:
            self.listing.close()
        for (_, number), rows in (self.shown or {}).items():
            if rows[number] >> 8 == self.fd:
                rows[number] = 0
        fd, self.fd = self.fd, -1  # closed even where that tells of an error: then the number is whoever's opens the next file
        if self.file is not None:
            self.file.close()
        elif self.sock is not None:
            self.sock.close()
        elif self.owned and fd >= 0:
            os.close(fd)

    def status(self) -> Status | None:
        """What `stat` tells of it; None for a Python object, of which there is nothing to tell."""
        if self.fd >= 0:
            return os.fstat(self.fd)
        if self.file is not None:
            return self.file.status()
        return None if self.directory is None else self.directory.own_status()


def empty(size: int) -> bytes:
    """The stdin of a guest that was given none."""
    return b""


def discard(data: bytes) -> None:
    """The stdout of a guest that was given none."""


def stdio(number: int, source: object) -> Descriptor:
    """The descriptor of guest fd 0, 1 or 2; see `config.WasiConfig` for what `source` may be."""
    shown = _replaced(number) if source is INHERIT else None
    if shown is not None:
        source = shown
    if source is INHERIT:
        found = host_file(number, number == 0, owned=False)
        found.before = _python_flush("stdout" if number == 1 else "stderr") if number else None
        return found
    if isinstance(source, int):
        return host_file(source, number == 0, owned=False)
    if isinstance(source, (str, os.PathLike)):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC if number else os.O_RDONLY
        return host_file(os.open(source, flags | os.O_CLOEXEC, 0o666), number == 0, owned=True)
    found = Descriptor(-1, UNKNOWN, number == 0, number != 0, False)
    if source is None:
        found.quick = True
        if number:
            found.write = discard
        else:
            found.read = empty
        return found
    from wasm_wasi_common.streams import is_quick, reader_of, writer_of

    if number:
        found.write = writer_of(source)
    else:
        found.read = reader_of(source)
    found.quick = is_quick(source)
    return found


def host_file(fd: int, reading: bool, owned: bool) -> Descriptor:
    """A descriptor over a host fd of any type, to be read or to be written."""
    try:
        mode = os.fstat(fd).st_mode
    except OSError:  # this process was started with the stream closed
        found = Descriptor(fd, UNKNOWN, reading, not reading, True, owned=False)
        found.read, found.write, found.quick = empty, discard, True
        return found
    filetype = FILE_TYPES.get(stat.S_IFMT(mode), UNKNOWN)
    both = filetype in (SOCKET_STREAM, SOCKET_DGRAM)
    return Descriptor(fd, filetype, reading or both, not reading or both, _seeks(fd, filetype), owned)


def _seeks(fd: int, filetype: int) -> bool:
    """Whether there is an offset to move. A C library takes a character device without that right for a terminal: so it is one if, and only if,
    it is one here."""
    return filetype in (REGULAR_FILE, BLOCK_DEVICE) or (filetype == CHARACTER_DEVICE and not os.isatty(fd))


def opened(fd: int, parent: Descriptor, reads: bool, writes: bool, flags: int) -> Descriptor:
    """A descriptor for what was opened beneath `parent`."""
    filetype = FILE_TYPES.get(os.fstat(fd).st_mode & 0o170000, UNKNOWN)
    found = Descriptor(fd, filetype, reads, writes, filetype == REGULAR_FILE or _seeks(fd, filetype))
    if filetype == DIRECTORY:
        found.directory = _host_directory(fd)
    else:
        found.flags = flags
    found.perms = parent.perms
    return found


def _host_directory(fd: int) -> Directory:
    from wasm_wasi_common.host import HostDirectory

    return HostDirectory(fd)


def preopened(path: str, guest_path: str, perms: int) -> Descriptor:
    """A descriptor for a host directory that the guest finds under `guest_path`."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    found = Descriptor(fd, DIRECTORY, True, False, False)
    found.directory = _host_directory(fd)
    found.perms = perms
    found.name = guest_path.encode("utf-8", "surrogateescape")
    return found


def accepted(sock: socket, owned: bool) -> Descriptor:
    """A descriptor over a socket, the guest's own when a listening one accepted it."""
    import socket as module

    filetype = SOCKET_DGRAM if sock.type == module.SOCK_DGRAM else SOCKET_STREAM
    found = Descriptor(sock.fileno(), filetype, True, True, False, owned)
    found.sock = sock
    return found


def preopened_socket(sock: object) -> Descriptor:
    """A descriptor over a socket object or host fd, a duplicate of which is kept: what was given stays the caller's, who may close it."""
    import socket

    fd = sock if isinstance(sock, int) else sock.fileno()  # type: ignore[attr-defined]
    return accepted(socket.socket(fileno=os.dup(fd)), owned=True)


def _replaced(number: int) -> object | None:
    """What the program put in place of sys.stdout or sys.stderr, if it is not the same file: a notebook's cell, redirect_stdout, a window. None: nothing."""
    import sys

    name = ("", "stdout", "stderr")[number]
    stream = getattr(sys, name, None) if name else None
    if stream is None or stream is getattr(sys, f"__{name}__", None):
        return None
    try:
        return None if os.path.sameopenfile(stream.fileno(), number) else stream
    except (AttributeError, OSError, ValueError):  # it has no file (io.UnsupportedOperation), or this process has none of that number
        return None if getattr(stream, "closed", False) else stream


def _python_flush(name: str) -> Callable[[], object]:
    """Flush sys.stdout or sys.stderr, whatever they are at that moment, so that output keeps its order."""
    import sys

    def flush() -> None:
        stream = getattr(sys, name, None)
        if stream is not None and not stream.closed:
            stream.flush()

    return flush
