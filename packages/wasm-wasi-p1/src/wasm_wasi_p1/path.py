"""path_*: what is done to names below a directory, each resolved by `beneath`."""

from __future__ import annotations

from wasm_wasi_common import files
from wasm_wasi_common.descriptor import DIR_MUTATE, DIRECTORY
from wasm_wasi_common.files import MAX_PATH, check_path, keep_perms
from wasm_wasi_p1.abi import (
    CREAT,
    FD_READ,
    FD_WRITE,
    INVAL,
    NOTCAPABLE,
    OPEN_DIRECTORY,
    PATH_CREATE_DIRECTORY,
    PATH_CREATE_FILE,
    PATH_FILESTAT_GET,
    PATH_FILESTAT_SET_SIZE,
    PATH_FILESTAT_SET_TIMES,
    PATH_LINK_SOURCE,
    PATH_LINK_TARGET,
    PATH_OPEN,
    PATH_READLINK,
    PATH_REMOVE_DIRECTORY,
    PATH_RENAME_SOURCE,
    PATH_RENAME_TARGET,
    PATH_SYMLINK,
    PATH_UNLINK_FILE,
    SYMLINK_FOLLOW,
    TRUNC,
    check,
    fail,
    opened_rights,
    store,
    store_bytes,
    view,
)
from wasm_wasi_p1.filestat import pack_filestat, times

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_wasi_common.descriptor import Descriptor
    from wasm_wasi_common.filesystem import Status
    from wasm_wasi_common.guest import Directory
    from wasm_wasi_p1.context import WasiContext

FILESTAT_SIZE = 64


def path(memory: memoryview, pointer: int, size: int) -> bytes:
    """A path argument."""
    check(memory, pointer, size)
    return check_path(bytes(memory[pointer : pointer + min(size, MAX_PATH + 1)]))


def path_open(
    context: WasiContext, memory: memoryview, fd: int, lookup: int, pointer: int, size: int, oflags: int, base: int,
    inheriting: int, fdflags: int, out: int,
) -> None:  # fmt: skip
    """Open or create a file or directory."""
    parent = context.directory(fd, PATH_OPEN)
    name = path(memory, pointer, size)
    check(memory, out, 4)
    if lookup > 1 or oflags > 15 or fdflags > 31 or (oflags & CREAT and oflags & OPEN_DIRECTORY):
        fail(INVAL)
    reads, writes = base & FD_READ != 0, base & FD_WRITE != 0
    _allow_open(parent, oflags, reads, writes)
    context.check_room()
    found = files.open_at(context, parent, name, oflags, lookup & SYMLINK_FOLLOW != 0, reads, writes, fdflags)
    try:
        found.base, found.inheriting = opened_rights(found, parent), parent.inheriting if found.filetype == DIRECTORY else 0
        number = context.place(found)
    except BaseException:
        found.close()
        raise
    store(memory, out, 4, number)


def directory_of(found: Descriptor) -> Directory:
    """What is open as a directory, which `context.directory` has found it to be."""
    assert found.directory is not None
    return found.directory


def _allow_open(parent: Descriptor, oflags: int, reads: bool, writes: bool) -> None:
    rights = (PATH_CREATE_FILE if oflags & CREAT else 0) | (PATH_FILESTAT_SET_SIZE if oflags & TRUNC else 0)
    inherit = (FD_READ if reads else 0) | (FD_WRITE if writes else 0)
    if rights & ~parent.base or inherit & ~parent.inheriting:
        fail(NOTCAPABLE)


def path_create_directory(context: WasiContext, memory: memoryview, fd: int, pointer: int, size: int) -> None:
    """Make a directory."""
    found = context.directory(fd, PATH_CREATE_DIRECTORY, DIR_MUTATE)
    directory_of(found).mkdir(path(memory, pointer, size))


def path_remove_directory(context: WasiContext, memory: memoryview, fd: int, pointer: int, size: int) -> None:
    """Remove an empty directory."""
    found = context.directory(fd, PATH_REMOVE_DIRECTORY, DIR_MUTATE)
    directory_of(found).rmdir(path(memory, pointer, size))


def path_unlink_file(context: WasiContext, memory: memoryview, fd: int, pointer: int, size: int) -> None:
    """Remove a name that is not a directory's."""
    found = context.directory(fd, PATH_UNLINK_FILE, DIR_MUTATE)
    directory_of(found).unlink(path(memory, pointer, size))


def path_filestat_get(
    context: WasiContext, memory: memoryview, fd: int, lookup: int, pointer: int, size: int, out: int
) -> None:
    """Identity, type, size and times of what a path leads to."""
    check(memory, out, FILESTAT_SIZE)
    store_bytes(memory, out, pack_filestat(path_status(context, memory, fd, lookup, pointer, size)))


def path_status(
    context: WasiContext, memory: memoryview, fd: int, lookup: int, pointer: int, size: int
) -> Status:
    """The host's answer to path_filestat_get, whichever layout the guest wants."""
    found = context.directory(fd, PATH_FILESTAT_GET)
    if lookup > 1:
        fail(INVAL)
    return directory_of(found).status(path(memory, pointer, size), lookup & SYMLINK_FOLLOW != 0)


def path_filestat_set_times(
    context: WasiContext, memory: memoryview, fd: int, lookup: int, pointer: int, size: int, atim: int, mtim: int,
    fst_flags: int,
) -> None:  # fmt: skip
    """Set the times of what a path leads to."""
    found = context.directory(fd, PATH_FILESTAT_SET_TIMES, DIR_MUTATE)
    name = path(memory, pointer, size)
    access, change = times(atim, mtim, fst_flags)
    if lookup > 1:
        fail(INVAL)
    directory_of(found).set_times(context, name, lookup & SYMLINK_FOLLOW != 0, access, change)


def path_link(
    context: WasiContext, memory: memoryview, old_fd: int, lookup: int, old_pointer: int, old_size: int, new_fd: int,
    new_pointer: int, new_size: int,
) -> None:  # fmt: skip
    """Make a hard link; never to what a symlink leads to."""
    source = context.directory(old_fd, PATH_LINK_SOURCE, DIR_MUTATE)
    target = context.directory(new_fd, PATH_LINK_TARGET, DIR_MUTATE)
    old, new = path(memory, old_pointer, old_size), path(memory, new_pointer, new_size)
    if lookup:
        fail(INVAL)
    keep_perms(source, target)
    directory_of(source).link(context, old, directory_of(target), new)


def path_rename(
    context: WasiContext, memory: memoryview, fd: int, old_pointer: int, old_size: int, new_fd: int, new_pointer: int,
    new_size: int,
) -> None:  # fmt: skip
    """Move a name, replacing the one at its new place."""
    source = context.directory(fd, PATH_RENAME_SOURCE, DIR_MUTATE)
    target = context.directory(new_fd, PATH_RENAME_TARGET, DIR_MUTATE)
    old, new = path(memory, old_pointer, old_size), path(memory, new_pointer, new_size)
    keep_perms(source, target)
    directory_of(source).rename(context, old, directory_of(target), new)


def path_symlink(
    context: WasiContext, memory: memoryview, old_pointer: int, old_size: int, fd: int, new_pointer: int, new_size: int
) -> None:
    """Make a symlink."""
    found = context.directory(fd, PATH_SYMLINK, DIR_MUTATE)
    text, new = path(memory, old_pointer, old_size), path(memory, new_pointer, new_size)
    files.symlink(directory_of(found), text, new)


def path_readlink(
    context: WasiContext, memory: memoryview, fd: int, pointer: int, size: int, buffer: int, buffer_size: int, out: int
) -> None:
    """The text of a symlink, cut to the buffer."""
    found = context.directory(fd, PATH_READLINK)
    name = path(memory, pointer, size)
    target = view(memory, buffer, buffer_size)
    check(memory, out, 4)
    text = directory_of(found).readlink(name)[:buffer_size]
    target[: len(text)] = text
    store(memory, out, 4, len(text))
