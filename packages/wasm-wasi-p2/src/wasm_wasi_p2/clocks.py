"""wasi:clocks: the monotonic clock, which starts with the guest, the wall clock, and a time zone, which is UTC: the host's is nobody's business."""

from __future__ import annotations

import time

from wasm_wasi_p2.poll import Deadline, Pollable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasm_wasi_p2.guest import Guest

    Datetime = dict[str, int]

SECOND = 1_000_000_000


def now(guest: Guest) -> int:
    """The monotonic clock, in ns."""
    if guest.clocks is None:
        return time.monotonic_ns() - guest.start
    return guest.clocks.monotonic()


def resolution(guest: Guest) -> int:
    """That of the monotonic clock, in ns."""
    return _resolution(guest, time.CLOCK_MONOTONIC)


def subscribe_instant(guest: Guest, when: int) -> Pollable:
    """Ready from a time of the monotonic clock on."""
    return Pollable(guest, Deadline(guest, when))


def subscribe_duration(guest: Guest, duration: int) -> Pollable:
    """Ready when so many ns have passed."""
    return Pollable(guest, Deadline(guest, guest.monotonic() + duration))


def wall_now(guest: Guest) -> Datetime:
    """The time since 1970."""
    return _datetime(time.time_ns() if guest.clocks is None else guest.clocks.realtime())


def wall_resolution(guest: Guest) -> Datetime:
    """That of the wall clock."""
    return _datetime(_resolution(guest, time.CLOCK_REALTIME))


def timezone_display(guest: Guest, when: object) -> dict[str, Any]:
    """How to show a time: in UTC."""
    return {"utc-offset": 0, "name": "UTC", "in-daylight-saving-time": False}


def utc_offset(guest: Guest, when: object) -> int:
    """The offset from UTC, in seconds."""
    return 0


def _resolution(guest: Guest, clock: int) -> int:
    return 1 if guest.clocks is not None else max(1, round(time.clock_getres(clock) * SECOND))


def _datetime(ns: int) -> Datetime:
    seconds, nanoseconds = divmod(max(0, ns), SECOND)  # there is no time before 1970
    return {"seconds": seconds, "nanoseconds": nanoseconds}
