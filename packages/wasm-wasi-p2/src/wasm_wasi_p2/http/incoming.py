"""`incoming-handler`'s side of a request: what the guest that answers it is given."""

from __future__ import annotations

from wasm_environ.errors import Err
from wasm_wasi_p2.http.body import IncomingBody
from wasm_wasi_p2.http.errors import internal
from wasm_wasi_p2.http.exchange import WITHOUT_BODY, RequestBody, ResponseBody, respond_error
from wasm_wasi_p2.http.fields import content_length, received
from wasm_wasi_p2.http.message import OutgoingResponse, method_case, scheme_case
from wasm_wasi_p2.values import Case

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasm_wasi_p2.guest import Guest
    from wasm_wasi_p2.http.exchange import Exchange
    from wasm_wasi_p2.http.fields import Fields


class IncomingRequest:
    """The resource `incoming-request`."""

    __slots__ = ("_consumed", "_exchange", "_guest", "_headers")

    def __init__(self, guest: Guest, exchange: Exchange) -> None:
        self._guest = guest
        self._exchange = exchange
        self._headers: Fields | None = None  # once they are asked for
        self._consumed = False

    def method(self) -> Case:
        """The method."""
        return method_case(self._exchange.method)

    def path_with_query(self) -> str | None:
        """As the client sent it."""
        return self._exchange.target

    def scheme(self) -> Case | None:
        """HTTP, or HTTPS."""
        return scheme_case(self._exchange.scheme)

    def authority(self) -> str | None:
        """The host that the client wants."""
        return self._exchange.authority

    def headers(self) -> Fields:
        """The headers, to look at."""
        if self._headers is None:
            self._headers = received(self._guest, self._exchange.headers)
        return self._headers

    def consume(self) -> IncomingBody:
        """The body, once."""
        if self._consumed:
            raise Err(None)
        self._consumed = True
        return IncomingBody(self._guest, RequestBody(self._exchange))

    def close(self) -> None:
        """The guest has dropped it."""
        if not self._consumed:
            self._exchange.leave()

    def __exit__(self, *exc: object) -> None:
        self.close()


class ResponseOutparam:
    """The resource `response-outparam`."""

    __slots__ = ("_exchange",)

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def send_informational(self, status: int, headers: Fields) -> None:
        """Always an err: servers take final responses only."""
        raise Err(internal("informational responses are not supported") if 100 <= status <= 199 else Case("HTTP-protocol-error"))

    @staticmethod
    def set(guest: Guest, param: ResponseOutparam, response: Any) -> None:
        """Answer, with a response or an error-code."""
        exchange = param._exchange
        if not isinstance(response, OutgoingResponse):
            respond_error(exchange, response)
            return
        body = response._body
        bare = exchange.method == "HEAD" or response._status == 304  # the length is of what is not sent
        problem = _problem(response, bare)
        if problem:
            if body is not None:
                body.drop()
            respond_error(exchange, internal(problem))
            return
        exchange.respond(response._status, response._headers.raw())
        if body is None:
            exchange.end([])
        else:
            if bare:
                body.expected = None
            body.attach(ResponseBody(exchange))


def _problem(response: OutgoingResponse, bare: bool) -> str:
    """Why it cannot be sent; "" if it can."""
    try:
        length = content_length(response._headers)
    except ValueError as error:
        return str(error)
    if response._status < 200:
        return "the status of a response must be a final one"
    if length and response._body is None and not bare and response._status not in WITHOUT_BODY:
        return "the response has a content-length and no body"
    return ""
