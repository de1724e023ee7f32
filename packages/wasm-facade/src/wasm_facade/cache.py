"""The cache of compiled modules: one artifact a file, keyed by content, compiler, target and settings; bounded, least recently used first.

Safe with many processes: a file appears whole, by rename, or not at all. Trouble of any kind (no space, read-only, a folder or file that others
can write, a damaged entry, one of another module) means compiling again, never an error. Only files with names of ours are ever removed.
"""

from __future__ import annotations

import os
import sys

from wasm_environ.errors import WasmError
from wasm_vm import MappedFile, open_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasm_facade.compilation import Progress
    from wasm_facade.engine import Engine

SIZE_LIMIT: Final = 1 << 30  # bytes kept at most
SUFFIX: Final = ".cwasm"
KEY_SIZE: Final = 20  # bytes
HEX: Final = frozenset("0123456789abcdef")
OTHERS_MAY_WRITE: Final = 0o022


def default_folder() -> str | None:
    """$WASM_CACHE_DIR, or `wasm` in the user's cache folder as the platform has it; None where there is no such folder."""
    chosen = os.environ.get("WASM_CACHE_DIR")
    if chosen:
        return _expanded(chosen)
    android = "ANDROID_DATA" in os.environ or hasattr(sys, "getandroidapilevel")
    if sys.platform == "linux" and not android:  # platformdirs' rule, without its import: 4 ms of a start of 15
        xdg, home = os.environ.get("XDG_CACHE_HOME", ""), os.environ.get("HOME", "")
        if xdg[:1] == "/":
            return os.path.join(xdg, "wasm")
        if home[:1] == "/":
            return home.rstrip("/") + "/.cache/wasm"
    from platformdirs import user_cache_dir

    try:
        return user_cache_dir("wasm", appauthor=False)
    except RuntimeError:  # nobody's home
        return None


def _expanded(path: str) -> str | None:
    found = os.path.expanduser(path)
    return None if found[:1] == "~" else found


def folder_of(setting: bool | str) -> str | None:
    """The folder for a value of `Config.cache`; None: no cache."""
    if setting is False:
        return None
    return default_folder() if setting is True else _expanded(setting)


def content_key(*parts: bytes) -> str:
    """A name for the content; each part counts with its length."""
    try:
        from _blake2 import blake2b  # hashlib costs 5 ms of imports
    except ImportError:  # pragma: no cover
        from hashlib import blake2b

    digest = blake2b(digest_size=KEY_SIZE)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()


def key_of(engine: Engine, *content: bytes) -> str:
    """Names the artifact that `content` compiles to for an engine, without importing its compiler."""
    import wasm_environ
    from wasm_environ.artifact import FORMAT
    from wasm_facade.discovery import find_compiler, plain_target

    isa, system, cpu_features = plain_target(engine._triple, engine._cpu)
    choice = find_compiler(engine._strategy, isa, cpu_features)
    settings = (
        FORMAT, choice.name, code_stamp(choice.path), code_stamp(wasm_environ.__file__ or ""), isa, system, sorted(cpu_features),
        engine._optimize, engine._guarded, engine._consume_fuel, engine._canonical_nans, engine._spectre_mitigation,
        engine._changed_features and sorted(engine._changed_features.enabled),
    )  # fmt: skip
    return content_key(repr(settings).encode(), *content)


def code_stamp(path: str) -> str:
    """Changes when the package whose `__init__` is at `path` does: an edited source must never meet code made before the edit."""
    try:
        if "site-packages" not in path:
            return f"{path} {_sources(os.path.dirname(path))}"
        status = os.stat(path)
        return f"{path} {status.st_mtime_ns} {status.st_size} {_releases(os.path.dirname(os.path.dirname(path)))}"
    except OSError:
        return path


def _sources(package: str) -> tuple[int, float]:
    """(number, sum of modification times and sizes) of the sources; what is compiled of them is compared with them when it is imported."""
    count, total, folders = 0, 0.0, [package]
    while folders:
        folder = folders.pop()
        descriptor = os.open(folder, os.O_RDONLY)  # entries of an open folder need no path looked up
        try:
            with os.scandir(descriptor) as listing:
                for entry in listing:
                    name = entry.name
                    if name[-3:] == ".py":
                        status = entry.stat()
                        count, total = count + 1, total + status.st_mtime + status.st_size
                    elif "." not in name and name != "__pycache__" and entry.is_dir():
                        folders.append(f"{folder}/{name}")
        finally:
            os.close(descriptor)
    return count, total


def _releases(folder: str) -> list[str]:
    """The versions of our packages, out of the names that installers give: times of files say nothing where they are all set to one."""
    return sorted([name for name in os.listdir(folder) if name[:5] == "wasm_" and name[-10:] == ".dist-info"])


def trusted(status: os.stat_result) -> bool:
    """Whether only this user, or root, can have put something into a file or folder."""
    return status.st_uid in (os.geteuid(), 0) and not status.st_mode & OTHERS_MAY_WRITE


def _open(folder: str, key: str) -> int | None:
    """The file of an entry; None: not there, or in a folder that is not to be trusted."""
    try:
        if not trusted(os.stat(folder)):
            return None
        return os.open(os.path.join(folder, key + SUFFIX), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None


def lookup(folder: str, key: str) -> MappedFile | None:
    """The artifact, mapped, and now the most recently used; None: not there, or not to be trusted. What is checked is what is mapped."""
    descriptor = _open(folder, key)
    if descriptor is None:
        return None
    try:
        found = open_file(descriptor) if trusted(os.fstat(descriptor)) else None
    except (OSError, WasmError):
        found = None
    if found is not None and found.head.origin == key:
        try:
            os.utime(descriptor)
        except OSError:
            pass  # a read-only cache is still a cache
    else:
        found = None
    os.close(descriptor)
    return found


def store(folder: str, key: str, artifact: bytes) -> None:
    """Keep an artifact, if that can be done."""
    if len(artifact) > SIZE_LIMIT:
        return
    temporary = os.path.join(folder, f".{key}.{os.urandom(8).hex()}")
    try:
        os.makedirs(folder, 0o700, exist_ok=True)
        if not trusted(os.stat(folder)):
            return
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except (OSError, ValueError):
        return
    try:
        try:
            view = memoryview(artifact)
            while view:
                view = view[os.write(descriptor, view) :]
        finally:
            os.close(descriptor)
        os.replace(temporary, os.path.join(folder, key + SUFFIX))
    except OSError:
        _remove(temporary)
    else:
        _evict(folder, SIZE_LIMIT)


def _remove(path: str) -> bool:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return True  # somebody else was quicker
    except OSError:
        return False
    return True


def _is_ours(name: str) -> bool:
    """Whether a file is called as `store` calls an entry, or what it writes before that."""
    size = 2 * KEY_SIZE
    if len(name) == size + len(SUFFIX) and name[size:] == SUFFIX:
        return HEX.issuperset(name[:size])
    return len(name) == size + 18 and name[0] == name[size + 1] == "." and HEX.issuperset(name[1 : size + 1] + name[size + 2 :])


def entries(folder: str) -> list[tuple[float, int, str]]:
    """(last use, size, path) of all that is kept and of what a killed writer left, oldest first."""
    found = []
    try:
        with os.scandir(folder) as listing:
            for entry in listing:
                try:
                    if _is_ours(entry.name) and entry.is_file(follow_symlinks=False):
                        status = entry.stat(follow_symlinks=False)
                        found.append((status.st_mtime, status.st_size, entry.path))
                except OSError:  # removed meanwhile
                    continue
    except OSError:
        return []
    return sorted(found)


def _evict(folder: str, limit: int) -> None:
    kept = entries(folder)
    total = sum(size for _, size, _ in kept)
    for _, size, path in kept:
        if total <= limit:
            break
        _remove(path)
        total -= size


def clear(folder: str) -> tuple[int, int]:
    """Remove everything: (files removed, files that could not be)."""
    removed = [_remove(path) for _, _, path in entries(folder)]
    return removed.count(True), removed.count(False)


def artifact_of(engine: Engine, source: bytes, progress: Progress | None = None, anew: bool = False) -> tuple[MappedFile | None, bytes]:
    """The artifact of a module, binary or text: (mapped, b"") when the cache has it, else (None, bytes), compiled and put there. `anew`: what
    the cache has is no good."""
    folder = folder_of(engine._cache)
    key = key_of(engine, source) if folder is not None else ""
    found = lookup(folder, key) if folder is not None and not anew else None
    if found is not None:
        return found, b""
    from wasm_facade.compilation import compile_artifact

    data = compile_artifact(engine, source, progress, key)
    if folder is not None:
        store(folder, key, data)
    return None, data


def component_artifact_of(engine: Engine, source: bytes) -> bytes:
    """The artifact of a component, binary or text, compiled and put into the cache."""
    from wasm_facade.compilation import compile_component_artifact

    data = compile_component_artifact(engine, source)
    folder = folder_of(engine._cache)
    if folder is not None:
        store(folder, key_of(engine, b"component", source), data)
    return data


def component_entry(engine: Engine, source: bytes) -> int | None:
    """The file of a component's artifact that the cache has, now the most recently used, which the caller closes; None without one to be trusted."""
    folder = folder_of(engine._cache)
    descriptor = None if folder is None else _open(folder, key_of(engine, b"component", source))
    if descriptor is None:
        return None
    if not trusted(os.fstat(descriptor)):
        os.close(descriptor)
        return None
    try:
        os.utime(descriptor)
    except OSError:
        pass  # a read-only cache is still a cache
    return descriptor
