"""`wasm capi`: what a C compiler has to be told: flags, libraries, folders, as words or as a file for pkg-config."""

from __future__ import annotations

from pathlib import Path

from wasm_facade.cli import OK
from wasm_facade.cli.options import Command, Parsed, UsageError

HERE = Path(__file__).parent
COMMAND = Command("capi", "cflags|libs|path|pkg-config", "Say what a C compiler has to be told to use wasm.h and wasmtime.h, or where they are.")
VERSION = "0.1.0"


def run(options: Parsed) -> int:
    """Print what is asked for."""
    answers = {"cflags": cflags(), "libs": libs(), "path": str(HERE), "pkg-config": pkg_config()}
    if len(options.operands) != 1 or options.operands[0] not in answers:
        raise UsageError(f"one of {', '.join(answers)} is needed")
    print(answers[options.operands[0]])
    return OK


def cflags() -> str:
    """Where the headers are."""
    return f"-I{HERE / 'include'}"


def libs() -> str:
    """The library, found again when the program runs."""
    return f"-L{HERE} -lwasm_capi -Wl,-rpath,{HERE}"


def pkg_config() -> str:
    """The text of wasm-capi.pc."""
    lines = ["Name: wasm-capi", "Description: WebAssembly from C: wasm.h and wasmtime.h", f"Version: {VERSION}", f"Cflags: {cflags()}", f"Libs: {libs()}"]
    return "\n".join(lines)
