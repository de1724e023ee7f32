"""poll_oneoff and the sockets, on real clocks, pipes and socket pairs."""

from __future__ import annotations

import os
import socket
import struct
import threading
import time

import pytest

from wasm_wasi_p1 import WasiConfig, abi
from wasm_wasi_p1.abi import AGAIN, BADF, INVAL, NOTSOCK, NOTSUP

CLOCK, READ, WRITE = 0, 1, 2
MS = 1_000_000


def clock(userdata, timeout, clock_id=1, flags=0):
    return struct.pack("<QB7xI4xQQH6x", userdata, CLOCK, clock_id, timeout, 0, flags)


def file(userdata, kind, fd):
    return struct.pack("<QB7xI28x", userdata, kind, fd)


def poll(guest, *subscriptions):
    """{user data: (errno, type, bytes, flags)}"""
    at = guest.put(b"".join(subscriptions))
    events = guest.put(bytes(32 * len(subscriptions)))
    code = guest.call("poll_oneoff", at, events, len(subscriptions), 0)
    assert code == 0, abi.ERRNO_NAMES[code]
    found = {}
    for index in range(guest.u32()):
        userdata, errno, kind, count, flags = struct.unpack_from("<QHB5xQH", guest.data, events + 32 * index)
        found[userdata] = errno, kind, count, flags
    return found


def now(guest, clock_id=1):
    assert guest.call("clock_time_get", clock_id, 0, 0) == 0
    return guest.u64()


def test_a_relative_clock(guest):
    start = time.monotonic()
    assert poll(guest, clock(7, 30 * MS)) == {7: (0, CLOCK, 0, 0)}
    assert time.monotonic() - start >= 0.03


@pytest.mark.parametrize("clock_id", [0, 1])
def test_an_absolute_clock(guest, clock_id):
    start = time.monotonic()
    assert poll(guest, clock(7, now(guest, clock_id) + 30 * MS, clock_id, 1)) == {7: (0, CLOCK, 0, 0)}
    assert time.monotonic() - start >= 0.025
    assert poll(guest, clock(8, 0, clock_id, 1)) == {8: (0, CLOCK, 0, 0)}  # long past


def test_the_first_clock_ends_the_wait(guest):
    assert set(poll(guest, clock(1, 3600_000 * MS), clock(2, 20 * MS), clock(3, 0))) == {3}
    assert set(poll(guest, clock(1, (1 << 64) - 1), clock(2, 20 * MS))) == {2}


def test_files(make, root):
    (root / "f").write_bytes(b"12345")
    reading, writing = os.pipe()
    config = WasiConfig(stdin=reading, stdout=writing, stderr=bytearray())
    config.preopen_dir(root, "/")
    guest = make(config)
    fd = guest.opened("f")
    guest.read(fd, 2)
    assert poll(guest, file(1, READ, fd), file(2, WRITE, fd)) == {1: (0, READ, 3, 0), 2: (0, WRITE, 1, 0)}
    assert poll(guest, file(1, READ, 0), clock(9, 10 * MS)) == {9: (0, CLOCK, 0, 0)}
    assert poll(guest, file(1, READ, 0), file(2, WRITE, 1)) == {2: (0, WRITE, 1, 0)}
    assert poll(guest, file(3, WRITE, 2), file(1, READ, 0)) == {3: (0, WRITE, 1, 0)}
    threading.Timer(0.05, os.write, (writing, b"abc")).start()
    assert poll(guest, file(1, READ, 0), clock(9, 60_000 * MS)) == {1: (0, READ, 3, 0)}
    guest.read(0)
    guest.call("fd_close", 1)
    os.close(writing)
    assert poll(guest, file(1, READ, 0)) == {1: (0, READ, 0, 1)}
    os.close(reading)


def test_a_pipe_nobody_reads(make):
    reading, writing = os.pipe()
    guest = make(WasiConfig(stdout=writing))
    os.close(reading)
    assert poll(guest, file(1, WRITE, 1)) == {1: (0, WRITE, 1, 1)}
    os.close(writing)


def test_errors_are_events(guest):
    fd = guest.opened("f", abi.CREAT, abi.FD_READ)
    found = poll(guest, file(1, READ, 99), file(2, WRITE, fd), file(3, READ, 3), clock(4, 1, 2), clock(5, 1, 9), clock(6, 1, 1, 2))
    assert {userdata: event[0] for userdata, event in found.items()} == {1: BADF, 2: BADF, 3: abi.NOTCAPABLE, 4: NOTSUP, 5: INVAL, 6: INVAL}


def test_refused(guest):
    assert guest.call("poll_oneoff", 64, 128, 0, 0) == INVAL
    guest.data[64:112] = file(1, 3, 0)
    assert guest.call("poll_oneoff", 64, 512, 1, 0) == INVAL
    assert guest.call("poll_oneoff", 64, 512, 0xFFFFFFFF, 0) == abi.FAULT


def test_many_subscriptions_are_refused(make):
    guest = make(size=8 << 20)
    assert guest.call("poll_oneoff", 0, 0, 1 << 16, 0) == 0  # all zero: clocks that are due
    assert guest.u32() == 1 << 16
    guest.data[: 4 << 20] = bytes(4 << 20)
    assert guest.call("poll_oneoff", 0, 0, (1 << 16) + 1, 0) == INVAL


@pytest.fixture
def pair(make, root):
    """(guest whose fd 4 is one end, the other end)"""
    ours, theirs = socket.socketpair()
    config = WasiConfig()
    config.preopen_dir(root, "/")
    config.preopen_socket(ours)
    guest = make(config)
    ours.close()
    theirs.settimeout(10)
    with theirs:
        yield guest, theirs
        guest.context.close()


def recv(guest, size=16, flags=0, fd=4):
    at = guest.put(bytes(size))
    code = guest.call("sock_recv", fd, *guest.iovs((at, size)), flags, 0, 8)
    return code, bytes(guest.data[at : at + guest.u32()]) if code == 0 else b"", guest.data[8]


def send(guest, data, flags=0, fd=4):
    code = guest.call("sock_send", fd, *guest.iovs((guest.put(data), len(data))), flags, 0)
    return code, guest.u32()


def test_send_and_receive(pair):
    guest, theirs = pair
    assert guest.fdstat(4)[0] == abi.SOCKET_STREAM
    assert send(guest, b"hello") == (0, 5)
    assert theirs.recv(16) == b"hello"
    theirs.sendall(b"answer")
    assert recv(guest, flags=1) == (0, b"answer", 0)  # peek
    assert recv(guest, 3) == (0, b"ans", 0)
    assert recv(guest, 3, flags=2) == (0, b"wer", 0)  # wait for all
    theirs.sendall(b"read")
    assert guest.read(4) == (0, b"read")
    assert guest.write(4, b"write") == (0, 5)
    assert theirs.recv(16) == b"write"
    assert poll(guest, file(1, READ, 4), file(2, WRITE, 4)) == {2: (0, WRITE, 1, 0)}
    assert send(guest, b"", 0)[0] == 0
    assert recv(guest, flags=4)[0] == INVAL
    assert send(guest, b"x", 1)[0] == INVAL


def test_nonblocking(pair):
    guest, theirs = pair
    assert guest.call("fd_fdstat_set_flags", 4, abi.NONBLOCK) == 0
    assert recv(guest)[0] == recv(guest, flags=2)[0] == AGAIN
    assert guest.read(4)[0] == AGAIN
    for _ in range(10_000):
        code, _ = send(guest, bytes(4096))
        if code:
            break
    assert code == AGAIN
    theirs.setblocking(False)


def test_shutdown(pair):
    guest, theirs = pair
    for how in (0, 4, 0xFFFFFFFF):
        assert guest.call("sock_shutdown", 4, how) == INVAL
    assert guest.call("sock_shutdown", 4, 2) == 0
    assert theirs.recv(1) == b""
    theirs.sendall(b"still")
    assert recv(guest)[1] == b"still"
    assert guest.call("sock_shutdown", 4, 1) == 0
    assert recv(guest)[:2] == (0, b"")
    assert send(guest, b"x")[0] == 64  # PIPE, and no signal
    assert guest.call("sock_shutdown", 4, 3) in (0, 53)


def test_only_sockets(pair):
    guest, _ = pair
    fd = guest.opened("f", abi.CREAT)
    for number in (0, 3, fd):
        assert guest.call("sock_shutdown", number, 3) == NOTSOCK
        assert recv(guest, fd=number)[0] == NOTSOCK
        assert send(guest, b"", fd=number)[0] == NOTSOCK
        assert guest.call("sock_accept", number, 0, 0) == NOTSOCK
    assert guest.call("sock_accept", 4, 0, 0) in (INVAL, NOTSUP)
    base, inheriting = guest.fdstat(4)[2:]
    guest.call("fd_fdstat_set_rights", 4, base & ~abi.SOCK_SHUTDOWN, inheriting)
    assert guest.call("sock_shutdown", 4, 3) == abi.NOTCAPABLE


@pytest.mark.parametrize("host_blocks", [True, False])
def test_accept(make, host_blocks):
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setblocking(host_blocks)
    config = WasiConfig()
    config.preopen_socket(listening)
    guest = make(config)
    assert guest.call("fd_fdstat_set_flags", 3, abi.NONBLOCK) == 0
    assert guest.call("sock_accept", 3, 0, 0) == AGAIN
    assert guest.call("fd_fdstat_set_flags", 3, 0) == 0
    assert guest.call("sock_accept", 3, 8, 0) == INVAL
    address = listening.getsockname()
    connected = []
    thread = threading.Thread(target=lambda: (time.sleep(0.05), connected.append(socket.create_connection(address))))
    thread.start()
    assert guest.call("sock_accept", 3, abi.NONBLOCK, 0) == 0
    thread.join()
    fd = guest.u32()
    assert guest.fdstat(fd)[:2] == (abi.SOCKET_STREAM, abi.NONBLOCK)
    assert recv(guest, fd=fd)[0] == AGAIN
    with connected[0] as client:
        client.sendall(b"request")
        assert poll(guest, file(1, READ, fd)) == {1: (0, READ, 7, 0)}
        assert recv(guest, fd=fd)[1] == b"request"
        assert send(guest, b"response", fd=fd) == (0, 8)
        assert client.recv(16) == b"response"
        assert guest.call("fd_close", fd) == 0
        assert client.recv(16) == b""
    guest.call("fd_close", 3)
    assert listening.fileno() >= 0
    listening.close()


def test_datagrams(make):
    ours, theirs = socket.socketpair(type=socket.SOCK_DGRAM)
    config = WasiConfig()
    config.preopen_socket(ours)
    guest = make(config)
    with ours, theirs:
        assert guest.fdstat(3)[0] == abi.SOCKET_DGRAM
        theirs.send(b"datagram")
        assert recv(guest, 4, fd=3) == (0, b"data", 1)  # the rest is lost, and told
        theirs.send(b"two")
        assert recv(guest, 4, fd=3) == (0, b"two", 0)
        guest.context.close()
