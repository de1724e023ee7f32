"""Compiled artifacts: serialize, and deserialize_file with a dropped module."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from bench.clock import repeated
from bench.contenders import Contender, theirs
from bench.guests import Unavailable
from bench.modules import RealModule, wanted
from bench.options import Options
from bench.rows import Row, raced, skipped

# One of each size is enough: what is measured here grows with bytes only, and each has to be compiled first.
NAMES = ("web-tree-sitter", "sql.js", "esbuild")
LARGE_MB = 10.0


def measure(options: Options) -> Iterator[Row]:
    """Two rows a module."""
    for module, path in wanted(options):
        if module.name in NAMES:
            if isinstance(path, Unavailable):
                yield skipped("load", module.name, str(path))
            else:
                yield from _rows(module, path.read_bytes(), options)


def _rows(module: RealModule, wasm: bytes, options: Options) -> Iterator[Row]:
    size = ", 10 MB or more" if module.megabytes >= LARGE_MB else ""
    with tempfile.TemporaryDirectory() as folder:
        ours, other = _Compiled(options.our_first, wasm, folder), _Compiled(theirs(), wasm, folder)
        for name in ("serialize", "deserialize_file"):
            yield raced(
                "load",
                f"{name}: {module.name}{size if name == 'deserialize_file' else ''}",
                partial(repeated, getattr(ours, name)),
                partial(repeated, getattr(other, name)),
                options.rounds,
            )


class _Compiled:
    """One side's module and its artifact on disk, compiled when first needed so that a failure is a row."""

    def __init__(self, contender: Contender, wasm: bytes, folder: str) -> None:
        self.contender = contender
        self.wasm = wasm
        self.path = Path(folder) / f"{id(self)}.cwasm"
        self.module: Any = None

    def serialize(self) -> object:
        self._compile()
        return self.module.serialize()

    def deserialize_file(self) -> object:
        self._compile()
        return self.contender.api.Module.deserialize_file(self.engine, str(self.path))

    def _compile(self) -> None:
        if self.module is None:
            self.engine = self.contender.engine()
            self.module = self.contender.api.Module(self.engine, self.wasm)
            self.path.write_bytes(self.module.serialize())
