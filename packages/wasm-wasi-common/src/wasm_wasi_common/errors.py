"""The errno of an OSError that was raised without one, as Python code does: by its class."""

from __future__ import annotations

import errno
from io import UnsupportedOperation

CLASSES = (
    (FileNotFoundError, errno.ENOENT),
    (FileExistsError, errno.EEXIST),
    (NotADirectoryError, errno.ENOTDIR),
    (IsADirectoryError, errno.EISDIR),
    (PermissionError, errno.EACCES),
    (BlockingIOError, errno.EAGAIN),
    (BrokenPipeError, errno.EPIPE),
    (ConnectionResetError, errno.ECONNRESET),
    (ConnectionRefusedError, errno.ECONNREFUSED),
    (TimeoutError, errno.ETIMEDOUT),
    (UnsupportedOperation, errno.ENOTSUP),
)


def errno_of(error: OSError) -> int:
    """The error's own number, or its class's; else EIO."""
    if error.errno is not None:
        return error.errno
    return next((code for kind, code in CLASSES if isinstance(error, kind)), errno.EIO)
