"""The cache of compiled modules: one artifact a file, keyed by content, compiler, target and settings; bounded, least recently used first.

Safe with many processes: a file appears whole, by rename, or not at all. Trouble of any kind (no space, read-only, foreign owner,
damaged entry) means compiling again, never an error.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasm_facade.compilation import Progress
    from wasm_facade.engine import Engine

SIZE_LIMIT: Final = 1 << 30  # bytes kept at most
SUFFIX: Final = ".cwasm"


def default_folder() -> str:
    """$WASM_CACHE_DIR, or `wasm` in the user's cache folder as the platform has it."""
    chosen = os.environ.get("WASM_CACHE_DIR")
    if chosen:
        return chosen
    if sys.platform == "darwin":
        return os.path.expanduser("~/Library/Caches/wasm")
    parent = os.environ.get("XDG_CACHE_HOME")
    return os.path.join(parent if parent and os.path.isabs(parent) else os.path.expanduser("~/.cache"), "wasm")


def folder_of(setting: bool | str) -> str | None:
    """The folder for a value of `Config.cache`; None: no cache."""
    if setting is False:
        return None
    return default_folder() if setting is True else setting


def content_key(*parts: bytes) -> str:
    """A name for the content; each part counts with its length."""
    try:
        from _blake2 import blake2b  # hashlib costs 5 ms of imports
    except ImportError:  # pragma: no cover
        from hashlib import blake2b

    digest = blake2b(digest_size=20)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()


def code_stamp(path: str) -> str:
    """Changes when the package whose `__init__` is at `path` does: an edited source must never meet code made before the edit."""
    try:
        if "site-packages" in path:
            return f"{path} {os.stat(path).st_mtime_ns}"
        return f"{path} {_sources(os.path.dirname(path))}"
    except OSError:
        return path


def _sources(folder: str) -> tuple[int, float]:
    """(number, sum of the modification times) of the sources; what is compiled of them is compared with them when it is imported."""
    with os.scandir(folder) as listing:
        entries = [entry for entry in listing if entry.name != "__pycache__"]
    times = [entry.stat().st_mtime for entry in entries if entry.name[-3:] == ".py"]
    count, total = len(times), sum(times)
    for entry in entries:
        if "." not in entry.name and entry.is_dir():
            below = _sources(entry.path)
            count, total = count + below[0], total + below[1]
    return count, total


def lookup(folder: str, key: str) -> str | None:
    """The path of the artifact, now the most recently used; None: not there, or not to be trusted."""
    path = os.path.join(folder, key + SUFFIX)
    try:
        status = os.stat(path)
    except OSError:
        return None
    if status.st_uid != os.geteuid() or status.st_mode & 0o022:
        return None  # somebody else could have written code into it
    try:
        os.utime(path)
    except OSError:
        return path  # a read-only cache is still a cache
    return path


def store(folder: str, key: str, artifact: bytes) -> None:
    """Keep an artifact, if that can be done."""
    temporary = os.path.join(folder, f".{key}.{os.getpid()}")
    try:
        os.makedirs(folder, 0o700, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            view = memoryview(artifact)
            while view:
                view = view[os.write(descriptor, view) :]
        finally:
            os.close(descriptor)
        os.replace(temporary, os.path.join(folder, key + SUFFIX))
    except OSError:
        discard(temporary)
    else:
        _evict(folder, SIZE_LIMIT)


def discard(path: str) -> None:
    """Remove a file if it is there."""
    try:
        os.unlink(path)
    except OSError:
        return


def entries(folder: str) -> list[tuple[float, int, str]]:
    """(last use, size, path) of all that is kept and of what a killed writer left, oldest first."""
    found = []
    try:
        with os.scandir(folder) as listing:
            for entry in listing:
                if entry.name.endswith(SUFFIX) or entry.name.startswith("."):
                    try:
                        status = entry.stat()
                    except OSError:  # removed meanwhile
                        continue
                    found.append((status.st_mtime, status.st_size, entry.path))
    except OSError:
        return []
    return sorted(found)


def _evict(folder: str, limit: int) -> None:
    kept = entries(folder)
    total = sum(size for _, size, _ in kept)
    for _, size, path in kept:
        if total <= limit:
            break
        discard(path)
        total -= size


def clear(folder: str) -> int:
    """Remove everything; returns how many files that were."""
    found = entries(folder)
    for _, _, path in found:
        discard(path)
    return len(found)


def artifact_of(engine: Engine, source: bytes, progress: Progress | None = None, anew: bool = False) -> tuple[str, bytes]:
    """The artifact of a module, binary or text: (path, b"") when the cache has it, else ("", bytes), compiled and put there. `anew`: what the
    cache has is no good."""
    folder = folder_of(engine._cache)
    key = engine._cache_key(source) if folder is not None else ""
    path = lookup(folder, key) if folder is not None and not anew else None
    if path is not None:
        return path, b""
    from wasm_facade.compilation import compile_artifact

    data = compile_artifact(engine, source, progress)
    if folder is not None:
        store(folder, key, data)
    return "", data
