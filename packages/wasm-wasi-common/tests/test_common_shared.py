"""One filesystem for guests on several threads, as those of a server are: nobody sees what is half done, or loses what is done."""

from __future__ import annotations

import contextlib
import copy
import io
import pickle
import random
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import fsspec.implementations.memory
import pytest

from wasm_wasi_common.archive import ZipFilesystem
from wasm_wasi_common.filesystem import FILE, FOLDER, File, Filesystem, Stat
from wasm_wasi_common.fsspec import FsspecFilesystem
from wasm_wasi_common.memory import MemoryFilesystem
from wasm_wasi_common.overlay import OverlayFile, OverlayFilesystem

TIMEOUT = 30.0


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads take turns as often as Python lets them."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def at_once(calls: Sequence[Callable[[], object]], seconds: float) -> list[BaseException]:
    """Call each again and again on a thread of its own; what they raised."""
    raised: list[BaseException] = []
    until = time.monotonic() + seconds

    def run(call: Callable[[], object]) -> None:
        try:
            while time.monotonic() < until and not raised:
                call()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT)
    return raised


@pytest.mark.usefixtures("restless")
def test_memory_is_read_and_written_at_once() -> None:
    """Reading one had a view of its bytes, in which another could not make them more; and its bytes were counted by one and cut by another."""
    files = MemoryFilesystem({"file": bytes(1000), "dir": {"sub": {}}}, max_bytes=100_000)

    def write() -> None:
        file = files.open("file", True)
        file.truncate(10)
        file.write(bytes(5000), 0)
        file.close()

    def move() -> None:
        files.mkdir("dir/sub/more")
        files.rename("dir", "other")
        files.rename("other", "dir")
        files.rmdir("dir/sub/more")

    reader = files.open("file", False)
    assert at_once([lambda: reader.read(2000, 0), write, write, move, files.to_dict], 1.5) == []
    files.unlink("file")
    reader.close()
    assert files.create("whole").write(bytes(100_000), 0) == 100_000
    with pytest.raises(OSError, match="no room for more bytes"):
        files.create("more").write(b"x", 0)


class Slow(File):
    """A file of three pieces, the last of which is given when the test says so."""

    def __init__(self) -> None:
        self.asked, self.go_on = threading.Event(), threading.Event()

    def read(self, size: int, offset: int) -> bytes:
        if offset == 2:
            self.asked.set()
            assert self.go_on.wait(TIMEOUT)
        return b"abc"[offset : offset + 1]

    def status(self) -> Stat:
        return Stat(FILE, 3)


class Lower(MemoryFilesystem):
    """Of which `file` is slow to be read."""

    def __init__(self) -> None:
        self.slow = Slow()
        super().__init__({"dir": {"other": b"other"}})
        self.create("file").write(b"abc", 0)

    def open(self, path: str, writing: bool) -> File:
        return self.slow if path == "file" else super().open(path, writing)


def thread_of(call: Callable[[], object]) -> threading.Thread:
    made = threading.Thread(target=call)
    made.start()
    return made


def test_a_file_that_an_overlay_copies() -> None:
    """Others read the lower one until the copy is whole; who writes waits for it, and what is written is not copied over."""
    lower = Lower()
    files = OverlayFilesystem(lower, upper := MemoryFilesystem())
    first = thread_of(lambda: files.open("file", True).close())
    assert lower.slow.asked.wait(TIMEOUT)
    assert (upper.read("file"), files.status("file").st_size) == (b"ab", 3)
    reading = files.open("file", False)
    assert isinstance(reading, OverlayFile)
    assert reading._file is lower.slow

    def write() -> None:
        file = files.open("file", True)
        file.truncate(0)
        file.write(b"new", 0)
        file.close()

    second = thread_of(write)
    second.join(0.1)
    assert second.is_alive()
    lower.slow.go_on.set()
    first.join(TIMEOUT)
    second.join(TIMEOUT)
    assert upper.read("file") == b"new"


def test_who_waits_for_an_overlay_waits_no_longer_than_there_is_time() -> None:
    class OverError(Exception):
        pass

    def over() -> None:
        raise OverError

    lower = Lower()
    files = OverlayFilesystem(lower)
    first = thread_of(lambda: files.copy_up("file"))
    assert lower.slow.asked.wait(TIMEOUT)
    with pytest.raises(OverError):
        files.copy_up("dir/other", over)
    lower.slow.go_on.set()
    first.join(TIMEOUT)
    files.copy_up("dir/other")


def test_folders_of_an_overlay_are_made_once() -> None:
    """Whoever needs them first, and whoever comes meanwhile."""
    others: list[threading.Thread] = []

    class Upper(MemoryFilesystem):
        def mkdir(self, path: str) -> None:
            if not others:
                others.append(thread_of(lambda: files.create("dir/second").close()))
                others[0].join(0.2)
            super().mkdir(path)

    files = OverlayFilesystem(MemoryFilesystem({"dir": {}}), upper := Upper())
    files.create("dir/first").close()
    others[0].join(TIMEOUT)
    assert upper.to_dict() == {"dir/first": b"", "dir/second": b""}


def zip_of(contents: dict[str, bytes]) -> ZipFilesystem:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_BZIP2) as made:
        for name, content in contents.items():
            made.writestr(name, content)
    return ZipFilesystem(data)


KINDS: dict[str, Callable[[MemoryFilesystem], Filesystem]] = {
    "memory": lambda upper: upper, "overlay": lambda upper: OverlayFilesystem(zip_of({"a": bytes(5000), "d/a": bytes(5000), "d/e/a": bytes(5000)}), upper),
    "fsspec": lambda upper: FsspecFilesystem(Far(), "", 100_000),
}  # fmt: skip
PATHS = ("a", "b", "d/a", "d/b", "d/e", "d/e/a", "e")


class Far(fsspec.implementations.memory.MemoryFileSystem):  # type: ignore[misc]
    """With files of its own."""

    cachable = False

    def __init__(self) -> None:
        super().__init__()
        self.store: dict[str, Any] = {}
        self.pseudo_dirs = [""]


def guest_of(files: Filesystem, seed: int, opened: list[File]) -> Callable[[], None]:
    """What a guest does: it looks, and does what may be done with what it saw, which another one may have changed since."""
    source = random.Random(seed)

    def act() -> None:
        path, new = source.sample(PATHS, 2)
        file = source.choice(opened) if opened else None
        what = source.randrange(12)
        with contextlib.suppress(OSError):
            if what == 0:
                files.mkdir(path)
            elif what == 1:
                opened.append(files.create(path))
            elif what == 2 and file is not None:
                opened.remove(file)
                file.close()
            elif what == 3 and file is not None:
                file.write(bytes(source.randrange(3000)), source.randrange(2000))
            elif what == 4 and file is not None:
                file.truncate(source.randrange(2000))
                file.read(1000, source.randrange(2000))
            elif what == 5:
                list(files.names("d"))
            elif files.status(path).st_mode == FOLDER:
                if not list(files.names(path)):
                    files.rmdir(path)
            elif what in (6, 7):
                opened.append(files.open(path, what == 6))
            elif what == 8:
                files.unlink(path)
            elif files.status(path).st_mode == FILE and not new.startswith(f"{path}/"):
                files.rename(path, new)
        if len(opened) > 8:
            with contextlib.suppress(OSError):
                opened.pop(0).close()

    return act


@pytest.mark.usefixtures("restless")
@pytest.mark.parametrize("kind", KINDS)
def test_many_guests(kind: str) -> None:
    """They get OSErrors of each other's work, and nothing else; and there is as much room as there was."""
    upper = MemoryFilesystem(max_bytes=100_000)
    files = KINDS[kind](upper)
    opened: list[list[File]] = [[] for _ in range(4)]
    assert at_once([guest_of(files, seed, mine) for seed, mine in enumerate(opened)], 1.5) == []
    for file in [file for mine in opened for file in mine]:
        with contextlib.suppress(OSError):
            file.close()
    for path in sorted(upper.to_dict()):
        upper.unlink(path)
    assert kind == "fsspec" or upper.create("whole").write(bytes(100_000), 0) == 100_000


@pytest.mark.parametrize("files", [MemoryFilesystem({"file": b"", "dir": {"file": b""}}), zip_of({"file": b"", "dir/file": b""})], ids=["memory", "zip"])
def test_what_is_not_what_it_was(files: Filesystem) -> None:
    """What a filesystem is asked for may have gone, or be another thing, since it was looked at."""
    with pytest.raises(FileNotFoundError):
        files.open("nothing", False)
    with pytest.raises(IsADirectoryError):
        files.open("dir", False)
    if isinstance(files, ZipFilesystem):
        return
    calls: list[tuple[Callable[[], object], type[OSError], str]] = [
        (lambda: files.unlink("nothing"), FileNotFoundError, "no such file"), (lambda: files.unlink("dir"), IsADirectoryError, "a folder"),
        (lambda: files.rmdir("nothing"), FileNotFoundError, "no such file"), (lambda: files.rmdir("file"), NotADirectoryError, "no folder"),
        (lambda: files.rename("nothing", "file"), FileNotFoundError, "no such file"), (lambda: files.rename("file", "dir"), IsADirectoryError, "a folder"),
        (lambda: files.rename("dir", "file"), NotADirectoryError, "no folder"), (lambda: files.rmdir("dir"), OSError, "something in it"),
    ]  # fmt: skip
    for call, error, message in calls:
        with pytest.raises(error, match=message):
            call()
    assert (set(files.names("")), list(files.names("dir"))) == ({"file", "dir"}, ["file"])


@pytest.mark.parametrize("again", [copy.deepcopy, lambda files: pickle.loads(pickle.dumps(files))])
def test_a_copy_has_turns_of_its_own(again: Callable[[Filesystem], Filesystem]) -> None:
    files = OverlayFilesystem(MemoryFilesystem({"file": b"content"}))
    with files.turns.lock:
        other = again(files)
        made: list[File] = []
        thread_of(lambda: made.append(other.open("file", True))).join(TIMEOUT)
    assert made[0].read(10, 0) == b"content"
