"""What component_calls.py gives the guests."""

from __future__ import annotations

import math
from typing import Any

LONG = "\u00fcber \U0001f40d " * 20_000
SMALL = 5e-324  # the least f64
# Name of a function of `numbers`, and what it echoes.
# fmt: off
ECHOES: dict[str, tuple[Any, ...]] = {
    "echo-bool": (True, False),
    "echo-s8":   (-(2**7), 2**7 - 1, 0),
    "echo-u8":   (0, 2**8 - 1),
    "echo-s16":  (-(2**15), 2**15 - 1),
    "echo-u16":  (0, 2**16 - 1),
    "echo-s32":  (-(2**31), 2**31 - 1),
    "echo-u32":  (0, 2**32 - 1),
    "echo-s64":  (-(2**63), 2**63 - 1, -1),
    "echo-u64":  (0, 2**64 - 1, 2**53 + 1),
    "echo-f32":  (0.0, -0.0, 1.5, -3.25, 2.0**127, 2.0**-149, math.inf, -math.inf, math.nan),
    "echo-f64":  (0.0, -0.0, 0.1, -1e308, SMALL, math.inf, -math.inf, math.nan),
    "echo-char": ("a", "\0", "\u00fc", "\u20ac", "\ud7ff", "\ue000", "\U0001f600", "\U0010ffff"),
}
SUMS: tuple[tuple[Any, ...], ...] = (
    (255, -128, 65535, -32768, 2**32 - 1, -(2**31), 0.5, 0.25),
    (0, 0, 0, 0, 0, 0, math.inf, -math.inf),
)
# What a function refuses: interface, name, arguments.
MISFITS: tuple[tuple[str, str, tuple[Any, ...]], ...] = (
    ("numbers", "echo-u8",      ("1",)),
    ("numbers", "echo-bool",    (1,)),
    ("numbers", "echo-f64",     ("1",)),
    ("numbers", "echo-char",    ("ab",)),
    ("numbers", "echo-char",    ("",)),
    ("numbers", "echo-u8",      ()),
    ("numbers", "echo-u8",      (1, 2)),
    ("values",  "echo-string",  (b"bytes",)),
    ("values",  "echo-string",  (None,)),
    ("values",  "echo-bytes",   ("text",)),
    ("values",  "echo-color",   ("pink",)),
    ("values",  "echo-color",   (1,)),
    ("values",  "echo-rights",  ({"read", "fly"},)),
    ("values",  "echo-point",   ((1, 2),)),
    ("values",  "echo-shape",   (3,)),
    ("values",  "echo-tuple",   ((1, "x"),)),
    ("values",  "echo-strings", (["fine", 4],)),
    ("values",  "echo-result",  (b"neither",)),
)
# After them all is well.
AGAIN: tuple[tuple[str, str, tuple[Any, ...]], ...] = (
    ("values",  "echo-string",  ("as before",)),
    ("values",  "echo-strings", (["as", "before"],)),
)
# fmt: on


class Shapes:
    """Records and variants of an API's classes."""

    def __init__(self, component: Any) -> None:
        self.component = component
        origin, far = self.record(x=0, y=0), self.record(x=-(2**31), y=2**31 - 1)
        self.points = [origin, far]
        self.people = [
            self.person("Ada", 36, far, ["countess", "\u03bb"]),
            self.person("", 0, None, []),
            self.person("\U0001f469\u200d\U0001f4bb", 107, origin, [""] * 50),
        ]
        variant = component.Variant
        self.shapes = [
            variant("circle", 1.5), variant("square", -0.25), variant("polygon", [origin, far, origin]), variant("polygon", []),
            variant("named", "h\u00e9xagon"), variant("empty"),
        ]  # fmt: skip

    def record(self, **fields: Any) -> Any:
        made = self.component.Record()
        for name, value in fields.items():
            setattr(made, name.replace("_", "-"), value)
        return made

    def person(self, name: str, age: int, home: Any, tags: list[str]) -> Any:
        return self.record(full_name=name, age=age, home=home, tags=tags)

    def widths(self, high: bool) -> Any:
        """All least, or all greatest numbers."""
        ints = {"b": -8, "c": 8, "d": -16, "e": 16, "f": -32, "g": 32, "h": -64, "i": 64}
        bounds = {name: _bound(size, high) for name, size in ints.items()}
        return self.record(a=high, **bounds, j=math.inf if high else -0.0, k=-0.5, l="\U0010ffff" if high else "\0")

    def echoes(self) -> dict[str, tuple[Any, ...]]:
        """Name of a function of `values`, and what it echoes."""
        variant = self.component.Variant
        # fmt: off
        return {
            "echo-string":  ("", "plain", "\0nul\0", "\u00fc\u20ac\U0001f40d", LONG),
            "echo-point":   tuple(self.points),
            "echo-person":  tuple(self.people),
            "echo-widths":  (self.widths(False), self.widths(True)),
            "echo-shape":   tuple(self.shapes),
            "echo-color":   ("red", "light-green", "blue"),
            "echo-rights":  (set(), {"read"}, {"read", "write", "run-as-root"}),
            "echo-tuple":   ((255, "x", math.pi), (0, "", math.nan)),
            "echo-option":  (None, 0, 2**32 - 1),
            "echo-options": (variant("none"), variant("some", None), variant("some", "x")),
            "echo-result":  (0, 7, 2**32 - 1, "why", ""),
            "echo-maybe":   (None, variant("ok", "red"), variant("err", "red")),
            "echo-bytes":   (b"", b"\0\xff", bytes(range(256)) * 256),
            "echo-bools":   ([], [True, False, True]),
            "echo-u16s":    ([], [0, 65535], list(range(20_000))),
            "echo-s32s":    ([-(2**31), 2**31 - 1],),
            "echo-u64s":    ([0, 2**64 - 1],),
            "echo-f32s":    ([0.5, -math.inf, math.nan, -0.0],),
            "echo-f64s":    ([0.1, math.inf, SMALL], [float(n) for n in range(5000)]),
            "echo-chars":   (list("a\u00fc\U0001f600"),),
            "echo-strings": ([], [""], ["a", "\u00fc" * 1000, ""], [str(n) for n in range(3000)]),
            "echo-people":  ([], self.people, self.people * 300),
            "echo-shapes":  ([], self.shapes, self.shapes * 100),
            "echo-colors":  (["blue", "red", "light-green", "blue"],),
            "echo-nested":  ([], [[]], [[(None, set())], [(-(2**63), {"write"}), (1, {"read", "run-as-root"})]]),
        }
        # fmt: on


def _bound(size: int, high: bool) -> int:
    """Of an integer of that many bits; of a signed one if negative."""
    bits = abs(size) - (size < 0)
    return (1 << bits) - 1 if high else -(1 << bits) if size < 0 else 0
