"""Whatever a guest waits for, it waits until its time is over and no longer: a row for each function that can wait, a reason for each that cannot."""

from __future__ import annotations

import io
import os
import socket
import threading
import time
import zipfile

import pytest

from wasm_wasi_common import archive, blocking, overlay, transfer
from wasm_wasi_common.memory import MemoryFilesystem
from wasm_wasi_common.overlay import OverlayFilesystem
from wasm_wasi_p1 import WasiConfig, abi, functions
from wasm_wasi_p1.abi import ERRNO_NAMES, INTR

MEMORY = "touches nothing but the guest's memory and table"
CALL = "one system call that waits for no other process"
# Function: why it never waits, or the names of the rows below.
FUNCTIONS = {
    "args_get": MEMORY, "args_sizes_get": MEMORY, "environ_get": MEMORY, "environ_sizes_get": MEMORY,
    "clock_res_get": CALL, "clock_time_get": CALL, "fd_advise": CALL, "fd_allocate": ["allocate"], "fd_close": CALL,
    "fd_datasync": ["datasync"], "fd_fdstat_get": MEMORY, "fd_fdstat_set_flags": CALL, "fd_fdstat_set_rights": MEMORY, "fd_filestat_get": CALL,
    "fd_filestat_set_size": CALL, "fd_filestat_set_times": CALL, "fd_pread": ["pread", "unpack to pread", "unpack beneath an overlay"], "fd_prestat_get": MEMORY, "fd_prestat_dir_name": MEMORY,
    "fd_pwrite": ["pwrite"],
    "fd_read": ["read pipe", "read drained pipe", "read fifo", "read terminal", "read socket", "read object", "read callback", "read regular",
                "unpack to read"],
    "fd_readdir": ["readdir"], "fd_renumber": CALL, "fd_seek": CALL, "fd_sync": ["sync"], "fd_tell": CALL,
    "fd_write": ["write pipe", "write fifo", "write terminal", "write socket", "write object", "write callback", "write regular", "write flush"],
    "path_create_directory": CALL, "path_filestat_get": CALL, "path_filestat_set_times": ["copy to set times"], "path_link": ["copy to link"],
    "path_open": ["open fifo", "copy to write", "copy to truncate"],
    "path_readlink": CALL, "path_remove_directory": CALL, "path_rename": ["copy to rename", "copy a folder to rename"], "path_symlink": CALL, "path_unlink_file": CALL,
    "poll_oneoff": ["poll clock", "poll file"], "proc_exit": MEMORY, "proc_raise": MEMORY, "sched_yield": CALL, "random_get": ["random"],
    "sock_accept": ["accept", "accept lost"], "sock_recv": ["recv", "recv all", "peek all"], "sock_send": ["send"], "sock_shutdown": CALL,
}  # fmt: skip


class Stage:
    """What a row sets up: guests, and host files that are closed at the end."""

    def __init__(self, make, root, monkeypatch):
        self.make, self.root, self.monkeypatch = make, root, monkeypatch
        self.never = threading.Event()  # set at the end: lets go of what was left behind
        self.fds: list[int] = []
        self.sockets: list[socket.socket] = []

    def guest(self, **settings):
        config = WasiConfig(**settings)
        config.preopen_dir(self.root, "/")
        return self.make(config, size=4 << 20)

    def pipe(self):
        self.fds += (ends := os.pipe())
        return ends

    def terminal(self):
        self.fds += (ends := os.openpty())
        return ends

    def pair(self):
        self.sockets += (ends := socket.socketpair())
        return ends

    def socket_guest(self, sock):
        config = WasiConfig()
        config.preopen_socket(sock)
        return self.make(config, size=1 << 20)

    def block(self, *args):
        self.never.wait(60)
        return b""

    def close(self):
        self.never.set()
        for fd in self.fds:
            os.close(fd)
        for sock in self.sockets:
            sock.close()


class Blocking:
    """A file-like object that never has anything, and never takes anything."""

    def __init__(self, stage):
        self.read = self.write = stage.block


def reading(guest, fd=0):
    return guest, lambda: guest.read(fd)[0]


def writing(guest, fd=1):
    """Writes 64 KiB at a time until something happens."""

    def call():
        while True:
            code, _ = guest.write(fd, bytes(65536))
            if code:
                return code

    return guest, call


def drained_pipe(stage):
    """Another reader takes what poll() saw."""
    reader, writer = stage.pipe()
    os.write(writer, b"x")
    try:
        os.preadv(reader, [bytearray(1)], -1, os.RWF_NOWAIT)
    except OSError:
        pytest.skip("this kernel cannot read a pipe without waiting")
    stage.monkeypatch.setattr(blocking, "ready", lambda context, fd, writing, block: blocking.stop_if_over(context) or True)
    return reading(stage.guest(stdin=reader))


def regular(stage, function, call):
    """A file that has more than a batch: the time is over after the first."""
    stage.monkeypatch.setattr(transfer, "BATCH", 1024)
    (stage.root / "f").write_bytes(bytes(65536))
    guest = stage.guest()
    fd = guest.opened("f")
    iovs = guest.iovs((65536, 65536))

    def over():
        guest.deadline = time.monotonic()
        return guest.call(function, fd, *iovs, *call)

    return guest, over


def syncing(stage, name):
    (stage.root / "f").write_bytes(b"text")
    guest = stage.guest()
    fd = guest.opened("f")
    stage.monkeypatch.setattr(os, "f" + name, stage.block)
    return guest, lambda: guest.call(f"fd_{name}", fd)


def allocate(stage):
    stage.monkeypatch.setattr(os, "posix_fallocate", lambda fd, start, size: time.sleep(0.01))
    guest = stage.guest()
    fd = guest.opened("f", abi.CREAT)
    return guest, lambda: guest.call("fd_allocate", fd, 0, 1 << 60)


def fifo(stage, rights):
    os.mkfifo(stage.root / "p")
    guest = stage.guest()
    return guest, guest.opened("p", rights=rights)


def full_fifo(stage):
    os.mkfifo(stage.root / "p")
    stage.fds.append(os.open(stage.root / "p", os.O_RDONLY | os.O_NONBLOCK))
    guest = stage.guest()
    return writing(guest, guest.opened("p", rights=abi.FD_WRITE))


def open_fifo(stage):
    os.mkfifo(stage.root / "p")
    guest = stage.guest()
    return guest, lambda: guest.open("p", rights=abi.FD_WRITE)[0]


def readdir(stage):
    for number in range(2 * 256):
        (stage.root / str(number)).touch()
    guest = stage.guest()

    def call():
        guest.deadline = time.monotonic()
        return guest.call("fd_readdir", 3, 1024, 4096, 1 << 40, 0)

    return guest, call


def random(stage):
    guest = stage.guest()

    def call():
        guest.deadline = time.monotonic()
        return guest.call("random_get", 1024, 1 << 20)

    return guest, call


def copying(stage, call, name="file"):
    """An overlay whose lower files have more than a guest has time to copy: `call` asks for a change of `name`."""
    stage.monkeypatch.setattr(overlay, "PIECE", 1)
    (stage.root / "file").write_bytes(bytes(1 << 20))
    (stage.root / "folder" / "deep").mkdir(parents=True)
    (stage.root / "folder" / "deep" / "file").write_bytes(bytes(1 << 20))
    (stage.root / "folder" / "deep" / "first").write_bytes(b"short")
    upper = MemoryFilesystem()
    config = WasiConfig()
    config.preopen(OverlayFilesystem(stage.root, upper), "/")
    guest = stage.make(config)
    stage.upper = upper
    return guest, lambda: call(guest, guest.path(name))


def unpacking(stage, over=lambda files: files, seek=False):
    """A file in a zip, of which a guest asks for the last byte: more has to be unpacked before it than there is time for."""
    stage.monkeypatch.setattr(archive, "PIECE", 1)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("file", bytes(8 << 20))
    config = WasiConfig()
    config.preopen(over(archive.ZipFilesystem(packed)), "/")
    guest = stage.make(config)
    fd, last, iovs = guest.opened("file", rights=abi.FD_READ | abi.FD_SEEK), (8 << 20) - 1, guest.iovs((0, 1))
    if seek:
        guest.call("fd_seek", fd, last, 0, 512)
        return guest, lambda: guest.call("fd_read", fd, *iovs, 16)
    return guest, lambda: guest.call("fd_pread", fd, *iovs, last, 16)


def polling(guest, subscription):
    at = guest.put(subscription)
    return guest, lambda: guest.call("poll_oneoff", at, 512, 1, 0)


def clock(stage):
    return polling(stage.guest(), bytes(8) + bytes(8) + (1).to_bytes(8, "little") + (3600 * 10**9).to_bytes(8, "little") + bytes(16))


def poll_file(stage):
    return polling(stage.guest(stdin=stage.pipe()[0]), bytes(8) + b"\1" + bytes(39))


def accept(stage):
    stage.sockets.append(listening := socket.create_server(("127.0.0.1", 0)))
    guest = stage.socket_guest(listening)
    return guest, lambda: guest.call("sock_accept", 3, 0, 0)


def accept_lost(stage):
    """The connection that poll() saw went to another process."""
    stage.monkeypatch.setattr(blocking, "ready", lambda *args: True)
    return accept(stage)


def recv(stage, flags=0, there=b""):
    ours, theirs = stage.pair()
    theirs.sendall(there)
    guest = stage.socket_guest(ours)
    iovs = guest.iovs((4096, 10), (8192, 10))
    return guest, lambda: guest.call("sock_recv", 3, *iovs, flags, 0, 8)


def send(stage):
    guest = stage.socket_guest(stage.pair()[0])
    iovs = guest.iovs((0, 65536))

    def call():
        while not (code := guest.call("sock_send", 3, *iovs, 0, 0)):
            pass
        return code

    return guest, call


def flush(stage):
    """Python's own output comes first, and nobody reads that."""
    guest = stage.guest(stdout=stage.pipe()[1])
    guest.context.table[1].before = stage.block
    return writing(guest)


ROWS = {
    "allocate": allocate,
    "datasync": lambda stage: syncing(stage, "datasync"),
    "sync": lambda stage: syncing(stage, "sync"),
    "pread": lambda stage: regular(stage, "fd_pread", (0, 0)),
    "pwrite": lambda stage: regular(stage, "fd_pwrite", (0, 0)),
    "read regular": lambda stage: regular(stage, "fd_read", (0,)),
    "write regular": lambda stage: regular(stage, "fd_write", (0,)),
    "read pipe": lambda stage: reading(stage.guest(stdin=stage.pipe()[0])),
    "read drained pipe": drained_pipe,
    "read fifo": lambda stage: reading(*fifo(stage, abi.FD_READ)),
    "read terminal": lambda stage: reading(stage.guest(stdin=stage.terminal()[1])),
    "read socket": lambda stage: reading(stage.guest(stdin=stage.pair()[0].fileno())),
    "read object": lambda stage: reading(stage.guest(stdin=Blocking(stage))),
    "read callback": lambda stage: reading(stage.guest(stdin=stage.block)),
    "write pipe": lambda stage: writing(stage.guest(stdout=stage.pipe()[1])),
    "write fifo": full_fifo,
    "write terminal": lambda stage: writing(stage.guest(stdout=stage.terminal()[1])),
    "write socket": lambda stage: writing(stage.guest(stdout=stage.pair()[0].fileno())),
    "write object": lambda stage: writing(stage.guest(stdout=Blocking(stage))),
    "write callback": lambda stage: writing(stage.guest(stdout=stage.block)),
    "write flush": flush,
    "readdir": readdir,
    "open fifo": open_fifo,
    "poll clock": clock,
    "poll file": poll_file,
    "random": random,
    "unpack to read": lambda stage: unpacking(stage, seek=True),
    "unpack to pread": unpacking,
    "unpack beneath an overlay": lambda stage: unpacking(stage, lambda files: OverlayFilesystem(files, MemoryFilesystem())),
    "copy to set times": lambda stage: copying(stage, lambda guest, at: guest.call("path_filestat_set_times", 3, 0, *at, 0, 5, 4)),
    "copy to link": lambda stage: copying(stage, lambda guest, at: guest.call("path_link", 3, 0, *at, 3, *guest.path("new"))),
    "copy to write": lambda stage: copying(stage, lambda guest, at: guest.open("file")[0]),
    "copy to truncate": lambda stage: copying(stage, lambda guest, at: guest.open("file", abi.TRUNC)[0]),
    "copy to rename": lambda stage: copying(stage, lambda guest, at: guest.call("path_rename", 3, *at, 3, *guest.path("new"))),
    "copy a folder to rename": lambda stage: copying(stage, lambda guest, at: guest.call("path_rename", 3, *at, 3, *guest.path("new")), "folder"),
    "accept": accept,
    "accept lost": accept_lost,
    "recv": recv,
    "recv all": lambda stage: recv(stage, 2, b"some"),
    "peek all": lambda stage: recv(stage, 3, b"some"),
    "send": send,
}  # fmt: skip


def test_every_function_is_spoken_for():
    assert set(FUNCTIONS) == {row[0] for row in functions.PREVIEW1}
    assert {row for rows in FUNCTIONS.values() if isinstance(rows, list) for row in rows} == set(ROWS)


def ends(call, patience=30.0):
    """What `call` returns, on a thread that it must come back on."""
    found = []
    thread = threading.Thread(target=lambda: found.append(call()), daemon=True)
    thread.start()
    thread.join(patience)
    assert found, "still waiting, long after the guest's time was over"
    return found[0]


@pytest.fixture
def stage(make, root, monkeypatch):
    made = Stage(make, root, monkeypatch)
    yield made
    made.close()


@pytest.mark.parametrize("row", ROWS)
def test_a_wait_ends_with_the_time(stage, row):
    guest, call = ROWS[row](stage)
    guest.deadline = time.monotonic() + 0.2
    assert ERRNO_NAMES[ends(call)] == ERRNO_NAMES[INTR]


def test_what_was_unpacked_when_the_time_was_over_is_not_unpacked_again(stage):
    """Nor lost: with time, reads go on from there, and go back."""
    guest, call = unpacking(stage)
    guest.deadline = time.monotonic() + 0.1
    assert ends(call) == INTR
    guest.deadline = None
    stage.monkeypatch.setattr(archive, "PIECE", 1 << 20)
    assert call() == 0
    assert guest.u32(16) == 1


def test_what_a_guest_had_no_time_to_move_is_as_it_was(stage):
    """No half of a file is left, and with time the same call succeeds."""
    guest, call = ROWS["copy a folder to rename"](stage)
    guest.deadline = time.monotonic() + 0.1
    assert ends(call) == INTR
    assert {data for name, data in stage.upper.to_dict().items() if not isinstance(data, dict)} <= {b"short"}
    assert guest.stat("new")[0] == abi.NOENT
    guest.deadline = None
    assert guest.names("folder/deep") == {"file": abi.REGULAR_FILE, "first": abi.REGULAR_FILE}
    assert guest.stat("folder/deep/file")[1][4] == 1 << 20
    stage.monkeypatch.undo()
    assert call() == 0
    assert guest.stat("folder")[0] == abi.NOENT
    assert guest.content("new/deep/first") == b"short"
    assert guest.stat("new/deep/file")[1][4] == 1 << 20


def test_what_a_guest_read_too_late_is_its_next_read(stage):
    """A read left behind keeps its data; a write left behind comes before the next."""
    ready, written = threading.Event(), []

    def read(size):
        ready.wait(30)
        return b"late and long"

    def write(data):
        ready.wait(30)
        written.append(data)

    guest = stage.guest(stdin=read, stdout=write)
    guest.deadline = time.monotonic()
    assert ends(lambda: guest.read(0)[0]) == INTR
    assert ends(lambda: guest.write(1, b"first")[0]) == INTR
    ready.set()
    guest.deadline = time.monotonic() + 60
    assert guest.read(0, 4) == (0, b"late")
    guest.deadline = None
    assert guest.read(0) == (0, b" and long")
    assert guest.read(0) == (0, b"late and long")
    assert guest.write(1, b"second") == (0, 6)
    assert written == [b"first", b"second"]


def test_what_an_object_raises_on_another_thread_arrives(stage):
    class Odd(Exception):
        """Not ours."""

    def fail(size):
        raise Odd

    guest = stage.guest(stdin=fail)
    guest.deadline = time.monotonic() + 60
    with pytest.raises(Odd):
        guest.read(0)


def test_a_connection_accepted_too_late_is_hung_up(stage, monkeypatch):
    guest, call = accept_lost(stage)
    guest.deadline = time.monotonic() + 0.1
    assert ends(call) == INTR
    with socket.create_connection(stage.sockets[0].getsockname(), 30) as client:
        client.settimeout(30)
        assert client.recv(1) == b""


def test_everything_arrives_under_a_limit(stage):
    """Writing in pieces, to a pipe that is read slowly."""
    reader, writer = stage.pipe()
    guest = stage.guest(stdout=writer)
    guest.deadline = time.monotonic() + 60
    data = bytes(range(256)) * 1024
    found = bytearray()

    def drain():
        while len(found) < len(data):
            found.extend(os.read(reader, 5000))

    thread = threading.Thread(target=drain)
    thread.start()
    assert guest.write(1, data) == (0, len(data))
    thread.join(30)
    assert found == data


def test_receiving_all(stage):
    ours, theirs = stage.pair()
    guest = stage.socket_guest(ours)
    iovs = guest.iovs((4096, 3), (8192, 7))
    theirs.sendall(b"01")
    threading.Timer(0.05, theirs.sendall, [b"23456789ab"]).start()
    for flags, rest in ((3, b"0123456789"), (2, b"0123456789")):
        assert guest.call("sock_recv", 3, *iovs, flags, 0, 8) == 0
        assert guest.u32() == 10
        assert guest.data[4096:4099] + guest.data[8192:8199] == rest
    theirs.shutdown(socket.SHUT_WR)
    for flags in (3, 2):
        assert guest.call("sock_recv", 3, *iovs, flags, 0, 8) == 0
        assert guest.u32() == 2


def test_a_fifo_between_guest_and_host(stage):
    """Without a limit: reading waits for a writer, and opening to write for a reader."""
    os.mkfifo(stage.root / "p")
    guest = stage.guest()

    def write_late():
        time.sleep(0.1)
        (stage.root / "p").write_bytes(b"hello")

    thread = threading.Thread(target=write_late)
    thread.start()
    fd = guest.opened("p", rights=abi.FD_READ)
    assert guest.read(fd) == (0, b"hello")
    assert guest.read(fd) == (0, b"")
    thread.join(30)
    guest.call("fd_close", fd)
    assert guest.open("p", rights=abi.FD_WRITE, fdflags=abi.NONBLOCK)[0] == abi.from_oserror(OSError(6, "no reader"))
    found = []
    thread = threading.Thread(target=lambda: found.append((stage.root / "p").read_bytes()))
    threading.Timer(0.1, thread.start).start()
    fd = guest.opened("p", rights=abi.FD_WRITE)
    assert guest.write(fd, b"back") == (0, 4)
    guest.call("fd_close", fd)
    thread.join(30)
    assert found == [b"back"]
