"""Entries of folders that WASI 0.2 lists without Python: the same, in the same order, as when Python lists them, whatever becomes of the folder meanwhile."""

from __future__ import annotations

import gc
import os
import signal
import socket
from pathlib import Path
from typing import Any

import pytest

import wasm_facade
from wasi2_plain_guests import END, OUT, Guest, asked, attempt, pair
from wasi2_plain_guests import counts as counts
from wasm_environ import host
from wasm_wasi_common.host_entries import HostEntries
from wasm_wasi_common.memory import MemoryFilesystem
from wasm_wasi_p2.filesystem_streams import DirectoryEntryStream

ENTRY, DIRECTORY = "read_directory_entry", 2
# In WIT's order.
TYPES = ("unknown", "block-device", "character-device", "directory", "fifo", "symbolic-link", "regular-file", "socket")


def listing(guest: Guest, path: str = ".") -> int:
    return guest.stream("list", guest.open(path, DIRECTORY, 1))


def entry(guest: Guest, handle: int) -> tuple[str, bytes] | str | None:
    """Type and name; "error"; None after the last."""
    guest.call("entry", handle, OUT)
    code, some, kind, at, size = guest.word(OUT) & 255, guest.word(OUT + 4) & 255, guest.word(OUT + 8) & 255, guest.word(OUT + 12), guest.word(OUT + 16)
    if code:
        return f"error {some}"
    return (TYPES[kind], guest.peek(at, size)) if some else None


def rest(guest: Guest, handle: int) -> list[tuple[str, bytes] | str]:
    found: list[tuple[str, bytes] | str] = []
    while (got := entry(guest, handle)) is not None:
        found.append(got)
    return found


def stream_of(guest: Guest) -> DirectoryEntryStream:
    """The only listing of this guest's: others may not be collected yet."""
    state = guest.store._wasi.guest
    (found,) = [each for each in gc.get_objects() if isinstance(each, DirectoryEntryStream) and each.descriptor.guest is state]
    return found


def entries_of(guest: Guest) -> HostEntries:
    found = stream_of(guest).entries
    assert isinstance(found, HostEntries)
    return found


def fill(folder: Path) -> None:
    """More than come at once, of every type that anybody may make, with names of all lengths; two are not UTF-8."""
    folder.mkdir(parents=True)
    for number in range(400):
        (folder / f"file-{number:03}").touch()
    for size in (1, 2, 3, 254, 255):
        (folder / ("x" * size)).touch()
    for name in ("..x", "...", ".hidden", "gr\u00fc\u00dfe", "\u65e5\u672c", "\U0001f40d" * 60):
        (folder / name).touch()
    for raw in (b"caf\xe9", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"cut\xe2\x82"):
        Path(os.fsdecode(os.fsencode(folder) + b"/" + raw)).touch()
    (folder / "folder").mkdir()
    (folder / "link").symlink_to("folder")
    (folder / "dangling").symlink_to("nothing")
    os.mkfifo(folder / "pipe")
    here = os.getcwd()
    os.chdir(folder)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind("socket")
    finally:
        os.chdir(here)


@pytest.mark.parametrize("release_gil", [True, False])
@pytest.mark.parametrize("strategy", ["native", "llvm"])
def test_as_python_does(tmp_path: Path, strategy: str, release_gil: bool) -> None:
    fill(tmp_path / "shared" / "many")
    guests = pair(tmp_path, shared=tmp_path / "shared", strategy=strategy, release_gil=release_gil)
    results, questions = [], []
    for guest in guests:
        asked.clear()
        handle = listing(guest, "many")
        found = rest(guest, handle)
        assert entry(guest, handle) is None  # still
        results.append(found)
        questions.append(asked.count(ENTRY))
        guest.call("drop-list", handle)
    assert results[0] == results[1]
    errors = [each for each in results[0] if isinstance(each, str)]
    assert len(errors) == 4
    named = {each[1].decode(): each[0] for each in results[0] if not isinstance(each, str)}
    assert len(named) == len(results[0]) - 4 == len(os.listdir(tmp_path / "shared" / "many")) - 4
    assert {named[name] for name in ("folder", "link", "dangling", "pipe", "socket", "...")} == {"directory", "symbolic-link", "unknown", "socket", "regular-file"}
    assert not {".", ".."} & set(named)
    # Python is asked for what is an error, or keeps the lock; and always where nothing is to be without it.
    assert questions == [4 if release_gil else questions[1], len(results[1]) + 2]


def test_an_empty_folder(tmp_path: Path) -> None:
    for guest in pair(tmp_path):
        (guest.folder / "empty folder").mkdir()
        handle = listing(guest, "empty folder")
        assert entry(guest, handle) is None
        (guest.folder / "empty folder" / "new").touch()
        assert entry(guest, handle) is None  # it was at its end
        assert rest(guest, listing(guest, "empty folder")) == [("regular-file", b"new")]


def test_entries_that_are_deleted_meanwhile_make_none_be_skipped(tmp_path: Path) -> None:
    for guest in pair(tmp_path):
        folder = guest.folder / "many"
        folder.mkdir()
        names = {f"file-{number:04}" for number in range(1500)}
        for name in names:
            (folder / name).touch()
        handle = listing(guest, "many")
        seen = [entry(guest, handle) for _ in range(40)]
        first = {each[1].decode() for each in seen if isinstance(each, tuple)}
        assert len(first) == 40
        gone = first | set(sorted(names - first)[::3])
        for name in gone:
            (folder / name).unlink()
        later = [each[1].decode() for each in rest(guest, handle) if isinstance(each, tuple)]
        assert len(later) == len(set(later))
        assert names - gone <= set(later) <= names - first


def test_types_of_what_is_gone_meanwhile(tmp_path: Path) -> None:
    guest = Guest(tmp_path / "guest")
    (guest.folder / "many").mkdir()
    for number in range(20):
        (guest.folder / "many" / str(number)).mkdir()
    handle = listing(guest, "many")
    assert entry(guest, handle) is not None
    for number in range(20):
        (guest.folder / "many" / str(number)).rmdir()
    found = rest(guest, handle)
    assert {each[0] for each in found if isinstance(each, tuple)} <= {"directory", "unknown"}
    assert rest(guest, listing(guest, "many")) == []


@pytest.mark.parametrize("turn", [2, 3, 50])
def test_python_and_the_core_take_turns(tmp_path: Path, turn: int) -> None:
    """Each `turn`th entry is Python's, which reads on to the end when it is the first to find nothing left."""
    guest = Guest(tmp_path / "guest")
    (guest.folder / "many").mkdir()
    for number in range(700):
        (guest.folder / "many" / f"file-{number:03}").touch()
    handle = listing(guest, "many")
    whole = rest(guest, handle)
    guest.call("drop-list", handle)
    handle = listing(guest, "many")
    stream = stream_of(guest)
    found: list[Any] = []
    while len(found) < 700:
        python = stream.read_directory_entry() if len(found) % turn == turn - 1 else None
        found.append(entry(guest, handle) if python is None else (python["type"], python["name"].encode()))
    assert found == whole
    assert stream.read_directory_entry() is None
    assert entry(guest, handle) is None


def test_a_folder_that_fails(tmp_path: Path) -> None:
    """The same error as by Python's way, in both."""
    words = []
    for guest in pair(tmp_path):
        handle = listing(guest)
        entries = entries_of(guest)
        number = os.open(guest.folder / "file", os.O_RDONLY)
        os.dup2(number, entries.own)
        os.close(number)
        words.append([entry(guest, handle), entry(guest, handle)])
        guest.call("drop-list", handle)
        guest.store.close()
        del guest, entries
    assert words[0] == words[1]
    assert words[0][0] == "error 8"  # not-directory, of the guest's enum


# A row as nobody writes it: word, value.
LIES = ((host.LIST_AT, -1), (host.LIST_AT, 4090), (host.LIST_AT, 1 << 62), (host.LIST_END, 1 << 62), (host.LIST_END, -2), (host.LIST_END, 19),
        (host.LIST_RECORDS + 2, 0), (host.LIST_RECORDS + 2, -1), (host.LIST_RECORDS + 2, 0x08_0013), (host.LIST_RECORDS + 2, 0x4142_4308_0014))  # fmt: skip


@pytest.mark.parametrize(("word", "value"), LIES)
def test_rows_that_lie(tmp_path: Path, word: int, value: int) -> None:
    """The core believes nothing that lies there: what is wrong goes to Python, which has words for it or an entry less."""
    guest = Guest(tmp_path / "guest")
    handle = listing(guest)
    assert entry(guest, handle) is not None
    entries = entries_of(guest)
    row = entries.row
    assert row is not None
    row[host.LIST_AT] = 0
    row[word] = value
    asked.clear()
    for _ in range(10):
        attempt(guest, "entry", (handle, OUT))
    guest.call("drop-list", handle)


@pytest.mark.parametrize("mode", [1, 2, 3, 4])
def test_what_realloc_does(tmp_path: Path, mode: int) -> None:
    results = []
    for guest in pair(tmp_path):
        handle = listing(guest)
        guest.call("unruly", mode)
        results.append(attempt(guest, "entry", (handle, OUT)))
        if mode == 1:
            guest.call("unruly", 0)
            assert guest.word(OUT + 16)
    assert not results[0][1]
    if mode != 1:  # the frames are others, and some words
        assert [result.partition(":")[0] for result, _ in results] == ["Trap", "Trap"]


ENDS: tuple[tuple[str | int, int], ...] = (("list", OUT + 1), ("list", END - 16), ("list", 0xFFFF_FFFC), ("root", OUT), (0, OUT), (999, OUT))


@pytest.mark.parametrize(("what", "at"), ENDS)
def test_what_ends_a_guest(tmp_path: Path, what: str | int, at: int) -> None:
    results = []
    for guest in pair(tmp_path):
        handle = listing(guest)
        results.append(attempt(guest, "entry", ({"list": handle, "root": guest.root}.get(str(what), what), at))[0])
    assert isinstance(results[0], str)
    assert results[0] == results[1]


def test_a_signals_handler_closes_the_listing(tmp_path: Path) -> None:
    """In the middle of realloc, which spins until then."""
    guest = Guest(tmp_path / "guest")
    handle = listing(guest)
    entries = entries_of(guest)
    guest.call("unruly", 5)

    def handle_signal(*_: object) -> None:
        entries.close()
        raise KeyboardInterrupt

    old = signal.signal(signal.SIGALRM, handle_signal)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(KeyboardInterrupt):
            guest.call("entry", handle, OUT)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    assert entries.row is not None
    assert entries.row[host.STREAM_FILE] == 0


def test_a_closed_listings_number_is_nobodys(tmp_path: Path) -> None:
    guest = Guest(tmp_path / "guest")
    (guest.folder / "many").mkdir()
    handle = listing(guest, "many")
    entries = entries_of(guest)
    number = entries.own
    entries.close()
    other = os.open(guest.folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        assert other <= number
        if other != number:
            os.dup2(other, number)
        assert entry(guest, handle) is None
    finally:
        os.close(other)
        if other != number:
            os.close(number)


def test_other_filesystems_are_pythons(tmp_path: Path) -> None:
    guest = Guest(tmp_path / "guest", tree=MemoryFilesystem({"file": b"abc", "folder": {}}))
    handle = listing(guest)
    asked.clear()
    assert sorted(rest(guest, handle), key=str) == [("directory", b"folder"), ("regular-file", b"file")]
    assert asked.count(ENTRY) == 3


def test_listings_leave_nothing(tmp_path: Path) -> None:
    """Neither those that were read to the end, nor begun, nor left to the store; and there may be so many."""
    guest = Guest(tmp_path / "guest")
    before = len(os.listdir("/proc/self/fd"))
    for read in (0, 1, 1000):
        for _ in range(100):
            descriptor = guest.open(".", DIRECTORY, 1)
            handle = guest.stream("list", descriptor)
            for _ in range(read):
                if entry(guest, handle) is None:
                    break
            guest.call("drop-list", handle)
            guest.call("drop", descriptor)
    assert len(os.listdir("/proc/self/fd")) == before
    state = guest.store._wasi.guest
    assert state.listings == 0
    state.max_fds = state.files + 3
    descriptor = guest.open(".", DIRECTORY, 1)
    handles = [guest.stream("list", descriptor) for _ in range(2)]
    guest.call("list", descriptor, OUT)
    assert guest.word(OUT) & 255 == 1
    entry(guest, handles[0])
    guest.store.close()
    del guest, state
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= before


def test_a_timeout_holds_between_entries(tmp_path: Path) -> None:
    guest = Guest(tmp_path / "guest")
    handle = listing(guest)
    guest.call("unruly", 5)
    found: Any = guest.instance.get_func(guest.store, "entry")
    with pytest.raises(wasm_facade.Trap, match="interrupt"):
        found(guest.store, handle, OUT, timeout=0.2)
