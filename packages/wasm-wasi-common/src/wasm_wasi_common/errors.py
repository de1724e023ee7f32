"""Errors of the host's: the errno of one that was raised without it, as Python code does: by its class; and those that are raised more than once."""

from __future__ import annotations

import errno
from io import UnsupportedOperation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    E = TypeVar("E", bound=BaseException)

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


def again(error: E) -> E:
    """An error that was kept, to be raised: each time would make its traceback longer, for as long as a guest asks."""
    return error.with_traceback(None)
