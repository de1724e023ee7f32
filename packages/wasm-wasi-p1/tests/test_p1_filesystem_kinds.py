"""What is particular to a kind of filesystem: limits, what a zip may hold, what becomes of an overlay's lower half, when fsspec is written to."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from typing import ClassVar

import fsspec
import fsspec.implementations.memory
import pytest

from wasm_wasi_common.archive import ZipFilesystem
from wasm_wasi_common.filesystem import FILE, FOLDER, Filesystem, Stat
from wasm_wasi_common.fsspec import FsspecFilesystem
from wasm_wasi_common.memory import MemoryFilesystem
from wasm_wasi_common.overlay import OverlayFilesystem
from wasm_wasi_p1 import WasiConfig, abi
from wasm_wasi_p1.abi import CREAT, ERRNO_NAMES

READ = abi.FD_READ


def test_memory_afterwards(make):
    config = WasiConfig()
    files = config.preopen({"in.txt": "grün", "deep/er/x": b"x"}, "/data")
    guest = make(config)
    assert guest.content("in.txt") == "grün".encode()
    guest.write(guest.opened("deep/out", CREAT), b"made")
    assert files.to_dict() == {"in.txt": "grün".encode(), "deep/er/x": b"x", "deep/out": b"made"}
    assert files.read("deep/out") == b"made"


def test_memory_is_limited(make):
    config = WasiConfig()
    files = MemoryFilesystem({"a": b"12345"}, max_bytes=100, max_entries=4)
    config.preopen(files)
    guest = make(config)
    fd = guest.opened("a")
    full = ERRNO_NAMES.index("NOSPC")
    assert guest.write(fd, bytes(101))[0] == full
    assert guest.call("fd_filestat_set_size", fd, 1 << 40) == guest.call("fd_allocate", fd, 0, 101) == full
    assert guest.call("fd_pwrite", fd, *guest.iovs((1024, 1)), 1 << 50, 0) == full
    assert guest.write(fd, bytes(100)) == (0, 100)
    assert guest.call("path_symlink", *guest.path("x"), 3, *guest.path("b")) == full
    assert guest.on("path_unlink_file", "a") == 0
    other = guest.opened("b", CREAT)
    assert guest.write(other, b"x")[0] == full  # still open, and so still there
    assert guest.call("fd_close", fd) == 0
    assert guest.write(other, bytes(100)) == (0, 100)
    assert [guest.on("path_create_directory", name) for name in "cdef"] == [0, 0, 0, full]
    assert guest.on("path_remove_directory", "c") == 0
    assert guest.on("path_create_directory", "f") == 0


def test_memory_is_not_made_deep_by_moving(make):
    config = WasiConfig()
    config.preopen({"a": {}, "b": {}})
    guest = make(config)
    deep = "/".join("a" * 130)
    for end in range(3, len(deep) + 1, 2):
        assert guest.on("path_create_directory", deep[:end]) == 0
    other = "/".join("b" * 130)
    for end in range(3, len(other) + 1, 2):
        assert guest.on("path_create_directory", other[:end]) == 0
    assert guest.call("path_rename", 3, *guest.path("a"), 3, *guest.path(other + "/a")) == abi.NAMETOOLONG


class OnlyToRead(Filesystem):
    """The least that a user has to write."""

    def status(self, path):
        if path not in ("", "hello"):
            raise FileNotFoundError(path)  # without an errno
        return Stat(FILE, 5) if path else Stat(FOLDER)

    def names(self, path):
        return ["hello", "", ".", "..", "a/b", "nul\0"]

    def open(self, path, writing):
        if writing:
            raise PermissionError(path)
        return self


def test_a_user_who_writes_little(make):
    config = WasiConfig()
    config.preopen(OnlyToRead(), "/")
    guest = make(config)
    assert guest.names() == {"hello": abi.REGULAR_FILE}
    assert guest.stat("nothing")[0] == abi.NOENT
    assert ERRNO_NAMES[guest.open("hello")[0]] == "ACCES"
    assert ERRNO_NAMES[guest.open("new", CREAT)[0]] == "ROFS"
    assert ERRNO_NAMES[guest.on("path_unlink_file", "hello")] == "ROFS"
    assert guest.stat("hello")[1][1] == guest.stat("./hello")[1][1] != 0



def test_links_in_a_zip(make):
    links = {"up": "..", "up_file": "../file", "dir/up": "../..", "absolute": "/etc/passwd", "chain": "dir/up/x", "long": "x" * 5000, "self": "self", "in": "dir/../file"}
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name in ("file", "dir/file", "../evil", "/evil", "dir/../../evil"):
            archive.writestr(name, b"content")
        for name, text in links.items():
            link = zipfile.ZipInfo(name)
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(link, text)
    config = WasiConfig()
    config.preopen(ZipFilesystem(data))
    guest = make(config)
    for path in ("up", "up/x", "up_file", "dir/up", "dir/up/etc", "absolute", "chain"):
        assert guest.open(path, rights=READ)[0] == guest.stat(path)[0] == guest.open(path, rights=0)[0] == abi.PERM, path
    assert guest.open("long")[0] == abi.NAMETOOLONG
    assert guest.open("self")[0] == abi.LOOP
    assert guest.content("in") == b"content"
    assert "evil" not in guest.names()


def test_a_zip_that_is_damaged(make):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("file", b"content")
        archive.writestr("/".join("a" * 1000), b"")
    raw = bytearray(data.getvalue())
    raw[raw.index(b"content")] ^= 1
    config = WasiConfig()
    config.preopen(ZipFilesystem(io.BytesIO(raw)))
    guest = make(config)
    fd = guest.opened("file", rights=READ)
    assert guest.read(fd)[0] == abi.IO
    assert list(guest.names()) == ["file"]


def test_an_overlay_leaves_the_lower_one_alone(make, root):
    (root / "dir" / "more").mkdir(parents=True)
    (root / "file").write_bytes(b"content")
    (root / "dir" / "file").write_bytes(b"inner")
    (root / "dir" / "more" / "x").write_bytes(b"deep")
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    config = WasiConfig()
    files = MemoryFilesystem()
    config.preopen(OverlayFilesystem(root, files))
    guest = make(config)
    early = guest.opened("file", rights=READ)
    fd = guest.opened("file", fdflags=abi.APPEND)
    assert guest.write(fd, b"!") == (0, 1)
    assert (guest.read(early), guest.content("file")) == ((0, b"content"), b"content!")
    assert guest.call("path_rename", 3, *guest.path("dir"), 3, *guest.path("moved")) == 0
    assert guest.stat("dir")[0] == abi.NOENT
    assert guest.content("moved/more/x") == b"deep"
    assert guest.on("path_create_directory", "dir") == 0
    assert guest.names("dir") == {}
    assert guest.on("path_unlink_file", "moved/file") == 0
    assert guest.names("moved") == {"more": abi.DIRECTORY}
    assert files.to_dict() == {"file": b"content!", "moved/more/x": b"deep"}
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


def test_an_overlay_of_a_folder_over_a_file(make, root):
    """As of a program that replaced the one by the other in an earlier run: the upper one was kept, and what was removed of the lower one is forgotten."""
    (root / "was_file").write_bytes(b"file")
    config = WasiConfig()
    files = MemoryFilesystem({"was_file": {"old": b"old", "gone": b""}})
    config.preopen(OverlayFilesystem(root, files))
    guest = make(config)
    assert guest.stat("was_file/nothing")[0] == abi.NOENT
    guest.call("fd_close", guest.opened("was_file/new", CREAT))
    assert guest.on("path_unlink_file", "was_file/gone") == 0
    assert set(guest.names("was_file")) == {"old", "new"}
    assert guest.call("path_rename", 3, *guest.path("was_file"), 3, *guest.path("moved")) == 0
    assert (guest.content("moved/old"), list(guest.names())) == (b"old", ["moved"])
    assert (root / "was_file").read_bytes() == b"file"


def test_fsspec_afterwards(make, tmp_path):
    local = fsspec.filesystem("file")
    (tmp_path / "there").mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "there" / "out").symlink_to("../secret")
    (tmp_path / "there" / "link").symlink_to("file")
    (tmp_path / "there" / "file").write_bytes(b"before")
    config = WasiConfig()
    config.preopen(FsspecFilesystem(local, str(tmp_path / "there"), max_bytes=100))
    guest = make(config)
    assert guest.open("out", rights=READ)[0] == abi.PERM
    fd = guest.opened("file")
    guest.write(fd, b"AF")
    assert (tmp_path / "there" / "file").read_bytes() == b"before"
    assert guest.call("fd_sync", fd) == 0
    assert (tmp_path / "there" / "file").read_bytes() == b"AFfore"
    assert ERRNO_NAMES[guest.write(fd, bytes(200))[0]] == "NOSPC"
    guest.call("fd_close", fd)
    fd = guest.opened("new", CREAT)
    assert guest.write(fd, bytes(100)) == (0, 100)
    assert guest.call("path_rename", 3, *guest.path("new"), 3, *guest.path("moved")) == 0
    assert guest.call("fd_close", fd) == 0
    assert sorted(os.listdir(tmp_path / "there")) == ["file", "link", "moved", "out"]
    assert (tmp_path / "there" / "moved").read_bytes() == bytes(100)


@pytest.mark.parametrize("name", ["*", "a[1]", "file?", "**"])
@pytest.mark.parametrize("folder", [False, True])
def test_names_that_fsspec_takes_for_patterns(make, name, folder):
    """Moving such a file moved others, and removed what it had not moved."""
    files = fsspec.filesystem("memory")
    root = f"/patterns-{folder}"
    for path in ("a1", "file1", name):
        files.pipe_file(f"{root}/{path}/x" if folder else f"{root}/{path}", path.encode())
    config = WasiConfig()
    config.preopen(FsspecFilesystem(files, root))
    guest = make(config)
    try:
        assert guest.call("path_rename", 3, *guest.path(name), 3, *guest.path("moved")) == 0
        assert set(guest.names()) == {"a1", "file1", "moved"}
        assert guest.content("moved/x" if folder else "moved") == name.encode()
    finally:
        files.rm(root, recursive=True)


class Asked(fsspec.implementations.memory.MemoryFileSystem):
    """As one of URLs: what a server would be asked for."""

    protocol = ("https",)
    asked: ClassVar[list[str]] = []

    @classmethod
    def _strip_protocol(cls, path):
        cls.asked.append(path)
        return super()._strip_protocol(path)


# Names that a server decodes, and then sees a way up; or that are more than a name in a URL.
DISGUISED = ["%2e%2e/secret", "./%2E./secret", ".%2e/secret", "%252e%252e/secret", "..%2fsecret", "a%2f..%2f..%2fsecret", "%2e%2e%5csecret", "..;/secret", "..;x=1/secret",
             "..\\secret", "file?path=../secret", "file#x", "%00"]  # fmt: skip


@pytest.mark.parametrize("path", DISGUISED)
def test_names_that_lead_elsewhere_as_urls(make, path):
    config = WasiConfig()
    config.preopen(FsspecFilesystem(Asked(), "/within"))
    guest = make(config)
    Asked.asked.clear()
    at = guest.path(path)
    codes = {guest.open(path)[0], guest.open(path, CREAT)[0], guest.stat(path)[0], guest.on("path_create_directory", path), guest.on("path_unlink_file", path),
             guest.call("path_rename", 3, *at, 3, *guest.path("moved")), guest.call("path_filestat_set_times", 3, 1, *at, 0, 0, 5)}  # fmt: skip
    assert codes == {abi.PERM}
    assert Asked.asked == []


def test_names_with_percent_signs_otherwise(make):
    """Elsewhere they are names as others."""
    config = WasiConfig()
    config.preopen(FsspecFilesystem(fsspec.filesystem("memory"), "/percent"))
    guest = make(config)
    for name in ("100%", "a%20b", "x?y#z", "%2e%2e%2e"):
        assert guest.open(name, CREAT, rights=abi.FD_WRITE)[0] == 0
    assert set(guest.names()) == {"100%", "a%20b", "x?y#z", "%2e%2e%2e"}
