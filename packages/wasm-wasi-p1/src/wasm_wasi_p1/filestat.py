"""The filestat structure in both of its forms, and the times a guest sets."""

from __future__ import annotations

import stat

from wasm_wasi_common.descriptor import FILE_TYPES, NOW
from wasm_wasi_p1.abi import INVAL, SET_ATIM, SET_ATIM_NOW, SET_MTIM, SET_MTIM_NOW, UNKNOWN, fail, pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_wasi_common.filesystem import Status


def pack_filestat(status: Status | None, filetype: int | None = None) -> bytes:
    """Preview 1, 64 bytes: dev ino filetype nlink size atim mtim ctim. Zeros for what is no host file."""
    dev, ino, kind, nlink, size, atim, mtim, ctim = _fields(status, filetype)
    return pack((8, dev), (8, ino), (8, kind), (8, nlink), (8, size), (8, atim), (8, mtim), (8, ctim))


def pack_filestat_unstable(status: Status | None, filetype: int | None = None) -> bytes:
    """Preview 0, 56 bytes: nlink is a u32 beside the file type."""
    dev, ino, kind, nlink, size, atim, mtim, ctim = _fields(status, filetype)
    return pack((8, dev), (8, ino), (4, kind), (4, nlink), (8, size), (8, atim), (8, mtim), (8, ctim))


def _fields(status: Status | None, filetype: int | None) -> tuple[int, ...]:
    if status is None:
        return 0, 0, UNKNOWN if filetype is None else filetype, 0, 0, 0, 0, 0
    kind = FILE_TYPES.get(stat.S_IFMT(status.st_mode), UNKNOWN) if filetype is None else filetype
    return (status.st_dev, status.st_ino, kind, status.st_nlink, status.st_size,
            status.st_atime_ns, status.st_mtime_ns, status.st_ctime_ns)  # fmt: skip


def times(atim: int, mtim: int, flags: int) -> tuple[int | None, int | None]:
    """What fstflags say about both times: a number of ns, NOW, or None for one that stays. INVAL for a time that is to be both given and now."""
    if flags >= 16 or flags & 3 == 3 or flags & 12 == 12:
        fail(INVAL)
    access = atim if flags & SET_ATIM else NOW if flags & SET_ATIM_NOW else None
    change = mtim if flags & SET_MTIM else NOW if flags & SET_MTIM_NOW else None
    return access, change
