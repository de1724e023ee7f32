"""Functions of WASI 0.2 as somebody else's: called by name, with their errs as OSErrors. What preview 1 programs as components stand on."""

from __future__ import annotations

import errno
from functools import wraps

from wasm_environ.errors import Err
from wasm_wasi_p2.filesystem_errors import ERROR_CODES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeVar

    F = TypeVar("F", bound=Callable[..., Any])
    # interface without `wasi:` and version -> function as in WIT -> what it is, called without a store: returns an ok's payload, raises `Err` for an err
    Functions = Mapping[str, Mapping[str, Callable[..., Any]]]

# error-code of the filesystem -> the host's errno
ERRNO = dict(reversed(ERROR_CODES))


def asking(function: F) -> F:
    """A function that calls ones of the filesystem: their errs are OSErrors."""

    @wraps(function)
    def call(*args: Any) -> Any:
        try:
            return function(*args)
        except Err as error:
            raise OSError(ERRNO.get(error.payload, errno.EIO), f"wasi:filesystem says {error.payload}") from None

    return call  # type: ignore[return-value]


def field(record: Any, name: str) -> Any:
    """A field of a record, however its maker made it."""
    return record[name] if isinstance(record, dict) else getattr(record, name.replace("-", "_"))


def tag_of(value: Any) -> str:
    """The case of a variant without payload, or with one."""
    found: str = value if isinstance(value, str) else value.tag
    return found
