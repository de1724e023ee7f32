"""One measured row, and how it is printed, checked against its floor and written as JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.clock import Sample, race
from bench.floors import Floor, floor_of

NAME_WIDTH = 48
UNITS = {
    "s": ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns")),
    "B": ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1.0, "B")),
    "n": ((1e6, "M"), (1e3, "k"), (1.0, "")),  # how many
}
HEADER = f"{'':<{NAME_WIDTH}} {'ours':>9} {'wasmtime':>9} {'ratio':>12} {'floor':>12}  "


Prepare = Callable[[], Sample]  # sets a side up; may fail


@dataclass(frozen=True, slots=True)
class Row:
    """What one thing costs on both sides; `cost` is ours over theirs, so less is better. No cost: it failed or was skipped."""

    area: str
    name: str
    ours: float | None = None
    theirs: float | None = None
    unit: str = "s"
    cost: float | None = None
    note: str = ""
    failed: bool = False

    @property
    def floor(self) -> Floor | None:
        return floor_of(self.area, self.name)

    @property
    def missed(self) -> bool:
        """Below its floor, or broken."""
        return self.failed or (self.cost is not None and self.floor is not None and not self.floor.holds(self.cost))

    def __str__(self) -> str:
        floor = self.floor
        ratio = "" if self.cost is None else (floor.show(self.cost) if floor else _either(self.cost))
        limit = floor.limit_text if floor and self.cost is not None else ""
        verdict = "FAILED" if self.failed else "MISSED" if self.missed else "ok" if limit else ""
        ours, theirs = quantity(self.ours, self.unit), quantity(self.theirs, self.unit)
        line = f"{self.name:<{NAME_WIDTH}} {ours:>9} {theirs:>9} {ratio:>12} {limit:>12}  {verdict:<7}{self.note}"
        return line.rstrip()

    def as_dict(self) -> dict[str, object]:
        """For `--json`."""
        floor = self.floor
        return {
            "area": self.area,
            "name": self.name,
            "ours": self.ours,
            "theirs": self.theirs,
            "unit": self.unit,
            "cost": self.cost,
            "floor": floor.limit_text if floor else None,
            "missed": self.missed,
            "note": self.note,
        }


def compared(area: str, name: str, ours: float, theirs: float, unit: str = "s", note: str = "") -> Row:
    """A row of two measured costs."""
    return Row(area, name, ours, theirs, unit, ours / theirs, note)


def skipped(area: str, name: str, why: str) -> Row:
    """A row for what this machine or installation cannot do."""
    return Row(area, name, note=f"skipped: {why}")


def failure(area: str, name: str, error: BaseException | str) -> Row:
    """A row for what should have worked on our side and did not."""
    text = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
    return Row(area, name, note=text.strip().replace("\n", " | ")[:200], failed=True)


def raced(area: str, name: str, ours: Prepare, theirs: Prepare, rounds: int = 5) -> Row:
    """Prepare both sides, race them; a failure of ours is a row, a failure of theirs is an error in this benchmark."""
    other = theirs()
    try:
        best = race({"ours": ours(), "theirs": other}, rounds)
    except Exception as error:
        return failure(area, name, error)
    return compared(area, name, best["ours"], best["theirs"])


def quantity(value: float | None, unit: str) -> str:
    """Three significant digits and a unit."""
    if value is None:
        return ""
    sizes = UNITS[unit]
    size, symbol = next((row for row in sizes if value >= row[0]), sizes[-1])
    number = value / size
    return f"{number:.{2 if number < 10 else 1 if number < 100 else 0}f} {symbol}"


def _either(cost: float) -> str:
    return f"{1 / cost:.3g}x" if cost < 0.5 else f"{cost:.2f} of it"
