"""Kept: bytes of messages that a guest holds on the host, all of them together limited (`HttpConfig.max_kept_bytes`)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_wasi_p2.http.config import Http


class Kept:
    """What one resource holds: headers, a request's target, a body that goes nowhere yet, or that has come and is not read. Given back when it goes."""

    __slots__ = ("_http", "size")

    def __init__(self, http: Http) -> None:
        self._http = http
        self.size = 0

    def take(self, size: int) -> bool:
        """Hold so many bytes from here on; False, and as before, if they are more than the guest may hold."""
        if self._http.kept + size - self.size > self._http.max_kept and size > self.size:
            return False
        self.hold(size)
        return True

    def hold(self, size: int) -> None:
        """The same of bytes that are there already."""
        self._http.kept += size - self.size
        self.size = size

    def __del__(self) -> None:
        self._http.kept -= self.size
