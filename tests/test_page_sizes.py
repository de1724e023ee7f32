"""Pages of 16 and 64 KiB, as aarch64 and others may have them: the runtime asks how large they are, and here is told that; what is a multiple of those is one of 4 KiB."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>
long sysconf(int name)
{
    static long (*next)(int);
    if (!next)
        next = (long (*)(int))dlsym(RTLD_NEXT, "sysconf");
    return name == _SC_PAGESIZE ? atol(getenv("SAID_PAGE")) : next(name);
}
"""
PROGRAM = """
import os, sys
import wasm_facade as wf
from wasm_facade import component
assert os.sysconf("SC_PAGESIZE") == int(sys.argv[1])
config = wf.Config()
config.cache, config.strategy = False, sys.argv[3]
if sys.argv[4] == "pooled":
    config.allocation_strategy = wf.PoolingAllocationConfig()
engine = wf.Engine(config)
MODULE = '''(module (memory (export "m") 1 3) (data (i32.const 65530) "abcdef") (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "grow") (result i32) (memory.grow (i32.const 1))) (func $deep (export "deep") (call $deep)))'''
path = sys.argv[2] + ".m"
open(path, "wb").write(bytes(wf.Module(engine, MODULE).serialize()))
for _ in range(3):
    store = wf.Store(engine)
    exports = wf.Instance(store, wf.Module.deserialize_file(engine, path), []).exports(store)
    assert bytes(exports["m"].read(store, 65530, 65536)) == b"abcdef"
    for pages in (1, 2):
        assert exports["load"](store, pages * 65536 - 4) in (0, 0x66656463)
        for address in (pages * 65536 - 3, pages * 65536, pages * 65536 + 5000, -1):
            try:
                exports["load"](store, address)
                raise AssertionError(address)
            except wf.Trap as trap:
                assert trap.trap_code == wf.TrapCode.MEMORY_OUT_OF_BOUNDS
        assert exports["grow"](store) == pages
    try:
        exports["deep"](store)
    except wf.Trap as trap:
        assert trap.trap_code == wf.TrapCode.STACK_OVERFLOW
TEXT = '''(component (core module $m (func (export "f") (result i32) (i32.const 7))) (core module $n (memory 1) (func (export "g") (result i32) (i32.const 8)))
  (core instance $i (instantiate $m)) (core instance $j (instantiate $n)) (func (export "f") (result u32) (canon lift (core func $i "f")))
  (func (export "g") (result u32) (canon lift (core func $j "g"))))'''
open(sys.argv[2] + ".c", "wb").write(bytes(component.Component(engine, TEXT).serialize()))
for _ in range(3):
    store = wf.Store(engine)
    made = component.Linker(engine).instantiate(store, component.Component.deserialize_file(engine, sys.argv[2] + ".c"))
    assert [made.get_func(store, name)(store) for name in "fg"] == [7, 8]
print("well")
"""


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    folder = tmp_path_factory.mktemp("shim")
    (folder / "shim.c").write_text(SHIM)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", "shim.so", "shim.c", "-ldl"], cwd=folder, check=True)
    return folder / "shim.so"


@pytest.mark.parametrize("allocation", ["plain", "pooled"])
@pytest.mark.parametrize("page", [0x1000, 0x4000, 0x10000])
def test_a_page_of_this_size(page: int, allocation: str, shim: Path, tmp_path: Path) -> None:
    environment = os.environ | {"LD_PRELOAD": str(shim), "SAID_PAGE": str(page)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(page), str(tmp_path / "made"), "native", allocation], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout == "well\n", done.stderr
