"""WASI through the API: the same rows on wasm_facade and on wasmtime-py, and what ours adds."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import apis
import wasm_facade

HELLO = (Path(__file__).parent.parent / "examples" / "hello.wat").read_text()
# Copies stdin to stdout, once, up to 100 bytes.
COPY = """(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1) (data (i32.const 0) "\\40\\00\\00\\00\\64\\00\\00\\00")
  (func (export "_start")
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 4)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"""
# Copies the arguments (sep NUL) or the environment to stdout.
LIST = """(module
  (import "wasi_snapshot_preview1" "{0}_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "{0}_get" (func $get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $sizes (i32.const 0) (i32.const 4)))
    (drop (call $get (i32.const 1024) (i32.const 4096)))
    (i32.store (i32.const 8) (i32.const 4096))
    (i32.store (i32.const 12) (i32.load (i32.const 4)))
    (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 16)))))"""
EXIT = """(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (memory (export "memory") 1)
  (func (export "_start") (call $exit (i32.const {0}))))"""


@pytest.fixture(params=apis.ALL)
def api(request: pytest.FixtureRequest) -> Any:
    return request.param


def run(api: Any, wat: str, configure: Callable[[Any], None]) -> None:
    engine = api.Engine()
    linker = api.Linker(engine)
    linker.define_wasi()
    with api.Store(engine) as store:
        config = api.WasiConfig()
        configure(config)
        store.set_wasi(config)
        linker.instantiate(store, api.Module(engine, wat)).exports(store)["_start"](store)


def output(api: Any, wat: str, configure: Callable[[Any], None] = lambda config: None) -> bytes:
    pieces: list[bytes] = []

    def all_of(config: Any) -> None:
        config.stdout_custom = pieces.append
        configure(config)

    run(api, wat, all_of)
    return b"".join(pieces)


def test_stdout_custom(api: Any) -> None:
    assert output(api, HELLO) == b"Hello, world!\n"


def test_stdout_file(api: Any, tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"longer than what comes, to be truncated")
    run(api, HELLO, lambda config: setattr(config, "stdout_file", str(path)))
    assert path.read_bytes() == b"Hello, world!\n"


def test_stdin_file(api: Any, tmp_path: Path) -> None:
    path = tmp_path / "in"
    path.write_bytes(b"some input")
    assert output(api, COPY, lambda config: setattr(config, "stdin_file", str(path))) == b"some input"
    assert output(api, COPY) == b""


def test_argv_and_env(api: Any) -> None:
    assert output(api, LIST.format("args"), lambda config: setattr(config, "argv", ["p", "ä b", ""])) == "p\0ä b\0\0".encode()
    assert output(api, LIST.format("environ"), lambda config: setattr(config, "env", [("A", "1"), ("B", "ü=")])) == "A=1\0B=ü=\0".encode()
    assert output(api, LIST.format("args")) == b""


@pytest.mark.parametrize("code", [1, 7, 125])
def test_exit(api: Any, code: int) -> None:
    with pytest.raises(api.ExitTrap) as found:
        run(api, EXIT.format(code), lambda config: None)
    assert found.value.code == code
    assert isinstance(found.value, api.WasmtimeError)
    assert f"Exited with i32 exit status {code}" in str(found.value)


@pytest.mark.parametrize("code", [126, 127, 134, 255, 256, 512, 1000, -1])
def test_exit_with_what_is_no_status(api: Any, code: int) -> None:
    with pytest.raises(api.WasmtimeError, match=r"exit with invalid exit status outside of \[0\.\.126\)") as found:
        run(api, EXIT.format(code), lambda config: None)
    assert not isinstance(found.value, (api.ExitTrap, api.Trap))


@pytest.mark.parametrize(
    ("name", "value"), [("stdin_file", "/no/such/file"), ("stdout_file", "/no/such/folder/file"), ("stderr_file", "/no/such/folder/file")]
)  # fmt: skip
def test_files_that_cannot_be_opened(api: Any, name: str, value: str) -> None:
    with pytest.raises(api.WasmtimeError, match=f"failed to set {name.replace('_', ' ')}"):
        setattr(api.WasiConfig(), name, value)


def test_folders_that_cannot_be_opened(api: Any) -> None:
    with pytest.raises(api.WasmtimeError, match="failed to add preopen dir"):
        api.WasiConfig().preopen_dir("/no/such/folder", "/")


def test_inherit(api: Any) -> None:
    code = f"""
import {api.__name__} as api
engine = api.Engine(); linker = api.Linker(engine); linker.define_wasi(); store = api.Store(engine); config = api.WasiConfig()
config.inherit_stdin(); config.inherit_stdout(); config.inherit_stderr(); config.inherit_argv(); config.inherit_env()
store.set_wasi(config)
linker.instantiate(store, api.Module(engine, {COPY!r})).exports(store)["_start"](store)
"""
    done = subprocess.run([sys.executable, "-c", code], input=b"to and fro", capture_output=True, timeout=120, check=False)
    assert done.stderr == b""
    assert done.stdout == b"to and fro"


# What only ours does

def test_ours_configures_late() -> None:
    engine = wasm_facade.Engine()
    linker = wasm_facade.Linker(engine)
    linker.define_wasi()
    store = wasm_facade.Store(engine)
    start: Any = linker.instantiate(store, wasm_facade.Module(engine, HELLO)).exports(store)["_start"]
    with pytest.raises(wasm_facade.WasmtimeError, match=r"call store\.set_wasi"):
        start(store)
    config = wasm_facade.WasiConfig()
    pieces: list[bytes] = []
    config.stdout_custom = pieces.append
    store.set_wasi(config)
    start(store)
    assert pieces == [b"Hello, world!\n"]


def test_ours_checks_the_configuration() -> None:
    with pytest.raises(TypeError, match="expected a WasiConfig"):
        wasm_facade.Store(wasm_facade.Engine()).set_wasi("config")


def test_two_stores_have_two_outputs() -> None:
    assert [output(wasm_facade, HELLO) for _ in range(2)] == [b"Hello, world!\n"] * 2


def test_ours_passes_on_what_a_callback_raises() -> None:
    class Odd(Exception):
        """Not ours."""

    def fail(data: bytes) -> None:
        raise Odd

    with pytest.raises(Odd):
        run(wasm_facade, HELLO, lambda config: setattr(config, "stdout_custom", fail))
