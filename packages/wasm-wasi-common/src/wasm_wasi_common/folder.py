"""A folder of the host as a `Filesystem`, for what is built of filesystems; a guest that is given it by its path goes the shorter way of `host`."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from wasm_wasi_common.beneath import open_beneath
from wasm_wasi_common.filesystem import File, Filesystem
from wasm_wasi_common.host import HostDirectory, set_times

if TYPE_CHECKING:
    StrPath = str | bytes | os.PathLike[str] | os.PathLike[bytes]


class HostFolder(Filesystem):
    """The files beneath a folder of the host, resolved as safely as a preopened folder's. Raises OSError if it is none."""

    def __init__(self, path: StrPath) -> None:
        self._fd = -1
        self._fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._directory = HostDirectory(self._fd)

    def __del__(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)

    def status(self, path: str) -> os.stat_result:
        """As `Filesystem`."""
        return self._directory.status(_bytes(path), False)

    def names(self, path: str) -> list[str]:
        """As `Filesystem`."""
        fd = open_beneath(self._fd, _bytes(path), os.O_RDONLY | os.O_DIRECTORY, False)
        try:
            return os.listdir(fd)
        finally:
            os.close(fd)

    def open(self, path: str, writing: bool) -> File:
        """As `Filesystem`; only regular files."""
        file = HostFile(open_beneath(self._fd, _bytes(path), (os.O_RDWR if writing else os.O_RDONLY) | os.O_NONBLOCK, False))
        if not stat.S_ISREG(file.status().st_mode):
            file.close()
            raise PermissionError(errno.EACCES, "no regular file", path)
        return file

    def create(self, path: str) -> File:
        """As `Filesystem`."""
        return HostFile(open_beneath(self._fd, _bytes(path), os.O_RDWR | os.O_CREAT | os.O_EXCL, False, 0o666))

    def mkdir(self, path: str) -> None:
        """As `Filesystem`."""
        self._directory.mkdir(_bytes(path))

    def rmdir(self, path: str) -> None:
        """As `Filesystem`."""
        self._directory.rmdir(_bytes(path))

    def unlink(self, path: str) -> None:
        """As `Filesystem`."""
        self._directory.unlink(_bytes(path))

    def rename(self, path: str, new: str) -> None:
        """As `Filesystem`."""
        self._directory.rename(None, _bytes(path), self._directory, _bytes(new))

    def link(self, path: str, new: str) -> None:
        """As `Filesystem`."""
        self._directory.link(None, _bytes(path), self._directory, _bytes(new))

    def symlink(self, text: str, path: str) -> None:
        """As `Filesystem`."""
        self._directory.symlink(os.fsencode(text), _bytes(path))

    def readlink(self, path: str) -> str:
        """As `Filesystem`."""
        return os.fsdecode(self._directory.readlink(_bytes(path)))

    def set_times(self, path: str, access: int | None, change: int | None) -> None:
        """As `Filesystem`."""
        self._directory.set_times(None, _bytes(path), False, access, change)


class HostFile(File):
    """An open file of the host."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def read(self, size: int, offset: int) -> bytes:
        """As `File`."""
        return os.pread(self._fd, size, offset)

    def write(self, data: bytes, offset: int) -> int:
        """As `File`."""
        return os.pwrite(self._fd, data, offset)

    def truncate(self, size: int) -> None:
        """As `File`."""
        os.ftruncate(self._fd, size)

    def status(self) -> os.stat_result:
        """As `File`."""
        return os.fstat(self._fd)

    def set_times(self, access: int | None, change: int | None) -> None:
        """As `File`."""
        set_times(self._fd, os.fstat(self._fd), access, change)

    def sync(self) -> None:
        """As `File`."""
        os.fsync(self._fd)

    def close(self) -> None:
        """As `File`."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


def _bytes(path: str) -> bytes:
    return os.fsencode(path) or b"."
