"""Data of open files at offsets given, as bytes: for versions of WASI whose functions have no buffers in a guest's memory."""

from __future__ import annotations

import errno
import os

from wasm_wasi_common.descriptor import PIECE
from wasm_wasi_common.transfer import MAX_OFFSET

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_wasi_common.descriptor import Descriptor


def read_bytes(found: Descriptor, size: int, offset: int) -> bytes:
    """At most `size` bytes, and at most PIECE; none only at the end, or for a size of 0."""
    if not found.reads:
        raise OSError(errno.EBADF, "a file that was not opened to be read")
    size = min(size, PIECE)
    if offset > MAX_OFFSET:
        raise OSError(errno.EINVAL, "beyond the greatest offset")
    file = found.file
    if file is None:
        return os.pread(found.fd, size, offset)
    data = file.read(size, offset) if size else b""
    if len(data) > size:
        raise OSError(errno.EIO, "the file gave more than was asked for")
    return data


def write_bytes(found: Descriptor, data: bytes, offset: int | None) -> int:
    """Write at an offset, None: at the end; returns how many bytes were written."""
    if not found.writes:
        raise OSError(errno.EBADF, "a file that was not opened to be written")
    file = found.file
    if offset is None:
        if file is None:
            return _append(found.fd, data)
        offset = file.status().st_size
    if offset > MAX_OFFSET:
        raise OSError(errno.EINVAL, "beyond the greatest offset")
    if file is None:
        return os.pwrite(found.fd, data, offset)
    if offset + len(data) > MAX_OFFSET:
        raise OSError(errno.EFBIG, "beyond the greatest offset")
    count = file.write(data, offset)
    if not 0 <= count <= len(data):
        raise OSError(errno.EIO, "the file says that it took what it was not given")
    return count


def _append(fd: int, data: bytes) -> int:
    try:
        return os.pwritev(fd, (data,), 0, os.RWF_APPEND)
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP:
            raise
    return os.pwrite(fd, data, os.fstat(fd).st_size)
