"""`outgoing-handler`: a request goes to a server, if the network policy lets it; and the future of what that answers."""

from __future__ import annotations

from wasm_environ.errors import Err
from wasm_wasi_common.addresses import parse_address
from wasm_wasi_p2.http.body import NOT_YET, SOME_ERR, IncomingBody
from wasm_wasi_p2.http.client import Connection, RequestBody, ResponseBody, Timeouts
from wasm_wasi_p2.http.dial import Dial, policy_of
from wasm_wasi_p2.http.errors import HttpError, error_code
from wasm_wasi_p2.http.fields import Fields, content_length
from wasm_wasi_p2.http.message import AUTHORITY, SCHEMES, RequestOptions, method_name
from wasm_wasi_p2.poll import Pollable
from wasm_wasi_p2.values import Case

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_wasi_p2.guest import Guest
    from wasm_wasi_p2.http.message import OutgoingRequest

PORTS = {"HTTP": 80, "HTTPS": 443}


def handle(guest: Guest, request: OutgoingRequest, options: RequestOptions | None) -> FutureIncomingResponse:
    """Begin with the request. An err: it cannot be made at all."""
    try:
        return FutureIncomingResponse(guest, _begin(guest, request, options))
    except OSError as error:
        if request._body is not None:
            request._body.drop()
        raise Err(error_code(error)) from None


def _begin(guest: Guest, request: OutgoingRequest, options: RequestOptions | None) -> Connection:
    scheme = (request.scheme() or SCHEMES["https"]).tag
    if scheme not in PORTS:
        raise HttpError("HTTP-protocol-error", message="a request's scheme must be HTTP or HTTPS")
    match = AUTHORITY.match(request.authority() or "")
    if match is None or int(match[2] or 1) > 65535:
        raise HttpError("HTTP-request-URI-invalid")
    method = method_name(request.method())
    if method.upper() == "CONNECT":
        raise HttpError("HTTP-request-method-invalid")
    target = request.path_with_query() or "/"
    if len(target) > guest.http.max_header_bytes:
        raise HttpError("HTTP-request-URI-too-long")
    host, port = match[1].strip("[]"), int(match[2] or PORTS[scheme])
    if parse_address(host) is None:
        _check_name(guest, host)
    length = _checked_length(request)
    if guest.http.connections >= guest.http.max_connections:
        raise HttpError("connection-limit-reached")
    if guest.http.kept >= guest.http.max_kept:
        raise HttpError("connection-limit-reached", message="the guest holds too many bytes of messages")
    dial = Dial(guest, host, port, guest.http.tls_context() if scheme == "HTTPS" else None)
    guest.http.connections += 1
    head = (method, f"/{target}" if target.startswith("?") else target, _headers(request, match[1], match[2]))
    connection = Connection(guest, dial, head, _timeouts(guest, options))
    body = request._body
    if body is None:
        if length:
            connection.abort()
        else:
            connection.end([])
    else:
        if length is not None:
            connection.head(None)
        body.attach(RequestBody(connection))
    return connection


def _check_name(guest: Guest, host: str) -> None:
    try:
        policy_of(guest).check_name(host)
    except PermissionError as error:
        raise HttpError("HTTP-request-denied", message=str(error)) from None
    except ValueError:
        raise HttpError("HTTP-request-URI-invalid") from None


def _checked_length(request: OutgoingRequest) -> int | None:
    try:
        return content_length(request.headers())
    except ValueError as error:
        raise HttpError("HTTP-protocol-error", message=str(error)) from None


def _headers(request: OutgoingRequest, host: str, port: str | None) -> list[tuple[bytes, bytes]]:
    authority = f"{host}:{port}" if port else host
    rows = [(name.encode(), value.strip(b" \t")) for name, value in request.headers().entries()]
    return [(b"host", authority.encode()), *rows, (b"connection", b"close")]


def _timeouts(guest: Guest, options: RequestOptions | None) -> Timeouts:
    """What the guest asks for, and never more than the host allows."""
    limits = guest.http.limits
    if options is None:
        options = RequestOptions(guest)

    def least(asked: int | None, limit: float) -> int:
        most = int(limit * 1e9)
        return most if asked is None else min(asked, most)

    return Timeouts(least(options.connect_timeout(), limits.connect_timeout), least(options.first_byte_timeout(), limits.first_byte_timeout),
                    least(options.between_bytes_timeout(), limits.between_bytes_timeout))  # fmt: skip


class FutureIncomingResponse:
    """The resource `future-incoming-response`."""

    __slots__ = ("_connection", "_got", "_guest", "deadline")

    def __init__(self, guest: Guest, connection: Connection) -> None:
        self._guest = guest
        self._connection = connection
        self._got = False
        self.deadline = connection.deadline

    def wants(self) -> tuple[int, int]:
        """As a waitable."""
        return (-1, 0) if self.ready() else self._connection.wants()

    def subscribe(self) -> Pollable:
        """Ready when `get` gives something."""
        return Pollable(self._guest, self)

    def ready(self) -> bool:
        """As a waitable."""
        try:
            return self._got or self._connection.answered()
        except OSError:
            return True

    def get(self) -> Case:
        """Nothing yet, or once the response or an error."""
        if self._got:
            return SOME_ERR
        try:
            if not self._connection.answered():
                return NOT_YET
            found = Case("ok", IncomingResponse(self._guest, self._connection))
        except OSError as error:
            found = Case("err", error_code(error))
        self._got = True
        return Case("some", Case("ok", found))

    def close(self) -> None:
        """The guest has dropped it: whatever it has not got, it does not want."""
        if not self._got:
            self._connection.close()

    def __exit__(self, *exc: object) -> None:
        self.close()


class IncomingResponse:
    """The resource `incoming-response`."""

    __slots__ = ("_connection", "_consumed", "_guest")

    def __init__(self, guest: Guest, connection: Connection) -> None:
        self._guest = guest
        self._connection = connection
        self._consumed = False

    def status(self) -> int:
        """The status code."""
        assert self._connection.response is not None
        return self._connection.response[0]

    def headers(self) -> Fields:
        """The headers, to look at."""
        assert self._connection.response is not None
        return self._connection.response[1]

    def consume(self) -> IncomingBody:
        """The body, once."""
        if self._consumed:
            raise Err(None)
        self._consumed = True
        return IncomingBody(self._guest, ResponseBody(self._connection))

    def close(self) -> None:
        """The guest has dropped it."""
        if not self._consumed:
            self._connection.close()

    def __exit__(self, *exc: object) -> None:
        self.close()
