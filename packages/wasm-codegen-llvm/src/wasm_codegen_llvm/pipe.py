"""Messages between the compiler and its worker processes: marshalled tuples with a length in front, over pipes.

A worker says ("ready", None) when LLVM is loaded. A request is (method of `worker.Service`, arguments), its reply ("done", result) or
("error", `error_to_plain`).
"""

from __future__ import annotations

import marshal
import os
import struct
from typing import Any, Final

from wasm_environ import compile_errors as errors
from wasm_environ.compiler import CompiledCode

LENGTH: Final = struct.Struct("<Q")
# The exceptions that a body may raise, by name.
ERRORS: Final = {cls.__name__: cls for cls in (errors.MalformedError, errors.InvalidError, errors.UnsupportedError)}


def send(descriptor: int, message: Any) -> None:
    """Write one message. BrokenPipeError when the other side is gone."""
    data = marshal.dumps(message, 4)
    rest = memoryview(LENGTH.pack(len(data)) + data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def receive(descriptor: int) -> Any:
    """Read one message; EOFError when the other side is gone."""
    (size,) = LENGTH.unpack(_exactly(descriptor, LENGTH.size))
    return marshal.loads(_exactly(descriptor, size))


def _exactly(descriptor: int, size: int) -> bytearray:
    data = bytearray(size)
    rest = memoryview(data)
    while rest:
        count = os.readv(descriptor, [rest])
        if not count:
            raise EOFError
        rest = rest[count:]
    return data


def code_to_plain(code: CompiledCode) -> tuple[Any, ...]:
    """CompiledCode as marshal can write it."""
    return (
        code.text, list(code.symbols), list(code.relocations), code.rodata, code.rodata_align, list(code.traps), list(code.addresses), list(code.failed),
        list(code.frames), list(code.handlers),
    )  # fmt: skip


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
