"""wasi:cli/stdin, stdout, stderr and terminals: streams over what the configuration names: fds of the host's, files, Python objects."""

from __future__ import annotations

import errno
import os
from os import write

from wasm_environ.host import AT_OWN_OFFSET, MAY_READ, MAY_WRITE
from wasm_wasi_common.descriptor import CHARACTER_DEVICE, REGULAR_FILE
from wasm_wasi_common.transfer import PIPE_ROOM, read_now, read_object, write_from
from wasm_wasi_p2.streams import PIECE, InputStream, OutputStream, Place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_wasi_common.descriptor import Descriptor
    from wasm_wasi_p2.guest import Guest

# events of poll(2), the same on every Linux
POLLIN, POLLOUT, POLLERR, POLLNVAL = 1, 4, 8, 32


class DescriptorSource:
    """What is read of a `Descriptor` at its own offset, which stays whoever's it is. Files and Python objects are always ready: one cannot tell."""

    __slots__ = ("found", "guest", "place")
    by_fd = True

    def __init__(self, guest: Guest, found: Descriptor) -> None:
        self.guest = guest
        self.found = found
        self.place = Place(found, MAY_READ, AT_OWN_OFFSET) if found.filetype == REGULAR_FILE and found.read is None else None

    def read(self, size: int) -> bytes:
        """As `Source`."""
        found = self.found
        if found.read is not None:
            data = read_object(self.guest, found, size)
        elif found.filetype == REGULAR_FILE:
            data = os.read(found.fd, size)
        else:
            if not self.ready():
                return b""
            try:
                data = read_now(self.guest, found.fd, size)
            except BlockingIOError:  # somebody else has taken it
                return b""
        if not data:
            raise EOFError
        return data

    def ready(self) -> bool:
        """As `Waitable`."""
        fd, events = self.wants()
        return fd < 0 or events_on(fd, events) != 0

    def wants(self) -> tuple[int, int]:
        """As `Waitable`."""
        return (-1, 0) if self.found.read is not None or self.found.filetype == REGULAR_FILE else (self.found.fd, POLLIN)

    def deadline(self) -> None:
        """As `Waitable`."""

    def close(self) -> None:
        """As `Source`."""


class DescriptorSink:
    """What is written to a `Descriptor`. Files and Python objects have always room; what may make one wait takes as much as it surely takes at once."""

    __slots__ = ("always", "found", "guest", "place", "steady")
    by_fd = True

    def __init__(self, guest: Guest, found: Descriptor) -> None:
        self.guest = guest
        self.found = found
        self.always = found.write is not None or found.filetype == REGULAR_FILE
        self.steady = PIECE if self.always else 0
        direct = found.filetype == REGULAR_FILE and found.write is None and found.before is None
        self.place = Place(found, MAY_WRITE, AT_OWN_OFFSET) if direct else None

    def room(self) -> int:
        """As `Sink`."""
        if self.always:
            return PIECE
        told = events_on(self.found.fd, POLLOUT)
        if told & POLLNVAL:
            raise OSError(errno.EBADF, "the file is closed")
        if told & POLLERR:
            raise BrokenPipeError(errno.EPIPE, "nobody reads it any more")
        return PIPE_ROOM if told else 0

    def write(self, data: bytes) -> None:
        """As `Sink`."""
        if self.place is not None:  # nearly always in one step
            try:
                done = write(self.found.fd, data)
            except BlockingIOError:  # some file systems' files can, made non-blocking by whoever shares them
                done = 0
            if done == len(data):
                return
            data = data[done:]
        self._write_all(self.found, data)

    def _write_all(self, found: Descriptor, data: bytes) -> None:
        if found.quick and found.write is not None:
            found.write(data)
            return
        part = memoryview(data)
        while part:
            done = write_from(self.guest, found, [part])
            if not done:
                raise OSError(errno.EIO, "the output takes nothing")
            part = part[done:]

    def flush(self) -> None:
        """As `Sink`."""

    def flushed(self) -> bool:
        """As `Sink`."""
        return True

    def ready(self) -> bool:
        """As `Waitable`."""
        return self.always or events_on(self.found.fd, POLLOUT) != 0

    def wants(self) -> tuple[int, int]:
        """As `Waitable`."""
        return (-1, 0) if self.always else (self.found.fd, POLLOUT)

    def deadline(self) -> None:
        """As `Waitable`."""

    def close(self) -> None:
        """As `Sink`."""


class TerminalInput:
    """The resource `terminal-input`: that stdin is one."""

    __slots__ = ()


class TerminalOutput:
    """The resource `terminal-output`."""

    __slots__ = ()


def events_on(fd: int, events: int) -> int:
    """Which of these events of poll(2) there are now, or what is wrong."""
    import select

    poller = select.poll()
    poller.register(fd, events)
    told = poller.poll(0)
    return told[0][1] if told else 0


def get_stdin(guest: Guest) -> InputStream:
    """A stream of what is left of stdin."""
    return InputStream(guest, DescriptorSource(guest, guest.opened.stdio[0]))


def get_stdout(guest: Guest) -> OutputStream:
    """A stream to stdout."""
    return OutputStream(guest, DescriptorSink(guest, guest.opened.stdio[1]))


def get_stderr(guest: Guest) -> OutputStream:
    """A stream to stderr."""
    return OutputStream(guest, DescriptorSink(guest, guest.opened.stdio[2]))


def get_terminal_stdin(guest: Guest) -> TerminalInput | None:
    """Whether stdin is a terminal."""
    return TerminalInput() if _is_terminal(guest.opened.stdio[0]) else None


def get_terminal_stdout(guest: Guest) -> TerminalOutput | None:
    """Whether stdout is a terminal."""
    return TerminalOutput() if _is_terminal(guest.opened.stdio[1]) else None


def get_terminal_stderr(guest: Guest) -> TerminalOutput | None:
    """Whether stderr is a terminal."""
    return TerminalOutput() if _is_terminal(guest.opened.stdio[2]) else None


def _is_terminal(found: Descriptor) -> bool:
    return found.filetype == CHARACTER_DEVICE and found.fd >= 0 and os.isatty(found.fd)
