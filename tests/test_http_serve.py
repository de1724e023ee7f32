"""`wasm serve` as a process, on uvicorn: over real sockets, with clients that behave and that do not, and its end."""

from __future__ import annotations

import http.client
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from http_guest import guest


class Server:
    """A process, its port, and what it has said so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[str] = []
        self._port = 0
        self._found = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line)
            match = re.search(r"running on http://127\.0\.0\.1:(\d+)", line)
            if match:
                self._port = int(match[1])
                self._found.set()
        self._found.set()

    @property
    def port(self) -> int:
        assert self._found.wait(60), self.said
        assert self._port, self.said
        return self._port

    def ask(self, path: str, body: bytes | None = None, method: str = "GET") -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def raw(self, data: bytes) -> bytes:
        """What comes back until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as connection:
            connection.sendall(data)
            found = b""
            while piece := connection.recv(1 << 16):
                found += piece
        return found

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        status = self.process.wait(60)
        self._reader.join(10)
        return status


@contextmanager
def serving(path: Path, *options: str) -> Iterator[Server]:
    command = [sys.executable, "-m", "wasm_facade", "serve", "--addr", "127.0.0.1:0", *options, str(path)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    server = Server(process)
    try:
        yield server
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        assert process.stderr is not None
        server._reader.join(10)
        process.stderr.close()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("serve") / "guest.wat"
    path.write_text(guest())
    return path


@pytest.fixture(scope="module")
def server(source: Path) -> Iterator[Server]:
    with serving(source, "--timeout", "2") as found:
        yield found
        assert found.end() == 0
        assert "Finished server process" in found.said[-1]


# Columns: path, body, status, answer.
ANSWERS = [
    ("/h", None, 200, b"hello"),
    ("/e", b"x" * 3_000_000, 200, b"x" * 3_000_000),
    ("/i", b"x" * 3_000_000, 200, b"hello"),
    ("/t", None, 500, b"Internal Server Error\n"),
    ("/n", None, 500, b"Internal Server Error\n"),
    ("/s", None, 504, b"Gateway Timeout\n"),
]


@pytest.mark.parametrize(("path", "body", "status", "answer"), ANSWERS)
def test_answers(server: Server, path: str, body: bytes | None, status: int, answer: bytes) -> None:
    assert server.ask(path, body, "GET" if body is None else "POST") == (status, answer)
    assert server.ask("/h") == (200, b"hello")


@pytest.mark.parametrize("path", ["/d", "/a"])
def test_an_answer_that_is_not_whole_ends_the_connection(server: Server, path: str) -> None:
    with pytest.raises(http.client.IncompleteRead):
        server.ask(path)
    assert server.ask("/h") == (200, b"hello")


# Columns: what is sent, how the answer begins, how often the guest says hello: once a request, and no more.
ATTACKS = [
    (b"POST /r HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /h HTTP/1.1\r\nHost: a\r\n\r\n", b"HTTP/1.1 400", 0),
    (b"POST /r HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy", b"HTTP/1.1 400", 0),
    (b"POST /r HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", b"HTTP/1.1 400", 0),
    (b"POST /r HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", b"HTTP/1.1 400", 0),
    (b"GET /h HTTP/1.1\r\nHost: a\r\nA: b\rc\r\n\r\n", b"HTTP/1.1 400", 0),
    (b"GET /h HTTP/1.1\r\nHost: a\r\nA: " + b"x" * 200_000 + b"\r\n\r\n", b"HTTP/1.1 400", 0),
    (b"GET /h HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", b"HTTP/1.1 200", 1),
    (b"\r\n\r\nnonsense\r\n\r\n", b"HTTP/1.1 400", 0),
]


@pytest.mark.parametrize(("data", "begins", "hellos"), ATTACKS, ids=range(len(ATTACKS)))
def test_attacks(server: Server, data: bytes, begins: bytes, hellos: int) -> None:
    try:
        found = server.raw(data)
    except ConnectionResetError:  # closed with something unread
        found = begins
        assert begins != b"HTTP/1.1 200"
    assert found.startswith(begins)
    assert found.count(b"hello") == hellos
    assert server.ask("/h") == (200, b"hello")


def test_a_thousand_connections_that_send_nothing(server: Server) -> None:
    """Half of them have said that they would."""
    connections = [socket.create_connection(("127.0.0.1", server.port), 10) for _ in range(1000)]
    try:
        for connection in connections[::2]:
            connection.sendall(b"POST /r HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
        start = time.monotonic()
        assert server.ask("/h") == (200, b"hello")
        assert time.monotonic() - start < 5
    finally:
        for connection in connections:
            connection.close()
    assert server.ask("/h") == (200, b"hello")


def test_a_client_that_leaves(server: Server) -> None:
    for _ in range(200):
        with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
            connection.sendall(b"POST /e HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\nnot all")
    start = time.monotonic()
    assert server.ask("/h") == (200, b"hello")
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stops_when_it_is_told_to(source: Path, number: signal.Signals) -> None:
    """With what was begun answered, and the exit status of success; by several processes too."""
    with serving(source, "--workers", "2" if number == signal.SIGINT else "1") as server:
        found: list[tuple[int, bytes]] = []
        deadline = time.monotonic() + 30
        while not found:
            try:
                found.append(server.ask("/h"))
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        assert server.end(number) == 0, server.said
        assert found == [(200, b"hello")]


def test_reload(tmp_path: Path) -> None:
    path = tmp_path / "guest.wat"
    path.write_text(guest())
    with serving(path, "--reload") as server:
        assert server.ask("/h") == (200, b"hello")
        path.write_text("(component")  # no good: what there was stays
        time.sleep(1)
        assert server.ask("/h") == (200, b"hello")
        path.write_text(guest().replace('"hello"', '"howdy"'))
        deadline = time.monotonic() + 20
        while server.ask("/h") != (200, b"howdy"):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert server.end() == 0
        assert any("not taken up" in line for line in server.said)


# Columns: arguments, what is wrong.
REFUSED = [
    (["nowhere.wasm"], "nowhere.wasm: No such file or directory"),
    (["--addr", "x:y", "a"], "not an address"),
    (["--workers", "0", "a"], "at least 1"),
    (["--net", "exa mple", "{source}"], "network rule"),
]


@pytest.mark.parametrize(("words", "message"), REFUSED)
def test_refused(source: Path, words: list[str], message: str) -> None:
    command = [sys.executable, "-m", "wasm_facade", "serve", *[word.format(source=source) for word in words]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in (1, 2)
    assert message in done.stderr
    assert "Traceback" not in done.stderr
