"""The filesystem protocol: what a tree of files has to answer, in a guest's terms, for paths that are already resolved."""

from __future__ import annotations

from typing import Protocol


class Status(Protocol):
    """What is known of a file, as in os.stat_result, which is one."""

    @property
    def st_mode(self) -> int:
        """Its type: stat.S_IFREG, S_IFDIR, S_IFLNK; permissions are nothing to a guest."""
        ...

    @property
    def st_ino(self) -> int: ...
    @property
    def st_dev(self) -> int: ...
    @property
    def st_nlink(self) -> int: ...
    @property
    def st_size(self) -> int: ...
    @property
    def st_atime_ns(self) -> int: ...
    @property
    def st_mtime_ns(self) -> int: ...
    @property
    def st_ctime_ns(self) -> int: ...


class File(Protocol):
    """An open file, which stays open when its name goes."""

    def read(self, size: int, offset: int) -> bytes:
        """At most `size` bytes from `offset`; empty at the end."""
        ...

    def write(self, data: bytes, offset: int) -> int:
        """Write at `offset`, with zeros before it where the file is shorter; returns how many bytes were written."""
        ...

    def truncate(self, size: int) -> None:
        """Cut, or extend with zeros."""
        ...

    def status(self) -> Status:
        """What is known of the file."""
        ...

    def close(self) -> None:
        """Nobody will use it any more."""
        ...
