"""What the subcommands share about files: reading them, making modules of them, progress while that takes long."""

from __future__ import annotations

import os
import sys
from stat import S_ISREG  # which `os` has imported

from wasm_facade.module import ELF_MAGIC, Module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_facade.compilation import Progress
    from wasm_facade.engine import Engine


def read(path: str) -> bytes:
    """The contents of a file, or of stdin for "-"."""
    if path == "-":
        return sys.stdin.buffer.read()
    with open(path, "rb") as file:
        return file.read()


def write(path: str, data: bytes) -> None:
    """Make a file, whole or not at all: a program that has the old one mapped keeps it, and where writing fails the old one stays. What is no
    regular file (a pipe, /dev/stdout) is written into."""
    try:
        status = os.stat(path)
    except OSError:
        status = None
    if status is not None and not S_ISREG(status.st_mode):
        with open(path, "wb") as file:
            file.write(data)
        return
    path = os.path.realpath(path)  # over the file, not over a link to it
    temporary = f"{path}.{os.urandom(8).hex()}"
    try:
        with open(temporary, "xb") as file:
            file.write(data)
        if status is not None:
            os.chmod(temporary, status.st_mode & 0o7777)
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise


def load_module(engine: Engine, path: str) -> Module:
    """A module from a binary, a text or an artifact."""
    if path == "-":
        data = read(path)
        if data[:4] == ELF_MAGIC:
            return Module.deserialize(engine, data)
        return Module._with_progress(engine, data, progress())
    with open(path, "rb") as file:
        head = file.read(4)
        if head != ELF_MAGIC:
            return Module._with_progress(engine, head + file.read(), progress())
    return Module.deserialize_file(engine, path)


def progress() -> Progress | None:
    """A function that shows how far compiling is, once it has taken a second; None where stderr is no terminal."""
    try:
        if not sys.stderr.isatty():
            return None
    except (AttributeError, ValueError):  # there is no stderr, or it is closed
        return None
    from time import monotonic

    started = shown = monotonic()

    def report(done: int, total: int) -> None:
        nonlocal shown
        now = monotonic()
        if now - started < 1 or (now - shown < 0.1 and done < total):
            return
        shown = now
        if done >= total:
            sys.stderr.write("\r\x1b[K")
        else:
            sys.stderr.write(f"\rcompiling: {done:,} of {total:,} functions, {100 * done // total} %")
        sys.stderr.flush()

    return report
