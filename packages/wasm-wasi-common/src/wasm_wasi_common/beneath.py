"""Path resolution that cannot leave a directory: openat2 where the kernel has it, one component at a time elsewhere.

Both give the same results. `walk` never hands the kernel a name it could follow out: every component is opened with
O_NOFOLLOW relative to the directory before it, `..` goes back along the directories passed (never through the file
system), and a symlink is read and its text walked. So a rename in the middle can make a lookup fail, but not escape.
"""

from __future__ import annotations

import errno
import os
import stat
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    KernelOpen = Callable[[int, bytes, int, int], int]

MAX_SYMLINKS = 40  # as the kernel's
MAX_DEPTH = 256  # directories `walk` holds open at once
RACES = 16  # attempts while somebody keeps renaming what is being looked up

OUT = "the path leads out of its directory"

ENTER = os.O_PATH | os.O_DIRECTORY

# How a path with several components is opened: by the kernel, by `walk` (None), not known yet (False).
kernel_open: KernelOpen | bool | None = False


def enter(root: int, path: bytes) -> tuple[int, bytes]:
    """The directory a path's final component is in, and that component, not followed.

    The directory is `root` itself or an fd for `leave` to close. The name keeps one trailing slash (the calls that
    create, remove and rename do not follow it, and fail as they should); it is `.` for a path ending in `.` or `..`.
    """
    if not path:
        raise OSError(errno.ENOENT, "an empty path")
    if path[0] == 0x2F:
        raise OSError(errno.EPERM, OUT)
    bare = path.rstrip(b"/")
    head, _, name = bare.rpartition(b"/")
    if name == b"..":
        head, name = bare, b"."
    elif name != b"." and len(bare) != len(path):
        name += b"/"
    return _directory(root, head) if head else root, name


def leave(root: int, directory: int) -> None:
    """Close what `enter` or `walk` returned."""
    if directory != root:
        os.close(directory)


def open_beneath(root: int, path: bytes, flags: int, follow: bool, mode: int = 0) -> int:
    """Open a path; LOOP if it ends in a symlink and `follow` is false.

    Raises OSError, EPERM for a way out: `..` above the root, an absolute path or symlink.
    """
    directory, name = enter(root, path)
    try:
        if name.endswith(b"/"):  # a trailing slash asks for a directory, and follows
            if flags & os.O_CREAT:
                raise OSError(errno.EISDIR, "a path to create ends in a slash")
            name, path, flags, follow = name[:-1], path.rstrip(b"/"), flags | os.O_DIRECTORY, True
        return _open_entry(directory, name, flags, mode)
    except OSError as error:
        if error.errno != errno.ELOOP or not follow:
            raise
    finally:
        leave(root, directory)
    return _resolve(root, path, flags, mode)


def status(root: int, path: bytes, follow: bool) -> os.stat_result:
    """The status of what a path leads to, or with `follow` false of the symlink it ends in."""
    directory, name = enter(root, path)
    try:
        if name.endswith(b"/"):
            follow, path = True, path.rstrip(b"/")
            found = os.stat(name[:-1], dir_fd=directory, follow_symlinks=False)
            if not stat.S_ISDIR(found.st_mode) and not stat.S_ISLNK(found.st_mode):
                raise OSError(errno.ENOTDIR, "a path to a file ends in a slash")
            flags = os.O_PATH | os.O_DIRECTORY
        else:
            found = os.stat(name, dir_fd=directory, follow_symlinks=False)
            flags = os.O_PATH
    finally:
        leave(root, directory)
    if not follow or not stat.S_ISLNK(found.st_mode):
        return found
    fd = _resolve(root, path, flags, 0)
    try:
        return os.fstat(fd)
    finally:
        os.close(fd)


def walk(root: int, path: bytes) -> tuple[int, bytes]:
    """The directory and name of what a path leads to with every symlink followed; `leave` closes the directory.

    The name is no symlink (unless put there since: use it with O_NOFOLLOW); what it names may not exist.
    """
    passed = [root]
    todo = path.split(b"/")[::-1]
    links = 0
    try:
        while todo:
            name = todo.pop()
            if name in (b"", b"."):
                continue
            if name == b"..":
                if len(passed) == 1:
                    raise OSError(errno.EPERM, OUT)
                os.close(passed.pop())
                continue
            if todo:
                target = _step(passed, name)
                if target is None:
                    continue
            else:
                target = _readlink(passed[-1], name)
                if target is None:
                    return _keep_last(passed), name
            links += 1
            if links > MAX_SYMLINKS:
                raise OSError(errno.ELOOP, "too many symlinks")
            if target[:1] == b"/":
                raise OSError(errno.EPERM, OUT)
            todo += target.split(b"/")[::-1]
        return _keep_last(passed), b"."
    except BaseException:
        for fd in passed[1:]:
            os.close(fd)
        raise


def _step(passed: list[int], name: bytes) -> bytes | None:
    """Go into a directory, or return the text of the symlink found in its place."""
    if len(passed) > MAX_DEPTH:
        raise OSError(errno.ENAMETOOLONG, "too many directories in a path")
    try:
        passed.append(os.open(name, ENTER | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=passed[-1]))
        return None
    except OSError as error:
        if error.errno not in (errno.ENOTDIR, errno.ELOOP):
            raise
        target = _readlink(passed[-1], name)
        if target is None:
            raise
        return target


def _keep_last(passed: list[int]) -> int:
    last = passed.pop()
    for fd in passed[1:]:
        os.close(fd)
    return last


def _readlink(directory: int, name: bytes) -> bytes | None:
    """A symlink's text; None for what is none or does not exist."""
    try:
        return os.readlink(name, dir_fd=directory)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOENT):
            return None
        raise


def _directory(root: int, path: bytes) -> int:
    if b"/" not in path and path != b"..":
        try:
            return _open_entry(root, path, ENTER, 0)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
    return _resolve(root, path, ENTER, 0)


def _open_entry(directory: int, name: bytes, flags: int, mode: int) -> int:
    """Open one component, not `..`; ELOOP if it is a symlink."""
    try:
        return os.open(name, _host_flags(flags) | os.O_NOFOLLOW, mode, dir_fd=directory)
    except OSError as error:
        if error.errno == errno.ENOTDIR and flags & os.O_DIRECTORY and _readlink(directory, name) is not None:
            raise OSError(errno.ELOOP, "a symlink where none is to be followed") from None
        raise


def _host_flags(flags: int) -> int:
    """A terminal must not become this process's own; openat2 takes that flag only where it means something."""
    return flags | (os.O_CLOEXEC if flags & os.O_PATH else os.O_CLOEXEC | os.O_NOCTTY)


def _resolve(root: int, path: bytes, flags: int, mode: int) -> int:
    """Open a path following every symlink, the last one too."""
    global kernel_open
    if kernel_open is False:
        kernel_open = _find_kernel_open()
    if callable(kernel_open):
        for _ in range(RACES):
            try:
                return kernel_open(root, path, _host_flags(flags), mode)
            except OSError as error:
                if error.errno == errno.EXDEV:
                    raise OSError(errno.EPERM, OUT) from None
                if error.errno != errno.EAGAIN:  # a rename elsewhere made the kernel give up on `..`
                    raise
    for _ in range(RACES):
        directory, name = walk(root, path)
        try:
            fd = os.open(name, _host_flags(flags) | os.O_NOFOLLOW, mode, dir_fd=directory)
        except OSError as error:
            if error.errno != errno.ELOOP:  # became a symlink since
                raise
        else:
            if not flags & os.O_PATH or flags & os.O_DIRECTORY or not stat.S_ISLNK(os.fstat(fd).st_mode):
                return fd
            os.close(fd)  # O_PATH opens the symlink itself
        finally:
            leave(root, directory)
    raise OSError(errno.ELOOP, "too many symlinks")


def _find_kernel_open() -> KernelOpen | None:
    if sys.platform != "linux":
        return None
    try:
        from wasm_wasi_common import linux
    except (ImportError, OSError):  # a Python without ctypes
        return None
    return linux.open_beneath if linux.available() else None
