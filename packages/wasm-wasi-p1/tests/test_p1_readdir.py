"""fd_readdir: entries, cookies, bounded memory; closing and renumbering; preopens."""

from __future__ import annotations

import os
import struct

import pytest

from wasm_wasi_p1 import WasiConfig, abi, readdir
from wasm_wasi_p1.abi import BADF, NAMETOOLONG, NOTCAPABLE, NOTDIR


def read_all(guest, fd, size):
    """All entries, read with a buffer of `size` bytes as a C library does."""
    found, cookie = [], 0
    while True:
        entries, used = guest.readdir(fd, cookie, size)
        found += entries
        if used < size:
            return found
        assert entries, "the buffer holds no entry"
        cookie = entries[-1][0]


def test_entries(guest, root):
    (root / "dir").mkdir()
    (root / "file").write_bytes(b"")
    (root / "link").symlink_to("file")
    os.mkfifo(root / "pipe")
    entries = {name: (ino, kind) for _, ino, kind, name in guest.readdir(3)[0]}
    here = os.stat(root).st_ino
    assert entries[b"."] == (here, abi.DIRECTORY)
    assert entries[b".."][1] == abi.DIRECTORY
    assert [name for *_, name in guest.readdir(3)[0]][:2] == [b".", b".."]
    assert {name: kind for name, (_, kind) in entries.items() if name[:1] != b"."} == {
        b"dir": abi.DIRECTORY, b"file": abi.REGULAR_FILE, b"link": abi.SYMBOLIC_LINK, b"pipe": abi.UNKNOWN,
    }  # fmt: skip
    for name in (b"dir", b"file", b"link"):
        assert guest.stat(name, 0)[1][1] == entries[name][0]
    assert guest.stat(".")[1][1] == here


@pytest.mark.parametrize("size", [40, 64, 100, 256, 4096, 100_000])
def test_every_entry_once(guest, root, size):
    names = {f"name{number:03}".encode() for number in range(300)}
    for name in names:
        (root / name.decode()).touch()
    found = [name for *_, name in read_all(guest, 3, size)]
    assert len(found) == 302
    assert set(found) == names | {b".", b".."}


def test_any_cookie_resumes(guest, root):
    for number in range(200):
        (root / f"n{number}").touch()
    entries = guest.readdir(3, size=100_000)[0]
    assert [cookie for cookie, *_ in entries] == list(range(1, 203))
    for cookie in (0, 1, 2, 3, 199, 100, 201, 5, 202):
        assert guest.readdir(3, cookie, 100_000)[0] == entries[cookie:]
    for cookie in (203, 1 << 32, (1 << 64) - 1):
        assert guest.readdir(3, cookie) == ([], 0)
    assert guest.readdir(3, 0, 100_000)[0] == entries


def test_deleting_while_reading_skips_none(guest, root):
    for number in range(500):
        (root / f"n{number}").touch()
    removed, cookie = 0, 0
    while True:
        entries, used = guest.readdir(3, cookie, 512)
        for *_, name in entries:
            if name[:1] != b".":
                assert guest.on("path_unlink_file", name) == 0
                removed += 1
        if used < 512:
            break
        cookie = entries[-1][0]
    assert removed == 500
    assert os.listdir(root) == []


def test_starting_again_sees_what_is_new(guest, root):
    assert len(guest.readdir(3)[0]) == 2
    (root / "file").touch()
    entries = guest.readdir(3)[0]
    assert len(entries) == 3
    assert guest.readdir(3, entries[1][0])[0] == entries[2:]


def test_buffers_too_small(guest, root):
    (root / ("x" * 255)).touch()
    for size in (0, 1, 23, 24):
        assert guest.readdir(3, 2, size)[1] == size
    assert guest.readdir(3, 2, 279)[0][0][3] == b"x" * 255
    assert guest.readdir(3, 2, 278)[0] == []


def test_memory_does_not_grow_with_the_directory(guest, root):
    for number in range(1000):
        (root / f"n{number}").touch()
    read_all(guest, 3, 300)
    assert len(guest.context.table[3].listing.window) <= readdir.WINDOW


def test_not_a_directory(guest):
    fd = guest.opened("f", abi.CREAT)
    assert guest.call("fd_readdir", fd, 512, 64, 0, 0) == NOTDIR
    assert guest.call("fd_readdir", 99, 512, 64, 0, 0) == BADF
    base, inheriting = guest.fdstat(3)[2:]
    guest.call("fd_fdstat_set_rights", 3, base & ~abi.FD_READDIR, inheriting)
    assert guest.call("fd_readdir", 3, 512, 64, 0, 0) == NOTCAPABLE


def test_closing_in_the_middle(guest, root):
    for number in range(100):
        (root / f"n{number}").touch()
    fd = guest.opened(".", abi.OPEN_DIRECTORY, 0)
    guest.readdir(fd, 0, 100)
    assert guest.call("fd_close", fd) == 0


def test_renumber(guest, root):
    one = guest.opened("one", abi.CREAT)
    two = guest.opened("two", abi.CREAT)
    assert guest.call("fd_renumber", one, two) == 0
    assert guest.call("fd_close", one) == BADF
    assert guest.write(two, b"x")[0] == 0
    assert (root / "one").read_bytes() == b"x"
    assert guest.call("fd_renumber", two, one) == BADF
    assert guest.call("fd_renumber", one, two) == BADF
    assert guest.call("fd_renumber", two, 1 << 31) == BADF
    assert guest.call("fd_renumber", two, two) == 0
    assert guest.opened("three", abi.CREAT) == one  # the lowest number free


def test_preopens_are_found_closed_and_renumbered(make, root):
    (root / "d").mkdir()
    config = WasiConfig()
    config.preopen_dir(root, "/")
    config.preopen_dir(root / "d", "a/longer name")
    guest = make(config)
    names, fd = [], 3
    while guest.call("fd_prestat_get", fd, 0) == 0:
        tag, size = struct.unpack_from("<II", guest.data)
        assert tag == 0
        assert guest.call("fd_prestat_dir_name", fd, 64, size) == 0
        names.append(bytes(guest.data[64 : 64 + size]))
        fd += 1
    assert names == [b"/", b"a/longer name"]
    assert guest.call("fd_prestat_get", fd, 0) == BADF
    assert guest.call("fd_prestat_get", 0, 0) == BADF
    assert guest.call("fd_prestat_dir_name", 4, 64, 5) == NAMETOOLONG
    assert guest.call("fd_prestat_dir_name", 4, 64, 100) == 0
    assert guest.call("fd_prestat_dir_name", 1, 64, 100) == NOTDIR
    assert guest.call("fd_renumber", 4, 3) == 0
    assert guest.call("fd_prestat_get", 4, 0) == BADF
    assert guest.open("x", abi.CREAT)[0] == 0
    assert (root / "d" / "x").exists()
    assert guest.call("fd_close", 3) == 0
    assert guest.open("x")[0] == BADF


def test_a_guest_gets_only_so_many_files(guest):
    guest.context.max_fds = 10
    guest.opened("f", abi.CREAT)
    codes = [guest.open("f")[0] for _ in range(10)]
    assert codes == [0] * 5 + [abi.MFILE] * 5
    guest.call("fd_close", 6)
    assert guest.open("f") == (0, 6)


def test_a_context_gives_its_files_back(root):
    config = WasiConfig(stdin=root / "in", stdout=root / "out")
    (root / "in").touch()
    config.preopen_dir(root, "/")
    before = len(os.listdir("/proc/self/fd"))
    from wasm_wasi_p1 import WasiContext

    with WasiContext(config):
        assert len(os.listdir("/proc/self/fd")) == before + 3
    dropped = WasiContext(config)
    dropped.close()
    dropped.close()
    WasiContext(config)  # dropped without a word
    config.preopens[0].path = str(root / "gone")
    with pytest.raises(FileNotFoundError):
        WasiContext(config)
    assert len(os.listdir("/proc/self/fd")) == before
