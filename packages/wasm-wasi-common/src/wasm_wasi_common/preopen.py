"""Preopen: a directory given to a guest; DirPerms, FilePerms: what may be done beneath it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_wasi_common.filesystem import Filesystem


class Perms(int):
    """A permission: a number that knows its name, as a member of wasmtime-py's Enum does; joined with |, a plain number."""

    @property
    def value(self) -> int:
        """The number, in which each permission is a bit."""
        return int(self)

    @property
    def name(self) -> str:
        """The name, wasmtime-py's where there are two."""
        return next((name for name in ("READ_ONLY", "WRITE_ONLY", "READ_WRITE") if getattr(type(self), name, None) == self), str(int(self)))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}.{self.name}: {int(self)}>"


class DirPerms(Perms):
    """What may be done with a preopened directory's entries; join with |."""

    READ: DirPerms
    READ_ONLY: DirPerms
    MUTATE: DirPerms
    WRITE_ONLY: DirPerms
    READ_WRITE: DirPerms


class FilePerms(Perms):
    """What may be done with the files below a preopened directory; join with |."""

    READ: FilePerms
    READ_ONLY: FilePerms
    WRITE: FilePerms
    WRITE_ONLY: FilePerms
    READ_WRITE: FilePerms


DirPerms.READ = DirPerms.READ_ONLY = DirPerms(1)
DirPerms.MUTATE = DirPerms.WRITE_ONLY = DirPerms(2)
DirPerms.READ_WRITE = DirPerms(3)
FilePerms.READ = FilePerms.READ_ONLY = FilePerms(1)
FilePerms.WRITE = FilePerms.WRITE_ONLY = FilePerms(2)
FilePerms.READ_WRITE = FilePerms(3)


class Preopen:
    """A directory the guest may use, under the name `guest_path`: the host's at `path`, or the root of a `filesystem`."""

    __slots__ = ("dir_perms", "file_perms", "filesystem", "guest_path", "path")

    def __init__(self, path: str, guest_path: str, dir_perms: int, file_perms: int, filesystem: Filesystem | None = None) -> None:
        self.filesystem = filesystem
        self.path = path
        self.guest_path = guest_path
        self.dir_perms = dir_perms
        self.file_perms = file_perms

    def __repr__(self) -> str:
        return f"Preopen({self.path if self.filesystem is None else self.filesystem!r} as {self.guest_path!r}, perms {self.dir_perms}/{self.file_perms})"
