"""Connecting to the first of several addresses that answers, on loopback."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from wasm_wasi_common.dial import dial, finish_connect, new_socket, start_connect

LOOPBACK = ip_address("127.0.0.1")


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


@pytest.fixture
def deaf() -> Iterator[socket.socket]:
    """A listening socket whose queue is full: further attempts are not answered."""
    with socket.socket() as made:
        made.bind(("127.0.0.2", 0))
        made.listen(0)
        fill = [new_socket(4) for _ in range(4)]
        for sock in fill:
            start_connect(sock, made.getsockname())
        yield made
        for sock in fill:
            sock.close()


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as made:
        port: int = made.getsockname()[1]
        return port


def test_connects(server: socket.socket) -> None:
    with dial([LOOPBACK], server.getsockname()[1], 5) as made:
        assert made.getblocking() is False
        assert made.getpeername() == server.getsockname()


def test_takes_the_next_address(server: socket.socket) -> None:
    port = server.getsockname()[1]
    with dial([ip_address("127.0.0.3"), LOOPBACK], port, 5) as made:  # nobody listens at 127.0.0.3
        assert made.getpeername() == ("127.0.0.1", port)


def test_does_not_wait_for_a_silent_address(deaf: socket.socket) -> None:
    port = deaf.getsockname()[1]
    with socket.create_server(("127.0.0.1", port)), dial([ip_address("127.0.0.2"), LOOPBACK], port, 5) as made:
        assert made.getpeername() == ("127.0.0.1", port)


def test_refused_and_none() -> None:
    with pytest.raises(ConnectionRefusedError):
        dial([LOOPBACK, LOOPBACK], closed_port(), 5)
    with pytest.raises(OSError, match="no address"):
        dial([], 80)


def test_time_out_and_stop(deaf: socket.socket) -> None:
    start = time.monotonic()
    with pytest.raises(TimeoutError):
        dial([ip_address("127.0.0.2")], deaf.getsockname()[1], 0.2)
    assert 0.2 <= time.monotonic() - start < 2

    def stop() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        dial([ip_address("127.0.0.2")], deaf.getsockname()[1], None, stop)


def in_steps(sock: socket.socket, address: tuple[str, int]) -> None:
    start_connect(sock, address)
    deadline = time.monotonic() + 5
    while not finish_connect(sock):
        assert time.monotonic() < deadline


def test_steps(server: socket.socket) -> None:
    with new_socket(4) as sock:
        in_steps(sock, server.getsockname())
    with new_socket(4) as sock, pytest.raises(ConnectionRefusedError):
        in_steps(sock, ("127.0.0.1", closed_port()))
    with new_socket(6) as sock:
        assert sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 1
