"""HostSocket: a socket of the host's that a guest has, counted, shared by the resources over it, closed with the last of them."""

from __future__ import annotations

import socket

from wasm_wasi_common.dial import new_socket
from wasm_wasi_p2.network import IPV6, network_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_wasi_p2.guest import Guest


class HostSocket:
    """`users`: the resources over it. `close` (or losing the last reference) gives the socket back, and its place in the guest's counts."""

    __slots__ = ("guest", "sock", "users")

    def __init__(self, guest: Guest, sock: socket.socket) -> None:
        """Takes the socket: closes it if the guest may not have one more (EMFILE)."""
        self.users = 1
        self.sock = sock
        self.guest = guest
        try:
            guest.check_number(sock.fileno())
            check_room(guest)
        except BaseException:
            sock.close()
            raise
        guest.files += 1
        network_of(guest).access.sockets += 1

    def release(self) -> None:
        """A resource over it is gone."""
        self.users -= 1
        if not self.users:
            self.close()

    def close(self) -> None:
        """Idempotent."""
        if self.sock.fileno() >= 0:
            self.sock.close()
            self.guest.files -= 1
            network_of(self.guest).access.sockets -= 1

    def __del__(self) -> None:
        if hasattr(self, "guest"):
            self.close()


def check_room(guest: Guest) -> None:
    """EMFILE unless the guest may have one more socket."""
    guest.check_room()
    network_of(guest).access.check_room()


def create(guest: Guest, family: str, kind: int) -> HostSocket:
    """A new socket of a guest's."""
    check_room(guest)
    return HostSocket(guest, new_socket(6 if family == IPV6 else 4, kind))
