"""What a guest may hold of the host's, a hundred thousand handles long: nothing costs more than it holds, nor takes longer to let go of."""

from __future__ import annotations

import ast
import gc
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from p2_sockets import LOCAL, at, code, drop, guest_with, receive, send, told, udp_bound
from test_p2_http import a_guest, a_server, head, request_of, result

import wasm_wasi_common
import wasm_wasi_p2
from wasm_environ.errors import Err
from wasm_wasi_common import TimeIsOver, lookups, tree
from wasm_wasi_common.config import WasiConfig
from wasm_wasi_common.network import NetworkPolicy
from wasm_wasi_p2 import Guest, network
from wasm_wasi_p2.filesystem import Descriptor, get_directories
from wasm_wasi_p2.http.body import IncomingBody
from wasm_wasi_p2.http.client import ResponseBody
from wasm_wasi_p2.http.config import HttpConfig
from wasm_wasi_p2.http.outgoing import handle
from wasm_wasi_p2.name_lookup import resolve_addresses
from wasm_wasi_p2.network import instance_network
from wasm_wasi_p2.poll import MOST, Always, Pollable, poll

MANY = 100_000  # of the host's objects a guest may have so many handles (component.h)


def given(source: Any) -> tuple[Guest, Descriptor]:
    """A guest with one folder."""
    config = WasiConfig()
    config.preopen(source, "/")
    guest = Guest(config)
    [(folder, _)] = get_directories(guest)
    return guest, folder


@pytest.mark.parametrize("what", ["streams", "folders"])
def test_many_handles_of_one_file(tmp_path: Path, what: str) -> None:
    """Each has a place where the runtime finds it. (With a look at all of them for each, this took minutes.)"""
    (tmp_path / "file").write_bytes(b"content")
    guest, folder = given(tmp_path)
    file = folder.open_at(set(), "file", set(), {"read"})
    start = time.monotonic()
    held = [file.read_via_stream(0) if what == "streams" else get_directories(guest) for _ in range(MANY)]
    held.clear()
    gc.collect()
    assert time.monotonic() - start < 30
    assert file.read(7, 0) == (b"content", False)


def test_listings_that_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of a large folder in memory has all of its names."""
    monkeypatch.setattr(tree, "MAX_LISTED", 1000)
    guest, folder = given({f"{number}": b"" for number in range(400)})
    held = [folder.read_directory() for _ in range(2)]
    with pytest.raises(Err) as found:
        folder.read_directory()
    assert found.value.payload == "io"
    while held[0].read_directory_entry():
        continue
    held[0] = folder.read_directory()
    held.pop().close()
    held.append(folder.read_directory())
    monkeypatch.setattr(tree, "MAX_LISTED", 100)
    held.clear()
    assert folder.read_directory().read_directory_entry() == {"type": "regular-file", "name": "0"}  # one there may always be
    guest.close()


def length(error: BaseException | None) -> int:
    """How many frames an exception holds."""
    found, at = 0, None if error is None else error.__traceback__
    while at is not None:
        found, at = found + 1, at.tb_next
    return found


def failed() -> tuple[Callable[[], object], Callable[[], BaseException | None]]:
    guest = a_guest("127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    future = handle(guest, request_of(guest, port), None)
    return future.subscribe().ready, lambda: future._connection._error


def failed_body() -> tuple[Callable[[], object], Callable[[], BaseException | None]]:
    guest = a_guest("127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    request = request_of(guest, port, "post")
    body = request.body()
    future = handle(guest, request, None)
    return body.write().subscribe().ready, lambda: future._connection._error


def failed_trailers() -> tuple[Callable[[], object], Callable[[], BaseException | None]]:
    guest = a_guest("127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        future = handle(guest, request_of(guest, listening.getsockname()[1]), None)
        listening.accept()[0].close()
    connection = future._connection
    trailers = IncomingBody.finish(guest, IncomingBody(guest, ResponseBody(connection)))
    return trailers.subscribe().ready, lambda: connection._error


def refused_name() -> tuple[Callable[[], object], Callable[[], BaseException | None]]:
    config = WasiConfig()
    config.network = NetworkPolicy("a.test", resolver=lambda name: ["127.0.0.1"])
    guest = Guest(config)
    stream = resolve_addresses(guest, instance_network(guest), "a.test")

    def ask() -> None:
        try:
            stream.resolve_next_address()
        except Err:
            return

    return ask, lambda: None if stream.lookup is None else stream.lookup.outcome  # type: ignore[return-value]


@pytest.mark.parametrize("made", [failed, failed_body, failed_trailers, refused_name])
def test_a_failure_that_is_asked_for_again_and_again(made: Callable[[], tuple[Callable[[], object], Callable[[], BaseException | None]]]) -> None:
    """An exception that is kept, and raised each time, has each of these times in its traceback: as much memory as a guest has patience."""
    ask, error = made()
    until = time.monotonic() + 20
    while not isinstance(error(), BaseException) and time.monotonic() < until:
        ask()
    for _ in range(100):
        ask()
    assert 0 < length(error()) < 20


def test_errors_that_are_kept_are_raised_so() -> None:
    """By `again`, wherever one that an object keeps is raised."""
    raised = []
    for package in (wasm_wasi_common, wasm_wasi_p2):
        for path in Path(package.__file__ or "").parent.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Attribute):
                    raised.append(f"{path.name}:{node.lineno}")
    assert raised == []


def test_peers_of_all_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered of those one may not send to is so for all sockets together: there may be thousands of either."""
    monkeypatch.setattr(network, "MAX_PEERS", 100)
    with guest_with("udp://127.0.0.1:9") as guest:
        made = [udp_bound(guest, "0.0.0.0") for _ in range(10)]
        for each in made:
            _, out = each.stream(None)
            for port in range(1, 50):
                assert code(send, out, b"x", at(LOCAL, port)) == (None if port == 9 else "access-denied")
        assert len(instance_network(guest).peers) == 100


def test_a_number_is_no_other_sockets() -> None:
    """Those that a socket has heard of, another may not send to."""
    with guest_with("udp-listen://127.0.0.1") as guest, socket.socket(type=socket.SOCK_DGRAM) as peer:
        peer.bind((LOCAL, 0))
        for number in range(2):
            made = udp_bound(guest)
            into, out = made.stream(None)
            assert code(send, out, b"x", at(*peer.getsockname())) == "access-denied"
            peer.sendto(b"question", told(made.local_address()))
            receive(into)
            assert send(out, b"answer", at(*peer.getsockname())) == 1
            drop(into, out, made)
            assert made.number == number


def none_runs() -> None:
    """Wait for lookups of tests before."""
    until = time.monotonic() + 20
    while lookups._running and time.monotonic() < until:
        time.sleep(0.01)


@pytest.mark.parametrize("of", ["sockets", "http"])
def test_names_that_are_looked_up_by_guests_that_are_gone(monkeypatch: pytest.MonkeyPatch, of: str) -> None:
    """A server's guests each leave lookups behind: there is an end to it."""
    monkeypatch.setattr(lookups, "MOST", 3)
    release = threading.Event()
    none_runs()

    def slow(name: str) -> list[str]:
        release.wait(30)
        return ["127.0.0.1"]

    def ask() -> Any:
        guest = guest_with("a.test@loopback", resolver=slow)
        if of == "http":
            return code(handle, guest, request_of(guest, 80, host="a.test"), None)
        return code(resolve_addresses, guest, instance_network(guest), "a.test")

    try:
        assert [ask() for _ in range(3)] == [None] * 3
        refused = ask()
        assert (refused.tag if of == "http" else refused) == ("connection-limit-reached" if of == "http" else "temporary-resolver-failure")
    finally:
        release.set()
    none_runs()
    assert ask() is None


def test_requests_leave_descriptors_to_the_process() -> None:
    """Guests together do not take the last descriptors, of which a server needs some to accept connections."""
    guest = a_guest("127.0.0.1")
    guest.ceiling = 3
    with socket.create_server((LOCAL, 0)) as listening:
        assert result(handle(guest, request_of(guest, listening.getsockname()[1]), None)) == "connection-limit-reached"


class Slow(Always):
    """Ready, and counts how often it was looked at."""

    looks = 0

    def wants(self) -> tuple[int, int]:
        Slow.looks += 1
        return -1, 0


def guest_out_of_time(over: list[bool]) -> Guest:
    """Whose time is over when there is something in the list."""
    config = WasiConfig()
    config.allow_net(LOCAL)
    return Guest(config, lambda: True, lambda: bool(over), HttpConfig())


def test_a_look_at_many_ends_with_the_guests_time() -> None:
    Slow.looks = 0
    with guest_out_of_time([True]) as guest, pytest.raises(TimeIsOver):
        poll(guest, [Pollable(guest, Slow())] * MOST)
    assert Slow.looks < 1000


def test_many_pieces_end_with_the_guests_time() -> None:
    """Ten thousand of a byte each may come at once."""
    over: list[bool] = []

    def begin(connection: socket.socket) -> None:
        head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        connection.recv(1)

    with guest_out_of_time(over) as guest, a_server(begin) as port:
        future = handle(guest, request_of(guest, port), None)
        response = result(future)
        over.append(True)
        future._connection._h11.receive_data(b"1\r\nx\r\n" * 1000)
        with pytest.raises(TimeIsOver):
            future._connection._events()
        assert future._connection._size < 100
        over.clear()
        response.close()
