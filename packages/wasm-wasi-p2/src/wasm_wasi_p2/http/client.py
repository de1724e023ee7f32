"""One request over a connection of its own: h11 says what the bytes mean, and whoever waits for something of it moves them."""

from __future__ import annotations

import errno
import select
from socket import MSG_NOSIGNAL
from time import monotonic_ns

import h11

from wasm_wasi_common.blocking import stop_if_over
from wasm_wasi_common.errors import again
from wasm_wasi_p2.http.errors import HttpError, error_code
from wasm_wasi_p2.http.fields import received, section_size
from wasm_wasi_p2.http.kept import Kept

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from wasm_wasi_p2.guest import Guest
    from wasm_wasi_p2.http.dial import Dial
    from wasm_wasi_p2.http.fields import Fields

BUFFER: Final = 1 << 16  # bytes that are kept in either direction, a piece more at most
SMALL: Final = 1 << 12
READS: Final = 4  # in a row, after which others have their turn
MOST_INFORMATIONAL: Final = 16  # responses 1xx before the one
WITHOUT_BODY: Final = frozenset(("GET", "HEAD", "TRACE", "DELETE", "OPTIONS"))  # methods for which no body is better than an empty one


class Timeouts:
    """In ns: until connected, until the response's headers, between pieces of anything."""

    __slots__ = ("between", "connect", "first")

    def __init__(self, connect: int, first: int, between: int) -> None:
        self.connect = connect
        self.first = first
        self.between = between


class Connection:
    """`pump` does what can be done without waiting; what a guest waits for calls it."""

    __slots__ = ("_data", "_dial", "_discards", "_done", "_error", "_guest", "_h11", "_held", "_informational", "_kept",
                 "_out", "_request", "_since", "_size", "_socket", "_timeouts", "_trailers", "_want", "response")  # fmt: skip

    def __init__(self, guest: Guest, dial: Dial, request: tuple[str, str, list[tuple[bytes, bytes]]], timeouts: Timeouts) -> None:
        self._guest = guest
        self._dial: Dial | None = dial
        self._socket: Any = None
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=guest.http.max_header_bytes)
        self._request: tuple[str, str, list[tuple[bytes, bytes]]] | None = request  # until its head is written
        self._held = True  # the head waits: there may be no body
        self._out = bytearray()
        self._data: list[bytes] = []
        self._size = 0
        self._kept = Kept(guest.http)  # of the same, once it is all there will be
        self._discards = False
        self._done = False
        self._error: OSError | None = None
        self._trailers: Fields | None = None
        self._timeouts = timeouts
        self._since = monotonic_ns()
        self._want = 0  # what TLS waits for besides
        self._informational = 0
        self.response: tuple[int, Fields] | None = None

    # The request

    def head(self, framing: tuple[bytes, bytes] | None) -> None:
        """Write the head, with a header that says where its body ends."""
        if self._request is None or self._error is not None:
            return
        method, target, headers = self._request
        self._request = None
        try:
            self._out += self._h11.send(h11.Request(method=method, target=target, headers=[*headers, framing] if framing else headers)) or b""
        except h11.LocalProtocolError as error:
            self._fail(HttpError("HTTP-protocol-error", message=str(error)))

    def room(self) -> int:
        """How much of the body may be sent now."""
        self.pump()
        if self._error is not None:
            raise again(self._error)
        if self._done or self._h11.our_state is h11.ERROR:
            raise BrokenPipeError(errno.EPIPE, "the response has come, and the other side reads no more")
        return max(0, BUFFER - len(self._out))

    def send(self, data: bytes) -> None:
        """A piece of the body."""
        self.head((b"transfer-encoding", b"chunked"))
        self._write(h11.Data(data=data))

    def end(self, trailers: list[tuple[bytes, bytes]]) -> None:
        """The body's end."""
        if self._request is not None:
            if trailers:
                self.head((b"transfer-encoding", b"chunked"))
            else:
                self.head(None if self._request[0] in WITHOUT_BODY else (b"content-length", b"0"))
        if trailers and not self._chunked():
            trailers = []  # behind a body of known length there is no place for them
        self._write(h11.EndOfMessage(headers=trailers))
        self.pump()

    def _chunked(self) -> bool:
        return isinstance(self._h11._writer, h11._writers.ChunkedWriter)

    def _write(self, event: Any) -> None:
        if self._error is None and not self._done:
            try:
                self._out += self._h11.send(event) or b""
            except h11.LocalProtocolError as error:
                self._fail(HttpError("HTTP-protocol-error", message=str(error)))

    def abort(self) -> None:
        """The body will not be whole."""
        if not self._done:
            self._fail(HttpError("connection-terminated", message="the request's body was dropped"))

    def flushed(self) -> bool:
        """Whether what was written is on its way, with room for more behind it."""
        return self.room() > 0

    # The response

    def answered(self) -> bool:
        """Whether its head is there. Raises OSError."""
        if self._request is not None and self._dial is None:
            self.head((b"transfer-encoding", b"chunked"))  # the guest waits, so the body comes later
        self.pump()
        if self.response is None and self._error is not None:
            raise again(self._error)
        return self.response is not None

    def read(self, size: int) -> bytes:
        """What has come of the body."""
        if not self._data:
            self.pump()
        if self._data:
            first = self._data[0]
            if len(first) <= size:
                self._data.pop(0)
            else:
                self._data[0] = first[size:]
                first = first[:size]
            self._size -= len(first)
            if self._socket is None:
                self._kept.hold(self._size)
            return first
        if self._error is not None:
            raise again(self._error)
        if self._done:
            raise EOFError
        return b""

    def readable(self) -> bool:
        """Whether `read` gives something, or raises."""
        if not self._data:
            self.pump()
        return bool(self._data) or self._done or self._error is not None

    def finish(self) -> bool:
        """Whether all of it has come, which is thrown away from here on."""
        self._discards = True
        self._forget()
        self.pump()
        if self._error is not None:
            raise again(self._error)
        return self._done

    def trailers(self) -> Fields | None:
        """What came behind it."""
        return self._trailers

    # Both

    def pump(self) -> None:
        """Move what can be moved."""
        if self._error is not None or self._done:
            return
        try:
            if self._dial is not None:
                self._socket = self._dial.step()
                if self._socket is None:
                    self._check_time()
                    return
                self._dial = None
                self._since = monotonic_ns()
            self._send_out()
            self._receive()
            if not self._done:
                self._check_time()
        except OSError as error:
            self._fail(error)

    def _send_out(self) -> None:
        while self._out:
            try:
                with memoryview(self._out) as view, view[: 4 * BUFFER] as data:
                    # Data for a server that is gone ends in an error, never in SIGPIPE; a socket of TLS takes no flags.
                    sent = self._socket.send(data) if hasattr(self._socket, "pending") else self._socket.send(data, MSG_NOSIGNAL)
            except OSError as error:
                if self._must_wait(error, select.POLLOUT):
                    return
                if error.errno in (errno.EPIPE, errno.ECONNRESET):
                    self._out.clear()  # it may have answered before: that is looked for
                    return
                raise
            del self._out[:sent]
            self._since = monotonic_ns()

    def _receive(self) -> None:
        """Read while there is room. TLS may have more than the system tells of, so that all of it is taken."""
        reads = 0
        while self._size < BUFFER and not self._done and (reads < READS or (hasattr(self._socket, "pending") and self._socket.pending())):
            reads += 1
            stop_if_over(self._guest)
            try:
                data = self._socket.recv(BUFFER)
            except OSError as error:
                if self._must_wait(error, select.POLLIN):
                    return
                raise
            self._want = 0
            if self.response is not None:  # the time until its head goes on, whatever comes before that
                self._since = monotonic_ns()
            try:
                self._h11.receive_data(data)
                self._events()
            except h11.RemoteProtocolError as error:
                raise self._protocol_error(error, data) from None
            if not data and not self._done:  # h11 expects nothing before a request was written
                raise HttpError("connection-terminated")

    def _must_wait(self, error: OSError, usual: int) -> bool:
        """Whether an error means only that; TLS may want to write before it can read."""
        if isinstance(error, BlockingIOError):
            return True
        kind = type(error).__name__
        if kind not in ("SSLWantReadError", "SSLWantWriteError"):
            return False
        wanted = select.POLLIN if kind == "SSLWantReadError" else select.POLLOUT
        self._want = wanted if wanted != usual else 0
        return True

    def _events(self) -> None:
        while True:
            event = self._h11.next_event()
            if isinstance(event, h11.Data):
                stop_if_over(self._guest)  # what was read at once may be ten thousand pieces
                if not self._discards:
                    self._keep(bytes(event.data))
            elif isinstance(event, h11.Response):
                self._begin(event)
            elif isinstance(event, h11.EndOfMessage):
                rows = list(event.headers.raw_items())
                if section_size(rows) > self._guest.http.max_header_bytes:
                    raise HttpError("HTTP-response-trailer-section-size")
                self._trailers = received(self._guest, rows) if rows else None
                self._done = True
                self._release()
                return
            elif isinstance(event, h11.InformationalResponse):
                self._informational += 1
                if self._informational > MOST_INFORMATIONAL:
                    raise HttpError("HTTP-protocol-error", message="too many responses 1xx")
            else:
                return

    def _keep(self, data: bytes) -> None:
        """A piece of the body. Small ones are joined: each costs what many bytes do."""
        self._size += len(data)
        if self._data and len(self._data[-1]) + len(data) <= SMALL:
            self._data[-1] += data
        else:
            self._data.append(data)

    def _begin(self, event: Any) -> None:
        self._since = monotonic_ns()
        if any(name == b"transfer-encoding" for name, _ in event.headers) and any(name == b"content-length" for name, _ in event.headers):
            raise HttpError("HTTP-protocol-error", message="the response has both a content-length and a transfer-encoding")
        rows = list(event.headers.raw_items())
        if section_size(rows) > self._guest.http.max_header_bytes:
            raise HttpError("HTTP-response-header-section-size")
        self.response = event.status_code, received(self._guest, rows)

    def _protocol_error(self, error: h11.RemoteProtocolError, data: bytes) -> HttpError:
        if error.error_status_hint == 431:
            return HttpError("HTTP-response-header-section-size" if self.response is None else "HTTP-response-trailer-section-size")
        if not data:
            return HttpError("HTTP-response-incomplete" if self.response or self._h11.trailing_data[0] else "connection-terminated")
        return HttpError("HTTP-protocol-error", message=str(error))

    def wants(self) -> tuple[int, int]:
        """As of a waitable, whatever is waited for."""
        if self._dial is not None:
            return self._dial.wants()
        if self._socket is None:
            return -1, 0
        reads = select.POLLIN if self._size < BUFFER else 0
        return self._socket.fileno(), reads | self._want | (select.POLLOUT if self._out else 0)

    def deadline(self) -> int | None:
        """As of a waitable. A guest whose clocks are not the host's waits without one: it is the host's time that passes here, and slices end."""
        limit = self._limit()
        return None if limit is None or self._guest.clocks is not None else limit - self._guest.start

    def _limit(self) -> int | None:
        if self._error is not None or self._done or self._size >= BUFFER:
            return None
        limits = self._timeouts
        return self._since + (limits.connect if self._dial is not None else limits.first if self.response is None else limits.between)

    def _check_time(self) -> None:
        limit = self._limit()
        if limit is None or monotonic_ns() < limit:
            return
        if self._dial is not None:
            raise HttpError("DNS-timeout" if self._dial.resolving() else "connection-timeout")
        raise HttpError("connection-write-timeout" if self._out else "connection-read-timeout")

    def _fail(self, error: OSError) -> None:
        if not isinstance(error, HttpError):
            code = error_code(error)
            error = HttpError(code.tag, code.payload, str(error))
        self._error = error
        self._release()

    def _release(self) -> None:
        """Give back what the system has for it."""
        self._out.clear()
        if self._dial is not None:
            self._dial.close()
            self._dial = None
        elif self._socket is None:
            return
        else:
            self._socket.close()
            self._socket = None
        self._guest.http.connections -= 1
        self._kept.hold(self._size)

    def _forget(self) -> None:
        """What has come and is not read, nobody will."""
        self._data.clear()
        self._size = 0
        self._kept.hold(0)

    def close(self) -> None:
        """Nobody wants anything of it any more."""
        if not self._done and self._error is None:
            self._fail(HttpError("connection-terminated", message="the request was dropped"))
        self._forget()


class ResponseBody:
    """A connection as what comes in."""

    __slots__ = ("_connection", "close", "deadline", "finish", "read", "ready", "trailers")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.read = connection.read
        self.ready = connection.readable
        self.deadline = connection.deadline
        self.close = connection.close
        self.finish = connection.finish
        self.trailers = connection.trailers

    def wants(self) -> tuple[int, int]:
        """As of a waitable: nothing, if there is something in the buffer."""
        return (-1, 0) if self.ready() else self._connection.wants()


class RequestBody:
    """A connection as where a body goes."""

    __slots__ = ("_connection", "abort", "deadline", "end", "flushed", "hasten", "room", "send")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.room = connection.room
        self.send = connection.send
        self.hasten = connection.pump
        self.flushed = connection.flushed
        self.end = connection.end
        self.abort = connection.abort
        self.deadline = connection.deadline

    def ready(self) -> bool:
        """Whether there is room, or never will be, and nothing to be flushed."""
        try:
            return self._connection.room() > 0
        except OSError:
            return True

    def wants(self) -> tuple[int, int]:
        """As of a waitable."""
        return (-1, 0) if self.ready() else self._connection.wants()
