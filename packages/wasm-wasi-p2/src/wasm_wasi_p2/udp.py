"""wasi:sockets/udp and udp-create-socket: the resource `udp-socket` and its two streams of datagrams."""

from __future__ import annotations

import select
import socket

from wasm_environ.errors import Err
from wasm_wasi_common.addresses import plain
from wasm_wasi_common.network_rules import CONNECT, LISTEN, UDP
from wasm_wasi_p2.errors import trap
from wasm_wasi_p2.host_socket import HostSocket, create
from wasm_wasi_p2.network import address_from, ip_socket_address, network_of, remote_from, reports
from wasm_wasi_p2.poll import Always, Pollable
from wasm_wasi_p2.socket_options import HOP_LIMIT, RECEIVE_BUFFER, SEND_BUFFER, option
from wasm_wasi_p2.tcp_streams import SEND_FLAGS, told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasm_wasi_p2.guest import Guest
    from wasm_wasi_p2.network import HostAddress, Network
    from wasm_wasi_p2.values import Case

UNBOUND, BINDING, BOUND = range(3)
# Datagrams that one call receives, and that `check-send` permits; what one may have.
MOST_RECEIVED, PERMIT, MAX_DATAGRAM = 64, 16, 65536


class UdpSocket(Always):
    """The resource `udp-socket`.

    `open_to_all`: it is bound where the policy lets the guest receive from anybody, and may answer; else from and to those alone whom a rule names.
    `number`: by which the network knows what was decided about its peers. `remote`: whom it streams with alone. `generation`: the streams given out last
    are those that work.
    """

    __slots__ = ("bound_to", "dropped", "family", "generation", "guest", "host", "number", "open_to_all", "remote", "state")

    def __init__(self, guest: Guest, family: str, host: HostSocket) -> None:
        self.guest = guest
        self.family = family
        self.host = host
        self.state = UNBOUND
        self.open_to_all = False
        network = network_of(guest)
        self.number = network.numbers
        network.numbers += 1
        self.remote: HostAddress | None = None
        self.bound_to: HostAddress | None = None
        self.generation = 0
        self.dropped = False

    def open_socket(self) -> socket.socket:
        """The host's; Err invalid-state if it is closed."""
        if self.dropped:
            raise Err("invalid-state")
        return self.host.sock

    @reports
    def start_bind(self, network: Network, local: Any) -> None:
        """Bind to an address of this machine where the policy lets one listen; to send alone, to a port that the system chooses."""
        if self.state != UNBOUND:
            raise Err("concurrency-conflict" if self.state == BINDING else "invalid-state")
        address, port, host = address_from(local, self.family)
        access = network.access
        if port or not address.is_unspecified or not access.policy.allows_some(UDP, CONNECT):
            access.check(UDP, LISTEN, address, port)
            self.open_to_all = True
        else:
            self.open_to_all = access.permits(UDP, LISTEN, address, port)
        self.host.sock.bind(host)
        self.bound_to = self.host.sock.getsockname()
        self.state = BINDING

    def finish_bind(self) -> None:
        """That was it."""
        if self.state != BINDING:
            raise Err("not-in-progress")
        self.state = BOUND

    @reports
    def stream(self, remote: Any) -> tuple[IncomingDatagramStream, OutgoingDatagramStream]:
        """Streams of datagrams, from and to anybody or one peer. Those given out before are closed."""
        if self.state != BOUND:
            raise Err("invalid-state")
        if remote is None:
            self._disconnect()
        else:
            address, port, host = remote_from(remote, self.family)
            if not self._may_send(host):
                network_of(self.guest).access.check(UDP, CONNECT, address, port)
            self._connect(host)
        self.generation += 1
        return IncomingDatagramStream(self), OutgoingDatagramStream(self)

    def _connect(self, host: HostAddress) -> None:
        self._disconnect()
        self.host.sock.connect(host)
        self.remote = self.host.sock.getpeername()

    def _disconnect(self) -> None:
        if self.remote is not None:
            from wasm_wasi_common.linux import disconnect

            disconnect(self.host.sock.fileno())
            self.remote = None
            if self.host.sock.getsockname()[1] == 0:  # Linux has let go of a port that it chose itself
                assert self.bound_to is not None
                self.host.sock.bind(self.bound_to)

    def _may_send(self, peer: HostAddress) -> bool:
        """Whether the policy lets the guest send to a peer; it may answer those that it received from."""
        network = network_of(self.guest)
        found = network.peers.get((self.number, peer))
        if found is None:
            address, port, _ = parsed(peer)
            found = network.access.permits(UDP, CONNECT, address, port)
            network.remember(self.number, peer, found)
        return found

    def _may_receive(self, peer: HostAddress) -> bool:
        if not self.open_to_all:
            return self._may_send(peer)
        network = network_of(self.guest)
        if not network.peers.get((self.number, peer)):
            network.remember(self.number, peer, True)
        return True

    @reports
    def local_address(self) -> Case:
        """Where it is bound."""
        if self.state != BOUND:
            raise Err("concurrency-conflict" if self.state == BINDING else "invalid-state")
        return ip_socket_address(self.host.sock.getsockname())

    def remote_address(self) -> Case:
        """Whom it streams with alone."""
        if self.remote is None:
            raise Err("invalid-state")
        return ip_socket_address(self.remote)

    def address_family(self) -> str:
        """ipv4 or ipv6."""
        return self.family

    unicast_hop_limit, set_unicast_hop_limit = option(HOP_LIMIT)
    receive_buffer_size, set_receive_buffer_size = option(RECEIVE_BUFFER)
    send_buffer_size, set_send_buffer_size = option(SEND_BUFFER)

    def subscribe(self) -> Pollable:
        """Always ready: nothing of a socket itself blocks."""
        return Pollable(self.guest, self)

    def close(self) -> None:
        """The guest dropped it: the streams go on."""
        if not self.dropped:
            self.dropped = True
            self.host.release()

    def __del__(self) -> None:
        if hasattr(self, "dropped"):
            self.close()


class DatagramStream:
    """What both directions share. `events`: those of poll(2) that make it ready."""

    __slots__ = ("dropped", "generation", "socket")
    by_fd = True
    events = 0

    def __init__(self, owner: UdpSocket) -> None:
        owner.host.users += 1
        self.socket = owner
        self.generation = owner.generation
        self.dropped = False

    def _host(self) -> socket.socket:
        """The host's socket, if this stream is one of the last given out."""
        if self.generation != self.socket.generation:
            raise Err("invalid-state")
        return self.socket.host.sock

    def subscribe(self) -> Pollable:
        """Ready when there is something to receive, or room to send."""
        return Pollable(self.socket.guest, self)

    def ready(self) -> bool:
        """As `Waitable`."""
        fd, events = self.wants()
        return fd < 0 or told(self.socket.host.sock, events) != 0

    def wants(self) -> tuple[int, int]:
        """As `Waitable`."""
        works = not self.dropped and self.generation == self.socket.generation
        return (self.socket.host.sock.fileno(), self.events) if works else (-1, 0)

    def deadline(self) -> None:
        """As `Waitable`."""

    def close(self) -> None:
        """The guest dropped it."""
        if not self.dropped:
            self.dropped = True
            self.socket.host.release()

    def __del__(self) -> None:
        if hasattr(self, "dropped"):
            self.close()


class IncomingDatagramStream(DatagramStream):
    """The resource `incoming-datagram-stream`."""

    __slots__ = ()
    events = select.POLLIN

    @reports
    def receive(self, most: int) -> list[dict[str, Any]]:
        """The datagrams that are there; what came from others than those one may have to do with is dropped."""
        sock = self._host()
        found: list[dict[str, Any]] = []
        owner = self.socket
        for _ in range(min(most, MOST_RECEIVED)):
            try:
                data, peer = sock.recvfrom(MAX_DATAGRAM, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            except OSError:
                if found:
                    break
                raise
            if (owner.remote is None or peer == owner.remote) and owner._may_receive(peer):
                found.append({"data": data, "remote_address": ip_socket_address(peer)})
        return found


class OutgoingDatagramStream(DatagramStream):
    """The resource `outgoing-datagram-stream`. `permit`: what `check-send` has promised."""

    __slots__ = ("permit",)
    events = select.POLLOUT

    def __init__(self, owner: UdpSocket) -> None:
        super().__init__(owner)
        self.permit = 0

    @reports
    def check_send(self) -> int:
        """How many datagrams the next `send` may have."""
        self.permit = PERMIT if told(self._host(), select.POLLOUT) else 0
        return self.permit

    @reports
    def send(self, datagrams: list[Any]) -> int:
        """Send as many as go at once; how many."""
        if len(datagrams) > self.permit:
            trap(f"send of {len(datagrams)} datagrams, where check-send permits {self.permit}" if self.permit else "send of datagrams without check-send")
        sock = self._host()
        self.permit = 0
        for count, datagram in enumerate(datagrams):
            try:
                self._send(sock, datagram)
            except BlockingIOError:
                return count
            except (OSError, Err):
                if count:
                    return count
                raise
        return len(datagrams)

    def _send(self, sock: socket.socket, datagram: Any) -> None:
        owner = self.socket
        remote = datagram.remote_address
        if owner.remote is not None:
            if remote is not None and parsed(remote_from(remote, owner.family)[2]) != parsed(owner.remote):
                raise Err("invalid-argument")
            sock.send(datagram.data, SEND_FLAGS)
            return
        if remote is None:
            raise Err("invalid-argument")
        address, port, host = remote_from(remote, owner.family)
        if not owner._may_send(host):
            network_of(owner.guest).access.check(UDP, CONNECT, address, port)
        sock.sendto(datagram.data, SEND_FLAGS, host)


def parsed(host: HostAddress) -> tuple[Any, int, int]:
    """Address, port and scope of what sockets give."""
    from ipaddress import ip_address

    return plain(ip_address(host[0].partition("%")[0])), host[1], host[3] if len(host) == 4 else 0


@reports
def create_udp_socket(guest: Guest, family: str) -> UdpSocket:
    """A socket that is not bound."""
    return UdpSocket(guest, family, create(guest, family, socket.SOCK_DGRAM))
