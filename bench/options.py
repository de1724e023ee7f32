"""What the command line asked for, as every area sees it."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from bench import contenders
from bench.contenders import Contender


@dataclass(frozen=True, slots=True)
class Options:
    """`strategies` empty: all that are installed. `only`: globs of row names. `quick`: fewer rounds, smaller modules."""

    strategies: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    quick: bool = False

    @property
    def ours(self) -> tuple[Contender, ...]:
        """One contender for each of our backends."""
        return contenders.ours(self.strategies)

    @property
    def our_first(self) -> Contender:
        """The contender for what does not depend on the backend."""
        return self.ours[0]

    @property
    def rounds(self) -> int:
        return 2 if self.quick else 5

    def wants(self, name: str) -> bool:
        """Is the row `name` (without the backend's name) asked for?"""
        return not self.only or any(fnmatchcase(name, glob) for glob in self.only)
