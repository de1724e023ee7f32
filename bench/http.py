"""Requests a second of a component that says hello, behind uvicorn, beside the plain ASGI hello there: the whole way over sockets of this machine."""

from __future__ import annotations

import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.options import Options
from bench.rows import Row

GUEST = Path(__file__).parents[1] / "examples" / "http" / "hello.wat"
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
ENDS = (b"\r\n0\r\n\r\n", b"\r\n\r\nhello\n")  # of an answer, chunked or not
REQUESTS = 4000

PLAIN = """
import sys, uvicorn
async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello\\n"})
uvicorn.run(app, port=int(sys.argv[1]), http="h11", ws="none", lifespan="off", access_log=False, log_level="error")
"""

#   row                       options of `wasm serve`
WAYS = (
    ("hello", ()),
    ("hello, instances reused", ("--reuse", "1000000")),
)


def measure(options: Options) -> Iterator[Row]:
    """A row for one connection, and one for 64, for instances made anew and reused. Cost: time per request; the note has the latencies."""
    count = REQUESTS // 4 if options.quick else REQUESTS
    for name, more in WAYS:
        if not options.wants(name):
            continue
        ours = [sys.executable, "-m", "wasm_facade", "serve", str(GUEST), "--no-access-log", "--log-level", "error", *more, "--addr"]
        with _server(ours) as port, _server([sys.executable, "-c", PLAIN]) as other:
            for connections in (1, 64):
                _load(port, connections, count // 4)
                _load(other, connections, count // 4)
                mine, median, late = min(_load(port, connections, count) for _ in range(3))
                theirs, _, their_late = min(_load(other, connections, count) for _ in range(3))
                note = f"{1 / mine:,.0f} requests/s; median {median * 1e3:.1f} ms, p99 {late * 1e3:.1f} ms, plain {their_late * 1e3:.1f} ms"
                yield Row("http", f"{name}, {connections} at a time", mine, theirs, cost=mine / theirs, note=note)


@contextmanager
def _server(command: list[str]) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    process = subprocess.Popen([*command, str(port)])
    try:
        until = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                if time.monotonic() > until or process.poll() is not None:
                    raise
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


def _load(port: int, connections: int, count: int) -> tuple[float, float, float]:
    """Seconds a request, the median of the answers' times, and what 99 of 100 are below."""
    poller = select.epoll()
    open_: dict[int, socket.socket] = {}
    began: dict[int, float] = {}
    parts: dict[int, bytes] = {}
    times: list[float] = []
    try:
        for _ in range(connections):
            made = socket.create_connection(("127.0.0.1", port))
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            open_[made.fileno()] = made
            parts[made.fileno()] = b""
            poller.register(made, select.EPOLLIN)
        start = time.perf_counter()
        for fd, each in open_.items():
            began[fd] = time.perf_counter()
            each.sendall(REQUEST)
        while len(times) < count:
            for fd, _ in poller.poll():
                parts[fd] += open_[fd].recv(1 << 16)
                if parts[fd].endswith(ENDS):
                    now = time.perf_counter()
                    times.append(now - began[fd])
                    parts[fd], began[fd] = b"", now
                    open_[fd].sendall(REQUEST)
        spent = time.perf_counter() - start
    finally:
        for each in open_.values():
            each.close()
        poller.close()
    times.sort()
    return spent / len(times), times[len(times) // 2], times[int(len(times) * 0.99)]
