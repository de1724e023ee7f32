"""Every wait of a guest: in slices, after each of which a timeout, a deadline or Ctrl-C may end it; what cannot be cut waits on another thread.

The host's thread must come back when the guest's time is over, and Python's own calls do not: they start again after a signal. So nothing here
blocks for longer than a slice. A wait that ends early ends the WASI function with TimeIsOver, which no guest sees: the runtime ends it on return.
"""

from __future__ import annotations

import errno

from wasm_wasi_common import TimeIsOver
from wasm_wasi_common.descriptor import NONBLOCK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from wasm_wasi_common.descriptor import Descriptor
    from wasm_wasi_common.guest import Guest

    T = TypeVar("T")

# So long does a guest outlive its time at most, and an exception sent to the thread (Ctrl-C in a notebook) wait.
SLICE_MS = 50


def stop_if_over(context: Guest) -> None:
    """End the current WASI function with TimeIsOver if the guest's time is over. For loops that are long rather than waiting."""
    if context.interrupted():
        raise TimeIsOver


def pause(context: Guest) -> None:
    """Sleep for a slice, before trying something again."""
    import time

    stop_if_over(context)
    time.sleep(SLICE_MS / 1000)


def ready(context: Guest, fd: int, writing: bool, block: bool) -> bool:
    """Whether a host fd can be read or written (or has failed: the call then tells how); `block` waits for it."""
    import select

    poller = select.poll()
    poller.register(fd, select.POLLOUT if writing else select.POLLIN)
    while not poller.poll(SLICE_MS if block else 0):
        if not block:
            return False
        stop_if_over(context)
    return True


def waiting(context: Guest, found: Descriptor, writing: bool, move: Callable[[], T], ask: bool) -> T:
    """Call `move`, which moves data on an fd that may block; `ask` before whether it would.

    Blocking is the guest's choice alone: the host's side may have been made non-blocking by whoever shares it (then
    wait and try again), and the guest's NONBLOCK is not set on the host's open file, which this process goes on using.
    """
    block = not found.flags & NONBLOCK
    if ask and not ready(context, found.fd, writing, block):
        raise BlockingIOError(errno.EAGAIN, "no data, or no room for it, yet")
    while True:
        try:
            return move()
        except BlockingIOError:
            if not block:
                raise
            ready(context, found.fd, writing, True)


class Job:
    """A call that runs on a thread of its own. `drop` gets its result when nobody waits for it any more."""

    __slots__ = ("abandoned", "done", "drop", "outcome")

    def __init__(self, call: Callable[[], Any], drop: Callable[[Any], object] | None) -> None:
        import _thread
        from _contextvars import copy_context  # `contextvars` would only pass it on

        self.drop = drop
        self.abandoned = False
        self.outcome: list[tuple[Any, BaseException | None]] = []
        self.done = _thread.allocate_lock()
        self.done.acquire()
        try:
            _thread.start_new_thread(copy_context().run, (self.run, call))
        except RuntimeError:
            raise OSError(errno.EAGAIN, "no more threads") from None

    def run(self, call: Callable[[], Any]) -> None:
        try:
            self.outcome.append((call(), None))
        except BaseException as error:  # whatever it is, whoever waits gets it
            self.outcome.append((None, error))
        finally:
            self.done.release()
        if self.abandoned:
            self.dispose()

    def wait(self, context: Guest) -> Any:
        """The result, or what the call raised."""
        while not self.done.acquire(True, SLICE_MS / 1000):
            stop_if_over(context)
        self.done.release()
        result, error = self.outcome[0]
        if error is not None:
            raise error
        return result

    def abandon(self) -> None:
        """Nobody will wait."""
        self.abandoned = True
        if self.outcome:
            self.dispose()

    def dispose(self) -> None:
        try:
            result, error = self.outcome.pop()  # both threads may be here: one gets it
        except IndexError:
            return
        if self.drop is not None and error is None:
            self.drop(result)


def apart(context: Guest, call: Callable[[], T], drop: Callable[[T], object] | None = None) -> T:
    """Make a call that may block and cannot be cut: where the guest's time is limited on another thread, which is left behind when it is over."""
    if not context.limited():
        return call()
    job = Job(call, drop)
    try:
        result: T = job.wait(context)
    except BaseException:
        job.abandon()
        raise
    return result


def in_turn(context: Guest, found: Descriptor, call: Callable[[], T]) -> T:
    """`apart` for calls into the Python object behind a file: one at a time, and a read left behind is the next call's result."""
    left = found.job
    if left is None:
        if found.quick or not context.limited():
            return call()
        left = found.job = Job(call, None)
    elif found.write is not None:
        left.wait(context)
        left = found.job = Job(call, None)
    stays = False
    try:
        result: T = left.wait(context)
        return result
    except TimeIsOver:
        stays = True
        raise
    finally:
        if not stays:
            found.job = None
