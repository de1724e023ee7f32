"""wasi:http with servers, guests and clients that mean harm: nothing waits without end, holds what it should not, or sends what another reads otherwise."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from test_p2_http import a_guest, a_server, err, head, request_of, result

from wasm_environ.errors import Err
from wasm_wasi_common import TimeIsOver
from wasm_wasi_common.config import WasiConfig
from wasm_wasi_common.network import NetworkPolicy
from wasm_wasi_p2.guest import Guest
from wasm_wasi_p2.http.body import IncomingBody, OutgoingBody
from wasm_wasi_p2.http.config import HttpConfig
from wasm_wasi_p2.http.exchange import WHOLE, Exchange
from wasm_wasi_p2.http.fields import Fields
from wasm_wasi_p2.http.incoming import ResponseOutparam
from wasm_wasi_p2.http.message import OutgoingResponse
from wasm_wasi_p2.http.outgoing import handle
from wasm_wasi_p2.values import Case


def endless(start: bytes, again: bytes) -> Callable[[socket.socket], object]:
    """A server that begins to answer, and sends the same for ever."""

    def answer(connection: socket.socket) -> None:
        head(connection)
        connection.sendall(start)
        while True:
            connection.sendall(again * 1000)

    return answer


def test_a_server_that_closes_before_it_was_asked() -> None:
    guest = a_guest("127.0.0.1")
    with a_server(lambda connection: connection.close()) as port:
        request = request_of(guest, port, "post")
        body = request.body()
        future = handle(guest, request, None)
        stream = body.write()
        until = time.monotonic() + 20
        refused = None
        while refused is None and time.monotonic() < until:
            time.sleep(0.01)
            try:
                stream.check_write()
            except Err as error:
                refused = error.payload.tag
        assert refused == "last-operation-failed"
        assert result(future) == "connection-terminated"


def test_informational_responses_without_end() -> None:
    guest = a_guest("127.0.0.1")
    with a_server(endless(b"", b"HTTP/1.1 103 Early\r\n\r\n")) as port:
        assert result(handle(guest, request_of(guest, port), None)) == "HTTP-protocol-error"


def test_a_body_without_end_that_is_thrown_away() -> None:
    """A look at it returns, again and again, and ends when the guest's time is over."""
    over: list[bool] = []
    config = WasiConfig()
    config.allow_net("127.0.0.1")
    guest = Guest(config, lambda: True, lambda: bool(over), HttpConfig())
    with a_server(endless(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1\r\nx\r\n")) as port:
        response = result(handle(guest, request_of(guest, port), None))
        trailers = IncomingBody.finish(guest, response.consume())
        for _ in range(2):
            assert trailers.get() == Case("none")
        over.append(True)
        with pytest.raises(TimeIsOver):
            trailers.get()
        over.clear()
        trailers.close()
        response.close()


def test_small_pieces_are_joined() -> None:
    guest = a_guest("127.0.0.1")
    whole = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 20000 + b"0\r\n\r\n"

    def answer(connection: socket.socket) -> None:
        head(connection)
        connection.sendall(whole)

    with a_server(answer) as port:
        future = handle(guest, request_of(guest, port), None)
        connection = future._connection
        until = time.monotonic() + 20
        while not connection._done and time.monotonic() < until:
            connection.pump()
        assert sum(map(len, connection._data)) == 20000
        assert len(connection._data) < 30


def test_names_that_are_looked_up_at_a_time() -> None:
    """Requests that were dropped leave their lookups behind: those count."""
    release = threading.Event()

    def slow(name: str) -> list[str]:
        release.wait(30)
        return ["127.0.0.1"]

    config = WasiConfig()
    config.network = NetworkPolicy("example.org@loopback", resolver=slow)
    guest = Guest(config, http=HttpConfig(max_connections=3))
    try:
        for _ in range(3):
            handle(guest, request_of(guest, 80, host="example.org"), None).close()
        assert err(lambda: handle(guest, request_of(guest, 80, host="example.org"), None)) == "connection-limit-reached"
        assert guest.http.connections == 0
    finally:
        release.set()
    until = time.monotonic() + 20
    while guest.http.resolutions and time.monotonic() < until:
        time.sleep(0.01)
    assert not guest.http.resolutions


# Columns: method, status, content-length that the guest says, its body or None, the lengths that go out.
LENGTHS = [
    ("HEAD", 200, b"5", None, [b"5"]),
    ("HEAD", 200, b"5", b"", [b"5"]),
    ("GET", 304, b"5", None, [b"5"]),
    ("GET", 304, b"5", b"", [b"5"]),
    ("GET", 204, b"5", b"hello", []),
    ("GET", 205, b"5", b"hello", [b"0"]),
    ("GET", 200, b"5", b"hello", [b"5"]),
]


@pytest.mark.parametrize(("method", "status", "length", "data", "sent"), LENGTHS)
def test_lengths_of_answers(method: str, status: int, length: bytes, data: bytes | None, sent: list[bytes]) -> None:
    guest = a_guest()
    exchange = Exchange(method, "/", "http", None, [], False, lambda: None)
    exchange.guest = guest
    response = OutgoingResponse(guest, Fields.from_list(guest, [("content-length", length)]))
    response.set_status_code(status)
    body: Any = None if data is None else response.body()
    ResponseOutparam.set(guest, ResponseOutparam(exchange), response)
    if body is not None:
        stream = body.write()
        if data:
            stream.check_write()
            stream.write(data)
        OutgoingBody.finish(guest, body, None)
    assert exchange.state == WHOLE
    assert exchange.answer is not None
    assert (exchange.answer[0], [value for name, value in exchange.answer[1] if name == b"content-length"]) == (status, sent)


@pytest.mark.parametrize("name", ["content-length", "TE", "Trailer"])
def test_what_is_no_trailer(name: str) -> None:
    guest = a_guest()
    body = OutgoingResponse(guest, Fields(guest)).body()
    trailers = Fields.from_list(guest, [(name, b"5")])
    assert err(lambda: OutgoingBody.finish(guest, body, trailers)) == "HTTP-protocol-error"


@contextmanager
def loopback(host: str, port: int = 0) -> Iterator[socket.socket]:
    """A socket that listens at an address of this machine, and answers nobody."""
    with socket.create_server((host, port)) as listening:
        listening.settimeout(0)
        yield listening


def nobody_came(listening: socket.socket) -> bool:
    try:
        listening.accept()[0].close()
    except BlockingIOError:
        return True
    return False


def guest_of(policy: NetworkPolicy) -> Guest:
    config = WasiConfig()
    config.network = policy
    return Guest(config, http=HttpConfig())


def test_a_name_that_leads_elsewhere_the_second_time() -> None:
    """DNS rebinding: each request's name is looked up once, and what it led to is what is checked and connected to."""
    answers = iter([["127.0.0.2"], ["127.0.0.1"], ["127.0.0.1", "127.0.0.2"], []])
    guest = guest_of(NetworkPolicy("rebound.test@127.0.0.2", resolver=lambda name: next(answers)))
    with loopback("127.0.0.2") as allowed, loopback("127.0.0.1", allowed.getsockname()[1]) as inside:
        port = allowed.getsockname()[1]

        def come() -> None:
            """The connection of a request under way, closed at once."""
            until = time.monotonic() + 20
            while nobody_came(allowed) and time.monotonic() < until:
                future.get()

        future = handle(guest, request_of(guest, port, host="rebound.test"), None)
        come()
        assert result(future) == "connection-terminated"
        assert result(handle(guest, request_of(guest, port, host="rebound.test"), None)) == "destination-IP-prohibited"
        future = handle(guest, request_of(guest, port, host="rebound.test"), None)  # of two, the one that is allowed
        come()
        assert result(future) == "connection-terminated"
        assert result(handle(guest, request_of(guest, port, host="rebound.test"), None)) in ("destination-not-found", "DNS-error")
        assert nobody_came(inside)
    assert guest.http.connections == 0


# Columns: what an answer redirects to, where "in" and "out" are the ports of the server and of one that is not allowed; what a guest that follows is told.
REDIRECTS = [
    ("127.0.0.1", "out", "destination-IP-prohibited"),
    ("127.0.0.2", "in", "destination-IP-prohibited"),
    ("localhost", "out", "HTTP-request-denied"),
    ("[::1]", "out", "destination-IP-prohibited"),
    ("[::ffff:127.0.0.1]", "out", "destination-IP-prohibited"),
    ("169.254.169.254", "out", "destination-IP-prohibited"),
    ("metadata.internal", "out", "HTTP-request-denied"),
]


@pytest.mark.parametrize(("host", "port", "error"), REDIRECTS)
def test_redirects(host: str, port: str, error: str) -> None:
    """Nobody follows them but the guest, whose next request is checked as its first was."""
    seen: list[bytes] = []
    with loopback("127.0.0.1") as other:
        outside = other.getsockname()[1]

        def answer(connection: socket.socket) -> None:
            seen.append(head(connection))
            there = f"http://{host}:{outside if port == 'out' else connection.getsockname()[1]}/"
            connection.sendall(f"HTTP/1.1 302 Found\r\nLocation: {there}\r\nContent-Length: 0\r\n\r\n".encode())

        with a_server(answer) as inside:
            guest = a_guest(f"127.0.0.1:{inside}")
            response = result(handle(guest, request_of(guest, inside), None))
            assert response.status() == 302
            location = response.headers().get("location")[0].decode().removeprefix("http://").rstrip("/")
            assert len(seen) == 1
            found, _, number = location.rpartition(":")
            again = request_of(guest, int(number), host=found)
            assert (err(lambda: handle(guest, again, None)) if error == "HTTP-request-denied" else result(handle(guest, again, None))) == error
        assert nobody_came(other)
        assert len(seen) == 1


@pytest.mark.parametrize("rules", [("any",), ("127.0.0.1",), ("127.0.0.1:0",), ("127.0.0.1:80",)])
def test_port_0(rules: tuple[str, ...]) -> None:
    """It is nobody's to connect to, whatever is allowed."""
    guest = a_guest(*rules)
    assert result(handle(guest, request_of(guest, 0), None)) == "destination-IP-prohibited"
    assert guest.http.connections == 0


def send_to_a_server_that_goes() -> str:
    """A body without end to a server that reads some of it and closes: the tag of what that comes to."""

    def answer(connection: socket.socket) -> None:
        head(connection)
        connection.shutdown(socket.SHUT_RDWR)

    guest = a_guest("127.0.0.1")
    with a_server(answer) as port:
        request = request_of(guest, port, "post")
        body = request.body()
        future = handle(guest, request, None)
        out = body.write()
        while True:
            time.sleep(0.02)  # so that a whole buffer goes out at once, of which the first part is answered by a reset
            try:
                out.write(bytes(out.check_write()))
            except Err:
                return str(result(future))


def test_a_server_that_goes_ends_no_process() -> None:
    """Where SIGPIPE has its default, as under `wasm run`."""
    code = "import signal; from test_p2_http_hostile import *; signal.signal(signal.SIGPIPE, signal.SIG_DFL); print(send_to_a_server_that_goes())"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])}
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=600, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "connection-terminated\n", "")
