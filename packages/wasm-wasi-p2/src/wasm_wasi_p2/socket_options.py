"""Options of sockets: a row each, of which the getters and setters of TCP's and UDP's are made."""

from __future__ import annotations

import socket

from wasm_environ.errors import Err
from wasm_wasi_p2.network import reports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class HasSocket(Protocol):
        """A resource over a socket of the host's."""

        def open_socket(self) -> socket.socket:
            """The socket; Err invalid-state if it is closed."""
            ...

    Getter = Callable[[HasSocket], int]
    Setter = Callable[[HasSocket, int], None]

SECOND = 1_000_000_000
IPV4_LEVEL, IPV6_LEVEL, TCP, SOCKET = socket.IPPROTO_IP, socket.IPPROTO_IPV6, socket.IPPROTO_TCP, socket.SOL_SOCKET

# The options: level and number for IPv4, and for IPv6; the guest's unit in the system's; what the system takes at most; what it makes of a value (it
# doubles the sizes of buffers, for its own use).
HOP_LIMIT = ((IPV4_LEVEL, socket.IP_TTL), (IPV6_LEVEL, socket.IPV6_UNICAST_HOPS), 1, 255, 1)
RECEIVE_BUFFER = ((SOCKET, socket.SO_RCVBUF), (SOCKET, socket.SO_RCVBUF), 1, (1 << 30) - 1, 2)
SEND_BUFFER = ((SOCKET, socket.SO_SNDBUF), (SOCKET, socket.SO_SNDBUF), 1, (1 << 30) - 1, 2)
KEEP_IDLE = ((TCP, socket.TCP_KEEPIDLE), (TCP, socket.TCP_KEEPIDLE), SECOND, 32767, 1)
KEEP_INTERVAL = ((TCP, socket.TCP_KEEPINTVL), (TCP, socket.TCP_KEEPINTVL), SECOND, 32767, 1)
KEEP_COUNT = ((TCP, socket.TCP_KEEPCNT), (TCP, socket.TCP_KEEPCNT), 1, 127, 1)


def option(row: tuple[tuple[int, int], tuple[int, int], int, int, int]) -> tuple[Getter, Setter]:
    """The getter and setter of an option. What is more than the system takes is the most that it takes; 0 is refused."""
    four, six, unit, most, factor = row

    @reports
    def get(self: HasSocket) -> int:
        sock = self.open_socket()
        return sock.getsockopt(*(six if sock.family == socket.AF_INET6 else four)) // factor * unit

    @reports
    def put(self: HasSocket, value: int) -> None:
        sock = self.open_socket()
        if not value:
            raise Err("invalid-argument")
        sock.setsockopt(*(six if sock.family == socket.AF_INET6 else four), min(-(-value // unit), most))

    return get, put


@reports
def keep_alive_enabled(self: HasSocket) -> bool:
    """Whether the peer is asked for a sign of life."""
    return self.open_socket().getsockopt(SOCKET, socket.SO_KEEPALIVE) != 0


@reports
def set_keep_alive_enabled(self: HasSocket, value: bool) -> None:
    """Ask, or do not."""
    self.open_socket().setsockopt(SOCKET, socket.SO_KEEPALIVE, value)
