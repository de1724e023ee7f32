"""What audit hooks (`sys.addaudithook`) hear of a guest's files: always what it was given; each file only where Python opens it. docs/security.md says so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import os, sys
import wasm_facade
from wasm_wasi_common.folder import HostFolder

folder, kind = sys.argv[1:]
heard = []
sys.addaudithook(lambda event, args: heard.append(os.fsdecode(args[0])) if event == "open" and isinstance(args[0], (str, bytes)) else None)
config = wasm_facade.Config()
config.cache, config.release_gil = False, kind != "gil"
engine = wasm_facade.Engine(config)
module = wasm_facade.Module(engine, '''(module
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (memory (export "memory") 1) (data (i32.const 64) "secret")
  (func (export "open") (result i32)
    (call $open (i32.const 3) (i32.const 1) (i32.const 64) (i32.const 6) (i32.const 0) (i64.const 2) (i64.const 2) (i32.const 0) (i32.const 0))))''')
linker, store, wasi = wasm_facade.Linker(engine), wasm_facade.Store(engine), wasm_facade.WasiConfig()
linker.define_wasi()
wasi.preopen(HostFolder(folder) if kind == "filesystem" else folder, "/")
store.set_wasi(wasi)
instance = linker.instantiate(store, module)
call = instance.exports(store)["open"]
assert folder in heard, heard
for _ in range(3):
    heard.clear()
    assert call(store) == 0
print("secret" in heard)
"""


@pytest.mark.parametrize(("kind", "heard"), [("path", False), ("filesystem", True), ("gil", True)])
def test_audit_hooks_hear_of(tmp_path: Path, kind: str, heard: bool) -> None:
    (tmp_path / "secret").touch()
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path), kind], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(heard)
