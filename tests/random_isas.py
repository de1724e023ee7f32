"""Random modules on another instruction set, which is emulated: compiled here by the native compiler, run there, compared with wasmtime-py here.

`random_isas.py make ARCH FOLDER FIRST LAST` writes what is compiled and what wasmtime did; `random_isas.py run FOLDER`, on that machine, runs and compares.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import wasm_facade
from random_run import make, run

EXPECTED = "expected.json"


def prepare(arch: str, folder: Path, first: int, last: int) -> int:
    """An artifact of each seed, and what wasmtime's module does."""
    import wasmtime

    config = wasm_facade.Config()
    config.strategy = "native"
    config.cache = False
    config.target = f"{arch}-linux"
    engine, other = wasm_facade.Engine(config), wasmtime.Engine(wasmtime.Config())
    folder.mkdir(parents=True, exist_ok=True)
    expected = {}
    for seed in range(first, last):
        (folder / f"{seed}.cwasm").write_bytes(wasm_facade.Module(engine, make(seed)[0]).serialize())
        expected[seed] = repr(run(wasmtime, other, seed, False))
    (folder / EXPECTED).write_text(json.dumps(expected), encoding="utf-8")
    return 0


def compare(folder: Path) -> int:
    """0 if all agree."""
    engine = wasm_facade.Engine()
    wrong = 0
    expected = json.loads((folder / EXPECTED).read_text(encoding="utf-8"))
    for name, wanted in expected.items():
        seen = repr(run(wasm_facade, engine, int(name), False, wasm_facade.Module.deserialize_file(engine, str(folder / f"{name}.cwasm"))))
        if seen != wanted:
            wrong += 1
            at = next((k for k, (a, b) in enumerate(zip(seen, wanted, strict=False)) if a != b), 0)
            print(f"seed {name}: at {at}: {seen[at : at + 100]} != {wanted[at : at + 100]}")
    print(f"{len(expected) - wrong} modules agree")
    return 1 if wrong else 0


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    sys.exit(prepare(rest[0], Path(rest[1]), int(rest[2]), int(rest[3])) if command == "make" else compare(Path(rest[0])))
