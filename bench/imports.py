"""Start-up: import time, and a whole process that runs a compiled hello, beside python -c pass.

Measured in an environment of its own, where the packages are installed as users have them: in the workspace each import looks through the folders of
all packages, and the cache's key through all their sources, since these may be edited. Those figures are shown as well.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

from bench import contenders
from bench.clock import Sample, race
from bench.contenders import Contender, theirs
from bench.guests import FREESTANDING, HERE, Unavailable, build_c, from_wat
from bench.options import Options
from bench.rows import Row, compared, failure, raced, skipped

HELLO = b"hello\n"
# Programs that do nothing: with WASI, to say so, and without.
LEAVES = """(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (memory (export "memory") 1)
  (func (export "_start") (call $exit (i32.const 0))))"""
RETURNS = """(module (memory (export "memory") 1) (func (export "_start")))"""
ROOT = Path(__file__).parent.parent
PACKAGES = ("wasm-environ", "wasm-vm", "wasm-codegen-native", "wasm-wasi-common", "wasm-wasi-p1", "wasm-facade")
IMPORT = "import time; a = time.perf_counter(); import {}; print(time.perf_counter() - a)"
# The shortest program for wasmtime-py that does what `wasm run` does, with its module compiled.
SCRIPT = """import sys, {api} as wasm
engine = wasm.Engine()
store = wasm.Store(engine)
wasi = wasm.WasiConfig()
wasi.argv = sys.argv[1:]
wasi.inherit_env()
wasi.inherit_stdin()
wasi.inherit_stdout()
wasi.inherit_stderr()
store.set_wasi(wasi)
linker = wasm.Linker(engine)
linker.define_wasi()
instance = linker.instantiate(store, wasm.Module.deserialize_file(engine, sys.argv[1]))
instance.exports(store)["_start"](store)
"""


def measure(options: Options) -> Iterator[Row]:
    """Rows for the import, the process beside theirs, the process beside an empty one."""
    rounds = 5 if options.quick else 20
    ours = partial(_import_sample, contenders.OURS)
    yield raced("imports", "import", ours, partial(_import_sample, contenders.THEIRS), rounds)
    try:
        hello = build_c((HERE / "guests" / "hello.c",), (*FREESTANDING, "-Wl,--export=_start"))
    except Unavailable as error:
        yield skipped("imports", "hello", str(error))
        return
    with tempfile.TemporaryDirectory() as folder:
        for python, where in ((_installed(Path(folder) / "installed"), ""), (sys.executable, ", in the workspace")):
            try:
                yield from _hello(options.our_first, hello.read_bytes(), Path(folder), rounds, python, where)
            except Exception as error:
                yield failure("imports", f"hello{where}", error)


def _installed(folder: Path) -> str:
    """The Python of a new environment that has the packages, and wasmtime-py, as installers put them there."""
    uv = shutil.which("uv")
    if uv is None or contenders.OURS == contenders.THEIRS:
        return sys.executable
    environment = os.environ | {"WASM_PURE": "1", "VIRTUAL_ENV": str(folder)}  # the compiler, which is compiled else, has no part in a cached start
    wanted = [f"{name}=={version(name)}" for name in ("wasmtime", "librt", "mypy-extensions", "platformdirs")]
    for arguments in (("venv", "--quiet", "--python", sys.executable, str(folder)),
                      ("pip", "install", "--quiet", "--no-deps", *wanted, *(str(ROOT / "packages" / name) for name in PACKAGES))):  # fmt: skip
        subprocess.run([uv, *arguments], check=True, env=environment)
    return str(folder / "bin" / "python")


def _hello(ours: Contender, wasm: bytes, folder: Path, rounds: int, python: str, where: str) -> Iterator[Row]:
    source, artifact = folder / "hello.wasm", folder / "hello.cwasm"
    source.write_bytes(wasm)
    artifact.write_bytes(theirs().api.Module(theirs().api.Engine(), wasm).serialize())
    script = folder / "run.py"
    script.write_text(SCRIPT.format(api=contenders.THEIRS))
    their_command = (python, str(script), str(artifact))
    our_command = their_command if ours.api is theirs().api else (*_wasm_command(python), "run", str(source))
    # The first run of each, which is not timed, fills our cache and Python's.
    commands = {"ours": (our_command, HELLO), "theirs": (their_command, HELLO), "empty": ((python, "-c", "pass"), b"")}
    if our_command != their_command:
        for name, text in (("leaves", LEAVES), ("returns", RETURNS)):
            (folder / f"{name}.wasm").write_bytes(from_wat(text))
            commands[name] = ((*_wasm_command(python), "run", str(folder / f"{name}.wasm")), b"")
    environment = _as_installed(folder) | {"WASM_CACHE_DIR": str(folder / f"cache{len(where)}")}
    best = race({side: _process(*command, environment) for side, command in commands.items()}, rounds)
    yield compared("imports", f"hello: cached process{where}", best["ours"], best["theirs"])
    yield compared("imports", f"hello: beside python -c pass{where}", best["ours"], best["empty"], note="(not wasmtime: an empty python)")
    if "leaves" in best:
        yield compared("imports", f"proc_exit: beside no WASI{where}", best["leaves"], best["returns"], note="(not wasmtime: a module without imports)")


def _as_installed(folder: Path) -> dict[str, str]:
    """The environment, but byte code is kept, as it is where packages are installed and not edited; here in a folder of its own."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return environment | {"PYTHONPYCACHEPREFIX": str(folder / "bytecode")}


def _wasm_command(python: str) -> tuple[str, ...]:
    script = Path(python).with_name("wasm")
    return (str(script),) if script.exists() else (python, "-m", contenders.OURS)


def _process(command: tuple[str, ...], expected: bytes, environment: dict[str, str]) -> Sample:
    def sample() -> float:
        start = perf_counter()
        done = subprocess.run(command, capture_output=True, timeout=60, check=False, env=environment)
        if done.returncode or done.stdout != expected:
            raise RuntimeError(f"{command} gave {done.returncode} {done.stdout!r} {done.stderr.decode()[-300:]}")
        return perf_counter() - start

    sample()
    return sample


def _import_sample(name: str) -> Sample:
    """Seconds that the import statement takes in a fresh process (its byte code is cached after the first)."""
    command = (sys.executable, "-c", IMPORT.format(name))

    def sample() -> float:
        return float(subprocess.run(command, check=True, capture_output=True).stdout)

    sample()
    return sample
