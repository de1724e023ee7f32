"""Random modules on another instruction set, which is emulated: compiled here by the native compiler, run there, compared with wasmtime-py here.

`random_isas.py make ARCH KIND FOLDER FIRST LAST [CPU]` writes what is compiled and what wasmtime did; KIND is `plain` (`random_modules`) or `gc` (`random_gc`).
`random_isas.py run FOLDER`, on that machine, runs and compares.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import random_gc_run
import random_run
import wasm_facade

EXPECTED = "expected.json"
GARBAGE = 1000  # objects of it that a call of a GC module makes


def run(kind: str, api: Any, engine: Any, seed: int, module: Any) -> str:
    """What a seed's module does."""
    seen = random_gc_run.run(api, engine, module, seed, GARBAGE) if kind == "gc" else random_run.run(api, engine, seed, False, module)
    return repr(seen)


def make(kind: str, seed: int) -> bytes:
    """A seed's module."""
    if kind == "gc":
        import random_gc
        from wasm_environ.text import parse_module

        return parse_module(random_gc.make(seed))
    return random_run.make(seed)[0]


def prepare(arch: str, kind: str, folder: Path, first: int, last: int, cpu: str = "") -> int:
    """An artifact of each seed, and what wasmtime's module does."""
    import wasmtime

    config = wasm_facade.Config()
    config.strategy = "native"
    config.cache = False
    config.target = f"{arch}-linux"
    if cpu:
        config.cpu = cpu
    theirs = wasmtime.Config()
    if kind == "gc":
        theirs.wasm_gc = theirs.wasm_function_references = theirs.wasm_exceptions = True
    engine, other = wasm_facade.Engine(config), wasmtime.Engine(theirs)
    folder.mkdir(parents=True, exist_ok=True)
    expected = {}
    for seed in range(first, last):
        data = make(kind, seed)
        (folder / f"{seed}.cwasm").write_bytes(wasm_facade.Module(engine, data).serialize())
        expected[seed] = run(kind, wasmtime, other, seed, wasmtime.Module(other, data))
    (folder / EXPECTED).write_text(json.dumps([kind, expected]), encoding="utf-8")
    return 0


def compare(folder: Path) -> int:
    """0 if all agree."""
    engine = wasm_facade.Engine()
    wrong = 0
    kind, expected = json.loads((folder / EXPECTED).read_text(encoding="utf-8"))
    for name, wanted in expected.items():
        seen = run(kind, wasm_facade, engine, int(name), wasm_facade.Module.deserialize_file(engine, str(folder / f"{name}.cwasm")))
        if seen != wanted:
            wrong += 1
            at = next((k for k, (a, b) in enumerate(zip(seen, wanted, strict=False)) if a != b), 0)
            print(f"seed {name}: at {at}: {seen[at : at + 100]} != {wanted[at : at + 100]}")
    print(f"{len(expected) - wrong} modules agree")
    return 1 if wrong else 0


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    sys.exit(prepare(rest[0], rest[1], Path(rest[2]), int(rest[3]), int(rest[4]), *rest[5:]) if command == "make" else compare(Path(rest[0])))
