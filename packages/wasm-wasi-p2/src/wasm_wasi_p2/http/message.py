"""Requests and responses that a guest makes, and what they may be made of."""

from __future__ import annotations

import re

from wasm_environ.errors import Err
from wasm_wasi_p2.http.body import OutgoingBody
from wasm_wasi_p2.http.fields import TOKEN, content_length
from wasm_wasi_p2.http.kept import Kept
from wasm_wasi_p2.values import Case

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasm_wasi_p2.guest import Guest
    from wasm_wasi_p2.http.fields import Fields

METHODS = {name: Case(name.lower()) for name in ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")}
SCHEMES = {"http": Case("HTTP"), "https": Case("HTTPS")}

SCHEME = re.compile(r"[A-Za-z][-+.0-9A-Za-z]*\Z", re.ASCII)  # RFC 3986, 3.1
# RFC 3986, 3.2: user information, a name or an address, a port.
AUTHORITY = re.compile(r"(?:[-.~!$&'()*+,;=%:\w]*@)?(\[[0-9A-Fa-f:.]+\]|[-.~!$&'()*+,;=%\w]+)(?::([0-9]{0,5}))?\Z", re.ASCII)
# RFC 3986, 3.3 and 3.4, and what browsers send besides: everything that can be seen, but `#`.
TARGET = re.compile(r"(?:[/?][!-\"$-~]*|\*)?\Z", re.ASCII)


def method_name(method: Any) -> str:
    """`method` as in a request's first line."""
    payload: str = method.payload
    return payload if method.tag == "other" else method.tag.upper()


def method_case(name: str) -> Case:
    """The other way."""
    return METHODS.get(name) or Case("other", name)


def scheme_case(name: str) -> Case:
    """A scheme by name."""
    return SCHEMES.get(name.lower()) or Case("other", name)


class OutgoingRequest:
    """The resource `outgoing-request`."""

    __slots__ = ("_authority", "_body", "_guest", "_headers", "_kept", "_method", "_path", "_scheme")

    def __init__(self, guest: Guest, headers: Fields) -> None:
        self._guest = guest
        self._headers = headers.frozen()
        self._kept = Kept(guest.http)  # of what the setters are given
        self._method: Any = METHODS["GET"]
        self._path: str | None = None
        self._scheme: Any = None
        self._authority: str | None = None
        self._body: OutgoingBody | None = None

    def body(self) -> OutgoingBody:
        """The body, once."""
        if self._body is not None:
            raise Err(None)
        self._body = OutgoingBody(self._guest, _length(self._headers), False)
        return self._body

    def method(self) -> Any:
        """As it was set."""
        return self._method

    def set_method(self, method: Any) -> None:
        """Any token."""
        if method.tag == "other" and not TOKEN.match(method.payload):
            raise Err(None)
        self._keep(method.payload, self._method.payload)
        self._method = Case(method.tag, method.payload)

    def path_with_query(self) -> str | None:
        """As it was set."""
        return self._path

    def set_path_with_query(self, path: str | None) -> None:
        """What begins with a slash or a question mark, or is a star."""
        if path is not None and not TARGET.match(path):
            raise Err(None)
        self._keep(path, self._path)
        self._path = path

    def scheme(self) -> Any:
        """As it was set."""
        return self._scheme

    def set_scheme(self, scheme: Any) -> None:
        """HTTP, HTTPS, or what looks like a scheme."""
        if scheme is not None and scheme.tag == "other" and not SCHEME.match(scheme.payload):
            raise Err(None)
        self._keep(None if scheme is None else scheme.payload, None if self._scheme is None else self._scheme.payload)
        self._scheme = None if scheme is None else Case(scheme.tag, scheme.payload)

    def authority(self) -> str | None:
        """As it was set."""
        return self._authority

    def set_authority(self, authority: str | None) -> None:
        """A host with or without a port."""
        if authority is not None and not AUTHORITY.match(authority):
            raise Err(None)
        self._keep(authority, self._authority)
        self._authority = authority

    def headers(self) -> Fields:
        """The headers, to look at."""
        return self._headers.frozen()

    def _keep(self, text: str | None, before: str | None) -> None:
        """Count one of the texts instead of another. ASCII all of them."""
        if len(text or "") > self._guest.http.max_header_bytes or not self._kept.take(self._kept.size + len(text or "") - len(before or "")):
            raise Err(None)


def _length(headers: Fields) -> int | None:
    try:
        return content_length(headers)
    except ValueError:
        raise Err(None) from None


class OutgoingResponse:
    """The resource `outgoing-response`."""

    __slots__ = ("_body", "_guest", "_headers", "_status")

    def __init__(self, guest: Guest, headers: Fields) -> None:
        self._guest = guest
        self._headers = headers.frozen()
        self._status = 200
        self._body: OutgoingBody | None = None

    def status_code(self) -> int:
        """200, or what was set."""
        return self._status

    def set_status_code(self, status: int) -> None:
        """Any final status."""
        if not 100 <= status <= 999:
            raise Err(None)
        self._status = status

    def headers(self) -> Fields:
        """The headers, to look at."""
        return self._headers.frozen()

    def body(self) -> OutgoingBody:
        """The body, once."""
        if self._body is not None:
            raise Err(None)
        self._body = OutgoingBody(self._guest, _length(self._headers), True)
        return self._body


class RequestOptions:
    """The resource `request-options`: times in ns, None for the host's own."""

    __slots__ = ("_between", "_connect", "_first")

    def __init__(self, guest: Guest) -> None:
        self._connect: int | None = None
        self._first: int | None = None
        self._between: int | None = None

    def connect_timeout(self) -> int | None:
        """For the connection, with its name's resolution and TLS."""
        return self._connect

    def set_connect_timeout(self, duration: int | None) -> None:
        """As above."""
        self._connect = duration

    def first_byte_timeout(self) -> int | None:
        """Until the response's headers are there, from when the request's last byte went out."""
        return self._first

    def set_first_byte_timeout(self, duration: int | None) -> None:
        """As above."""
        self._first = duration

    def between_bytes_timeout(self) -> int | None:
        """Between pieces of the response's body."""
        return self._between

    def set_between_bytes_timeout(self, duration: int | None) -> None:
        """As above."""
        self._between = duration
