"""Descriptors of `wasi:filesystem` as the files and directories that every version of WASI knows."""

from __future__ import annotations

import errno
import os

from wasm_wasi_common.descriptor import BLOCK_DEVICE, CHARACTER_DEVICE, DIRECTORY, DSYNC, FILE_TYPES, NOW, REGULAR_FILE, RSYNC, SYNC, UNKNOWN, Descriptor
from wasm_wasi_common.filesystem import Stat
from wasm_wasi_p2.filesystem_streams import TYPES
from wasm_wasi_p2.remote import asking, field
from wasm_wasi_p2.values import Case

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from wasm_wasi_common.guest import Directory, Guest

    # function of `wasi:filesystem/types` without `[method]` and resource -> what it is; "drop" lets go of a resource
    Types = Mapping[str, Callable[..., Any]]

# host flag, open flag
OPEN_FLAGS = ((os.O_CREAT, "create"), (os.O_DIRECTORY, "directory"), (os.O_EXCL, "exclusive"), (os.O_TRUNC, "truncate"))
SYNC_FLAGS = ((SYNC, "file-integrity-sync"), (DSYNC, "data-integrity-sync"), (RSYNC, "requested-write-sync"))
SECOND = 1_000_000_000
# 0.2 tells no device numbers: whether files are the same, `metadata-hash` says.
DEVICE = 1
MODES = {kind: mode for mode, kind in FILE_TYPES.items()}
FILETYPES = {name: number for number, name in enumerate(TYPES)}


class RemoteFile:
    """As `filesystem.File`."""

    __slots__ = ("handle", "types")

    def __init__(self, types: Types, handle: Any) -> None:
        self.types = types
        self.handle = handle

    @asking
    def read(self, size: int, offset: int) -> bytes:
        """As `filesystem.File`."""
        parts: list[bytes] = []
        while size:
            data, end = self.types["read"](self.handle, size, offset)
            parts.append(bytes(data))
            size -= len(data)
            offset += len(data)
            if end or not data:
                break
        return b"".join(parts)

    @asking
    def write(self, data: bytes, offset: int) -> int:
        """As `filesystem.File`."""
        count: int = self.types["write"](self.handle, data, offset)
        return count

    @asking
    def truncate(self, size: int) -> None:
        """As `filesystem.File`."""
        self.types["set-size"](self.handle, size)

    @asking
    def status(self) -> Stat:
        """As `filesystem.File`."""
        return _status(self.types["stat"](self.handle), self.types["metadata-hash"](self.handle))

    @asking
    def set_times(self, access: int | None, change: int | None) -> None:
        """As `filesystem.File`."""
        self.types["set-times"](self.handle, _new_time(access), _new_time(change))

    @asking
    def sync(self) -> None:
        """As `filesystem.File`."""
        self.types["sync"](self.handle)

    def close(self) -> None:
        """As `filesystem.File`."""
        handle, self.handle = self.handle, None
        if handle is not None:
            self.types["drop"](handle)


class RemoteDirectory:
    """As `guest.Directory`."""

    __slots__ = ("handle", "types")

    def __init__(self, types: Types, handle: Any) -> None:
        self.types = types
        self.handle = handle

    @asking
    def open(self, guest: Guest, parent: Descriptor, path: bytes, flags: int, follow: bool, reads: bool, writes: bool, fdflags: int) -> Descriptor:
        """As `guest.Directory`."""
        wanted = {name for wants, name in ((reads, "read"), (writes, "write")) if wants} | {name for bit, name in SYNC_FLAGS if fdflags & bit}
        opening = {name for bit, name in OPEN_FLAGS if flags & bit}
        handle = self.types["open-at"](self.handle, _follow(follow), _text(path), opening, wanted)
        filetype = FILETYPES[self.types["get-type"](handle)]
        found = Descriptor(-1, filetype, reads, writes, filetype in (REGULAR_FILE, BLOCK_DEVICE, CHARACTER_DEVICE), False)
        if filetype == DIRECTORY:
            found.directory = RemoteDirectory(self.types, handle)
        else:
            found.file = RemoteFile(self.types, handle)
            found.flags = fdflags
        found.perms = parent.perms
        return found

    @asking
    def status(self, path: bytes, follow: bool) -> Stat:
        """As `guest.Directory`."""
        flags, name = _follow(follow), _text(path)
        return _status(self.types["stat-at"](self.handle, flags, name), self.types["metadata-hash-at"](self.handle, flags, name))

    @asking
    def own_status(self) -> Stat:
        """As `guest.Directory`."""
        return _status(self.types["stat"](self.handle), self.types["metadata-hash"](self.handle))

    @asking
    def mkdir(self, path: bytes) -> None:
        """As `guest.Directory`."""
        self.types["create-directory-at"](self.handle, _text(path))

    @asking
    def rmdir(self, path: bytes) -> None:
        """As `guest.Directory`."""
        self.types["remove-directory-at"](self.handle, _text(path))

    @asking
    def unlink(self, path: bytes) -> None:
        """As `guest.Directory`."""
        self.types["unlink-file-at"](self.handle, _text(path))

    @asking
    def set_times(self, guest: Guest, path: bytes, follow: bool, access: int | None, change: int | None) -> None:
        """As `guest.Directory`."""
        self.types["set-times-at"](self.handle, _follow(follow), _text(path), _new_time(access), _new_time(change))

    @asking
    def link(self, guest: Guest, path: bytes, target: Directory, new: bytes) -> None:
        """As `guest.Directory`."""
        self.types["link-at"](self.handle, set(), _text(path), _handle(target), _text(new))

    @asking
    def rename(self, guest: Guest, path: bytes, target: Directory, new: bytes) -> None:
        """As `guest.Directory`."""
        self.types["rename-at"](self.handle, _text(path), _handle(target), _text(new))

    @asking
    def symlink(self, text: bytes, path: bytes) -> None:
        """As `guest.Directory`."""
        self.types["symlink-at"](self.handle, _text(text), _text(path))

    @asking
    def readlink(self, path: bytes) -> bytes:
        """As `guest.Directory`."""
        text: str = self.types["readlink-at"](self.handle, _text(path))
        return text.encode()

    @asking
    def entries(self, guest: Guest) -> RemoteEntries:
        """As `guest.Directory`."""
        return RemoteEntries(self, self.types["read-directory"](self.handle))


class RemoteEntries:
    """As `guest.Entries`. Names that are not UTF-8, which 0.2 cannot tell, are left out."""

    __slots__ = ("directory", "stream")

    def __init__(self, directory: RemoteDirectory, stream: Any) -> None:
        self.directory = directory
        self.stream = stream

    def next(self) -> tuple[int, int, bytes] | None:
        """As `guest.Entries`."""
        while self.stream is not None:
            try:
                entry = self._ask()
            except OSError as error:
                if error.errno == errno.EILSEQ:
                    continue
                raise
            if entry is None:
                break
            name = field(entry, "name").encode()
            return self._number(name), FILETYPES[field(entry, "type")], name
        return None

    def some(self) -> list[tuple[int, str]]:
        """As `guest.Entries`."""
        found = self.next()
        return [] if found is None else [(found[1], os.fsdecode(found[2]))]

    def shown(self) -> None:
        """As `guest.Entries`."""

    @asking
    def _ask(self) -> Any:
        return self.directory.types["read-directory-entry"](self.stream)

    def _number(self, name: bytes) -> int:
        try:
            return self.directory.status(name, False).st_ino
        except OSError:  # gone meanwhile
            return 0

    def close(self) -> None:
        """As `guest.Entries`."""
        stream, self.stream = self.stream, None
        if stream is not None:
            self.directory.types["drop"](stream)


def preopened(types: Types, handle: Any, name: str) -> Descriptor:
    """A descriptor for a preopened directory. What is permitted in it, 0.2 sees to."""
    found = Descriptor(-1, DIRECTORY, True, False, False)
    found.directory = RemoteDirectory(types, handle)
    found.name = name.encode()
    return found


def _handle(directory: Directory) -> Any:
    if not isinstance(directory, RemoteDirectory):
        raise OSError(errno.EXDEV, "from one filesystem to another")
    return directory.handle


def _follow(follow: bool) -> set[str]:
    return {"symlink-follow"} if follow else set()


def _text(path: bytes) -> str:
    """0.2 has paths of Unicode alone."""
    try:
        return path.decode()
    except UnicodeDecodeError:
        raise OSError(errno.EILSEQ, "a path that is not UTF-8") from None


def _status(found: Any, number: Any) -> Stat:
    times = [_ns(field(found, f"{name}-timestamp")) for name in ("data-access", "data-modification", "status-change")]
    mode = MODES.get(FILETYPES[field(found, "type")], UNKNOWN)
    return Stat(mode, field(found, "size"), times[1], atime_ns=times[0], ctime_ns=times[2], ino=field(number, "lower"),
                nlink=field(found, "link-count"), dev=DEVICE)  # fmt: skip


def _ns(when: Any) -> int:
    if when is None:
        return 0
    ns: int = field(when, "seconds") * SECOND + field(when, "nanoseconds")
    return ns


class Datetime:
    """The record `datetime`."""

    __slots__ = ("nanoseconds", "seconds")

    def __init__(self, ns: int) -> None:
        self.seconds, self.nanoseconds = divmod(ns, SECOND)


def _new_time(ns: int | None) -> Case:
    return Case("no-change") if ns is None else Case("now") if ns == NOW else Case("timestamp", Datetime(ns))
