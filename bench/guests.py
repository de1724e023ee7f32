"""Build the guests: C through the `ziglang` package and wat, into a cache keyed by content."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("WASM_BENCH_CACHE", HERE / ".cache"))
FREESTANDING = ("-target", "wasm32-freestanding", "-O2", "-nostdlib", "-Wl,--no-entry")


class Unavailable(Exception):
    """A guest that this machine cannot build or fetch; its rows are skipped by name."""


def build_kernel(name: str, *sizes: str) -> bytes:
    """The freestanding kernel `guests/NAME.c`, which exports `run` and its memory; `sizes` are macros, for less work."""
    return build_c((HERE / "guests" / f"{name}.c",), (*FREESTANDING, "-Wl,--export=run", *sizes)).read_bytes()


def build_c(sources: tuple[Path, ...], flags: tuple[str, ...]) -> Path:
    """Compile C to wasm with zig's clang; the path of the result in the cache."""
    try:
        zig = version("ziglang")
    except PackageNotFoundError:
        raise Unavailable("the ziglang package is not installed") from None
    key = hashlib.sha256(repr((zig, flags)).encode())
    for source in sources:
        key.update(source.read_bytes())
    output = CACHE / "guests" / f"{sources[0].stem}-{key.hexdigest()[:16]}.wasm"
    if not output.exists():
        output.parent.mkdir(parents=True, exist_ok=True)
        partial = output.with_suffix(f".{os.getpid()}.wasm")
        command = [sys.executable, "-m", "ziglang", "cc", *flags, *map(str, sources), "-o", str(partial)]
        built = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        if built.returncode:
            raise RuntimeError(f"zig cc failed for {sources[0].name}:\n{built.stderr}")
        partial.replace(output)
    return output


def from_wat(text: str) -> bytes:
    """Assemble with wasmtime's assembler, so that both sides get the same bytes."""
    import wasmtime

    return bytes(wasmtime.wat2wasm(text))
