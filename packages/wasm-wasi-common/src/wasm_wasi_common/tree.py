"""A `Filesystem` as a guest's directory: paths are resolved here, symlinks and `..` with them, and POSIX's rules are kept, the same for every kind."""

from __future__ import annotations

import errno
import os
import stat

from wasm_wasi_common.blocking import stop_if_over
from wasm_wasi_common.descriptor import DIRECTORY, FILE_TYPES, UNKNOWN, Descriptor
from wasm_wasi_common.filesystem import FILE, FOLDER, LINK, Stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import NoReturn

    from wasm_wasi_common.filesystem import File, Filesystem, Status
    from wasm_wasi_common.guest import Directory, Guest

    Names = tuple[str, ...]

MAX_SYMLINKS = 40  # as the kernel's
MAX_DEPTH = 256
MAX_NAME = 255  # bytes
MAX_LISTED = 1 << 20  # names in all listings of one filesystem that a guest has not read to their ends; the only one may have more
# Numbers of filesystems, which no device of the host's has.
FIRST_DEVICE = 1 << 40


class Tree:
    """A filesystem that a guest was given, and the number it has for the guest. `listed`: names that its listings in progress hold."""

    __slots__ = ("copy_up", "device", "filesystem", "listed")

    def __init__(self, filesystem: Filesystem, number: int) -> None:
        self.filesystem = filesystem
        self.device = FIRST_DEVICE + number
        self.listed = 0
        self.copy_up: Callable[[str, Callable[[], None]], None] | None = getattr(filesystem, "copy_up", None)

    def ready(self, guest: Guest, path: str) -> str:
        """A path, when what is there can be changed: an overlay copies for that, for as long as the guest has time."""
        if self.copy_up is not None:
            self.copy_up(path, lambda: stop_if_over(guest))
        return path

    def find(self, names: Names) -> Status | None:
        """What is there, if anything."""
        try:
            return self.filesystem.status("/".join(names))
        except FileNotFoundError:
            return None

    def seen(self, found: Status, names: Names) -> Stat:
        """A status as the guest sees it."""
        return Stat(found.st_mode, found.st_size, found.st_mtime_ns, atime_ns=found.st_atime_ns, ctime_ns=found.st_ctime_ns,
                    ino=found.st_ino or _number(names), nlink=found.st_nlink, dev=self.device)  # fmt: skip


class Place:
    """Where a path leads: `names` from the root; `found` what is there; `slash`: it ended in one; `dot`: in `.` or `..`."""

    __slots__ = ("dot", "found", "names", "slash")

    def __init__(self, names: Names, found: Status | None, slash: bool, dot: bool) -> None:
        self.names = names
        self.found = found
        self.slash = slash
        self.dot = dot

    @property
    def path(self) -> str:
        """The filesystem's name for it."""
        return "/".join(self.names)

    @property
    def kind(self) -> int:
        """FILE, FOLDER, LINK, or 0 for nothing."""
        return 0 if self.found is None else stat.S_IFMT(self.found.st_mode)

    def there(self) -> Status:
        """What is there. Raises FileNotFoundError; NotADirectoryError for a file whose path ends in a slash."""
        if self.found is None:
            raise FileNotFoundError(errno.ENOENT, "no such file or folder", self.path)
        if self.slash and self.kind != FOLDER:
            raise NotADirectoryError(errno.ENOTDIR, "a path to a file ends in a slash", self.path)
        return self.found

    def nothing(self) -> str:
        """The path, for something new that is no folder. Raises FileExistsError."""
        if self.found is not None or self.dot:
            _fail(errno.EEXIST, "there is something already")
        if self.slash:
            _fail(errno.ENOENT, "a path to something new ends in a slash")
        return self.path


class OpenFile:
    """An open file of a tree: the filesystem's, but a guest sees its status, and reads for as long as it has time."""

    __slots__ = ("close", "file", "names", "read", "set_times", "sync", "tree", "truncate", "write")

    def __init__(self, file: File, tree: Tree, names: Names, guest: Guest) -> None:
        self.file = file
        self.tree = tree
        self.names = names
        within: Callable[[int, int, Callable[[], None]], bytes] | None = getattr(file, "read_within", None)
        self.read = file.read if within is None else _reading(within, guest)
        self.write = file.write
        self.truncate = file.truncate
        self.set_times = file.set_times
        self.sync = file.sync
        self.close = file.close

    def status(self) -> Status:
        """As `filesystem.File`."""
        return self.tree.seen(self.file.status(), self.names)


class TreeDirectory:
    """The folder `names` of a tree. See `guest.Directory` for what the methods do. It is a place: what is moved there is in it."""

    __slots__ = ("names", "tree")

    def __init__(self, tree: Tree, names: Names) -> None:
        self.tree = tree
        self.names = names

    def walk(self, path: bytes, follow: bool) -> Place:
        """Where a path leads; with `follow` false, to the symlink that it ends in. EPERM for a way out of this folder."""
        slash, dot = path.endswith(b"/"), path.rstrip(b"/").rpartition(b"/")[2] in (b".", b"..")
        here = list(self.names)
        todo = _parts(path)
        links = 0
        found: Status | None = None
        while todo:
            name = todo.pop()
            if name == ".":
                continue
            if name == "..":
                if len(here) == len(self.names):
                    _fail(errno.EPERM, "the path leads out of its folder")
                here.pop()
                continue
            here.append(name)
            _check_length(here)
            found = self.tree.find(tuple(here))
            kind = 0 if found is None else stat.S_IFMT(found.st_mode)
            if kind == LINK and (todo or follow):
                links += 1
                if links > MAX_SYMLINKS:
                    _fail(errno.ELOOP, "too many symlinks")
                text = self.tree.filesystem.readlink("/".join(here))
                here.pop()
                todo += _parts(os.fsencode(text))
            elif todo and kind != FOLDER:
                _fail(errno.ENOTDIR if kind else errno.ENOENT, "no folder on the way")
        names = tuple(here)
        return Place(names, self.tree.find(names), slash, dot)

    def open(self, guest: Guest, parent: Descriptor, path: bytes, flags: int, follow: bool, reads: bool, writes: bool, fdflags: int) -> Descriptor:
        """As `guest.Directory`."""
        new_only = flags & (os.O_CREAT | os.O_EXCL) == os.O_CREAT | os.O_EXCL
        place = self.walk(path, (follow or path.endswith(b"/")) and not new_only)
        if flags & os.O_CREAT:
            if place.slash:
                _fail(errno.EISDIR, "a path to create ends in a slash")
            if place.found is not None and new_only:
                _fail(errno.EEXIST, "there is something already")
        if place.found is None and flags & os.O_CREAT:
            found = self._file(guest, place, self.tree.filesystem.create(place.path), reads, writes, fdflags)
        elif stat.S_ISDIR(place.there().st_mode):
            if writes or flags & (os.O_CREAT | os.O_TRUNC):
                _fail(errno.EISDIR, "a folder")
            found = Descriptor(-1, DIRECTORY, reads, False, False)
            found.directory = TreeDirectory(self.tree, place.names)
        else:
            if place.kind == LINK:
                _fail(errno.ELOOP, "a symlink where none is to be followed")
            if flags & os.O_DIRECTORY:
                _fail(errno.ENOTDIR, "no folder")
            changes = writes or flags & os.O_TRUNC != 0
            at = self.tree.ready(guest, place.path) if changes else place.path
            found = self._file(guest, place, self.tree.filesystem.open(at, changes), reads, writes, fdflags)
            if flags & os.O_TRUNC:
                _cut(found)
        found.perms = parent.perms
        return found

    def _file(self, guest: Guest, place: Place, file: File, reads: bool, writes: bool, fdflags: int) -> Descriptor:
        found = Descriptor(-1, FILE_TYPES[FILE], reads, writes, True)
        found.file = OpenFile(file, self.tree, place.names, guest)
        found.flags = fdflags
        return found

    def status(self, path: bytes, follow: bool) -> Status:
        """As `guest.Directory`."""
        place = self.walk(path, follow or path.endswith(b"/"))
        return self.tree.seen(place.there(), place.names)

    def own_status(self) -> Status:
        """As `guest.Directory`."""
        return self.tree.seen(self.tree.filesystem.status("/".join(self.names)), self.names)

    def mkdir(self, path: bytes) -> None:
        """As `guest.Directory`."""
        place = self.walk(path, False)
        place.slash = False
        self.tree.filesystem.mkdir(place.nothing())

    def rmdir(self, path: bytes) -> None:
        """As `guest.Directory`."""
        place = self.walk(path, False)
        if not stat.S_ISDIR(place.there().st_mode):
            _fail(errno.ENOTDIR, "no folder")
        if place.dot or place.names == self.names:
            _fail(errno.EINVAL, "a folder in use")
        self._check_empty(place)
        self.tree.filesystem.rmdir(place.path)

    def unlink(self, path: bytes) -> None:
        """As `guest.Directory`."""
        place = self.walk(path, False)
        if stat.S_ISDIR(place.there().st_mode):
            _fail(errno.EISDIR, "a folder")
        self.tree.filesystem.unlink(place.path)

    def set_times(self, guest: Guest, path: bytes, follow: bool, access: int | None, change: int | None) -> None:
        """As `guest.Directory`."""
        place = self.walk(path, follow or path.endswith(b"/"))
        folder = stat.S_ISDIR(place.there().st_mode)  # which need not be copied with all that is in it
        self.tree.filesystem.set_times(place.path if folder else self.tree.ready(guest, place.path), access, change)

    def link(self, guest: Guest, path: bytes, target: Directory, new: bytes) -> None:
        """As `guest.Directory`."""
        place, goal = self.walk(path, False), self._other(target).walk(new, False)
        if stat.S_ISDIR(place.there().st_mode):
            _fail(errno.EPERM, "a hard link to a folder")
        made = goal.nothing()
        self.tree.filesystem.link(self.tree.ready(guest, place.path), made)

    def rename(self, guest: Guest, path: bytes, target: Directory, new: bytes) -> None:
        """As `guest.Directory`."""
        other = self._other(target)
        place, goal = self.walk(path, False), other.walk(new, False)
        folder = stat.S_ISDIR(place.there().st_mode)
        if place.dot or goal.dot or not place.names or not goal.names:
            _fail(errno.EBUSY, "a folder in use")
        if goal.slash and not folder:
            _fail(errno.ENOTDIR, "a path for a file ends in a slash")
        if place.names == goal.names:
            return
        if folder and goal.names[: len(place.names)] == place.names:
            _fail(errno.EINVAL, "a folder into itself")
        if goal.kind == FOLDER:
            if not folder:
                _fail(errno.EISDIR, "a file in a folder's place")
            self._check_empty(goal)
        elif folder and goal.kind:
            _fail(errno.ENOTDIR, "a folder in a file's place")
        self.tree.filesystem.rename(self.tree.ready(guest, place.path), goal.path)

    def symlink(self, text: bytes, path: bytes) -> None:
        """As `guest.Directory`."""
        if not text:
            _fail(errno.ENOENT, "an empty symlink")
        self.tree.filesystem.symlink(os.fsdecode(text), self.walk(path, False).nothing())

    def readlink(self, path: bytes) -> bytes:
        """As `guest.Directory`."""
        place = self.walk(path, path.endswith(b"/"))
        if not stat.S_ISLNK(place.there().st_mode):
            _fail(errno.EINVAL, "no symlink")
        return os.fsencode(self.tree.filesystem.readlink(place.path))

    def entries(self, guest: Guest) -> TreeEntries:
        """As `guest.Directory`."""
        return TreeEntries(self.tree, self.names)

    def _check_empty(self, place: Place) -> None:
        if any(True for _ in self.tree.filesystem.names(place.path)):
            _fail(errno.ENOTEMPTY, "a folder with something in it")

    def _other(self, target: Directory) -> TreeDirectory:
        if not isinstance(target, TreeDirectory) or target.tree is not self.tree:
            _fail(errno.EXDEV, "from one filesystem to another")
        return target


class TreeEntries:
    """A listing in progress; the names are those of its beginning. They are counted: a guest may begin a listing again and again."""

    __slots__ = ("_held", "_names", "folder", "tree")

    def __init__(self, tree: Tree, folder: Names) -> None:
        self.tree = tree
        self.folder = folder
        names = sorted(tree.filesystem.names("/".join(folder)))
        if tree.listed and tree.listed + len(names) > MAX_LISTED:
            _fail(errno.EMFILE, "too many names in listings that were not read to their ends")
        self._names: Iterator[str] = iter(names)
        self._held = len(names)
        tree.listed += self._held

    def next(self) -> tuple[int, int, bytes] | None:
        """As `guest.Entries`; names that no path could have are left out."""
        for name in self._names:
            if not name or "/" in name or "\0" in name or name in (".", ".."):
                continue
            names = (*self.folder, name)
            found = self.tree.find(names)
            kind = UNKNOWN if found is None else FILE_TYPES.get(stat.S_IFMT(found.st_mode), UNKNOWN)
            inode = 0 if found is None else self.tree.seen(found, names).st_ino
            return inode, kind, os.fsencode(name)
        self.close()
        return None

    def some(self) -> list[tuple[int, str]]:
        """As `guest.Entries`."""
        found = self.next()
        return [] if found is None else [(found[1], os.fsdecode(found[2]))]

    def shown(self) -> None:
        """As `guest.Entries`."""

    def close(self) -> None:
        """As `guest.Entries`."""
        self._names = iter(())
        self.tree.listed -= self._held
        self._held = 0


def preopened_tree(filesystem: Filesystem, number: int, guest_path: str, perms: int) -> Descriptor:
    """A descriptor for the root of a filesystem that the guest finds under `guest_path`."""
    found = Descriptor(-1, DIRECTORY, True, False, False)
    found.directory = TreeDirectory(Tree(filesystem, number), ())
    found.perms = perms
    found.name = guest_path.encode("utf-8", "surrogateescape")
    return found


def _parts(path: bytes) -> list[str]:
    """The names of a path, the last one first."""
    if not path:
        _fail(errno.ENOENT, "an empty path")
    if path[:1] == b"/":
        _fail(errno.EPERM, "the path leads out of its folder")
    return [os.fsdecode(part) for part in path.split(b"/") if part][::-1]


def _check_length(names: list[str]) -> None:
    if len(os.fsencode(names[-1])) > MAX_NAME or len(names) > MAX_DEPTH:
        _fail(errno.ENAMETOOLONG, "the path is too long")


def _reading(within: Callable[[int, int, Callable[[], None]], bytes], guest: Guest) -> Callable[[int, int], bytes]:
    """`File.read` by `File.read_within`, in the time of the guest that opened the file, and holds it: no cycle, or files would stay open."""
    from _weakref import ref

    whose = ref(guest)

    def check() -> None:
        found = whose()
        if found is not None:
            stop_if_over(found)

    return lambda size, offset: within(size, offset, check)


def _number(names: Names) -> int:
    """A number for a file of which its filesystem knows none: the same for the same path."""
    from hashlib import blake2b

    return int.from_bytes(blake2b(os.fsencode("/".join(names)), digest_size=7).digest(), "little") | 1


def _cut(found: Descriptor) -> None:
    assert found.file is not None
    try:
        found.file.truncate(0)
    except BaseException:
        found.close()
        raise


def _fail(code: int, message: str) -> NoReturn:
    raise OSError(code, message)
