"""path_*: what each function does on a folder of the host, on both ways to resolve a path; each errno is in test_p1_filesystems."""

from __future__ import annotations

import os
import stat
import time

import pytest

from wasm_wasi_p1 import DirPerms, FilePerms, WasiConfig, abi
from wasm_wasi_p1.abi import CREAT, ERRNO_NAMES, INVAL, NOTDIR, OPEN_DIRECTORY, PERM, TRUNC

READ, WRITE = abi.FD_READ, abi.FD_WRITE


@pytest.fixture
def tree(root, resolver):
    """file, dir/ with file in it, empty/, link -> file, dirlink -> dir, dangling -> nothing, self -> itself"""
    (root / "dir").mkdir()
    (root / "empty").mkdir()
    (root / "file").write_bytes(b"content")
    (root / "dir" / "file").write_bytes(b"inner")
    for name, text in (("link", "file"), ("dirlink", "dir"), ("dangling", "nothing"), ("self", "self")):
        (root / name).symlink_to(text)
    return root


def test_effects(guest, tree):
    guest.on("path_create_directory", "made")
    guest.call("path_rename", 3, *guest.path("dir/file"), 3, *guest.path("made/moved"))
    guest.call("path_link", 3, 0, *guest.path("file"), 3, *guest.path("made/hard"))
    guest.call("path_symlink", *guest.path("moved"), 3, *guest.path("made/soft"))
    guest.on("path_unlink_file", "file")
    guest.on("path_remove_directory", "empty")
    assert sorted(os.listdir(tree)) == ["dangling", "dir", "dirlink", "link", "made", "self"]
    assert sorted(os.listdir(tree / "made")) == ["hard", "moved", "soft"]
    assert (tree / "made" / "soft").read_bytes() == b"inner"
    assert (tree / "made" / "hard").read_bytes() == b"content"


def test_linking_never_follows(guest, tree):
    assert guest.call("path_link", 3, 1, *guest.path("link"), 3, *guest.path("new")) in (INVAL, abi.NOENT)
    assert guest.call("path_link", 3, 0, *guest.path("link"), 3, *guest.path("new")) == 0
    assert os.readlink(tree / "new") == "file"


def test_stat(guest, tree):
    status = os.stat(tree / "file")
    code, (dev, ino, kind, nlink, size, atim, mtim, ctim) = guest.stat("file")
    assert code == 0
    assert (dev, ino, kind, nlink, size) == (status.st_dev, status.st_ino, abi.REGULAR_FILE, 1, 7)
    assert (atim, mtim, ctim) == (status.st_atime_ns, status.st_mtime_ns, status.st_ctime_ns)
    assert guest.stat("link")[1][1] == ino
    assert guest.stat("link", 0)[1][2] == abi.SYMBOLIC_LINK
    assert guest.stat("dirlink")[1][2] == guest.stat("dirlink/", 0)[1][2] == guest.stat(".")[1][2] == abi.DIRECTORY
    for path, follow, name in (
        ("nothing", 1, "NOENT"), ("dangling", 1, "NOENT"), ("file/", 1, "NOTDIR"), ("self", 1, "LOOP"), ("link/", 0, "NOTDIR"),
        ("file", 2, "INVAL"), ("file/x", 1, "NOTDIR"),
    ):  # fmt: skip
        assert ERRNO_NAMES[guest.stat(path, follow)[0]] == name, path
    assert guest.stat("dangling", 0)[0] == 0
    fd = guest.opened("file")
    assert guest.call("fd_filestat_get", fd, 512) == 0
    guest.stat("file")
    assert guest.data[512:576] == guest.data[:64]


ATIM, ATIM_NOW, MTIM, MTIM_NOW = 1, 2, 4, 8


@pytest.mark.parametrize("how", ["fd", "path", "link", "slash"])
def test_set_times(guest, tree, how):
    name = {"fd": "file", "path": "dir/../file", "link": "link", "slash": "dirlink/"}[how]
    target = tree / ("dir" if how == "slash" else "file")
    fd = guest.opened("file")

    def set_times(atim, mtim, flags):
        if how == "fd":
            return guest.call("fd_filestat_set_times", fd, atim, mtim, flags)
        return guest.call("path_filestat_set_times", 3, int(how != "slash"), *guest.path(name), atim, mtim, flags)

    assert set_times(1_000_000_007, 2_000_000_009, ATIM | MTIM) == 0
    assert (target.stat().st_atime_ns, target.stat().st_mtime_ns) == (1_000_000_007, 2_000_000_009)
    assert set_times(5, 6, MTIM) == 0
    assert (target.stat().st_atime_ns, target.stat().st_mtime_ns) == (1_000_000_007, 6)
    assert set_times(5, 6, 0) == 0
    assert target.stat().st_mtime_ns == 6
    start = time.time_ns() - 10**9
    assert set_times(0, 0, ATIM_NOW | MTIM_NOW) == 0
    assert min(target.stat().st_atime_ns, target.stat().st_mtime_ns) > start
    assert set_times(7, 0, ATIM | MTIM_NOW) == 0
    assert target.stat().st_atime_ns == 7
    for flags in (ATIM | ATIM_NOW, MTIM | MTIM_NOW, 16):
        assert set_times(0, 0, flags) == INVAL


def test_times_of_a_symlink_itself(guest, tree):
    assert guest.call("path_filestat_set_times", 3, 0, *guest.path("dangling"), 0, 5, MTIM) == 0
    assert os.lstat(tree / "dangling").st_mtime_ns == 5
    assert guest.call("path_filestat_set_times", 3, 1, *guest.path("dangling"), 0, 5, MTIM) == abi.NOENT
    assert guest.call("path_filestat_set_times", 3, 0, *guest.path("file/"), 0, 5, MTIM) == NOTDIR


def test_readlink(guest, tree):
    def readlink(name, size=16):
        guest.data[512:528] = b"~" * 16
        code = guest.call("path_readlink", 3, *guest.path(name), 512, size, 0)
        return ERRNO_NAMES[code], guest.u32() if code == 0 else 0, bytes(guest.data[512:520])

    assert readlink("link") == ("SUCCESS", 4, b"file~~~~")
    assert readlink("link", 2) == ("SUCCESS", 2, b"fi~~~~~~")
    assert readlink("link", 0) == ("SUCCESS", 0, b"~~~~~~~~")
    assert readlink("dir/../dirlink") == ("SUCCESS", 3, b"dir~~~~~")
    assert readlink("file")[0] == "INVAL"
    assert readlink("dir")[0] == "INVAL"
    assert readlink("dirlink/")[0] == "INVAL"
    assert readlink("link/")[0] == "NOTDIR"
    assert readlink("nothing")[0] == "NOENT"


def test_open_flags(guest, tree):
    fd = guest.opened("file", TRUNC, fdflags=abi.SYNC | abi.DSYNC | abi.RSYNC | abi.NONBLOCK)
    assert guest.fdstat(fd)[:2] == (abi.REGULAR_FILE, abi.SYNC | abi.DSYNC | abi.RSYNC | abi.NONBLOCK)
    assert (tree / "file").read_bytes() == b""
    assert guest.open("file", fdflags=32)[0] == INVAL
    assert guest.open(".", rights=0, fdflags=abi.NONBLOCK)[0] == 0
    assert guest.open("made", CREAT)[0] == 0
    assert stat.S_IMODE(os.stat(tree / "made").st_mode) & 0o111 == 0


def test_the_directory_must_be_one(guest, tree):
    fd = guest.opened("file")
    for directory, expected in ((fd, NOTDIR), (1, NOTDIR), (77, abi.BADF)):
        assert guest.open("x", fd=directory)[0] == expected
        assert guest.stat("x", fd=directory)[0] == expected
        assert guest.on("path_create_directory", "x", directory) == expected


def test_rights_of_what_is_opened(guest, tree):
    filetype, flags, base, inheriting = guest.fdstat(3)
    assert (filetype, flags) == (abi.DIRECTORY, 0)
    assert base & (abi.FD_READ | abi.FD_WRITE | abi.FD_SEEK | abi.FD_FILESTAT_SET_SIZE) == 0
    assert inheriting & (abi.FD_READ | abi.FD_WRITE) == abi.FD_READ | abi.FD_WRITE
    again = guest.opened(".", rights=base)
    assert guest.fdstat(again)[2:] == (base, inheriting)


PERMISSIONS = [
    # perms for entries, for files -> what works
    (DirPerms.READ, FilePerms.READ, {"read", "stat", "list"}),
    (DirPerms.READ, FilePerms.READ_WRITE, {"read", "stat", "list", "write"}),
    (DirPerms.READ_WRITE, FilePerms.READ, {"read", "stat", "list", "mkdir", "unlink", "rename", "create empty", "times"}),
    (DirPerms.READ_WRITE, FilePerms.WRITE, {"stat", "list", "write", "truncate", "create", "create empty", "mkdir", "unlink", "rename", "times"}),
    (DirPerms.MUTATE, FilePerms.READ_WRITE, {"mkdir", "unlink", "rename", "times"}),
]  # fmt: skip


@pytest.mark.parametrize("by_name", [True, False])
@pytest.mark.parametrize(("entries", "files", "works"), PERMISSIONS)
def test_permissions_of_a_preopen(make, tree, entries, files, works, by_name):
    config = WasiConfig()
    if by_name:
        config.preopen_dir(tree, "/", dir_perms=entries, file_perms=files)
    else:  # as wasmtime-py's
        config.preopen_dir(tree, "/", entries, files)
    guest = make(config)
    (tree / "victim").write_bytes(b"")
    actions = {
        "read": lambda: guest.open("dir/file", rights=READ)[0],
        "write": lambda: guest.open("dir/file", rights=WRITE)[0],
        "truncate": lambda: guest.open("dir/file", TRUNC, 0)[0],
        "create": lambda: guest.open("new", CREAT, WRITE)[0],
        "create empty": lambda: guest.open("new", CREAT, 0)[0],
        "stat": lambda: guest.stat("file")[0],
        "list": lambda: guest.call("fd_readdir", 3, 512, 64, 0, 0),
        "mkdir": lambda: guest.on("path_create_directory", "made"),
        "unlink": lambda: guest.on("path_unlink_file", "victim"),
        "rename": lambda: guest.call("path_rename", 3, *guest.path("file"), 3, *guest.path("file2")),
        "times": lambda: guest.call("path_filestat_set_times", 3, 1, *guest.path("dir"), 0, 0, 0),
    }
    codes = {name: action() for name, action in actions.items()}
    assert {name for name, code in codes.items() if code == 0} == works
    assert {code for name, code in codes.items() if name not in works} == {PERM}


def test_permissions_reach_below(make, tree):
    config = WasiConfig()
    config.preopen_dir(tree, "/", fs_mutable=False)
    guest = make(config)
    directory = guest.opened("dir", OPEN_DIRECTORY, 0)
    assert guest.open("file", rights=READ, fd=directory)[0] == 0
    assert guest.open("file", rights=WRITE, fd=directory)[0] == PERM
    assert guest.on("path_unlink_file", "file", directory) == PERM


def test_no_permission_is_gained_by_linking(make, tree):
    """From a directory whose files are read-only into one where they may be written."""
    config = WasiConfig()
    config.preopen_dir(tree / "dir", "/ro", file_perms=FilePerms.READ)
    config.preopen_dir(tree / "empty", "/rw")
    guest = make(config)
    assert guest.call("path_link", 3, 0, *guest.path("file"), 4, *guest.path("file")) == PERM
    assert guest.call("path_rename", 3, *guest.path("file"), 4, *guest.path("file")) == PERM
    assert guest.call("path_link", 4, 0, *guest.path("x"), 3, *guest.path("x")) == abi.NOENT
