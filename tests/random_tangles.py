"""Random control flow: functions that are loops, blocks, ifs and br_tables with branches from anywhere to whatever is around, over a few small integers.

What holds of a number on one way does not on another: it is what optimizers get wrong. The same seed gives the same bytes.
"""

from __future__ import annotations

import random

from random_modules import I32, leb, sleb, vector

FUNCTIONS = 24
TURNS = (3, 10, 40)  # how often loops are entered at most, all of a function's together
GET, SET, TEE, CONST = b"\x20", b"\x21", b"\x22", b"\x41"
ADD, SUB, MUL, AND, EQZ = b"\x6a", b"\x6b", b"\x6c", b"\x71", b"\x45"
COMPARISONS = (0x46, 0x47, 0x48, 0x49, 0x4E)
BLOCK, LOOP, IF, ELSE, END, BR, BR_IF, BR_TABLE = b"\x02\x40", b"\x03\x40", b"\x04\x40", b"\x05", b"\x0b", b"\x0c", b"\x0d", b"\x0e"


class Tangle:
    """One function, [i32] -> [i32]: local 0 is the input, 1 the turns left, the others are numbers that start as 0."""

    def __init__(self, chooser: random.Random) -> None:
        self.random = chooser
        self.numbers = [0, *range(2, 2 + chooser.randint(1, 4))]
        self.set = [*self.numbers[1:], *self.numbers] if chooser.random() < 0.7 else self.numbers[1:]

    def code(self) -> bytes:
        """The entry in the code section. The result is a hash of all numbers."""
        r = self.random
        code = GET + leb(0) + CONST + sleb(7) + AND + SET + leb(0) + CONST + sleb(r.choice(TURNS)) + SET + leb(1)
        code += BLOCK + self.loop([False], r.randint(1, 4)) + END + CONST + sleb(1)
        for number in self.numbers:
            code += CONST + sleb(31) + MUL + GET + leb(number) + ADD
        body = vector([leb(len(self.numbers)) + bytes([I32])]) + code + END
        return leb(len(body)) + body

    def sequence(self, labels: list[bool], depth: int) -> bytes:
        """Statements inside labels, innermost last, True for loops; the first is the way out."""
        r = self.random
        code = self.assignment() if r.random() < 0.6 else b""
        for _ in range(r.choice((0, 1, 1, 2)) if depth > 0 else 0):
            kind = r.choice((self.assigned, self.branch, self.block, self.loop, self.if_, self.if_, self.if_, self.switch))
            code += kind(labels, depth)
        return code + (BR + self.label(labels) if r.random() < 0.2 else b"")

    def assigned(self, labels: list[bool], depth: int) -> bytes:
        return self.assignment()

    def branch(self, labels: list[bool], depth: int) -> bytes:
        return self.condition() + BR_IF + self.label(labels)

    def block(self, labels: list[bool], depth: int) -> bytes:
        return BLOCK + self.sequence([*labels, False], depth - 1) + END

    def loop(self, labels: list[bool], depth: int) -> bytes:
        """Out of turns: out of everything. At its end it falls through, goes round, or goes round on a condition."""
        again = self.random.choice((b"", BR + leb(0), self.condition() + BR_IF + leb(0)))
        head = LOOP + GET + leb(1) + CONST + sleb(1) + SUB + TEE + leb(1) + EQZ + BR_IF + leb(len(labels))
        return head + self.sequence([*labels, True], depth - 1) + again + END

    def if_(self, labels: list[bool], depth: int) -> bytes:
        """Often both arms go on to the same place."""
        inside = [*labels, False]
        after = BR + self.label(inside) if self.random.random() < 0.6 else b""
        arms = [self.sequence(inside, depth - 1) + after for _ in range(2 if self.random.random() < 0.8 else 1)]
        return self.condition() + IF + ELSE.join(arms) + END

    def switch(self, labels: list[bool], depth: int) -> bytes:
        inside = [*labels, False]
        return BLOCK + self.value() + BR_TABLE + vector([self.label(inside) for _ in range(self.random.randint(1, 4))]) + self.label(inside) + END

    def label(self, labels: list[bool]) -> bytes:
        """Where to branch: mostly back to the innermost loop."""
        loops = [k for k, is_loop in enumerate(reversed(labels)) if is_loop]
        return leb(loops[0] if loops and self.random.random() < 0.8 else self.random.randrange(len(labels)))

    def assignment(self) -> bytes:
        return self.value() + SET + leb(self.random.choice(self.set))

    def value(self) -> bytes:
        """Mostly 0 or 1, as flags are; or a number, perhaps one further."""
        r = self.random
        if r.random() < 0.6:
            return CONST + sleb(r.choice((0, 1, 1, 1)))
        number = GET + leb(r.choice(self.numbers))
        return number + r.choice((b"", CONST + sleb(1) + ADD, CONST + sleb(1) + SUB, CONST + sleb(1) + AND))

    def condition(self) -> bytes:
        """About the input, mostly."""
        r = self.random
        number = GET + leb(0 if r.random() < 0.6 else r.choice(self.numbers))
        other = CONST + sleb(r.choice((0, 1, 2, 3, 95))) if r.random() < 0.7 else GET + leb(r.choice(self.numbers))
        return r.choice((number, number + EQZ, number + CONST + sleb(1) + AND, number + other + bytes([r.choice(COMPARISONS)])))


def make(seed: int) -> tuple[bytes, list[tuple[list[int], list[int]]]]:
    """(module, signatures of its exports f0 .. fn) for a seed; it also exports `memory`."""
    chooser = random.Random(seed)
    codes = [Tangle(chooser).code() for _ in range(FUNCTIONS)]
    exports = [leb(len(name)) + name + b"\0" + leb(k) for k, name in enumerate(b"f%d" % k for k in range(FUNCTIONS))]
    exports.append(b"\x06memory\x02\x00")
    sections = (
        (1, vector([b"\x60" + vector([bytes([I32])]) * 2])), (3, vector([leb(0)] * FUNCTIONS)), (5, vector([b"\x01\x01\x01"])),
        (7, vector(exports)), (10, vector(codes)),
    )  # fmt: skip
    data = b"\0asm\1\0\0\0" + b"".join(bytes([number]) + leb(len(body)) + body for number, body in sections)
    return data, [([I32], [I32])] * FUNCTIONS
