"""A guest that waits in WASI ends with its timeout, its epoch deadline, and Ctrl-C; its descriptors are counted: on both backends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import apis

# Names of exports: what the guest waits for. "open" and "read" use the FIFO `p`.
WAITS = """(module
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_accept" (func $sock_accept (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1) (data (i32.const 0) "p") (data (i32.const 8) "\\40\\00\\00\\00\\10\\00\\00\\00")
  (func (export "open") (result i32)
    (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 16)))
  (func (export "read") (result i32)
    (drop (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 16)))
    (call $fd_read (i32.load (i32.const 16)) (i32.const 8) (i32.const 1) (i32.const 32)))
  (func (export "stdin") (result i32) (call $fd_read (i32.const 0) (i32.const 8) (i32.const 1) (i32.const 32)))
  (func (export "sleep") (result i32)
    (i64.store (i32.const 1048) (i64.const 3600000000000)) (i32.store (i32.const 1040) (i32.const 1))
    (call $poll (i32.const 1024) (i32.const 2048) (i32.const 1) (i32.const 32)))
  (func (export "accept") (result i32) (call $sock_accept (i32.const 4) (i32.const 0) (i32.const 32))))"""
NAMES = ["open", "read", "stdin", "sleep", "accept"]


def make(api: Any, folder: Path, config: Any, block: Callable[[int], bytes]) -> tuple[Any, Any]:
    """(store, exports) of a guest with a FIFO, a stdin that blocks and a socket that nobody connects to."""
    os.mkfifo(folder / "p")
    engine = api.Engine(config)
    linker = api.Linker(engine)
    linker.define_wasi()
    store = api.Store(engine)
    wasi = api.WasiConfig()
    wasi.preopen_dir(str(folder), "/")
    wasi.stdin = block
    with socket.create_server(("127.0.0.1", 0)) as listening:
        wasi.preopen_socket(listening)
        store.set_wasi(wasi)  # which keeps a duplicate
    return store, linker.instantiate(store, api.Module(engine, WAITS)).exports(store)


@pytest.fixture
def block() -> Any:
    end = threading.Event()

    def read(size: int) -> bytes:
        end.wait(60)
        return b""

    yield read
    end.set()


def watched(call: Callable[[], Any]) -> BaseException:
    """What `call` raises, on a thread that it must come back on."""
    found: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except BaseException as error:
            found.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(60)
    assert found, "still waiting, long after its time"
    return found[0]


@pytest.mark.parametrize("api", apis.OURS)
@pytest.mark.parametrize("name", NAMES)
def test_timeout(api: Any, name: str, tmp_path: Path, block: Any) -> None:
    store, exports = make(api, tmp_path, api.Config(), block)
    error = watched(lambda: exports[name](store, timeout=0.2))
    assert isinstance(error, api.Trap)
    assert error.trap_code == api.TrapCode.INTERRUPT
    error = watched(lambda: exports[name](store, timeout=0.1))  # and again
    assert isinstance(error, api.Trap)
    store.close()


@pytest.mark.parametrize("api", apis.OURS)
@pytest.mark.parametrize("name", NAMES)
def test_epoch(api: Any, name: str, tmp_path: Path, block: Any) -> None:
    config = api.Config()
    config.epoch_interruption = True
    store, exports = make(api, tmp_path, config, block)
    store.set_epoch_deadline(1)
    threading.Timer(0.2, store.engine.increment_epoch).start()
    error = watched(lambda: exports[name](store))
    assert isinstance(error, api.Trap)
    assert error.trap_code == api.TrapCode.INTERRUPT
    store.close()


CTRL_C = """
import sys, time
from pathlib import Path
import test_api_blocking as here
import wasm_facade
block = lambda size: time.sleep(60)
store, exports = here.make(wasm_facade, Path(sys.argv[1]), None, block)
print("ready", flush=True)
try:
    exports[sys.argv[2]](store, **({"timeout": 60} if sys.argv[3] == "limited" else {}))
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize("limit", ["limited", "unlimited"])
@pytest.mark.parametrize("name", NAMES)
def test_ctrl_c(name: str, limit: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", CTRL_C, str(tmp_path), name, limit]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=50)
        finally:
            process.kill()
    assert (out, err) == ("interrupted\n", "")


FILL = """(module
  (import "wasi_snapshot_preview1" "path_open" (func $o (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir" (func $r (param i32 i32 i32 i64 i32) (result i32)))
  (memory (export "memory") 1) (data (i32.const 0) ".")
  (func (export "go") (result i32) (local $e i32)
    (loop $l
      (local.set $e (call $o (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 2) (i64.const 0x4000) (i64.const 0) (i32.const 0) (i32.const 16)))
      (if (i32.eqz (local.get $e)) (then
        (drop (call $r (i32.load (i32.const 16)) (i32.const 1024) (i32.const 60) (i64.const 0) (i32.const 32)))
        (br $l))))
    (local.get $e)))"""


@pytest.mark.parametrize("api", apis.OURS)
def test_the_last_descriptors_are_the_hosts(api: Any, tmp_path: Path) -> None:
    import resource

    for number in range(50):
        (tmp_path / str(number)).touch()
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, before[1]), before[1]))
    try:
        engine = api.Engine()
        linker = api.Linker(engine)
        linker.define_wasi()
        module = api.Module(engine, FILL)
        with api.Store(engine) as store:
            wasi = api.WasiConfig()
            wasi.preopen_dir(str(tmp_path), "/")
            store.set_wasi(wasi)
            assert linker.instantiate(store, module).exports(store)["go"](store) == 33  # MFILE
            assert len(os.listdir("/proc/self/fd")) < 700
            subprocess.run(["true"], capture_output=True, check=True)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize("api", apis.ALL)
def test_dev_null_is_no_terminal(api: Any) -> None:
    wat = """(module
      (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $stat (param i32 i32) (result i32)))
      (memory (export "memory") 1)
      (func (export "tty") (result i32)
        (drop (call $stat (i32.const 0) (i32.const 64)))
        (i32.and (i32.eq (i32.load8_u (i32.const 64)) (i32.const 2)) (i64.eqz (i64.and (i64.load offset=8 (i32.const 64)) (i64.const 0x24))))))"""
    engine = api.Engine()
    linker = api.Linker(engine)
    linker.define_wasi()
    store = api.Store(engine)
    config = api.WasiConfig()
    config.stdin_file = "/dev/null"
    store.set_wasi(config)
    assert linker.instantiate(store, api.Module(engine, wat)).exports(store)["tty"](store) == 0


def test_threads_left_behind_do_not_keep_a_process(tmp_path: Path) -> None:
    code = """
import os, sys, threading, wasm_facade, test_api_blocking as here
from pathlib import Path
store, exports = here.make(wasm_facade, Path(sys.argv[1]), None, lambda size: threading.Event().wait())
try:
    exports["stdin"](store, timeout=0.1)
except wasm_facade.Trap as trap:
    print(trap.trap_code.name)
"""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False, env=env)
    assert (done.returncode, done.stdout, done.stderr) == (0, "INTERRUPT\n", "")


