"""One request that a guest answers, between the guest's thread and the server's, which is an event loop: bytes both ways, neither waiting for the other.

`feed`, `disconnect`, `rest`, `take`, `sent` are the server's; the methods that body.py names `Incoming` and `Outgoing` the guest's. Python's GIL is the lock:
each side changes counters of its own, one of them appends to a list and the other takes from its front, and what tells of an end is written last and read
first.
"""

from __future__ import annotations

import errno

from wasm_wasi_p2.http.errors import HttpError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from wasm_wasi_p2.guest import Guest
    from wasm_wasi_p2.http.fields import Fields

    Raw = list[tuple[bytes, bytes]]

BUFFER: Final = 1 << 16  # bytes that are kept in either direction, a piece more at most
OPEN, WHOLE, BROKEN = range(3)  # of the response
WITHOUT_BODY: Final = frozenset((204, 205, 304))


class Exchange:
    """A request and its response.

    method, target, scheme, authority, headers   the request's; headers with names in lower case
    notify      called, on the guest's thread, when the server should look: something can be taken, or fed. Once after each `rest`
    guest       who answers; set when that begins
    answer      status and headers, once the guest has said
    state       OPEN; WHOLE: the guest has said all; BROKEN: it will not
    eager       what the guest flushes goes out at once; before the server sets this, when the guest waits or has ended, or the server looks by itself
    """

    __slots__ = ("_fed", "_in", "_more", "_notified", "_out", "_read", "_sent", "_silent", "_written", "answer", "authority", "disconnected", "eager",
                 "guest", "headers", "method", "notify", "scheme", "state", "target", "trailers_out", "wanted")  # fmt: skip

    def __init__(
        self, method: str, target: str, scheme: str, authority: str | None, headers: Raw, more: bool, notify: Callable[[], object],
    ) -> None:  # fmt: skip
        self.method = method
        self.target = target
        self.scheme = scheme
        self.authority = authority
        self.headers = headers
        self.notify = notify
        self.guest: Guest | None = None
        self.disconnected = False
        self.eager = False
        self.answer: tuple[int, Raw] | None = None
        self.state = OPEN
        self.trailers_out: Raw = []
        self.wanted = True  # the guest reads on
        self._in: list[bytes] = []
        self._fed = self._read = 0  # bytes so far
        self._more = more
        self._out: list[bytes] = []
        self._written = self._sent = 0
        self._silent = False
        self._notified = True  # the server has not looked yet, and will

    # The server's side

    def hungry(self) -> bool:
        """Whether more of the request's body may be fed."""
        return self._more and (not self.wanted or self._fed - self._read < BUFFER)

    def feed(self, data: bytes, more: bool) -> None:
        """A piece of the request's body."""
        if data and self.wanted:
            self._fed += len(data)
            self._in.append(data)
        self._more = more
        self._wake()

    def disconnect(self) -> None:
        """The client has gone."""
        self.disconnected = True
        self._wake()

    def rest(self) -> None:
        """From here on `notify` is called again: the server is about to look."""
        self._notified = False

    def take(self) -> list[bytes]:
        """What the guest has written, to be sent now."""
        taken = self._out[:]
        del self._out[: len(taken)]
        return taken

    def sent(self, size: int) -> None:
        """So many bytes of it have gone out."""
        full = self._written - self._sent >= BUFFER
        self._sent += size
        if full:
            self._wake()

    def _wake(self) -> None:
        guest = self.guest
        if guest is not None:
            guest.wake()

    # The guest's side: what comes in

    def read(self, size: int) -> bytes:
        """What has come of the body."""
        more = self._more
        if self._in:
            first = self._in[0]
            if len(first) <= size:
                self._in.pop(0)
            else:
                self._in[0] = first[size:]
                first = first[:size]
            full = self._fed - self._read >= BUFFER
            self._read += len(first)
            if full and self._fed - self._read < BUFFER:
                self.hasten()
            return first
        if not more:
            raise EOFError
        if self.disconnected:
            raise HttpError("connection-terminated")
        self.hasten()  # whoever waits for the guest's answer to go on sends that first
        return b""

    def readable(self) -> bool:
        """Whether `read` gives something, or raises."""
        return bool(self._in) or not self._more or self.disconnected

    def finish(self) -> bool:
        """Whether all of the request has come, which is thrown away from here on."""
        self.leave()
        if self._more and self.disconnected:
            raise HttpError("connection-terminated")
        return not self._more

    def trailers(self) -> Fields | None:
        """None: servers keep them to themselves."""
        return None

    def leave(self) -> None:
        """The guest reads no more of it. The server still does, and throws it away."""
        if self.wanted:
            self.wanted = False
            self._in.clear()
            if self._more:
                self.hasten()

    # The guest's side: what goes out

    def respond(self, status: int, headers: Raw) -> None:
        """The answer, but for its body. It goes out with the first piece of that, or when the guest waits or has ended."""
        self._silent = self.method == "HEAD" or status in WITHOUT_BODY
        if status in (204, 205):  # RFC 9110, 8.6 and 15.3.6
            headers = [row for row in headers if row[0].lower() != b"content-length"] + [(b"content-length", b"0")] * (status == 205)
        self.answer = status, headers

    def room(self) -> int:
        """How much of the body may be sent now."""
        if self.disconnected:
            raise HttpError("connection-terminated")
        if self.state is not OPEN:
            raise BrokenPipeError(errno.EPIPE, "the response has ended")
        return max(0, BUFFER - self._written + self._sent)

    def send(self, data: bytes) -> None:
        """A piece of the body."""
        if not self._silent:
            self._written += len(data)
            self._out.append(data)
            if self._written - self._sent >= BUFFER:
                self.hasten()

    def at_once(self, data: bytes) -> bool:
        """`send` and `flush`, if after that there is still room; else nothing."""
        if self.disconnected or self.state is not OPEN or self._written - self._sent + len(data) >= BUFFER:
            return False
        self.send(data)
        if self.eager:
            self.hasten()
        return True

    def hasten(self) -> None:
        """Let the server look."""
        if not self._notified:
            self._notified = True
            self.notify()

    def flush(self) -> None:
        """Let what was written go out, if more does not follow in no time: most guests flush once, and end."""
        if self.eager:
            self.hasten()

    def flushed(self) -> bool:
        """Whether the server has it, or has room for it: that it is on its way."""
        return self.room() > 0

    def end(self, trailers: Raw) -> None:
        """That was all."""
        self.trailers_out = trailers
        self.state = WHOLE
        self.hasten()

    def abort(self) -> None:
        """There will not be more, and that was not all."""
        if self.state is OPEN:
            self.state = BROKEN
            self.hasten()

    def writable(self) -> bool:
        """Whether there is room, or never will be."""
        return self._written - self._sent < BUFFER or self.disconnected or self.state is not OPEN

    def wants(self) -> tuple[int, int]:
        """As of a waitable: the server wakes the guest."""
        self.hasten()  # the guest is about to wait
        return -1, 0

    def deadline(self) -> int | None:
        """As of a waitable: it is the server that has no patience."""
        return None


class RequestBody:
    """An exchange as what comes in."""

    __slots__ = ("close", "deadline", "finish", "read", "ready", "trailers", "wants")

    def __init__(self, exchange: Exchange) -> None:
        self.read = exchange.read
        self.ready = exchange.readable
        self.wants = exchange.wants
        self.deadline = exchange.deadline
        self.close = exchange.leave
        self.finish = exchange.finish
        self.trailers = exchange.trailers


class ResponseBody:
    """An exchange as where a body goes."""

    __slots__ = ("abort", "at_once", "deadline", "end", "flushed", "hasten", "ready", "room", "send", "wants")

    def __init__(self, exchange: Exchange) -> None:
        self.room = exchange.room
        self.send = exchange.send
        self.at_once = exchange.at_once
        self.hasten = exchange.flush
        self.flushed = exchange.flushed
        self.end = exchange.end
        self.abort = exchange.abort
        self.ready = exchange.writable
        self.wants = exchange.wants
        self.deadline = exchange.deadline


def respond_error(exchange: Exchange, code: Any) -> None:
    """The response of a guest that has only an error-code to give."""
    status = STATUSES.get(code.tag, 500)
    exchange.respond(status, [(b"content-type", b"text/plain; charset=utf-8")])
    exchange.send(f"{code.tag}\n".encode())
    exchange.end([])


# Columns: error-code, status. What is not here is 500.
STATUSES: Final = {
    "DNS-timeout": 504,
    "DNS-error": 502,
    "destination-not-found": 502,
    "destination-unavailable": 503,
    "destination-IP-prohibited": 502,
    "destination-IP-unroutable": 502,
    "connection-refused": 502,
    "connection-terminated": 502,
    "connection-timeout": 504,
    "connection-read-timeout": 504,
    "connection-write-timeout": 504,
    "connection-limit-reached": 503,
    "TLS-protocol-error": 502,
    "TLS-certificate-error": 502,
    "TLS-alert-received": 502,
    "HTTP-request-denied": 403,
    "HTTP-request-length-required": 411,
    "HTTP-request-body-size": 413,
    "HTTP-request-method-invalid": 405,
    "HTTP-request-URI-invalid": 400,
    "HTTP-request-URI-too-long": 414,
    "HTTP-request-header-section-size": 431,
    "HTTP-request-header-size": 431,
    "HTTP-request-trailer-section-size": 431,
    "HTTP-request-trailer-size": 431,
    "HTTP-response-incomplete": 502,
    "HTTP-response-header-section-size": 502,
    "HTTP-response-header-size": 502,
    "HTTP-response-body-size": 502,
    "HTTP-response-trailer-section-size": 502,
    "HTTP-response-trailer-size": 502,
    "HTTP-response-transfer-coding": 502,
    "HTTP-response-content-coding": 502,
    "HTTP-response-timeout": 504,
    "HTTP-upgrade-failed": 502,
    "HTTP-protocol-error": 502,
    "loop-detected": 508,
}
