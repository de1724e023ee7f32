"""A listing in progress of a folder of the host's: the host's own iteration, which the runtime may make without Python."""

from __future__ import annotations

import errno
import os
import stat
import sys
from itertools import islice

from wasm_environ.host import LIST_AT, LIST_BYTES, LIST_END, LIST_OVER, LIST_RECORDS, MAY_LIST, STREAM_FILE
from wasm_wasi_common.descriptor import DIRECTORY, FILE_TYPES, REGULAR_FILE, SYMBOLIC_LINK, UNKNOWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from wasm_wasi_common.guest import Guest

# So many entries are read ahead for those that take them one by one.
AT_ONCE = 64
# Of a record, getdents64(2): where its size is, a u16, its type, and its name, which a zero ends; how far its type is from stat's.
SIZE_AT, TYPE_AT, NAME_AT, TYPE_SHIFT = 16, 18, 19, 12


class HostEntries:
    """A listing of the folder `fd`, on a descriptor of its own; entries deleted meanwhile make none be skipped.

    The runtime reads by `row`, once that was asked for, until Python has to read on: it takes what records are left there, then goes on where the system's
    descriptor is, and the runtime reads no more.
    """

    __slots__ = ("entries", "failure", "fd", "guest", "own", "row")

    def __init__(self, fd: int, guest: Guest) -> None:
        from _weakref import ref

        self.fd = fd
        self.guest = ref(guest)  # which counts the descriptor that an iteration takes, and holds us: no cycle, or files would stay open
        self.own = -1
        self.entries: Iterator[os.DirEntry[str]] | None = None
        self.failure: OSError | None = None
        self.row: memoryview | None = None
        guest.check_room_to_list()
        own = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=fd)  # not a duplicate: listings do not share where they are
        try:
            guest.check_number(own)
        except BaseException:
            os.close(own)
            raise
        self.own = own
        guest.listings += 1

    def shown(self) -> memoryview | None:
        """As `guest.Entries`."""
        if self.row is None and self.own >= 0:
            self.row = memoryview(bytearray(8 * LIST_RECORDS + LIST_BYTES)).cast("q")
            self.row[STREAM_FILE] = self.own << 8 | MAY_LIST
        return self.row

    def next(self) -> tuple[int, int, bytes] | None:
        """As `guest.Entries`. Inode and type as for the open file: an overlay or a mount point lists others than it opens."""
        entry = next(self._begun(), None)
        if entry is None:
            return None
        name = os.fsencode(entry.name)
        try:
            found = os.stat(entry.name, dir_fd=self.fd, follow_symlinks=False)
        except OSError:  # gone meanwhile
            return entry.inode(), UNKNOWN, name
        return found.st_ino, FILE_TYPES.get(stat.S_IFMT(found.st_mode), UNKNOWN), name

    def some(self) -> list[tuple[int, str]]:
        """As `guest.Entries`. Types as the folder lists them, without a look at each file."""
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure
        row = self.row
        if row is not None and row[STREAM_FILE]:
            left = self._left(row)
            if left or row[LIST_END] == LIST_OVER:
                return left
        found: list[tuple[int, str]] = []
        try:
            for entry in islice(self._begun(), AT_ONCE):
                try:
                    regular = entry.is_file(follow_symlinks=False)  # as most are
                except OSError:
                    regular = False
                found.append((REGULAR_FILE if regular else _other_type(entry, self.fd), entry.name))
        except OSError as error:
            if not found:
                raise
            self.failure = error  # behind what came before it
        return found

    def _begun(self) -> Iterator[os.DirEntry[str]]:
        """Python's iteration, from where the system's descriptor is: the runtime's ends with it."""
        own = self.own
        if own >= 0:
            if self.row is not None:
                self.row[STREAM_FILE] = 0
            self.entries = os.scandir(own)
            self.own = -1
            os.close(own)  # there is a duplicate
        return iter(()) if self.entries is None else self.entries

    def _left(self, row: memoryview) -> list[tuple[int, str]]:
        """The next of the records that the runtime has read, if any is left: just that one, behind which the runtime may go on."""
        data = row.cast("B")[8 * LIST_RECORDS :]
        at, end = row[LIST_AT], row[LIST_END]
        while at < end:
            size = int.from_bytes(data[at + SIZE_AT : at + SIZE_AT + 2], sys.byteorder)
            if size <= NAME_AT:
                raise OSError(errno.EIO, "no record of a folder")
            kind, name = data[at + TYPE_AT], bytes(data[at + NAME_AT : at + size]).partition(b"\0")[0]
            at = row[LIST_AT] = at + size
            if name not in (b".", b".."):
                return [(FILE_TYPES.get(kind << TYPE_SHIFT, UNKNOWN) if kind else _type_of(os.fsdecode(name), self.fd), os.fsdecode(name))]
        return []

    def close(self) -> None:
        """As `guest.Entries`."""
        own, self.own = self.own, -1
        entries, self.entries = self.entries, None
        if own < 0 and entries is None:
            return
        if self.row is not None:
            self.row[STREAM_FILE] = 0
        guest = self.guest()
        if guest is not None:
            guest.listings -= 1
        if own >= 0:
            os.close(own)
        if entries is not None:
            entries.close()  # type: ignore[attr-defined]

    def __del__(self) -> None:
        if hasattr(self, "own"):
            self.close()


def _other_type(entry: os.DirEntry[str], fd: int) -> int:
    try:
        if entry.is_dir(follow_symlinks=False):
            return DIRECTORY
        if entry.is_symlink():
            return SYMBOLIC_LINK
    except OSError:  # gone meanwhile
        return UNKNOWN
    return _type_of(entry.name, fd)


def _type_of(name: str, fd: int) -> int:
    try:
        return FILE_TYPES.get(stat.S_IFMT(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode), UNKNOWN)
    except OSError:  # gone meanwhile
        return UNKNOWN
