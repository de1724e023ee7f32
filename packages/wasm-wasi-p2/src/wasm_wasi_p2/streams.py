"""Streams (`wasi:io/streams`): their rules, written once over small sources and sinks of bytes."""

from __future__ import annotations

from wasm_environ.errors import Err
from wasm_environ.host import MOST_AT_ONCE, MOST_TO_FLUSH, STREAM_FILE, STREAM_OFFSET
from wasm_wasi_p2.errors import Error, trap
from wasm_wasi_p2.poll import Pollable, wait
from wasm_wasi_p2.values import Case

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from wasm_wasi_common.descriptor import Descriptor
    from wasm_wasi_p2.guest import Guest
    from wasm_wasi_p2.poll import Waitable

    class Source(Waitable, Protocol):
        """Where an input stream's bytes come from. Ready: `read` has something to tell. With an attribute `place` it is a regular file, see `Place`."""

        def read(self, size: int) -> bytes:
            """At most `size` bytes, which is not 0, without waiting; b"": nothing yet. Raises EOFError at the end, OSError for failures."""
            ...

        def close(self) -> None:
            """Nobody will read any more. Idempotent."""
            ...

    class Sink(Waitable, Protocol):
        """Where an output stream's bytes go. Ready: there is room, and what was to be flushed is. With an attribute `place` it is a regular file, which
        always has room for a piece and keeps nothing back."""

        def room(self) -> int:
            """How many bytes `write` takes now; with an attribute `steady`, always so many. Raises BrokenPipeError when nobody will read them, OSError for
            failures of what was written before."""
            ...

        def write(self, data: bytes) -> None:
            """Take that many bytes, for which there was room. Raises OSError."""
            ...

        def flush(self) -> None:
            """Begin to bring what was written to where it goes, without waiting."""
            ...

        def flushed(self) -> bool:
            """Whether it is there. Raises OSError."""
            ...

        # `at_once(data) -> bool`, if it has that: write and flush all of it, where neither fails nor has to be waited for; False: nothing was done.

        def close(self) -> None:
            """Nobody will write any more. Idempotent."""
            ...


# What one call moves at most.
PIECE = MOST_AT_ONCE


class Place:
    """Where in a regular file of the host's a stream is: the runtime reads and writes there without Python, and moves the offset (`wasm_environ.host`).

    The rules of this module hold in both ways. `found` is open for as long as the stream is not closed, or takes itself out of `row`.
    """

    __slots__ = ("found", "row")

    def __init__(self, found: Descriptor, may: int, offset: int) -> None:
        self.found = found
        self.row = memoryview(bytearray(16)).cast("q")
        self.row[STREAM_OFFSET] = offset
        if found.fd >= 0:
            found.show(self.row, STREAM_FILE, found.fd << 8 | may)

    def leave(self) -> None:
        """The stream is closed."""
        self.found.hide(self.row, STREAM_FILE)


class Stream:
    """What both directions share: after a failure, of which the guest is told once, and after the end a stream is closed. `plain`: the row of its `Place`;
    `by_fd`: see `Waitable.wants`."""

    __slots__ = ("_place", "by_fd", "closed", "guest", "plain")
    closed: bool
    guest: Guest

    def __init__(self, guest: Guest, of: Source | Sink) -> None:
        self.closed = False
        self.guest = guest
        self.by_fd: bool = getattr(of, "by_fd", False)
        self._place: Place | None = getattr(of, "place", None)
        self.plain = None if self._place is None else self._place.row

    def shut(self) -> None:
        """The stream is closed from here on."""
        self.closed = True
        if self._place is not None:
            self._place.leave()

    def fail(self, error: OSError) -> Err:
        """The err for a failure; the stream is closed from here on."""
        self.shut()
        return Err(Case("last-operation-failed", Error(str(error), error.with_traceback(None))))  # which would hold the stream

    def end(self) -> Err:
        """The err for a stream that is closed."""
        self.shut()
        return Err(Case("closed"))


class InputStream(Stream):
    """The resource `input-stream`, over a `Source`."""

    __slots__ = ("source",)

    def __init__(self, guest: Guest, source: Source) -> None:
        super().__init__(guest, source)
        self.source = source

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none if there are none yet."""
        if self.closed:
            raise self.end()
        if not size:
            return b""
        try:
            return self.source.read(size if size < PIECE else PIECE)
        except EOFError:
            raise self.end() from None
        except OSError as error:
            raise self.fail(error) from None

    def blocking_read(self, size: int) -> bytes:
        """At most `size` bytes, at least one if `size` is not 0."""
        if not size:
            wait(self.guest, (self,))
            return self.read(0)
        while True:
            data = self.read(size)
            if data:
                return data
            wait(self.guest, (self,))

    def skip(self, size: int) -> int:
        """Read and forget; how many bytes."""
        return len(self.read(size))

    def blocking_skip(self, size: int) -> int:
        """Read and forget; how many bytes, at least one if `size` is not 0."""
        return len(self.blocking_read(size))

    def subscribe(self) -> Pollable:
        """Ready when `read` has something to tell."""
        return Pollable(self.guest, self)

    def ready(self) -> bool:
        """As `Waitable`."""
        return self.closed or self.source.ready()

    def wants(self) -> tuple[int, int]:
        """As `Waitable`."""
        return (-1, 0) if self.closed else self.source.wants()

    def deadline(self) -> int | None:
        """As `Waitable`."""
        return None if self.closed else self.source.deadline()

    def close(self) -> None:
        """The guest dropped it."""
        self.shut()
        self.source.close()

    def __del__(self) -> None:
        if hasattr(self, "source"):
            self.close()


class OutputStream(Stream):
    """The resource `output-stream`, over a `Sink`. `permit`: what `check-write` has promised; `flushing`: until that is done, nothing may be written."""

    __slots__ = ("_at_once", "_put", "flushing", "permit", "sink", "steady")

    def __init__(self, guest: Guest, sink: Sink) -> None:
        super().__init__(guest, sink)
        self.sink = sink
        self.permit = 0
        self.flushing = False
        self.steady: int = min(getattr(sink, "steady", 0), PIECE)
        self._put = sink.write
        self._at_once: Callable[[bytes], bool] | None = getattr(sink, "at_once", None)

    def check_write(self) -> int:
        """How many bytes the next `write` may have."""
        if self.steady and not self.flushing and not self.closed:
            self.permit = self.steady
            return self.steady
        if self.closed:
            raise self.end()
        try:
            if self.flushing:
                if not self.sink.flushed():
                    return 0
                self.flushing = False
            room = self.sink.room()
        except BrokenPipeError:
            raise self.end() from None
        except OSError as error:
            raise self.fail(error) from None
        self.permit = room if room < PIECE else PIECE
        return self.permit

    def write(self, data: bytes) -> None:
        """Write as much as was permitted, or less."""
        size = len(data)
        if size > self.permit or self.closed:
            self._ask_permission(size)
        self.permit -= size
        if size:
            try:
                self._put(data)
            except OSError as error:
                raise self.fail(error) from None

    def _ask_permission(self, size: int) -> None:
        """A guest that has not asked is let off if there is room: wasmtime does so with some streams."""
        if size > self.check_write():
            trap(f"write of {size} bytes to an output-stream, where check-write permits {self.permit}")

    def write_zeroes(self, size: int) -> None:
        """`write` of so many zeros."""
        if size > self.permit:
            self._ask_permission(size)
        self.write(bytes(size))

    def blocking_write_and_flush(self, data: bytes) -> None:
        """Write and flush all of it."""
        if len(data) > MOST_TO_FLUSH:
            trap(f"Buffer too large for blocking-write-and-flush (expected at most {MOST_TO_FLUSH})")
        if self._at_once is not None and not self.flushing and not self.closed and self._at_once(data):
            self.permit = 0
            return
        while True:
            permit = self._wait_for_permit()
            self.write(data[:permit])
            data = data[permit:]
            if not data:
                break
        self.blocking_flush()

    def blocking_write_zeroes_and_flush(self, size: int) -> None:
        """The same with so many zeros."""
        if size > MOST_TO_FLUSH:
            trap(f"Buffer too large for blocking-write-zeroes-and-flush (expected at most {MOST_TO_FLUSH})")
        self.blocking_write_and_flush(bytes(size))

    def flush(self) -> None:
        """Begin to bring what was written to where it goes."""
        if self.closed:
            raise self.end()
        try:
            self.sink.flush()
        except OSError as error:
            raise self.fail(error) from None
        self.flushing = True
        self.permit = 0

    def blocking_flush(self) -> None:
        """Bring it there."""
        self.flush()
        while True:
            try:
                if self.sink.flushed():
                    break
            except OSError as error:
                raise self.fail(error) from None
            wait(self.guest, (self,))
        self.flushing = False

    def splice(self, source: InputStream, size: int) -> int:
        """Read from there what may be written here; how many bytes."""
        data = source.read(min(self.check_write(), size))
        self.write(data)
        return len(data)

    def blocking_splice(self, source: InputStream, size: int) -> int:
        """The same, once this stream has room and that one something to tell."""
        self._wait_for_permit()
        wait(self.guest, (source,))
        return self.splice(source, size)

    def _wait_for_permit(self) -> int:
        while True:
            permit = self.check_write()
            if permit:
                return permit
            wait(self.guest, (self,))

    def subscribe(self) -> Pollable:
        """Ready when `check-write` has something to tell."""
        return Pollable(self.guest, self)

    def ready(self) -> bool:
        """As `Waitable`."""
        return self.closed or self.sink.ready()

    def wants(self) -> tuple[int, int]:
        """As `Waitable`."""
        return (-1, 0) if self.closed else self.sink.wants()

    def deadline(self) -> int | None:
        """As `Waitable`."""
        return None if self.closed else self.sink.deadline()

    def close(self) -> None:
        """The guest dropped it."""
        self.shut()
        self.sink.close()

    def __del__(self) -> None:
        if hasattr(self, "sink"):
            self.close()
