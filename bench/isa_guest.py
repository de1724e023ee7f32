"""On another instruction set, emulated: loads artifacts, says where their code is, and runs each. `isa_guest.py ARTIFACT ARGUMENT ...`, for `isa_counts`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import wasm_facade


def main(arguments: list[str]) -> int:
    """A line an artifact, with start and end of its code, before any runs; the results at the end."""
    engine = wasm_facade.Engine()
    store = wasm_facade.Store(engine)
    exports: list[Any] = []
    for path in arguments[::2]:
        before = _executable()
        module = wasm_facade.Module.deserialize_file(engine, path)
        (start, end), *_ = sorted(_executable() - before, key=lambda place: place[0] - place[1])  # the longest
        print(Path(path).stem, start, end, flush=True)
        exports.append(wasm_facade.Instance(store, module, []).exports(store))
    print("ready", flush=True)
    for export, argument in zip(exports, arguments[1::2], strict=True):
        if int(argument):
            print(export["run"](store, int(argument)), flush=True)
    return 0


def _executable() -> set[tuple[int, int]]:
    """Start and end of what this process can execute."""
    lines = (line.split() for line in Path("/proc/self/maps").read_text().splitlines())
    places = (line[0].split("-") for line in lines if "x" in line[1])
    return {(int(start, 16), int(end, 16)) for start, end in places}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
