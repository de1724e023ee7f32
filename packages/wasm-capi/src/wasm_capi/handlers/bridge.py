"""Between handles of C and objects of Python; and what makes a function a handler.

Handlers are imported when the library starts, so none of them imports what only some calls need: neither `typing` nor the facade's parts, which
`facade.Linker` and the like import when they are asked for first.
"""

from __future__ import annotations

from wasm_capi_python import ffi as ffi
from wasm_capi_python import lib as lib

import wasm_facade as facade
from wasm_capi.kinds import NUMBERS
from wasm_vm._core import object_at as object_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    _F = TypeVar("_F", bound=Callable[..., Any])

NULL = ffi.NULL
__all__ = ["NULL", "facade", "ffi", "lib", "object_at"]


def handler(function: _F) -> _F:
    """What C calls by this name. An exception is no result: NULL, false or nothing."""
    define(function.__name__, function)
    return function


defined: list[str] = []  # what there is a handler for


def define(name: str, function: Callable[..., Any], failed: Any = None) -> None:
    """The same by a name. `failed`: the result of an exception, if it is another one."""
    defined.append(name)
    ffi.def_extern(name=f"py_{name}", error=failed, onerror=_failed)(function)


def fallible(function: _F) -> _F:
    """A handler of a function whose result is an error, or NULL: what is raised is that error."""

    def call(*args: Any) -> Any:
        try:
            function(*args)
        except BaseException as error:  # none may pass for NULL, which is no error
            return lib.capi_error_of(id(error))
        return NULL

    define(function.__name__, call, lib.capi_no_memory())
    return function


def _failed(kind: type[BaseException], error: BaseException, traceback: object) -> None:
    """An exception in a handler of a function that has no way to tell: the result says that it failed."""
    if reporting:
        import sys

        print(f"wasm_capi: {kind.__name__}: {error}", file=sys.stderr)


def _reporting() -> bool:
    import os

    return os.environ.get("WASM_CAPI_LOG", "0") not in ("", "0")


reporting = _reporting()


def object_of(handle: Any) -> Any:
    """The Python object of a handle."""
    return object_at(lib.capi_object(handle))


def new(type: str, value: object) -> Any:
    """A handle of an object, of the type that C calls so."""
    return ffi.cast(f"{type} *", made(lib.capi_handle_of(NUMBERS[type], id(value))))


def new_extern(value: object) -> Any:
    """A handle of an extern. Like `new` it holds the object until the handle does."""
    return made(lib.capi_extern(id(value)))


def made(handle: Any) -> Any:
    """What C made, unless it had no memory."""
    if not handle:
        raise MemoryError
    return handle


def give(value: object, out: Any) -> None:
    """A new reference for C."""
    lib.capi_keep(id(value))
    out[0] = id(value)


def taken(address: int) -> Any:
    """The object of a reference that is given up; None of 0."""
    if not address:
        return None
    found = object_at(address)
    lib.capi_drop(address)
    return found


class Owned:
    """Data of C's that Python holds, with what is called with it at its end."""

    __slots__ = ("data", "finalizer")

    def __init__(self, data: Any, finalizer: Any) -> None:
        self.data = data
        self.finalizer = finalizer

    def __del__(self) -> None:
        if self.finalizer:
            self.finalizer(self.data)


def text_of(data: Any, size: int) -> str:
    """A string of C's."""
    return bytes(ffi.buffer(data, size)).decode() if size else ""


def bytes_of(vec: Any) -> bytes:
    """What a vector of bytes holds."""
    return bytes(ffi.buffer(vec.data, vec.size)) if vec.size else b""


def give_bytes(out: Any, value: bytes) -> None:
    """Fill a vector of C's."""
    lib.wasm_byte_vec_new(out, len(value), value)
    if out.size != len(value):
        raise MemoryError
