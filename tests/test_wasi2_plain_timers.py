"""Timers of WASI 0.2 that the runtime keeps without Python: the same as when Python keeps them, and objects of Python's once Python is asked for them."""

from __future__ import annotations

import gc
import time
from pathlib import Path
from typing import Any

import pytest

import wasm_facade
from wasi2_plain_guests import END, OUT, Guest, asked, attempt, opened, pair
from wasi2_plain_guests import counts as counts
from wasm_wasi_p2.poll import Pollable

LIST, MS, HOUR = 512, 1_000_000, 3600 * 1_000_000_000


def begun(folder: Path, number: int = 20, **kwargs: Any) -> tuple[Guest, Guest]:
    """Guests that have dropped `number` timers of Python's, whose places others may take. The first one finds the clock."""
    guests = pair(folder, **kwargs)
    for guest in guests:
        handles = [guest.call("timer-until" if index % 2 else "timer", 0) for index in range(number)]
        for handle in handles:
            guest.call("drop-pollable", handle)
    asked.clear()
    return guests


def poll(guest: Guest, *handles: int) -> list[int]:
    guest.call("poke", LIST, b"".join(handle.to_bytes(4, "little") for handle in handles))
    guest.call("poll", LIST, len(handles), OUT)
    return [guest.word(guest.word(OUT) + 4 * index) for index in range(guest.word(OUT + 4))]


@pytest.mark.parametrize("release_gil", [True, False])
@pytest.mark.parametrize("strategy", ["native", "llvm"])
def test_as_python_does(tmp_path: Path, strategy: str, release_gil: bool) -> None:
    results = []
    for guest in begun(tmp_path, strategy=strategy, release_gil=release_gil):
        asked.clear()
        over, later, past, future = guest.call("timer", 0), guest.call("timer", HOUR), guest.call("timer-until", 1), guest.call("timer-until", 1 << 62)
        found: list[Any] = [over, later, past, future]
        found += [guest.call("ready", handle) for handle in (over, later, past, future)]
        found += [poll(guest, over), poll(guest, later, over), poll(guest, past, future, over, later, past)]
        guest.call("block", over)
        guest.call("block", past)
        for handle in (over, later, past, future):
            guest.call("drop-pollable", handle)
        found.append(guest.call("timer", 5))
        results.append((found, list(asked)))
    assert results[0][0] == results[1][0]
    assert results[0][0][4:-1] == [1, 0, 1, 0, [0], [1], [0, 2, 4]]
    assert results[0][1] == []
    assert len(results[1][1]) == 14


@pytest.mark.parametrize("name", ["timer", "timer-until"])
def test_what_has_to_be_waited_for_is_pythons(tmp_path: Path, name: str) -> None:
    for guest in begun(tmp_path):
        soon = guest.call(name, 80 * MS + (guest.call("now") if name == "timer-until" else 0))
        later, start = guest.call("timer", HOUR), time.monotonic()
        assert poll(guest, later, soon) == [1]
        assert 0.04 < time.monotonic() - start < 30
        assert poll(guest, soon) == [0]  # an object by now
        assert guest.call("ready", soon) == 1
        assert guest.call("ready", later) == 0
        again, start = guest.call("timer", 80 * MS), time.monotonic()
        guest.call("block", again)
        assert 0.04 < time.monotonic() - start < 30
        for handle in (soon, later, again):
            guest.call("drop-pollable", handle)


@pytest.mark.parametrize("name", ["timer", "timer-until"])
def test_a_wait_obeys_a_timeout(tmp_path: Path, name: str) -> None:
    guest = begun(tmp_path)[0]
    handle = guest.call(name, HOUR)
    block: Any = guest.instance.get_func(guest.store, "block")
    start = time.monotonic()
    with pytest.raises(wasm_facade.Trap, match="interrupt"):
        block(guest.store, handle, timeout=0.2)
    assert time.monotonic() - start < 20


@pytest.mark.parametrize("name", ["timer", "timer-until"])
def test_wasi_configured_anew_meanwhile(tmp_path: Path, name: str) -> None:
    """A timer is over when it was to be, though the clock of the store's guests begins anew."""
    for guest in begun(tmp_path):
        soon = guest.call(name, 80 * MS + (guest.call("now") if name == "timer-until" else 0))
        guest.store.set_wasi(wasm_facade.WasiConfig())
        block: Any = guest.instance.get_func(guest.store, "block")
        block(guest.store, soon, timeout=30)


def test_with_pollables_of_pythons(tmp_path: Path) -> None:
    """All that are ready are told, whosever they are."""
    for guest in begun(tmp_path):
        stream = guest.call("subscribe", opened(guest)["in"])
        over, later = guest.call("timer", 0), guest.call("timer", HOUR)
        assert poll(guest, later, stream, over) == [1, 2]
        assert poll(guest, over, later) == [0]


@pytest.mark.parametrize("when", [(1 << 63) - 1, 1 << 63, (1 << 64) - 1])
@pytest.mark.parametrize("name", ["timer", "timer-until"])
def test_times_beyond_all(tmp_path: Path, name: str, when: int) -> None:
    for guest in begun(tmp_path):
        never, over = guest.call(name, when), guest.call("timer", 0)
        assert guest.call("ready", never) == 0
        assert poll(guest, never, over) == [1]


ENDS: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("poll", (LIST, 0, OUT)),
    ("poll", (LIST + 1, 1, OUT)),
    ("poll", (END - 4, 2, OUT)),
    ("poll", (LIST, 1 << 30, OUT)),
    ("poll", (LIST, 1, OUT + 2)),
    ("poll", (LIST, 1, END - 4)),
    ("poll", (0, 1, OUT)),  # what lies there is no handle
    ("ready", (0,)),
    ("ready", (999,)),
    ("ready", ("root",)),
    ("block", ("dropped",)),
    ("drop-pollable", ("dropped",)),
    ("drop-in", ("timer",)),
    ("read", ("timer", 6, OUT)),
)


@pytest.mark.parametrize("number", range(len(ENDS)))
def test_what_ends_a_guest(tmp_path: Path, number: int) -> None:
    name, args = ENDS[number]
    results = []
    for guest in begun(tmp_path):
        found = {"timer": guest.call("timer", 0), "dropped": guest.call("timer", 0), "root": guest.root}
        guest.call("drop-pollable", found["dropped"])
        guest.call("poke", LIST, found["timer"].to_bytes(4, "little"))
        guest.call("poke", 0, (12345).to_bytes(4, "little"))
        results.append(attempt(guest, name, tuple(found.get(arg, arg) if isinstance(arg, str) else arg for arg in args))[0])
    assert isinstance(results[0], str)
    assert results[0] == results[1]


@pytest.mark.parametrize("mode", [1, 2, 3, 4])
def test_what_realloc_does(tmp_path: Path, mode: int) -> None:
    results = []
    for guest in begun(tmp_path):
        guest.call("poke", LIST, guest.call("timer", 0).to_bytes(4, "little"))
        guest.call("unruly", mode)
        results.append(attempt(guest, "poll", (LIST, 1, OUT)))
        if mode == 1:
            guest.call("unruly", 0)
            assert guest.word(OUT + 4) == 1
    assert not results[0][1]
    if mode != 1:  # the frames are others, and some words
        assert [result.partition(":")[0] for result, _ in results] == ["Trap", "Trap"]


def test_many_among_objects_that_come_and_go(tmp_path: Path) -> None:
    """Tables grow while timers lie in them, and each handle stays what it was."""
    for guest in begun(tmp_path, 100):
        timers = [guest.call("timer", HOUR if index % 3 else 0) for index in range(100)]
        streams = [guest.stream("reader", guest.open("file"), index) for index in range(200)]
        assert [guest.call("ready", handle) for handle in timers] == [int(index % 3 == 0) for index in range(100)]
        assert poll(guest, *timers[:50]) == list(range(0, 50, 3))
        assert poll(guest, *timers) == list(range(0, 100, 3))  # more than the runtime looks at: they are objects from here on
        for index, stream in enumerate(streams):
            guest.call("read", stream, 1, OUT)
            assert guest.peek(guest.word(OUT + 4), 1) == bytes([index])
            guest.call("drop-in", stream)
        assert [guest.call("ready", handle) for handle in timers] == [int(index % 3 == 0) for index in range(100)]
        for handle in timers:
            guest.call("drop-pollable", handle)


def test_own_clocks_are_pythons(tmp_path: Path) -> None:
    for guest in begun(tmp_path, deterministic=True):
        asked.clear()
        handle = guest.call("timer", 10 * HOUR)
        guest.call("block", handle)  # time is what the guest makes of it
        assert guest.call("ready", handle) == 1
        assert asked == ["subscribe_duration", "block", "ready"]


def test_limits_hold(tmp_path: Path) -> None:
    results = []
    for guest in begun(tmp_path, 5):
        guest.store.set_limits(handles=20)
        made, found = 0, None
        while made < 100 and not isinstance(found, str):
            found = attempt(guest, "timer", (HOUR,))[0]
            made += 1
        results.append((made, found))
    assert results[0] == results[1]
    assert "too many" in str(results[0][1])


def test_nothing_is_left(tmp_path: Path) -> None:
    guest = begun(tmp_path)[0]
    for _ in range(3000):
        over = guest.call("timer", 0)
        poll(guest, over)
        guest.call("drop-pollable", over)
    assert asked == []
    kept = [guest.call("timer", 60 * MS) for _ in range(5)]
    poll(guest, *kept)
    guest.call("timer", HOUR)
    guest.store.close()
    del guest
    gc.collect()
    assert not [each for each in gc.get_objects() if isinstance(each, Pollable)]
