"""wasi:sockets/tcp on loopback: states, streams, addresses, peers that stall or reset."""

from __future__ import annotations

import gc
import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from p2_sockets import (
    EVERYTHING,
    LOCAL,
    at,
    block,
    bound,
    code,
    connected,
    drop,
    ended,
    failed,
    guest_with,
    has_ipv6,
    listening,
    pair,
    reset,
    tidy_guest,
    told,
    udp_bound,
)

from wasm_environ.errors import Err
from wasm_wasi_common import TimeIsOver
from wasm_wasi_p2.guest import Guest
from wasm_wasi_p2.network import instance_network
from wasm_wasi_p2.poll import poll
from wasm_wasi_p2.streams import OutputStream
from wasm_wasi_p2.tcp import create_tcp_socket


@pytest.fixture
def guest() -> Iterator[Guest]:
    with tidy_guest() as made:
        yield made


KEPT: list[Any] = []  # what a socket's state depends on


def unbound(guest: Guest) -> Any:
    return create_tcp_socket(guest, "ipv4")


def binding(guest: Guest) -> Any:
    made = unbound(guest)
    made.start_bind(instance_network(guest), at(LOCAL, 0))
    return made


def listening_soon(guest: Guest) -> Any:
    made = bound(guest)
    made.start_listen()
    return made


def connecting(guest: Guest) -> Any:
    made = unbound(guest)
    with socket.create_server((LOCAL, 0)) as server:
        made.start_connect(instance_network(guest), at(LOCAL, server.getsockname()[1]))
    return made


def in_connection(guest: Guest) -> Any:
    made, *KEPT[:] = pair(guest)
    return made


def refused(guest: Guest) -> Any:
    with socket.create_server((LOCAL, 0)) as server:
        port = server.getsockname()[1]
    made = unbound(guest)
    made.start_connect(instance_network(guest), at(LOCAL, port))
    poll(guest, [made.subscribe()])
    assert code(made.finish_connect) == "connection-refused"
    return made


STATES: tuple[Callable[[Guest], Any], ...] = (unbound, binding, bound, listening_soon, lambda guest: listening(guest)[0], connecting, in_connection, refused)
OK, STATE, NOT, BUSY = None, "invalid-state", "not-in-progress", "concurrency-conflict"
# An operation; what it gives in each of the states.
#                             unbound  binding  bound  listen-  listening  connect-  connected  closed
OPERATIONS = [
    ("start_bind",             OK,     BUSY,    STATE, STATE,   STATE,     STATE,    STATE,     STATE),
    ("finish_bind",            NOT,    OK,      NOT,   NOT,     NOT,       NOT,      NOT,       NOT),
    ("start_connect",          OK,     STATE,   OK,    STATE,   STATE,     BUSY,     STATE,     STATE),
    ("start_listen",           STATE,  STATE,   OK,    BUSY,    STATE,     STATE,    STATE,     STATE),
    ("finish_listen",          NOT,    NOT,     NOT,   OK,      NOT,       NOT,      NOT,       NOT),
    ("accept",                 STATE,  STATE,   STATE, STATE,   "would-block", STATE, STATE,    STATE),
    ("local_address",          STATE,  BUSY,    OK,    OK,      OK,        OK,       OK,        STATE),
    ("remote_address",         STATE,  STATE,   STATE, STATE,   STATE,     BUSY,     OK,        STATE),
    ("shutdown",               STATE,  STATE,   STATE, STATE,   STATE,     BUSY,     OK,        STATE),
    ("set_listen_backlog_size", OK,    OK,      OK,    OK,      OK,        STATE,    STATE,     STATE),
    ("hop_limit",              OK,     OK,      OK,    OK,      OK,        OK,       OK,        STATE),
    ("address_family",         OK,     OK,      OK,    OK,      OK,        OK,       OK,        OK),
    ("is_listening",           OK,     OK,      OK,    OK,      OK,        OK,       OK,        OK),
]  # fmt: skip


@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row[0])
def test_states(guest: Guest, row: tuple[str, *tuple[str | None, ...]]) -> None:
    network = instance_network(guest)
    with socket.create_server((LOCAL, 0)) as server:
        arguments: dict[str, tuple[Any, ...]] = {
            "start_bind": (network, at(LOCAL, 0)),
            "start_connect": (network, at(LOCAL, server.getsockname()[1])),
            "shutdown": ("both",),
            "set_listen_backlog_size": (7,),
        }
        found = []
        for state in STATES:
            made = state(guest)
            found.append(code(getattr(made, row[0]), *arguments.get(row[0], ())))
            drop(made, *KEPT)
            KEPT.clear()
    assert tuple(found) == row[1:]


def test_finish_connect(guest: Guest) -> None:
    for state in STATES:
        made = state(guest)
        if state is not connecting:
            assert code(made.finish_connect) == "not-in-progress"
        drop(made, *KEPT)
        KEPT.clear()
    with socket.create_server((LOCAL, 0), backlog=0) as server:  # a queue that gets full: no answer
        crowd = [unbound(guest) for _ in range(6)]
        for made in crowd:
            made.start_connect(instance_network(guest), at(*server.getsockname()))
        last = crowd[-1]
        assert code(last.finish_connect) == "would-block"
        assert not last.subscribe().ready()
        drop(*crowd)


# An address to bind to, one to connect to: the error codes.
ADDRESSES = [
    ("ipv4", LOCAL, 80, "", None),
    ("ipv4", "::1", 80, "invalid-argument", "invalid-argument"),
    ("ipv6", LOCAL, 80, "invalid-argument", "invalid-argument"),
    ("ipv4", "0.0.0.0", 80, "", "invalid-argument"),
    ("ipv6", "::", 80, "", "invalid-argument"),
    ("ipv4", LOCAL, 0, "", "invalid-argument"),
    ("ipv4", "224.0.0.1", 80, "invalid-argument", "invalid-argument"),
    ("ipv4", "255.255.255.255", 80, "invalid-argument", "invalid-argument"),
    ("ipv6", "ff02::1", 80, "invalid-argument", "invalid-argument"),
    ("ipv6", "::ffff:127.0.0.1", 80, "invalid-argument", "invalid-argument"),
    ("ipv6", "::127.0.0.1", 80, "invalid-argument", "invalid-argument"),
    ("ipv4", "192.0.2.1", 0, "address-not-bindable", "invalid-argument"),
]


@pytest.mark.parametrize(("family", "host", "port", "binds", "connects"), ADDRESSES)
def test_addresses(guest: Guest, family: str, host: str, port: int, binds: str, connects: str | None) -> None:
    made = create_tcp_socket(guest, family)
    found = code(made.start_bind, instance_network(guest), at(host, 0 if binds == "" else port))
    assert found == (binds or None) or (family == "ipv6" and found == "address-not-bindable")  # a machine without IPv6
    drop(made)
    made = create_tcp_socket(guest, family)
    assert code(made.start_connect, instance_network(guest), at(host, port)) == connects
    drop(made)


def test_address_in_use(guest: Guest) -> None:
    first, port = listening(guest)
    second = create_tcp_socket(guest, "ipv4")
    assert code(second.start_bind, instance_network(guest), at(LOCAL, port)) == "address-in-use"
    drop(first)
    assert code(second.start_bind, instance_network(guest), at(LOCAL, port)) is None  # as often as it fails
    second.finish_bind()
    assert told(second.local_address()) == (LOCAL, port)
    drop(second)


@pytest.mark.parametrize("host", [LOCAL, "::1"])
def test_server_and_client(guest: Guest, host: str) -> None:
    if host == "::1" and not has_ipv6():
        pytest.skip("this machine has no IPv6")
    server, port = listening(guest, host)
    assert server.is_listening()
    client, into, out = connected(guest, port, host)
    block(server.subscribe())
    served, served_into, served_out = server.accept()
    assert told(client.local_address()) == told(served.remote_address())
    assert told(client.remote_address()) == told(served.local_address()) == (host, port)
    assert served.address_family() == server.address_family()
    out.blocking_write_and_flush(b"hello")
    assert served_into.blocking_read(100) == b"hello"
    served_out.blocking_write_and_flush(b"you")
    assert into.blocking_read(2) == b"yo"
    assert into.blocking_read(100) == b"u"
    assert into.read(100) == b""
    assert not into.subscribe().ready()
    drop(out, into, client)
    block(served_into.subscribe())
    assert ended(served_into)
    drop(served, served_into, served_out, server)


@pytest.mark.parametrize("buffer", [0, 1])
def test_much_data_to_a_slow_peer(guest: Guest, buffer: int) -> None:
    """What the system does not take at once is sent without the guest asking: it writes, then only waits for the peer's answer."""
    size, got = 3_000_000, bytearray()
    made, into, out, peer = pair(guest)
    if buffer:
        made.set_send_buffer_size(buffer)

    def read_slowly() -> None:
        while len(got) < size:
            got.extend(peer.recv(100_000))
            if len(got) < 1_000_000:
                time.sleep(0.001)
        peer.sendall(b"done")

    thread = threading.Thread(target=read_slowly)
    thread.start()
    data = bytes(range(256)) * (size // 256 + 1)
    done = 0
    while done < size:
        permit = out.check_write()
        if not permit:
            poll(guest, [out.subscribe()])
            continue
        piece = data[done : min(size, done + permit)]
        out.write(piece)
        done += len(piece)
    assert into.blocking_read(10) == b"done"
    thread.join(10)
    assert bytes(got) == data[:size]
    drop(made, into, out)
    peer.close()


def test_what_is_dropped_is_still_sent(guest: Guest) -> None:
    made, into, out, peer = pair(guest)
    made.set_send_buffer_size(1)
    total = fill(out)
    drop(out, into, made)
    got = 0
    while data := peer.recv(1 << 20):
        got += len(data)
    assert got == total
    peer.close()
    wait_for(lambda: guest.files == 0)


def fill(out: OutputStream) -> int:
    """Write until there is no more room, and some time after: how many bytes."""
    total = 0
    until = time.monotonic() + 0.1
    while time.monotonic() < until:
        permit = out.check_write()
        if permit:
            out.write(bytes(permit))
            total += permit
            until = time.monotonic() + 0.1
    return total


def wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_peer_that_stalls(guest: Guest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wasm_wasi_p2.tcp_streams.LINGER", 0.1)
    monkeypatch.setattr("wasm_wasi_p2.tcp_streams.IDLE", 0.05)
    made, into, out, peer = pair(guest)
    made.set_send_buffer_size(1)
    assert fill(out) < 100_000_000
    assert not out.subscribe().ready()
    assert not into.subscribe().ready()
    until = time.monotonic() + 0.1
    guest.interrupted = lambda: time.monotonic() > until
    with pytest.raises(TimeIsOver):
        poll(guest, [out.subscribe(), into.subscribe()])
    with pytest.raises(TimeIsOver):
        out.blocking_write_and_flush(b"x")
    assert time.monotonic() - until < 2
    drop(made, into, out)
    wait_for(lambda: guest.files == 0)  # the rest is given up
    peer.close()


def test_shutdown(guest: Guest) -> None:
    made, into, out, peer = pair(guest)
    peer.sendall(b"lost")
    block(into.subscribe())
    made.shutdown("receive")
    made.shutdown("receive")
    assert ended(into)
    assert into.subscribe().ready()
    out.blocking_write_and_flush(b"x")
    made.shutdown("send")
    assert out.subscribe().ready()
    assert ended(out)
    assert peer.recv(10) == b"x"
    assert peer.recv(10) == b""
    made.shutdown("both")
    drop(made, into, out)
    peer.close()


def test_shutdown_after_all_was_sent(guest: Guest) -> None:
    made, into, out, peer = pair(guest)
    made.set_send_buffer_size(1)
    total = fill(out)
    made.shutdown("send")
    got = 0
    while data := peer.recv(1 << 20):
        got += len(data)
    assert got == total
    peer.sendall(b"bye")
    assert into.blocking_read(10) == b"bye"
    drop(made, into, out)
    peer.close()


def test_dropping_one_stream_ends_one_direction(guest: Guest) -> None:
    made, into, out, peer = pair(guest)
    drop(out)
    assert peer.recv(1) == b""
    peer.sendall(b"still")
    assert into.blocking_read(10) == b"still"
    drop(made)
    peer.sendall(b" here")
    assert into.blocking_read(10) == b" here"
    drop(into)
    peer.close()


def write_until_error(out: OutputStream) -> str:
    """The error code of what is soon told of a peer that is gone."""
    with pytest.raises(Err) as caught:
        write_some(out)
    return "closed" if caught.value.payload.tag == "closed" else failed(caught.value)


def write_some(out: OutputStream) -> None:
    for _ in range(3):
        out.check_write()
        out.write(b"x")


def test_resets_are_errors(guest: Guest) -> None:
    made, into, out, peer = pair(guest)
    out.blocking_write_and_flush(b"unread")
    reset(peer)
    block(into.subscribe())
    with pytest.raises(Err) as caught:
        into.blocking_read(1)
    assert failed(caught.value) == "connection-reset"
    assert ended(into)
    assert write_until_error(out) in ("closed", "connection-reset")
    assert ended(out)
    drop(made, into, out)


def test_a_reset_while_the_rest_is_sent(guest: Guest) -> None:
    made, into, out, peer = pair(guest)
    made.set_send_buffer_size(1)
    fill(out)
    reset(peer)
    poll(guest, [out.subscribe()])
    assert write_until_error(out) == "connection-reset"
    assert ended(out)
    drop(made, into, out)


def test_connections_that_are_gone_before_they_are_accepted(guest: Guest) -> None:
    server, port = listening(guest)
    reset(socket.create_connection((LOCAL, port)))
    time.sleep(0.01)
    try:
        made = server.accept()
    except Err as error:
        assert error.payload in ("connection-aborted", "would-block")  # noqa: PT017
    else:
        with pytest.raises(Err):
            made[1].blocking_read(1)
        drop(*made)
    drop(server)


def test_nothing_is_left_open() -> None:
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    guest = guest_with(*EVERYTHING)
    for _ in range(20):
        made = pair(guest)
        made[-1].close()
        del made
        refused(guest)
    guest.close()
    del guest
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= before


def test_a_permit_used_up_in_several_writes(guest: Guest) -> None:
    """What is written behind a rest that the system did not take comes behind it."""
    sock, receives, sends, peer = pair(guest)
    sock.set_send_buffer_size(4096)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    written = b""
    while (permit := sends.check_write()) and len(written) < 4 << 20:
        for _ in range(permit // 1400):
            piece = b"".join(b"%06d," % (len(written) // 7 + place) for place in range(200))
            sends.write(piece)
            written += piece
    threading.Timer(0.1, lambda: (sends.close(), receives.close(), sock.close())).start()
    peer.settimeout(20)
    got = b""
    while piece := peer.recv(1 << 16):
        got += piece
    assert got == written
    peer.close()


@pytest.mark.parametrize("call", ["start_bind", "start_connect"])
def test_a_flow_that_there_is_not(guest: Guest, call: str) -> None:
    """The system's have 20 bits."""
    address = at("::1", 80)
    address.payload.flow_info = 1 << 20
    made = create_tcp_socket(guest, "ipv6")
    assert code(getattr(made, call), instance_network(guest), address) == "invalid-argument"


def test_a_wait_for_many_is_one_system_call(guest: Guest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether they are sockets that listen, connections or datagrams, and however many of them there is something to tell of."""
    made = [pair(guest) for _ in range(50)]
    server, port = listening(guest)
    datagrams = udp_bound(guest)
    into, out = datagrams.stream(None)
    pollables = [stream.subscribe() for _, *streams, _ in made for stream in streams] + [server.subscribe(), into.subscribe(), out.subscribe()]
    for *_, peer in made[::2]:
        peer.sendall(b"x")
    with socket.create_connection((LOCAL, port)):
        block(server.subscribe())
        for _, stream, *_ in made[::2]:
            block(stream.subscribe())
        calls = count_polls(monkeypatch)
        found = poll(guest, pollables)
        assert calls == [len({each.waitable.wants()[0] for each in pollables})]
    reads = [2 * index for index in range(0, 50, 2)]
    assert found == sorted([*reads, *range(1, 100, 2), 100, 102])
    for tcp, *streams, peer in made:
        drop(*streams, tcp)
        peer.close()
    drop(server, into, out, datagrams)


def count_polls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Of each poll(2) from here on: how many descriptors it is about."""
    calls: list[int] = []
    system = select.poll

    class Poll:
        def __init__(self) -> None:
            self.inner = system()
            self.count = 0

        def register(self, fd: int, events: int) -> None:
            self.count += 1
            self.inner.register(fd, events)

        def poll(self, timeout: float) -> list[tuple[int, int]]:
            calls.append(self.count)
            return self.inner.poll(timeout)

    monkeypatch.setattr(select, "poll", Poll)
    return calls
