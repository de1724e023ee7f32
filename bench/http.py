"""Requests a second of a component that says hello, behind uvicorn, beside the plain ASGI hello there, and the same component under `jco serve`: the whole
way over sockets of this machine."""

from __future__ import annotations

import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.guests import from_wat
from bench.options import Options
from bench.rows import Row, skipped

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
    """Rows for one connection, and for 64, for instances made anew and reused, beside plain ASGI and beside jco on Node.js, if there is one. Cost: time per
    request; the note has the latencies."""
    count = REQUESTS // 4 if options.quick else REQUESTS
    with tempfile.TemporaryDirectory() as folder:
        component = Path(folder) / "hello.wasm"
        component.write_bytes(from_wat(GUEST.read_text()))
        others = [("", [sys.executable, "-c", PLAIN])]
        jco = os.environ.get("WASM_BENCH_JCO") or shutil.which("jco")
        if jco is not None:
            others.append((", beside jco", [jco, "serve", str(component), "--port"]))
        for name, more in WAYS:
            ours = [sys.executable, "-m", "wasm_facade", "serve", str(component), "--no-access-log", "--log-level", "error", *more, "--addr"]
            for beside, command in others:
                yield from _compared(f"{name}{{}}{beside}", ours, command, count, options)
        if jco is None:
            yield skipped("http", "beside jco", "no jco on the PATH or at WASM_BENCH_JCO: npm install @bytecodealliance/jco")


def _compared(name: str, ours: list[str], other: list[str], count: int, options: Options) -> Iterator[Row]:
    rows = [(name.format(f", {connections} at a time"), connections) for connections in (1, 64)]
    if not any(options.wants(row) for row, _ in rows):
        return
    with _server(ours) as (port, process), _server(other) as (other_port, other_process):
        for row, connections in rows:
            for each in (port, other_port):
                _load(each, connections, count // 4)
            mine, theirs = [], []
            for _ in range(3):  # in turns
                mine.append(_timed(process, port, connections, count))
                theirs.append(_timed(other_process, other_port, connections, count))
            (cost, median, late, _), (their_cost, _, their_late, _) = min(mine), min(theirs)
            note = f"{1 / cost:,.0f} requests/s; median {median * 1e3:.1f} ms, p99 {late * 1e3:.1f} ms, theirs {their_late * 1e3:.1f} ms"
            busy, their_busy = (min(each[3] for each in side) for side in (mine, theirs))
            note += f"; {busy * 1e6:.0f} us of CPU, theirs {their_busy * 1e6:.0f}"
            yield Row("http", row, cost, their_cost, cost=cost / their_cost, note=note)


def _timed(process: int, port: int, connections: int, count: int) -> tuple[float, float, float, float]:
    """What `_load` tells, and the CPU seconds of the server per request: other programs on the machine disturb those less."""
    before = _cpu(process)
    return (*_load(port, connections, count), (_cpu(process) - before) / count)


def _cpu(process: int) -> float:
    """CPU seconds of a process and its children so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    children = [int(child) for task in Path(f"/proc/{process}/task").iterdir() for child in (task / "children").read_text().split()]
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") + sum(map(_cpu, children))


@contextmanager
def _server(command: list[str]) -> Iterator[tuple[int, int]]:
    """Its port and its process."""
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
        yield port, process.pid
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
