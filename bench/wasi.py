"""Preview 1: what each kind of call costs a guest, in a folder of the host's, beside wasmtime-py on the same program."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

from bench.clock import Sample
from bench.contenders import Contender, theirs
from bench.guests import FREESTANDING, HERE, Unavailable, build_c
from bench.options import Options
from bench.rows import Row, raced, skipped

ENTRIES = 2000

# Columns: row, the guest's function, how many calls a round, how many in a quick one.
CALLS = (
    ("clock_time_get", "clock_now", 200_000, 20_000),
    ("fd_seek", "seek", 200_000, 20_000),
    ("fd_seek, to tell", "tell", 200_000, 20_000),
    ("random_get of 16 bytes", "random_16", 50_000, 5_000),
    ("write of 6 bytes", "write_6", 50_000, 5_000),
    ("write of 6 bytes to stdout, a file", "print_6", 50_000, 5_000),
    ("write of 2 buffers", "write_line", 50_000, 5_000),
    ("read of 6 bytes", "read_6", 50_000, 5_000),
    ("pread of 100 bytes", "pread_100", 50_000, 5_000),
    ("write of 4 KiB", "write_4k", 10_000, 1_000),
    ("read of 4 KiB", "read_4k", 10_000, 1_000),
    ("write of 64 KiB", "write_64k", 1_000, 100),
    ("read of 64 KiB", "read_64k", 1_000, 100),
    ("write of 1 MiB", "write_big", 200, 16),
    ("read of 1 MiB", "read_big", 200, 16),
    ("stat", "stat", 5_000, 500),
    ("open and close", "open_close", 5_000, 500),
    ("create and unlink", "create", 2_000, 200),
    (f"readdir of {ENTRIES:,}", "readdir", 5, 1),
    (f"readdir of {ENTRIES:,}, 4 KiB at once", "readdir_4k", 2, 1),  # as C libraries do
)  # fmt: skip


def measure(options: Options) -> Iterator[Row]:
    """One row for each kind of call. Both sides write to the same file, in turns."""
    try:
        guest = build_c((HERE / "guests" / "wasi_calls.c",), FREESTANDING).read_bytes()
    except Unavailable as error:
        yield skipped("wasi", "every call", str(error))
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "many").mkdir()
        for number in range(ENTRIES):
            (folder / "many" / f"entry-{number:05}").touch()
        ours, other = (_Side(side, guest, folder) for side in (options.our_first, theirs()))
        for name, function, count, few in CALLS:
            if options.wants(name):
                count = few if options.quick else count
                yield raced("wasi", name, partial(ours.sample, function, count), partial(other.sample, function, count), options.rounds)
        for side in (ours, other):
            side.call("finish", 0)


class _Side:
    """The guest in one runtime, its file open."""

    def __init__(self, contender: Contender, guest: bytes, folder: Path) -> None:
        api: Any = contender.api
        engine = contender.engine()
        self._store = api.Store(engine)
        config = api.WasiConfig()
        config.preopen_dir(os.fspath(folder), "/")
        config.stdout_file = folder / contender.name
        self._store.set_wasi(config)
        linker = api.Linker(engine)
        linker.define_wasi()
        self._exports = linker.instantiate(self._store, api.Module(engine, guest)).exports(self._store)
        self.call("prepare", 0)

    def call(self, function: str, count: int) -> None:
        """Have the guest make that many calls; raises if one failed."""
        found: Callable[..., int] = self._exports[function]
        code = found(self._store, count)
        if code:
            raise RuntimeError(f"{function}: errno {code}")

    def sample(self, function: str, count: int) -> Sample:
        self.call("write_big", 200)  # what is read is there

        def sample() -> float:
            start = process_time()
            self.call(function, count)
            return (process_time() - start) / count

        return sample
