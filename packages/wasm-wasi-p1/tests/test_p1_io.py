"""Reading, writing and seeking: files, stdio of every kind, rights, bounds."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys

import pytest

from wasm_wasi_common import streams
from wasm_wasi_p1 import INHERIT, WasiConfig, abi
from wasm_wasi_p1.abi import BADF, ERRNO_NAMES, INVAL, NOTCAPABLE

PIPE, SPIPE = 64, 70


def test_write_seek_read(guest):
    fd = guest.opened("f", abi.CREAT)
    assert guest.write(fd, b"hello world") == (0, 11)
    assert guest.call("fd_tell", fd, 0) == 0
    assert guest.u64() == 11
    assert guest.read(fd) == (0, b"")
    for offset, whence, expected in ((0, 0, 0), (3, 0, 3), (2, 1, 5), (-1, 1, 4), (0, 2, 11), (-5, 2, 6), (9, 2, 20), (0, 1, 20)):
        assert guest.call("fd_seek", fd, offset, whence, 0) == 0
        assert guest.u64() == expected
    for offset, whence in ((-1, 0), (-100, 1), (-100, 2), (0, 3), (0, 0xFFFFFFFF)):
        assert guest.call("fd_seek", fd, offset, whence, 0) == INVAL
    guest.call("fd_seek", fd, 6, 0, 0)
    assert guest.read(fd) == (0, b"world")


def test_scattered_buffers(guest):
    fd = guest.opened("f", abi.CREAT)
    parts = [(guest.put(b"abc"), 3), (0xFFFF, 0), (guest.put(b"de"), 2)]
    assert guest.call("fd_write", fd, *guest.iovs(*parts), 0) == 0
    assert guest.u32() == 5
    guest.call("fd_seek", fd, 0, 0, 0)
    one, two = guest.put(bytes(2)), guest.put(bytes(9))
    assert guest.call("fd_read", fd, *guest.iovs((one, 2), (two, 9)), 0) == 0
    assert (guest.u32(), guest.data[one : one + 2], guest.data[two : two + 4]) == (5, b"ab", b"cde\0")
    for name in ("fd_read", "fd_write"):
        assert guest.call(name, fd, 0, 0, 0) == 0
        assert guest.u32() == 0


def test_positioned(guest):
    fd = guest.opened("f", abi.CREAT)
    guest.write(fd, b"0123456789")
    buffer = guest.iovs((guest.put(b"XY"), 2))
    assert guest.call("fd_pwrite", fd, *buffer, 4, 0) == 0
    assert guest.call("fd_pread", fd, *buffer, 3, 0) == 0
    assert bytes(guest.data[1024:1026]) != b""
    at = guest.put(bytes(8))
    assert guest.call("fd_pread", fd, *guest.iovs((at, 8)), 3, 0) == 0
    assert (guest.u32(), bytes(guest.data[at : at + 7])) == (7, b"3XY6789")
    assert guest.call("fd_tell", fd, 0) == 0
    assert guest.u64() == 10
    assert guest.call("fd_pread", fd, *buffer, 1 << 63, 0) == INVAL
    assert guest.call("fd_pwrite", fd, *buffer, (1 << 64) - 1, 0) == INVAL
    assert guest.call("fd_pread", fd, *buffer, (1 << 63) - 1, 0) in (0, INVAL, abi.OVERFLOW)


def test_append_ignores_seek(guest, root):
    (root / "f").write_bytes(b"start-")
    fd = guest.opened("f", fdflags=abi.APPEND)
    assert guest.fdstat(fd)[1] == abi.APPEND
    guest.call("fd_seek", fd, 0, 0, 0)
    guest.write(fd, b"more")
    assert (root / "f").read_bytes() == b"start-more"
    assert guest.call("fd_fdstat_set_flags", fd, 0) == 0
    guest.call("fd_seek", fd, 0, 0, 0)
    guest.write(fd, b"S")
    assert (root / "f").read_bytes() == b"Start-more"
    assert guest.call("fd_fdstat_set_flags", fd, abi.APPEND | abi.NONBLOCK) == 0
    guest.write(fd, b"!")
    assert (root / "f").read_bytes() == b"Start-more!"
    assert guest.fdstat(fd)[1] == abi.APPEND | abi.NONBLOCK
    assert guest.call("fd_fdstat_set_flags", fd, abi.SYNC) == INVAL


def test_reading_and_writing_need_their_right(guest):
    guest.opened("f", abi.CREAT)
    reader, writer, neither = (guest.opened("f", rights=rights) for rights in (abi.FD_READ, abi.FD_WRITE, 0))
    assert guest.write(reader, b"x")[0] == BADF
    assert guest.read(writer)[0] == BADF
    assert guest.write(neither, b"x")[0] == BADF
    assert guest.read(neither)[0] == BADF
    assert guest.fdstat(reader)[2] & (abi.FD_READ | abi.FD_WRITE) == abi.FD_READ
    assert guest.fdstat(writer)[2] & (abi.FD_READ | abi.FD_WRITE) == abi.FD_WRITE
    for name, args, expected in (("fd_filestat_set_size", (0,), INVAL), ("fd_allocate", (0, 1), BADF)):
        assert guest.call(name, reader, *args) == expected
        assert guest.call(name, writer, *args) == 0


@pytest.mark.parametrize(
    ("right", "name", "args"),
    [
        (abi.FD_SEEK, "fd_seek", (1, 0, 0)),
        (abi.FD_TELL, "fd_tell", (0,)),
        (abi.FD_ADVISE, "fd_advise", (0, 1, 0)),
        (abi.FD_ALLOCATE, "fd_allocate", (0, 1)),
        (abi.FD_SYNC, "fd_sync", ()),
        (abi.FD_DATASYNC, "fd_datasync", ()),
        (abi.FD_FDSTAT_SET_FLAGS, "fd_fdstat_set_flags", (0,)),
        (abi.FD_FILESTAT_GET, "fd_filestat_get", (0,)),
        (abi.FD_FILESTAT_SET_SIZE, "fd_filestat_set_size", (0,)),
        (abi.FD_FILESTAT_SET_TIMES, "fd_filestat_set_times", (0, 0, 0)),
        (abi.FD_READ, "fd_read", (0, 0, 0)),
        (abi.FD_WRITE, "fd_write", (0, 0, 0)),
        (abi.FD_READ, "fd_pread", (0, 0, 0, 0)),
        (abi.FD_WRITE, "fd_pwrite", (0, 0, 0, 0)),
    ],
)
def test_a_right_given_up_is_gone(guest, right, name, args):
    fd = guest.opened("f", abi.CREAT)
    _, _, base, inheriting = guest.fdstat(fd)
    assert base & right
    assert guest.call(name, fd, *args) == 0
    assert guest.call("fd_fdstat_set_rights", fd, base & ~right, inheriting) == 0
    assert guest.call(name, fd, *args) == (BADF if right in (abi.FD_READ, abi.FD_WRITE) else NOTCAPABLE)
    assert guest.call("fd_fdstat_set_rights", fd, base, inheriting) == NOTCAPABLE
    assert guest.fdstat(fd)[2] == base & ~right


@pytest.mark.parametrize(
    ("right", "name", "extra"),
    [
        (abi.PATH_CREATE_DIRECTORY, "path_create_directory", ()),
        (abi.PATH_REMOVE_DIRECTORY, "path_remove_directory", ()),
        (abi.PATH_UNLINK_FILE, "path_unlink_file", ()),
        (abi.PATH_READLINK, "path_readlink", (512, 8, 0)),
    ],
)
def test_a_directory_right_given_up_is_gone(guest, right, name, extra):
    base, inheriting = guest.fdstat(3)[2:]
    assert guest.call("fd_fdstat_set_rights", 3, base & ~right, inheriting) == 0
    assert guest.call(name, 3, *guest.path("x"), *extra) == NOTCAPABLE


def test_rights_pass_on_to_what_is_opened(guest, root):
    (root / "d").mkdir()
    (root / "f").write_bytes(b"x")
    base, inheriting = guest.fdstat(3)[2:]
    assert guest.call("fd_fdstat_set_rights", 3, base & ~abi.PATH_FILESTAT_SET_SIZE, inheriting & ~(abi.FD_WRITE | abi.FD_SEEK)) == 0
    assert guest.open("f", rights=abi.FD_WRITE)[0] == NOTCAPABLE
    assert guest.open("f", abi.TRUNC, abi.FD_READ)[0] == NOTCAPABLE
    fd = guest.opened("f", rights=abi.FD_READ)
    assert guest.call("fd_seek", fd, 1, 0, 0) == NOTCAPABLE
    directory = guest.opened("d", abi.OPEN_DIRECTORY, 0)
    assert guest.open("g", abi.CREAT, fd=directory)[0] == NOTCAPABLE
    assert guest.open("g", abi.CREAT, abi.FD_READ, fd=directory)[0] == 0


def test_size_allocate_advise_sync(guest):
    fd = guest.opened("f", abi.CREAT)
    size = lambda: guest.stat("f")[1][4]  # noqa: E731
    assert guest.call("fd_allocate", fd, 0, 100) == 0
    assert size() == 100
    assert guest.call("fd_allocate", fd, 10, 10) == 0
    assert size() == 100
    assert guest.call("fd_allocate", fd, 90, 20) == 0
    assert size() == 110
    assert guest.call("fd_filestat_set_size", fd, 5) == 0
    assert size() == 5
    for name, args in (
        ("fd_allocate", (0, 0)), ("fd_allocate", (1 << 63, 1)), ("fd_filestat_set_size", (1 << 63,)),
        ("fd_advise", (0, 0, 6)), ("fd_advise", (1 << 63, 0, 0)), ("fd_advise", (0, 1 << 63, 0)),
    ):  # fmt: skip
        assert guest.call(name, fd, *args) == INVAL
    for advice in range(6):
        assert guest.call("fd_advise", fd, 0, 100, advice) == 0
    for name in ("fd_sync", "fd_datasync"):
        assert guest.call(name, fd) == guest.call(name, 3) == 0


@pytest.mark.parametrize("name", ["fd_read", "fd_write", "fd_seek", "fd_tell", "fd_allocate", "fd_advise", "fd_filestat_set_size",
                                  "fd_pread", "fd_pwrite"])  # fmt: skip
def test_a_directory_is_no_file(guest, name):
    count = len(guest.functions[name].type.params) - 1
    assert ERRNO_NAMES[guest.call(name, 3, *([0] * count))] in ("BADF", "ISDIR")


def test_every_fd_function_refuses_an_fd_that_is_not_open(guest):
    for function in guest.functions.values():
        if function.name.startswith(("fd_", "sock_")):
            for fd in (9, 0xFFFFFFFF):
                args = [fd] + [0] * (len(function.type.params) - 1)
                assert guest.call(function.name, *args) == BADF, function.name


def callback(*pieces):
    """A function over a few pieces, whatever size is asked for."""
    rest = iter(pieces)
    return lambda size: next(rest, b"")


# stdio: what is given -> what the guest reads.
STDIN = [
    (None, b""),
    (b"bytes", b"bytes"),
    (bytearray(b"array"), b"array"),
    (io.BytesIO, b"file"),
    (io.StringIO, "t\u00e9xt".encode()),
    (callback(b"call", b"back"), b"callback"),
    (callback(b"more than asked for"), b"more than asked for"),
]


@pytest.mark.parametrize(("source", "expected"), STDIN)
def test_stdin(make, source, expected):
    if isinstance(source, type):
        source = source(expected if source is io.BytesIO else expected.decode())
    guest = make(WasiConfig(stdin=source))
    data = b""
    while len(data) < len(expected):
        code, piece = guest.read(0, 5)
        assert code == 0
        data += piece
    assert data == expected
    assert guest.read(0, 5) == (0, b"")


def test_stdin_from_a_path_can_seek(make, root):
    (root / "in").write_bytes(b"0123456789")
    guest = make(WasiConfig(stdin=root / "in"))
    assert guest.call("fd_seek", 0, 4, 0, 0) == 0
    assert guest.read(0) == (0, b"456789")
    assert guest.write(0, b"x")[0] == BADF
    assert guest.fdstat(0)[0] == abi.REGULAR_FILE


def test_stdout_targets(make, root):
    array, binary, text, calls, with_result = bytearray(), io.BytesIO(), io.StringIO(), [], []

    def half(data):
        with_result.append(data)
        return len(data) // 2

    def stdout(target):
        return make(WasiConfig(stdout=target))

    assert stdout(None).write(1, b"lost") == (0, 4)
    assert stdout(array).write(1, b"array") == (0, 5)
    assert stdout(binary).write(1, b"binary") == (0, 6)
    guest = stdout(text)
    assert guest.write(1, "\u00e9".encode()[:1]) == (0, 1)
    assert guest.write(1, "\u00e9".encode()[1:] + b"\xff") == (0, 2)
    assert stdout(calls.append).write(1, b"call") == (0, 4)
    assert stdout(half).write(1, b"1234") == (0, 2)
    assert stdout(root / "out").write(1, b"path") == (0, 4)
    assert (array, binary.getvalue(), text.getvalue(), calls, with_result) == (b"array", b"binary", "\u00e9\ufffd", [b"call"], [b"1234"])
    assert (root / "out").read_bytes() == b"path"
    assert stdout(lambda data: 99).write(1, b"1234")[0] == abi.IO
    assert stdout(lambda data: -32).write(1, b"1234")[0] == PIPE
    assert guest.read(1)[0] == BADF


def test_stdio_is_no_file(make):
    guest = make(WasiConfig(stdin=b"x", stdout=bytearray()))
    assert guest.call("fd_seek", 0, 0, 0, 0) == SPIPE
    assert guest.call("fd_tell", 1, 0) == SPIPE
    assert guest.call("fd_pread", 0, 0, 0, 0, 0) == SPIPE
    assert guest.call("fd_pwrite", 1, 0, 0, 0, 0) == SPIPE
    assert guest.call("fd_filestat_get", 1, 0) == 0
    assert bytes(guest.data[:64]) == bytes(64)
    assert guest.call("fd_close", 1) == 0
    assert guest.write(1, b"x")[0] == BADF


def test_an_error_of_the_callers_object_surfaces(make):
    class Mine(Exception):
        pass

    def fail(data):
        raise Mine

    def broken(data):
        raise BrokenPipeError(32, "closed")

    guest = make(WasiConfig(stdout=fail, stderr=broken))
    with pytest.raises(Mine):
        guest.write(1, b"x")
    assert guest.write(2, b"x")[0] == PIPE


def test_a_host_fd(make):
    reading, writing = os.pipe()
    guest = make(WasiConfig(stdin=reading, stdout=writing))
    assert guest.write(1, b"through") == (0, 7)
    assert guest.read(0) == (0, b"through")
    assert guest.fdstat(0)[0] == abi.UNKNOWN
    for fd in (0, 1):
        assert guest.call("fd_close", fd) == 0
    os.close(reading)  # still the caller's
    os.close(writing)


def test_a_pipe_without_reader_or_writer(make):
    reading, writing = os.pipe()
    guest = make(WasiConfig(stdout=writing))
    os.close(reading)
    assert guest.write(1, b"x")[0] == PIPE
    os.close(writing)


def test_nonblock_is_the_guests_choice_alone(make):
    reading, writing = os.pipe()
    guest = make(WasiConfig(stdin=reading, stdout=writing))
    for fd in (0, 1):
        assert guest.call("fd_fdstat_set_flags", fd, abi.NONBLOCK) == 0
    assert guest.read(0)[0] == abi.AGAIN
    assert os.get_blocking(reading)
    assert os.get_blocking(writing)
    total = 0
    for _ in range(1000):
        code, count = guest.write(1, bytes(10_000))
        if code:
            break
        total += count
    assert code == abi.AGAIN
    assert total >= 65536 - 4096
    os.set_blocking(reading, False)  # the other way round: the host's flag does not fail a guest that waits
    assert guest.call("fd_fdstat_set_flags", 0, 0) == 0
    assert guest.read(0, 7) == (0, bytes(7))
    for fd in (reading, writing):
        os.close(fd)


def test_host_memory_is_bounded(make):
    largest = []

    def read(size):
        largest.append(size)
        return bytes(size)

    guest = make(WasiConfig(stdin=read, stdout=lambda data: largest.append(len(data))), size=8 << 20)
    buffer = (1024, 7 << 20)
    guest.data[64:72] = struct.pack("<II", *buffer)
    assert guest.call("fd_read", 0, 64, 1, 0) == 0
    assert guest.u32() <= streams.PIECE
    assert guest.call("fd_write", 1, 64, 1, 0) == 0
    assert guest.u32() == 7 << 20
    assert max(largest) <= streams.PIECE


def test_many_buffers_are_left_for_the_next_call():
    data = bytearray(1 << 20)
    for index in range(5000):
        data[8 * index : 8 * index + 8] = struct.pack("<II", 65536, 3)
    assert len(abi.buffers(memoryview(data), 0, 5000)) == abi.MAX_IOVECS


def test_the_sum_of_lengths_is_bounded():
    class Huge:  # a guest memory of 4 GiB that takes no room
        def __len__(self):
            return 1 << 32

        def __getitem__(self, part):
            return struct.pack("<II", 0, 0xFFFFFFFF)[part.start % 8 : part.stop % 8 or 8] if part.stop < 1000 else part

    found = abi.buffers(Huge(), 0, 5)
    assert [part.stop - part.start for part in found] == [abi.MAX_TRANSFER]


def run(script, **options):
    code = (
        "from wasm_wasi_p1 import *\nimport sys\n"
        "class Caller:\n    data = bytearray(65536)\n    def memory(self): return memoryview(self.data)\n"
        "    def limited(self): return False\n"
        "    def interrupted(self): return False\n"
        "caller = Caller()\n"
        "def start(**settings):\n"
        "    global f\n"
        "    context = WasiContext(WasiConfig(**settings))\n"
        "    f = {h.name: h.call for h in host_functions(context) if h.module.endswith('1')}\n"
        "def write(fd, data):\n"
        "    caller.data[100:100 + len(data)] = data\n"
        "    caller.data[:8] = (100).to_bytes(4, 'little') + len(data).to_bytes(4, 'little')\n"
        "    return f['fd_write'](caller, fd, 0, 1, 16)\n"
    )
    return subprocess.run([sys.executable, "-c", code + script], timeout=600, **options)


def test_inherited_output_keeps_its_order_with_pythons():
    script = "start(stdout=INHERIT)\nprint('one')\nwrite(1, b'two\\n')\nprint('three')\nwrite(1, b'four\\n')\n"
    assert run(script, capture_output=True, check=True).stdout == b"one\ntwo\nthree\nfour\n"


def test_inherited_stdin():
    script = (
        "start(stdin=INHERIT)\ncaller.data[:8] = (100).to_bytes(4, 'little') + (9).to_bytes(4, 'little')\n"
        "assert f['fd_read'](caller, 0, 0, 1, 16) == 0\nprint(bytes(caller.data[100:103]))\n"
    )
    assert run(script, input=b"abc", stdout=subprocess.PIPE, check=True).stdout == b"b'abc'\n"


def test_stdout_closed_early():
    reading, writing = os.pipe()
    os.close(reading)
    script = "start(stdout=INHERIT)\ncode = write(1, b'x')\nsys.exit(0 if code == 64 else 1)\n"
    try:
        ended = run(script, stdout=writing, stderr=subprocess.PIPE)
    finally:
        os.close(writing)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_streams_closed_before_the_process_began():
    script = "start(stdin=INHERIT, stdout=INHERIT, stderr=INHERIT)\nimport os\nos._exit(write(1, b'x') + write(2, b'x'))\n"
    ended = run("import os\nfor fd in (0, 1, 2): os.close(fd)\n" + script)
    assert ended.returncode == 0


@pytest.mark.parametrize("exception", ["signal", "sent"])
@pytest.mark.parametrize(
    "wait",
    [
        "f['poll_oneoff'](caller, 32, 256, 1, 512)",  # a clock in a day
        "f['fd_read'](caller, 0, 0, 1, 16)",  # a pipe nobody writes to
    ],
)
def test_a_wait_can_be_ended(wait, exception):
    """By Ctrl-C, and by an exception another thread sends (as a call timeout may)."""
    send = {
        "signal": "os.kill, (os.getpid(), signal.SIGINT)",
        "sent": "ctypes.pythonapi.PyThreadState_SetAsyncExc, (ctypes.c_ulong(threading.get_ident()), ctypes.py_object(KeyboardInterrupt))",
    }[exception]
    script = (
        "import ctypes, signal, os, threading, time\nstart(stdin=INHERIT)\n"
        "caller.data[:8] = (100).to_bytes(4, 'little') + (9).to_bytes(4, 'little')\n"
        "caller.data[56:64] = (86400 * 10**9).to_bytes(8, 'little')\n"
        f"threading.Timer(0.3, {send}).start()\n"
        f"try:\n    {wait}\nexcept KeyboardInterrupt:\n    sys.exit(42)\n"
    )
    reading, writing = os.pipe()
    try:
        assert run(script, stdin=reading).returncode == 42
    finally:
        os.close(reading)
        os.close(writing)


def test_inherit_shows_its_name():
    assert repr(INHERIT) == "INHERIT"
