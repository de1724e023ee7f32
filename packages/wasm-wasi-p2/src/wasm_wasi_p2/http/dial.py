"""A connection to a host's port, made without waiting: its name resolved on a thread, its addresses tried in turn, TLS on top."""

from __future__ import annotations

import select
from socket import IPPROTO_TCP, TCP_NODELAY, gaierror

from wasm_wasi_common.addresses import parse_address
from wasm_wasi_common.dial import finish_connect, new_socket, start_connect
from wasm_wasi_common.errors import again
from wasm_wasi_common.lookups import start_lookup
from wasm_wasi_common.network import NetworkPolicy
from wasm_wasi_p2.http.errors import HttpError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssl import SSLContext
    from typing import Any

    from wasm_wasi_common.addresses import Address
    from wasm_wasi_p2.guest import Guest


def policy_of(guest: Guest) -> NetworkPolicy:
    """What the guest may do on the network."""
    return guest.config.network or NetworkPolicy()


class Dial:
    """Under way until `step` returns the socket. What the network policy has allowed is what is connected to: the name is not looked up again."""

    __slots__ = ("_context", "_error", "_events", "_guest", "_host", "_left", "_port", "_resolution", "_secure", "_socket")

    def __init__(self, guest: Guest, host: str, port: int, context: SSLContext | None) -> None:
        self._guest = guest
        self._host = host
        self._port = port
        self._context = context
        self._socket: Any = None
        self._secure = False
        self._events = select.POLLOUT
        self._left: list[Address] = []  # to try
        self._error: OSError = HttpError("destination-not-found")
        self._resolution: Resolution | None = Resolution(guest, host, port)

    def step(self) -> Any:
        """Go on; the socket, None while there is more to wait for. Raises OSError."""
        if self._resolution is not None:
            found = self._resolution.result()
            if found is None:
                return None
            self._resolution = None
            self._left = found
        while not self._secure:
            if self._socket is None:
                self._next()
            try:
                if not finish_connect(self._socket):
                    return None
            except OSError as error:
                self._error = error
                self.close()
                continue
            if self._context is None:
                return self._socket
            self._socket = self._context.wrap_socket(self._socket, server_hostname=self._host, do_handshake_on_connect=False, suppress_ragged_eofs=False)
            self._secure = True
        return self._handshake()

    def _next(self) -> None:
        """Begin with the next address. Raises the last error where there is none."""
        while self._left:
            address = self._left.pop(0)
            made = new_socket(address.version)
            try:
                self._guest.check_number(made.fileno())
                made.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
                start_connect(made, (str(address), self._port))
            except OSError as error:
                made.close()
                self._error = error
            else:
                self._socket = made
                return
        raise again(self._error)

    def _handshake(self) -> Any:
        import ssl

        try:
            self._socket.do_handshake()
        except ssl.SSLWantReadError:
            self._events = select.POLLIN
            return None
        except ssl.SSLWantWriteError:
            self._events = select.POLLOUT
            return None
        return self._socket

    def resolving(self) -> bool:
        """Whether it still waits for the name."""
        return self._resolution is not None

    def wants(self) -> tuple[int, int]:
        """As of a waitable."""
        return (-1, 0) if self._socket is None else (self._socket.fileno(), self._events)

    def close(self) -> None:
        """Give up the attempt."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class Resolution:
    """Addresses of a name, found on a thread that is left behind if nobody wants them any more: the system's resolver cannot be cut short."""

    __slots__ = ("_found", "_guest", "_host", "_port")

    def __init__(self, guest: Guest, host: str, port: int) -> None:
        self._guest = guest
        self._host = host
        self._port = port
        self._found: list[Any] = []  # of one: addresses, or an error
        if parse_address(host) is not None:
            self._run()
            return
        running = guest.http.resolutions
        if len(running) >= guest.http.max_connections:
            raise HttpError("connection-limit-reached", message="too many names are looked up")
        running.add(self)
        if not start_lookup(self._run_apart):
            running.discard(self)
            raise HttpError("connection-limit-reached", message="too many names are looked up by all guests")

    def _run(self) -> None:
        try:
            self._found.append(policy_of(self._guest).resolve(self._host, self._port))
        except Exception as error:
            self._found.append(error)

    def _run_apart(self) -> None:
        try:
            self._run()
        finally:
            self._guest.http.resolutions.discard(self)
        self._guest.wake()

    def result(self) -> list[Address] | None:
        """The addresses that the guest may connect to; None: not yet. Raises OSError."""
        if not self._found:
            return None
        found = self._found[0]
        if isinstance(found, PermissionError):
            raise HttpError("destination-IP-prohibited", message=str(found))
        if isinstance(found, gaierror):
            raise HttpError("DNS-error", {"rcode": found.strerror, "info_code": None})
        if isinstance(found, OSError):
            raise again(found)
        if isinstance(found, Exception):  # a name that is none
            raise HttpError("DNS-error", {"rcode": str(found), "info_code": None})
        return list(found)
