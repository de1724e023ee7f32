"""A directory as fd_readdir's stream of entries: cookies count entries, memory stays bounded however large it is."""

from __future__ import annotations

import os
import stat
from _weakref import ref

from wasm_wasi_p1.abi import DIRECTORY, UNKNOWN, pack
from wasm_wasi_p1.blocking import stop_if_over
from wasm_wasi_p1.descriptor import FILE_TYPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from wasm_wasi_p1.context import WasiContext

# A guest goes on from an entry that did not fit, or whose name it has just read: so many of the last ones are kept.
WINDOW = 64
# A cookie far ahead leads through the whole directory: look for the end of the guest's time every so many entries.
SKIPPED_AT_ONCE = 256


class Listing:
    """An iteration in progress over the directory `fd`.

    Entry n (`.` is 0, `..` is 1) carries the cookie n + 1, the place to go on from. Going on continues the host's own
    iteration, so entries deleted meanwhile make none be skipped; cookie 0 starts afresh; a cookie from before the
    window starts afresh and skips.
    """

    __slots__ = ("context", "entries", "fd", "next", "window")

    def __init__(self, fd: int, context: WasiContext) -> None:
        self.fd = fd
        self.context = ref(context)  # which counts the descriptor that an iteration takes, and holds us: no cycle, or files would stay open
        self.next = 0
        self.window: list[bytes] = []
        self.entries: Iterator[os.DirEntry[str]] | None = None

    def fill(self, target: memoryview, cookie: int) -> int:
        """Write the entries from `cookie` on; returns the bytes used, all of them if there is more."""
        if cookie == 0 or cookie < self.next - len(self.window):
            self.rewind()
        used, room = 0, len(target)
        while used < room:
            if cookie < self.next:
                record = self.window[cookie - self.next]
            else:
                found = self.advance()
                if found is None:
                    break
                if cookie >= self.next:
                    context = self.context()
                    if context is not None and self.next % SKIPPED_AT_ONCE == 0:
                        stop_if_over(context)
                    continue
                record = found
            cookie += 1
            part = record[: room - used]
            target[used : used + len(part)] = part
            used += len(part)
        return used

    def advance(self) -> bytes | None:
        """The record of entry `next`, or None after the last."""
        index = self.next
        if index < 2:  # the parent's number is not told: it may be outside the sandbox
            record = _record(index, os.fstat(self.fd).st_ino, DIRECTORY, b".." if index else b".")
        else:
            if self.entries is None:
                self.begin()
                assert self.entries is not None
            entry = next(self.entries, None)
            if entry is None:
                return None
            record = _record(index, *self.identity(entry), os.fsencode(entry.name))
        self.next = index + 1
        self.window.append(record)
        if len(self.window) > WINDOW:
            del self.window[0]
        return record

    def begin(self) -> None:
        """Start the host's iteration, on a duplicate of the descriptor. MFILE without room for one."""
        context = self.context()
        assert context is not None
        context.check_room_to_list()
        probe = os.dup(self.fd)
        os.close(probe)
        context.check_number(probe)
        os.lseek(self.fd, 0, os.SEEK_SET)
        self.entries = os.scandir(self.fd)
        context.listings += 1

    def identity(self, entry: os.DirEntry[str]) -> tuple[int, int]:
        """Inode and type as fd_filestat_get gives them: an overlay or a mount point lists others than it opens."""
        try:
            status = os.stat(entry.name, dir_fd=self.fd, follow_symlinks=False)
        except OSError:  # gone meanwhile
            return entry.inode(), UNKNOWN
        return status.st_ino, FILE_TYPES.get(stat.S_IFMT(status.st_mode), UNKNOWN)

    def rewind(self) -> None:
        """Back to the first entry."""
        self.close()
        self.next = 0
        self.window.clear()

    def close(self) -> None:
        """End the host's iteration."""
        entries, self.entries = self.entries, None
        if entries is not None:
            context = self.context()
            if context is not None:
                context.listings -= 1
            entries.close()  # type: ignore[attr-defined]


def _record(index: int, inode: int, filetype: int, name: bytes) -> bytes:
    """A dirent: d_next u64, d_ino u64, d_namlen u32, d_type u8 padded to 24 bytes, then the name without a NUL."""
    return pack((8, index + 1), (8, inode), (4, len(name)), (4, filetype)) + name
