"""Files of a zip, and of an installed package, to read."""

from __future__ import annotations

import errno
import os
import stat
import zipfile
import zlib
from bisect import bisect_left
from calendar import timegm
from io import BytesIO
from typing import TYPE_CHECKING, Any

from wasm_wasi_common.descriptor import PIECE
from wasm_wasi_common.filesystem import FILE, FOLDER, LINK, File, Filesystem, Stat
from wasm_wasi_common.unpack import Room, open_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from importlib.resources.abc import Traversable
    from typing import NoReturn

MAX_DEPTH = 256
AFTER_SLASH = chr(ord("/") + 1)
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OverflowError, RuntimeError, ValueError)


class ZipFilesystem(Filesystem):
    """The files in a zip: a path, a binary file or a `zipfile.ZipFile`, which stays open meanwhile.

    Names that would lead elsewhere (`../x`, `/x`) are not there. Files are unpacked piece by piece as they are read: going back starts afresh. What that
    keeps in memory of the files that are open (4 MiB of one packed by bzip2, and up to 64 of one by LZMA) is together at most `max_bytes`.
    """

    def __init__(self, source: Any, max_bytes: int = 512 << 20) -> None:
        self._room = Room(max_bytes)
        self._zip = source if isinstance(source, zipfile.ZipFile) else zipfile.ZipFile(source)
        self._entries: dict[str, zipfile.ZipInfo] = {}
        for info in self._zip.infolist():
            path = info.filename.rstrip("/")
            parts = path.split("/")
            if any(part in ("", ".", "..") for part in parts) or len(parts) > MAX_DEPTH:
                continue
            if info.is_dir() or path not in self._entries or not self._entries[path].is_dir():
                self._entries[path] = info
        # In order, those in a folder stand together. A table of folders would be a hundred times as large as a zip that means harm.
        self._paths = sorted(self._entries)

    def _is_folder(self, path: str) -> bool:
        """Whether it is the root, an entry of its own, or there is something in it."""
        info = self._entries.get(path)
        if not path or (info is not None and info.is_dir()):
            return True
        at = bisect_left(self._paths, f"{path}/")
        return at < len(self._paths) and self._paths[at].startswith(f"{path}/")

    def status(self, path: str) -> Stat:
        """As `Filesystem`."""
        info = self._entries.get(path)
        if self._is_folder(path):
            return Stat(FOLDER, 0, _time(info))
        if info is None:
            raise FileNotFoundError(errno.ENOENT, "no such file or folder", path)
        return Stat(LINK if stat.S_ISLNK(info.external_attr >> 16) else FILE, info.file_size, _time(info))

    def names(self, path: str) -> Iterable[str]:
        """As `Filesystem`."""
        found: dict[str, None] = {}
        start = f"{path}/" if path else ""
        at = bisect_left(self._paths, start)
        while at < len(self._paths) and self._paths[at].startswith(start):
            name, deeper, _ = self._paths[at][len(start) :].partition("/")
            found[name] = None
            at = bisect_left(self._paths, f"{start}{name}{AFTER_SLASH}", at) if deeper else at + 1
        return list(found)

    def open(self, path: str, writing: bool) -> File:
        """As `Filesystem`."""
        if writing:
            _readonly()
        status = self.status(path)
        if status.st_mode == FOLDER:
            raise IsADirectoryError(errno.EISDIR, "no file", path)
        return ZipEntry(self._zip, self._entries[path], status, self._room)

    def readlink(self, path: str) -> str:
        """As `Filesystem`."""
        return os.fsdecode(self.open(path, False).read(4096, 0))


class ZipEntry(File):
    """A file in a zip."""

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, status: Stat, room: Room) -> None:
        self._room = room
        self._zip = archive
        self._info = info
        self._status = status
        self._stream: Any = None

    def read(self, size: int, offset: int) -> bytes:
        """As `File`."""
        return self.read_within(size, offset, lambda: None)

    def read_within(self, size: int, offset: int, check: Callable[[], None]) -> bytes:
        """As `File`. What lies before `offset` is unpacked and forgotten, a piece at a time, and stays so when `check` ends that."""
        if offset >= self._status.st_size:
            return b""
        try:
            if self._stream is None:
                self._stream = open_entry(self._zip, self._info, self._room)
            stream = self._stream
            if offset < stream.tell():
                stream.seek(0)
            while (at := stream.tell()) < offset:
                if stream.seek(min(offset, at + PIECE)) == at:
                    return b""
                check()
            data: bytes = stream.read(size)
        except (*DAMAGED, MemoryError, OSError) as error:
            self.close()  # what has failed midway goes on from nowhere
            self._stream = None
            if isinstance(error, (MemoryError, OSError)):
                raise
            raise OSError(errno.EIO, f"{self._info.filename} in the zip: {error}") from error
        return data

    def status(self) -> Stat:
        """As `File`."""
        return self._status

    def close(self) -> None:
        """As `File`."""
        if self._stream is not None:
            self._stream.close()


class ResourceFilesystem(Filesystem):
    """The files of an installed package, wherever it keeps them: a name for `importlib.resources.files`, or what that returned."""

    def __init__(self, package: str | Traversable) -> None:
        if isinstance(package, str):
            from importlib.resources import files

            package = files(package)
        self._root = package
        self._sizes: dict[str, int] = {}

    def _at(self, path: str) -> Traversable:
        return self._root.joinpath(*path.split("/")) if path else self._root

    def status(self, path: str) -> Stat:
        """As `Filesystem`. A file's size is known once it was read."""
        found = self._at(path)
        if found.is_dir():
            return Stat(FOLDER)
        if not found.is_file():
            raise FileNotFoundError(errno.ENOENT, "no such file or folder", path)
        if path not in self._sizes:
            self._sizes[path] = len(found.read_bytes())
        return Stat(FILE, self._sizes[path])

    def names(self, path: str) -> Iterable[str]:
        """As `Filesystem`."""
        return [child.name for child in self._at(path).iterdir()]

    def open(self, path: str, writing: bool) -> File:
        """As `Filesystem`."""
        if writing:
            _readonly()
        return Contents(self._at(path).read_bytes())


class Contents(File):
    """A file that was read whole."""

    def __init__(self, data: bytes) -> None:
        self._stream = BytesIO(data)
        self._size = len(data)

    def read(self, size: int, offset: int) -> bytes:
        """As `File`."""
        self._stream.seek(offset)
        return self._stream.read(size)

    def status(self) -> Stat:
        """As `File`."""
        return Stat(FILE, self._size)


def _time(info: zipfile.ZipInfo | None) -> int:
    """A zip says no time zone: UTC, so that it is the same everywhere."""
    try:
        return 0 if info is None else timegm((*info.date_time, 0, 0, 0)) * 10**9
    except ValueError:
        return 0


def _readonly() -> NoReturn:
    raise OSError(errno.EROFS, "files that can only be read")
