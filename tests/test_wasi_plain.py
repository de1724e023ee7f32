"""Calls of preview 1 that the runtime makes without Python: the same, byte for byte, as when Python makes them, and which of them these are."""

from __future__ import annotations

import os
import random
import signal
import struct
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import wasm_facade
from wasi_plain_guest import (
    ALL,
    APPENDER,
    CONTENTS,
    DATA,
    END,
    FILE,
    FOLDER,
    IOVS,
    KINDS,
    OUT,
    P1,
    PAGES,
    PATH,
    PATHS,
    READER,
    STDOUT,
    Guest,
    agree,
    config_of,
    kernel_resolves,
    pair,
    things_to_look_at,
    wat,
)
from wasm_environ import host
from wasm_environ.host import MAY_READ, MAY_SEEK, MAY_TELL, MAY_WRITE, MOST_FILES, PLAIN_CALLS, HostFunction
from wasm_vm import Func
from wasm_wasi_p1 import abi, fd_io, plain


@pytest.fixture(params=["native", "llvm"])
def strategy(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_numbers_are_preview_1s() -> None:
    assert not host.MAY_LOOK & (MAY_READ | MAY_SEEK | MAY_TELL | MAY_WRITE)
    assert (MAY_READ, MAY_SEEK, MAY_TELL, MAY_WRITE) == (abi.FD_READ, abi.FD_SEEK, abi.FD_TELL, abi.FD_WRITE)
    names = dict(PLAIN_CALLS)
    assert set(plain.CALLS.values()) == set(names)
    for name, call in plain.CALLS.items():
        assert ["i32" if letter == "i" else "i64" for letter in names[call]] == KINDS[name]


BIG, TOO_BIG = 1 << 20, (1 << 20) + 1
# Columns: function, arguments (a list: buffers, as pointer and count), whether Python has nothing to do.
ROWS: tuple[tuple[str, tuple[Any, ...], bool], ...] = (
    ("fd_write", (FILE, [(DATA, 6)], OUT), True),
    ("fd_write", (FILE, [(DATA, 6), (0, 0), (DATA + 100, 1)], OUT), True),
    ("fd_write", (FILE, [(i, 3) for i in range(16)], OUT), True),
    ("fd_write", (FILE, [(i, 3) for i in range(17)], OUT), False),
    ("fd_write", (FILE, [(DATA, BIG)], OUT), True),
    ("fd_write", (FILE, [(DATA, TOO_BIG)], OUT), False),
    ("fd_write", (FILE, [(DATA, BIG - 1), (DATA, 2)], OUT), False),
    ("fd_write", (FILE, [], OUT), False),
    ("fd_write", (FILE, [(DATA, 0)], OUT), False),
    ("fd_write", (FILE, [(OUT - 2, 8)], OUT), True),
    ("fd_write", (FILE, [(END - 6, 6)], OUT), True),
    ("fd_write", (FILE, [(END - 5, 6)], OUT), False),
    ("fd_write", (FILE, [(END, 0)], OUT), False),
    ("fd_write", (FILE, [(END + 1, 0)], OUT), False),
    ("fd_write", (FILE, [(0xFFFF_FFFF, 0xFFFF_FFFF)], OUT), False),
    ("fd_write", (FILE, [(DATA, 0xFFFF_FFFF), (DATA, 2)], OUT), False),
    ("fd_write", (FILE, [(DATA, 6)], END - 4), True),
    ("fd_write", (FILE, [(DATA, 6)], END - 3), False),
    ("fd_write", (FILE, [(DATA, 6)], 0xFFFF_FFFE), False),
    ("fd_write", (FILE, END - 8, 1, OUT), True),  # 6 bytes at 0: the last result but one
    ("fd_write", (FILE, END - 7, 1, OUT), False),
    ("fd_write", (FILE, 0xFFFF_FFF8, 1, OUT), False),
    ("fd_write", (FILE, IOVS, 0x2000_0001, OUT), False),
    ("fd_write", (STDOUT, [(DATA, 6)], OUT), True),
    ("fd_write", (APPENDER, [(DATA, 6)], OUT), True),
    ("fd_write", (READER, [(DATA, 6)], OUT), False),
    ("fd_write", (0, [(DATA, 6)], OUT), False),
    ("fd_write", (2, [(DATA, 6)], OUT), False),
    ("fd_write", (FOLDER, [(DATA, 6)], OUT), False),
    *(("fd_write", (fd, [(DATA, 6)], OUT), False) for fd in (7, 255, 256, 1 << 20, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)),
    ("fd_seek", (FILE, 5, 0, OUT), True),
    ("fd_read", (FILE, [(DATA, 6)], OUT), True),
    ("fd_read", (FILE, [(DATA, 6), (DATA + 3, 8)], OUT), True),
    ("fd_read", (FILE, [(DATA, 6)], END - 3), False),
    ("fd_read", (FILE, [(END - 5, 6)], OUT), False),
    ("fd_read", (FILE, [(IOVS - 4, 16), (DATA, 9)], OUT), True),  # what is read replaces the buffers' places
    ("fd_read", (FILE, [(OUT, 4)], OUT), True),
    ("fd_seek", (FILE, 0, 2, OUT), True),
    ("fd_read", (FILE, [(DATA, 6)], OUT), True),
    ("fd_read", (READER, [(DATA, 2000)], OUT), True),
    ("fd_read", (0, [(DATA, 6)], OUT), False),
    ("fd_read", (STDOUT, [(DATA, 6)], OUT), False),
    ("fd_pread", (FILE, [(DATA, 6)], 7, OUT), True),
    ("fd_pread", (FILE, [(DATA, 6)], 1 << 40, OUT), True),
    ("fd_pread", (FILE, [(DATA, 6)], 1 << 63, OUT), False),
    ("fd_pread", (FILE, [(DATA, 6)], (1 << 64) - 1, OUT), False),
    ("fd_pread", (APPENDER, [(DATA, 100)], 0, OUT), True),
    ("fd_pwrite", (FILE, [(DATA, 6)], 7, OUT), True),
    ("fd_pwrite", (FILE, [(DATA, 6), (DATA, 7)], 300, OUT), True),
    ("fd_pwrite", (FILE, [(DATA, 6)], (1 << 63) - 1, OUT), False),
    ("fd_pwrite", (APPENDER, [(DATA, 6)], 0, OUT), True),
    ("fd_pwrite", (READER, [(DATA, 6)], 0, OUT), False),
    ("fd_tell", (FILE, OUT), True),
    ("fd_tell", (FILE, END - 8), True),
    ("fd_tell", (FILE, END - 7), False),
    ("fd_tell", (0, OUT), False),
    ("fd_tell", (FOLDER, OUT), False),
    ("fd_seek", (FILE, -3, 1, OUT), True),
    ("fd_seek", (FILE, -3, 2, OUT), True),
    ("fd_seek", (FILE, 1 << 40, 0, OUT), True),
    ("fd_seek", (FILE, 0, 3, OUT), False),
    ("fd_seek", (FILE, 0, 4, OUT), False),
    ("fd_seek", (FILE, 0, 0x8000_0000, OUT), False),
    ("fd_seek", (FILE, -1, 0, OUT), False),
    ("fd_seek", (FILE, -(1 << 63), 2, OUT), False),
    ("fd_seek", (FILE, 0, 0, END - 7), False),
    ("fd_seek", (STDOUT, 0, 1, OUT), True),
    ("fd_fdstat_set_rights", (FILE, abi.FD_TELL | abi.FD_READ, 0), False),
    ("fd_seek", (FILE, 0, 1, OUT), True),
    ("fd_seek", (FILE, 0, 0, OUT), False),
    ("fd_seek", (FILE, 1, 1, OUT), False),
    ("fd_write", (FILE, [(DATA, 6)], OUT), False),
    ("fd_pread", (FILE, [(DATA, 6)], 0, OUT), False),  # enough to tell, which Python knows to be enough
    ("fd_fdstat_set_rights", (FILE, 0, 0), False),
    ("fd_tell", (FILE, OUT), False),
    ("fd_read", (FILE, [(DATA, 6)], OUT), False),
    ("fd_renumber", (READER, FILE), False),
    ("fd_read", (READER, [(DATA, 6)], OUT), False),
    ("fd_seek", (FILE, 10, 0, OUT), True),
    ("fd_read", (FILE, [(DATA, 6)], OUT), True),
    ("fd_close", (FILE,), False),
    ("fd_read", (FILE, [(DATA, 6)], OUT), False),
    ("fd_tell", (FILE, OUT), False),
    ("fd_fdstat_set_flags", (APPENDER, 0), False),
    ("fd_seek", (APPENDER, 2, 0, OUT), True),
    ("fd_write", (APPENDER, [(DATA, 6)], OUT), True),
    ("fd_close", (STDOUT,), False),
    ("fd_write", (STDOUT, [(DATA, 6)], OUT), False),
)  # fmt: skip


def test_as_python_does(tmp_path: Path, strategy: str) -> None:
    guests = pair(tmp_path, settings={"strategy": strategy})
    for name, args, without_python in ROWS:
        errno, plainly = agree(guests, name, args)
        assert plainly == without_python, (name, args)
        assert errno == 0 or not plainly


def test_many_calls_in_a_row(tmp_path: Path) -> None:
    """Files opened, closed, moved to other numbers and stripped of rights, in any order."""
    guests = pair(tmp_path)
    chance = random.Random(5)
    plainly = 0
    for _ in range(600):
        fd = chance.randrange(8)
        parts = [(chance.randrange(DATA, END - 3000), chance.randrange(0, 3000)) for _ in range(chance.randrange(4))]
        path = chance.choice(list(CONTENTS))
        for guest in guests:
            guest.poke(PATH, path.encode())
        rights = chance.choice((ALL, ALL & ~abi.FD_WRITE, abi.FD_READ, abi.FD_TELL | abi.FD_READ))
        calls: tuple[tuple[str, tuple[Any, ...]], ...] = (
            ("path_open", (FOLDER, 1, PATH, len(path), chance.choice((0, 1)), rights, 0, chance.choice((0, 0, abi.APPEND)), OUT)),
            ("fd_close", (chance.randrange(4, 9),)), ("fd_renumber", (chance.randrange(4, 9), chance.randrange(4, 9))),
            ("fd_fdstat_set_rights", (fd, rights, 0)), ("fd_fdstat_set_flags", (fd, chance.choice((0, abi.APPEND, abi.NONBLOCK)))),
            *2 * (("fd_write", (fd, parts, OUT)), ("fd_read", (fd, parts, OUT)), ("fd_pread", (fd, parts, chance.randrange(3000), OUT)),
            ("fd_pwrite", (fd, parts, chance.randrange(3000), OUT)), ("fd_seek", (fd, chance.randrange(-9, 3000), chance.randrange(4), OUT)),
            ("fd_tell", (fd, OUT))),
        )  # fmt: skip
        plainly += agree(guests, *chance.choice(calls))[1]
    assert plainly > 100


def test_status_of_paths(tmp_path: Path) -> None:
    """The same 64 bytes and errnos, on the same files; nothing is told of what is outside."""
    guests = Guest(tmp_path / "guest", True), Guest(tmp_path / "guest", False)
    things_to_look_at(tmp_path / "guest")
    for path, *plainly in PATHS:
        for follow in (0, 1):
            found = []
            for guest in guests:
                guest.poke(PATH, path.ljust(16))
                guest.poke(OUT, bytes(64))
                guest.asked.clear()
                found.append((guest.call("path_filestat_get", FOLDER, follow, PATH, len(path), OUT), guest.peek(OUT, 40) + guest.peek(OUT + 48, 16)))
            assert found[0] == found[1], (path, follow)  # but for when links were read
            assert guests[1].asked == ["path_filestat_get"]
            # without openat2 (a kernel before 5.6, a container's filter) only names in the folder itself are the core's
            assert (not guests[0].asked) == plainly[follow] or (not kernel_resolves() and guests[0].asked), (path, follow)


def test_status_of_what_is_no_usual_directory(tmp_path: Path) -> None:
    """Wrong pointers, flags and descriptors; rights that were given up."""
    guests = Guest(tmp_path / "guest", True), Guest(tmp_path / "guest", False)
    for guest in guests:
        guest.poke(PATH, b"file")
    rows: tuple[tuple[tuple[int, ...], bool], ...] = (
        ((FOLDER, 1, PATH, 4, END - 64), True),
        ((FOLDER, 1, PATH, 4, END - 63), False),
        ((FOLDER, 2, PATH, 4, OUT), False),
        ((FOLDER, 1, END - 3, 4, OUT), False),
        ((FOLDER, 1, 0xFFFF_FFFF, 0xFFFF_FFFF, OUT), False),
        ((FILE, 1, PATH, 4, OUT), False),
        ((STDOUT, 1, PATH, 4, OUT), False),
        ((99, 1, PATH, 4, OUT), False),
    )
    for args, plainly in rows:
        for guest in guests:
            guest.asked.clear()
        assert guests[0].call("path_filestat_get", *args) == guests[1].call("path_filestat_get", *args), args
        assert (not guests[0].asked) == plainly, args
    for guest in guests:
        assert guest.call("fd_fdstat_set_rights", FOLDER, abi.PATH_OPEN, 0) == 0
        guest.asked.clear()
    assert [guest.call("path_filestat_get", FOLDER, 1, PATH, 4, OUT) for guest in guests] == [abi.NOTCAPABLE] * 2
    assert guests[0].asked == ["path_filestat_get"]


MEMORIES = {
    "of 64 bits": f'(memory (export "memory") i64 {PAGES})',
    "the second": f'(memory 1) (memory (export "memory") {PAGES}) (memory (export "third") 1)',
    "shared": f'(memory (export "memory") {PAGES} {PAGES} shared)',
    "of small pages": f'(memory (export "memory") {PAGES << 16} (pagesize 1))',
    "imported": f'(import "" "memory" (memory {PAGES})) (export "memory" (memory 0))',
}
# In these Python has to read and write: what takes time takes the lock.
KEEPS_LOCK = {"fd_read", "fd_write", "fd_pread", "fd_pwrite"}


def own_memory(linker: Any, store: Any) -> None:
    linker.define(store, "", "memory", wasm_facade.Memory(store, wasm_facade.MemoryType(wasm_facade.Limits(PAGES, None))))


@pytest.mark.parametrize("memory", MEMORIES)
def test_every_memory(tmp_path: Path, memory: str) -> None:
    settings = dict.fromkeys(("wasm_memory64", "wasm_multi_memory", "wasm_threads", "shared_memory", "wasm_custom_page_sizes"), True)
    guests = pair(tmp_path, settings=settings, memory=MEMORIES[memory], imports=own_memory)
    for name, args, without_python in ROWS:
        assert agree(guests, name, args)[1] == without_python, (name, args)


def test_checked_memories(tmp_path: Path) -> None:
    guests = pair(tmp_path, settings={"signals_based_traps": False})
    for name, args, without_python in ROWS:
        assert agree(guests, name, args)[1] == without_python, (name, args)


def test_with_the_lock_kept(tmp_path: Path) -> None:
    guests = pair(tmp_path, settings={"release_gil": False})
    for name, args, without_python in ROWS:
        assert agree(guests, name, args)[1] == (without_python and name not in KEEPS_LOCK), (name, args)


def test_without_a_memory() -> None:
    """As with Python: there is an error, of the module."""
    engine = wasm_facade.Engine(config_of())
    with wasm_facade.Store(engine) as store:
        store.set_wasi(wasm_facade.WasiConfig())
        linker = wasm_facade.Linker(engine)
        linker.define_wasi()
        tell: Any = linker.instantiate(store, wasm_facade.Module(engine, wat('(memory (export "other") 1)'))).exports(store)["fd_tell"]
        with pytest.raises(wasm_facade.WasmtimeError, match="missing required memory export"):
            tell(store, STDOUT, OUT)


def test_older_module(tmp_path: Path) -> None:
    """wasi_unstable counts whence otherwise: Python's. The rest is the same."""
    guest = Guest(tmp_path / "guest", True, module="wasi_unstable")
    guest.asked.clear()
    assert guest.call("fd_seek", FILE, 7, 2, OUT) == 0
    assert guest.call("fd_tell", FILE, OUT) == 0
    assert guest.word(OUT) == 7
    assert guest.asked == ["fd_seek"]


def test_clocks(tmp_path: Path) -> None:
    guest = Guest(tmp_path / "guest", True)
    guest.asked.clear()
    for clock, number in enumerate((time.CLOCK_REALTIME, time.CLOCK_MONOTONIC, time.CLOCK_PROCESS_CPUTIME_ID, time.CLOCK_THREAD_CPUTIME_ID)):
        start = guest.store._wasi._context.start if clock == 1 else 0
        before = time.clock_gettime_ns(number) - start
        assert guest.call("clock_time_get", clock, 0, OUT) == 0
        now = int.from_bytes(guest.peek(OUT, 8), "little")
        assert before <= now <= time.clock_gettime_ns(number) - start
    assert guest.asked == []
    assert guest.call("clock_time_get", 4, 0, OUT) == abi.INVAL
    assert guest.call("clock_time_get", 0xFFFF_FFFF, 0, OUT) == abi.INVAL
    assert guest.call("clock_time_get", 0, 0, END - 7) == abi.FAULT
    assert len(guest.asked) == 3


def test_random_bytes(tmp_path: Path) -> None:
    guest = Guest(tmp_path / "guest", True)
    guest.asked.clear()
    found = set()
    for size in (0, 1, 16, 256):
        guest.poke(DATA, bytes(300))
        assert guest.call("random_get", DATA, size) == 0
        data = guest.peek(DATA, 300)
        assert not any(data[size:])
        found.add(data[:16])
    assert len(found) == 4
    assert guest.asked == []
    assert guest.call("random_get", DATA, 257) == 0
    assert guest.call("random_get", END - 1, 2) == abi.FAULT
    assert guest.asked == ["random_get", "random_get"]


def test_a_guests_own_clocks(tmp_path: Path) -> None:
    wasi = wasm_facade.WasiConfig()
    wasi.deterministic(3)
    guest = Guest(tmp_path / "guest", True, wasi=wasi)
    guest.asked.clear()
    guest.call("clock_time_get", 0, 0, OUT)
    guest.call("random_get", DATA, 8)
    assert guest.asked == ["clock_time_get", "random_get"]


def test_inherited_output_comes_after_pythons(tmp_path: Path) -> None:
    """stdout is a regular file, but Python's own output, which it buffers, comes first: so Python is asked."""
    wasi = wasm_facade.WasiConfig()
    guest = Guest(tmp_path / "guest", True, wasi=wasi)
    found = guest.store._wasi._context.table[STDOUT]
    found.before = lambda: None
    guest.store._wasi._context.show(STDOUT)
    guest.asked.clear()
    assert guest.call("fd_write", STDOUT, *guest.parts([(DATA, 6)]), OUT) == 0
    assert guest.asked == ["fd_write"]


def test_what_is_no_regular_file(tmp_path: Path) -> None:
    read, write = os.pipe()
    try:
        for source in (read, write, os.devnull, bytearray()):
            wasi = wasm_facade.WasiConfig()
            wasi.stdout = source
            with wasm_facade.Store() as store:
                store.set_wasi(wasi)
                store._wasi.function((P1, "fd_write"))
                assert list(store._wasi._context.files[:3]) == [0, 0, 0]
    finally:
        os.close(read)
        os.close(write)


@pytest.mark.parametrize("way", ["guest", "context", "descriptor", "descriptor moved"])
def test_a_closed_files_number_is_nobodys(tmp_path: Path, way: str) -> None:
    """The system gives a closed descriptor's number to whatever is opened next."""
    guest = Guest(tmp_path / "guest", True)
    number = guest.store._wasi._context.table[FILE].fd
    if way == "guest":
        guest.call("fd_close", FILE)
    elif way == "context":
        guest.store._wasi._context.close()
    else:
        found = guest.store._wasi._context.table[FILE]
        if way == "descriptor moved":
            assert guest.call("fd_renumber", FILE, READER) == 0
            assert guest.call("fd_renumber", READER, APPENDER) == 0
            assert guest.store._wasi._context.files[APPENDER] >> 8 == number
        found.close()
        assert number not in [row >> 8 for row in guest.store._wasi._context.files[:MOST_FILES]]
    secret = os.open(tmp_path / "secret", os.O_RDWR | os.O_CREAT)
    try:
        if secret != number:
            os.dup2(secret, number)
        assert guest.call("fd_write", FILE, *guest.parts([(DATA, 6)]), OUT) == abi.BADF
        assert (tmp_path / "secret").read_bytes() == b""
    finally:
        os.close(secret)
        if secret != number:
            os.close(number)


def test_errors_are_pythons(tmp_path: Path) -> None:
    """A failing system call is made again, by Python, which tells why."""
    wasi = wasm_facade.WasiConfig()
    guest = Guest(tmp_path / "guest", True, wasi=wasi)
    os.close(guest.store._wasi._context.table[FILE].fd)  # behind its back
    assert guest.call("fd_write", FILE, *guest.parts([(DATA, 6)]), OUT) == abi.BADF
    assert guest.call("fd_tell", FILE, OUT) == abi.BADF
    guest.store._wasi._context.table[FILE].fd = os.open(tmp_path / "new", os.O_RDWR | os.O_CREAT)  # closed with the guest


def test_a_time_limit_ends_it(tmp_path: Path, strategy: str) -> None:
    guest = Guest(tmp_path / "guest", True, settings={"strategy": strategy})
    start = time.monotonic()
    with pytest.raises(wasm_facade.Trap) as caught:
        guest.exports["spin"](guest.store, timeout=0.2)
    assert caught.value.trap_code == wasm_facade.TrapCode.INTERRUPT
    assert 0.15 < time.monotonic() - start < 60  # for ever, if it goes unnoticed


def test_ctrl_c_ends_it(tmp_path: Path) -> None:
    guest = Guest(tmp_path / "guest", True)
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        guest.exports["spin"](guest.store, timeout=400)


def test_other_threads_run(tmp_path: Path) -> None:
    guest = Guest(tmp_path / "guest", True)
    counted = 0
    stop = threading.Event()

    def count() -> None:
        nonlocal counted
        while not stop.is_set():
            counted += 1

    thread = threading.Thread(target=count)
    thread.start()
    for _ in range(20):  # a busy machine may give a thread nothing in so short a time
        before = counted
        with pytest.raises(wasm_facade.Trap):
            guest.exports["spin"](guest.store, timeout=0.3)
        during = counted - before
        if during > 10_000:
            break
    stop.set()
    thread.join()
    assert during > 10_000


def test_write_protected_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read into pages that instances before never wrote arrives, without Python, and the next instance sees nothing of it."""
    image = "".join(f'(data (i32.const {i << 16}) "{chr(65 + i) * 65536}")' for i in range(4))
    config = config_of(allocation_strategy=wasm_facade.PoolingAllocationConfig())
    engine = wasm_facade.Engine(config)
    module = wasm_facade.Module(engine, wat(f'(memory (export "memory") {PAGES}) {image}'))
    linker = wasm_facade.Linker(engine)
    linker.define_wasi()
    monkeypatch.setattr(fd_io, "fd_read", None)
    (tmp_path / "in").write_bytes(b"0" * 100_000)
    for number in range(12):
        with wasm_facade.Store(engine) as store:
            wasi = wasm_facade.WasiConfig()
            wasi.stdin_file = tmp_path / "in"
            store.set_wasi(wasi)
            exports: Any = linker.instantiate(store, module).exports(store)
            memory = exports["memory"]
            if number < 9:
                assert exports["clock_time_get"](store, 1, 0, OUT) == 0
                continue
            at = 70_000 + 4096 * number
            assert memory.read(store, at, at + 4) == b"BBBB" if at < 131072 else b"CCCC"
            memory.write(store, struct.pack("<II", at, 50_000), IOVS)
            assert exports["fd_read"](store, 0, IOVS, 1, OUT) == 0
            assert memory.read(store, at, at + 50_000) == b"0" * 50_000
            assert exports["fd_seek"](store, 0, 0, 1, 250_000) == 0
            assert memory.read(store, 250_000, 250_008) == struct.pack("<Q", 50_000)


# Columns: plain, the error.
WRONG: tuple[tuple[Any, str], ...] = (
    (("write", memoryview(b"")), "a plain call write has parameters iiii and an i32 as its result"),
    (("clock", memoryview(bytearray(17))[1:]), "aligned"),
    (("clock", "text"), "bytes-like"),
    (("clock",), "2 arguments"),
    (("clock", b"", 3), "2 arguments"),
    ([], "expected a tuple"),
    ((5, b""), "str"),
)


@pytest.mark.parametrize(("given", "error"), WRONG)
def test_a_wrong_provider(given: Any, error: str) -> None:
    store = wasm_facade.Store()
    made = wasm_facade.WasiConfig()
    store.set_wasi(made)
    right = store._wasi.function((P1, "clock_time_get"))
    with pytest.raises((TypeError, ValueError), match=error):
        Func._from_host(store, HostFunction("", "", right.type, right.call, given))


def test_a_newer_provider(tmp_path: Path) -> None:
    """A call that this runtime does not know is Python's."""
    store = wasm_facade.Store()
    store.set_wasi(wasm_facade.WasiConfig())
    right = store._wasi.function((P1, "clock_time_get"))
    Func._from_host(store, HostFunction("", "", right.type, right.call, ("teleport", b"")))
