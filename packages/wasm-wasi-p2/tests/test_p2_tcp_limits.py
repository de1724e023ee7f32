"""wasi:sockets/tcp: options, what a policy permits, how many sockets a guest may have, and connections that say nothing."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from p2_sockets import EVERYTHING, LOCAL, at, block, bound, code, connected, drop, guest_with, listening, tidy_guest

from wasm_wasi_p2.guest import Guest
from wasm_wasi_p2.network import instance_network
from wasm_wasi_p2.poll import poll
from wasm_wasi_p2.tcp import create_tcp_socket


@pytest.fixture
def guest() -> Iterator[Guest]:
    with tidy_guest() as made:
        yield made


OPTIONS = [
    # option, the value, what is read afterwards
    ("hop_limit", 1, 1), ("hop_limit", 255, 255), ("hop_limit", 0, "invalid-argument"),
    ("keep_alive_idle_time", 1, 10**9), ("keep_alive_idle_time", 90 * 10**9, 90 * 10**9), ("keep_alive_idle_time", 1_500_000_000, 2 * 10**9),
    ("keep_alive_idle_time", 2**64 - 1, 32767 * 10**9), ("keep_alive_idle_time", 0, "invalid-argument"),
    ("keep_alive_interval", 7 * 10**9, 7 * 10**9), ("keep_alive_interval", 2**64 - 1, 32767 * 10**9), ("keep_alive_interval", 0, "invalid-argument"),
    ("keep_alive_count", 5, 5), ("keep_alive_count", 2**32 - 1, 127), ("keep_alive_count", 0, "invalid-argument"),
    ("receive_buffer_size", 65536, 65536), ("receive_buffer_size", 0, "invalid-argument"), ("receive_buffer_size", 2**64 - 1, None),
    ("send_buffer_size", 65536, 65536), ("send_buffer_size", 0, "invalid-argument"), ("send_buffer_size", 2**64 - 1, None), ("send_buffer_size", 1, None),
    ("keep_alive_enabled", True, True), ("keep_alive_enabled", False, False),
]  # fmt: skip


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
@pytest.mark.parametrize(("name", "value", "expected"), OPTIONS)
def test_options(guest: Guest, family: str, name: str, value: int, expected: Any) -> None:
    made = create_tcp_socket(guest, family)
    before = getattr(made, name)()
    found = code(getattr(made, f"set_{name}"), value)
    after = getattr(made, name)()
    if isinstance(expected, str):
        assert (found, after) == (expected, before)
    else:
        assert found is None
        assert after == expected or (expected is None and after > 0)
    drop(made)


def test_accepted_sockets_inherit_options(guest: Guest) -> None:
    server, port = listening(guest)
    server.set_keep_alive_enabled(True)
    server.set_keep_alive_count(3)
    server.set_hop_limit(42)
    with socket.create_connection((LOCAL, port)):
        block(server.subscribe())
        made = server.accept()
    assert (made[0].keep_alive_enabled(), made[0].keep_alive_count(), made[0].hop_limit()) == (True, 3, 42)
    drop(*made, server)


def test_backlog(guest: Guest) -> None:
    made = bound(guest)
    assert code(made.set_listen_backlog_size, 0) == "invalid-argument"
    made.set_listen_backlog_size(2**64 - 1)
    made.start_listen()
    made.finish_listen()
    made.set_listen_backlog_size(1)
    drop(made)


# Rules; a use; whether it is allowed: the policy's own tests have the rest.
POLICY = [
    ("", "connect", LOCAL, False),
    ("*", "connect", LOCAL, False),
    ("tcp-listen://any", "connect", LOCAL, False),
    ("udp://any udp-listen://any", "connect", LOCAL, False),
    ("loopback", "connect", LOCAL, True),
    ("127.0.0.1", "connect", LOCAL, True),
    ("127.0.0.1:1", "connect", LOCAL, False),
    ("loopback", "bind", LOCAL, False),
    ("tcp-listen://127.0.0.1", "bind", LOCAL, True),
    ("tcp-listen://127.0.0.1:1", "bind", LOCAL, False),
    ("tcp-listen://127.0.0.1", "bind", "0.0.0.0", False),
    ("tcp-listen://*", "bind", "0.0.0.0", True),
    ("udp-listen://any", "bind", LOCAL, False),
]


@pytest.mark.parametrize(("rules", "use", "host", "may"), POLICY)
def test_policy(rules: str, use: str, host: str, may: bool) -> None:
    with guest_with(*rules.split()) as guest, socket.create_server((LOCAL, 0)) as server:
        network, made = instance_network(guest), create_tcp_socket(guest, "ipv4")
        found = code(made.start_bind, network, at(host, 0)) if use == "bind" else code(made.start_connect, network, at(host, server.getsockname()[1]))
        assert found == (None if may else "access-denied")
        drop(made)


def test_no_more_sockets_than_allowed() -> None:
    with guest_with(*EVERYTHING, max_sockets=4) as guest:
        server, port = listening(guest)
        client = connected(guest, port)
        served = server.accept()
        last = create_tcp_socket(guest, "ipv6")
        assert code(create_tcp_socket, guest, "ipv4") == "new-socket-limit"
        with socket.create_connection((LOCAL, port)):
            block(server.subscribe())
            assert code(server.accept) == "new-socket-limit"
            drop(last)
            drop(*server.accept())
        drop(*client, *served, server)


def test_descriptors_of_the_process_are_not_used_up(guest: Guest) -> None:
    guest.ceiling = 0
    assert code(create_tcp_socket, guest, "ipv4") == "new-socket-limit"
    guest.ceiling = 1 << 20
    guest.max_fds = guest.files
    assert code(create_tcp_socket, guest, "ipv4") == "new-socket-limit"


def test_a_thousand_connections_that_send_nothing(guest: Guest) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 4000:
        if hard < 4000:
            pytest.skip(f"this process may have {hard} files")
        resource.setrlimit(resource.RLIMIT_NOFILE, (4000, hard))
    server, port = listening(guest)
    server.set_listen_backlog_size(2000)
    guest.max_fds, guest.ceiling = 3000, 4000
    silent = [socket.create_connection((LOCAL, port)) for _ in range(1000)]
    with socket.create_connection((LOCAL, port)) as talks:
        made = []
        for _ in range(1001):
            block(server.subscribe())
            made.append(server.accept())
        talks.sendall(b"hello")
        ready = poll(guest, [into.subscribe() for _, into, _ in made])
        assert ready == [1000]
        _, into, out = made[1000]
        out.write(into.read(10)) if out.check_write() else pytest.fail("no room")
        talks.settimeout(10)
        assert talks.recv(10) == b"hello"
    for sock in silent:
        sock.close()
    for resources in made:
        drop(*resources)
    drop(server)
    if soft < 4000:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
