"""One filesystem over another: read from both, written only to the upper one. What is removed from the lower one is remembered, not removed."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from wasm_wasi_common.descriptor import PIECE
from wasm_wasi_common.filesystem import File, Filesystem, Stat
from wasm_wasi_common.turns import Turns, alone

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasm_wasi_common.filesystem import Status
    from wasm_wasi_common.folder import StrPath

NOTHING = (FileNotFoundError, NotADirectoryError)  # what one of them has there: the latter, where it has a file for what is a folder of the other


class OverlayFilesystem(Filesystem):
    """`lower` (a filesystem, or the path of a folder) with changes in `upper`, by default a new `MemoryFilesystem`.

    A file that is written is copied first, and a folder that is moved with all that is in it: whoever has such a file open to read goes on reading
    the lower one. What is removed is remembered as long as this object lives. Guests on several threads may share it, if they may share both of the two:
    changes are made one at a time, and until a file is copied whole its copy is not there.
    """

    def __init__(self, lower: Filesystem | StrPath, upper: Filesystem | None = None) -> None:
        if upper is None:
            from wasm_wasi_common.memory import MemoryFilesystem

            upper = MemoryFilesystem()
        if isinstance(lower, (str, bytes, os.PathLike)):
            from wasm_wasi_common.folder import HostFolder

            lower = HostFolder(lower)
        self.lower: Filesystem = lower
        self.upper: Filesystem = upper
        self._hidden: set[str] = set()  # of the lower one: removed, or replaced, with everything beneath
        self.turns = Turns()  # of changes
        self._copying: str | None = None
        self._copies = 0  # begun so far

    def _above(self, path: str) -> Status | None:
        while True:
            copies, copying = self._copies, self._copying
            try:
                found = self.upper.status(path)
            except NOTHING:
                return None
            if path == self._copying:
                return None
            if path != copying and copies == self._copies:  # else it may be the status of a part
                return found

    def _below(self, path: str) -> Status | None:
        if self._hidden:
            end = len(path)
            while end > 0:
                if path[:end] in self._hidden:
                    return None
                end = path.rfind("/", 0, end)
        try:
            return self.lower.status(path)
        except NOTHING:
            return None

    def status(self, path: str) -> Status:
        """As `Filesystem`."""
        found = self._above(path)
        upper = found is not None
        if found is None:
            found = self._below(path)
        if found is None:
            raise FileNotFoundError(errno.ENOENT, "no such file or folder", path)
        return _numbered(found, upper)

    def names(self, path: str) -> set[str]:
        """As `Filesystem`."""
        found: set[str] = set()
        below = self._below(path)
        if below is not None and stat.S_ISDIR(below.st_mode):
            at = f"{path}/" if path else ""
            found.update(name for name in self.lower.names(path) if at + name not in self._hidden)
        if self._above(path) is not None:
            found.update(self.upper.names(path))
        return found

    def open(self, path: str, writing: bool) -> File:
        """As `Filesystem`."""
        if writing:
            return self._open_to_write(path)
        upper = self._above(path) is not None
        return OverlayFile((self.upper if upper else self.lower).open(path, False), upper)

    @alone
    def _open_to_write(self, path: str) -> File:
        self.copy_up(path)
        return OverlayFile(self.upper.open(path, True), True)

    @alone
    def create(self, path: str) -> File:
        """As `Filesystem`."""
        self._make_parents(path)
        return OverlayFile(self.upper.create(path), True)

    @alone
    def mkdir(self, path: str) -> None:
        """As `Filesystem`."""
        self._make_parents(path)
        self.upper.mkdir(path)

    @alone
    def rmdir(self, path: str) -> None:
        """As `Filesystem`."""
        if self._above(path) is not None:
            self.upper.rmdir(path)
        self._hide(path)

    @alone
    def unlink(self, path: str) -> None:
        """As `Filesystem`."""
        if self._above(path) is not None:
            self.upper.unlink(path)
        self._hide(path)

    @alone
    def rename(self, path: str, new: str) -> None:
        """As `Filesystem`."""
        self.copy_up(path)
        self._make_parents(new)
        self.upper.rename(path, new)
        self._hide(path)
        self._hide(new)

    @alone
    def link(self, path: str, new: str) -> None:
        """As `Filesystem`."""
        self.copy_up(path)
        self._make_parents(new)
        self.upper.link(path, new)

    @alone
    def symlink(self, text: str, path: str) -> None:
        """As `Filesystem`."""
        self._make_parents(path)
        self.upper.symlink(text, path)

    def readlink(self, path: str) -> str:
        """As `Filesystem`."""
        return (self.lower if self._above(path) is None else self.upper).readlink(path)

    @alone
    def set_times(self, path: str, access: int | None, change: int | None) -> None:
        """As `Filesystem`."""
        if stat.S_ISDIR(self.status(path).st_mode):  # which need not be copied with all that is in it
            self._make_parents(f"{path}/")
        else:
            self.copy_up(path)
        self.upper.set_times(path, access, change)

    def _hide(self, path: str) -> None:
        if self._below(path) is not None:
            self._hidden.add(path)

    def _make_parents(self, path: str) -> None:
        end = path.find("/")
        while end > 0:
            if self._above(path[:end]) is None:
                self.upper.mkdir(path[:end])
            end = path.find("/", end + 1)

    def copy_up(self, path: str, check: Callable[[], None] = lambda: None) -> None:
        """Have in the upper one what is at a path, and what is beneath it, before it is changed; of the lower one nothing is seen there any more.

        `check` is called again and again, and raises when a guest's time is over. What was copied by then stays, which changes nothing for who reads.
        """
        self.turns.take(check)
        try:
            self._copy_up(path, check)
        finally:
            self.turns.lock.release()

    def _copy_up(self, path: str, check: Callable[[], None]) -> None:
        folder = stat.S_ISDIR(self.status(path).st_mode)
        todo = [path]
        while todo:
            check()
            at = todo.pop()
            found = self._below(at)
            above = self._above(at)
            if found is None or (above is not None and not stat.S_ISDIR(above.st_mode)):
                continue
            if stat.S_ISDIR(found.st_mode):
                self._make_parents(f"{at}/")
                todo += [f"{at}/{name}" for name in self.lower.names(at)]
            elif above is None:
                self._make_parents(at)
                if stat.S_ISLNK(found.st_mode):
                    self.upper.symlink(self.lower.readlink(at), at)
                else:
                    self._copy(at, check)
        if folder:
            self._hide(path)
        if isinstance(self.upper, OverlayFilesystem):
            self.upper.copy_up(path, check)

    def _copy(self, path: str, check: Callable[[], None]) -> None:
        source = self.lower.open(path, False)
        self._copies += 1
        self._copying = path
        try:
            target = self.upper.create(path)
            try:
                offset = 0
                while data := source.read(PIECE, offset):
                    if target.write(data, offset) != len(data):
                        raise OSError(errno.ENOSPC, "no room for a copy")
                    offset += len(data)
                    check()
            except BaseException:
                self.upper.unlink(path)
                raise
            finally:
                target.close()
        finally:
            self._copying = None
            source.close()


class OverlayFile(File):
    """An open file of either filesystem."""

    def __init__(self, file: File, upper: bool) -> None:
        self._file = file
        self._upper = upper
        within = getattr(file, "read_within", None)
        if within is not None:
            self.read_within = within

    def read(self, size: int, offset: int) -> bytes:
        """As `File`."""
        return self._file.read(size, offset)

    def write(self, data: bytes, offset: int) -> int:
        """As `File`."""
        return self._file.write(data, offset)

    def truncate(self, size: int) -> None:
        """As `File`."""
        self._file.truncate(size)

    def status(self) -> Status:
        """As `File`."""
        return _numbered(self._file.status(), self._upper)

    def set_times(self, access: int | None, change: int | None) -> None:
        """As `File`."""
        if not self._upper:
            raise OSError(errno.EROFS, "a file of the lower filesystem, opened to read")
        self._file.set_times(access, change)

    def sync(self) -> None:
        """As `File`."""
        self._file.sync()

    def close(self) -> None:
        """As `File`."""
        self._file.close()


def _numbered(found: Status, upper: bool) -> Status:
    """Files of the two do not have the same numbers; a folder of both has one, its path's."""
    number = 0 if stat.S_ISDIR(found.st_mode) else (found.st_ino << 1 | upper) & (1 << 64) - 1
    return Stat(found.st_mode, found.st_size, found.st_mtime_ns, atime_ns=found.st_atime_ns, ctime_ns=found.st_ctime_ns,
                ino=number if found.st_ino else 0, nlink=found.st_nlink)  # fmt: skip
