"""Wheels, built here and installed in a clean environment: how fast they compile, beside the workspace's own packages."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.guests import Unavailable
from bench.modules import wanted
from bench.options import Options
from bench.rows import Row, compared, failure, skipped

ROOT = Path(__file__).parent.parent
BUILT = ("wasm-environ", "wasm-vm", "wasm-codegen-native", "wasm-facade")  # what compiles, without LLVM, which is nobody's to build
MOST_MB = 1.0
ROUNDS = 3


def measure(options: Options) -> Iterator[Row]:
    """A row for each of the small modules: Module(engine, bytes) by the wheels over the same by the workspace."""
    import wasm_facade

    uv = os.environ.get("UV") or shutil.which("uv")
    if uv is None or wasm_facade.build_info()["form"] != "compiled":
        yield skipped("wheels", "Module(engine, bytes)", "needs uv, which builds the wheels" if uv is None else "these packages run uncompiled")
        return
    with tempfile.TemporaryDirectory() as folder:
        try:
            python = _installed(uv, Path(folder))
        except subprocess.CalledProcessError as error:
            yield failure("wheels", "Module(engine, bytes)", error.stderr[-200:])
            return
        for module, path in wanted(options):
            if module.megabytes > MOST_MB and not options.only:
                continue
            if isinstance(path, Unavailable):
                yield skipped("wheels", module.name, str(path))
                continue
            best = dict.fromkeys((str(python), sys.executable), float("inf"))
            for _ in range(ROUNDS):
                for side in best:
                    best[side] = min(best[side], _seconds(side, path))
            wheel, workspace = best.values()
            yield compared("wheels", f"Module of {module.name}, beside the workspace's", wheel, workspace, note=f"{module.megabytes / wheel:.3g} MB/s")


def _installed(uv: str, folder: Path) -> Path:
    """Build the wheels, install them into a new environment; its python."""
    for package in BUILT:
        _run(uv, "build", "--quiet", "--wheel", "--package", package, "--python", sys.executable, "--out-dir", str(folder / "dist"))
    python = folder / "env" / "bin" / "python"
    _run(uv, "venv", "--quiet", "--python", sys.executable, str(folder / "env"))
    _run(uv, "pip", "install", "--quiet", "--python", str(python), *map(str, (folder / "dist").glob("*.whl")))
    form = _run(str(python), "-P", "-c", "import wasm_facade as w; print(w.build_info()['form'], w.__file__)").split()
    if form[0] != "compiled" or not form[1].startswith(str(folder)):
        raise subprocess.CalledProcessError(1, str(python), stderr=f"what was installed is not the compiled wheel: {form}")
    return python


def _run(*command: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in ("WASM_PURE", "VIRTUAL_ENV", "PYTHONPATH")}
    return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout


def _seconds(python: str, path: Path) -> float:
    """CPU seconds of one compilation, the best of a few, in a process of its own."""
    best: float = json.loads(_run(python, "-m", "bench.compile_once", "ours", "native", str(path), "2"))["cpu"]
    return best
