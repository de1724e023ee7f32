"""poll_oneoff: wait for clocks and files."""

from __future__ import annotations

import time

from wasm_wasi_common.blocking import SLICE_MS, stop_if_over
from wasm_wasi_p1.abi import (
    BADF,
    DIRECTORY,
    FD_READ,
    FD_WRITE,
    INVAL,
    IO,
    NOTSUP,
    POLL_FD_READWRITE,
    REGULAR_FILE,
    SUCCESS,
    WasiErrno,
    check,
    fail,
    load,
    pack,
    store,
    store_bytes,
)
from wasm_wasi_p1.clocks import MONOTONIC, REALTIME, now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_wasi_common.clocks import Clocks
    from wasm_wasi_common.descriptor import Descriptor
    from wasm_wasi_p1.context import WasiContext

# witx: $eventtype, $subclockflags, $eventrwflags
CLOCK, READ, WRITE = 0, 1, 2
ABSTIME = 1
HANGUP = 1
EVENT_SIZE = 32
MAX_SUBSCRIPTIONS = 1 << 16
# A longer wait is repeated, as in `blocking`.
SLICE = SLICE_MS * 1_000_000

# Where a subscription's fields are: size, then the offsets of clock id, timeout, flags. The user data is at 0, the type
# at 8, the fd of a file at 16. Preview 0 has an identifier before the clock id.
LAYOUT = (48, 16, 24, 40)
LAYOUT_UNSTABLE = (56, 24, 32, 48)


class Waits:
    """The subscriptions of one call: deadlines on the monotonic clock, and host fds to wait for."""

    __slots__ = ("clocks", "events", "files")

    def __init__(self) -> None:
        self.events: list[bytes] = []
        self.clocks: list[tuple[int, int]] = []  # (deadline, user data)
        self.files: list[tuple[Descriptor, int, int]] = []  # (file, READ or WRITE, user data)

    def happened(self, userdata: int, error: int, kind: int, count: int = 0, flags: int = 0) -> None:
        """Note an event: userdata u64, error u16, type u8, then bytes u64 and flags u16 of a file."""
        self.events.append(pack((8, userdata), (2, error), (6, kind), (8, count), (8, flags)))


def poll_oneoff(
    context: WasiContext, memory: memoryview, subscriptions: int, events: int, count: int, out: int,
    layout: tuple[int, int, int, int] = LAYOUT,
) -> None:  # fmt: skip
    """Wait until at least one subscription has something to tell, and tell what all then have."""
    size = layout[0]
    check(memory, subscriptions, size * count)
    check(memory, events, EVENT_SIZE * count)
    check(memory, out, 4)
    if not 0 < count <= MAX_SUBSCRIPTIONS:
        fail(INVAL)
    waits = Waits()
    for at in range(subscriptions, subscriptions + size * count, size):
        _subscribe(context, memory, at, layout, waits)
    if context.clocks is None:
        _wait(context, waits)
    else:
        _wait_by(context.clocks, context, waits)
    for event in waits.events:
        store_bytes(memory, events, event)
        events += EVENT_SIZE
    store(memory, out, 4, len(waits.events))


def _subscribe(
    context: WasiContext, memory: memoryview, at: int, layout: tuple[int, int, int, int], waits: Waits
) -> None:
    userdata, kind = load(memory, at, 8), load(memory, at + 8, 1)
    if kind == CLOCK:
        _, clock_at, timeout_at, flags_at = layout
        clock, timeout = load(memory, at + clock_at, 4), load(memory, at + timeout_at, 8)
        flags = load(memory, at + flags_at, 2)
        if flags > ABSTIME or clock > 3:
            waits.happened(userdata, INVAL, kind)
        elif clock not in (REALTIME, MONOTONIC):
            waits.happened(userdata, NOTSUP, kind)
        else:
            wait = timeout - now(context, clock) if flags & ABSTIME else timeout
            current = time.monotonic_ns() if context.clocks is None else context.clocks.monotonic()
            waits.clocks.append((current + max(0, wait), userdata))
    elif kind in (READ, WRITE):
        _subscribe_file(context, load(memory, at + 16, 4), kind, userdata, waits)
    else:
        fail(INVAL)


def _subscribe_file(context: WasiContext, fd: int, kind: int, userdata: int, waits: Waits) -> None:
    from wasm_wasi_common.transfer import rest

    try:
        found = context.get(fd, POLL_FD_READWRITE)
        context.get(fd, FD_READ if kind == READ else FD_WRITE)
    except WasiErrno as error:
        waits.happened(userdata, error.code, kind)
        return
    if found.filetype == DIRECTORY:
        waits.happened(userdata, BADF, kind)
    elif found.fd < 0 and found.file is None:
        waits.happened(userdata, SUCCESS, kind, 1)
    elif found.filetype == REGULAR_FILE:
        waits.happened(userdata, SUCCESS, kind, rest(found) if kind == READ else 1)
    else:
        waits.files.append((found, kind, userdata))


def _wait(context: WasiContext, waits: Waits) -> None:
    """Fill `events`; returns at once if some are there already, after a look at the others."""
    while True:
        deadline = min(waits.clocks)[0] if waits.clocks else None
        wait = 0 if waits.events else SLICE
        if deadline is not None:
            wait = min(wait, max(0, deadline - time.monotonic_ns()))
        if waits.files:
            _poll_files(waits, wait)
        elif wait:
            time.sleep(wait / 1e9)
        current = time.monotonic_ns()
        for clock_deadline, userdata in waits.clocks:
            if clock_deadline <= current:
                waits.happened(userdata, SUCCESS, CLOCK)
        if waits.events:
            return
        stop_if_over(context)


def _wait_by(clocks: Clocks, context: WasiContext, waits: Waits) -> None:
    """`_wait` by clocks of the guest's own: it is theirs to let the time until the first deadline pass, where no file is ready at once."""
    while True:
        if waits.files:
            _poll_files(waits, 0 if waits.clocks or waits.events else SLICE)
        if waits.clocks:
            current = clocks.monotonic()
            first = min(waits.clocks)[0]
            if first > current and not waits.events:
                clocks.sleep(first - current)
                current = clocks.monotonic()
            for deadline, userdata in waits.clocks:
                if deadline <= current:
                    waits.happened(userdata, SUCCESS, CLOCK)
        if waits.events:
            return
        stop_if_over(context)


def _poll_files(waits: Waits, wait: int) -> None:
    import select

    masks: dict[int, int] = {}
    for found, kind, _ in waits.files:
        masks[found.fd] = masks.get(found.fd, 0) | (select.POLLIN if kind == READ else select.POLLOUT)
    poller = select.poll()
    for fd, mask in masks.items():
        poller.register(fd, mask)
    # Rounded up: waking before the deadline would only mean another round.
    states = dict(poller.poll(-(-wait // 1_000_000)))
    for found, kind, userdata in waits.files:
        state = states.get(found.fd, 0)
        wanted = select.POLLIN if kind == READ else select.POLLOUT
        if state & select.POLLNVAL:
            waits.happened(userdata, BADF, kind)
        elif state & select.POLLERR and kind == READ:
            waits.happened(userdata, IO, kind)
        elif state & (wanted | select.POLLHUP | select.POLLERR):
            count = _readable(found.fd) if kind == READ else 1
            waits.happened(userdata, SUCCESS, kind, count, HANGUP if state & (select.POLLHUP | select.POLLERR) else 0)


def _readable(fd: int) -> int:
    """The bytes waiting; 1 where the host cannot tell (a listening socket)."""
    import fcntl
    import sys
    import termios

    try:
        return int.from_bytes(fcntl.ioctl(fd, termios.FIONREAD, bytes(4)), sys.byteorder)
    except OSError:
        return 1
