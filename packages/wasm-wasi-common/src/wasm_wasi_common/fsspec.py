"""Any filesystem of fsspec (S3, HTTP, archives, ...) as a `Filesystem`. fsspec is the user's; nothing of it is imported here."""

from __future__ import annotations

import errno
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from wasm_wasi_common.filesystem import FILE, FOLDER, LINK, File, Filesystem, Stat
from wasm_wasi_common.turns import Turns, alone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import NoReturn


# What fsspec takes for a pattern, in the paths of calls that move or remove several files.
PATTERN = frozenset("*?[")
# Protocols whose paths become URLs: there these letters do not belong to a name.
OF_URLS = {"http", "https", "github", "gist", "webhdfs", "webHDFS", "jupyter", "jlab", "dbfs"}
NOT_IN_URLS = frozenset("?#\\")


class FsspecFilesystem(Filesystem):
    """What is beneath `root` on `fs`, an `fsspec.AbstractFileSystem`.

    Files that are read are read in pieces. fsspec writes files only whole: one that is opened to be written is in memory until it is closed or synced,
    all of them together at most `max_bytes`. Links and times cannot be set. Guests on several threads may share it, as far as they may share `fs`.
    """

    def __init__(self, fs: Any, root: str = "", max_bytes: int = 64 << 20) -> None:
        self._fs = fs
        self._root = root.rstrip("/")
        self._top = getattr(fs, "root_marker", "/")  # before names, where there is no root: archives want none there
        self._room = max_bytes
        self.turns = Turns()  # of `_room`, `_drafts`, and what is in those; not of what `fs` does
        self._drafts: dict[str, Draft] = {}
        protocol = getattr(fs, "protocol", ())
        self._urls = not OF_URLS.isdisjoint((protocol,) if isinstance(protocol, str) else protocol)

    def _at(self, path: str) -> str:
        if self._leads_out(path):
            raise PermissionError(errno.EPERM, "a name that leads elsewhere as part of a URL", path)
        return f"{self._root}/{path}" if path and self._root else self._root or f"{self._top}{path}"

    def _ask(self, name: str, *args: Any, **named: Any) -> Any:
        """Have `fs` do something."""
        return _asked(getattr(self._fs, name), *args, **named)

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
        info = self._ask("info", self._at(path))
        if info.get("islink"):
            return Stat(LINK, len(info.get("destination") or ""), _time(info))
        if info["type"] == "directory":
            return Stat(FOLDER, 0, _time(info))
        return Stat(FILE, info.get("size") or 0, _time(info))

    def names(self, path: str) -> Iterable[str]:
        """As `Filesystem`."""
        at = self._at(path).strip("/")
        found = [name.strip("/") for name in self._ask("ls", self._at(path), detail=False)]
        names = {name.rpartition("/")[2] for name in found if name != at}  # some list a folder in itself
        return {name for name in names if not self._leads_out(name)}

    def open(self, path: str, writing: bool) -> File:
        """As `Filesystem`."""
        draft = self._join(path)
        if draft is None:
            if not writing:
                return FsspecFile(self._ask("open", self._at(path), "rb"), self.status(path))
            draft = self._draft(path)
        return DraftFile(draft)

    @alone
    def _join(self, path: str) -> Draft | None:
        """One more has a file that is being written."""
        draft = self._drafts.get(path)
        if draft is not None:
            draft.uses += 1
        return draft

    def _draft(self, path: str) -> Draft:
        """Begin with a file that is being written, unless somebody has meanwhile."""
        held = self.status(path).st_size
        self._take(held)
        try:
            data = bytearray(self._ask("cat_file", self._at(path)))
            self._take(len(data) - held)
            held = len(data)
            with self.turns.lock:
                draft = self._join(path)
                if draft is None:
                    draft = self._drafts[path] = Draft(self, path, data)
                    held = 0
        finally:
            self._take(-held)
        return draft

    def create(self, path: str) -> File:
        """As `Filesystem`."""
        self._ask("pipe_file", self._at(path), b"")
        return self.open(path, True)

    def mkdir(self, path: str) -> None:
        """As `Filesystem`."""
        self._ask("mkdir", self._at(path), create_parents=False)

    def rmdir(self, path: str) -> None:
        """As `Filesystem`."""
        self._ask("rmdir", self._at(path))

    def unlink(self, path: str) -> None:
        """As `Filesystem`."""
        self._ask("rm_file", self._at(path))
        self._detach(path)

    def rename(self, path: str, new: str) -> None:
        """As `Filesystem`; most of fsspec's copy, and remove."""
        moved = self._beneath(path)
        for draft in moved:
            draft.save()
        at, to, folder = self._at(path), self._at(new), self.status(path).st_mode == FOLDER
        if folder and self._ask("exists", to):
            self._ask("rmdir", to)
        if not PATTERN.isdisjoint(at):
            self._move(path, new)
        elif folder:
            self._ask("mv", at, to, recursive=True)
        else:
            self._ask("mv", at, to)
        self._detach(new)
        self._follow(moved, path, new)

    @alone
    def _beneath(self, path: str) -> list[Draft]:
        """Files that are being written, at a path and beneath it."""
        return [draft for at, draft in self._drafts.items() if at == path or at.startswith(f"{path}/")]

    @alone
    def _follow(self, moved: list[Draft], path: str, new: str) -> None:
        """What is written there from here on belongs to the new path."""
        for draft in moved:
            if self._drafts.get(draft.path) is draft:
                del self._drafts[draft.path]
                draft.path = new + draft.path[len(path) :]
                self._detach(draft.path)
                self._drafts[draft.path] = draft

    def _move(self, path: str, new: str) -> None:
        """What fsspec's `mv` does with everything that its first name, taken for a pattern, is like."""
        at, to = self._at(path), self._at(new)
        if self.status(path).st_mode != FOLDER:
            self._ask("cp_file", at, to)
            self._ask("rm_file", at)
            return
        self._ask("mkdir", to, create_parents=False)
        for name in self.names(path):
            self._move(f"{path}/{name}", f"{new}/{name}")
        with suppress(FileNotFoundError):  # on some, a folder goes with the last of its files
            self._ask("rmdir", at)

    def link(self, path: str, new: str) -> None:
        """Refused."""
        _not_supported()

    def symlink(self, text: str, path: str) -> None:
        """Refused."""
        _not_supported()

    def readlink(self, path: str) -> str:
        """As `Filesystem`: of links that the filesystem tells of, as that of local files does."""
        text = self._ask("info", self._at(path)).get("destination") or ""
        return text.decode() if isinstance(text, bytes) else str(text)

    def set_times(self, path: str, access: int | None, change: int | None) -> None:
        """Refused."""
        _not_supported()

    @alone
    def _detach(self, path: str) -> None:
        """Who has this file open goes on with it; it will not be saved."""
        draft = self._drafts.pop(path, None)
        if draft is not None:
            draft.detached = True

    @alone
    def _take(self, count: int) -> None:
        if count > self._room:
            raise OSError(errno.ENOSPC, "no room for more bytes that are being written: max_bytes")
        self._room -= count


class Draft:
    """A file that is being written, and its contents."""

    __slots__ = ("data", "detached", "dirty", "filesystem", "path", "saving", "uses")

    def __init__(self, filesystem: FsspecFilesystem, path: str, data: bytearray) -> None:
        self.filesystem = filesystem
        self.path = path
        self.data = data
        self.uses = 1
        self.dirty = False
        self.detached = False
        self.saving = Turns()  # or what was older could be written last

    def save(self) -> None:
        """Write it where it belongs, if there is anything new."""
        with self.saving.lock:
            with self.filesystem.turns.lock:
                if not self.dirty or self.detached:
                    return
                at, data = self.filesystem._at(self.path), bytes(self.data)
                self.dirty = False
            try:
                self.filesystem._ask("pipe_file", at, data)
            except BaseException:
                self.dirty = True
                raise

    def leave(self) -> None:
        """One of those who have it open does not any more; the last one saves it."""
        try:
            while not self._left():
                self.save()
        except BaseException:
            self._left(given_up=True)
            raise

    def _left(self, given_up: bool = False) -> bool:
        """One less, unless that is the last one and there is something to be saved before."""
        filesystem = self.filesystem
        with filesystem.turns.lock:
            if self.uses == 1 and self.dirty and not self.detached and not given_up:
                return False
            self.uses -= 1
            if not self.uses:
                filesystem._room += len(self.data)
                if not self.detached:
                    del filesystem._drafts[self.path]
            return True


class DraftFile(File):
    """An open file that is being written."""

    def __init__(self, draft: Draft) -> None:
        self.turns = draft.filesystem.turns
        self._draft = draft
        self._closed = False

    @alone
    def read(self, size: int, offset: int) -> bytes:
        """As `File`."""
        return bytes(self._draft.data[offset : offset + size])

    @alone
    def write(self, data: bytes, offset: int) -> int:
        """As `File`."""
        draft = self._draft
        if data:
            self._extend(offset + len(data))
            draft.data[offset : offset + len(data)] = data
            draft.dirty = True
        return len(data)

    @alone
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
        _asked(self._stream.seek, offset)
        data: bytes = _asked(self._stream.read, size)
        return data

    def status(self) -> Stat:
        """As `File`."""
        return self._status

    def close(self) -> None:
        """As `File`."""
        _asked(self._stream.close)


def _asked(call: Callable[..., Any], *args: Any, **named: Any) -> Any:
    """What a call of fsspec's gives. What it raises is an error of the disk: a guest may ask for anything, and need not end where that is not to be had."""
    try:
        return call(*args, **named)
    except OSError:
        raise
    except (NotImplementedError, ValueError) as error:  # the latter, too: of what can only be read, and of names that are none
        raise OSError(errno.ENOTSUP, f"the filesystem does not do this: {error!r}") from error
    except Exception as error:
        raise OSError(errno.EIO, f"{type(error).__name__}: {error}") from error


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
