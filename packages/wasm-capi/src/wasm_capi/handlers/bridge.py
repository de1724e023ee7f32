"""Between handles of C and objects of Python; and what makes a function a handler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from wasm_capi_python import ffi as ffi
from wasm_capi_python import lib as lib

from wasm_vm._core import object_at as object_at

_F = TypeVar("_F", bound=Callable[..., Any])

NULL = ffi.NULL
# Kinds of handles, in the order of handle.h.
(NONE, CONFIG, ENGINE, STORE, MODULE, SHARED_MODULE, FUNC, GLOBAL, TABLE, MEMORY, INSTANCE, FOREIGN, TRAP, FRAME, VALTYPE, FUNCTYPE, GLOBALTYPE, TABLETYPE,
 MEMORYTYPE, TAGTYPE, IMPORTTYPE, EXPORTTYPE, ERROR, CONTEXT, LINKER, INSTANCE_PRE, WASI, SHAREDMEMORY, WASMTIME_MODULE, POOLING) = range(30)  # fmt: skip


def handler(function: _F) -> _F:
    """What C calls by this name. An exception is no result: NULL, false or nothing."""
    define(function.__name__, function)
    return function


def define(name: str, function: Callable[..., Any]) -> None:
    """The same by a name."""
    ffi.def_extern(name=f"py_{name}", onerror=_failed)(function)


def fallible(function: _F) -> _F:
    """A handler of a function whose result is an error, or NULL: what is raised is that error."""

    def call(*args: Any) -> Any:
        try:
            function(*args)
        except Exception as error:
            return new(ERROR, error)
        return NULL

    ffi.def_extern(name=f"py_{function.__name__}")(call)
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


def new(kind: int, value: object) -> Any:
    """A handle of an object."""
    return lib.capi_handle_of(kind, id(value))


def new_extern(value: object) -> Any:
    """A handle of an extern. Like `new` it holds the object until the handle does."""
    return lib.capi_extern(id(value))


def text_of(data: Any, size: int) -> str:
    """A string of C's."""
    return bytes(ffi.buffer(data, size)).decode() if size else ""


def bytes_of(vec: Any) -> bytes:
    """What a vector of bytes holds."""
    return bytes(ffi.buffer(vec.data, vec.size)) if vec.size else b""


def give_bytes(out: Any, value: bytes) -> None:
    """Fill a vector of C's."""
    lib.wasm_byte_vec_new(out, len(value), value)
