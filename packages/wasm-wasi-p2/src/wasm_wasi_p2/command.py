"""A program of preview 1 as a command of 0.2: what its guest has open, over nothing but functions of 0.2. With `command.wat`, which names them."""

from __future__ import annotations

import errno
import os

from wasm_environ.errors import Err, ExitTrap
from wasm_wasi_common.descriptor import CHARACTER_DEVICE, UNKNOWN, Descriptor
from wasm_wasi_common.opened import Opened
from wasm_wasi_p2.remote import ERRNO, field, tag_of
from wasm_wasi_p2.remote_files import preopened
from wasm_wasi_p2.values import Case

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from wasm_wasi_p2.remote import Functions

SECOND = 1_000_000_000
# What `blocking-write-and-flush` takes.
MOST = 4096


class Remote(Opened):
    """`Opened`, by functions of 0.2: what their guest was given is what this one is given. `drop` lets go of a resource of theirs."""

    __slots__ = ("functions",)

    def __init__(self, functions: Functions, drop: Callable[[Any], object]) -> None:
        self.functions = functions
        environment = functions["cli/environment"]
        self.args = list(environment["get-arguments"]())
        self.env = [(name, value) for name, value in environment["get-environment"]()]
        self.sockets = []
        self.start = 0
        self.clocks = RemoteClocks(functions, drop)
        self.random = functions["random/random"]["get-random-bytes"]
        self.max_fds = max(64, os.sysconf("SC_OPEN_MAX") // 2)  # 0.2 has bounds of its own
        self.ceiling = 1 << 31
        types = {"drop": drop, **{name.rpartition(".")[2]: function for name, function in functions["filesystem/types"].items()}}
        self._stdio = [_stdio(functions, name) for name in ("stdin", "stdout", "stderr")]
        self.preopens = [preopened(types, handle, name) for handle, name in functions["filesystem/preopens"]["get-directories"]()]

    def exit(self, code: int) -> NoReturn:
        """End the guest by `wasi:cli/exit`, which knows success and failure alone; which failure is kept on the way out."""
        try:
            self.functions["cli/exit"]["exit"](Case("err" if code else "ok"))
        except ExitTrap:
            raise ExitTrap(code) from None
        raise ExitTrap(code)


class RemoteClocks:
    """As `clocks.Clocks`. There is no clock of computing: it is the monotonic one."""

    __slots__ = ("_drop", "_functions")

    def __init__(self, functions: Functions, drop: Callable[[Any], object]) -> None:
        self._functions = functions
        self._drop = drop

    def realtime(self) -> int:
        """As `clocks.Clocks`."""
        found = self._functions["clocks/wall-clock"]["now"]()
        ns: int = field(found, "seconds") * SECOND + field(found, "nanoseconds")
        return ns

    def monotonic(self) -> int:
        """As `clocks.Clocks`."""
        found: int = self._functions["clocks/monotonic-clock"]["now"]()
        return found

    cpu = monotonic

    def sleep(self, duration: int) -> None:
        """As `clocks.Clocks`."""
        pollable = self._functions["clocks/monotonic-clock"]["subscribe-duration"](duration)
        self._functions["io/poll"]["[method]pollable.block"](pollable)
        self._drop(pollable)


def _stdio(functions: Functions, name: str) -> Descriptor:
    stream = functions[f"cli/{name}"][f"get-{name}"]()
    terminal = functions[f"cli/terminal-{name}"][f"get-terminal-{name}"]()
    reads = name == "stdin"
    found = Descriptor(-1, UNKNOWN if terminal is None else CHARACTER_DEVICE, reads, not reads, False, False)
    found.quick = True  # what waits is 0.2's function, which ends in time
    if reads:
        found.read = _reader(functions, stream)
    else:
        found.write = _writer(functions, stream)
    return found


def _reader(functions: Functions, stream: Any) -> Callable[[int], bytes]:
    blocking_read = functions["io/streams"]["[method]input-stream.blocking-read"]

    def read(size: int) -> bytes:
        try:
            return bytes(blocking_read(stream, size))
        except Err as error:
            if tag_of(error.payload) == "closed":
                return b""
            raise _failure(functions, error) from None

    return read


def _writer(functions: Functions, stream: Any) -> Callable[[bytes], None]:
    write_and_flush = functions["io/streams"]["[method]output-stream.blocking-write-and-flush"]

    def write(data: bytes) -> None:
        try:
            for start in range(0, len(data), MOST):
                write_and_flush(stream, data[start : start + MOST])
        except Err as error:
            raise _failure(functions, error) from None

    return write


def _failure(functions: Functions, error: Err) -> OSError:
    """What a stream's err is for preview 1."""
    if tag_of(error.payload) == "closed":
        return BrokenPipeError(errno.EPIPE, "the stream is closed")
    found = error.payload.payload
    code = functions["filesystem/types"]["filesystem-error-code"](found)
    return OSError(errno.EIO if code is None else ERRNO[code], functions["io/error"]["[method]error.to-debug-string"](found))
