"""Lookups of names, each on a thread: the system's resolver cannot be cut short, so that a guest may be gone long before its answer comes."""

from __future__ import annotations

from _thread import allocate_lock, start_new_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# Of the whole process: guests of a server, one after the other, may each leave some behind that wait for a name server which does not answer.
MOST = 512

_lock = allocate_lock()
_running = 0


def start_lookup(run: Callable[[], object]) -> bool:
    """Run it, whatever it does with what it finds. False: it was not begun, since too many run already, or there are no more threads."""
    global _running
    with _lock:
        if _running >= MOST:
            return False
        _running += 1
    try:
        start_new_thread(_run, (run,))
    except RuntimeError:
        _ended()
        return False
    return True


def _run(run: Callable[[], object]) -> None:
    try:
        run()
    finally:
        _ended()


def _ended() -> None:
    global _running
    with _lock:
        _running -= 1
