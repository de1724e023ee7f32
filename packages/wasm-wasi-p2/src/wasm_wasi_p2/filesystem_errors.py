"""Error codes of `wasi:filesystem`: one table, and the one place where a failure of the host's becomes an err."""

from __future__ import annotations

import errno
from functools import wraps

from wasm_environ.errors import Err
from wasm_wasi_common.errors import errno_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from wasm_wasi_p2.errors import Error
    from wasm_wasi_p2.guest import Guest

    F = TypeVar("F", bound=Callable[..., Any])

# error-code, the host's errno; in WIT's order. What is not here is "io".
ERROR_CODES = (
    ("access",                errno.EACCES),
    ("would-block",           errno.EAGAIN),
    ("already",               errno.EALREADY),
    ("bad-descriptor",        errno.EBADF),
    ("busy",                  errno.EBUSY),
    ("deadlock",              errno.EDEADLK),
    ("quota",                 errno.EDQUOT),
    ("exist",                 errno.EEXIST),
    ("file-too-large",        errno.EFBIG),
    ("illegal-byte-sequence", errno.EILSEQ),
    ("in-progress",           errno.EINPROGRESS),
    ("interrupted",           errno.EINTR),
    ("invalid",               errno.EINVAL),
    ("io",                    errno.EIO),
    ("is-directory",          errno.EISDIR),
    ("loop",                  errno.ELOOP),
    ("too-many-links",        errno.EMLINK),
    ("message-size",          errno.EMSGSIZE),
    ("name-too-long",         errno.ENAMETOOLONG),
    ("no-device",             errno.ENODEV),
    ("no-entry",              errno.ENOENT),
    ("no-lock",               errno.ENOLCK),
    ("insufficient-memory",   errno.ENOMEM),
    ("insufficient-space",    errno.ENOSPC),
    ("not-directory",         errno.ENOTDIR),
    ("not-empty",             errno.ENOTEMPTY),
    ("not-recoverable",       errno.ENOTRECOVERABLE),
    ("unsupported",           errno.ENOTSUP),
    ("unsupported",           errno.ENOSYS),
    ("no-tty",                errno.ENOTTY),
    ("no-such-device",        errno.ENXIO),
    ("overflow",              errno.EOVERFLOW),
    ("not-permitted",         errno.EPERM),
    ("pipe",                  errno.EPIPE),
    ("read-only",             errno.EROFS),
    ("invalid-seek",          errno.ESPIPE),
    ("text-file-busy",        errno.ETXTBSY),
    ("cross-device",          errno.EXDEV),
)  # fmt: skip

_BY_ERRNO = {number: code for code, number in ERROR_CODES}


def code_of(error: OSError) -> str:
    """The error-code of a host's error."""
    return _BY_ERRNO.get(errno_of(error), "io")


def failing(function: F) -> F:
    """A function of the interface, of a result: what the host cannot do is its err."""

    @wraps(function)
    def call(*args: Any) -> Any:
        try:
            return function(*args)
        except OSError as error:
            raise Err(code_of(error)) from None
        except OverflowError:  # a number that the host's call has no room for
            raise Err("invalid") from None
        except MemoryError:
            raise Err("insufficient-memory") from None

    return call  # type: ignore[return-value]


def filesystem_error_code(guest: Guest, error: Error) -> str | None:
    """What the error of a stream means for a file; None: it is none of a file."""
    found = error.os_error
    return None if found is None else code_of(found)
