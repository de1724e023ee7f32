"""WASI 0.2: what calls cost a component, in a folder of the host's, beside wasmtime-py on the same one."""

from __future__ import annotations

import importlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

from bench.clock import Sample
from bench.contenders import Contender, theirs
from bench.guests import from_wat
from bench.options import Options
from bench.rows import Row, raced
from bench.wasi import ENTRIES
from bench.wasi2_guest import component

# Columns: row, the component's function, calls a round, in a quick one.
CALLS = (
    ("monotonic-clock now", "now", 100_000, 10_000),
    ("wall-clock now", "wall", 100_000, 10_000),
    ("get-random-u64", "random", 50_000, 5_000),
    ("get-random-bytes, 16", "random-16", 50_000, 5_000),
    ("check-write, and write of 6 bytes", "write-6", 20_000, 2_000),
    ("blocking-write-and-flush of 6 bytes to stdout, a file", "print-6", 20_000, 2_000),
    ("blocking-write-and-flush of 4 KiB", "print-4k", 10_000, 1_000),
    ("check-write, and write of 64 KiB", "write-64k", 1_000, 100),
    ("check-write, and write of 1 MiB", "write-1m", 64, 16),
    ("blocking-read of 6 bytes", "read-6", 20_000, 2_000),
    ("blocking-read of 4 KiB", "read-4k", 10_000, 1_000),
    ("blocking-read of 64 KiB", "read-64k", 1_000, 100),
    ("blocking-read of 1 MiB", "read-1m", 64, 16),
    ("descriptor.read of 100 bytes", "pread-100", 20_000, 2_000),
    ("subscribe, poll a timer that is over, drop", "poll", 5_000, 500),
    ("stat-at", "stat", 5_000, 500),
    ("open-at and drop", "open", 5_000, 500),
    ("create and unlink", "create", 2_000, 200),
    (f"read-directory of {ENTRIES:,}", "readdir", 5, 1),
)


def measure(options: Options) -> Iterator[Row]:
    """One row for each kind of call. Both sides write to the same file, in turns."""
    wasm = from_wat(component())
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "file").write_bytes(bytes(64 << 20))
        (folder / "many").mkdir()
        for number in range(ENTRIES):
            (folder / "many" / f"entry-{number:05}").touch()
        ours, other = (_Side(side, wasm, folder) for side in (options.our_first, theirs()))
        for name, function, count, few in CALLS:
            if options.wants(name):
                count = few if options.quick else count
                yield raced("wasi2", name, partial(ours.sample, function, count), partial(other.sample, function, count), options.rounds)


class _Side:
    """The component in one runtime, its file open, stdout another file."""

    def __init__(self, contender: Contender, wasm: bytes, folder: Path) -> None:
        api: Any = contender.api
        of_components = importlib.import_module(f"{api.__name__}.component")
        engine = contender.engine()
        self._store = api.Store(engine)
        config = api.WasiConfig()
        config.preopen_dir(os.fspath(folder), "/")
        config.stdout_file = folder / contender.name
        self._store.set_wasi(config)
        linker = of_components.Linker(engine)
        linker.add_wasip2()
        self._instance = linker.instantiate(self._store, of_components.Component(engine, wasm))

    def sample(self, function: str, count: int) -> Sample:
        call = self._instance.get_func(self._store, function)

        def sample() -> float:
            start = process_time()
            failed = call(self._store, count)
            spent = process_time() - start
            if hasattr(call, "post_return"):
                call.post_return(self._store)
            if failed:
                raise RuntimeError(f"{function}: {failed} calls failed")
            return spent / count

        return sample
