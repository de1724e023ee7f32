"""Guests whose calls of WASI 0.2 the runtime makes without Python, or asks Python for (`asked`); the component is `wasi2_plain_guest`'s."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import wasm_facade
from wasi2_plain_guest import component
from wasm_environ import host
from wasm_facade.component import Component, Linker
from wasm_facade.component import wasi as facade_wasi
from wasm_wasi_p2 import clocks, filesystem, filesystem_streams, interfaces, poll, random, streams

# Where calls have their result, paths, and data; the end of memory.
OUT, PATH, DATA, END = 64, 256, 4096, 128 << 16
PIECE = host.MOST_AT_ONCE
CONTENTS = {"file": bytes(range(256)) * 40, "large": os.urandom(3 << 20), "empty": b"", "stdin": b"some input\n" * 1000}
asked: list[str] = []


def counted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        asked.append(name)
        return function(*args)

    return call


@pytest.fixture(autouse=True)
def counts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What Python is asked for goes to `asked`."""
    homes: tuple[tuple[Any, tuple[str, ...]], ...] = (
        (streams.InputStream, ("read", "blocking_read")),
        (streams.OutputStream, ("check_write", "write", "blocking_write_and_flush", "flush", "blocking_flush")),
        (filesystem_streams.DirectoryEntryStream, ("read_directory_entry",)),
        (filesystem.Descriptor, ("stat_at",)),
        (poll.Pollable, ("ready", "block")),
        (poll, ("poll",)),
        (clocks, ("now", "wall_now", "subscribe_duration", "subscribe_instant")),
        (random, ("get_random_u64", "get_random_bytes")),
    )
    for home, names in homes:
        for name in names:
            monkeypatch.setattr(home, name, counted(name, getattr(home, name)))
    facade_wasi.host_function.cache_clear()
    yield
    facade_wasi.host_function.cache_clear()


@cache
def compiled(strategy: str, release_gil: bool) -> tuple[Any, Any]:
    config = wasm_facade.Config()
    config.strategy, config.cache, config.release_gil = strategy, False, release_gil
    engine = wasm_facade.Engine(config)
    return engine, Component(engine, component())


class Guest:
    """One guest in a folder of its own."""

    def __init__(self, folder: Path, without_python: bool = True, strategy: str = "native", release_gil: bool = True, tree: Any = None, **stdio: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        for name, data in CONTENTS.items():
            if not (folder / name).exists():
                (folder / name).write_bytes(data)
        engine, found = compiled(strategy, release_gil)
        self.store = wasm_facade.Store(engine)
        config = wasm_facade.WasiConfig()
        config.stdin, config.stdout = stdio.get("stdin", folder / "stdin"), stdio.get("stdout", folder / "stdout")
        if stdio.get("deterministic"):
            config.deterministic(7)
        if tree is None:
            config.preopen(folder, "/", readonly=stdio.get("readonly", False))
        else:
            config.preopen(tree, "/")
        self.store.set_wasi(config)
        linker = Linker(engine)
        linker.add_wasip2()
        plain = dict(interfaces.PLAIN)
        try:
            if not without_python:
                interfaces.PLAIN.clear()
            facade_wasi.host_function.cache_clear()
            self.instance = linker.instantiate(self.store, found)
        finally:
            interfaces.PLAIN.update(plain)
        self.call("directories", OUT)
        self.root = self.word(self.word(OUT))

    def call(self, name: str, *args: Any) -> Any:
        found: Any = self.instance.get_func(self.store, name)
        result = found(self.store, *args)
        found.post_return(self.store)
        return result

    def peek(self, at: int, size: int) -> bytes:
        data: bytes = self.call("peek", at, size)
        return data

    def word(self, at: int) -> int:
        return int.from_bytes(self.peek(at, 4), "little")

    def result(self) -> tuple[int, ...]:
        """The words where a call had its result."""
        return tuple(self.word(OUT + 4 * i) for i in range(4))

    def open(self, path: str, opening: int = 0, flags: int = 3) -> int:
        self.call("poke", PATH, path.encode())
        self.call("open", self.root, 1, PATH, len(path), opening, flags, OUT)
        assert self.word(OUT) & 255 == 0
        return self.word(OUT + 4)

    def stream(self, kind: str, descriptor: int, *offset: int) -> int:
        self.call(kind, descriptor, *offset, OUT)
        assert self.word(OUT) & 255 == 0
        return self.word(OUT + 4)

    def state(self) -> tuple[bytes, dict[str, bytes]]:
        return self.peek(8, END - 8), {path.name: path.read_bytes() for path in sorted(self.folder.iterdir()) if path.is_file()}


def pair(folder: Path, **kwargs: Any) -> tuple[Guest, Guest]:
    shared = kwargs.pop("shared", None)
    return Guest(shared or folder / "with", True, **kwargs), Guest(shared or folder / "without", False, **kwargs)


def attempt(guest: Guest, name: str, args: tuple[Any, ...]) -> tuple[Any, list[str]]:
    """What came of it, in words if it failed; and what Python was asked for."""
    asked.clear()
    try:
        result: Any = guest.call(name, *args)
    except (wasm_facade.WasmtimeError, wasm_facade.Trap) as error:
        return f"{type(error).__name__}: {error}", list(asked)
    return result, list(asked)


# Streams: made by each test that has them, in this order, so that they have the same handles everywhere.
# Columns: name, what makes it, the file, its arguments.
STREAMS: tuple[tuple[str, str, str, tuple[int, ...]], ...] = (
    ("in", "reader", "file", (0,)),
    ("far", "reader", "file", (10_000,)),
    ("out", "writer", "new", (5,)),
    ("end", "appender", "new", ()),
    ("large", "reader", "large", (0,)),
    ("empty", "reader", "empty", (0,)),
)


def opened(guest: Guest) -> dict[str, int]:
    """Handles by name: those streams, stdin, stdout, root, a directory, and none, which is no handle."""
    found = {}
    for name, kind, path, offset in STREAMS:
        descriptor = guest.open(path, 0 if path != "new" else 1, 1 if kind == "reader" else 3)
        found[name] = guest.stream(kind, descriptor, *offset)
        guest.call("drop", descriptor)  # the stream has it
    return found | {"stdin": guest.call("stdin"), "stdout": guest.call("stdout"), "root": guest.root, "none": 999}


def handles(found: dict[str, int], args: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(found[arg] if isinstance(arg, str) else arg for arg in args)
