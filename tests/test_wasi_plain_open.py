"""Preview 1's files, opened and closed by the runtime without Python: the same numbers, rights and errnos as when Python opens them."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

from wasi_plain_guest import ALL, DATA, END, FOLDER, IOVS, OUT, PATH, PATHS, READER, Guest, kernel_resolves, things_to_look_at
from wasm_environ.host import FILE_STATE, FILES_NEW, MOST_FILES
from wasm_wasi_p1 import abi

READ, WRITE = abi.FD_READ, abi.FD_WRITE
# Open flags, rights, descriptor flags.
OPENINGS = [(oflags, rights, 0) for oflags in range(16) for rights in (READ, READ | WRITE, WRITE, 0)] + [
    (0, READ | WRITE, flags) for flags in (abi.APPEND, abi.NONBLOCK, abi.APPEND | abi.NONBLOCK, abi.DSYNC, 32)
] + [(abi.CREAT, WRITE, abi.APPEND), (16, READ, 0)]  # fmt: skip


def opened_alike(guests: tuple[Guest, Guest], path: bytes, follow: int, opening: tuple[int, int, int], folder: int = FOLDER) -> bool:
    """Open, look, write, read, close: the same in both; whether Python had nothing to do with any of it."""
    oflags, rights, flags = opening
    told, asked = [], []
    for guest in guests:
        guest.poke(OUT, bytes(80))
        guest.poke(PATH, path.ljust(16))
        guest.asked.clear()
        parts = guest.parts([(DATA, 6)])
        codes = [guest.call("path_open", folder, follow, PATH, len(path), oflags, rights, ALL, flags, OUT)]
        if codes == [0]:
            fd = guest.word(OUT)
            codes += [guest.call("fd_fdstat_get", fd, OUT + 8), guest.call("fd_write", fd, *parts, OUT + 4), guest.call("fd_seek", fd, 0, 0, OUT + 32),
                      guest.call("fd_read", fd, *parts, OUT + 4), guest.call("fd_close", fd), guest.call("fd_close", fd)]  # fmt: skip
        told.append((codes, guest.peek(OUT, 80)))
        asked.append(list(guest.asked))
    assert told[0] == told[1], (path, follow, opening)
    return "path_open" not in asked[0] and "path_open" in asked[1]


def test_opening_files(tmp_path: Path) -> None:
    """The same numbers, rights and contents, on the same files, whoever opens them; nothing of what is outside."""
    guests = Guest(tmp_path / "guest", True), Guest(tmp_path / "other" / "guest", False)
    for folder in (tmp_path / "guest", tmp_path / "other" / "guest"):
        things_to_look_at(folder)
    before = len(os.listdir("/proc/self/fd"))
    plainly = set()
    for path, *_ in PATHS:
        for follow in (0, 1):
            for opening in OPENINGS:
                if path == b"pipe" and not opening[2] & abi.NONBLOCK:
                    continue  # waits for its other end
                if opened_alike(guests, path, follow, opening):
                    plainly.add((path, opening[0]))
        assert guests[0].tree() == guests[1].tree(), path
    assert len(os.listdir("/proc/self/fd")) == before
    for path, oflags in ((b"file", 0), (b"file", abi.CREAT), (b"file", abi.TRUNC), (b"nothing", abi.CREAT), (b"\xff\xfe", abi.CREAT)):
        assert (path, oflags) in plainly, (path, oflags)
    if kernel_resolves():
        assert {(path, 0) for path in (b"dir/inner", b"dirlink/inner", b"link", b"dir/../file")} < plainly
    assert not any(path in (b"dir", b"pipe", b"..", b"../secret", b"/file", b"outside", b"up/secret", b"absolute") for path, _ in plainly)
    assert (tmp_path / "secret").read_bytes() == b"secret"


def test_opening_files_at_random(tmp_path: Path) -> None:
    """Files of the runtime's and of Python's between each other: numbers, rights, flags, renumbering."""
    guests = Guest(tmp_path / "guest", True), Guest(tmp_path / "other" / "guest", False)
    chance = random.Random(7)
    names = ("file", "other", "end", "new", "dir", "nothing")
    for guest in guests:
        (guest.folder / "dir").mkdir()
    for step in range(3000):
        fd, to = chance.randrange(16), chance.randrange(4, 16)
        name = chance.choice(names).encode()
        rights = chance.choice((READ, WRITE, READ | WRITE, ALL))
        parts = (IOVS, 1)
        call: tuple[Any, ...] = chance.choice((
            ("path_open", FOLDER, 1, PATH, len(name), chance.choice((0, 0, 1, 8, 9)) if name != b"dir" else 0, rights, ALL, chance.choice((0, 0, 1, 4)), OUT),
            ("path_open", FOLDER, 1, PATH, len(name), 0, rights, ALL, 0, OUT), ("fd_close", to), ("fd_close", to), ("fd_fdstat_get", fd, OUT),
            ("fd_renumber", to, chance.randrange(4, 16)), ("fd_fdstat_set_flags", to, chance.choice((0, 1))), ("fd_fdstat_set_rights", to, rights, 0),
            ("fd_write", to, *parts, OUT), ("fd_read", to, *parts, OUT), ("fd_seek", to, step % 7, 0, OUT),
        ))  # fmt: skip
        told = []
        for guest in guests:
            guest.poke(PATH, name.ljust(16))
            guest.poke(OUT, bytes(64))
            guest.parts([(DATA, 6)])
            told.append((guest.call(*call), guest.peek(OUT, 24)))
        assert told[0] == told[1], (step, call)
    assert guests[0].tree() == guests[1].tree()
    assert guests[0].asked.count("path_open") < guests[1].asked.count("path_open") / 2
    assert 0 < guests[0].asked.count("fd_close") < guests[1].asked.count("fd_close")


def test_files_that_the_runtime_opened_are_counted_and_closed(tmp_path: Path) -> None:
    """Against the guest's limit, and with the store, however it goes."""
    for way in ("limit", "hole", "listings", "ceiling"):
        guests = Guest(tmp_path / "guest", True), Guest(tmp_path / "other", False)
        before = len(os.listdir("/proc/self/fd"))
        codes: list[list[int]] = [[], []]
        for guest, found in zip(guests, codes, strict=True):
            context = guest.store._wasi._context
            context.max_fds = 12
            if way == "listings":
                context.listings += 3
            if way == "ceiling":
                context.ceiling = os.dup(0)
                os.close(context.ceiling)
            guest.poke(PATH, b"file")
            if way == "hole":
                assert guest.call("fd_close", READER) == 0
            guest.asked.clear()
            found += [guest.call("path_open", FOLDER, 1, PATH, 4, 0, READ, 0, 0, OUT) for _ in range(10)]
        opens = {"limit": 5, "hole": 6, "listings": 2, "ceiling": 0}[way]
        assert codes == [[0] * opens + [abi.MFILE] * (10 - opens)] * 2
        assert guests[0].asked.count("path_open") == 10 - opens
        for guest in guests:
            guest.store.close()
            assert guest.store._wasi is None or not any(guest.store._wasi._context.files[FILE_STATE : FILE_STATE + MOST_FILES])
        del guest, guests, context
        assert len(os.listdir("/proc/self/fd")) <= before


def test_a_file_that_is_made_at_the_ceiling(tmp_path: Path) -> None:
    """It is there, and what is told is that there are too many; not that it was there before."""
    guests = Guest(tmp_path / "guest", True), Guest(tmp_path / "other", False)
    codes = []
    for guest in guests:
        context = guest.store._wasi._context
        context.ceiling = os.dup(0)
        os.close(context.ceiling)
        guest.poke(PATH, b"made")
        codes.append(guest.call("path_open", FOLDER, 1, PATH, 4, 1 | 4, READ, 0, 0, OUT))
    assert codes == [abi.MFILE] * 2


def test_what_a_directory_permits_to_open(tmp_path: Path) -> None:
    """Preopens that are read-only in either way, and rights that were given up."""
    for dir_perms, file_perms in ((1, 3), (3, 1), (1, 1), (3, 2), (2, 3), (3, 3)):
        guests = []
        for number in (0, 1):
            guest = Guest(tmp_path / f"guest{number}", not number)
            found = guest.store._wasi._context.table[FOLDER]
            found.perms = dir_perms | file_perms << 2
            guest.store._wasi._context.show(FOLDER)
            guests.append(guest)
        for opening in OPENINGS:
            for path in (b"file", b"new"):
                opened_alike((guests[0], guests[1]), path, 1, opening)
        assert guests[0].tree() == guests[1].tree()
    for given_up in (abi.PATH_OPEN, abi.PATH_CREATE_FILE, abi.PATH_FILESTAT_SET_SIZE, abi.PATH_FILESTAT_GET):
        pair = Guest(tmp_path / "guest0", True), Guest(tmp_path / "guest1", False)
        for guest in pair:
            assert guest.call("fd_fdstat_set_rights", FOLDER, abi.RIGHTS_DIRECTORY & ~given_up, abi.RIGHTS_INHERITED & ~WRITE) == 0
        for opening in OPENINGS:
            opened_alike(pair, b"file", 1, opening)


def test_pointers_of_opening(tmp_path: Path) -> None:
    guests = Guest(tmp_path / "guest", True), Guest(tmp_path / "other", False)
    for at, size, out in ((PATH, 4, END - 4), (PATH, 4, END - 3), (END - 4, 4, OUT), (END - 3, 4, OUT), (PATH, 0xFFFF_FFFF, OUT), (0xFFFF_FFFF, 4, OUT), (PATH, 0, OUT)):
        codes = []
        for guest in guests:
            guest.poke(PATH, b"file")
            guest.poke(END - 4, b"file")
            codes.append(guest.call("path_open", FOLDER, 1, at, size, 0, READ, 0, 0, out))
        assert codes[0] == codes[1], (at, size, out)
    for out in (END - 24, END - 23, 0xFFFF_FFFF):
        assert guests[0].call("fd_fdstat_get", FOLDER, out) == guests[1].call("fd_fdstat_get", FOLDER, out)
    for fd in (255, 256, 257, 1024, 0xFFFF_FFFF):
        assert guests[0].call("fd_fdstat_get", fd, OUT) == guests[1].call("fd_fdstat_get", fd, OUT) == guests[0].call("fd_close", fd) == abi.BADF


def test_more_files_than_the_table_has(tmp_path: Path) -> None:
    guests = Guest(tmp_path / "guest", True), Guest(tmp_path / "other", False)
    for guest in guests:
        guest.store._wasi._context.max_fds = guest.store._wasi._context.ceiling = 2000
        guest.poke(PATH, b"file")
        assert [(guest.call("path_open", FOLDER, 1, PATH, 4, 0, READ, 0, 0, OUT), guest.word(OUT)) for _ in range(300)] == [(0, 7 + n) for n in range(300)]
        assert guest.call("fd_close", 100) == guest.call("fd_close", 290) == 0
        assert [(guest.call("path_open", FOLDER, 1, PATH, 4, 0, READ, 0, 0, OUT), guest.word(OUT)) for _ in range(3)] == [(0, 100), (0, 290), (0, 307)]
        assert guest.store._wasi._context.files[FILES_NEW] == guest.store._wasi._context.learnt
        guest.store.close()

