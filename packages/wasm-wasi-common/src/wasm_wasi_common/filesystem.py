"""The filesystem protocol: what a tree of files answers, so that a guest can be given it as a folder.

Paths are strings as `a/b`, the root is the empty one: resolved already, so that no part is `.`, `..` or a symlink (but the last may be one), and every
folder on the way is there. Names that are not UTF-8 hold surrogates, as with os.fsdecode. Errors are OSErrors: FileNotFoundError(path) will do.
"""

from __future__ import annotations

import errno
import stat
from typing import TYPE_CHECKING, Protocol

from wasm_wasi_common.descriptor import NOW as NOW

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import NoReturn

FILE, FOLDER, LINK = stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK


class Status(Protocol):
    """What is known of a file: an os.stat_result is one, and so is `Stat`."""

    @property
    def st_mode(self) -> int:
        """Its type: FILE, FOLDER, LINK; permissions are nothing to a guest."""
        ...

    @property
    def st_ino(self) -> int:
        """The number that its names share; 0: each path is another file."""
        ...

    @property
    def st_dev(self) -> int:
        """A guest sees its own number of the filesystem here."""
        ...

    @property
    def st_nlink(self) -> int:
        """How many names it has."""
        ...

    @property
    def st_size(self) -> int:
        """Bytes."""
        ...

    @property
    def st_atime_ns(self) -> int:
        """When it was read last, in ns since 1970."""
        ...

    @property
    def st_mtime_ns(self) -> int:
        """When it was written last."""
        ...

    @property
    def st_ctime_ns(self) -> int:
        """When anything of it changed last."""
        ...


class Stat:
    """A `Status` from what is known: FILE, FOLDER or LINK, a size in bytes, a time in ns since 1970."""

    __slots__ = ("st_atime_ns", "st_ctime_ns", "st_dev", "st_ino", "st_mode", "st_mtime_ns", "st_nlink", "st_size")

    def __init__(self, mode: int, size: int = 0, mtime_ns: int = 0, *, atime_ns: int | None = None, ctime_ns: int | None = None,
                 ino: int = 0, nlink: int = 1, dev: int = 0) -> None:  # fmt: skip
        self.st_mode = mode
        self.st_size = size
        self.st_mtime_ns = mtime_ns
        self.st_atime_ns = mtime_ns if atime_ns is None else atime_ns
        self.st_ctime_ns = mtime_ns if ctime_ns is None else ctime_ns
        self.st_ino = ino
        self.st_nlink = nlink
        self.st_dev = dev


class File(Protocol):
    """An open file, which stays open when its name goes.

    Where reading may take long, it may have a method `read_within(size, offset, check)`, which is called in place of `read`: it calls `check()`, without
    arguments, again and again, which raises, no OSError, once the guest's time is over.
    """

    def read(self, size: int, offset: int) -> bytes:
        """At most `size` bytes from `offset`, fewer only at the end."""
        ...

    def status(self) -> Status:
        """What is known of it."""
        ...

    def write(self, data: bytes, offset: int) -> int:
        """Write at `offset`, with zeros before it where the file is shorter; returns how many bytes were written."""
        _refuse("write")

    def truncate(self, size: int) -> None:
        """Cut, or extend with zeros."""
        _refuse("truncate")

    def set_times(self, access: int | None, change: int | None) -> None:
        """Set times, ns since 1970; None: as it is; NOW: now."""
        _refuse("set_times")

    def sync(self) -> None:
        """See to it that what was written stays."""
        return

    def close(self) -> None:
        """Nobody will use it any more."""
        return


class Filesystem(Protocol):
    """A tree of files. Derive from this class to have what it does not do refused: reading needs the first three methods."""

    def status(self, path: str) -> Status:
        """What is at a path, itself where it is a symlink. Raises FileNotFoundError."""
        ...

    def names(self, path: str) -> Iterable[str]:
        """The names in a folder."""
        ...

    def open(self, path: str, writing: bool) -> File:
        """Open a file that is there, for writing too or only for reading."""
        ...

    def create(self, path: str) -> File:
        """Make an empty file where there is none, and open it for reading and writing."""
        _refuse("create")

    def mkdir(self, path: str) -> None:
        """Make a folder where there is nothing."""
        _refuse("mkdir")

    def rmdir(self, path: str) -> None:
        """Remove a folder that is empty."""
        _refuse("rmdir")

    def unlink(self, path: str) -> None:
        """Remove what is no folder."""
        _refuse("unlink")

    def rename(self, path: str, new: str) -> None:
        """Move, replacing what is at `new`: that is nothing, an empty folder where a folder is moved, or else no folder."""
        _refuse("rename")

    def link(self, path: str, new: str) -> None:
        """A second name, where there is nothing, of what is no folder."""
        _refuse("link")

    def symlink(self, text: str, path: str) -> None:
        """Make a symlink where there is nothing."""
        _refuse("symlink")

    def readlink(self, path: str) -> str:
        """The text of a symlink."""
        _refuse("readlink")

    def set_times(self, path: str, access: int | None, change: int | None) -> None:
        """Set times, as `File.set_times`, of what is at a path, itself where it is a symlink."""
        _refuse("set_times")


def _refuse(what: str) -> NoReturn:
    raise OSError(errno.EROFS, f"this filesystem has no {what}")
