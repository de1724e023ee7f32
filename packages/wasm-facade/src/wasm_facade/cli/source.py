"""What the subcommands share about files: reading and writing them."""

from __future__ import annotations

import os
import sys
from stat import S_ISREG  # which `os` has imported

from wasm_facade.source import file_bytes


def read(path: str) -> bytes:
    """The contents of a file, or of stdin for "-"."""
    if path == "-":
        return sys.stdin.buffer.read()
    with open(path, "rb") as file:
        return file.read()


def read_module(path: str) -> bytes:
    """The same of a file that should be a module, binary or text. Raises ArtifactError for an artifact, MalformedError for a .wasm of something else."""
    return file_bytes(read(path), path)


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
