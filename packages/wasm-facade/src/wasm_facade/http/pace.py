"""Whether the guests of an application are so quick that the event loop may as well run them itself: a thread costs a hello ten times what its guest does."""

from __future__ import annotations

QUICK = 0.001  # seconds of processor time, at most, of a guest that the loop may run
SLICE = 0.01  # seconds after which one that was not expected to take longer is stopped there, to begin anew on a thread
FEWEST, MOST = 16, 4096  # guests in a row that must have been quick
SLOW = 3  # guests after which they no longer are, if not as many times FEWEST between them were
LONG = 64  # times as many as were needed


class Pace:
    """Guests that neither waited, nor did what others see, nor computed long, are quick. After `_needed` in a row `fits` says that the next one will be;
    each time that this was wrong as many again are needed, and half as many when it was right for long. So what a loop loses to guests that are stopped
    is little beside all that so many quick ones do, whatever clients ask for."""

    __slots__ = ("_needed", "_row", "_slow")

    def __init__(self) -> None:
        self._row = 0
        self._needed = FEWEST
        self._slow = 0

    def fits(self) -> bool:
        """Whether the next one may be run where nobody else does anything meanwhile."""
        return self._row >= self._needed

    def quick(self) -> None:
        """One was."""
        self._row += 1
        if self._slow and not self._row % FEWEST:
            self._slow -= 1
        if self._row >= LONG * self._needed and self._needed > FEWEST:
            self._needed //= 2
            self._row = self._needed

    def slow(self) -> None:
        """One was not; or it was something else, a garbage collection in the middle of it, say: so more than one is needed where all the others were."""
        self._slow += 1
        if self._slow >= SLOW or not self.fits():
            self._row = self._slow = 0

    def wrong(self) -> None:
        """One that had been expected to be quick was stopped, or stopped by itself."""
        self._needed = min(MOST, 2 * self._needed)
        self._row = self._slow = 0
