"""all.wit in Python, for componentize-py."""

from __future__ import annotations

from componentize_py_types import Err, Ok
from registry import Counter
from wit_world import exports
from wit_world.imports import host


def same(self, x):
    return x


NUMBERS = ("bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64", "char")
VALUES = (
    "string", "point", "person", "widths", "shape", "color", "rights", "tuple", "option", "options", "maybe", "bytes", "bools", "u16s", "s32s",
    "u64s", "f32s", "f64s", "chars", "strings", "people", "shapes", "colors", "nested",
)  # fmt: skip


def echoing(*names):
    """A base class that gives back what its functions are given."""
    return type("Echoing", (), {f"echo_{name}": same for name in names})


class Numbers(echoing(*NUMBERS), exports.Numbers):
    def sum(self, a, b, c, d, e, f, g, h):
        return float(a + b + c + d + e + f) + g + h


class Values(echoing(*VALUES), exports.Values):
    def nothing(self):
        pass

    def echo_result(self, x):
        match x:
            case Ok(number):
                return number
            case Err(message):
                raise Err("no: " + message)

    def many(self, a, b, c, d, e, f, g, h, i):
        return [a, b, c, d, e, f, g, h, i.full_name, *i.tags]

    def fail(self, message):
        raise Err(message)

    def trap(self):
        raise RuntimeError("nobody catches this")


class Registry(exports.Registry):
    def absorb(self, into, counter):
        into.value += counter.value
        Counter.alive -= 1
        return into.value

    def make(self, starts):
        return [Counter(start) for start in starts]

    def alive(self):
        return Counter.alive


class Callbacks(exports.Callbacks):
    kept = None

    def ask_all(self, people):
        return [host.ask(person) for person in people]

    def reflect(self, x, y):
        return host.mirror(x, y)

    def repeat(self, message, times):
        for n in range(times):
            host.notify(f"{message} {n}")

    def fill(self, file, data):
        return file.write(data)

    def drain(self, file):
        with file:
            return file.read(5) + file.read(100)

    def keep(self, file):
        Callbacks.kept = file

    def give_back(self):
        file, Callbacks.kept = Callbacks.kept, None
        return file

    def duplicate(self, source, target):
        with host.File.find(source) as found, host.File(target) as made:
            return made.write(found.read(1000))
