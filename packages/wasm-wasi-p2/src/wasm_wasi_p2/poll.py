"""Pollables (`wasi:io/poll`), and every wait of a guest of WASI 0.2: one system call for any number of them, in slices that a timeout or Ctrl-C ends."""

from __future__ import annotations

import time

from wasm_wasi_common.blocking import SLICE_MS, stop_if_over
from wasm_wasi_p2.errors import trap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from wasm_wasi_p2.guest import Guest

    class Waitable(Protocol):
        """Something to wait for."""

        def ready(self) -> bool:
            """Whether there is nothing to wait for. Without waiting."""
            ...

        def wants(self) -> tuple[int, int]:
            """A host fd and the events of poll(2) after any of which it may be ready: `ready` is asked then, unless it has an attribute `by_fd` that is
            true: after any of them it is. (-1, 0): it is ready already, maybe from a buffer, or gets so by time or by `Guest.wake`."""
            ...

        def deadline(self) -> int | None:
            """When it is ready at the latest, by `Guest.monotonic`; None: no time makes it."""
            ...


SLICE = SLICE_MS * 1_000_000
MOST = 1 << 16  # looked at in each slice
OFTEN = 1 << 9  # of them after which the guest's time may be over: some ask the system, or read what has come


class Pollable:
    """The resource `pollable`."""

    __slots__ = ("guest", "waitable")

    def __init__(self, guest: Guest, waitable: Waitable) -> None:
        self.guest = guest
        self.waitable = waitable

    def ready(self) -> bool:
        """Whether there is nothing to wait for."""
        return self.waitable.ready()

    def block(self) -> None:
        """Wait."""
        wait(self.guest, (self.waitable,))


class Always:
    """A waitable that never has to be waited for."""

    __slots__ = ()

    def ready(self) -> bool:
        """As `Waitable`."""
        return True

    def wants(self) -> tuple[int, int]:
        """As `Waitable`."""
        return -1, 0

    def deadline(self) -> None:
        """As `Waitable`."""


class Deadline:
    """Ready from a time on."""

    __slots__ = ("_when", "guest")

    def __init__(self, guest: Guest, when: int) -> None:
        self.guest = guest
        self._when = when

    def ready(self) -> bool:
        """As `Waitable`."""
        return self.guest.monotonic() >= self._when

    def wants(self) -> tuple[int, int]:
        """As `Waitable`."""
        return -1, 0

    def deadline(self) -> int:
        """As `Waitable`."""
        return self._when


def poll(guest: Guest, pollables: list[Pollable]) -> list[int]:
    """Wait for at least one of them; the indices of all that are ready."""
    if not pollables:
        trap("empty poll list")
    if len(pollables) > MOST:
        trap(f"too many pollables at once: {len(pollables)}, of at most {MOST}")
    return wait(guest, [pollable.waitable for pollable in pollables])


def wait(guest: Guest, waitables: Sequence[Waitable]) -> list[int]:
    """The indices of those that are ready, once there is one. Raises TimeIsOver, and Elsewhere where a tentative guest would wait."""
    while True:
        look = Look(guest, waitables)
        if not look.found:
            guest.settle()
        found = look.wait()
        if found:
            return found
        stop_if_over(guest)


class Look:
    """One look at what is waited for: what is ready, the fds to ask the system for, and how long to wait at most."""

    __slots__ = ("first", "found", "guest", "on_fds", "others", "waitables")

    def __init__(self, guest: Guest, waitables: Sequence[Waitable]) -> None:
        guest.look_again()
        self.guest = guest
        self.waitables = waitables
        self.found: list[int] = []
        self.on_fds: list[tuple[int, int, int]] = []  # index, fd, events
        self.first: int | None = None  # the first deadline
        self.others = False  # something gets ready by a wake
        for index, waitable in enumerate(waitables):
            if index % OFTEN == OFTEN - 1:
                stop_if_over(guest)
            fd, events = waitable.wants()
            when = waitable.deadline()
            if fd < 0 and waitable.ready():
                self.found.append(index)
                continue
            if when is not None and (self.first is None or when < self.first):
                self.first = when
            if fd >= 0:
                if when is not None and waitable.ready():
                    self.found.append(index)
                else:
                    self.on_fds.append((index, fd, events))
            elif type(waitable) is not Deadline:
                self.others = True

    def wait(self) -> list[int]:
        """Ask the system, and wait for a slice at most if nothing is ready."""
        clocks = self.guest.clocks
        span = 0 if self.found else SLICE
        if self.first is not None and span:
            span = 0 if clocks is not None else max(0, min(span, self.first - self.guest.monotonic()))
        if self.on_fds or (self.others and not self.found):
            self._ask(span)
        elif span:
            time.sleep(span / 1e9)
        if clocks is not None and self.first is not None and not self.found:  # the time until then is for the guest's own clocks to pass
            clocks.sleep(max(0, self.first - clocks.monotonic()))
        return self.found

    def _ask(self, span: int) -> None:
        import select

        masks: dict[int, int] = {}
        for _, fd, events in self.on_fds:
            masks[fd] = masks.get(fd, 0) | events
        if self.others:
            if self.guest._wake_fd < 0:  # whoever was done before there was one, is seen in the next look
                span = 0
            masks[self.guest.wake_fd] = select.POLLIN
        poller = select.poll()
        for fd, events in masks.items():
            poller.register(fd, events)
        told = dict(poller.poll(-(-span // 1_000_000)))
        if told:
            trouble = select.POLLERR | select.POLLHUP | select.POLLNVAL
            waitables = self.waitables
            for index, fd, events in self.on_fds:
                if told.get(fd, 0) & (events | trouble) and (getattr(waitables[index], "by_fd", False) or waitables[index].ready()):
                    self.found.append(index)
            self.found.sort()
