"""wasi:http's own rules, and requests to a server on this machine: what a guest is given, without one."""

from __future__ import annotations

import gc
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from wasm_environ.errors import Err, WasmError
from wasm_wasi_common.config import WasiConfig
from wasm_wasi_p2.guest import Guest
from wasm_wasi_p2.http.body import IncomingBody, OutgoingBody
from wasm_wasi_p2.http.config import HttpConfig
from wasm_wasi_p2.http.errors import http_error_code
from wasm_wasi_p2.http.fields import Fields
from wasm_wasi_p2.http.message import OutgoingRequest, OutgoingResponse, RequestOptions
from wasm_wasi_p2.http.outgoing import handle
from wasm_wasi_p2.values import Case

SECOND = 1_000_000_000


def a_guest(*rules: str, **settings: Any) -> Guest:
    config = WasiConfig()
    config.allow_net(*rules)
    return Guest(config, http=HttpConfig(**settings))


def err(call: Callable[[], object]) -> Any:
    with pytest.raises(Err) as caught:
        call()
    payload = caught.value.payload
    return payload.tag if isinstance(payload, Case) else payload


BAD_NAMES = ["", "a b", "a\r\nb", "a:", "\u00e9", "a\0"]
BAD_VALUES = [b"a\r\nx: y", b"a\nb", b"a\0", b"\x7f", b"\r"]
FORBIDDEN = ["connection", "Host", "HTTP2-Settings", "Keep-Alive", "proxy-authenticate", "Proxy-Authorization", "proxy-connection", "Transfer-Encoding", "UPGRADE"]


def test_fields() -> None:
    fields = Fields.from_list(a_guest(), [("Accept", b"a"), ("x", b"1"), ("ACCEPT", b"b")])
    assert fields.get("accept") == [b"a", b"b"]
    assert fields.has("X")
    assert not fields.has("a b")
    assert fields.entries() == [("Accept", b"a"), ("x", b"1"), ("ACCEPT", b"b")]
    copy = fields.clone()
    copy.set("accept", [b"c", b"d"])
    copy.delete("X")
    assert copy.entries() == [("accept", b"c"), ("accept", b"d")]
    assert len(fields.entries()) == 3
    frozen = fields.frozen()
    for change in (lambda: frozen.append("y", b""), lambda: frozen.set("y", []), lambda: frozen.delete("y")):
        assert err(change) == "immutable"
    frozen.clone().append("y", b"")


@pytest.mark.parametrize("name", BAD_NAMES)
def test_names(name: str) -> None:
    fields = Fields(a_guest())
    for change in (lambda: fields.append(name, b""), lambda: fields.set(name, []), lambda: fields.delete(name)):
        assert err(change) == "invalid-syntax"


@pytest.mark.parametrize("value", BAD_VALUES)
def test_values(value: bytes) -> None:
    fields = Fields(a_guest())
    assert err(lambda: fields.append("a", value)) == "invalid-syntax"
    assert err(lambda: fields.set("a", [b"fine", value])) == "invalid-syntax"
    assert fields.entries() == []


@pytest.mark.parametrize("name", FORBIDDEN)
def test_forbidden(name: str) -> None:
    fields = Fields(a_guest())
    for change in (lambda: fields.append(name, b""), lambda: fields.set(name, []), lambda: fields.delete(name)):
        assert err(change) == "forbidden"


def test_limit_of_fields() -> None:
    fields = Fields(a_guest(max_header_bytes=200))
    fields.append("a", b"x" * 100)
    assert err(lambda: fields.append("b", b"x" * 100)) == "invalid-syntax"
    assert err(lambda: fields.set("a", [b"x" * 100, b"x" * 100])) == "invalid-syntax"
    assert fields.entries() == [("a", b"x" * 100)]
    fields.delete("a")
    fields.append("b", b"x" * 100)


def test_what_a_guest_holds_of_messages_is_limited() -> None:
    """However many resources it is in: 128 KiB of fields are allowed, but not in each of a hundred thousand handles."""
    guest = a_guest(max_kept_bytes=1000)
    fields = [Fields(guest)]
    fields[0].append("a", b"x" * 167)
    assert guest.http.kept == 200
    fields += [fields[0].clone() for _ in range(4)]
    with pytest.raises(WasmError, match="too many bytes of HTTP messages"):
        fields[0].clone()
    assert err(lambda: Fields.from_list(guest, [("a", b"")])) == "invalid-syntax"
    assert err(lambda: fields[0].set("a", [b"x" * 168])) == "invalid-syntax"
    assert fields[0].get("a") == [b"x" * 167]
    assert guest.http.kept == 1000
    shared = fields[0].frozen()
    del fields[0]
    gc.collect()  # tracebacks
    assert guest.http.kept == 1000
    del shared
    assert guest.http.kept == 800
    fields[0].delete("a")
    assert guest.http.kept == 600
    fill_a_request(guest)
    gc.collect()
    assert guest.http.kept == 600
    fields.clear()
    assert guest.http.kept == 0


def fill_a_request(guest: Guest) -> None:
    """With the 400 bytes that are left."""
    request = OutgoingRequest(guest, Fields(guest))
    for change in (lambda: request.set_path_with_query("/" + "x" * 400), lambda: request.set_authority("x" * 401)):
        assert err(change) is None
    request.set_path_with_query("/" * 100)
    request.set_path_with_query("/" * 200)
    request.set_authority("x" * 100)
    request.set_method(Case("other", "x" * 40))
    assert guest.http.kept == 940
    body = request.body()
    body.take(b"x" * 60)
    with pytest.raises(OSError, match="too many bytes"):
        body.take(b"x")


# Columns: setter, what it refuses, what it takes.
SETTERS = [
    ("set_path_with_query", ["a", "/a b", "/\r\n", "/\u00e9", "/#x"], ["/", "/a?b=%20", "?x", "*", None]),
    ("set_authority", ["a b", "a\r\nb", "", "a/b", "[::1", "a:123456"], ["a", "a:80", "[::1]:80", "user@a", None]),
    ("set_scheme", [Case("other", "1a"), Case("other", "a:")], [Case("HTTP"), Case("other", "ws"), None]),
    ("set_method", [Case("other", "a b"), Case("other", "")], [Case("get"), Case("other", "PURGE")]),
]


@pytest.mark.parametrize(("setter", "refused", "taken"), SETTERS)
def test_setters(setter: str, refused: list[Any], taken: list[Any]) -> None:
    guest = a_guest()
    request = OutgoingRequest(guest, Fields(guest))
    for value in refused:
        assert err(lambda value=value: getattr(request, setter)(value)) is None  # type: ignore[misc]
    for value in taken:
        getattr(request, setter)(value)
        assert getattr(request, setter.removeprefix("set_"))() == value


def test_length_of_a_body() -> None:
    guest = a_guest()
    for wrote, tag in ((b"abc", None), (b"ab", "HTTP-response-body-size")):
        body = OutgoingResponse(guest, Fields.from_list(guest, [("content-length", b"3")])).body()
        body.write().blocking_write_and_flush(wrote)
        if tag is None:
            OutgoingBody.finish(guest, body, None)
        else:
            assert err(lambda body=body: OutgoingBody.finish(guest, body, None)) == tag  # type: ignore[misc]
    body = OutgoingResponse(guest, Fields.from_list(guest, [("content-length", b"3")])).body()
    stream = body.write()
    assert err(lambda: body.write()) is None
    with pytest.raises(Err) as caught:
        stream.blocking_write_and_flush(b"abcd")
    assert http_error_code(guest, caught.value.payload.payload) == Case("HTTP-response-body-size", 4)
    for values in ([b"1", b"2"], [b"x"], [b"-1"], [b"1,1"]):
        response = OutgoingResponse(guest, Fields.from_list(guest, [("content-length", value) for value in values]))
        assert err(response.body) is None


@contextmanager
def a_server(answer: Callable[[socket.socket], object]) -> Iterator[int]:
    """One that answers connections by a function, in turn."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                try:
                    answer(connection)
                except OSError:
                    pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


def request_of(guest: Guest, port: int, method: str = "get", headers: tuple[tuple[str, bytes], ...] = (), host: str = "127.0.0.1") -> OutgoingRequest:
    request = OutgoingRequest(guest, Fields.from_list(guest, list(headers)))
    request.set_method(Case(method))
    request.set_scheme(Case("HTTP"))
    request.set_authority(f"{host}:{port}")
    return request


def result(future: Any) -> Any:
    """The response, or the tag of the error."""
    future.subscribe().block()
    found = future.get()
    assert found.tag == "some"
    assert future.get() == Case("some", Case("err"))
    found = found.payload.payload
    return found.payload if found.tag == "ok" else found.payload.tag


def body_of(guest: Guest, response: Any) -> tuple[bytes, Any]:
    """All of it, and the trailers or the tag of an error."""
    body = response.consume()
    assert err(response.consume) is None
    stream = body.stream()
    data = b""
    while True:
        try:
            data += stream.blocking_read(1 << 16)
        except Err as error:
            if error.payload.tag != "closed":
                code = http_error_code(guest, error.payload.payload)
                assert code is not None
                return data, code.tag
            break
    stream.close()
    future = IncomingBody.finish(guest, body)
    return data, result(future)


def head(connection: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        data += connection.recv(1)
    return data


def answering(data: bytes, seen: list[bytes]) -> Callable[[socket.socket], object]:
    def answer(connection: socket.socket) -> None:
        seen.append(head(connection))
        connection.sendall(data)

    return answer


# Columns: what the server says, the status or the error, the body, the trailers (None: none) or the error in the body.
ANSWERS = [
    (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, b"hi", None),
    (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 404, b"", None),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-T: 1\r\n\r\n", 200, b"hi", [("X-T", b"1")]),
    (b"HTTP/1.1 200 OK\r\n\r\nuntil it closes", 200, b"until it closes", None),
    (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", 302, b"", None),  # followed by nobody
    (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi", 200, b"hi", "HTTP-response-incomplete"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhi", 200, b"hi", "HTTP-response-incomplete"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhi", 200, b"", "HTTP-protocol-error"),
    (b"", "connection-terminated", b"", None),
    (b"HTTP/1.1 200", "HTTP-response-incomplete", b"", None),
    (b"gopher\r\n\r\n", "HTTP-protocol-error", b"", None),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nhi", "HTTP-protocol-error", b"", None),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP-protocol-error", b"", None),
    (b"HTTP/1.1 200 OK\r\nA: " + b"x" * 3000 + b"\r\n\r\n", "HTTP-response-header-section-size", b"", None),
]


@pytest.mark.parametrize(("said", "status", "body", "trailers"), ANSWERS)
def test_answers(said: bytes, status: Any, body: bytes, trailers: Any) -> None:
    guest = a_guest("127.0.0.1", max_header_bytes=2000)
    seen: list[bytes] = []
    with a_server(answering(said, seen)) as port:
        response = result(handle(guest, request_of(guest, port, headers=(("X", b" y "),)), None))
        if isinstance(status, str):
            assert response == status
        else:
            assert response.status() == status
            data, behind = body_of(guest, response)
            assert data == body
            assert (behind.entries() if isinstance(behind, Fields) else behind) == trailers
    assert seen == [f"GET / HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nX: y\r\nconnection: close\r\n\r\n".encode()]
    assert guest.http.connections == 0


def test_a_body_in_both_directions() -> None:
    guest = a_guest("localhost")
    sent = b"x" * 3_000_000

    def echo(connection: socket.socket) -> None:
        with connection.makefile("rb") as file:
            while file.readline() != b"\r\n":
                pass
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while size := int(file.readline(), 16):
                connection.sendall(b"%x\r\n%s\r\n" % (size, file.read(size)))
                file.readline()
            connection.sendall(b"0\r\n" + file.readline() + b"\r\n")

    with a_server(echo) as port:
        request = request_of(guest, port, "post", host="localhost")
        body = request.body()
        future = handle(guest, request, None)
        out = body.write()
        data, left, response, stream = b"", sent, None, None
        while left or stream is not None or response is None:
            if left:
                permit = out.check_write()
                out.write(left[:permit])
                left = left[permit:]
                if not left:
                    trailers = Fields.from_list(guest, [("x-end", b"1")])
                    out.close()
                    OutgoingBody.finish(guest, body, trailers)
            if response is None:
                response = result(future)
                assert response.status() == 200
                incoming = response.consume()
                stream = incoming.stream()
            elif stream is not None:
                try:
                    data += stream.read(1 << 20) if left else stream.blocking_read(1 << 20)
                except Err:
                    stream = None
        assert data == sent
        assert result(IncomingBody.finish(guest, incoming)).entries() == [("x-end", b"1")]


# Columns: rules, host, what handle raises, or what the future gives.
POLICIES = [
    ((), "127.0.0.1", None, "destination-IP-prohibited"),
    (("10.0.0.0/8",), "127.0.0.1", None, "destination-IP-prohibited"),
    (("example.org",), "localhost", "HTTP-request-denied", None),
    (("localhost:1",), "localhost", None, "destination-IP-prohibited"),
    (("127.0.0.1",), "[::ffff:10.0.0.1]", None, "destination-IP-prohibited"),
    (("*",), "127.0.0.1", None, "destination-IP-prohibited"),
    (("*",), "localhost", None, "destination-IP-prohibited"),
    (("*", "public"), "[::ffff:127.0.0.1]", None, "destination-IP-prohibited"),
    (("*", "private"), "[::ffff:7f00:1]", None, "destination-IP-prohibited"),
    (("0.0.0.0/0", "::/0"), "[::1]", None, "destination-IP-prohibited"),
    (("any",), "0.0.0.0", None, "destination-IP-prohibited"),
    (("any",), "[::]", None, "destination-IP-prohibited"),
    (("any",), "127.1", "HTTP-request-URI-invalid", None),
    (("any",), "2130706433", "HTTP-request-URI-invalid", None),
    (("any",), "0x7f.1", "HTTP-request-URI-invalid", None),
    (("udp://any", "tcp-listen://any"), "127.0.0.1", None, "destination-IP-prohibited"),
]


@pytest.mark.parametrize(("rules", "host", "denied", "error"), POLICIES)
def test_network_policy(rules: tuple[str, ...], host: str, denied: str | None, error: str | None) -> None:
    guest = a_guest(*rules)
    accepted: list[bytes] = []
    with a_server(lambda connection: accepted.append(b"")) as port:
        if denied:
            assert err(lambda: handle(guest, request_of(guest, port, host=host), None)) == denied
        else:
            assert result(handle(guest, request_of(guest, port, host=host), None)) == error
    assert not accepted
    assert guest.http.connections == 0


def test_a_refused_connection_and_one_too_many() -> None:
    guest = a_guest("127.0.0.1", max_connections=2)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        futures = [handle(guest, request_of(guest, port), None) for _ in range(2)]
        assert err(lambda: handle(guest, request_of(guest, port), None)) == "connection-limit-reached"
        for future in futures:
            future.close()
    assert guest.http.connections == 0
    assert result(handle(guest, request_of(guest, port), None)) == "connection-refused"


# Columns: what the server says before it waits, the timeout that is set, what that gives.
STALLS = [
    (b"", "first_byte", "connection-read-timeout"),
    (b"HTTP/1.1 200 OK\r\n", "first_byte", "connection-read-timeout"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi", "between_bytes", "connection-read-timeout"),
]


@pytest.mark.parametrize(("said", "timeout", "error"), STALLS)
def test_timeouts(said: bytes, timeout: str, error: str) -> None:
    guest = a_guest("127.0.0.1")
    over = threading.Event()

    def answer(connection: socket.socket) -> None:
        head(connection)
        connection.sendall(said)
        over.wait(10)

    with a_server(answer) as port:
        options = RequestOptions(guest)
        getattr(options, f"set_{timeout}_timeout")(SECOND // 5)
        start = time.monotonic()
        found = result(handle(guest, request_of(guest, port), options))
        if timeout == "between_bytes":
            found = body_of(guest, found)[1]
        assert 0.15 < time.monotonic() - start < 3
        over.set()
    assert found == error
