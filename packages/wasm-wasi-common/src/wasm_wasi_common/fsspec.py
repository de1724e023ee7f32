"""Any filesystem of fsspec (S3, HTTP, archives, ...) as a `Filesystem`. fsspec is the user's; nothing of it is imported here."""

from __future__ import annotations

import errno
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from wasm_wasi_common.filesystem import FILE, FOLDER, LINK, File, Filesystem, Stat

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import NoReturn


# What fsspec takes for a pattern, in the paths of calls that move or remove several files.
PATTERN = frozenset("*?[")
# Protocols whose paths become URLs: there these letters do not belong to a name.
OF_URLS = {"http", "https", "github", "gist", "webhdfs", "webHDFS", "jupyter", "jlab", "dbfs"}
NOT_IN_URLS = frozenset("?#\\")


class FsspecFilesystem(Filesystem):
    """What is beneath `root` on `fs`, an `fsspec.AbstractFileSystem`.

    Files that are read are read in pieces. fsspec writes files only whole: one that is opened to be written is in memory until it is closed or synced,
    all of them together at most `max_bytes`. Links and times cannot be set.
    """

    def __init__(self, fs: Any, root: str = "", max_bytes: int = 64 << 20) -> None:
        self._fs = fs
        self._root = root.rstrip("/")
        self._room = max_bytes
        self._drafts: dict[str, Draft] = {}
        protocol = getattr(fs, "protocol", ())
        self._urls = not OF_URLS.isdisjoint((protocol,) if isinstance(protocol, str) else protocol)

    def _at(self, path: str) -> str:
        if self._leads_out(path):
            raise PermissionError(errno.EPERM, "a name that leads elsewhere as part of a URL", path)
        return f"{self._root}/{path}" if path else self._root or "/"

    def _leads_out(self, path: str) -> bool:
        """Whether a server could see another path: one that decodes `%2e%2e`, say, after which it is a way up."""
        if self._urls and not NOT_IN_URLS.isdisjoint(path):
            return True
        return (self._urls or "%" in path) and path != "" and any(map(_decodes_to_a_way, path.split("/")))

    def status(self, path: str) -> Stat:
        """As `Filesystem`."""
        draft = self._drafts.get(path)
        if draft is not None:
            return Stat(FILE, len(draft.data))
        if not path:
            return Stat(FOLDER)
        info = self._fs.info(self._at(path))
        if info.get("islink"):
            return Stat(LINK, len(info.get("destination") or ""), _time(info))
        if info["type"] == "directory":
            return Stat(FOLDER, 0, _time(info))
        return Stat(FILE, info.get("size") or 0, _time(info))

    def names(self, path: str) -> Iterable[str]:
        """As `Filesystem`."""
        at = self._at(path).strip("/")
        found = [name.strip("/") for name in self._fs.ls(self._at(path), detail=False)]
        names = {name.rpartition("/")[2] for name in found if name != at}  # some list a folder in itself
        return {name for name in names if not self._leads_out(name)}

    def open(self, path: str, writing: bool) -> File:
        """As `Filesystem`."""
        draft = self._drafts.get(path)
        if draft is None:
            if not writing:
                return FsspecFile(self._fs.open(self._at(path), "rb"), self.status(path))
            size = self.status(path).st_size
            self._take(size)
            draft = self._drafts[path] = Draft(self, path, bytearray(self._fs.cat_file(self._at(path))))
            self._take(len(draft.data) - size)
        draft.uses += 1
        return DraftFile(draft)

    def create(self, path: str) -> File:
        """As `Filesystem`."""
        self._fs.pipe_file(self._at(path), b"")
        return self.open(path, True)

    def mkdir(self, path: str) -> None:
        """As `Filesystem`."""
        self._fs.mkdir(self._at(path), create_parents=False)

    def rmdir(self, path: str) -> None:
        """As `Filesystem`."""
        self._fs.rmdir(self._at(path))

    def unlink(self, path: str) -> None:
        """As `Filesystem`."""
        self._detach(path)
        self._fs.rm_file(self._at(path))

    def rename(self, path: str, new: str) -> None:
        """As `Filesystem`; most of fsspec's copy, and remove."""
        for draft in [draft for at, draft in self._drafts.items() if at == path or at.startswith(f"{path}/")]:
            draft.save()
            self._detach(draft.path)
        self._detach(new)
        at, to, folder = self._at(path), self._at(new), self.status(path).st_mode == FOLDER
        if folder and self._fs.exists(to):
            self._fs.rmdir(to)
        if not PATTERN.isdisjoint(at):
            self._move(path, new)
        elif folder:
            self._fs.mv(at, to, recursive=True)
        else:
            self._fs.mv(at, to)

    def _move(self, path: str, new: str) -> None:
        """What fsspec's `mv` does with everything that its first name, taken for a pattern, is like."""
        at, to = self._at(path), self._at(new)
        if self.status(path).st_mode != FOLDER:
            self._fs.cp_file(at, to)
            self._fs.rm_file(at)
            return
        self._fs.mkdir(to, create_parents=False)
        for name in self.names(path):
            self._move(f"{path}/{name}", f"{new}/{name}")
        with suppress(FileNotFoundError):  # on some, a folder goes with the last of its files
            self._fs.rmdir(at)

    def link(self, path: str, new: str) -> None:
        """Refused."""
        _not_supported()

    def symlink(self, text: str, path: str) -> None:
        """Refused."""
        _not_supported()

    def readlink(self, path: str) -> str:
        """As `Filesystem`: of links that the filesystem tells of, as that of local files does."""
        text = self._fs.info(self._at(path)).get("destination") or ""
        return text.decode() if isinstance(text, bytes) else str(text)

    def set_times(self, path: str, access: int | None, change: int | None) -> None:
        """Refused."""
        _not_supported()

    def _detach(self, path: str) -> None:
        """Who has this file open goes on with it; it will not be saved."""
        draft = self._drafts.pop(path, None)
        if draft is not None:
            draft.detached = True

    def _take(self, count: int) -> None:
        if count > self._room:
            raise OSError(errno.ENOSPC, "no room for more bytes that are being written: max_bytes")
        self._room -= count


class Draft:
    """A file that is being written, and its contents."""

    __slots__ = ("data", "detached", "dirty", "filesystem", "path", "uses")

    def __init__(self, filesystem: FsspecFilesystem, path: str, data: bytearray) -> None:
        self.filesystem = filesystem
        self.path = path
        self.data = data
        self.uses = 0
        self.dirty = False
        self.detached = False

    def save(self) -> None:
        """Write it where it belongs, if there is anything new."""
        if self.dirty and not self.detached:
            self.filesystem._fs.pipe_file(self.filesystem._at(self.path), bytes(self.data))
            self.dirty = False

    def leave(self) -> None:
        """One of those who have it open does not any more; the last one saves it."""
        self.uses -= 1
        if not self.uses:
            try:
                self.save()
            finally:
                self.filesystem._room += len(self.data)
                if not self.detached:
                    del self.filesystem._drafts[self.path]


class DraftFile(File):
    """An open file that is being written."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._closed = False

    def read(self, size: int, offset: int) -> bytes:
        """As `File`."""
        return bytes(memoryview(self._draft.data)[offset : offset + size])

    def write(self, data: bytes, offset: int) -> int:
        """As `File`."""
        draft = self._draft
        if data:
            self._extend(offset + len(data))
            draft.data[offset : offset + len(data)] = data
            draft.dirty = True
        return len(data)

    def truncate(self, size: int) -> None:
        """As `File`."""
        draft = self._draft
        draft.filesystem._room += max(0, len(draft.data) - size)
        del draft.data[size:]
        self._extend(size)
        draft.dirty = True

    def _extend(self, size: int) -> None:
        more = size - len(self._draft.data)
        if more > 0:
            self._draft.filesystem._take(more)
            self._draft.data.extend(bytes(more))

    def status(self) -> Stat:
        """As `File`."""
        return Stat(FILE, len(self._draft.data))

    def sync(self) -> None:
        """As `File`."""
        self._draft.save()

    def close(self) -> None:
        """As `File`. Raises what the filesystem raises when it cannot be written."""
        if not self._closed:
            self._closed = True
            self._draft.leave()


class FsspecFile(File):
    """An open file that is read."""

    def __init__(self, stream: Any, status: Stat) -> None:
        self._stream = stream
        self._status = status

    def read(self, size: int, offset: int) -> bytes:
        """As `File`."""
        self._stream.seek(offset)
        data: bytes = self._stream.read(size)
        return data

    def status(self) -> Stat:
        """As `File`."""
        return self._status

    def close(self) -> None:
        """As `File`."""
        self._stream.close()


def _decodes_to_a_way(name: str) -> bool:
    """Decoded as often as there is something to decode, which takes a letter at least each time."""
    from urllib.parse import unquote

    while (decoded := unquote(name)) != name:
        name = decoded
    return name.partition(";")[0] in (".", "..") or "/" in name or "\\" in name or "\0" in name


def _time(info: dict[str, Any]) -> int:
    """When it was written last, under whichever name the filesystem tells it."""
    for name in ("mtime", "LastModified", "last_modified", "modified", "created"):
        found: Any = info.get(name)
        if hasattr(found, "timestamp"):
            found = found.timestamp()
        if isinstance(found, (int, float)):
            return int(found * 10**9)
    return 0


def _not_supported() -> NoReturn:
    raise OSError(errno.ENOTSUP, "fsspec has no call for this")
