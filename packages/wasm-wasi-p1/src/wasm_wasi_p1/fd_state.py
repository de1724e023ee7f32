"""fd_fdstat_*, fd_filestat_*, fd_prestat_*, fd_readdir, fd_close, fd_renumber: an open file's facts and its number."""

from __future__ import annotations

import os

from wasm_wasi_p1.abi import (
    APPEND,
    BADF,
    DIRECTORY,
    FD_FDSTAT_SET_FLAGS,
    FD_FILESTAT_GET,
    FD_FILESTAT_SET_TIMES,
    FD_READDIR,
    INVAL,
    NAMETOOLONG,
    NONBLOCK,
    NOTCAPABLE,
    NOTDIR,
    NOTSUP,
    check,
    fail,
    pack,
    store,
    store_bytes,
    view,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_wasi_common.descriptor import Descriptor
    from wasm_wasi_p1.context import WasiContext

FILESTAT_SIZE = 64


def fd_close(context: WasiContext, fd: int) -> None:
    """Close a file; a preopened directory and stdio too."""
    found = context.get(fd)
    context.remove(fd)
    found.close()


def fd_renumber(context: WasiContext, source: int, target: int) -> None:
    """Move an open file to the number of another, which is closed."""
    moved = context.get(source)
    replaced = context.get(target)
    if source != target:
        context.replace(target, moved)
        context.remove(source)
        replaced.close()


def fd_fdstat_get(context: WasiContext, memory: memoryview, fd: int, out: int) -> None:
    """File type, flags and rights: 24 bytes."""
    found = context.get(fd)
    fields = (1, found.filetype), (1, 0), (2, found.flags), (4, 0), (8, found.base), (8, found.inheriting)
    store_bytes(memory, out, pack(*fields))


def fd_fdstat_set_flags(context: WasiContext, fd: int, flags: int) -> None:
    """Switch APPEND and NONBLOCK; the synchronizing flags are fixed at open."""
    found = context.get(fd, FD_FDSTAT_SET_FLAGS)
    changed = flags ^ found.flags
    if changed & ~(APPEND | NONBLOCK):
        fail(INVAL)
    if changed & APPEND and found.file is None:
        _set_append(found, flags & APPEND != 0)
    found.flags = flags
    context.show(fd)


def _set_append(found: Descriptor, append: bool) -> None:
    if not found.owned or found.fd < 0 or found.filetype == DIRECTORY:
        fail(NOTSUP)  # the host's open file is shared with others, or none
    import fcntl

    host = fcntl.fcntl(found.fd, fcntl.F_GETFL)
    fcntl.fcntl(found.fd, fcntl.F_SETFL, host | os.O_APPEND if append else host & ~os.O_APPEND)


def fd_fdstat_set_rights(context: WasiContext, fd: int, base: int, inheriting: int) -> None:
    """Give up rights; there is no way to more."""
    found = context.get(fd)
    if base & ~found.base or inheriting & ~found.inheriting:
        fail(NOTCAPABLE)
    found.base = base
    found.inheriting = inheriting
    context.show(fd)


def fd_filestat_get(context: WasiContext, memory: memoryview, fd: int, out: int) -> None:
    """Identity, type, size and times of an open file."""
    found = context.get(fd, FD_FILESTAT_GET)
    check(memory, out, FILESTAT_SIZE)
    from wasm_wasi_p1.filestat import pack_filestat

    store_bytes(memory, out, pack_filestat(found.status(), found.filetype))


def fd_filestat_set_times(context: WasiContext, fd: int, atim: int, mtim: int, flags: int) -> None:
    """Set the times of an open file."""
    found = context.get(fd, FD_FILESTAT_SET_TIMES)
    from wasm_wasi_common.files import set_times
    from wasm_wasi_p1.filestat import times

    set_times(context, found, *times(atim, mtim, flags))


def fd_prestat_get(context: WasiContext, memory: memoryview, fd: int, out: int) -> None:
    """Tag 0, "directory", and the length of a preopen's name. BADF ends a C library's search for preopens."""
    name = context.get(fd).name
    if name is None:
        fail(BADF)
    store_bytes(memory, out, pack((4, 0), (4, len(name))))


def fd_prestat_dir_name(context: WasiContext, memory: memoryview, fd: int, pointer: int, size: int) -> None:
    """The guest's name of a preopen."""
    name = context.get(fd).name
    if name is None:
        fail(NOTDIR)
    check(memory, pointer, size)
    if len(name) > size:
        fail(NAMETOOLONG)
    store_bytes(memory, pointer, name)


def fd_readdir(
    context: WasiContext, memory: memoryview, fd: int, pointer: int, size: int, cookie: int, out: int
) -> None:
    """Fill the buffer with entries from `cookie` on; a part of one at the end means that there is more."""
    found = context.directory(fd, FD_READDIR)
    target = view(memory, pointer, size)
    check(memory, out, 4)
    if found.listing is None:
        from wasm_wasi_p1.readdir import Listing

        assert found.directory is not None
        found.listing = Listing(found.directory, context)
    store(memory, out, 4, found.listing.fill(target, cookie))
