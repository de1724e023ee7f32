"""What must hold: one row a promise, first match wins; `python -m bench` fails when one is missed."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

FASTER = "times faster"  # theirs / ours must reach the limit
SHARE = "of its cost"  # ours / theirs must not exceed the limit


@dataclass(frozen=True, slots=True)
class Floor:
    """A limit for the rows of `area` whose name matches the glob `row`."""

    area: str
    row: str
    kind: str
    limit: float

    def holds(self, cost: float) -> bool:
        """Is `cost` (ours over theirs) good enough?"""
        return 1 / cost >= self.limit if self.kind == FASTER else cost <= self.limit

    def show(self, cost: float) -> str:
        """`cost` in the words of this floor."""
        return f"{1 / cost:.3g}x" if self.kind == FASTER else f"{cost:.2f} of it"

    @property
    def limit_text(self) -> str:
        return f">= {self.limit:g}x" if self.kind == FASTER else f"<= {self.limit:g}"


#     area           row                      kind    limit
FLOORS = (
    Floor("calls", "*, GIL kept", FASTER, 200),
    Floor("calls", "geometric mean", FASTER, 200),
    Floor("host_calls", "*", FASTER, 20),
    Floor("instantiate", "pre + call *", FASTER, 30),
    Floor("instantiate", "*", FASTER, 5),
    Floor("pooling", "pre + call *", FASTER, 30),
    Floor("pooling", "two threads*calls of 250 us", SHARE, 1 / 1.5),
    Floor("wheels", "*", SHARE, 1.1),
    Floor("capi", "*instance*", SHARE, 1),
    Floor("capi", "*", SHARE, 2),
    Floor("imports", "*: beside python -c pass", SHARE, 1.6),
    Floor("imports", "*: cached process", FASTER, 3),
    *(
        Floor("wasi", row, FASTER, limit)
        for row, limit in (
            ("clock_time_get", 1.5), ("fd_seek*", 0.7), ("random_get*", 0.25), ("* to stdout, a file", 1.2),
            ("write of 64 KiB", 2), ("read of 64 KiB", 2.5), ("* of 4 KiB", 4), ("write of 6*", 3), ("write of 2*", 3), ("read of 6*", 3),
            ("pread*", 3), ("* of 1 MiB", 1.2), ("stat", 9), ("open and close", 3), ("create and unlink", 1.2),
            ("readdir*4 KiB at once", 25), ("readdir*", 3),
        )
    ),
    *(
        Floor("wasi2", row, FASTER, limit)
        for row, limit in (
            ("*-clock now", 1.5), ("get-random*", 0.12), ("check-write, and write of 6 bytes", 2), ("blocking-write-and-flush of 6*", 1),
            ("blocking-write-and-flush of 4 KiB", 4), ("*write of 64 KiB", 1.5), ("*write of 1 MiB", 1.5), ("blocking-read of 6 bytes", 8),
            ("blocking-read of 4 KiB", 6), ("blocking-read of 64 KiB", 2), ("blocking-read of 1 MiB", 2), ("descriptor.read*", 4), ("subscribe*", 2),
            ("stat-at", 5), ("open-at*", 1.2), ("create and unlink", 0.9), ("read-directory*", 1),
        )
    ),
    Floor("tail_calls", "llvm 12 arguments*", FASTER, 2),
    Floor("tail_calls", "native 12 arguments*", FASTER, 1.4),
    Floor("exceptions", "* beside none", SHARE, 1.05),
    Floor("exceptions", "* in the same function*", FASTER, 15),
    Floor("exceptions", "* a try in which nothing is thrown", FASTER, 1),
    Floor("exceptions", "* one frame up", FASTER, 6),
    Floor("exceptions", "* 20 frames up", FASTER, 4),
    Floor("exceptions", "*", FASTER, 3),  # the farther, the more of it is the same walk from frame to frame
    Floor("http", "*reused*beside jco", FASTER, 2),
    Floor("http", "*beside jco", FASTER, 1.3),
    Floor("http", "*", SHARE, 2),
    Floor("components", "*component to component*", SHARE, 3),
    *(
        Floor("components", f"* {row}", FASTER, limit)
        for row, limit in (
            ("add(u32, u32)*", 100), ("a string of 20*", 50), ("a record of 8*", 50), ("a list of 1,000*", 20), ("list<u8> of 60,000*", 1000),
            ("a resource's method", 50), ("a host function*", 30), ("a host's resource*", 30), ("instantiate*", 20),
        )
    ),
    Floor("gc", "* live: peak memory", SHARE, 0.5),
    *(
        Floor("gc", f"{backend} {row}", FASTER, share * limit)
        for backend, share in (("llvm", 1.0), ("native", 0.7))
        for row, limit in (
            ("allocate 16-byte structs", 15), ("binary trees 16", 8), ("array.new of 24 bytes", 10),
            ("list of*: build", 1.5), ("list of*: walk", 2), ("* live: longest call", 8),
            ("ref.cast to an open type", 4), ("br_on_cast chain", 4), ("vtable call*", 3), ("call_indirect*", 2),
        )
    ),
    Floor("kernels", "llvm geometric mean", SHARE, 0.87),
    Floor("kernels", "native geometric mean", SHARE, 1.4),
    Floor("kernels", "native *", SHARE, 2.0),
    Floor("isas", "* geometric mean, size of code", SHARE, 1.5),
    Floor("isas", "* geometric mean, executed instructions", SHARE, 1.6),
    Floor("isas", "* compile time, x86_64", SHARE, 1.2),
    Floor("compile", "native geometric mean, cranelift", FASTER, 15),
    Floor("compile", "native geometric mean, winch", FASTER, 2),
    Floor("compile", "native *, peak memory", SHARE, 1.0),
    Floor("validate", "geometric mean", SHARE, 1 / 0.7),
    Floor("load", "*10 MB or more", FASTER, 5),
)


def floor_of(area: str, name: str) -> Floor | None:
    """The promise about a row, if there is one."""
    for floor in FLOORS:
        if floor.area == area and fnmatchcase(name, floor.row):
            return floor
    return None
