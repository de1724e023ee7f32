"""fsspec's filesystems: what is being written is neither lost nor counted wrongly, whoever else is there; what they cannot do is an error of the guest's."""

from __future__ import annotations

import errno
import io
import tarfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import fsspec.implementations.memory
import pytest

from wasm_wasi_common.fsspec import FsspecFilesystem

TIMEOUT = 30.0


class Far(fsspec.implementations.memory.MemoryFileSystem):  # type: ignore[misc]
    """Files in memory, of which the test says what happens before one is got or put, and what is known of its size."""

    cachable = False
    size_is_known = True

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__()
        self.store = {f"/{name}": fsspec.implementations.memory.MemoryFile(self, f"/{name}", data) for name, data in files.items()}
        self.pseudo_dirs = [""]
        self.before: Callable[[str, str], object] = lambda what, path: None

    def info(self, path: str, **options: Any) -> Any:
        found = super().info(path, **options)
        return found if self.size_is_known else {**found, "size": None}

    def cat_file(self, path: str, *args: Any, **options: Any) -> Any:
        self.before("get", path)
        return super().cat_file(path, *args, **options)

    def pipe_file(self, path: str, value: bytes, *args: Any, **options: Any) -> Any:
        self.before("put", path)
        return super().pipe_file(path, value, *args, **options)


def thread_of(call: Callable[[], object]) -> threading.Thread:
    made = threading.Thread(target=call)
    made.start()
    return made


def written(files: FsspecFilesystem, path: str, data: bytes, offset: int = 0) -> None:
    file = files.open(path, True)
    file.write(data, offset)
    file.close()


def test_what_is_not_got_takes_no_room() -> None:
    """A server that fails, as often as it does; and a file that is larger than it was said to be, which then was there for whoever asked again."""
    far = Far({"file": bytes(60), "more": bytes(101)})
    files = FsspecFilesystem(far, max_bytes=100)

    def fails(what: str, path: str) -> None:
        raise ConnectionError

    far.before = fails
    for _ in range(3):
        with pytest.raises(ConnectionError):
            files.open("file", True)
    far.before = lambda what, path: None
    far.size_is_known = False
    for _ in range(3):
        with pytest.raises(OSError, match="no room"):
            files.open("more", True)
    written(files, "file", bytes(100))
    with pytest.raises(OSError, match="no room"):
        written(files, "file", bytes(101))


def test_a_file_that_is_moved_while_it_is_written() -> None:
    """As a program does that writes beside the file it replaces, and closes last."""
    far = Far({"file": b"old"})
    files = FsspecFilesystem(far)
    file = files.create("new")
    file.write(b"first", 0)
    replaced = files.open("file", True)
    replaced.write(b"OLD", 0)
    files.rename("new", "file")
    file.write(b"last", 5)
    assert files.status("file").st_size == 9
    file.close()
    replaced.close()
    assert (far.cat_file("/file"), list(files.names(""))) == (b"firstlast", ["file"])
    files.mkdir("dir")
    file = files.create("dir/x")
    files.rename("dir", "moved")
    file.write(b"x", 0)
    file.close()
    assert far.cat_file("/moved/x") == b"x"


def test_what_could_not_be_removed_or_replaced_is_saved() -> None:
    class Kept(Far):
        def rm_file(self, path: str) -> None:
            raise NotImplementedError

        def mv(self, *args: Any, **options: Any) -> None:
            raise PermissionError

    far = Kept({"file": b"", "other": b""})
    files = FsspecFilesystem(far)
    file, other = files.open("file", True), files.open("other", True)
    for open_file in (file, other):
        open_file.write(b"content", 0)
    with pytest.raises(OSError, match="does not do this") as refused:
        files.unlink("file")
    assert refused.value.errno == errno.ENOTSUP
    with pytest.raises(PermissionError):
        files.rename("other", "file")
    for open_file in (file, other):
        open_file.close()
    assert (far.cat_file("/file"), far.cat_file("/other")) == (b"content", b"content")


def test_a_file_that_two_open_at_once() -> None:
    """It is one file, though both had to get it."""
    far = Far({"file": b"........"})
    files = FsspecFilesystem(far, max_bytes=100)
    both = threading.Barrier(2, timeout=TIMEOUT)
    far.before = lambda what, path: both.wait() if what == "get" else None
    opened: list[Any] = []
    for thread in [thread_of(lambda: opened.append(files.open("file", True))) for _ in range(2)]:
        thread.join(TIMEOUT)
    first, second = opened
    first.write(b"12", 0)
    second.write(b"34", 4)
    first.close()
    second.close()
    far.before = lambda what, path: None
    assert far.cat_file("/file") == b"12..34.."
    written(files, "file", bytes(100))
    with pytest.raises(OSError, match="no room"):
        written(files, "file", bytes(101))


def test_a_file_that_is_opened_while_it_is_saved() -> None:
    """Whoever closes it last saves it again."""
    far = Far({"file": b"...."})
    files = FsspecFilesystem(far, max_bytes=100)
    others: list[Any] = []

    def meanwhile(what: str, path: str) -> None:
        if what == "put" and not others:
            others.append(files.open("file", True))
            others[0].write(b"2", 2)

    far.before = meanwhile
    written(files, "file", b"1")
    others[0].close()
    assert far.cat_file("/file") == b"1.2."
    written(files, "file", bytes(100))


def archive(kind: str, path: Path) -> Any:
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as made:
            made.writestr("dir/file", b"content")
        return fsspec.filesystem("zip", fo=str(path))
    with tarfile.open(path, "w") as made:
        info = tarfile.TarInfo("dir/file")
        info.size = 7
        made.addfile(info, io.BytesIO(b"content"))
    return fsspec.filesystem("tar", fo=str(path))


@pytest.mark.parametrize("root", ["", "dir"])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_archives_of_fsspecs(kind: str, root: str, tmp_path: Path) -> None:
    """They are there to read, all of their folders; whatever else is an OSError."""
    files = FsspecFilesystem(archive(kind, tmp_path / "archive"), root)
    at = "" if root else "dir/"
    assert list(files.names(at.rstrip("/"))) == ["file"]
    assert files.open(f"{at}file", False).read(10, 0) == b"content"
    for call in (lambda: files.create(f"{at}new"), lambda: files.unlink(f"{at}file"), lambda: files.rename(f"{at}file", f"{at}new")):
        with pytest.raises(OSError, match="does not do this"):
            call()


def test_what_its_clients_raise_is_an_error_of_the_disk() -> None:
    class ResponseError(Exception):
        pass

    def fails(what: str, path: str) -> None:
        raise ResponseError("status 500")

    far = Far({"file": b""})
    files = FsspecFilesystem(far)
    far.before = fails
    with pytest.raises(OSError, match="ResponseError: status 500") as failed:
        files.open("file", True)
    assert failed.value.errno == errno.EIO
