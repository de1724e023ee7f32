"""A directory as fd_readdir's stream of entries: cookies count entries, memory stays bounded however large it is."""

from __future__ import annotations

from _weakref import ref

from wasm_wasi_common.blocking import stop_if_over
from wasm_wasi_p1.abi import DIRECTORY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_wasi_common.guest import Directory, Entries
    from wasm_wasi_p1.context import WasiContext

# A guest goes on from an entry that did not fit, or whose name it has just read: so many of the last ones are kept.
WINDOW = 64
# A cookie far ahead leads through the whole directory: look for the end of the guest's time every so many entries.
SKIPPED_AT_ONCE = 256


class Listing:
    """An iteration in progress over a directory.

    Entry n (`.` is 0, `..` is 1) carries the cookie n + 1, the place to go on from. Going on continues the directory's own
    iteration, so entries deleted meanwhile make none be skipped; cookie 0 starts afresh; a cookie from before the
    window starts afresh and skips.
    """

    __slots__ = ("context", "directory", "entries", "next", "window")

    def __init__(self, directory: Directory, context: WasiContext) -> None:
        self.directory = directory
        self.context = ref(context)  # which holds us: no cycle, or files would stay open
        self.next = 0
        self.window: list[bytes] = []
        self.entries: Entries | None = None

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
            record = _record(index, self.directory.own_status().st_ino, DIRECTORY, b".." if index else b".")
        else:
            if self.entries is None:
                context = self.context()
                assert context is not None
                self.entries = self.directory.entries(context)
            entry = self.entries.next()
            if entry is None:
                return None
            record = _record(index, *entry)
        self.next = index + 1
        self.window.append(record)
        if len(self.window) > WINDOW:
            del self.window[0]
        return record

    def rewind(self) -> None:
        """Back to the first entry."""
        self.close()
        self.next = 0
        self.window.clear()

    def close(self) -> None:
        """End the iteration."""
        entries, self.entries = self.entries, None
        if entries is not None:
            entries.close()


def _record(index: int, inode: int, filetype: int, name: bytes) -> bytes:
    """A dirent: d_next u64, d_ino u64, d_namlen u32, d_type u8 padded to 24 bytes, then the name without a NUL."""
    fields = index + 1 | (inode & 0xFFFF_FFFF_FFFF_FFFF) << 64 | len(name) << 128 | filetype << 160
    return fields.to_bytes(24, "little") + name
