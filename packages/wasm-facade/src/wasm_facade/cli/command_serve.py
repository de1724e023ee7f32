"""`wasm serve`: a component that answers HTTP requests, on uvicorn."""

from __future__ import annotations

import os
import sys

from wasm_environ.errors import WasmError
from wasm_facade.cli import FAILED, OK, describe, fail
from wasm_facade.cli.options import Command, Option, natural, seconds, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasm_facade.cli.options import Parsed

LEVELS = ("critical", "error", "warning", "info", "debug")


def address(text: str) -> tuple[str, int]:
    """HOST:PORT, [HOST]:PORT, or a port alone."""
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) < 65536):
        raise ValueError("not an address: HOST:PORT")
    return host.strip("[]") or "127.0.0.1", int(port)


def level(text: str) -> str:
    """A level of logging."""
    if text not in LEVELS:
        raise ValueError(f"one of {', '.join(LEVELS)}")
    return text


def count(text: str) -> int:
    """A number from 1 on."""
    if not natural(text):
        raise ValueError("at least 1")
    return int(text)


COMMAND = Command(
    "serve", "FILE", "Answer HTTP requests by a component that exports wasi:http/incoming-handler.",
    (
        Option("--addr", "HOST:PORT", "where to listen (default: 127.0.0.1:8080)", address, ("127.0.0.1", 8080)),
        Option("--workers", "N", "processes that answer (default: 1)", count, 1),
        Option("--reload", "", "take up FILE again when it changes"),
        Option("--dir", "HOST[::GUEST]", "let it use a folder, under the name GUEST", many=True),
        Option("--env", "NAME[=VALUE]", "give it an environment variable, or pass on ours", many=True),
        Option("--net", "RULE", "let it make requests there: example.org:443, *.example.org, 10.0.0.0/8", many=True),
        Option("--timeout", "SECONDS", "a request may take so long (default: 30)", seconds, 30.0),
        Option("--max-memory", "BYTES", "refuse a request more memory (default: 256M); K, M, G may follow", size, 1 << 28),
        Option("--concurrency", "N", "answer so many requests at a time in each process (default: 64)", count, 64),
        Option("--reuse", "N", "let an instance answer N requests, one after the other (default: 1)", count, 1),
        Option("--log-level", "NAME", f"{', '.join(LEVELS)} (default: info)", level, "info"),
        Option("--no-access-log", "", "do not write a line for every request"),
    ),
)  # fmt: skip


def run(options: Parsed) -> int:
    """Serve until SIGINT or SIGTERM."""
    try:
        from wasm_facade.http import server
    except ModuleNotFoundError as error:
        fail("serve", f"{error.name} is not installed: pip install 'uvicorn>=0.30,<1' 'h11>=0.16,<1'")
        return FAILED
    path = options.operands[0]
    settings: dict[str, Any] = {
        "path": os.path.abspath(path), "dirs": [_folder(word) for word in options.dir], "env": _environment(options.env), "net": options.net,
        "timeout": options.timeout, "max_memory": options.max_memory, "concurrency": options.concurrency, "requests_per_instance": options.reuse,
        "reload": bool(options.reload),
    }  # fmt: skip
    try:
        server.application(settings)  # what is wrong with it is said here, once
    except (WasmError, OSError) as error:
        message = describe(error).splitlines()[0]
        fail("serve", message if path in message else f"{path}: {message}")
        return FAILED
    host, port = options.addr
    try:
        server.serve(settings, host, port, options.workers, options.log_level, not options.no_access_log)
    except SystemExit as end:  # uvicorn's, which has said why
        return FAILED if end.code else OK
    sys.stderr.flush()
    return OK


def _folder(word: str) -> tuple[str, str]:
    host, separator, guest = word.partition("::")
    return os.path.abspath(host), guest if separator else host


def _environment(words: list[str]) -> list[tuple[str, str]]:
    found = []
    for word in words:
        name, equals, value = word.partition("=")
        if equals or name in os.environ:
            found.append((name, value if equals else os.environ[name]))
    return found
