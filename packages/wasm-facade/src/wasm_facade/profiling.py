"""Function names for profilers: perf's map file, and the jitdump format that also carries the code.

Sources: tools/perf/Documentation/jit-interface.txt and jitdump-specification.txt of the Linux kernel. Both are for code that is mapped.
"""

from __future__ import annotations

from typing import Final

from wasm_environ.compiler import MACHINES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from wasm_vm import LoadedModule

JITDUMP_MAGIC: Final = 0x4A695444
JITDUMP_VERSION: Final = 1
HEADER_SIZE: Final = 40
CODE_LOAD: Final = 0
RECORD_SIZE: Final = 56  # of CODE_LOAD without name and code

_dumps: dict[str, object] = {}  # path of a jitdump file -> the executable mapping by which perf finds it


def announce(profiler: str, loaded: LoadedModule, artifact: bytes | memoryview) -> None:
    """Tell a profiler (`perfmap` or `jitdump`) the functions of a module that was just loaded. Raises OSError."""
    rows = list(functions_of(loaded, memoryview(artifact)))
    if profiler == "perfmap":
        write_perf_map((address, len(code), name) for address, code, name in rows)
    elif profiler == "jitdump":
        append_jitdump(rows)


def functions_of(loaded: LoadedModule, artifact: memoryview) -> Iterator[tuple[int, bytes, str]]:
    """(address, code, name) of every function that `artifact`, loaded, has in memory."""
    import marshal
    from zlib import crc32

    from wasm_environ.artifact import read_head

    sections = read_head(artifact, crc32).sections

    def section(name: str) -> memoryview:
        at, size = sections[name]
        return artifact[at : at + size]

    text, table = section(".text"), section(".wasm.functions").cast("I")
    names: dict[int, str] = marshal.loads(section(".wasm.names"))[1]
    first = loaded.module.module.imported_functions
    for number in range(len(table) // 2):
        offset, size = table[2 * number], table[2 * number + 1]
        yield loaded.text_address + offset, bytes(text[offset : offset + size]), names.get(first + number, f"wasm[{first + number}]")


def append_jitdump(rows: Iterable[tuple[int, bytes, str]], folder: str = "/tmp") -> str:
    """Append rows to FOLDER/jit-PID.dump, mapped executable once so that `perf record -k mono` notes it; returns the path. Raises OSError."""
    import mmap
    import os
    import time

    pid = os.getpid()
    path = f"{folder}/jit-{pid}.dump"
    data = jitdump(rows, os.uname().machine, pid, time.monotonic_ns())
    fresh = path not in _dumps
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | (os.O_TRUNC if fresh else 0)
    descriptor = os.open(path, flags, 0o600)
    with open(descriptor, "ab") as file:
        file.write(data if fresh else data[HEADER_SIZE:])
        file.flush()
        if fresh:
            _dumps[path] = mmap.mmap(descriptor, HEADER_SIZE, prot=mmap.PROT_READ | mmap.PROT_EXEC, flags=mmap.MAP_PRIVATE)
    return path


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

    parts = [struct.pack("<IIIIIIQQ", JITDUMP_MAGIC, JITDUMP_VERSION, HEADER_SIZE, MACHINES[isa], 0, pid, now, 0)]
    for index, (address, code, name) in enumerate(functions):
        label = _clean(name).encode() + b"\0"
        size = RECORD_SIZE + len(label) + len(code)
        parts.append(struct.pack("<IIQIIQQQQ", CODE_LOAD, size, now, pid, pid, address, address, len(code), index))
        parts += [label, code]
    return b"".join(parts)


def _clean(name: str) -> str:
    """Without what would end the line or the string."""
    return name.translate({0: "?", 10: "?", 13: "?"}) or "?"
