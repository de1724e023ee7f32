"""wasi:sockets/network and instance-network: the resource `network`, addresses as WASI has them, and the one table of error codes."""

from __future__ import annotations

import errno
from functools import wraps
from ipaddress import IPv4Address, IPv6Address

from wasm_environ.errors import Err
from wasm_wasi_common.errors import errno_of
from wasm_wasi_common.network import NetworkAccess
from wasm_wasi_p2.values import Case

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ParamSpec, TypeVar

    from wasm_wasi_common.addresses import Address
    from wasm_wasi_p2.errors import Error
    from wasm_wasi_p2.guest import Guest
    from wasm_wasi_p2.name_lookup import Lookup
    from wasm_wasi_p2.tcp_streams import Sender

    P = ParamSpec("P")
    T = TypeVar("T")
    # As sockets have it: host, port; and of IPv6 flow info and scope id.
    HostAddress = tuple[str, int] | tuple[str, int, int, int]

# errno -> error-code.
CODES = {
    errno.EACCES: "access-denied",
    errno.EPERM: "access-denied",
    errno.EOPNOTSUPP: "not-supported",
    errno.ENOPROTOOPT: "not-supported",
    errno.EPFNOSUPPORT: "not-supported",
    errno.EPROTONOSUPPORT: "not-supported",
    errno.ESOCKTNOSUPPORT: "not-supported",
    errno.EINVAL: "invalid-argument",
    errno.EAFNOSUPPORT: "invalid-argument",
    errno.EDESTADDRREQ: "invalid-argument",
    errno.ENOMEM: "out-of-memory",
    errno.ENOBUFS: "out-of-memory",
    errno.ETIMEDOUT: "timeout",
    errno.EALREADY: "concurrency-conflict",
    errno.EAGAIN: "would-block",
    errno.EINPROGRESS: "would-block",
    errno.ENOTCONN: "invalid-state",
    errno.EISCONN: "invalid-state",
    errno.EBADF: "invalid-state",
    errno.EMFILE: "new-socket-limit",
    errno.ENFILE: "new-socket-limit",
    errno.EADDRNOTAVAIL: "address-not-bindable",
    errno.EADDRINUSE: "address-in-use",
    errno.EHOSTUNREACH: "remote-unreachable",
    errno.EHOSTDOWN: "remote-unreachable",
    errno.ENETUNREACH: "remote-unreachable",
    errno.ENETDOWN: "remote-unreachable",
    errno.ENETRESET: "remote-unreachable",
    errno.ENONET: "remote-unreachable",
    errno.ECONNREFUSED: "connection-refused",
    errno.ECONNRESET: "connection-reset",
    errno.EPIPE: "connection-reset",
    errno.ECONNABORTED: "connection-aborted",
    errno.EPROTO: "connection-aborted",
    errno.EMSGSIZE: "datagram-too-large",
}
IPV4, IPV6 = "ipv4", "ipv6"
MAX_PEERS = 1 << 14  # that a guest's UDP sockets remember, all of them together


def code_of(error: OSError) -> str:
    """The error code of a failure of the host's."""
    return CODES.get(errno_of(error), "unknown")


def reports(function: Callable[P, T]) -> Callable[P, T]:
    """A function whose failures of the host's are the guest's error codes."""

    @wraps(function)
    def reporting(*args: P.args, **keywords: P.kwargs) -> T:
        try:
            return function(*args, **keywords)
        except OSError as error:
            raise Err(code_of(error)) from error

    return reporting


class Network:
    """The resource `network`, one a guest: `access`, what may be done; `sender`, the thread that sends what had to wait; `lookups`, those under way.

    `peers`: what was decided about those with whom UDP sockets exchange datagrams, by the socket's number, of which there were `numbers`.
    """

    __slots__ = ("access", "lookups", "numbers", "peers", "sender")

    def __init__(self, access: NetworkAccess) -> None:
        self.access = access
        self.sender: Sender | None = None
        self.lookups: set[Lookup] = set()
        self.numbers = 0
        self.peers: dict[tuple[int, HostAddress], bool] = {}

    def remember(self, number: int, peer: HostAddress, may: bool) -> None:
        """Whether a socket may have to do with a peer. The oldest are forgotten, of whichever socket they are."""
        if len(self.peers) >= MAX_PEERS:
            del self.peers[next(iter(self.peers))]
        self.peers[number, peer] = may


def network_of(guest: Guest) -> Network:
    """The guest's network, made when it is first needed."""
    found = guest.network
    if found is None:
        found = guest.network = Network(NetworkAccess(guest.config.network))
    return found


def instance_network(guest: Guest) -> Network:
    """The network that there is."""
    return network_of(guest)


def network_error_code(guest: Guest, error: Error) -> str | None:
    """The error code of a stream's failure, if that was the network's."""
    return None if error.os_error is None else CODES.get(errno_of(error.os_error))


def address_from(given: Any, family: str) -> tuple[Address, int, HostAddress]:
    """The address, the port, and what sockets take, of an `ip-socket-address`. Err invalid-argument for one of the other family, of IPv4 within IPv6,
    or with a flow of more than the 20 bits that it has."""
    if given.tag != family:
        raise Err("invalid-argument")
    where = given.payload
    if family == IPV4:
        four = IPv4Address(bytes(where.address))
        return four, where.port, (str(four), where.port)
    six = IPv6Address(b"".join(part.to_bytes(2, "big") for part in where.address))
    if six.ipv4_mapped is not None or 1 < int(six) < 1 << 32 or where.flow_info >> 20:
        raise Err("invalid-argument")
    return six, where.port, (str(six), where.port, where.flow_info, where.scope_id)


def remote_from(given: Any, family: str) -> tuple[Address, int, HostAddress]:
    """As `address_from`, of what one may send to: neither the unspecified address nor port 0."""
    address, port, host = address_from(given, family)
    if address.is_unspecified or not port:
        raise Err("invalid-argument")
    return address, port, host


def is_unicast(address: Address) -> bool:
    """Whether it is one place's."""
    return not address.is_multicast and address != IPv4Address(0xFFFFFFFF)


def ip_address(address: Address) -> Case:
    """An `ip-address`."""
    if isinstance(address, IPv4Address):
        return Case(IPV4, tuple(address.packed))
    return Case(IPV6, _parts(address))


def ip_socket_address(host: HostAddress) -> Case:
    """An `ip-socket-address` of what sockets give."""
    if len(host) == 2:
        return Case(IPV4, {"port": host[1], "address": tuple(IPv4Address(host[0]).packed)})
    six = IPv6Address(host[0].partition("%")[0])
    return Case(IPV6, {"port": host[1], "flow_info": host[2], "address": _parts(six), "scope_id": host[3]})


def _parts(address: IPv6Address) -> tuple[int, ...]:
    packed = address.packed
    return tuple(int.from_bytes(packed[at : at + 2], "big") for at in range(0, 16, 2))
