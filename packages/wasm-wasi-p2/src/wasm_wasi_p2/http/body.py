"""Bodies: what a guest reads, what it writes, and the trailers behind either.

What is under a body differs: a connection of ours (client.py), or a server's request (exchange.py). Both give two objects, in words of types:
`Incoming`, a source of bytes and of trailers, and `Outgoing`, which takes bytes and an end. See streams.py for sources, sinks and waitables.
"""

from __future__ import annotations

import errno

from wasm_environ.errors import Err
from wasm_wasi_p2.http.errors import HttpError, error_code
from wasm_wasi_p2.http.fields import Fields
from wasm_wasi_p2.http.kept import Kept
from wasm_wasi_p2.poll import Pollable
from wasm_wasi_p2.streams import InputStream, OutputStream
from wasm_wasi_p2.values import Case

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from wasm_wasi_p2.guest import Guest

    class Incoming(Protocol):
        """A body that comes in. A source, and:"""

        def read(self, size: int) -> bytes: ...
        def ready(self) -> bool: ...
        def wants(self) -> tuple[int, int]: ...
        def deadline(self) -> int | None: ...
        def close(self) -> None:
            """Nobody reads on."""

        def finish(self) -> bool:
            """Whether the whole of it has come. What is not read yet is thrown away. Raises OSError."""
            ...

        def trailers(self) -> Fields | None:
            """Then: what came behind it."""
            ...

    class Outgoing(Protocol):
        """Where a body goes."""

        def room(self) -> int:
            """How many bytes `send` takes now. Raises OSError when it takes no more at all."""
            ...

        def send(self, data: bytes) -> None:
            """Take them; never waits."""

        def hasten(self) -> None:
            """Do not wait for more before they go out."""

        def flushed(self) -> bool:
            """Whether they have gone out. Raises OSError."""
            ...

        def end(self, trailers: list[tuple[bytes, bytes]]) -> None:
            """That was all of it."""

        def abort(self) -> None:
            """That was not all, and there will not be more: the other side has to notice."""

        def ready(self) -> bool: ...
        def wants(self) -> tuple[int, int]: ...
        def deadline(self) -> int | None: ...


SOME_ERR = Case("some", Case("err"))
NOT_YET = Case("none")
NO_TRAILERS = frozenset((b"content-length", b"te", b"trailer"))  # RFC 9110, 6.5.1; others that frame are no fields of guests at all
HELD = 1 << 16  # bytes that a body takes before it is known where they go


class _Held:
    """What has the incoming side of a message until the guest drops it."""

    __slots__ = ("_incoming",)
    _incoming: Incoming | None

    def close(self) -> None:
        """The guest has dropped it."""
        if self._incoming is not None:
            self._incoming.close()
            self._incoming = None

    def __exit__(self, *exc: object) -> None:
        self.close()


class IncomingBody(_Held):
    """The resource `incoming-body`."""

    __slots__ = ("_guest", "_taken")

    def __init__(self, guest: Guest, incoming: Incoming) -> None:
        self._guest = guest
        self._incoming = incoming
        self._taken = False

    def stream(self) -> InputStream:
        """The bytes, once."""
        if self._taken or self._incoming is None:
            raise Err(None)
        self._taken = True
        return InputStream(self._guest, _Reading(self._incoming))

    @staticmethod
    def finish(guest: Guest, body: IncomingBody) -> FutureTrailers:
        """No more bytes: what comes behind them."""
        incoming, body._incoming = body._incoming, None
        return FutureTrailers(guest, incoming)


class _Reading:
    """The source of a body's stream. Closing the stream leaves the body, whose trailers may be asked for."""

    __slots__ = ("deadline", "read", "ready", "wants")

    def __init__(self, incoming: Incoming) -> None:
        self.read = incoming.read
        self.ready = incoming.ready
        self.wants = incoming.wants
        self.deadline = incoming.deadline

    def close(self) -> None:
        """Nothing: see IncomingBody.close."""


class FutureTrailers(_Held):
    """The resource `future-trailers`."""

    __slots__ = ("_got", "_guest")

    def __init__(self, guest: Guest, incoming: Incoming | None) -> None:
        self._guest = guest
        self._incoming = incoming
        self._got = False

    def subscribe(self) -> Pollable:
        """Ready when `get` gives something."""
        return Pollable(self._guest, self)

    def ready(self) -> bool:
        """As a waitable."""
        try:
            return self._got or self._incoming is None or self._incoming.finish()
        except OSError:
            return True

    def wants(self) -> tuple[int, int]:
        """As a waitable."""
        return (-1, 0) if self._incoming is None or self.ready() else self._incoming.wants()

    def deadline(self) -> int | None:
        """As a waitable."""
        return None if self._incoming is None else self._incoming.deadline()

    def get(self) -> Case:
        """Nothing yet, or once the trailers or an error."""
        if self._got:
            return SOME_ERR
        try:
            if self._incoming is None:
                raise HttpError("internal-error", "the body was dropped")
            if not self._incoming.finish():
                return NOT_YET
            found = Case("ok", self._incoming.trailers())
        except OSError as error:
            found = Case("err", error_code(error))
        self._got = True
        self.close()
        return Case("some", Case("ok", found))


class OutgoingBody:
    """The resource `outgoing-body`. A guest may write, and finish, before the message is sent: that much is held here until it is `attach`ed."""

    __slots__ = ("_guest", "_held", "_kept", "_response", "_taken", "ended", "expected", "outgoing", "written")

    def __init__(self, guest: Guest, expected: int | None, response: bool) -> None:
        self._guest = guest
        self._response = response
        self._taken = False
        self._held = b""
        self._kept = Kept(guest.http)
        self.expected = expected
        self.written = 0
        self.ended: list[tuple[bytes, bytes]] | bool = False  # its trailers; True: it was dropped unfinished
        self.outgoing: Outgoing | None = None

    def write(self) -> OutputStream:
        """Where the bytes go, once."""
        if self._taken:
            raise Err(None)
        self._taken = True
        return OutputStream(self._guest, _Writing(self))

    @staticmethod
    def finish(guest: Guest, body: OutgoingBody, trailers: Fields | None) -> None:
        """That was all of it."""
        if body.expected is not None and body.written != body.expected:
            body.drop()
            raise Err(body.wrong_size().code)
        rows = [] if trailers is None else trailers.raw()
        if any(name.lower() in NO_TRAILERS for name, _ in rows):
            body.drop()
            raise Err(HttpError("HTTP-protocol-error", message="content-length, te and trailer are no trailers").code)
        if body.ended is False:
            body.ended = rows
            if body.outgoing is not None:
                body.outgoing.end(body.ended)

    def wrong_size(self) -> HttpError:
        """More or less than `content-length` says."""
        return HttpError("HTTP-response-body-size" if self._response else "HTTP-request-body-size", self.written)

    def attach(self, outgoing: Outgoing) -> None:
        """The message is sent: so what was written so far goes there, and all that follows."""
        self.outgoing = outgoing
        if self._held:
            outgoing.send(self._held)
            self._held = b""
            self._kept.hold(0)
        if self.ended is True:
            outgoing.abort()
        elif self.ended is not False:
            outgoing.end(self.ended)

    def room(self) -> int:
        """How much may be written now."""
        if self.ended is not False:
            raise BrokenPipeError(errno.EPIPE, "the body has ended")
        return HELD - len(self._held) if self.outgoing is None else self.outgoing.room()

    def take(self, data: bytes) -> None:
        """Bytes of it."""
        self.written += len(data)
        if self.expected is not None and self.written > self.expected:
            self.drop()
            raise self.wrong_size()
        if self.outgoing is None:
            if not self._kept.take(len(self._held) + len(data)):
                self.drop()
                raise OSError(errno.ENOMEM, "the guest holds too many bytes of HTTP messages")
            self._held += data
        else:
            self.outgoing.send(data)

    def drop(self) -> None:
        """It is not whole, and will not be."""
        if self.ended is False:
            self.ended = True
            if self.outgoing is not None:
                self.outgoing.abort()

    close = drop

    def __exit__(self, *exc: object) -> None:
        self.drop()


class _Writing:
    """The sink of a body's stream. Closing the stream does not end the body: it is finished, or dropped."""

    __slots__ = ("_body",)

    def __init__(self, body: OutgoingBody) -> None:
        self._body = body

    def room(self) -> int:
        return self._body.room()

    def write(self, data: bytes) -> None:
        self._body.take(data)

    def at_once(self, data: bytes) -> bool:
        body = self._body
        at_once = getattr(body.outgoing, "at_once", None)
        size = body.written + len(data)
        if at_once is None or not data or body.ended is not False or (body.expected is not None and size > body.expected) or not at_once(data):
            return False
        body.written = size
        return True

    def flush(self) -> None:
        if self._body.outgoing is not None:
            self._body.outgoing.hasten()

    def flushed(self) -> bool:
        return self._body.outgoing is None or self._body.outgoing.flushed()

    def ready(self) -> bool:
        outgoing = self._body.outgoing
        try:
            return self.room() > 0 if outgoing is None else outgoing.ready()
        except OSError:
            return True

    def wants(self) -> tuple[int, int]:
        return (-1, 0) if self._body.outgoing is None else self._body.outgoing.wants()

    def deadline(self) -> int | None:
        return None if self._body.outgoing is None else self._body.outgoing.deadline()

    def close(self) -> None:
        """Nothing."""
