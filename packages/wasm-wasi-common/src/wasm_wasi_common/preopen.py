"""Preopen: a directory given to a guest; DirPerms, FilePerms: what may be done beneath it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_wasi_common.filesystem import Filesystem


class DirPerms:
    """What may be done with a preopened directory's entries; join with |."""

    READ = READ_ONLY = 1
    MUTATE = WRITE_ONLY = 2
    READ_WRITE = 3


class FilePerms:
    """What may be done with the files below a preopened directory; join with |."""

    READ = READ_ONLY = 1
    WRITE = WRITE_ONLY = 2
    READ_WRITE = 3


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
