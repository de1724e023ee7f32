"""What is not the guest's fault: disks that are full, places it may not go to, files that others remove, filesystems that fail. Each is an errno, of the
call that failed; nothing stays open, half made or forgotten. Through every version of WASI."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
import threading
from contextlib import contextmanager

import pytest

from wasm_wasi_common.memory import MemoryFilesystem
from wasm_wasi_common.overlay import OverlayFilesystem
from wasm_wasi_p1 import WasiConfig, WasiContext, abi
from wasm_wasi_p1.abi import CREAT, ERRNO_NAMES, OPEN_DIRECTORY, TRUNC

THROUGH_EVERY_VERSION = True
P1 = "wasi_snapshot_preview1"
READ = abi.FD_READ
RIGHTS = abi.FD_READ | abi.FD_WRITE


class Failing:
    """Files in memory that fail as they are told to: `fails` is what fails -> the errno."""

    def __init__(self):
        self.inner, self.fails, self.files = MemoryFilesystem({"file": b"content", "dir": {"file": b"inner"}, "empty": {}}), {}, 0
        self.inner.symlink("file", "link")

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return self.checked(name, getattr(self.inner, name))

    def checked(self, name, method):
        def call(*args):
            if name in self.fails:
                raise OSError(self.fails[name], "as it was told to")
            return method(*args)

        return call

    def open(self, path, writing):
        return FailingFile(self, self.checked("open", self.inner.open)(path, writing))

    def create(self, path):
        return FailingFile(self, self.checked("create", self.inner.create)(path))


class FailingFile:
    def __init__(self, folder, inner):
        self.folder, self.inner = folder, inner
        folder.files += 1

    def __getattr__(self, name):
        return self.folder.checked(f"file.{name}", getattr(self.inner, name))

    def close(self):
        self.folder.files -= 1
        self.folder.checked("file.close", self.inner.close)()


# Columns: what fails, what the guest does; that returns the errno.
ROWS = (
    ("open",           lambda guest, fd: guest.open("file")[0]),
    ("create",         lambda guest, fd: guest.open("new", CREAT)[0]),
    ("status",         lambda guest, fd: guest.stat("file")[0]),
    ("status",         lambda guest, fd: guest.open("file")[0]),
    ("names",          lambda guest, fd: listing(guest)),
    ("mkdir",          lambda guest, fd: guest.on("path_create_directory", "new")),
    ("rmdir",          lambda guest, fd: guest.on("path_remove_directory", "empty")),
    ("unlink",         lambda guest, fd: guest.on("path_unlink_file", "file")),
    ("rename",         lambda guest, fd: guest.call("path_rename", 3, *guest.path("file"), 3, *guest.path("new"))),
    ("link",           lambda guest, fd: guest.call("path_link", 3, 0, *guest.path("file"), 3, *guest.path("new"))),
    ("symlink",        lambda guest, fd: guest.call("path_symlink", *guest.path("file"), 3, *guest.path("new"))),
    ("readlink",       lambda guest, fd: guest.call("path_readlink", 3, *guest.path("link"), 512, 8, 0)),
    ("readlink",       lambda guest, fd: guest.open("link")[0]),
    ("set_times",      lambda guest, fd: guest.call("path_filestat_set_times", 3, 1, *guest.path("file"), 0, 0, 5)),
    ("file.read",      lambda guest, fd: guest.read(fd)[0]),
    ("file.read",      lambda guest, fd: guest.call("fd_pread", fd, *guest.iovs((1024, 1)), 0, 0)),
    ("file.write",     lambda guest, fd: guest.write(fd, b"x")[0]),
    ("file.write",     lambda guest, fd: guest.call("fd_pwrite", fd, *guest.iovs((1024, 1)), 5, 0)),
    ("file.truncate",  lambda guest, fd: guest.call("fd_filestat_set_size", fd, 3)),
    ("file.truncate",  lambda guest, fd: guest.open("file", TRUNC)[0]),
    ("file.status",    lambda guest, fd: guest.call("fd_filestat_get", fd, 0)),
    ("file.set_times", lambda guest, fd: guest.call("fd_filestat_set_times", fd, 1, 1, 5)),
    ("file.sync",      lambda guest, fd: guest.call("fd_sync", fd)),
    ("file.sync",      lambda guest, fd: guest.call("fd_datasync", fd)),
)  # fmt: skip
# Those that both versions have; of the others 0.2 says "io".
ERRORS = ("NOSPC", "DQUOT", "ACCES", "PERM", "IO", "ROFS", "NOENT", "FBIG", "NOMEM", "BUSY", "TXTBSY", "NOTSUP")


def listing(guest):
    """The errno of listing the root."""
    fd = guest.opened(".", OPEN_DIRECTORY, 0)
    code = guest.call("fd_readdir", fd, 2048, 512, 0, 0)
    guest.call("fd_close", fd)
    return code


@pytest.mark.parametrize("number", range(len(ROWS)), ids=lambda number: ROWS[number][0])
def test_every_failure_arrives(make, number):
    what, act = ROWS[number]
    folder = Failing()
    config = WasiConfig()
    config.preopen(folder, "/")
    guest = make(config)
    fd = guest.opened("file")
    for name in ERRORS:
        folder.fails = {what: getattr(errno, f"E{name}")}
        assert ERRNO_NAMES[act(guest, fd)] == name, name
        assert folder.files == 1
    folder.fails = {what: errno.EXFULL}  # nothing that WASI knows
    assert ERRNO_NAMES[act(guest, fd)] == "IO"
    folder.fails = {}
    assert folder.inner.to_dict() == {"file": b"content", "dir/file": b"inner"}
    assert act(guest, fd) == abi.SUCCESS  # as if nothing had been
    assert guest.call("fd_close", fd) == 0
    assert len([each for each in guest.context.table if each is not None]) <= 5


def test_a_failure_to_close_is_told_and_closes(make):
    folder = Failing()
    config = WasiConfig()
    config.preopen(folder, "/")
    guest = make(config)
    fd = guest.opened("file")
    folder.fails = {"file.close": errno.ENOSPC}
    assert ERRNO_NAMES[guest.call("fd_close", fd)] in ("NOSPC", "SUCCESS")  # 0.2 has nobody to tell
    assert folder.files == 0
    assert ERRNO_NAMES[guest.call("fd_close", fd)] == "BADF"


def test_what_fails_to_be_closed_is_closed_once(tmp_path, monkeypatch):
    """Its number may be that of another's file by then."""
    closed = []
    close = os.close

    def failing(fd):
        closed.append(fd)
        close(fd)
        raise OSError(errno.EDQUOT, "a server that says late what it has not taken")

    config = WasiConfig()
    config.stdout = str(tmp_path / "out")
    context = WasiContext(config)
    fd = context.get(1).fd
    with monkeypatch.context() as patch:
        patch.setattr(os, "close", failing)
        context.close()
        context.close()
    assert closed.count(fd) == 1


@contextmanager
def small_files():
    """No file of this process's can be larger than 1000 bytes: nor what pytest writes to, so that this ends before the test does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_that_is_too_large_for_the_host(guest, root):
    fd = guest.opened("file", CREAT)
    with small_files():
        assert guest.write(fd, bytes(990)) == (0, 990)
        assert guest.write(fd, b"x" * 20) == (0, 10)
        codes = [
            guest.write(fd, b"x")[0], guest.call("fd_pwrite", fd, *guest.iovs((1024, 1)), 1000, 0), guest.call("fd_filestat_set_size", fd, 1001),
            guest.call("fd_allocate", fd, 0, 1001),
        ]  # fmt: skip
    assert [ERRNO_NAMES[code] for code in codes] == ["FBIG"] * 4
    assert guest.call("fd_close", fd) == 0
    assert (root / "file").read_bytes() == bytes(990) + b"x" * 10


def test_a_device_that_is_full(make):
    """Of the kernel's own: it is never written to."""
    config = WasiConfig()
    config.preopen_dir("/dev", "/")
    guest = make(config)
    fd = guest.opened("full", rights=RIGHTS)
    assert ERRNO_NAMES[guest.write(fd, b"x")[0]] == "NOSPC"
    assert guest.read(fd, 3) == (0, bytes(3))


def test_a_disk_that_is_full(make, root, version):
    """A disk of 64 KiB: what fitted is there, what was removed makes room."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,nr_inodes=8", "tmpfs", root], capture_output=True, check=False) if shutil.which("mount") else None
    if mounted is None or mounted.returncode:
        pytest.skip("only root may mount a disk, and not in every container")
    try:
        config = WasiConfig()
        config.preopen_dir(root, "/")
        guest = make(config)
        fd = guest.opened("file", CREAT)
        data, written = b"x" * 40_000, 0
        for _ in range(3):
            code, count = guest.write(fd, data)
            if code:
                break
            written += count
        assert (ERRNO_NAMES[code], written) == ("NOSPC", 65536)
        if version == P1:  # 0.2 knows sizes, not places on a disk
            assert ERRNO_NAMES[guest.call("fd_allocate", fd, 0, 70_000)] == "NOSPC"
        made = 0
        while (code := guest.on("path_create_directory", f"d{made}")) == 0:
            made += 1
        assert ERRNO_NAMES[code] == "NOSPC"
        assert ERRNO_NAMES[guest.open("more", CREAT)[0]] == ERRNO_NAMES[guest.call("path_symlink", *guest.path("x"), 3, *guest.path("more"))] == "NOSPC"
        assert guest.call("path_rename", 3, *guest.path("file"), 3, *guest.path("moved")) == 0
        assert guest.on("path_remove_directory", "d0") == guest.call("fd_filestat_set_size", fd, 5) == 0
        assert guest.content("moved") == b"xxxxx"
        guest.call("fd_close", guest.opened("more", CREAT))
    finally:
        subprocess.run(["umount", "-l", root], check=True)


@contextmanager
def nobody():
    """This process is somebody who may nothing, where it is root."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.parametrize("above", [False, True], ids=["folder", "overlay"])
def test_permission_denied(make, root, above):
    (root / "shut").mkdir()
    for name in ("shut/inner", "secret", "theirs"):
        (root / name).write_bytes(b"content")
    config = WasiConfig()
    config.preopen(OverlayFilesystem(root) if above else root, "/")
    guest = make(config)
    for name, mode in (("theirs", 0o444), ("secret", 0), ("shut", 0), (".", 0o555)):
        (root / name).chmod(mode)
    with nobody():
        assert guest.content("theirs") == b"content"
        denied = [guest.open("secret")[0], guest.open("secret", rights=READ)[0], guest.open("shut/inner", rights=READ)[0], guest.stat("shut/inner")[0]]
        if not above:
            denied += [guest.open("theirs")[0], guest.open("new", CREAT)[0], guest.open("theirs", TRUNC)[0], guest.on("path_create_directory", "new"),
                       guest.on("path_unlink_file", "theirs"), guest.on("path_remove_directory", "shut"),
                       guest.call("path_rename", 3, *guest.path("theirs"), 3, *guest.path("new")),
                       guest.call("path_symlink", *guest.path("x"), 3, *guest.path("new")),
                       guest.call("path_link", 3, 0, *guest.path("theirs"), 3, *guest.path("new"))]  # fmt: skip
        assert {ERRNO_NAMES[code] for code in denied} <= {"ACCES", "PERM"}  # EPERM: hard links to what one cannot write
        assert ERRNO_NAMES[denied[0]] == ERRNO_NAMES[denied[2]] == "ACCES"
    (root / "shut").chmod(0o755)
    root.chmod(0o755)
    assert sorted(os.listdir(root)) == ["secret", "shut", "theirs"]


def test_what_the_host_removes(guest, root):
    (root / "dir").mkdir()
    for name in ("file", "dir/a", "dir/b"):
        (root / name).write_bytes(b"content")
    file, folder = guest.opened("file"), guest.opened("dir", OPEN_DIRECTORY, 0)
    guest.read(file, 3)
    shutil.rmtree(root / "dir")
    (root / "file").unlink()
    assert guest.read(file) == (0, b"tent")  # its name is gone, it is not
    assert guest.write(file, b"!") == (0, 1)
    assert [name for *_, name in guest.readdir(folder)[0] if not name.startswith(b".")] == []
    for code in (guest.open("file")[0], guest.stat("file")[0], guest.open("a", fd=folder)[0], guest.open("a", CREAT, fd=folder)[0], guest.stat("a", fd=folder)[0],
                 guest.on("path_create_directory", "a", folder), guest.on("path_unlink_file", "dir/a"), guest.on("path_remove_directory", "dir")):  # fmt: skip
        assert ERRNO_NAMES[code] == "NOENT"
    (root / "dir").write_bytes(b"a file by now")
    assert ERRNO_NAMES[guest.open("dir/a")[0]] == "NOTDIR"
    assert guest.content("dir") == b"a file by now"


def test_what_the_host_cuts(guest, root):
    (root / "file").write_bytes(bytes(100_000))
    fd = guest.opened("file")
    assert guest.read(fd, 10) == (0, bytes(10))
    os.truncate(root / "file", 5)
    assert guest.read(fd, 10) == (0, b"")
    assert guest.call("fd_filestat_get", fd, 512) == 0
    assert guest.u64(512 + 32) == 5
    assert guest.write(fd, b"x") == (0, 1)
    assert (root / "file").read_bytes() == bytes(10) + b"x"


def test_a_tree_that_comes_and_goes(guest, root):
    """Another thread makes and removes what the guest looks at: what it is told are names, or NOENT."""
    stop = threading.Event()

    def change():
        while not stop.is_set():
            (root / "dir" / "in").mkdir(parents=True)
            for number in range(20):
                (root / "dir" / "in" / f"{number}").write_bytes(b"x" * number)
            shutil.rmtree(root / "dir")

    thread = threading.Thread(target=change)
    thread.start()
    codes, seen = set(), 0
    try:
        for _ in range(300):
            code, folder = guest.open("dir/in", OPEN_DIRECTORY, 0)
            codes.add(code)
            if code:
                continue
            for *_, name in guest.readdir(folder)[0]:
                code, fd = guest.open(name, fd=folder)
                if code == 0:
                    code, data = guest.read(fd)
                    assert data == b"x" * len(data)
                    seen += 1
                    codes.add(guest.call("fd_close", fd))
                codes |= {code, guest.stat(name, fd=folder)[0], guest.stat(b"dir/in/" + name)[0]}
            codes.add(guest.call("fd_close", folder))
    finally:
        stop.set()
        thread.join()
    assert {ERRNO_NAMES[code] for code in codes} <= {"SUCCESS", "NOENT", "ISDIR", "PERM"}, codes  # . and .. are folders; .. is outside
    assert len([each for each in guest.context.table if each is not None]) == 4
