"""`load`: files, text, artifacts, imports, WASI, and what its result offers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import wasm_facade

WAT = """(module (memory (export "memory") 1) (global (export "count") (mut i32) (i32.const 5))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "odd name") (result i32) (i32.const 1)) (func (export "spin") (loop (br 0))))"""


def test_from_everything(tmp_path: Path) -> None:
    engine = wasm_facade.Engine()
    binary = bytes(wasm_facade.wat2wasm(WAT))
    artifact = bytes(wasm_facade.Module(engine, WAT).serialize())
    sources: list[str | bytes | Path] = [WAT, binary, artifact]
    for name, contents in (("a.wat", WAT.encode()), ("a.wasm", binary), ("a.cwasm", artifact)):
        (tmp_path / name).write_bytes(contents)
        sources += [tmp_path / name, str(tmp_path / name)]
    for source in sources:
        assert wasm_facade.load(source).add(1, 2) == 3
    with pytest.raises(FileNotFoundError):
        wasm_facade.load(tmp_path / "none.wasm")


def test_what_it_offers() -> None:
    loaded = wasm_facade.load(WAT)
    assert list(loaded) == ["memory", "count", "add", "odd name", "spin"]
    assert loaded["odd name"]() == 1
    loaded.count.value += 1
    assert loaded.count.value == 6
    memoryview(loaded.memory)[3] = 9
    assert loaded.memory.read(loaded.store, 3, 4) == b"\x09"
    assert "add" in dir(loaded)
    assert repr(loaded.add) == "<wasm function 'add': [i32 i32] -> [i32]>"
    assert repr(loaded.count) == "<wasm global 6>"
    with pytest.raises(AttributeError, match=r"exports no 'sub'; it exports memory, count, add"):
        _ = loaded.sub
    with pytest.raises(wasm_facade.Trap):
        loaded.spin(timeout=0.1)


def test_imports() -> None:
    wat = '(module (import "env" "double" (func $d (param i32) (result i32))) (func (export "f") (result i32) (call $d (i32.const 21))))'
    assert wasm_facade.load(wat, {"env": {"double": lambda x: 2 * x}}).f() == 42
    with pytest.raises(wasm_facade.LinkError, match="unknown import: `env::double`"):
        wasm_facade.load(wat)
    with pytest.raises(wasm_facade.WasmError, match="is no function"):
        wasm_facade.load('(module (import "env" "m" (memory 1)))', {"env": {"m": print}})


def test_wasi(tmp_path: Path) -> None:
    wat = """(module (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1) (data (i32.const 0) "\\08\\00\\00\\00\\03\\00\\00\\00hi\\n")
      (func (export "greet") (result i32) (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64))))"""
    path = tmp_path / "greet.wat"
    path.write_text(wat)
    code = f"import wasm_facade; assert wasm_facade.load({str(path)!r}).greet() == 0"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "hi\n", "")


@pytest.mark.parametrize(
    ("script", "output"),
    [("one_liner.py", "3\n"), ("callbacks.py", "called from WebAssembly\n"), ("wasi.py", "the guest wrote b'Hello, world!\\n'\n"),
     ("untrusted.py", "asked for 625 MiB, got -1\nspinning was stopped: True\n")],
)  # fmt: skip
def test_examples(script: str, output: str) -> None:
    folder = Path(__file__).parents[3] / "examples"
    if not folder.is_dir():
        pytest.skip("no examples here: this package is alone")
    done = subprocess.run([sys.executable, str(folder / script)], capture_output=True, text=True, timeout=600, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, output, "")
