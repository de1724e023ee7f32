"""A guest with clocks and random bytes of its own sees the same in every run; without, the host's."""

from __future__ import annotations

import os
import struct
import time

import pytest

from wasm_wasi_p1 import WasiConfig, abi

CLOCK, READ = 0, 1
ABSTIME = 1
HOUR = 3600 * 10**9


def clock(guest, number):
    assert guest.call("clock_time_get", number, 0, 0) == 0
    return guest.u64()


def random(guest, size=16):
    assert guest.call("random_get", 512, size) == 0
    return bytes(guest.data[512 : 512 + size])


def subscription(userdata, number=1, timeout=HOUR, flags=0):
    return struct.pack("<QB7xIxxxxQQHxxxxxx", userdata, CLOCK, number, timeout, 0, flags)


def poll(guest, *subscriptions):
    at = guest.put(b"".join(subscriptions))
    assert guest.call("poll_oneoff", at, 512, len(subscriptions), 0) == 0
    return [struct.unpack_from("<QHB", guest.data, 512 + 32 * index) for index in range(guest.u32())]


def everything(guest):
    """What a program could take for chance."""
    fd = guest.opened("made", abi.CREAT)
    guest.write(fd, b"x")
    seen = [clock(guest, number) for number in (0, 1, 2, 3, 1, 0)] + [random(guest), random(guest, 100_000), random(guest, 0)]
    return [*seen, poll(guest, subscription(1)), guest.stat("made"), guest.stat("given"), guest.readdir(3)[0], clock(guest, 0)]


def deterministic(make, seed):
    config = WasiConfig()
    config.deterministic(seed)
    config.preopen({"given": b"file", "and": {"a": "folder"}})
    return make(config)


def test_every_run_is_alike(make):
    first = everything(deterministic(make, 7))
    time.sleep(0.002)
    assert everything(deterministic(make, 7)) == first
    other = everything(deterministic(make, 8))
    assert other != first
    assert other[:6] == first[:6]


def test_one_configuration_serves_many_guests(make):
    config = WasiConfig()
    config.deterministic(7)
    guests = [make(config), make(config)]
    assert len({(random(guest), clock(guest, 0), clock(guest, 1)) for guest in guests}) == 1


def test_the_bytes_of_a_seed(make):
    """Python's generator, as its documentation promises it to stay."""
    from random import Random

    assert random(deterministic(make, 7), 24) == Random(7).getrandbits(24 * 8).to_bytes(24, "little")


def test_sleeping_takes_no_time(make):
    guest = deterministic(make, 1)
    start, before = time.monotonic(), clock(guest, 1)
    assert poll(guest, subscription(5), subscription(6, timeout=2 * HOUR), subscription(7, number=0, timeout=HOUR)) == [(5, 0, CLOCK)]
    assert HOUR <= clock(guest, 1) - before < HOUR + 10**6
    wall = clock(guest, 0)
    assert poll(guest, subscription(8, number=0, timeout=wall + HOUR, flags=ABSTIME)) == [(8, 0, CLOCK)]
    assert wall + HOUR <= clock(guest, 0) < wall + HOUR + 10**6
    assert time.monotonic() - start < 60


def test_a_file_that_is_ready_comes_before_time_passes(make):
    reading, writing = os.pipe()
    try:
        config = WasiConfig(stdin=reading)
        config.deterministic()
        guest = make(config)
        on_file = struct.pack("<QB7xI28x", 9, READ, 0)
        before = clock(guest, 1)
        os.write(writing, b"x")
        assert poll(guest, on_file, subscription(5)) == [(9, 0, READ)]
        assert clock(guest, 1) - before < 10**6
        assert guest.read(0) == (0, b"x")
        assert poll(guest, on_file, subscription(5)) == [(5, 0, CLOCK)]
    finally:
        os.close(reading)
        os.close(writing)


@pytest.mark.parametrize("number", [4, 5, 1 << 31])
def test_clocks_there_are_not(make, number):
    guest = deterministic(make, 1)
    assert guest.call("clock_time_get", number, 0, 0) == guest.call("clock_res_get", number, 0) == abi.INVAL


class Frozen:
    """A user's clocks."""

    def realtime(self):
        return 5

    def monotonic(self):
        return 6

    def cpu(self):
        return 7

    def sleep(self, duration):
        raise AssertionError


def test_clocks_and_random_of_ones_own(make):
    config = WasiConfig()
    config.clocks = Frozen
    config.random = lambda: lambda size: b"r" * size
    guest = make(config)
    assert [clock(guest, number) for number in range(4)] == [5, 6, 7, 7]
    assert random(guest, 4) == b"rrrr"


def test_without_them_the_host_s(make):
    guest = make(WasiConfig())
    assert abs(clock(guest, 0) - time.time_ns()) < 60 * 10**9
    assert random(guest) != random(guest)
