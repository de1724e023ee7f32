"""path_*: what is done to names below a directory, each resolved by `beneath`."""

from __future__ import annotations

import errno
import os
import stat

from wasm_wasi_p1.abi import (
    APPEND,
    CREAT,
    DSYNC,
    EXCL,
    FD_READ,
    FD_WRITE,
    INVAL,
    NONBLOCK,
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
    PERM,
    RSYNC,
    SYMLINK_FOLLOW,
    SYNC,
    TRUNC,
    check,
    fail,
    path,
    store,
    store_bytes,
    view,
)
from wasm_wasi_p1.beneath import enter, leave, open_beneath, status, walk
from wasm_wasi_p1.blocking import pause
from wasm_wasi_p1.descriptor import DIR_MUTATE, FILE_READ, FILE_WRITE, opened
from wasm_wasi_p1.filestat import check_fstflags, pack_filestat, set_times

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_wasi_p1.context import WasiContext
    from wasm_wasi_p1.descriptor import Descriptor

FILESTAT_SIZE = 64
# (WASI flag, host flag) of path_open.
OFLAGS = (
    (CREAT, os.O_CREAT),
    (OPEN_DIRECTORY, os.O_DIRECTORY),
    (EXCL, os.O_EXCL),
    (TRUNC, os.O_TRUNC),
)
FDFLAGS = (
    (APPEND, os.O_APPEND),
    (DSYNC, os.O_DSYNC),
    (NONBLOCK, os.O_NONBLOCK),
    (RSYNC, os.O_RSYNC),
    (SYNC, os.O_SYNC),
)


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
    flags = (os.O_RDWR if reads else os.O_WRONLY) if writes else os.O_RDONLY
    flags |= sum(host for bit, host in OFLAGS if oflags & bit)
    for bit, host in FDFLAGS:
        if fdflags & bit:
            flags |= host
    context.check_room()
    host_fd = _open(context, parent.fd, name, flags, lookup & SYMLINK_FOLLOW != 0, fdflags & NONBLOCK != 0)
    try:
        number = context.place(opened(host_fd, parent, reads, writes, fdflags))
    except BaseException:
        os.close(host_fd)
        raise
    store(memory, out, 4, number)


def _open(context: WasiContext, root: int, name: bytes, flags: int, follow: bool, nonblock: bool) -> int:
    """Open without ever blocking in the kernel, as a FIFO, a device or a leased file would: the host's open file is non-blocking, and it is
    `blocking` that waits for a guest that wants to. A FIFO to read opens at once (its first read waits for a writer)."""
    while True:
        try:
            return open_beneath(root, name, flags | os.O_NONBLOCK, follow, 0o666)
        except OSError as error:
            if nonblock or not _will_open(error, root, name, follow):
                raise
        pause(context)


def _will_open(error: OSError, root: int, name: bytes, follow: bool) -> bool:
    """Whether a blocking open would wait: for a FIFO's reader, or the end of somebody's lease."""
    if error.errno == errno.ENXIO:
        return stat.S_ISFIFO(status(root, name, follow).st_mode)
    return error.errno == errno.EWOULDBLOCK


def _allow_open(parent: Descriptor, oflags: int, reads: bool, writes: bool) -> None:
    rights = (PATH_CREATE_FILE if oflags & CREAT else 0) | (PATH_FILESTAT_SET_SIZE if oflags & TRUNC else 0)
    inherit = (FD_READ if reads else 0) | (FD_WRITE if writes else 0)
    if rights & ~parent.base or inherit & ~parent.inheriting:
        fail(NOTCAPABLE)
    perms = DIR_MUTATE if oflags & (CREAT | TRUNC) else 0
    perms |= (FILE_WRITE if writes or oflags & TRUNC else 0) | (FILE_READ if reads else 0)
    if perms & ~parent.perms:
        fail(PERM)


def path_create_directory(context: WasiContext, memory: memoryview, fd: int, pointer: int, size: int) -> None:
    """Make a directory."""
    root = context.directory(fd, PATH_CREATE_DIRECTORY, DIR_MUTATE).fd
    directory, name = enter(root, path(memory, pointer, size))
    try:
        os.mkdir(name, 0o777, dir_fd=directory)
    finally:
        leave(root, directory)


def path_remove_directory(context: WasiContext, memory: memoryview, fd: int, pointer: int, size: int) -> None:
    """Remove an empty directory."""
    root = context.directory(fd, PATH_REMOVE_DIRECTORY, DIR_MUTATE).fd
    directory, name = enter(root, path(memory, pointer, size))
    try:
        os.rmdir(name, dir_fd=directory)
    finally:
        leave(root, directory)


def path_unlink_file(context: WasiContext, memory: memoryview, fd: int, pointer: int, size: int) -> None:
    """Remove a name that is not a directory's."""
    root = context.directory(fd, PATH_UNLINK_FILE, DIR_MUTATE).fd
    directory, name = enter(root, path(memory, pointer, size))
    try:
        os.unlink(name, dir_fd=directory)
    finally:
        leave(root, directory)


def path_filestat_get(
    context: WasiContext, memory: memoryview, fd: int, lookup: int, pointer: int, size: int, out: int
) -> None:
    """Identity, type, size and times of what a path leads to."""
    check(memory, out, FILESTAT_SIZE)
    store_bytes(memory, out, pack_filestat(path_status(context, memory, fd, lookup, pointer, size)))


def path_status(
    context: WasiContext, memory: memoryview, fd: int, lookup: int, pointer: int, size: int
) -> os.stat_result:
    """The host's answer to path_filestat_get, whichever layout the guest wants."""
    root = context.directory(fd, PATH_FILESTAT_GET).fd
    if lookup > 1:
        fail(INVAL)
    return status(root, path(memory, pointer, size), lookup & SYMLINK_FOLLOW != 0)


def path_filestat_set_times(
    context: WasiContext, memory: memoryview, fd: int, lookup: int, pointer: int, size: int, atim: int, mtim: int,
    fst_flags: int,
) -> None:  # fmt: skip
    """Set the times of what a path leads to."""
    root = context.directory(fd, PATH_FILESTAT_SET_TIMES, DIR_MUTATE).fd
    name = path(memory, pointer, size)
    check_fstflags(fst_flags)
    if lookup > 1:
        fail(INVAL)
    directory, entry = enter(root, name)
    if lookup & SYMLINK_FOLLOW or entry.endswith(b"/"):
        leave(root, directory)
        directory, entry = walk(root, name)
    try:
        found = os.stat(entry, dir_fd=directory, follow_symlinks=False)
        set_times(entry, found, atim, mtim, fst_flags, directory)
    finally:
        leave(root, directory)


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
    _keep_perms(source, target)
    old_directory, old_name = enter(source.fd, old)
    try:
        if old_name.endswith(b"/"):  # linkat would follow it
            os.close(open_beneath(source.fd, old, os.O_PATH, False))
            fail(PERM)
        new_directory, new_name = enter(target.fd, new)
        try:
            os.link(old_name, new_name, src_dir_fd=old_directory, dst_dir_fd=new_directory, follow_symlinks=False)
        finally:
            leave(target.fd, new_directory)
    finally:
        leave(source.fd, old_directory)


def path_rename(
    context: WasiContext, memory: memoryview, fd: int, old_pointer: int, old_size: int, new_fd: int, new_pointer: int,
    new_size: int,
) -> None:  # fmt: skip
    """Move a name, replacing the one at its new place."""
    source = context.directory(fd, PATH_RENAME_SOURCE, DIR_MUTATE)
    target = context.directory(new_fd, PATH_RENAME_TARGET, DIR_MUTATE)
    old, new = path(memory, old_pointer, old_size), path(memory, new_pointer, new_size)
    _keep_perms(source, target)
    old_directory, old_name = enter(source.fd, old)
    try:
        new_directory, new_name = enter(target.fd, new)
        try:
            os.rename(old_name, new_name, src_dir_fd=old_directory, dst_dir_fd=new_directory)
        finally:
            leave(target.fd, new_directory)
    finally:
        leave(source.fd, old_directory)


def path_symlink(
    context: WasiContext, memory: memoryview, old_pointer: int, old_size: int, fd: int, new_pointer: int, new_size: int
) -> None:
    """Make a symlink; an absolute one, which would lead out for everybody else, is refused."""
    root = context.directory(fd, PATH_SYMLINK, DIR_MUTATE).fd
    text, new = path(memory, old_pointer, old_size), path(memory, new_pointer, new_size)
    if text.startswith(b"/"):
        fail(PERM)
    directory, name = enter(root, new)
    try:
        os.symlink(text, name, dir_fd=directory)
    finally:
        leave(root, directory)


def path_readlink(
    context: WasiContext, memory: memoryview, fd: int, pointer: int, size: int, buffer: int, buffer_size: int, out: int
) -> None:
    """The text of a symlink, cut to the buffer."""
    root = context.directory(fd, PATH_READLINK).fd
    name = path(memory, pointer, size)
    target = view(memory, buffer, buffer_size)
    check(memory, out, 4)
    directory, entry = enter(root, name)
    try:
        if entry.endswith(b"/"):  # readlinkat would follow it
            os.close(open_beneath(root, name, os.O_PATH, True))
            fail(INVAL)
        text = os.readlink(entry, dir_fd=directory)[:buffer_size]
    finally:
        leave(root, directory)
    target[: len(text)] = text
    store(memory, out, 4, len(text))


def _keep_perms(source: Descriptor, target: Descriptor) -> None:
    """A file must not become writable, or readable, by moving to another preopen."""
    if target.perms & ~source.perms & (FILE_READ | FILE_WRITE):
        fail(PERM)
