"""Messages between the compiler and its worker processes: marshalled tuples with a length in front, over pipes."""

from __future__ import annotations

import marshal
import struct
from typing import TYPE_CHECKING, Any, Final

from wasm_environ import compile_errors as errors
from wasm_environ.compiler import CompiledCode

if TYPE_CHECKING:
    from typing import IO

LENGTH: Final = struct.Struct("<Q")
# The exceptions that a body may raise, by name.
ERRORS: Final = {cls.__name__: cls for cls in (errors.MalformedError, errors.InvalidError, errors.UnsupportedError)}


def send(stream: IO[bytes], message: Any) -> None:
    """Write one message."""
    data = marshal.dumps(message, 4)
    stream.write(LENGTH.pack(len(data)) + data)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """Read one message; EOFError when the other side is gone."""
    size = _exactly(stream, LENGTH.size)
    return marshal.loads(_exactly(stream, LENGTH.unpack(size)[0]))


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise EOFError
    return data


def code_to_plain(code: CompiledCode) -> tuple[Any, ...]:
    """CompiledCode as marshal can write it."""
    return (code.text, list(code.symbols), list(code.relocations), code.rodata, code.rodata_align, list(code.traps), list(code.addresses))


def code_from_plain(plain: tuple[Any, ...]) -> CompiledCode:
    """The inverse of `code_to_plain`."""
    return CompiledCode(*plain)


def error_to_plain(error: errors.CompileError) -> tuple[str, str, int, int]:
    """An exception about the module: class, message, offset, function."""
    return type(error).__name__, error.message, error.offset, getattr(error, "function", -1)


def error_from_plain(plain: tuple[str, str, int, int]) -> errors.CompileError:
    """The inverse of `error_to_plain`."""
    name, message, offset, function = plain
    if name == "InvalidError":
        return errors.InvalidError(message, offset, function)
    return ERRORS[name](message, offset)
