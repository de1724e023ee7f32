"""One thread at a time in what guests on several threads share, as a server's do. A thread that is in it already goes on: a signal's handler or a finalizer."""

from __future__ import annotations

from _thread import RLock
from functools import wraps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Concatenate, ParamSpec, Protocol, TypeVar

    class Shared(Protocol):
        """Whose methods are `alone`."""

        @property
        def turns(self) -> Turns: ...

    P = ParamSpec("P")
    S = TypeVar("S", bound=Shared)
    T = TypeVar("T")

SLICE = 0.05  # seconds after which who waits for its turn looks whether it still has time


class Turns:
    """A lock, of which a copy, a pickled one too, is another one."""

    __slots__ = ("__weakref__", "lock")

    def __init__(self) -> None:
        self.lock = RLock()

    def __reduce__(self) -> tuple[type[Turns], tuple[()]]:
        return Turns, ()

    def take(self, check: Callable[[], None]) -> None:
        """Wait for one's turn, until `check` raises; `lock.release` ends it."""
        while not self.lock.acquire(timeout=SLICE):
            check()


def alone(method: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """The method, while no other thread is in one of those that share `turns` with it."""

    @wraps(method)
    def in_turn(self: S, /, *args: P.args, **named: P.kwargs) -> T:
        with self.turns.lock:
            return method(self, *args, **named)

    return in_turn
