"""The table: complete, bound lazily, and safe against every pointer out of bounds."""

from __future__ import annotations

import random
import socket
import struct
import subprocess
import sys

import pytest

from wasm_environ.errors import ExitTrap, InvalidExit, LinkError
from wasm_environ.types import I32, I64
from wasm_wasi_p1 import WasiConfig, functions, host_functions
from wasm_wasi_p1.abi import ERRNO_NAMES, FAULT

# name: parameters of the witx, i for i32 and I for i64.
SIGNATURES = {
    "args_get": "ii", "args_sizes_get": "ii", "environ_get": "ii", "environ_sizes_get": "ii", "clock_res_get": "ii",
    "clock_time_get": "iIi", "fd_advise": "iIIi", "fd_allocate": "iII", "fd_close": "i", "fd_datasync": "i",
    "fd_fdstat_get": "ii", "fd_fdstat_set_flags": "ii", "fd_fdstat_set_rights": "iII", "fd_filestat_get": "ii",
    "fd_filestat_set_size": "iI", "fd_filestat_set_times": "iIIi", "fd_pread": "iiiIi", "fd_prestat_get": "ii",
    "fd_prestat_dir_name": "iii", "fd_pwrite": "iiiIi", "fd_read": "iiii", "fd_readdir": "iiiIi", "fd_renumber": "ii",
    "fd_seek": "iIii", "fd_sync": "i", "fd_tell": "ii", "fd_write": "iiii", "path_create_directory": "iii",
    "path_filestat_get": "iiiii", "path_filestat_set_times": "iiiiIIi", "path_link": "iiiiiii", "path_open": "iiiiiIIii",
    "path_readlink": "iiiiii", "path_remove_directory": "iii", "path_rename": "iiiiii", "path_symlink": "iiiii",
    "path_unlink_file": "iii", "poll_oneoff": "iiii", "proc_exit": "i", "proc_raise": "i", "sched_yield": "",
    "random_get": "ii", "sock_accept": "iii", "sock_recv": "iiiiii", "sock_send": "iiiii", "sock_shutdown": "ii",
}  # fmt: skip


def test_every_function_has_the_witx_signature():
    functions = host_functions(WasiConfig())
    letters = {I32: "i", I64: "I"}
    for module, expected in (
        ("wasi_snapshot_preview1", SIGNATURES),
        ("wasi_unstable", {k: v for k, v in SIGNATURES.items() if k != "sock_accept"}),
    ):
        found = {f.name: "".join(letters[p] for p in f.type.params) for f in functions if f.module == module}
        assert found == expected
    assert all(f.type.results == (() if f.name == "proc_exit" else (I32,)) for f in functions)
    assert len(SIGNATURES) == 46


@pytest.mark.parametrize("row", [row for _, rows in functions.MODULES for row in rows], ids=lambda row: f"{row[3]}.{row[0]}")
def test_every_row_has_an_implementation_that_takes_its_parameters(row):
    name, kinds, _, file = row
    code = functions.implementation_of(file, name).__code__
    assert code.co_argcount - len(functions.implementation_of(file, name).__defaults__ or ()) == (
        1 + ("ptr" in kinds) + len(kinds.split())
    )
    assert ("memory" in code.co_varnames[:2]) == ("ptr" in kinds)


def prepare(make, root, module="wasi_snapshot_preview1"):
    """A guest for which every call would succeed: 3 a directory, 4 a listening and 5 a connected socket, 6 a file."""
    ours, theirs = socket.socketpair()
    listening = socket.create_server(("127.0.0.1", 0))
    config = WasiConfig(args=["a"], env=[("b", "c")])
    config.preopen_dir(root, "/")
    config.preopen_socket(listening)
    config.preopen_socket(ours)
    guest = make(config, size=65536, module=module)
    (root / "f").write_bytes(b"text")
    guest.opened("f")
    for sock in (ours, listening):
        sock.close()
    theirs.sendall(b"x")
    return guest, theirs


def fd_for(name):
    if name.startswith("sock"):
        return 4 if name == "sock_accept" else 5
    return 3 if name.startswith("path") or name in ("fd_readdir", "fd_prestat_get", "fd_prestat_dir_name") else 6


POINTERS = [
    (module, row[0], index)
    for module, rows in functions.MODULES
    for row in rows
    for index, kind in enumerate(row[1].split())
    if kind == "ptr"
]


@pytest.mark.parametrize(("module", "name", "index"), POINTERS)
def test_pointer_out_of_bounds(make, root, module, name, index):
    guest, theirs = prepare(make, root, module)
    kinds = next(row[1] for row in dict(functions.MODULES)[module] if row[0] == name).split()
    before = sorted(root.iterdir())
    if name.startswith("path"):
        guest.data[512:514] = b"aa"
    with theirs:
        for bad in (65535, 65536, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF):
            args = []
            for position, kind in enumerate(kinds):
                value = {"fd": fd_for(name), "ptr": 512, "size": 2}.get(kind, 0)
                args.append(bad if position == index else value)
            assert ERRNO_NAMES[guest.call(name, *args)] == "FAULT", bad
    assert sorted(root.iterdir()) == before
    assert (root / "f").read_bytes() == b"text"


@pytest.mark.parametrize("name", ["fd_read", "fd_write", "fd_pread", "fd_pwrite", "sock_recv", "sock_send"])
@pytest.mark.parametrize("buffer", [(65535, 2), (65536, 1), (0xFFFFFFFF, 0xFFFFFFFF), (0, 0xFFFFFFFF)])
def test_buffer_out_of_bounds(make, root, name, buffer):
    guest, theirs = prepare(make, root)
    extra = {"fd_pread": (0, 0), "fd_pwrite": (0, 0), "sock_recv": (0, 0, 8), "sock_send": (0, 0)}.get(name, (0,))
    with theirs:
        assert guest.call(name, fd_for(name), *guest.iovs((8, 1), buffer), *extra) == FAULT
        assert guest.call(name, fd_for(name), 8, 0xFFFFFFFF, *extra) == FAULT
    assert (root / "f").read_bytes() == b"text"


def test_a_result_may_end_where_memory_ends(make):
    guest = make(size=65536)
    assert guest.call("clock_time_get", 0, 0, 65528) == 0
    assert guest.call("clock_time_get", 0, 0, 65529) == FAULT
    assert guest.call("random_get", 65536, 0) == 0


NUMBERS = (0, 1, 2, 3, 4, 5, 8, 16, 24, 511, 65535, 65536, 1 << 31, (1 << 32) - 1, 1 << 63, (1 << 64) - 1)
FOUND = (b"..", b"f", b"a/b", b"a", b"/", b"../x", b"a\0", struct.pack("<II", 16, 8))


def random_call(rng, guest, rows):
    """(name, errno); None for the errno of proc_exit."""
    at = rng.randrange(64) * 8
    guest.data[at : at + 8] = rng.choice(FOUND).ljust(8, b"/")
    name, kinds, _, _ = rng.choice(rows)
    usual = {"fd": range(6), "ptr": range(0, 512, 8), "size": range(9)}
    args = [rng.choice(usual.get(kind, (0, 1, 8)) if rng.random() < 0.8 else NUMBERS) for kind in kinds.split()]
    try:
        return name, guest.call(name, *args)
    except (ExitTrap, InvalidExit):
        assert name == "proc_exit"
        return name, None


def test_random_calls_never_raise(make, root):
    rng = random.Random(20)
    rows = [row for row in functions.PREVIEW1 if row[0] not in ("fd_allocate", "poll_oneoff")]  # these may take their time
    seen = set()
    for _ in range(200):
        config = WasiConfig(args=["a" * 100] * 10, env=[("n", "v")], stdin=b"input", stdout=bytearray(), stderr=bytearray())
        config.preopen_dir(root, "/")
        guest = make(config, size=65536)
        guest.open("f", 1)
        seen |= {random_call(rng, guest, rows) for _ in range(100)}
        guest.context.close()
    assert all(code is None or code in range(len(ERRNO_NAMES)) for _, code in seen)
    assert len({name for name, code in seen if code == 0}) > 30
    assert (root.parent / "secret").read_bytes() == b"secret"


def test_functions_without_pointers_need_no_memory(guest):
    class Bare:
        def memory(self):
            raise LinkError("no memory")

    assert guest.functions["fd_close"].call(Bare(), 3) == 0
    with pytest.raises(LinkError):
        guest.functions["fd_write"].call(Bare(), 1, 0, 0, 0)


def test_importing_is_light():
    script = (
        "import sys, wasm_wasi_p1 as w; w.host_functions(w.WasiConfig(stdout=w.INHERIT))\n"
        "heavy = {'dataclasses', 'pathlib', 're', 'enum', 'ctypes', 'socket', 'select', 'struct', 'wasm_wasi_p1.path'}\n"
        "print(sorted(heavy & (set(sys.modules) - before)))"
    )
    code = "import sys; import wasm_environ.host, wasm_environ.types; before = set(sys.modules)\n" + script
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600, check=True)
    assert run.stdout == "[]\n"
