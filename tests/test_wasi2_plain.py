"""Calls of WASI 0.2 that the runtime makes without Python: the same, byte for byte, as when Python makes them, and which of them these are."""

from __future__ import annotations

import os
import resource
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import wasm_facade
from wasi2_plain_guests import CONTENTS, DATA, END, OUT, PIECE, Guest, asked, attempt, handles, opened, pair
from wasi2_plain_guests import counts as counts
from wasm_environ import host
from wasm_wasi_common.memory import MemoryFilesystem
from wasm_wasi_p2 import interfaces, streams

# Columns: function, arguments (a handle by its name), whether Python has nothing to do. Nothing of it ends the guest.
ROWS: tuple[tuple[str, tuple[Any, ...], bool], ...] = (
    ("read", ("in", 6, OUT), True),
    ("blocking-read", ("in", 4096, OUT), True),
    ("read", ("in", 1, OUT), True),
    ("read", ("in", 0, OUT), False),
    ("blocking-read", ("in", 0, OUT), False),
    ("read", ("in", 5000, OUT), True),
    ("read", ("in", 1 << 63, OUT), True),  # the rest
    ("read", ("in", 6, OUT), False),  # the end
    ("read", ("in", 6, OUT), False),  # closed
    ("blocking-read", ("far", (1 << 64) - 1, OUT), True),
    ("read", ("far", 5000, OUT), False),
    ("read", ("large", 4097, OUT), True),
    ("read", ("large", PIECE, OUT), True),
    ("read", ("large", PIECE + 1, OUT), True),
    ("read", ("empty", 4096, OUT), False),
    ("read", ("stdin", 6, OUT), True),
    ("blocking-read", ("stdin", 5000, OUT), True),
    ("read", ("stdin", 5000, END - 12), True),
    ("read", ("stdin", 6000, OUT), True),
    ("read", ("stdin", 6000, OUT), False),
    ("room", ("out", OUT), True),
    ("write", ("out", DATA, 6, OUT), True),
    ("write", ("out", DATA, 0, OUT), True),
    ("write", ("out", OUT - 8, 16, OUT), True),
    ("write", ("out", END, 0, OUT), True),
    ("write", ("out", END - 100, 100, END - 12), True),
    ("write", ("out", DATA, PIECE, OUT), True),
    ("write-and-flush", ("out", DATA, 4096, OUT), True),
    ("flush", ("out", OUT), True),
    ("write", ("out", DATA, 7, OUT), True),
    ("blocking-flush", ("out", OUT), True),
    ("room", ("out", END - 16), True),
    ("room", ("end", OUT), True),
    ("write", ("end", DATA, 9, OUT), True),
    ("write", ("out", DATA + 9, 9, OUT), True),
    ("write-and-flush", ("end", DATA, 10, OUT), True),
    ("write", ("stdout", DATA, 10, OUT), True),
    ("write-and-flush", ("stdout", DATA, 4000, OUT), True),
    ("room", ("stdout", OUT), True),
    ("wall", (END - 15 - 1,), True),
    ("bytes", (1, OUT), True),
    ("bytes", (256, OUT), True),
    ("bytes", (0, OUT), False),
    ("bytes", (257, OUT), False),
)  # fmt: skip

# The same of what ends a guest: each in a new one.
ENDS: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("read", ("none", 6, OUT)),
    ("read", (0, 6, OUT)),
    ("read", ("out", 6, OUT)),
    ("read", ("root", 6, OUT)),
    ("read", ("in", 6, OUT + 1)),
    ("read", ("in", 6, END - 8)),
    ("read", ("in", 6, 0xFFFF_FFFC)),
    ("room", ("in", OUT)),
    ("room", ("out", OUT + 4)),
    ("room", ("out", END - 8)),
    ("write", ("none", DATA, 6, OUT)),
    ("write", ("in", DATA, 6, OUT)),
    ("write", ("out", END - 5, 6, OUT)),
    ("write", ("out", END + 1, 0, OUT)),
    ("write", ("out", 0xFFFF_FFFF, 0xFFFF_FFFF, OUT)),
    ("write", ("out", DATA, 6, OUT + 2)),
    ("write", ("out", DATA, PIECE + 1, OUT)),
    ("write-and-flush", ("out", DATA, 4097, OUT)),
    ("flush", ("none", OUT)),
    ("wall", (OUT + 4,)),
    ("wall", (END - 8,)),
    ("bytes", (16, OUT + 1)),
    ("bytes", (16, END - 4)),
)  # fmt: skip
# Of these Python has to take what moves data: what takes time takes the lock.
MOVES = {"read", "blocking-read", "write", "write-and-flush"}


def put_away(guests: tuple[Guest, ...], name: str, args: tuple[Any, ...]) -> None:
    """What is another in each guest: the time, random bytes, but for how many they are and where."""
    for guest in guests:
        if name == "bytes":
            at, size = guest.result()[:2]
            guest.call("poke", at, bytes(size))
        elif name == "wall":
            guest.call("poke", args[0], bytes(16))


@pytest.mark.parametrize("release_gil", [True, False])
@pytest.mark.parametrize("strategy", ["native", "llvm"])
def test_as_python_does(tmp_path: Path, strategy: str, release_gil: bool) -> None:
    guests = pair(tmp_path, strategy=strategy, release_gil=release_gil)
    found = [opened(guest) for guest in guests]
    assert found[0] == found[1]
    for name, args in (("now", ()), ("number", ()), ("wall", (OUT,)), ("bytes", (3, OUT))):  # the first call finds the guest
        for guest in guests:
            guest.call(name, *args)
        put_away(guests, name, args)
    for name, args, plainly in ROWS:
        results = [attempt(guest, name, handles(found[0], args)) for guest in guests]
        assert results[0][0] == results[1][0], (name, args)
        assert results[1][1], (name, args)
        assert (not results[0][1]) == (plainly and (release_gil or name not in MOVES)), (name, args, results[0][1])
        put_away(guests, name, args)
        assert guests[0].state() == guests[1].state(), (name, args)


@pytest.mark.parametrize("number", range(len(ENDS)))
def test_what_ends_a_guest(tmp_path: Path, number: int) -> None:
    name, args = ENDS[number]
    guests = pair(tmp_path)
    for guest in guests:
        guest.call("wall", OUT)
        guest.call("bytes", 3, OUT)
    results = [attempt(guest, name, handles(opened(guest), args))[0] for guest in guests]
    assert isinstance(results[0], str)
    assert results[0] == results[1]
    files = [{path.name: path.read_bytes() for path in guest.folder.iterdir()} for guest in guests]
    assert files[0] == files[1]


@pytest.mark.parametrize("size", [6, 5000])
@pytest.mark.parametrize("mode", [1, 2, 3, 4])
def test_what_realloc_does(tmp_path: Path, mode: int, size: int) -> None:
    guests = pair(tmp_path)
    results = []
    for guest in guests:
        stream = opened(guest)["in"]
        guest.call("unruly", mode)
        results.append(attempt(guest, "read", (stream, size, OUT)))
    assert not results[0][1]
    if mode == 1:
        for guest in guests:
            guest.call("unruly", 0)
            assert guest.peek(guest.word(OUT + 4), size) == CONTENTS["file"][:size]
    else:  # the frames are others, and some words
        assert [result.partition(":")[0] for result, _ in results] == ["Trap", "Trap"]


@pytest.mark.parametrize("size", [6, 5000])
def test_realloc_that_spins_is_stopped(tmp_path: Path, size: int) -> None:
    guest = Guest(tmp_path / "guest")
    stream = opened(guest)["in"]
    guest.call("unruly", 5)
    read: Any = guest.instance.get_func(guest.store, "read")
    begun = time.monotonic()
    with pytest.raises(wasm_facade.Trap, match="interrupt"):
        read(guest.store, stream, size, OUT, timeout=0.2)
    assert time.monotonic() - begun < 60  # for ever, if it goes unnoticed


@pytest.mark.parametrize("size", [6, 5000])
def test_a_signals_handler_closes_the_stream(tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of realloc, which spins until then. What was read is what it was, or the stream is closed; never another file's bytes."""
    guest = Guest(tmp_path / "guest")
    made: list[streams.InputStream] = []
    before = streams.InputStream.__init__

    def init(self: streams.InputStream, *args: Any) -> None:
        before(self, *args)
        made.append(self)

    monkeypatch.setattr(streams.InputStream, "__init__", init)
    stream = opened(guest)["in"]
    guest.call("unruly", 5)
    secret: list[int] = []

    def handle(*_: object) -> None:
        number = made[0].source.place.found.fd  # type: ignore[attr-defined]
        made[0].close()
        made[0].source.descriptor = None  # type: ignore[attr-defined]
        (tmp_path / "secret").write_bytes(b"x" * 100_000)
        secret.append(os.open(tmp_path / "secret", os.O_RDONLY))
        assert secret[0] <= number
        raise KeyboardInterrupt

    old = signal.signal(signal.SIGALRM, handle)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(KeyboardInterrupt):
            guest.call("read", stream, size, OUT)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
        for fd in secret:
            os.close(fd)
    assert made[0].plain is not None
    assert made[0].plain[host.STREAM_FILE] == 0


def test_what_a_file_did_not_take_is_pythons(tmp_path: Path) -> None:
    """A limit on the size of files: a part is written, then the failure is told, by both, and no byte twice."""
    guests = pair(tmp_path)
    found = [opened(guest)["out"] for guest in guests]
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        results = [attempt(guest, "write", (stream, DATA, 4000, OUT)) for guest, stream in zip(guests, found, strict=True)]
        words = [guest.result()[:2] for guest in guests]
        later = [attempt(guest, "room", (stream, OUT)) for guest, stream in zip(guests, found, strict=True)]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, old)
    assert results[0][0] == results[1][0]
    assert words[0] == words[1]
    assert words[0][0] & 255 == 1
    assert results[0][1] == results[1][1] == ["write", "check_write"]
    assert later[0] == later[1]
    assert later[0][1] == ["check_write"]
    assert guests[0].state() == guests[1].state()
    assert (guests[0].folder / "new").stat().st_size == 1000


def test_offsets_are_one_truth(tmp_path: Path) -> None:
    """Python and the core take turns on a stream."""
    guest = Guest(tmp_path / "guest")
    stream = opened(guest)["in"]
    data = b""
    found: list[streams.InputStream] = []
    for size in (10, 20, 5000, 30):
        guest.call("read", stream, size, OUT)
        data += guest.peek(guest.word(OUT + 4), guest.word(OUT + 8))
        if not found:
            import gc

            found = [each for each in gc.get_objects() if isinstance(each, streams.InputStream) and each.plain is not None and each.plain[1] == 10]
        data += found[0].read(7)
    assert data == CONTENTS["file"][: 10 + 20 + 5000 + 30 + 4 * 7]


def test_clocks_and_random(tmp_path: Path) -> None:
    guest = Guest(tmp_path / "guest")
    guest.call("now")
    guest.call("wall", OUT)
    asked.clear()
    first = guest.call("now")
    assert guest.call("now") >= first
    before = time.time()
    guest.call("wall", OUT)
    assert before - 1 <= guest.word(OUT) + guest.word(OUT + 8) / 1e9 <= time.time() + 1
    start = guest.store._wasi.guest.start
    now = time.monotonic_ns() - start
    assert now <= guest.call("now") <= time.monotonic_ns() - start
    assert asked == []
    guest.call("number")
    guest.call("insecure")
    asked.clear()
    assert len({guest.call(name) for name in ("number", "insecure") for _ in range(20)}) == 40
    assert asked == []


def test_another_configuration_is_used_at_once(tmp_path: Path) -> None:
    guest = Guest(tmp_path / "guest")
    guest.call("number")
    guest.call("number")
    assert asked == ["get_random_u64"]
    for _ in range(2):
        config = wasm_facade.WasiConfig()
        config.deterministic(3)
        guest.store.set_wasi(config)
        asked.clear()
        first = [guest.call("number"), guest.call("number"), guest.call("now"), guest.call("now")]
        assert asked == ["get_random_u64"] * 2 + ["now"] * 2
    assert first[3] - first[2] == 1000
    guest.store.set_wasi(wasm_facade.WasiConfig())
    asked.clear()
    assert guest.call("number") != guest.call("number")
    assert asked == ["get_random_u64"]


def test_a_guests_own_clocks_and_random_bytes(tmp_path: Path) -> None:
    guests = pair(tmp_path, deterministic=True)
    for name in ("now", "number", "now", "insecure"):
        assert guests[0].call(name) == guests[1].call(name)
    asked.clear()
    for guest in guests:
        guest.call("bytes", 16, OUT)
    assert asked == ["get_random_bytes"] * 2
    assert guests[0].state() == guests[1].state()


def test_other_filesystems_are_pythons(tmp_path: Path) -> None:
    guest = Guest(tmp_path / "guest", tree=MemoryFilesystem({"file": b"abc" * 10}))
    stream = guest.stream("reader", guest.open("file"), 0)
    asked.clear()
    guest.call("read", stream, 6, OUT)
    assert asked == ["read"]
    assert guest.peek(guest.word(OUT + 4), guest.word(OUT + 8)) == b"abcabc"
    out = guest.stream("writer", guest.open("file"), 3)
    guest.call("write", out, DATA, 3, OUT)
    assert asked == ["read", "write", "check_write"]


def test_pipes_and_objects_are_pythons(tmp_path: Path) -> None:
    read, write = os.pipe()
    try:
        os.write(write, b"from a pipe")
        for number, (stdin, stdout) in enumerate(((read, write), (b"from bytes", bytearray()))):
            guest = Guest(tmp_path / str(number), stdin=stdin, stdout=stdout)
            source, sink = guest.call("stdin"), guest.call("stdout")
            asked.clear()
            guest.call("read", source, 4, OUT)
            guest.call("room", sink, OUT)
            guest.call("write", sink, DATA, 4, OUT)
            assert asked == ["read", "check_write", "write"]
    finally:
        os.close(read)
        os.close(write)


def test_python_output_comes_first(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """An inherited stdout is a file here, but Python has a buffer before it."""
    from wasm_wasi_common.descriptor import INHERIT

    guest = Guest(tmp_path / "guest", stdout=INHERIT)
    sink = guest.call("stdout")
    guest.call("poke", DATA, b"guest\n")
    print("python")
    asked.clear()
    guest.call("write", sink, DATA, 6, OUT)
    assert asked == ["write", "check_write"]


@pytest.mark.parametrize("way", ["drop", "guest's files", "preview 1"])
def test_a_closed_files_number_is_nobodys(tmp_path: Path, way: str) -> None:
    """The system gives a closed descriptor's number to whatever is opened next."""
    guest = Guest(tmp_path / "guest")
    sink, other = guest.call("stdout"), guest.call("stdout")
    number = guest.store._wasi.opened.stdio[1].fd
    if way == "drop":  # the other stream goes on
        guest.call("drop-out", sink)
        guest.call("write", other, DATA, 4, OUT)
        assert (guest.folder / "stdout").stat().st_size == 4
        assert len(guest.store._wasi.opened.stdio[1].shown) == 1
        return
    if way == "preview 1":
        guest.store._wasi.function(("wasi_snapshot_preview1", "fd_close"))
        guest.store._wasi._context.table[1].close()
    else:
        guest.store._wasi.opened.close()
    secret = os.open(tmp_path / "secret", os.O_RDWR | os.O_CREAT)
    try:
        if secret != number:
            os.dup2(secret, number)
        asked.clear()
        guest.call("write", other, DATA, 4, OUT)
        assert asked[0] == "write"
        assert guest.word(OUT) & 255 == 1
        assert (tmp_path / "secret").stat().st_size == 0
    finally:
        os.close(secret)
        if secret != number:
            os.close(number)


def test_a_read_only_preopen(tmp_path: Path) -> None:
    guest = Guest(tmp_path / "guest", readonly=True)
    descriptor = guest.open("file", 0, 1)
    guest.call("writer", descriptor, 0, OUT)
    assert guest.word(OUT) & 255 == 1


@pytest.mark.parametrize("offset", [(1 << 63) - 1, 1 << 63, (1 << 64) - 1])
@pytest.mark.parametrize(("kind", "name", "args"), [("reader", "read", (6, OUT)), ("writer", "write", (DATA, 6, OUT))], ids=["read", "write"])
def test_offsets_beyond_the_greatest(tmp_path: Path, kind: str, name: str, args: tuple[int, ...], offset: int) -> None:
    words = []
    for guest in pair(tmp_path):
        guest.call(name, guest.stream(kind, guest.open("file"), offset), *args)
        words.append(guest.result()[:2])
    assert words[0] == words[1]
    assert words[0][0] & 255 == 1


def test_a_file_cut_short_meanwhile(tmp_path: Path) -> None:
    guest = Guest(tmp_path / "guest")
    stream = opened(guest)["in"]
    guest.call("read", stream, 5000, OUT)
    os.truncate(guest.folder / "file", 5100)
    asked.clear()
    guest.call("read", stream, 5000, OUT)
    assert guest.word(OUT + 8) == 100
    assert asked == []


def test_many_streams_leave_nothing(tmp_path: Path) -> None:
    guest = Guest(tmp_path / "guest")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(300):
        stream = guest.stream("reader", guest.open("file"), 0)
        guest.call("read", stream, 6, OUT)
        guest.call("drop-in", stream)
        guest.call("drop-out", guest.call("stdout"))
    assert not guest.store._wasi.opened.stdio[1].shown
    guest.store.close()
    assert len(os.listdir("/proc/self/fd")) <= before + 300


def test_others_run_meanwhile(tmp_path: Path) -> None:
    """The lock is free while the core reads: a thread that needs it gets on."""
    guest = Guest(tmp_path / "guest")
    stream = opened(guest)["large"]
    counted_up, over = [0], threading.Event()

    def count() -> None:
        while not over.is_set():
            counted_up[0] += 1

    thread = threading.Thread(target=count)
    thread.start()
    try:
        for _ in range(3):
            guest.call("read", stream, PIECE, OUT)
    finally:
        over.set()
        thread.join()
    assert counted_up[0]


def test_rows_name_handlers() -> None:
    """Each handler that is named is one of the interfaces', each usual case one of the protocol's."""
    rows = {handler for package in (*interfaces.COMMAND, *interfaces.HTTP) for _, _, handler in package}
    assert set(interfaces.PLAIN) <= rows
    assert set(interfaces.PLAIN.values()) == {name for name, _, _ in host.PLAIN_COMPONENT_CALLS}
