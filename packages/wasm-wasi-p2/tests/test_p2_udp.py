"""wasi:sockets/udp on loopback: states, streams of datagrams, permits, whom the policy lets one have to do with."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from p2_sockets import LOCAL, at, block, code, datagram, drop, guest_with, has_ipv6, receive, send, tidy_guest, told, udp_bound

from wasm_environ.errors import WasmError
from wasm_wasi_p2.guest import Guest
from wasm_wasi_p2.network import instance_network
from wasm_wasi_p2.poll import poll
from wasm_wasi_p2.udp import PERMIT, create_udp_socket


@pytest.fixture
def guest() -> Iterator[Guest]:
    with tidy_guest() as made:
        yield made


@pytest.fixture
def peer() -> Iterator[socket.socket]:
    with socket.socket(type=socket.SOCK_DGRAM) as made:
        made.bind((LOCAL, 0))
        made.settimeout(10)
        yield made


def port_of(sock: Any) -> int:
    return int(sock.getsockname()[1])


def unbound(guest: Guest) -> Any:
    return create_udp_socket(guest, "ipv4")


def binding(guest: Guest) -> Any:
    made = unbound(guest)
    made.start_bind(instance_network(guest), at(LOCAL, 0))
    return made


def streaming(guest: Guest) -> Any:
    made = udp_bound(guest)
    drop(*made.stream(at(LOCAL, 9)))
    return made


OK, STATE, NOT, BUSY = None, "invalid-state", "not-in-progress", "concurrency-conflict"
STATES = (unbound, binding, udp_bound, streaming)
# An operation; what it gives in each of the states.
#                            unbound  binding bound  streaming
OPERATIONS = [
    ("start_bind",            OK,     BUSY,   STATE, STATE),
    ("finish_bind",           NOT,    OK,     NOT,   NOT),
    ("stream",                STATE,  STATE,  OK,    OK),
    ("local_address",         STATE,  BUSY,   OK,    OK),
    ("remote_address",        STATE,  STATE,  STATE, OK),
    ("address_family",        OK,     OK,     OK,    OK),
    ("unicast_hop_limit",     OK,     OK,     OK,    OK),
]  # fmt: skip


@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row[0])
def test_states(guest: Guest, row: tuple[str, *tuple[str | None, ...]]) -> None:
    arguments: dict[str, tuple[Any, ...]] = {"start_bind": (instance_network(guest), at(LOCAL, 0)), "stream": (None,)}
    found = []
    for state in STATES:
        made = state(guest)
        found.append(code(getattr(made, row[0]), *arguments.get(row[0], ())))
        drop(made)
    assert tuple(found) == row[1:]


def test_echo(guest: Guest, peer: socket.socket) -> None:
    made = udp_bound(guest)
    into, out = made.stream(None)
    assert into.receive(10) == []
    assert not into.subscribe().ready()
    assert send(out, b"hello", at(LOCAL, port_of(peer))) == 1
    data, sender = peer.recvfrom(100)
    assert (data, sender) == (b"hello", told(made.local_address()))
    peer.sendto(b"", sender)
    peer.sendto(b"x" * 60000, sender)
    poll(guest, [into.subscribe()])
    assert receive(into) == (b"", port_of(peer))
    assert receive(into) == (b"x" * 60000, port_of(peer))
    assert into.receive(0) == []
    drop(into, out, made)


def test_many_at_once(guest: Guest, peer: socket.socket) -> None:
    made = udp_bound(guest)
    into, out = made.stream(at(LOCAL, port_of(peer)))
    assert out.check_send() == PERMIT
    assert out.send([datagram(bytes([index])) for index in range(PERMIT)]) == PERMIT
    for index in range(PERMIT):
        data, sender = peer.recvfrom(10)
        assert data == bytes([index])
        peer.sendto(data, sender)
    got = b""
    while len(got) < PERMIT:
        block(into.subscribe())
        found = into.receive(5)
        assert len(found) <= 5
        got += b"".join(each["data"] for each in found)
    assert got == bytes(range(PERMIT))
    drop(into, out, made)


def test_permits(guest: Guest, peer: socket.socket) -> None:
    made = udp_bound(guest)
    into, out = made.stream(at(LOCAL, port_of(peer)))
    with pytest.raises(WasmError, match="without check-send"):
        out.send([datagram(b"x")])
    out.check_send()
    with pytest.raises(WasmError, match="check-send permits 16"):
        out.send([datagram(b"x")] * 17)
    assert out.check_send() == 16
    assert out.send([]) == 0
    with pytest.raises(WasmError, match="without check-send"):
        out.send([datagram(b"x")])
    drop(into, out, made)


# The remote of the streams, that of the datagram, and the error code.
REMOTES = [
    (None, None, "invalid-argument"),
    (None, (LOCAL, 0), "invalid-argument"),
    (None, ("0.0.0.0", 9), "invalid-argument"),
    (None, ("::1", 9), "invalid-argument"),
    (None, ("255.255.255.255", 9), "access-denied"),
    ((LOCAL, 9), (LOCAL, 10), "invalid-argument"),
    ((LOCAL, 9), ("127.0.0.2", 9), "invalid-argument"),
    ((LOCAL, 9), (LOCAL, 9), None),
    ((LOCAL, 9), None, None),
]


@pytest.mark.parametrize(("streams", "to", "expected"), REMOTES)
def test_remotes(guest: Guest, streams: Any, to: Any, expected: str | None) -> None:
    made = udp_bound(guest)
    into, out = made.stream(streams and at(*streams))
    assert code(send, out, b"x", to and at(*to)) == expected
    drop(into, out, made)


@pytest.mark.parametrize("remote", [(LOCAL, 0), ("0.0.0.0", 9), ("::1", 9)])
def test_nobody_streams_with(guest: Guest, remote: tuple[str, int]) -> None:
    made = udp_bound(guest)
    assert code(made.stream, at(*remote)) == "invalid-argument"
    drop(made)


@pytest.mark.parametrize("host", ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1"])
def test_addresses_of_the_other_family_in_disguise(guest: Guest, peer: socket.socket, host: str) -> None:
    """An address of IPv4 is none of IPv6's: no policy is got round with it."""
    if not has_ipv6():
        pytest.skip("this machine has no IPv6")
    made = udp_bound(guest, "::1")
    assert code(made.stream, at(host, peer.getsockname()[1])) == "invalid-argument"
    into, out = made.stream(None)
    assert code(send, out, b"x", at(host, peer.getsockname()[1])) == "invalid-argument"
    unbound = create_udp_socket(guest, "ipv6")
    assert code(unbound.start_bind, instance_network(guest), at(host, 0)) == "invalid-argument"
    drop(into, out, made, unbound)


def test_too_large(guest: Guest, peer: socket.socket) -> None:
    made = udp_bound(guest)
    into, out = made.stream(None)
    assert code(send, out, bytes(65536), at(LOCAL, port_of(peer))) == "datagram-too-large"
    out.check_send()
    to = at(LOCAL, port_of(peer))
    assert out.send([datagram(b"x", to), datagram(bytes(65536), to), datagram(b"y", to)]) == 1
    drop(into, out, made)


def test_nobody_there(guest: Guest) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.bind((LOCAL, 0))
        port = port_of(sock)
    made = udp_bound(guest)
    into, out = made.stream(at(LOCAL, port))
    send(out, b"x")
    block(into.subscribe())
    assert code(into.receive, 1) == "connection-refused"
    assert into.receive(1) == []
    drop(into, out, made)


def test_one_peer_then_another_then_anybody(guest: Guest, peer: socket.socket) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as other:
        other.bind((LOCAL, 0))
        other.settimeout(10)
        made = udp_bound(guest)
        here = told(made.local_address())
        first = made.stream(at(LOCAL, port_of(peer)))
        assert told(made.remote_address()) == (LOCAL, port_of(peer))
        other.sendto(b"stranger", here)
        peer.sendto(b"peer", here)
        assert receive(first[0]) == (b"peer", port_of(peer))
        second = made.stream(at(LOCAL, port_of(other)))
        assert code(first[0].receive, 1) == code(first[1].check_send) == "invalid-state"
        assert first[0].subscribe().ready()
        send(second[1], b"now you")
        assert other.recvfrom(100) == (b"now you", here)
        third = made.stream(None)
        assert code(made.remote_address) == "invalid-state"
        assert told(made.local_address()) == here
        other.sendto(b"other", here)
        peer.sendto(b"peer", here)
        assert {receive(third[0])[0], receive(third[0])[0]} == {b"other", b"peer"}
        drop(*first, *second, *third, made)


def test_streams_outlive_the_socket(guest: Guest, peer: socket.socket) -> None:
    made = udp_bound(guest)
    into, out = made.stream(None)
    here = told(made.local_address())
    drop(made)
    send(out, b"x", at(LOCAL, port_of(peer)))
    assert peer.recvfrom(10) == (b"x", here)
    drop(into, out)


# Rules, where to bind, the error code.
BINDS = [
    ("", ("0.0.0.0", 0), "access-denied"),
    ("tcp://any tcp-listen://any", ("0.0.0.0", 0), "access-denied"),
    ("udp://1.1.1.1:53", ("0.0.0.0", 0), None),
    ("udp://1.1.1.1:53", ("0.0.0.0", 5353), "access-denied"),
    ("udp://1.1.1.1:53", (LOCAL, 0), "access-denied"),
    ("udp-listen://127.0.0.1:0", (LOCAL, 0), None),
    ("udp-listen://127.0.0.1:0", ("0.0.0.0", 0), "access-denied"),
]


@pytest.mark.parametrize(("rules", "where", "expected"), BINDS)
def test_binding_under_a_policy(rules: str, where: tuple[str, int], expected: str | None) -> None:
    with guest_with(*rules.split()) as guest:
        made = create_udp_socket(guest, "ipv4")
        assert code(made.start_bind, instance_network(guest), at(*where)) == expected
        drop(made)


def test_strangers_are_not_heard(peer: socket.socket) -> None:
    """A guest that may have to do with one peer neither sends to others nor receives from them, whatever it is bound to."""
    with socket.socket(type=socket.SOCK_DGRAM) as stranger, guest_with(f"udp://127.0.0.1:{port_of(peer)}") as guest:
        stranger.bind((LOCAL, 0))
        made = udp_bound(guest, "0.0.0.0")
        into, out = made.stream(None)
        here = (LOCAL, told(made.local_address())[1])
        stranger.sendto(b"psst", here)
        peer.sendto(b"peer", here)
        assert receive(into) == (b"peer", port_of(peer))
        assert code(send, out, b"x", at(LOCAL, port_of(stranger))) == "access-denied"
        assert code(made.stream, at(LOCAL, port_of(stranger))) == "access-denied"
        assert send(out, b"x", at(LOCAL, port_of(peer))) == 1
        drop(into, out, made)


def test_a_server_answers_those_that_asked(peer: socket.socket) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as stranger, guest_with("udp-listen://127.0.0.1") as guest:
        stranger.bind((LOCAL, 0))
        made = udp_bound(guest)
        into, out = made.stream(None)
        to_peer, to_stranger = at(LOCAL, port_of(peer)), at(LOCAL, port_of(stranger))
        assert code(send, out, b"x", to_peer) == "access-denied"
        peer.sendto(b"question", told(made.local_address()))
        assert receive(into) == (b"question", port_of(peer))
        assert send(out, b"answer", to_peer) == 1
        assert peer.recv(100) == b"answer"
        assert code(send, out, b"x", to_stranger) == "access-denied"
        drop(into, out, made)


def test_decide_is_asked_once_for_each_peer(peer: socket.socket) -> None:
    asked = []

    def decide(use: Any) -> bool:
        asked.append(str(use))
        return True

    with guest_with(decide=decide) as guest:
        made = udp_bound(guest)
        into, out = made.stream(None)
        for _ in range(5):
            send(out, b"x", at(LOCAL, port_of(peer)))
        drop(into, out, made)
    assert asked == [f"listen at udp://{LOCAL}:0", f"connect to udp://{LOCAL}:{port_of(peer)}"]


def test_a_flood_is_received_in_pieces(guest: Guest, peer: socket.socket) -> None:
    made = udp_bound(guest)
    made.set_receive_buffer_size(1 << 20)
    into, out = made.stream(None)
    for _ in range(200):
        peer.sendto(b"x", told(made.local_address()))
    deadline = time.monotonic() + 10
    block(into.subscribe())
    assert 0 < len(into.receive(2**64 - 1)) <= 64
    assert time.monotonic() < deadline
    drop(into, out, made)
