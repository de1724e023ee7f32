"""Arguments, environment, clocks, random numbers, exit; the config; preview 0."""

from __future__ import annotations

import os
import struct
import time

import pytest

from wasm_environ.errors import ExitTrap, InvalidExit, WasmError
from wasm_wasi_p1 import INHERIT, WasiConfig, WasiContext, abi
from wasm_wasi_p1.abi import FAULT, INVAL, NOTSUP

UNSTABLE = "wasi_unstable"


@pytest.mark.parametrize(
    ("what", "config", "strings"),
    [
        ("args", WasiConfig(args=["prog", "", "t\u00e9xt", "\udcff"]), [b"prog", b"", b"t\xc3\xa9xt", b"\xff"]),
        ("environ", WasiConfig(env=[("A", "1"), ("EMPTY", ""), ("EQ", "a=b")]), [b"A=1", b"EMPTY=", b"EQ=a=b"]),
        ("environ", WasiConfig(env={"A": "1"}), [b"A=1"]),
        ("args", WasiConfig(), []),
    ],
)
def test_strings(make, what, config, strings):
    guest = make(config, size=1 << 16)
    assert guest.call(what + "_sizes_get", 0, 4) == 0
    count, size = guest.u32(0), guest.u32(4)
    assert (count, size) == (len(strings), sum(len(string) + 1 for string in strings))
    assert guest.call(what + "_get", 64, 1024) == 0
    pointers = struct.unpack_from(f"<{count}I", guest.data, 64)
    assert [bytes(guest.data[at : guest.data.index(0, at)]) for at in pointers] == strings
    assert guest.call(what + "_get", 65536 - 4 * count, 65536 - size) == 0
    if strings:
        assert guest.call(what + "_get", 64, 65536 - size + 1) == FAULT
        assert guest.call(what + "_get", 65536 - 4 * count + 1, 1024) == FAULT


def test_clocks(make):
    guest = make()
    for clock_id in range(4):
        assert guest.call("clock_res_get", clock_id, 0) == 0
        assert 1 <= guest.u64() <= 10**8
        assert guest.call("clock_time_get", clock_id, 0, 0) == 0
    assert guest.call("clock_time_get", 0, 0, 0) == 0
    assert abs(guest.u64() - time.time_ns()) < 60 * 10**9
    times = []
    for _ in range(3):
        assert guest.call("clock_time_get", 1, 0, 0) == 0
        times.append(guest.u64())
    assert times == sorted(times)
    assert times[0] < 60 * 10**9  # the guest's own beginning, not the host's
    for clock_id in (4, 0xFFFFFFFF):
        assert guest.call("clock_res_get", clock_id, 0) == INVAL
        assert guest.call("clock_time_get", clock_id, 0, 0) == INVAL


@pytest.mark.parametrize("size", [0, 1, 17, 65536, 65537, 300_000])
def test_random(make, size):
    guest = make()
    assert guest.call("random_get", 4096, size) == 0
    assert guest.data[:4096] == bytes(4096)
    assert guest.data[4096 + size :].count(0) == len(guest.data) - 4096 - size
    assert size < 17 or guest.data[4096 + size - 17 : 4096 + size] != bytes(17)


@pytest.mark.parametrize("code", [0, 1, 7, 125])
def test_exit(make, code):
    guest = make()
    with pytest.raises(ExitTrap) as caught:
        guest.call("proc_exit", code)
    assert caught.value.code == code


@pytest.mark.parametrize("code", [126, 127, 255, 256, 512, -1, 1 << 31])
def test_exit_with_what_is_no_status(make, code):
    guest = make()
    with pytest.raises(InvalidExit, match="invalid exit status") as caught:
        guest.call("proc_exit", code)
    assert caught.value.code & 0xFFFFFFFF == code & 0xFFFFFFFF


def test_raise_and_yield(make):
    guest = make()
    assert guest.call("sched_yield") == 0
    assert guest.call("proc_raise", 0) == 0
    assert guest.call("proc_raise", 9) == NOTSUP
    assert guest.call("proc_raise", 31) == INVAL


def test_config_is_wasmtimes(root, tmp_path):
    config = WasiConfig()
    assert config.argv == []
    assert config.env == []
    config.argv = ("a", "b")
    config.env = [["N", "v"]]
    assert (config.args, config.env) == (["a", "b"], [("N", "v")])
    config.inherit_argv()
    config.inherit_env()
    assert dict(config.env)["PATH"] == os.environ["PATH"]
    config.inherit_stdin()
    config.inherit_stdout()
    config.inherit_stderr()
    assert config.stdin is config.stdout is config.stderr is INHERIT
    config.stdout_file = tmp_path / "out"
    config.stderr_file = os.fsencode(tmp_path / "err")
    config.stdin_file = str(tmp_path / "out")
    calls = []
    config.stdout_custom = calls.append
    config.stderr_custom = calls.append
    config.preopen_dir(str(root), "/", False)
    assert (config.preopens[0].dir_perms, config.preopens[0].file_perms) == (1, 1)
    assert "root" in repr(config)
    with WasiContext(config) as context:
        assert context.table[1].write == context.table[2].write == calls.append
    assert sorted(os.listdir(tmp_path)) == ["err", "out", "outside", "root", "secret"]


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda config, root: config.preopen_dir(root / "gone", "/"), "not a directory"),
        (lambda config, root: config.preopen_dir(root.parent / "secret", "/"), "not a directory"),
        (lambda config, root: setattr(config, "stdin_file", root / "gone"), "failed to set stdin file .*gone"),
        (lambda config, root: setattr(config, "stdout_file", root), "failed to set stdout file"),
        (lambda config, root: setattr(config, "stderr_file", root / "no" / "such"), "failed to set stderr file"),
        (lambda config, root: setattr(config, "argv", ["a", "b\0"]), r"argv\[1\]"),
        (lambda config, root: setattr(config, "argv", "prog"), "not the string 'prog'"),
        (lambda config, root: setattr(config, "env", [("a=b", "c")]), "a=b"),
        (lambda config, root: setattr(config, "env", [("", "c")]), "empty"),
        (lambda config, root: setattr(config, "env", [("a", "c\0")]), "NUL"),
    ],
)
def test_config_refuses(root, action, message):
    with pytest.raises(WasmError, match=message):
        action(WasiConfig(), root)


@pytest.mark.parametrize(("field", "value"), [("stdin", 1.5), ("stdout", 1.5), ("stdout", b"bytes"), ("stdin", [])])
def test_wrong_stdio(field, value):
    config = WasiConfig()
    setattr(config, field, value)
    with pytest.raises(TypeError, match="file-like"):
        WasiContext(config)


# Preview 0.


def old(make, root, **settings):
    config = WasiConfig(**settings)
    config.preopen_dir(root, "/")
    return make(config, module=UNSTABLE)


def test_preview0_filestat(make, root):
    (root / "f").write_bytes(b"12345")
    os.link(root / "f", root / "g")
    guest = old(make, root)
    guest.data[:64] = b"~" * 64
    assert guest.call("path_filestat_get", 3, 1, *guest.path("f"), 0) == 0
    status = os.stat(root / "f")
    dev, ino, kind, nlink, size, *times = struct.unpack_from("<QQB3xIQQQQ", guest.data)
    assert (dev, ino, kind, nlink, size) == (status.st_dev, status.st_ino, abi.REGULAR_FILE, 2, 5)
    assert times == [status.st_atime_ns, status.st_mtime_ns, status.st_ctime_ns]
    assert guest.data[56:64] == b"~" * 8
    fd = guest.opened("f")
    assert guest.call("fd_filestat_get", fd, 512) == 0
    assert guest.data[512:568] == guest.data[:56] or guest.u32() == fd
    assert struct.unpack_from("<I", guest.data, 512 + 20) == (2,)
    assert guest.call("fd_filestat_get", fd, len(guest.data) - 56) == 0
    assert guest.call("fd_filestat_get", fd, len(guest.data) - 55) == FAULT


def test_preview0_whence(make, root):
    (root / "f").write_bytes(b"0123456789")
    guest = old(make, root)
    fd = guest.opened("f")
    for offset, whence, expected in ((4, 2, 4), (1, 0, 5), (-1, 1, 9)):
        assert guest.call("fd_seek", fd, offset, whence, 0) == 0
        assert guest.u64() == expected
    assert guest.call("fd_seek", fd, 0, 3, 0) == INVAL


def test_preview0_poll(make, root):
    guest = old(make, root, stdin=b"x")
    clock = struct.pack("<QB7xQI4xQQH6x", 5, 0, 99, 1, 10_000_000, 0, 0)
    file = struct.pack("<QB7xI36x", 6, 1, 0)
    assert len(clock) == len(file) == 56
    start = time.monotonic()
    assert guest.call("poll_oneoff", guest.put(clock), 512, 1, 0) == 0
    assert time.monotonic() - start >= 0.01
    assert (guest.u32(), guest.u64(512), guest.data[522]) == (1, 5, 0)
    assert guest.call("poll_oneoff", guest.put(clock + file), 512, 2, 0) == 0
    assert (guest.u32(), guest.u64(512), guest.data[522]) == (1, 6, 1)


def test_preview0_otherwise_the_same(make, root):
    guest = old(make, root, args=["a"], stdout=bytearray())
    fd = guest.opened("new", abi.CREAT)
    assert guest.write(fd, b"text") == (0, 4)
    assert [name for *_, name in guest.readdir(3)[0]][2:] == [b"new"]
    assert guest.open("../secret")[0] == abi.PERM
    assert "sock_accept" not in guest.functions
