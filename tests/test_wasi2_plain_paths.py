"""Looking at paths in WASI 0.2 without Python: the same as when Python looks, and which paths these are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wasi2_plain_guests import END, OUT, PATH, Guest, asked, attempt, pair
from wasi2_plain_guests import counts as counts
from wasi_plain_guest import PATHS, kernel_resolves, things_to_look_at
from wasm_wasi_common.memory import MemoryFilesystem


def test_status_of_paths(tmp_path: Path) -> None:
    """The same bytes and errs, on the same files; nothing is told of what is outside."""
    guests = pair(tmp_path, shared=tmp_path / "both")
    things_to_look_at(tmp_path / "both")
    os.symlink("file", tmp_path / "both" / "\u00e4")
    for path, *plainly in (*PATHS, ("\u00e4".encode(), False, False)):
        for follow in (0, 1):
            results, found = [], []
            for guest in guests:
                guest.call("poke", PATH, path.ljust(16))
                guest.call("poke", OUT, bytes(112))
                results.append(attempt(guest, "stat", (guest.root, follow, PATH, len(path), OUT)))
                found.append(b"" if results[-1][0] else guest.peek(OUT, 32) + guest.peek(OUT + 56, 56))
            assert results[0][0] == results[1][0], path
            assert found[0] == found[1], path  # but for when links were read
            if isinstance(results[0][0], str):  # no text, which ends a guest
                assert path == b"\xff\xfe"
                guests = pair(tmp_path, shared=tmp_path / "both")
                continue
            assert results[1][1] == ["stat_at"]
            assert (not results[0][1]) == plainly[follow] or (not kernel_resolves() and results[0][1]), (path, follow)


@pytest.mark.parametrize(("name", "at"), [("stat", PATH), ("stat", END - 3), ("stat", 0xFFFF_FFFF)])
@pytest.mark.parametrize("out", [OUT, OUT + 4, END - 104, END - 96])
def test_status_at_wrong_addresses(tmp_path: Path, name: str, at: int, out: int) -> None:
    guests = pair(tmp_path, shared=tmp_path / "both")
    for guest in guests:
        guest.call("poke", PATH, b"file")
    results = [attempt(guest, name, (guest.root, 1, at, 4, out))[0] for guest in guests]
    assert results[0] == results[1]
    assert (results[0] is None) == (at == PATH and out in (OUT, END - 104))


def test_status_in_other_filesystems_is_pythons(tmp_path: Path) -> None:
    guest = Guest(tmp_path / "guest", tree=MemoryFilesystem({"file": b"abc" * 10}))
    guest.call("poke", PATH, b"file")
    asked.clear()
    guest.call("stat", guest.root, 1, PATH, 4, OUT)
    assert asked == ["stat_at"]
    assert guest.word(OUT + 24) == 30
