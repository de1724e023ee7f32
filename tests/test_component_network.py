"""Components that use the network, of TCP and UDP, as clients and servers, with timers: on loopback, under a policy."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import wasmtime
import wasmtime.component

import component_toolchains as toolchains
import wasm_facade
import wasm_facade.component
from wasm_wasi_common.network import NetworkPolicy

pytestmark = pytest.mark.skipif(importlib.util.find_spec("ziglang") is None, reason="ziglang is not installed")

GUEST = Path(__file__).parent / "programs" / "components" / "net"
LOCAL = "127.0.0.1"
# Numbers of error codes, in the order of WIT.
ACCESS_DENIED, CONNECTION_REFUSED, NAME_UNRESOLVABLE = 1, 14, 18


@cache
def guest() -> bytes:
    return toolchains.built(GUEST / "net.wit", GUEST / "net.c", toolchains.c_alone).read_bytes()


@cache
def ours() -> tuple[Any, Any]:
    engine = wasm_facade.Engine()
    linker = wasm_facade.component.Linker(engine)
    linker.add_wasip2()
    return engine, linker.instantiate_pre(wasm_facade.component.Component(engine, guest()))


def call_guest(name: str, *args: Any, policy: NetworkPolicy | None = None) -> Any:
    engine, made = ours()
    with wasm_facade.Store(engine) as store:
        config = wasm_facade.WasiConfig()
        if policy is None:
            config.inherit_network()
        else:
            config.network = policy
        store.set_wasi(config)
        return value(made.instantiate(store).get_func(store, name)(store, *args))


def value(found: Any) -> Any:
    """An ok's payload, or the number of an error; of two numbers Python cannot tell which is which."""
    tag = getattr(found, "tag", None)
    return found if tag is None else found.payload if tag == "ok" else ("err", found.payload)


Call = Callable[..., Any]


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that sends back what it gets, one connection at a time."""
    with socket.create_server((LOCAL, 0)) as server:

        def serve() -> None:
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                with peer:
                    while data := peer.recv(1 << 16):
                        peer.sendall(data)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    with socket.socket(type=kind) as sock:
        sock.bind((LOCAL, 0))
        port: int = sock.getsockname()[1]
        return port


def until_there(port: int) -> socket.socket:
    """A connection, once somebody listens."""
    for _ in range(1000):
        try:
            return socket.create_connection((LOCAL, port), timeout=10)
        except ConnectionRefusedError:
            threading.Event().wait(0.01)
    raise TimeoutError(port)


def in_thread(call: Call, *args: Any, **options: Any) -> Callable[[], Any]:
    """A call under way; calling what comes back waits for its result."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(call(*args, **options)), daemon=True)
    thread.start()

    def result() -> Any:
        thread.join(20)
        return found[0]

    return result


@pytest.mark.parametrize("size", [0, 5, 100_000])
def test_tcp_client(size: int, echo: int) -> None:
    data = bytes(range(256)) * (size // 256) + bytes(size % 256)
    assert call_guest("tcp-client", echo, data) == data


def test_nobody_listens() -> None:
    assert call_guest("tcp-client", free_port(), b"hello") == CONNECTION_REFUSED


def test_tcp_server() -> None:
    """Connections side by side, one of which says nothing, and one that is reset."""
    port = free_port()
    served = in_thread(call_guest, "tcp-server", port, 4)
    silent = until_there(port)
    for text in (b"hello", bytes(3000)):
        with until_there(port) as peer:
            peer.sendall(text)
            got = b""
            while len(got) < len(text):
                got += peer.recv(1 << 16)
            assert got == text
    silent.close()
    with until_there(port) as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert served() == ("ok", 3005) or served() == 3005


def test_udp_client() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as peer:
        peer.bind((LOCAL, 0))
        peer.settimeout(10)
        answered = in_thread(call_guest, "udp-client", peer.getsockname()[1], b"question")
        data, sender = peer.recvfrom(100)
        peer.sendto(data + b"?", sender)
        assert answered() == b"question?"


def test_udp_server_until_a_timer() -> None:
    port = free_port(socket.SOCK_DGRAM)
    served = in_thread(call_guest, "udp-server", port, 300_000_000)
    with socket.socket(type=socket.SOCK_DGRAM) as peer:
        peer.settimeout(0.02)
        for _ in range(100):  # until it is there
            peer.sendto(b"hello", (LOCAL, port))
            try:
                assert peer.recv(100) == b"hello"
                break
            except TimeoutError:
                continue
        peer.settimeout(10)
        for index in range(20):
            peer.sendto(bytes([index]), (LOCAL, port))
            assert peer.recv(100) == bytes([index])
    assert served() >= 21


def test_a_name() -> None:
    with socket.create_server((LOCAL, 0)) as server:
        said = in_thread(call_guest, "name-client", "localhost", server.getsockname()[1])
        peer, _ = server.accept()
        with peer:
            peer.sendall(b"found")
        assert said() == b"found"


# Rules; the call that is refused by them, or not.
POLICY = [
    ("", "tcp-client", ACCESS_DENIED),
    ("*", "tcp-client", ACCESS_DENIED),
    ("tcp-listen://any udp://any", "tcp-client", ACCESS_DENIED),
    ("127.0.0.1", "tcp-client", b"hello"),
    ("loopback", "tcp-client", b"hello"),
    ("localhost", "tcp-client", ACCESS_DENIED),
    ("tcp://any", "tcp-server", ACCESS_DENIED),
    ("tcp://any", "udp-server", ACCESS_DENIED),
    ("tcp://any", "udp-client", ACCESS_DENIED),
    ("tcp://any udp://1.1.1.1:53", "udp-client", ACCESS_DENIED),
]


@pytest.mark.parametrize(("rules", "name", "expected"), POLICY)
def test_policy(rules: str, name: str, expected: Any, echo: int) -> None:
    last: Any = 1 if name.endswith("server") else b"hello"
    found = call_guest(name, echo, last, policy=NetworkPolicy(*rules.split()))
    assert found == expected or found == ("err", expected)


# What each export is called with. wasmtime-py has no way to allow the network, so that only the refusals can be compared.
REFUSED: list[tuple[str, tuple[Any, ...]]] = [
    ("tcp-client", (9, b"x")),
    ("tcp-server", (0, 1)),
    ("udp-client", (9, b"x")),
    ("udp-server", (0, 1)),
]  # not `name-client`: of a name that may not be looked up wasmtime says permanent-resolver-failure (docs/decisions/0027)


@pytest.mark.parametrize(("name", "args"), REFUSED)
def test_without_a_policy_as_on_wasmtime(name: str, args: tuple[Any, ...]) -> None:
    engine = wasmtime.Engine()
    store, linker = wasmtime.Store(engine), wasmtime.component.Linker(engine)
    store.set_wasi(wasmtime.WasiConfig())
    linker.add_wasip2()
    instance = linker.instantiate(store, wasmtime.component.Component(engine, guest()))
    function: Any = instance.get_func(store, name)
    assert value(function(store, *args)) == call_guest(name, *args, policy=NetworkPolicy())


def test_a_name_that_leads_elsewhere_the_second_time(echo: int) -> None:
    answers = iter([["93.184.216.34"], [LOCAL]])
    policy = NetworkPolicy("rebound.test", resolver=lambda name: next(answers))
    assert call_guest("name-client", "rebound.test", echo, policy=policy) == bytes([93, 184, 216, 34])
    assert call_guest("name-client", "rebound.test", echo, policy=policy) == ACCESS_DENIED


def test_no_such_name() -> None:
    def resolver(name: str) -> list[str]:
        raise OSError(f"no {name}")

    assert call_guest("name-client", "nowhere.test", 80, policy=NetworkPolicy("*", resolver=resolver)) == NAME_UNRESOLVABLE


# What the command line says; what is printed, or a part of the error.
COMMANDS = [
    ([], "access-denied"),
    (["--net", "*"], "access-denied"),
    (["--net", "udp://any", "--net", "127.0.0.1:{port}"], "ok([104, 105])"),
    (["--net", "inherit"], "ok([104, 105])"),
    (["--net", "https://example.org"], "--net: network rule 'https://example.org': it must begin with one of tcp://"),
]


@pytest.mark.parametrize(("options", "expected"), COMMANDS)
def test_command(options: list[str], expected: str, echo: int, tmp_path: Path) -> None:
    (tmp_path / "net.wasm").write_bytes(guest())
    words = [word.format(port=echo) for word in options]
    command = [sys.executable, "-m", "wasm_facade", "run", *words, "--invoke", f"tcp-client({echo}, [104, 105])", str(tmp_path / "net.wasm")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    wanted = f"err({ACCESS_DENIED})" if expected == "access-denied" else expected
    assert wanted in done.stdout + done.stderr
