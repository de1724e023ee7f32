"""The files that profilers read."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from wasm_facade import Config, Engine, Instance, Module, Store
from wasm_facade.profiling import append_jitdump, jitdump, write_perf_map


def test_perf_map(tmp_path: Path) -> None:
    path = str(tmp_path / "perf-1.map")
    assert write_perf_map([(0x1000, 0x20, "fib"), (0x2000, 16, "a\nb")], path) == path
    write_perf_map([(0x3000, 1, "")], path)
    assert Path(path).read_text() == "1000 20 fib\n2000 10 a?b\n3000 1 ?\n"


def test_symbolic_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="link"):
        write_perf_map([(1, 1, "f")], str(tmp_path / "link"))
    assert not (tmp_path / "elsewhere").exists()


def test_jitdump() -> None:
    data = jitdump([(0x1000, b"\x90\xc3", "fib")], "x86_64", 42, 7)
    magic, version, size, machine, _, pid, now, _ = struct.unpack_from("<IIIIIIQQ", data)
    assert (magic, version, size, machine, pid, now) == (0x4A695444, 1, 40, 62, 42, 7)
    kind, total, _, _, _, address, _, length, index = struct.unpack_from("<IIQIIQQQQ", data, size)
    assert (kind, total, address, length, index) == (0, len(data) - size, 0x1000, 2, 0)
    assert data.endswith(b"fib\0\x90\xc3")


WAT = """(module (func $outer (export "outer") (result i32) (call $inner)) (func $inner (result i32) (i32.const 7)))"""


@pytest.mark.parametrize("profiler", ["perfmap", "jitdump"])
def test_an_engine_tells_the_profiler(profiler: str) -> None:
    config = Config()
    config.profiler = profiler
    engine = Engine(config)
    module = Module(engine, WAT)
    store = Store(engine)
    assert Instance(store, module, []).exports(store)["outer"](store) == 7
    path = Path(f"/tmp/perf-{os.getpid()}.map" if profiler == "perfmap" else f"/tmp/jit-{os.getpid()}.dump")
    try:
        data = path.read_bytes()
    finally:
        path.unlink()
    start = module._loaded.text_address
    if profiler == "perfmap":
        rows = [line.split() for line in data.decode().splitlines()]
        assert {name for _, _, name in rows} >= {"outer", "inner"}
        assert all(int(address, 16) >= start and int(size, 16) > 0 for address, size, name in rows if name in ("outer", "inner"))
    else:
        assert b"outer\0" in data
        assert b"inner\0" in data


COMPONENT = """(component (core module $M (func $twice (export "twice") (param i32) (result i32) (call $add (local.get 0) (local.get 0)))
    (func $add (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
  (core module $N (func $other (export "other") (nop)))
  (core instance $m (instantiate $M)) (core instance (instantiate $N))
  (func (export "twice") (param "n" u32) (result u32) (canon lift (core func $m "twice"))))"""


@pytest.mark.parametrize("profile", ["perfmap", "jitdump"])
@pytest.mark.parametrize(("source", "call", "names"), [(WAT, ["outer"], ("outer", "inner")), (COMPONENT, ["twice(4)"], ("twice", "add", "other"))])
def test_wasm_run_tells_the_profiler(tmp_path: Path, source: str, call: list[str], names: tuple[str, ...], profile: str) -> None:
    """Modules and components, compiled now and out of the cache."""
    (tmp_path / "program.wat").write_text(source)
    command = [sys.executable, "-m", "wasm_facade", "run", "--profile", profile, "--invoke", *call[:1], str(tmp_path / "program.wat")]
    for _ in range(2):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | {"XDG_CACHE_HOME": str(tmp_path)})
        said, _ = process.communicate(timeout=600)
        path = Path(f"/tmp/perf-{process.pid}.map" if profile == "perfmap" else f"/tmp/jit-{process.pid}.dump")
        data = path.read_bytes()
        path.unlink()
        assert said in (b"7\n", b"8\n")
        assert all((f" {name}\n" if profile == "perfmap" else f"{name}\0").encode() in data for name in names)


def test_jitdump_grows(tmp_path: Path) -> None:
    path = append_jitdump([(0x1000, b"\x90", "first")], str(tmp_path))
    before = Path(path).stat().st_size
    append_jitdump([(0x2000, b"\x90", "second")], str(tmp_path))
    data = Path(path).read_bytes()
    assert data.count(struct.pack("<I", 0x4A695444)) == 1  # one header
    assert len(data) == before + 56 + len("second\0") + 1
