"""What of the host's descriptors a guest can take, and what it takes for a terminal."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from wasm_wasi_common.descriptor import host_file, opened
from wasm_wasi_p1 import INHERIT, WasiConfig, abi
from wasm_wasi_p1.abi import MFILE

SEEKS = abi.FD_SEEK | abi.FD_TELL


def test_a_listing_counts(guest, root):
    guest.context.max_fds = 8  # stdio, the preopen, and four more
    (root / "d").mkdir()
    first, second = guest.opened("d", rights=0), guest.opened("d", rights=0)
    assert len(guest.readdir(first)[0]) == 2
    assert len(guest.readdir(second)[0]) == 2
    assert guest.open("d", rights=0)[0] == MFILE
    assert guest.call("fd_readdir", 3, 1024, 100, 0, 0) == MFILE
    assert guest.call("fd_close", second) == 0
    third = guest.opened("d", rights=0)
    assert third == second
    assert guest.call("fd_close", first) == 0  # a hole below
    assert guest.call("fd_readdir", third, 1024, 100, 0, 0) == 0
    assert guest.opened("d", rights=0) == first
    assert guest.context.listings == 1
    guest.readdir(third)  # from the start again: still one
    assert guest.context.listings == 1


def test_closing_makes_room(guest, root):
    guest.context.max_fds = 8
    for _ in range(3):
        fds = []
        while not (result := guest.open("f", abi.CREAT))[0]:
            fds.append(result[1])
        assert (result[0], fds) == (MFILE, [4, 5, 6, 7])
        assert guest.call("fd_renumber", 7, 4) == 0
        for fd in fds[:3]:
            guest.call("fd_close", fd)
        assert guest.call("fd_readdir", 3, 1024, 100, 0, 0) == 0
        guest.context.table[3].listing.close()


# Four guests at once open and list all they can; each keeps its table.
TAKE = """
import os, resource, subprocess, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (HOW_MANY, HOW_MANY))
from wasm_wasi_p1 import WasiConfig, WasiContext, host_functions
class Caller:
    data = bytearray(65536)
    def memory(self): return memoryview(self.data)
    def limited(self): return False
    def interrupted(self): return False
caller, contexts, codes = Caller(), [], set()
caller.data[0:1] = b"."
for _ in range(GUESTS):
    config = WasiConfig(); config.preopen_dir(sys.argv[1], "/")
    contexts.append(WasiContext(config))
    f = {h.name: h.call for h in host_functions(contexts[-1]) if h.module.endswith("1")}
    while not (code := f["path_open"](caller, 3, 0, 0, 1, 2, 0x4000, 0, 0, 16)):
        code = f["fd_readdir"](caller, int.from_bytes(caller.data[16:20], "little"), 1024, 60, 0, 32)
    codes.add(code)
print(codes, len(os.listdir("/proc/self/fd")))
subprocess.run(["true"], check=True, capture_output=True)
open("/dev/null").close()
"""


@pytest.mark.parametrize(("limit", "guests", "most"), [(1024, 1, 540), (1024, 4, 800), (128, 1, 80), (128, 4, 110)])
def test_the_host_keeps_descriptors(root, limit, guests, most):
    for number in range(20):
        (root / str(number)).touch()
    code = TAKE.replace("HOW_MANY", str(limit)).replace("GUESTS", str(guests))
    done = subprocess.run([sys.executable, "-c", code, str(root)], capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr == ""
    codes, taken = done.stdout.split()
    assert codes == f"{{{MFILE}}}"
    assert int(taken) < most


def is_terminal(found, rights):
    """As wasi-libc's isatty()."""
    return found.filetype == abi.CHARACTER_DEVICE and not rights & SEEKS


@pytest.mark.parametrize("path", ["/dev/null", "/dev/zero", "/dev/urandom", "regular", "pipe", "terminal"])
@pytest.mark.parametrize("reading", [True, False])
def test_only_a_terminal_is_one(root, guest, path, reading):
    others = []
    if path == "pipe":
        others = list(os.pipe())
        fd = others.pop(0)
    elif path == "terminal":
        others = list(os.openpty())
        fd = others.pop()
    else:
        (root / "regular").touch()
        fd = os.open(os.path.join(root, path), os.O_RDONLY)
    try:
        assert os.isatty(fd) == (path == "terminal")
        given = host_file(fd, reading, owned=False)
        assert is_terminal(given, abi.stdio_rights(given)) == os.isatty(fd)
        parent = guest.context.get(3)
        found = opened(fd, parent, reading, not reading, 0)
        assert is_terminal(found, abi.opened_rights(found, parent)) == os.isatty(fd)
    finally:
        for each in (fd, *others):
            os.close(each)


@pytest.mark.parametrize("source", [None, b"bytes", INHERIT])
def test_stdin_that_is_no_terminal(make, source):
    with open("/dev/null") as null:
        guest = make(WasiConfig(stdin=null.fileno() if source is INHERIT else source))
        filetype, _, base, _ = guest.fdstat(0)
        assert filetype != abi.CHARACTER_DEVICE or base & SEEKS
        if source is INHERIT:
            assert guest.call("fd_seek", 0, 0, 1, 0) == 0  # as of a native program
            assert guest.read(0) == (0, b"")
