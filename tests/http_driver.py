"""An ASGI server of the tests': asks an application, and says what came; and what the guest of http_guest.py answers."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
from collections.abc import Callable, Coroutine
from typing import Any

from wasm_facade.http import Application

# Requests after which nothing may be left of them: `nox -s http` asks for more.
MANY = int(os.environ.get("HTTP_REQUESTS", "5000"))

Message = dict[str, Any]


def scope_of(path: str, method: str = "GET", *headers: tuple[bytes, bytes]) -> Message:
    return {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"", "http_version": "1.1", "scheme": "http",
            "headers": [(b"host", b"a"), *headers]}  # fmt: skip


async def ask(app: Application, path: str, pieces: list[bytes] | None = None, method: str = "GET", leaves: float | None = None) -> tuple[int, bytes, bool]:
    """Status (0: none), body, and whether the answer was whole. `pieces` of a body that then ends; `leaves`: the client goes after so many seconds."""
    messages = [{"type": "http.request", "body": piece, "more_body": index + 1 < len(pieces)} for index, piece in enumerate(pieces)] if pieces else []
    sent: list[Message] = []

    async def receive() -> Message:
        if messages:
            return messages.pop(0)
        await asyncio.sleep(100 if leaves is None else leaves)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope_of(path, method, *([(b"transfer-encoding", b"chunked")] if pieces is not None else [])), receive, send)
    status = sent[0]["status"] if sent else 0
    return status, b"".join([message.get("body", b"") for message in sent]), bool(sent) and not sent[-1].get("more_body", False) and "body" in sent[-1]


# Columns: path, the body's pieces, status, what is answered, whether it is whole.
ANSWERS: list[tuple[str, list[bytes] | None, int, bytes, bool]] = [
    ("/h", None, 200, b"hello", True),
    ("/h?query", None, 200, b"hello", True),
    ("/i", [b"x" * 200_000] * 20, 200, b"hello", True),
    ("/r", [b"x" * 200_000] * 20, 200, b"hello", True),
    ("/w", [b"x"] * 5, 200, b"hello", True),
    ("/e", [b"a", b"", b"b" * 100_000, b"c"], 200, b"a" + b"b" * 100_000 + b"c", True),
    ("/d", None, 200, b"hello", False),
    ("/a", None, 200, b"hello", False),
    ("/t", None, 500, b"Internal Server Error\n", True),
    ("/n", None, 500, b"Internal Server Error\n", True),
    ("/s", None, 504, b"Gateway Timeout\n", True),
    ("/m", None, 500, b"Internal Server Error\n", True),
    ("/o", None, 200, b"hello", True),
    ("/z", None, 200, b"hello", True),
    ("/c", None, 200, b"hello", True),
]


def resident() -> int:
    """Bytes of memory of this process."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def assert_nothing_is_left(ask_many: Callable[[int], Coroutine[Any, Any, None]]) -> None:
    """Neither memory nor files, of MANY requests after the first thousand."""
    asyncio.run(ask_many(1000))
    gc.collect()
    files, size = len(os.listdir("/proc/self/fd")), resident()
    asyncio.run(ask_many(MANY))
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= files + 2
    assert resident() - size < 8 << 20
