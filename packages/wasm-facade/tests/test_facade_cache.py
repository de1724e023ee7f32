"""The cache of compiled modules: keys, hits, eviction, and every kind of trouble."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import platformdirs
import pytest

from wasm_environ.errors import WasmError
from wasm_facade import Config, Engine, cache
from wasm_facade.compilation import compile_artifact


def test_keys_count_lengths() -> None:
    assert cache.content_key(b"ab", b"c") != cache.content_key(b"a", b"bc")
    assert cache.content_key(b"a") == cache.content_key(b"a")


def key(number: int) -> str:
    return f"{number:040x}"


@pytest.fixture(scope="module")
def artifacts() -> dict[str, bytes]:
    """Artifacts that say which keys they are for."""
    engine = Engine()
    return {key(number): compile_artifact(engine, b"(module)", None, key(number)) for number in range(5)}


def test_store_and_lookup(tmp_path: Path, artifacts: dict[str, bytes]) -> None:
    folder = str(tmp_path / "deep" / "cache")
    assert cache.lookup(folder, key(1)) is None
    cache.store(folder, key(1), artifacts[key(1)])
    found = cache.lookup(folder, key(1))
    assert found is not None
    assert bytes(memoryview(found.code)) == artifacts[key(1)]
    assert os.listdir(folder) == [key(1) + ".cwasm"]
    assert os.stat(folder).st_mode & 0o077 == 0
    assert cache.clear(folder) == (1, 0)
    assert cache.lookup(folder, key(1)) is None


def _give_to_others(folder: Path, entry: Path, other: bytes) -> None:
    os.chmod(folder, 0o777)


def _let_others_write(folder: Path, entry: Path, other: bytes) -> None:
    os.chmod(entry, 0o666)


def _link(folder: Path, entry: Path, other: bytes) -> None:
    entry.rename(folder / "elsewhere")
    entry.symlink_to(folder / "elsewhere")


def _swap(folder: Path, entry: Path, other: bytes) -> None:
    entry.write_bytes(other)


def _cut(folder: Path, entry: Path, other: bytes) -> None:
    entry.write_bytes(entry.read_bytes()[:-1])


@pytest.mark.parametrize("spoil", [_give_to_others, _let_others_write, _link, _swap, _cut])
def test_what_is_not_trusted(tmp_path: Path, artifacts: dict[str, bytes], spoil: Callable[[Path, Path, bytes], None]) -> None:
    cache.store(str(tmp_path), key(1), artifacts[key(1)])
    spoil(tmp_path, tmp_path / (key(1) + ".cwasm"), artifacts[key(2)])
    assert cache.lookup(str(tmp_path), key(1)) is None


def test_what_is_checked_is_what_is_mapped(tmp_path: Path, artifacts: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever can rename files in the folder cannot put another one in between."""
    folder, entry = str(tmp_path), tmp_path / (key(1) + ".cwasm")
    cache.store(folder, key(1), artifacts[key(1)])
    really = os.fstat

    def swap(descriptor: int) -> os.stat_result:
        status = really(descriptor)
        (tmp_path / "evil").write_bytes(artifacts[key(2)])
        os.replace(tmp_path / "evil", entry)
        return status

    monkeypatch.setattr(os, "fstat", swap)
    found = cache.lookup(folder, key(1))
    assert found is not None
    assert bytes(memoryview(found.code)) == artifacts[key(1)]


def test_nothing_is_kept_where_others_can_write(tmp_path: Path) -> None:
    os.chmod(tmp_path, 0o777)
    cache.store(str(tmp_path), key(1), b"artifact")
    assert os.listdir(tmp_path) == []


def test_the_least_recently_used_goes_first(tmp_path: Path, artifacts: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, size = str(tmp_path), len(artifacts[key(0)])
    for number in range(3):
        cache.store(folder, key(number), artifacts[key(number)])
        os.utime(tmp_path / f"{key(number)}.cwasm", (number + 1, number + 1))
    assert cache.lookup(folder, key(0)) is not None  # now the most recent
    monkeypatch.setattr(cache, "SIZE_LIMIT", 3 * size)
    cache.store(folder, key(3), artifacts[key(3)])
    assert sorted(os.listdir(folder)) == [f"{key(number)}.cwasm" for number in (0, 2, 3)]
    cache.store(folder, key(4), bytes(3 * size + 1))  # larger than all there is room for
    assert len(os.listdir(folder)) == 3


def test_what_a_killed_writer_left_goes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = tmp_path / f".{key(1)}.{'ab' * 8}"
    left.write_bytes(bytes(100))
    os.utime(left, (1, 1))
    monkeypatch.setattr(cache, "SIZE_LIMIT", 100)
    cache.store(str(tmp_path), key(2), bytes(100))
    assert os.listdir(tmp_path) == [key(2) + ".cwasm"]


def test_what_is_not_ours_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever folder it is told to use."""
    names = {".bashrc", "program.cwasm", f".{key(1)}.1", f"{key(1)}.wasm", f"{'g' * 40}.cwasm"}
    for name in names:
        (tmp_path / name).write_bytes(bytes(1000))
    (tmp_path / f"{key(3)}.cwasm").mkdir()
    monkeypatch.setattr(cache, "SIZE_LIMIT", 100)
    cache.store(str(tmp_path), key(2), bytes(100))
    assert cache.clear(str(tmp_path)) == (1, 0)
    assert set(os.listdir(tmp_path)) == {*names, f"{key(3)}.cwasm"}


@pytest.mark.parametrize("folder", ["/proc/nowhere/cache", "/dev/null/cache", "nul\0"])
def test_where_nothing_can_be_kept(folder: str) -> None:
    cache.store(folder, key(1), b"artifact")
    if "\0" not in folder:
        assert cache.lookup(folder, key(1)) is None
        assert cache.entries(folder) == []


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(descriptor: int, data: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", write)
    cache.store(str(tmp_path), key(1), b"artifact")
    assert os.listdir(tmp_path) == []


def test_threads_store_one_key(tmp_path: Path, artifacts: dict[str, bytes]) -> None:
    """None takes away what another has kept."""
    for _ in range(50):
        threads = [threading.Thread(target=cache.store, args=(str(tmp_path), key(1), artifacts[key(1)])) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert cache.lookup(str(tmp_path), key(1)) is not None
        assert cache.clear(str(tmp_path)) == (1, 0)


def test_a_stamp_changes_with_any_file(tmp_path: Path) -> None:
    package = tmp_path / "package"
    (package / "inner").mkdir(parents=True)
    for name in ("__init__.py", "inner/code.py"):
        (package / name).write_text("x = 1\n")
    before = cache.code_stamp(str(package / "__init__.py"))
    assert cache.code_stamp(str(package / "__init__.py")) == before
    (package / "inner" / "code.py").write_text("x = 22\n")
    assert cache.code_stamp(str(package / "__init__.py")) != before


# XDG_CACHE_HOME, HOME; None: not set
FOLDERS = [
    (None, "/home/somebody"), ("", "/home/somebody"), ("/xdg", "/home/somebody"), ("/xdg/", "/home/somebody"), ("//xdg//here/", "/home/somebody"),
    ("/", "/home/somebody"), ("/xdg/../here", "/home/somebody"), ("/with space/\N{SNOWMAN}", "/home/somebody"), ("not/absolute", "/home/somebody"),
    (".", "/home/somebody"), ("~/cache", "/home/somebody"), ("$HOME/cache", "/home/somebody"), (None, "/home/with space"), (None, "/home/somebody/"),
    (None, "/home/somebody//"), (None, "/"), (None, "//"), (None, "/home/~somebody"), ("/xdg", None), ("/xdg", ""), ("relative", "/"),
    (None, None), (None, ""), (None, "not/absolute"), ("relative", "not/absolute"), (None, "~"),
]  # fmt: skip


@pytest.mark.parametrize(("xdg", "home"), FOLDERS)
def test_the_folder_is_the_platforms(monkeypatch: pytest.MonkeyPatch, xdg: str | None, home: str | None) -> None:
    """Found without platformdirs, whose import a start would notice, it is to the letter what platformdirs says."""
    for name, value in (("WASM_CACHE_DIR", None), ("ANDROID_DATA", None), ("XDG_CACHE_HOME", xdg), ("HOME", home)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    assert cache.default_folder() == platformdirs.user_cache_dir("wasm", appauthor=False)


# sys.platform, environment
ELSEWHERE: list[tuple[str, dict[str, str]]] = [
    ("darwin", {}), ("win32", {}), ("freebsd14", {}), ("android", {}), ("linux", {"ANDROID_DATA": "/data"}), ("linux", {"HOME": ""}),
]  # fmt: skip


@pytest.mark.parametrize(("system", "environment"), ELSEWHERE)
def test_elsewhere_platformdirs_decides(monkeypatch: pytest.MonkeyPatch, system: str, environment: dict[str, str]) -> None:
    for name in ("WASM_CACHE_DIR", "XDG_CACHE_HOME", "ANDROID_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", system)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda name, appauthor: f"/theirs/{name}")
    assert cache.default_folder() == "/theirs/wasm"


def test_no_home_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(name: str, appauthor: bool) -> str:
        raise RuntimeError("could not determine the home directory")

    for name in ("WASM_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(platformdirs, "user_cache_dir", nobody)
    assert cache.default_folder() is None


def test_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv("WASM_CACHE_DIR", "/elsewhere")
    assert cache.folder_of(True) == "/elsewhere"
    assert cache.folder_of(False) is None
    assert cache.folder_of("/here") == "/here"
    assert cache.folder_of("~/here") == "/home/somebody/here"
    monkeypatch.setenv("WASM_CACHE_DIR", "~/elsewhere")
    assert cache.folder_of(True) == "/home/somebody/elsewhere"
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as for a user without a home
    assert cache.folder_of(True) is None


@pytest.mark.parametrize("name", ["", "nul\0"])
def test_what_is_no_folder(name: str) -> None:
    with pytest.raises(WasmError, match="not the name of a folder"):
        Config().cache = name
