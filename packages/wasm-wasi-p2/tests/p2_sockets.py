"""What the tests of sockets share: addresses as guests give them, the two halves of each operation, peers on loopback."""

from __future__ import annotations

import gc
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address
from types import SimpleNamespace
from typing import Any

import pytest

from wasm_environ.errors import Err
from wasm_wasi_common.config import WasiConfig
from wasm_wasi_common.network import NetworkPolicy
from wasm_wasi_p2.guest import Guest
from wasm_wasi_p2.network import instance_network
from wasm_wasi_p2.poll import Pollable, poll
from wasm_wasi_p2.streams import InputStream, OutputStream
from wasm_wasi_p2.tcp import TcpSocket, create_tcp_socket
from wasm_wasi_p2.udp import IncomingDatagramStream, OutgoingDatagramStream, UdpSocket, create_udp_socket
from wasm_wasi_p2.values import Case

EVERYTHING = ("tcp://any", "udp://any", "tcp-listen://any", "udp-listen://any")
LOCAL = "127.0.0.1"


def guest_with(*rules: str, **options: Any) -> Guest:
    """A guest with a network policy."""
    config = WasiConfig()
    config.network = NetworkPolicy(*rules, **options)
    return Guest(config)


@contextmanager
def tidy_guest() -> Iterator[Guest]:
    """A guest that may do everything, and has nothing left at the end."""
    with guest_with(*EVERYTHING) as made:
        yield made
        gc.collect()
        assert made.files == 0
        assert instance_network(made).access.sockets == 0


def at(host: str, port: int, scope: int = 0) -> Case:
    """An `ip-socket-address`, as it is lifted."""
    if ":" in host:
        packed = IPv6Address(host).packed
        parts = tuple(int.from_bytes(packed[place : place + 2], "big") for place in range(0, 16, 2))
        return Case("ipv6", SimpleNamespace(port=port, flow_info=0, address=parts, scope_id=scope))
    return Case("ipv4", SimpleNamespace(port=port, address=tuple(IPv4Address(host).packed)))


def told(found: Case) -> tuple[str, int]:
    """Host and port of an `ip-socket-address` that a guest gets as an ok."""
    where = found.payload
    if found.tag == "ipv4":
        return str(IPv4Address(bytes(where["address"]))), where["port"]
    return str(IPv6Address(b"".join(part.to_bytes(2, "big") for part in where["address"]))), where["port"]


def code(call: Any, *args: Any) -> Any:
    """The err of a call; None if it is an ok."""
    try:
        call(*args)
    except Err as error:
        return error.payload
    return None


def block(subscribed: Pollable) -> None:
    """Wait, but not for ever."""
    deadline = time.monotonic() + 10
    while not subscribed.ready():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def bound(guest: Guest, host: str = LOCAL, port: int = 0) -> TcpSocket:
    """A TCP socket, bound."""
    made = create_tcp_socket(guest, "ipv6" if ":" in host else "ipv4")
    made.start_bind(instance_network(guest), at(host, port))
    made.finish_bind()
    return made


def listening(guest: Guest, host: str = LOCAL, port: int = 0) -> tuple[TcpSocket, int]:
    """A TCP socket that listens, and its port."""
    made = bound(guest, host, port)
    made.start_listen()
    made.finish_listen()
    return made, told(made.local_address())[1]


def connected(guest: Guest, port: int, host: str = LOCAL) -> tuple[TcpSocket, InputStream, OutputStream]:
    """A TCP socket that is connected, with its streams."""
    made = create_tcp_socket(guest, "ipv6" if ":" in host else "ipv4")
    made.start_connect(instance_network(guest), at(host, port))
    poll(guest, [made.subscribe()])
    return made, *made.finish_connect()


def pair(guest: Guest) -> tuple[TcpSocket, InputStream, OutputStream, socket.socket]:
    """A guest's connection, and the peer's end of it."""
    with socket.create_server((LOCAL, 0)) as server:
        made = connected(guest, server.getsockname()[1])
        peer, _ = server.accept()
    peer.settimeout(10)
    return *made, peer


def reset(peer: socket.socket) -> None:
    """End a connection at once, by an RST."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def udp_bound(guest: Guest, host: str = LOCAL, port: int = 0) -> UdpSocket:
    """A UDP socket, bound."""
    made = create_udp_socket(guest, "ipv6" if ":" in host else "ipv4")
    made.start_bind(instance_network(guest), at(host, port))
    made.finish_bind()
    return made


def datagram(data: bytes, to: Case | None = None) -> Any:
    """An `outgoing-datagram`."""
    return SimpleNamespace(data=data, remote_address=to)


def send(stream: OutgoingDatagramStream, data: bytes, to: Case | None = None) -> int:
    """Send one datagram."""
    assert stream.check_send()
    return stream.send([datagram(data, to)])


def receive(stream: IncomingDatagramStream) -> tuple[bytes, int]:
    """The next datagram, and the port it came from."""
    deadline = time.monotonic() + 10
    while True:
        found = stream.receive(1)
        if found:
            return found[0]["data"], found[0]["remote_address"].payload["port"]
        assert time.monotonic() < deadline
        block(stream.subscribe())


def failed(error: Err) -> Any:
    """The network's error code of a stream's err."""
    from wasm_wasi_p2.network import network_error_code

    assert error.payload.tag == "last-operation-failed"
    with guest_with() as guest:
        return network_error_code(guest, error.payload.payload)


def drop(*resources: Any) -> None:
    """As when a guest drops its handles."""
    for resource in resources:
        resource.close()


def ended(stream: InputStream | OutputStream) -> bool:
    """Whether a stream is closed."""
    with pytest.raises(Err) as caught:
        stream.check_write() if isinstance(stream, OutputStream) else stream.read(1)
    return bool(caught.value.payload.tag == "closed")
