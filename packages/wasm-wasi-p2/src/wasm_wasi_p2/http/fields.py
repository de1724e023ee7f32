"""Fields: headers and trailers, in the order and the spelling in which they go over the wire."""

from __future__ import annotations

import re

from wasm_environ.errors import Err
from wasm_wasi_p2.errors import trap
from wasm_wasi_p2.http.kept import Kept
from wasm_wasi_p2.values import Case

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from wasm_wasi_p2.guest import Guest
    from wasm_wasi_p2.http.config import Http

    Rows = list[tuple[str, bytes]]

# Not for guests to set, nor for them to see: what belongs to one connection, and the host's name, which is the authority.
FORBIDDEN = frozenset((
    "connection", "host", "http2-settings", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "transfer-encoding", "upgrade",
))  # fmt: skip
FORBIDDEN_RAW = frozenset(name.encode() for name in FORBIDDEN)

TOKEN = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+\Z", re.ASCII)  # RFC 9110, 5.6.2
VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*\Z")  # RFC 9110, 5.5: above all no CR, LF or NUL
OVERHEAD = 32  # what a field counts besides its bytes, as in RFC 9113, 6.5.2

INVALID, NOT_ALLOWED, IMMUTABLE = Case("invalid-syntax"), Case("forbidden"), Case("immutable")


class Fields:
    """The resource `fields`."""

    __slots__ = ("_http", "_kept", "_mutable", "_rows")

    def __init__(self, guest: Guest) -> None:
        self._http: Http = guest.http
        self._kept = Kept(self._http)  # of the rows; who shares them shares it
        self._rows: Rows = []
        self._mutable = True

    @classmethod
    def from_list(cls, guest: Guest, entries: Iterable[tuple[str, bytes]]) -> Fields:
        """Of names and values."""
        made = cls(guest)
        for name, value in entries:
            made.append(name, value)
        return made

    def get(self, name: str) -> list[bytes]:
        """The values of a name."""
        wanted = name.lower()
        return [value for known, value in self._rows if known.lower() == wanted]

    def has(self, name: str) -> bool:
        """Whether there is one."""
        wanted = name.lower()
        return any(known.lower() == wanted for known, _ in self._rows)

    def set(self, name: str, values: list[bytes]) -> None:
        """Replace the values of a name."""
        self._check(name)
        for value in values:
            _check_value(value)
        before = self._rows
        self._remove(name.lower())
        try:
            for value in values:
                self._add(name, value)
        except Err:
            self._rows = before
            self._kept.hold(section_size(before))
            raise

    def append(self, name: str, value: bytes) -> None:
        """One value more."""
        self._check(name)
        _check_value(value)
        self._add(name, value)

    def delete(self, name: str) -> None:
        """Remove the values of a name."""
        self._check(name)
        self._remove(name.lower())

    def entries(self) -> Rows:
        """All of it."""
        return self._rows

    def clone(self) -> Fields:
        """A copy, which can be changed."""
        made = object.__new__(Fields)
        made._http, made._rows, made._mutable = self._http, list(self._rows), True
        made._kept = Kept(self._http)
        if not made._kept.take(self._kept.size):
            trap("the guest holds too many bytes of HTTP messages (HttpConfig.max_kept_bytes)")
        return made

    def _check(self, name: str) -> None:
        if not self._mutable:
            raise Err(IMMUTABLE)
        if not TOKEN.match(name):
            raise Err(INVALID)
        if name.lower() in FORBIDDEN:
            raise Err(NOT_ALLOWED)

    def _add(self, name: str, value: bytes) -> None:
        size = self._kept.size + len(name) + len(value) + OVERHEAD
        if size > self._http.max_header_bytes or not self._kept.take(size):
            raise Err(INVALID)  # of the errors there are the nearest
        self._rows.append((name, value))

    def _remove(self, lower: str) -> None:
        kept = [row for row in self._rows if row[0].lower() != lower]
        self._rows = kept
        self._kept.hold(section_size(kept))

    def frozen(self) -> Fields:
        """The same as the headers of a message, which a guest may look at."""
        made = object.__new__(Fields)
        made._http, made._kept, made._rows, made._mutable = self._http, self._kept, self._rows, False
        return made

    def raw(self) -> list[tuple[bytes, bytes]]:
        """As they go to whoever writes them: names in lower case, values without white space around them, which is not part of them."""
        return [(name.lower().encode(), value.strip(b" \t")) for name, value in self._rows]


def _check_value(value: bytes) -> None:
    if not VALUE.match(value):
        raise Err(INVALID)


def received(guest: Guest, headers: Iterable[tuple[bytes, bytes]]) -> Fields:
    """Fields that came from outside, of which guests see what they may."""
    made = Fields(guest)
    made._rows = [(name.decode("latin-1"), bytes(value)) for name, value in headers if name.lower() not in FORBIDDEN_RAW]
    made._kept.hold(section_size(made._rows))
    return made.frozen()


def content_length(fields: Fields) -> int | None:
    """The number in `content-length`; ValueError where it is none, or not the same each time: how long a body is, is never a matter of opinion."""
    found = {value.strip(b" \t") for value in fields.get("content-length")}
    if not found:
        return None
    text = found.pop()
    if found or not text.isdigit() or len(text) > 19:
        raise ValueError("content-length is not one number")
    return int(text)


def section_size(rows: list[tuple[Any, Any]]) -> int:
    """What a list of names and values counts against limits."""
    return sum(len(name) + len(value) + OVERHEAD for name, value in rows)
