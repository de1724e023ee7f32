"""Streams over sources and sinks of the tests' own, and waits for what is made ready by time, by a descriptor, by another thread."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from wasm_environ.errors import Err, TimeIsOver, WasmError
from wasm_wasi_p2 import Guest, WasiConfig
from wasm_wasi_p2.poll import MOST, Deadline, Pollable, poll, wait
from wasm_wasi_p2.stdio import get_stdout
from wasm_wasi_p2.streams import PIECE, InputStream, OutputStream


@pytest.fixture
def guest() -> Iterator[Guest]:
    with Guest(WasiConfig()) as made:
        yield made


class Fake:
    """A source and a sink: what `read` gives or raises, one after the other; `room`, and whether it is `flushed`."""

    def __init__(self, *reads: bytes | Exception, room: int = 100) -> None:
        self.reads = list(reads)
        self.asked: list[int] = []
        self.free: int | Exception = room
        self.done = True
        self.written = b""
        self.closed = 0

    def read(self, size: int) -> bytes:
        self.asked.append(size)
        found = self.reads.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    def room(self) -> int:
        if isinstance(self.free, Exception):
            raise self.free
        return self.free

    def write(self, data: bytes) -> None:
        self.written += data

    def flush(self) -> None:
        self.done = False

    def flushed(self) -> bool:
        return self.done

    def ready(self) -> bool:
        return True

    def wants(self) -> tuple[int, int]:
        return -1, 0

    def deadline(self) -> None:
        return None

    def close(self) -> None:
        self.closed += 1


def err(call: Callable[..., Any], *args: Any) -> str:
    """The tag of the err that a call raises."""
    with pytest.raises(Err) as found:
        call(*args)
    return str(found.value.payload.tag)


def test_a_failure_is_told_once(guest: Guest) -> None:
    stream = InputStream(guest, Fake(b"ab", OSError(5, "no disk")))
    assert (stream.read(9), stream.read(0)) == (b"ab", b"")
    with pytest.raises(Err) as found:
        stream.read(1)
    assert found.value.payload.tag == "last-operation-failed"
    assert "no disk" in found.value.payload.payload.to_debug_string()
    assert found.value.payload.payload.os_error.errno == 5
    assert [err(stream.read, 1), err(stream.read, 0), err(stream.blocking_read, 1), err(stream.skip, 1)] == ["closed"] * 4
    assert stream.ready()


def test_the_end_is_closed(guest: Guest) -> None:
    stream = InputStream(guest, Fake(b"", b"x", EOFError()))
    assert stream.blocking_read(1 << 64) == b"x"  # not at the first try
    assert err(stream.blocking_read, 1) == "closed"


def test_lengths_are_cut(guest: Guest) -> None:
    source = Fake(b"abc", b"abc")
    stream = InputStream(guest, source)
    assert (stream.skip((1 << 64) - 1), stream.skip(3)) == (3, 3)
    assert source.asked == [PIECE, 3]
    assert OutputStream(guest, Fake(room=1 << 64)).check_write() == PIECE


def test_nothing_is_written_until_a_flush_is_done(guest: Guest) -> None:
    sink = Fake()
    stream = OutputStream(guest, sink)
    assert stream.check_write() == 100
    stream.write(b"x" * 60)
    stream.write(b"x" * 40)  # the rest of what was permitted
    stream.flush()
    assert stream.check_write() == 0
    with pytest.raises(WasmError, match="check-write permits 0"):
        stream.write(b"x")
    sink.done = True
    assert stream.check_write() == 100
    stream.write_zeroes(3)
    assert sink.written == b"x" * 100 + bytes(3)


def test_a_reader_that_went(guest: Guest) -> None:
    sink = Fake()
    stream = OutputStream(guest, sink)
    sink.free = BrokenPipeError(32, "gone")
    assert [err(stream.check_write), err(stream.write, b"x"), err(stream.flush), err(stream.write_zeroes, 1 << 63)] == ["closed"] * 4
    stream = OutputStream(guest, sink)
    sink.free = OSError(28, "full")
    assert [err(stream.check_write), err(stream.check_write)] == ["last-operation-failed", "closed"]


def test_splice(guest: Guest) -> None:
    source, sink = Fake(b"abc", b"", EOFError()), Fake(room=10)
    into, out = OutputStream(guest, sink), InputStream(guest, source)
    assert [into.splice(out, 1 << 63), into.splice(out, 4), into.splice(out, 0)] == [3, 0, 0]
    assert (source.asked, sink.written) == ([10, 4], b"abc")
    assert err(into.blocking_splice, out, 1) == "closed"
    sink.free = 0
    assert into.splice(InputStream(guest, Fake()), 5) == 0


def test_dropping_closes(guest: Guest) -> None:
    source = Fake()
    stream = InputStream(guest, source)
    pollable = stream.subscribe()
    stream.close()
    assert (source.closed, pollable.ready()) == (1, True)
    pollable.block()


class Switch(Fake):
    """Ready once it is set."""

    def __init__(self) -> None:
        super().__init__()
        self.on = False

    def ready(self) -> bool:
        return self.on


def test_a_wake_from_another_thread(guest: Guest) -> None:
    switch = Switch()

    def turn_on() -> None:
        switch.on = True
        guest.wake()

    for others in ([], [Deadline(guest, 1 << 62)]):
        switch.on = False
        threading.Timer(0.02, turn_on).start()
        start = time.monotonic()
        assert wait(guest, [*others, switch]) == [len(others)]
        assert time.monotonic() - start < 10  # the other deadline is centuries away
    guest.wake()  # for nobody
    assert wait(guest, [Deadline(guest, 0)]) == [0]


def test_all_that_are_ready_are_told(guest: Guest) -> None:
    pipes = [os.pipe() for _ in range(5)]

    class Readable(Fake):
        def __init__(self, fd: int) -> None:
            super().__init__()
            self.fd = fd

        def wants(self) -> tuple[int, int]:
            return self.fd, select.POLLIN

        def ready(self) -> bool:
            return bool(select.select([self.fd], [], [], 0)[0])

    pollables = [Pollable(guest, Readable(read)) for read, _ in pipes]
    pollables.append(Pollable(guest, Deadline(guest, 0)))
    os.write(pipes[1][1], b"x")
    os.write(pipes[3][1], b"x")
    assert poll(guest, [*pollables, pollables[1]]) == [1, 3, 5, 6]
    assert [pollable.ready() for pollable in pollables] == [False, True, False, True, False, True]
    for pipe in pipes:
        os.close(pipe[0])
        os.close(pipe[1])


def test_waits_end_with_the_time() -> None:
    end = time.monotonic() + 0.1
    with Guest(WasiConfig(), lambda: True, lambda: time.monotonic() >= end) as guest:
        for waitable in (Switch(), Deadline(guest, 1 << 62)):
            with pytest.raises(TimeIsOver):
                wait(guest, [waitable])
        assert time.monotonic() < end + 0.3


def test_a_late_wake_finds_nobody(guest: Guest) -> None:
    assert guest.wake_fd >= 0
    guest.close()
    guest.wake()
    guest.close()


def test_more_pollables_than_are_looked_at(guest: Guest) -> None:
    """The same one may be there many times; a look at all of them takes no longer than a slice or so."""
    one = Pollable(guest, Deadline(guest, 0))
    assert len(poll(guest, [one] * MOST)) == MOST
    with pytest.raises(WasmError, match="too many pollables at once: 65537, of at most 65536"):
        poll(guest, [one] * (MOST + 1))


def test_an_output_that_takes_nothing() -> None:
    config = WasiConfig()
    config.stdout = lambda data: 0
    with Guest(config) as guest:
        stream = get_stdout(guest)
        assert stream.check_write() > 0
        assert err(stream.write, b"hello") == "last-operation-failed"
