"""Every kind of filesystem behaves alike: each row of the tables on each kind, through every version of WASI."""

from __future__ import annotations

import struct

import pytest
from filesystem_kinds import KINDS, LINKLESS, LINKS, READONLY, WHOLE, WRITABLE

from wasm_wasi_p1 import WasiConfig, abi
from wasm_wasi_p1.abi import CREAT, ERRNO_NAMES, EXCL, OPEN_DIRECTORY, TRUNC

THROUGH_EVERY_VERSION = True
P1 = "wasi_snapshot_preview1"

READ, WRITE = abi.FD_READ, abi.FD_WRITE
on_writable = pytest.mark.parametrize("kind", WRITABLE, indirect=True)
on_whole = pytest.mark.parametrize("kind", WHOLE, indirect=True)


def rows(table):
    """Each row on each kind; a kind without links has the rows that need none."""
    return [(kind, row) for kind in KINDS for row in table if kind not in LINKLESS or not any(name in LINKS for cell in row if isinstance(cell, str)
                                                                                             for name in cell.split("/"))]  # fmt: skip


@pytest.fixture
def guest(guest_of_kind):
    return guest_of_kind


# path, oflags, rights, follow -> errno names that are right ("": succeeds)
OPENS = [
    ("file", 0, READ | WRITE, 1, ""),
    ("file", 0, 0, 0, ""),
    ("file/", 0, READ, 1, "NOTDIR NOENT"),
    ("file///", 0, READ, 1, "NOTDIR NOENT"),
    ("file/.", 0, READ, 1, "NOTDIR"),
    ("file/..", 0, READ, 1, "NOTDIR"),
    ("file/x", 0, READ, 1, "NOTDIR"),
    ("file", OPEN_DIRECTORY, READ, 1, "NOTDIR"),
    ("file", CREAT, READ | WRITE, 1, ""),
    ("file", CREAT | EXCL, READ | WRITE, 1, "EXIST"),
    ("file", CREAT | OPEN_DIRECTORY, READ, 1, "INVAL"),
    ("file", 16, READ, 1, "INVAL"),
    ("file", 0, READ, 2, "INVAL"),
    ("dir", 0, READ, 1, ""),
    ("dir", OPEN_DIRECTORY, READ, 1, ""),
    ("dir/", OPEN_DIRECTORY, 0, 1, ""),
    ("dir/", 0, 0, 0, ""),
    ("dir///", 0, 0, 1, ""),
    ("dir/.", 0, 0, 0, ""),
    ("dir/..", 0, 0, 0, ""),
    (".", 0, 0, 0, ""),
    ("./", 0, 0, 1, ""),
    ("dir", 0, READ | WRITE, 1, "ISDIR"),
    (".", OPEN_DIRECTORY, READ | WRITE, 1, "ISDIR"),
    ("dir", CREAT, READ, 1, "ISDIR"),
    ("dir", CREAT | EXCL, READ, 1, "EXIST"),
    ("dir", TRUNC, WRITE, 1, "ISDIR"),
    ("nothing", 0, READ, 1, "NOENT"),
    ("nothing/", CREAT, READ, 1, "ISDIR NOENT"),
    ("nothing/x", CREAT, READ, 1, "NOENT"),
    ("nothing/../file", 0, READ, 1, "NOENT"),
    ("new", CREAT | EXCL, READ | WRITE, 1, ""),
    ("", 0, READ, 1, "NOENT"),
    ("file\0", 0, READ, 1, "INVAL ILSEQ NOENT"),
    ("link", 0, READ, 1, ""),
    ("link", 0, READ, 0, "LOOP"),
    ("link", OPEN_DIRECTORY, READ, 1, "NOTDIR"),
    ("link", OPEN_DIRECTORY, READ, 0, "LOOP NOTDIR"),
    ("link/", 0, READ, 1, "NOTDIR"),
    ("dirlink", 0, 0, 0, "LOOP"),
    ("dirlink", OPEN_DIRECTORY, 0, 0, "LOOP"),
    ("dirlink", OPEN_DIRECTORY, 0, 1, ""),
    ("dirlink/", 0, 0, 0, ""),
    ("dirlink/file", 0, READ, 0, ""),
    ("dir/../link", 0, READ, 0, "LOOP"),
    ("dir/../dirlink", OPEN_DIRECTORY, 0, 0, "LOOP"),
    ("dangling", 0, READ, 1, "NOENT"),
    ("dangling", 0, READ, 0, "LOOP"),
    ("dangling", CREAT, READ, 0, "LOOP"),
    ("dangling", CREAT | EXCL, READ, 1, "EXIST"),
    ("dangling", CREAT, READ | WRITE, 1, ""),
    ("self", 0, READ, 1, "LOOP"),
    ("self/x", 0, READ, 1, "LOOP"),
]


@pytest.mark.parametrize(("kind", "row"), rows(OPENS), indirect=["kind"])
def test_open(kind, guest, row):
    path, oflags, rights, follow, expected = row
    code, fd = guest.open(path, oflags, rights, follow=follow)
    changes = rights & WRITE or path in ("new", "dangling") or oflags & TRUNC
    assert ERRNO_NAMES[code] in (expected.split() or ["ROFS" if changes and kind in READONLY else "SUCCESS"])
    assert (code == 0) == (len(guest.context.table) > 4 and guest.context.table[4] is not None)
    if code == 0:
        assert fd == 4


# function, path (or old and new path) -> errno
OTHERS = [
    ("path_create_directory", "new", ""),
    ("path_create_directory", "new/", ""),
    ("path_create_directory", "dir/new", ""),
    ("path_create_directory", "dir", "EXIST"),
    ("path_create_directory", "file", "EXIST"),
    ("path_create_directory", "dangling", "EXIST"),
    ("path_create_directory", ".", "EXIST"),
    ("path_create_directory", "dir/..", "EXIST"),
    ("path_create_directory", "nothing/new", "NOENT"),
    ("path_create_directory", "file/new", "NOTDIR"),
    ("path_create_directory", "", "NOENT"),
    ("path_remove_directory", "empty", ""),
    ("path_remove_directory", "empty/", ""),
    ("path_remove_directory", "dir", "NOTEMPTY"),
    ("path_remove_directory", "file", "NOTDIR"),
    ("path_remove_directory", "file/", "NOTDIR"),
    ("path_remove_directory", "dirlink", "NOTDIR"),
    ("path_remove_directory", "dirlink/", "NOTDIR"),
    ("path_remove_directory", "nothing", "NOENT"),
    ("path_remove_directory", ".", "INVAL BUSY"),
    ("path_remove_directory", "empty/.", "INVAL"),
    ("path_unlink_file", "file", ""),
    ("path_unlink_file", "file/", "NOTDIR"),
    ("path_unlink_file", "dir", "ISDIR PERM"),
    ("path_unlink_file", "dir/", "ISDIR PERM"),
    ("path_unlink_file", "link", ""),
    ("path_unlink_file", "dirlink", ""),
    ("path_unlink_file", "dirlink/", "NOTDIR ISDIR"),
    ("path_unlink_file", "dangling", ""),
    ("path_unlink_file", "nothing", "NOENT"),
    ("path_unlink_file", ".", "ISDIR PERM"),
    ("path_rename", "file", "new", ""),
    ("path_rename", "file", "link", ""),
    ("path_rename", "file", "dir", "ISDIR"),
    ("path_rename", "file", "empty", "ISDIR"),
    ("path_rename", "file", "new/", "NOTDIR"),
    ("path_rename", "file/", "new", "NOTDIR"),
    ("path_rename", "dir", "file", "NOTDIR"),
    ("path_rename", "dir", "empty", ""),
    ("path_rename", "empty", "dir", "NOTEMPTY"),
    ("path_rename", "dir/", "new/", ""),
    ("path_rename", "dir", "dir/below", "INVAL"),
    ("path_rename", "nothing", "new", "NOENT"),
    ("path_rename", "link", "new", ""),
    ("path_rename", ".", "new", "BUSY INVAL"),
    ("path_link", "file", "new", ""),
    ("path_link", "file", "dir/new", ""),
    ("path_link", "file", "file", "EXIST"),
    ("path_link", "file", "dir", "EXIST"),
    ("path_link", "file", "dangling", "EXIST"),
    ("path_link", "file", "new/", "NOENT"),
    ("path_link", "file/", "new", "NOTDIR"),
    ("path_link", "dir", "new", "PERM ACCES"),
    ("path_link", "dir/", "new", "PERM ACCES"),
    ("path_link", "dangling", "new", ""),
    ("path_link", "self", "new", ""),
    ("path_link", "nothing", "new", "NOENT"),
    ("path_symlink", "anything", "new", ""),
    ("path_symlink", "anything", "new/", "NOENT"),
    ("path_symlink", "anything", "dir/", "EXIST"),
    ("path_symlink", "anything", "dir", "EXIST"),
    ("path_symlink", "anything", "file", "EXIST"),
    ("path_symlink", "anything", "file/", "NOTDIR EXIST"),
    ("path_symlink", "anything", "dangling", "EXIST"),
    ("path_symlink", "", "new", "NOENT"),
    ("path_symlink", "/absolute", "new", "PERM NOTCAPABLE"),
]


@pytest.mark.parametrize(("kind", "row"), rows(OTHERS), indirect=["kind"])
def test_errno(kind, guest, row):
    function, *paths, expected = row
    names = [guest.path(path) for path in paths]
    args = {
        "path_rename": lambda: (3, *names[0], 3, *names[1]),
        "path_link": lambda: (3, 0, *names[0], 3, *names[1]),
        "path_symlink": lambda: (*names[0], 3, *names[1]),
    }.get(function, lambda: (3, *names[0]))()
    works = "ROFS" if kind in READONLY else "NOTSUP" if kind in LINKLESS and function in ("path_link", "path_symlink") else "SUCCESS"
    assert ERRNO_NAMES[guest.call(function, *args)] in (expected.split() or [works])


def test_what_is_there(kind, guest):
    links = () if kind in LINKLESS else LINKS
    assert guest.names() == {"file": abi.REGULAR_FILE, "dir": abi.DIRECTORY, "empty": abi.DIRECTORY, **dict.fromkeys(links, abi.SYMBOLIC_LINK)}
    assert guest.names("empty") == {}
    assert [guest.content(path) for path in ("file", "dir/file", "dir/../dir/./file")] == [b"content", b"inner", b"inner"]
    for _ in links:
        assert [guest.content(path) for path in ("link", "dirlink/file")] == [b"content", b"inner"]


@on_whole
def test_effects(guest):
    guest.on("path_create_directory", "made")
    guest.call("path_rename", 3, *guest.path("dir/file"), 3, *guest.path("made/moved"))
    guest.call("path_link", 3, 0, *guest.path("file"), 3, *guest.path("made/hard"))
    guest.call("path_symlink", *guest.path("moved"), 3, *guest.path("made/soft"))
    guest.on("path_unlink_file", "file")
    guest.on("path_remove_directory", "empty")
    assert sorted(guest.names()) == ["dangling", "dir", "dirlink", "link", "made", "self"]
    assert sorted(guest.names("made")) == ["hard", "moved", "soft"]
    assert guest.content("made/soft") == b"inner"
    assert guest.content("made/hard") == b"content"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in LINKLESS], indirect=True)
def test_stat(guest):
    code, (dev, ino, kind, nlink, size, atim, mtim, ctim) = guest.stat("file")
    assert (code, kind, nlink, size) == (0, abi.REGULAR_FILE, 1, 7)
    assert min(atim, mtim, ctim) > 10**18
    assert guest.stat("link")[1][:2] == (dev, ino)
    assert guest.stat("dir/file")[1][0] == dev
    assert len({guest.stat(path)[1][1] for path in ("file", "dir", "dir/file", ".", "empty")}) == 5
    assert guest.stat("link", 0)[1][2] == abi.SYMBOLIC_LINK
    assert guest.stat("link", 0)[1][4] == len("file")
    assert guest.stat("dirlink")[1][2] == guest.stat("dirlink/", 0)[1][2] == guest.stat(".")[1][2] == abi.DIRECTORY
    for path, follow, name in (
        ("nothing", 1, "NOENT"), ("dangling", 1, "NOENT"), ("file/", 1, "NOTDIR"), ("self", 1, "LOOP"), ("link/", 0, "NOTDIR"),
        ("file", 2, "INVAL"), ("file/x", 1, "NOTDIR"),
    ):  # fmt: skip
        assert ERRNO_NAMES[guest.stat(path, follow)[0]] == name, path
    fd = guest.opened("file", rights=READ)
    assert guest.call("fd_filestat_get", fd, 512) == 0
    guest.stat("file")
    assert guest.data[512:576] == guest.data[:64]


@on_whole
def test_times(guest):
    fd = guest.opened("file")
    for call, path, flags, expected in (
        (lambda flags: guest.call("path_filestat_set_times", 3, 1, *guest.path("link"), 7, 8, flags), "file", 5, (7, 8)),
        (lambda flags: guest.call("path_filestat_set_times", 3, 1, *guest.path("dir"), 9, 8, flags), "dir", 1, (9, None)),
        (lambda flags: guest.call("fd_filestat_set_times", fd, 3, 4, flags), "file", 4, (7, 4)),
        (lambda flags: guest.call("path_filestat_set_times", 3, 0, *guest.path("link"), 1, 2, flags), "file", 5, (7, 4)),
    ):
        assert call(flags) == 0
        for found, wanted in zip(guest.stat(path)[1][5:7], expected, strict=True):
            assert wanted in (None, found)
    assert guest.call("fd_filestat_set_times", fd, 0, 0, 10) == 0
    assert min(guest.stat("file")[1][5:7]) >= 10**18


@on_writable
def test_reading_and_writing(guest):
    fd = guest.opened("new", CREAT)
    assert guest.write(fd, b"0123456789") == (0, 10)
    assert guest.call("fd_seek", fd, -4, 1, 0) == 0
    assert guest.read(fd) == (0, b"6789")
    assert guest.read(fd) == (0, b"")
    assert guest.call("fd_pwrite", fd, *guest.iovs((guest.put(b"ab"), 2)), 14, 0) == 0
    assert guest.call("fd_tell", fd, 0) == 0
    assert guest.u64() == 10
    assert guest.content("new") == b"0123456789\0\0\0\0ab"
    at = guest.put(bytes(8))
    assert guest.call("fd_pread", fd, *guest.iovs((at, 1), (at + 1, 2)), 8, 0) == 0
    assert (guest.u32(), bytes(guest.data[at : at + 3])) == (3, b"89\0")
    assert guest.call("fd_filestat_set_size", fd, 3) == 0
    assert guest.call("fd_seek", fd, 2, 2, 0) == 0
    assert guest.u64() == 5
    assert guest.write(fd, b"x") == (0, 1)
    assert guest.content("new") == b"012\0\0x"
    assert guest.call("fd_allocate", fd, 0, 8) == 0
    assert guest.stat("new")[1][4] == 8
    assert [guest.call(name, fd) for name in ("fd_sync", "fd_datasync")] == [0, 0]
    assert guest.call("fd_advise", fd, 0, 0, 0) == 0
    assert ERRNO_NAMES[guest.call("fd_seek", fd, -1, 0, 0)] == "INVAL"
    assert guest.call("fd_close", fd) == 0


@on_writable
def test_appending(guest):
    fd = guest.opened("file", fdflags=abi.APPEND)
    assert guest.read(fd, 3) == (0, b"con")
    assert guest.write(fd, b"+") == (0, 1)
    assert guest.read(fd) == (0, b"")
    assert guest.call("fd_fdstat_set_flags", fd, 0) == 0
    assert guest.call("fd_seek", fd, 0, 0, 0) == 0
    assert guest.write(fd, b"C") == (0, 1)
    assert guest.call("fd_fdstat_set_flags", fd, abi.APPEND) == 0
    assert guest.write(fd, b"-") == (0, 1)
    assert guest.content("file") == b"Content+-"


@on_writable
def test_truncating(guest):
    assert guest.open("file", TRUNC, rights=WRITE)[0] == 0
    assert guest.content("file") == b""


@on_writable
def test_an_open_file_outlives_its_name(guest):
    fd = guest.opened("file")
    assert guest.on("path_unlink_file", "file") == 0
    assert guest.read(fd) == (0, b"content")
    assert guest.write(fd, b"!") == (0, 1)
    assert ERRNO_NAMES[guest.stat("file")[0]] == "NOENT"
    assert guest.call("fd_filestat_get", fd, 512) == 0
    assert struct.unpack_from("<Q", guest.data, 512 + 32) == (8,)


@on_writable
def test_what_was_opened_to_read_is_not_written(guest):
    fd = guest.opened("file", rights=READ)
    assert ERRNO_NAMES[guest.write(fd, b"x")[0]] == "BADF"
    assert guest.call("fd_filestat_set_size", fd, 0) != 0
    assert guest.content("file") == b"content"


@on_writable
def test_a_listing_goes_on_while_entries_go(guest):
    for number in range(100):
        guest.call("fd_close", guest.opened(f"dir/{number:02}", CREAT))
    fd = guest.opened("dir", OPEN_DIRECTORY, 0)
    found, cookie = [], 0
    while entries := guest.readdir(fd, cookie, 200)[0]:
        cookie = entries[-1][0]
        for *_, name in entries:
            found.append(name)
            if name[:1] != b".":
                assert guest.on("path_unlink_file", b"dir/" + name) == 0
    assert len(found) == len(set(found)) == 103
    assert guest.names("dir") == {}


@on_writable
def test_polling(guest):
    fd = guest.opened("file")
    at = guest.put(struct.pack("<QB7xI28x", 5, 1, fd))
    assert guest.call("poll_oneoff", at, 512, 1, 0) == 0
    assert struct.unpack_from("<QHB5xQ", guest.data, 512) == (5, 0, 1, 7)


@on_writable
def test_paths_that_are_too_long(guest):
    assert guest.open("n" * 256, CREAT)[0] == abi.NAMETOOLONG
    assert guest.open("x/" * 2100)[0] == abi.NAMETOOLONG
    assert guest.open("n" * 255, CREAT)[0] == 0


@on_writable
def test_names_that_are_not_utf8(guest, version):
    if version != P1:
        assert ERRNO_NAMES[guest.open(b"\xff\xfe", CREAT)[0]] == "ILSEQ"
        return
    guest.opened(b"\xff\xfe", CREAT)
    assert b"\xff\xfe" in [name for *_, name in guest.readdir(3)[0]]
    assert guest.stat(b"\xff\xfe")[0] == 0


def test_readonly(kind, root, make):
    config = WasiConfig()
    config.preopen(KINDS[kind](root), "/", readonly=True)
    guest = make(config)
    assert guest.content("file") == b"content"
    for code in (guest.open("file")[0], guest.open("new", CREAT)[0], guest.open("file", TRUNC, 0)[0], guest.on("path_unlink_file", "file"),
                 guest.on("path_create_directory", "d"), guest.call("path_rename", 3, *guest.path("file"), 3, *guest.path("f"))):  # fmt: skip
        assert code == abi.PERM
    assert guest.call("fd_filestat_set_times", guest.opened("file", rights=READ), 1, 2, 5) == abi.PERM


@on_whole
def test_two_filesystems(kind, root, make):
    """Nothing moves or is linked from one to the other, and their files are different ones."""
    (root / "one").mkdir()
    (root / "two").mkdir()
    config = WasiConfig()
    config.preopen(KINDS[kind](root / "one"), "/one")
    config.preopen({"file": "other"}, "/two")
    guest = make(config)
    for source, target in ((3, 4), (4, 3)):
        assert ERRNO_NAMES[guest.call("path_rename", source, *guest.path("file"), target, *guest.path("new"))] == "XDEV"
        assert ERRNO_NAMES[guest.call("path_link", source, 0, *guest.path("file"), target, *guest.path("new"))] == "XDEV"
    assert guest.stat("file")[1][:2] != guest.stat("file", fd=4)[1][:2]
