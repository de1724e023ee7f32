"""Function names for profilers: perf's map file, and the jitdump format that also carries the code.

Sources: tools/perf/Documentation/jit-interface.txt and jitdump-specification.txt of the Linux kernel. Both are for code that is mapped.
"""

from __future__ import annotations

from typing import Final

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

JITDUMP_MAGIC: Final = 0x4A695444
JITDUMP_VERSION: Final = 1
HEADER_SIZE: Final = 40
CODE_LOAD: Final = 0
RECORD_SIZE: Final = 56  # of CODE_LOAD without name and code
ELF_MACHINES: Final = {"x86_64": 62, "aarch64": 183, "riscv64": 243, "s390x": 22}


def write_perf_map(functions: Iterable[tuple[int, int, str]], path: str = "") -> str:
    """Append (address, size, name) rows to /tmp/perf-PID.map, where perf looks; returns the path. Raises OSError."""
    import os

    path = path or f"/tmp/perf-{os.getpid()}.map"
    lines = "".join(f"{address:x} {size:x} {_clean(name)}\n" for address, size, name in functions)
    # Only a file of our own: /tmp is shared, and a symbolic link there must not lead the write elsewhere.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        data = lines.encode()
        while data:
            data = data[os.write(descriptor, data) :]
    finally:
        os.close(descriptor)
    return path


def jitdump(functions: Iterable[tuple[int, bytes, str]], isa: str, pid: int, now: int) -> bytes:
    """A jitdump file with (address, code, name) rows. `now`: CLOCK_MONOTONIC in nanoseconds.

    perf finds it when its first page is mapped executable while recording: see `perf inject --jit`.
    """
    import struct

    parts = [struct.pack("<IIIIIIQQ", JITDUMP_MAGIC, JITDUMP_VERSION, HEADER_SIZE, ELF_MACHINES[isa], 0, pid, now, 0)]
    for index, (address, code, name) in enumerate(functions):
        label = _clean(name).encode() + b"\0"
        size = RECORD_SIZE + len(label) + len(code)
        parts.append(struct.pack("<IIQIIQQQQ", CODE_LOAD, size, now, pid, pid, address, address, len(code), index))
        parts += [label, code]
    return b"".join(parts)


def _clean(name: str) -> str:
    """Without what would end the line or the string."""
    return name.translate({0: "?", 10: "?", 13: "?"}) or "?"
