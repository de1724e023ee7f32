"""`wasi:filesystem`: descriptors over what every version of WASI has open, and the directories that a guest was given."""

from __future__ import annotations

import errno
import stat

from wasm_environ.errors import Err
from wasm_environ.host import MAY_LOOK, STREAM_FILE
from wasm_wasi_common import files, transfer
from wasm_wasi_common.at_offset import read_bytes, write_bytes
from wasm_wasi_common.descriptor import DIR_MUTATE, DIR_READ, DIRECTORY, DSYNC, FILE_READ, FILE_TYPES, FILE_WRITE, NOW, RSYNC, SYNC, UNKNOWN
from wasm_wasi_p2.filesystem_errors import failing
from wasm_wasi_p2.filesystem_streams import TYPES, DirectoryEntryStream, FileSink, FileSource
from wasm_wasi_p2.streams import InputStream, OutputStream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasm_wasi_common.descriptor import Descriptor as Opened
    from wasm_wasi_common.filesystem import Status
    from wasm_wasi_common.guest import Directory
    from wasm_wasi_p2.guest import Guest

    Flags = set[str]

OPEN_FLAGS = {"create": files.CREAT, "directory": files.OPEN_DIRECTORY, "exclusive": files.EXCL, "truncate": files.TRUNC}
SYNC_FLAGS = (("file-integrity-sync", SYNC), ("data-integrity-sync", DSYNC), ("requested-write-sync", RSYNC))
USUAL_FLAGS = {"read", "write", "mutate-directory"}
ADVICE = ("normal", "sequential", "random", "will-need", "dont-need", "no-reuse")
SECOND = 1_000_000_000
FOLLOW = "symlink-follow"


class Descriptor:
    """The resource `descriptor`: `found`, an open file or directory, is closed with the last of this and its streams, unless it is a preopen.

    There is no `close`: streams have this object, and go on when the guest drops its handle.
    """

    __slots__ = ("found", "guest", "owned", "plain")

    def __init__(self, guest: Guest, found: Opened, owned: bool = True) -> None:
        self.guest = guest
        self.found = found
        self.owned = owned
        self.plain: memoryview | None = None  # of a directory of the host's, where the runtime finds it (`wasm_environ.host`)
        if found.filetype == DIRECTORY and found.fd >= 0 and found.perms & DIR_READ:
            self.plain = memoryview(bytearray(16)).cast("q")
            found.show(self.plain, STREAM_FILE, found.fd << 8 | MAY_LOOK)

    def _file(self) -> Opened:
        found = self.found
        if found.directory is not None:
            raise Err("bad-descriptor")
        return found

    def _path(self, path: str, perms: int = 0) -> tuple[Directory, bytes]:
        """The directory, if it permits this use, and a path beneath it."""
        return files.directory_of(self.found, DIR_READ | perms), files.check_path(path.encode())

    @failing
    def read_via_stream(self, offset: int) -> InputStream:
        """A stream of the file from an offset on."""
        if self.found.directory is not None:
            raise Err("is-directory")
        files.check_perms(self.found, FILE_READ)
        return InputStream(self.guest, FileSource(self, offset))

    @failing
    def write_via_stream(self, offset: int) -> OutputStream:
        """A stream into the file, from an offset on."""
        files.check_perms(self._file(), FILE_WRITE)
        return OutputStream(self.guest, FileSink(self, offset))

    @failing
    def append_via_stream(self) -> OutputStream:
        """A stream to the end of the file."""
        files.check_perms(self._file(), FILE_WRITE)
        return OutputStream(self.guest, FileSink(self, None))

    @failing
    def advise(self, offset: int, length: int, advice: str) -> None:
        """Tell the host how a range will be used."""
        files.advise(self._file(), offset, length, ADVICE.index(advice))

    @failing
    def sync_data(self) -> None:
        """Bring data to the disk."""
        transfer.sync(self.guest, self.found, data_only=True)

    @failing
    def sync(self) -> None:
        """Bring data and metadata to the disk."""
        transfer.sync(self.guest, self.found, data_only=False)

    @failing
    def get_flags(self) -> Flags:
        """What it was opened for."""
        found = self.found
        flags = {name for name, bit in SYNC_FLAGS if found.flags & bit}
        if found.reads:
            flags.add("read")
        if found.directory is not None:
            if found.perms & DIR_MUTATE:
                flags.add("mutate-directory")
        elif found.writes:
            flags.add("write")
        return flags

    @failing
    def get_type(self) -> str:
        """The file type."""
        return TYPES[self.found.filetype]

    @failing
    def set_size(self, size: int) -> None:
        """Cut or extend the file."""
        found = self._file()
        files.check_perms(found, FILE_WRITE)
        if not found.writes or size > transfer.MAX_OFFSET:
            raise Err("invalid")
        transfer.resize(found, size)

    @failing
    def set_times(self, access: Any, change: Any) -> None:
        """Set the times."""
        files.set_times(self.guest, self.found, _new_time(access), _new_time(change))

    @failing
    def read(self, length: int, offset: int) -> tuple[bytes, bool]:
        """At most `length` bytes from an offset on, and whether the end was reached."""
        found = self._file()
        files.check_perms(found, FILE_READ)
        data = read_bytes(found, length, offset)
        return data, not data

    @failing
    def write(self, data: bytes, offset: int) -> int:
        """Write at an offset; how many bytes."""
        found = self._file()
        files.check_perms(found, FILE_WRITE)
        return write_bytes(found, data, offset)

    @failing
    def read_directory(self) -> DirectoryEntryStream:
        """A stream of the entries."""
        return DirectoryEntryStream(self, files.directory_of(self.found).entries(self.guest))

    @failing
    def create_directory_at(self, path: str) -> None:
        """Make a directory."""
        directory, name = self._path(path, DIR_MUTATE)
        directory.mkdir(name)

    @failing
    def stat(self) -> dict[str, Any]:
        """Type, size and times."""
        return _stat(_own_status(self.found), self.found.filetype)

    @failing
    def stat_at(self, flags: Flags, path: str) -> dict[str, Any]:
        """Type, size and times of what a path leads to."""
        return _stat(self._status(flags, path))

    def _status(self, flags: Flags, path: str) -> Status:
        directory, name = self._path(path)
        return directory.status(name, FOLLOW in flags)

    @failing
    def set_times_at(self, flags: Flags, path: str, access: Any, change: Any) -> None:
        """Set the times of what a path leads to."""
        directory, name = self._path(path, DIR_MUTATE)
        directory.set_times(self.guest, name, FOLLOW in flags, _new_time(access), _new_time(change))

    @failing
    def link_at(self, flags: Flags, path: str, other: Descriptor, new: str) -> None:
        """Make a hard link; never to what a symlink leads to."""
        directory, name = self._path(path, DIR_MUTATE)
        target, new_name = other._path(new, DIR_MUTATE)
        if FOLLOW in flags:
            raise Err("invalid")
        files.keep_perms(self.found, other.found)
        directory.link(self.guest, name, target, new_name)

    @failing
    def open_at(self, path_flags: Flags, path: str, open_flags: Flags, flags: Flags) -> Descriptor:
        """Open or create what a path leads to. What is created or cut is opened for writing, and what is not for writing for reading."""
        opening = sum([OPEN_FLAGS[name] for name in open_flags]) if open_flags else 0
        if opening & files.OPEN_DIRECTORY and opening != files.OPEN_DIRECTORY:
            raise Err("invalid")
        writes = "write" in flags or opening & (files.CREAT | files.TRUNC) != 0
        reads = "read" in flags or "write" not in flags
        descriptor_flags = 0 if flags <= USUAL_FLAGS else sum([bit for name, bit in SYNC_FLAGS if name in flags])
        guest = self.guest
        guest.check_room()
        found = files.open_at(guest, self.found, files.check_path(path.encode()), opening, FOLLOW in path_flags, reads, writes, descriptor_flags)
        if found.fd >= guest.ceiling:
            found.close()
            guest.check_number(guest.ceiling)
        guest.files += 1
        return Descriptor(guest, found)

    @failing
    def readlink_at(self, path: str) -> str:
        """The text of a symlink, if it is relative."""
        directory, name = self._path(path)
        text = directory.readlink(name)
        if text.startswith(b"/"):
            raise Err("not-permitted")
        try:
            return text.decode()
        except UnicodeDecodeError:
            raise Err("illegal-byte-sequence") from None

    @failing
    def remove_directory_at(self, path: str) -> None:
        """Remove an empty directory."""
        directory, name = self._path(path, DIR_MUTATE)
        directory.rmdir(name)

    @failing
    def rename_at(self, path: str, other: Descriptor, new: str) -> None:
        """Move a name, replacing the one at its new place."""
        directory, name = self._path(path, DIR_MUTATE)
        target, new_name = other._path(new, DIR_MUTATE)
        files.keep_perms(self.found, other.found)
        directory.rename(self.guest, name, target, new_name)

    @failing
    def symlink_at(self, text: str, path: str) -> None:
        """Make a symlink."""
        directory, name = self._path(path, DIR_MUTATE)
        files.symlink(directory, files.check_path(text.encode()), name)

    @failing
    def unlink_file_at(self, path: str) -> None:
        """Remove a name that is not a directory's."""
        directory, name = self._path(path, DIR_MUTATE)
        directory.unlink(name)

    def is_same_object(self, other: Descriptor) -> bool:
        """Whether both are the same file."""
        try:
            return _identity(_own_status(self.found)) == _identity(_own_status(other.found))
        except OSError:  # one of them is not to be found any more
            return self is other

    @failing
    def metadata_hash(self) -> dict[str, int]:
        """A number that tells the file from others."""
        return _hash(_own_status(self.found))

    @failing
    def metadata_hash_at(self, flags: Flags, path: str) -> dict[str, int]:
        """That of what a path leads to."""
        return _hash(self._status(flags, path))

    def __del__(self) -> None:
        plain = getattr(self, "plain", None)
        if plain is not None:
            self.found.hide(plain, STREAM_FILE)
        if getattr(self, "owned", False):
            self.guest.files -= 1
            try:
                self.found.close()
            except OSError:  # a delayed write error; nobody is left to tell
                return


def get_directories(guest: Guest) -> list[tuple[Descriptor, str]]:
    """The preopened directories, and the guest's names of them."""
    return [(Descriptor(guest, found, False), (found.name or b"").decode("utf-8", "replace")) for found in guest.opened.preopens]


def _own_status(found: Opened) -> Status:
    status = found.status()
    if status is None:
        raise OSError(errno.EBADF, "nothing that has a status")
    return status


def _stat(status: Status, filetype: int | None = None) -> dict[str, Any]:
    if filetype is None:
        filetype = DIRECTORY if stat.S_ISDIR(status.st_mode) else FILE_TYPES.get(stat.S_IFMT(status.st_mode), UNKNOWN)
    return {
        "type": TYPES[filetype],
        "link-count": status.st_nlink,
        "size": status.st_size,
        "data-access-timestamp": _datetime(status.st_atime_ns),
        "data-modification-timestamp": _datetime(status.st_mtime_ns),
        "status-change-timestamp": _datetime(status.st_ctime_ns),
    }


def _datetime(ns: int) -> dict[str, int] | None:
    """None for times before 1970, which a datetime cannot be."""
    if ns < 0:
        return None
    seconds, nanoseconds = divmod(ns, SECOND)
    return {"seconds": seconds, "nanoseconds": nanoseconds}


def _new_time(given: Any) -> int | None:
    """What a `new-timestamp` says: ns since 1970, NOW, or None for one that stays."""
    tag = given if isinstance(given, str) else getattr(given, "tag", "timestamp")
    if tag == "no-change":
        return None
    if tag == "now":
        return NOW
    when = getattr(given, "payload", given)
    if when.seconds >= 1 << 63:
        raise Err("overflow")
    ns: int = when.seconds * SECOND + when.nanoseconds
    return ns


def _identity(status: Status) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _hash(status: Status) -> dict[str, int]:
    """Of what tells files apart alone: C libraries take it for the inode number."""
    from hashlib import blake2b

    digest = blake2b(b"%d %d" % _identity(status), digest_size=16).digest()
    return {"lower": int.from_bytes(digest[:8], "little"), "upper": int.from_bytes(digest[8:], "little")}
