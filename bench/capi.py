"""The C API: one program, linked with our library and with wasmtime's, which its Python package brings along."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from bench.options import Options
from bench.rows import Row, compared, failure, skipped

STARTS = 5  # processes, of which the fastest counts: what else the machine does is no part of a start
SOURCE = Path(__file__).with_suffix(".c")
FIRST = "first engine"  # starts Python: a bound of its own, wasmtime has nothing like it
LIMIT = 60e6  # ns


def measure(options: Options) -> Iterator[Row]:
    """A row for each line of the program."""
    folders = {name: _folder(name) for name in ("wasm_capi", "wasmtime")}
    if None in folders.values():
        yield skipped("capi", "all", "wasm-capi or wasmtime is not installed")
        return
    with tempfile.TemporaryDirectory() as folder:
        ours = _run(Path(folder), folders["wasm_capi"], "libwasm_capi.so")
        theirs = _run(Path(folder), folders["wasmtime"], "linux-x86_64/_libwasmtime.so")
    for name, cost in ours.items():
        if not options.wants(name):
            continue
        if name == FIRST and cost > LIMIT:
            yield failure("capi", name, f"{cost / 1e6:.0f} ms, which may be {LIMIT / 1e6:.0f}")
        elif name == FIRST:
            yield Row("capi", name, cost * 1e-9, theirs[name] * 1e-9)
        else:
            yield compared("capi", name, cost * 1e-9, theirs[name] * 1e-9)


def _folder(package: str) -> Path | None:
    spec = find_spec(package)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent


def _run(folder: Path, package: Path | None, library: str) -> dict[str, float]:
    """What the program prints: nanoseconds by name."""
    headers = _folder("wasm_capi")
    assert package is not None
    assert headers is not None
    path, program = package / library, folder / Path(library).stem
    subprocess.run(["gcc", "-O2", f"-I{headers / 'include'}", str(SOURCE), "-o", str(program), str(path), f"-Wl,-rpath,{path.parent}"], check=True)
    env = {**os.environ, "WASM_CAPI_PYTHON": sys.executable}
    starts = [_lines([program, "start"], env)[FIRST] for _ in range(STARTS)]
    return {**_lines([program], env), FIRST: min(starts)}


def _lines(command: list[Path | str], env: dict[str, str]) -> dict[str, float]:
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    return {name: float(cost) for name, cost in (line.rsplit(" ", 1) for line in done.stdout.splitlines())}
