"""The cache of compiled modules: keys, hits, eviction, and every kind of trouble."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wasm_facade import cache


def test_keys_count_lengths() -> None:
    assert cache.content_key(b"ab", b"c") != cache.content_key(b"a", b"bc")
    assert cache.content_key(b"a") == cache.content_key(b"a")


def test_store_and_lookup(tmp_path: Path) -> None:
    folder = str(tmp_path / "deep" / "cache")
    assert cache.lookup(folder, "k") is None
    cache.store(folder, "k", b"artifact")
    path = cache.lookup(folder, "k")
    assert path is not None
    assert Path(path).read_bytes() == b"artifact"
    assert os.listdir(folder) == ["k.cwasm"]
    assert os.stat(folder).st_mode & 0o077 == 0
    assert cache.clear(folder) == 1
    assert cache.lookup(folder, "k") is None


def test_what_others_can_write_is_not_trusted(tmp_path: Path) -> None:
    cache.store(str(tmp_path), "k", b"artifact")
    os.chmod(tmp_path / "k.cwasm", 0o666)
    assert cache.lookup(str(tmp_path), "k") is None


def test_the_least_recently_used_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = str(tmp_path)
    for number, name in enumerate(("a", "b", "c")):
        cache.store(folder, name, bytes(100))
        os.utime(tmp_path / f"{name}.cwasm", (number + 1, number + 1))
    assert cache.lookup(folder, "a") is not None  # now the most recent
    monkeypatch.setattr(cache, "SIZE_LIMIT", 300)
    cache.store(folder, "d", bytes(100))
    assert sorted(os.listdir(folder)) == ["a.cwasm", "c.cwasm", "d.cwasm"]


def test_what_a_killed_writer_left_goes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".k.1").write_bytes(bytes(100))
    os.utime(tmp_path / ".k.1", (1, 1))
    monkeypatch.setattr(cache, "SIZE_LIMIT", 100)
    cache.store(str(tmp_path), "d", bytes(100))
    assert os.listdir(tmp_path) == ["d.cwasm"]


@pytest.mark.parametrize("folder", ["/proc/nowhere/cache", "/dev/null/cache"])
def test_where_nothing_can_be_kept(folder: str) -> None:
    cache.store(folder, "k", b"artifact")
    assert cache.lookup(folder, "k") is None
    assert cache.entries(folder) == []


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(descriptor: int, data: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", write)
    cache.store(str(tmp_path), "k", b"artifact")
    assert os.listdir(tmp_path) == []


def test_a_stamp_changes_with_any_file(tmp_path: Path) -> None:
    package = tmp_path / "package"
    (package / "inner").mkdir(parents=True)
    for name in ("__init__.py", "inner/code.py"):
        (package / name).write_text("x = 1\n")
    before = cache.code_stamp(str(package / "__init__.py"))
    assert cache.code_stamp(str(package / "__init__.py")) == before
    (package / "inner" / "code.py").write_text("x = 22\n")
    assert cache.code_stamp(str(package / "__init__.py")) != before


def test_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WASM_CACHE_DIR", "/elsewhere")
    assert cache.folder_of(True) == "/elsewhere"
    assert cache.folder_of(False) is None
    assert cache.folder_of("/here") == "/here"
    monkeypatch.delenv("WASM_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache.default_folder() == "/xdg/wasm"
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert cache.default_folder() == "/home/somebody/.cache/wasm"
