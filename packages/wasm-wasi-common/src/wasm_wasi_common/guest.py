"""What this package asks of a guest's state, and what it offers as an open directory. For type checkers: nothing imports it at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from wasm_wasi_common.descriptor import Descriptor
    from wasm_wasi_common.filesystem import Status


class Guest(Protocol):
    """The guest that makes a call: the package of each version of WASI keeps its state."""

    listings: int

    def limited(self) -> bool:
        """Whether the guest's time is limited in the call it makes."""
        ...

    def interrupted(self) -> bool:
        """Whether that time is over."""
        ...

    def check_room_to_list(self) -> None:
        """Raises the version's "too many open files" unless this guest may begin one more listing."""
        ...

    def check_number(self, fd: int) -> None:
        """Raises the same if the process as a whole is running out of descriptors, as the number of a new one tells."""
        ...


class Listing(Protocol):
    """A directory's entries as preview 1 reads them, which keeps that in the descriptor."""

    def fill(self, target: memoryview, cookie: int) -> int:
        """Write records of the entries from `cookie` on; returns the bytes used, all of them if there is more."""
        ...

    def close(self) -> None:
        """End it. Idempotent."""
        ...


class Entries(Protocol):
    """A listing in progress."""

    def next(self) -> tuple[int, int, bytes] | None:
        """Inode, file type and name of the next entry, `.` and `..` not among them; None after the last."""
        ...

    def some(self) -> list[tuple[int, str]]:
        """File types and names, as `os.fsdecode` gives them, of the next entries, a few of them; none after the last."""
        ...

    def shown(self) -> memoryview | None:
        """The row by which the runtime reads entries, in turns with `some`, without Python (`wasm_environ.host`). None: it does not."""
        ...

    def close(self) -> None:
        """End it. Idempotent."""
        ...


class Directory(Protocol):
    """An open directory, and what can be done with paths beneath it, none of which leads out: that raises EPERM. Every error is an OSError.

    What may take long is told whose time it takes, `guest`, and ends with TimeIsOver when that is over.
    """

    def open(self, guest: Guest, parent: Descriptor, path: bytes, flags: int, follow: bool, reads: bool, writes: bool, fdflags: int) -> Descriptor:
        """Open or create what a path leads to; `flags` are the host's (O_CREAT and so on), `fdflags` the guest's."""
        ...

    def status(self, path: bytes, follow: bool) -> Status:
        """The status of what a path leads to, or with `follow` false of the symlink it ends in."""
        ...

    def mkdir(self, path: bytes) -> None:
        """Make a directory."""
        ...

    def rmdir(self, path: bytes) -> None:
        """Remove an empty directory."""
        ...

    def unlink(self, path: bytes) -> None:
        """Remove a name that is not a directory's."""
        ...

    def set_times(self, guest: Guest, path: bytes, follow: bool, access: int | None, change: int | None) -> None:
        """Set times, ns since 1970; None: as it is; NOW: now."""
        ...

    def link(self, guest: Guest, path: bytes, target: Directory, new: bytes) -> None:
        """Make a hard link; never to what a symlink leads to."""
        ...

    def rename(self, guest: Guest, path: bytes, target: Directory, new: bytes) -> None:
        """Move a name, replacing the one at its new place."""
        ...

    def symlink(self, text: bytes, path: bytes) -> None:
        """Make a symlink."""
        ...

    def readlink(self, path: bytes) -> bytes:
        """The text of a symlink."""
        ...

    def entries(self, guest: Guest) -> Entries:
        """Start a listing."""
        ...

    def own_status(self) -> Status:
        """The status of the directory itself."""
        ...
