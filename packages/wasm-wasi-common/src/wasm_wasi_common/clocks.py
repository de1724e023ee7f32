"""A guest's clocks and random bytes: the host's, or a sequence of one's own that is the same in every run."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Clocks(Protocol):
        """What a guest takes for time, in ns; `WasiConfig.clocks` makes an object with these methods for each guest."""

        def realtime(self) -> int:
            """The time since 1970."""
            ...

        def monotonic(self) -> int:
            """A time that never goes back, from an origin of its own."""
            ...

        def cpu(self) -> int:
            """The time that the guest has computed for."""
            ...

        def sleep(self, duration: int) -> None:
            """Let that much time pass."""
            ...


# 2020-01-01T00:00:00Z: certificates and archives of a guest's are of a time around it.
START = 1_577_836_800_000_000_000


class SteppedClocks:
    """Clocks that only move when they are looked at, by `step` ns, and when the guest sleeps, which takes no time."""

    __slots__ = ("_passed", "start", "step")

    def __init__(self, start: int = START, step: int = 1000) -> None:
        self.start = start
        self.step = step
        self._passed = 0

    def realtime(self) -> int:
        """As `Clocks`."""
        return self.start + self.monotonic()

    def monotonic(self) -> int:
        """As `Clocks`."""
        passed = self._passed
        self._passed = passed + self.step
        return passed

    def cpu(self) -> int:
        """As `Clocks`."""
        return self.monotonic()

    def sleep(self, duration: int) -> None:
        """As `Clocks`."""
        self._passed += duration


class SeededRandom:
    """`random(size) -> bytes`, the same for the same seed: Python's Mersenne twister, nothing for keys."""

    __slots__ = ("_bits",)

    def __init__(self, seed: int) -> None:
        from _random import Random  # `random` itself is a dear import

        self._bits = Random(seed).getrandbits

    def __call__(self, size: int) -> bytes:
        """That many bytes; how they are asked for, at once or in pieces, is part of the sequence."""
        return self._bits(8 * size).to_bytes(size, "little") if size else b""
