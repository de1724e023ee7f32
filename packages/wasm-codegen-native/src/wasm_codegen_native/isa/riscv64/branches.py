"""Conditions as numbers, and jumps to places not yet known.

A condition is a relation of two registers, in the bits that a branch has for it: the funct3 of BEQ BNE BLT BGE BLTU BGEU, of which the lowest bit tells
opposites apart, then rs1, then rs2.

Branches reach four kilobytes, jumps a megabyte. Where a target may come too late for one that waits, `attend` writes an *island* that the code around jumps
over: for each that waits a jump that reaches further, which waits in its place; in the end two instructions that reach everywhere. It may stand between any
two instructions: `Assembler` asks before each, and `Assembler.room` makes sure that none stands among the next few.
"""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.code import CODE_LIMIT, NO_CHAIN, Code
from wasm_codegen_native.growing import put
from wasm_codegen_native.isa.riscv64.encodings import AUIPC, BRANCH, JAL, JALR
from wasm_codegen_native.isa.riscv64.registers import RA, SPARE, ZERO

# Relations.
EQ: Final = 0
NE: Final = 1
LT: Final = 4
GE: Final = 5
LTU: Final = 6
GEU: Final = 7

# What waits: a condition, or ...
JUMP: Final = 1 << 13
CALL: Final = JUMP + 1
FAR: Final = JUMP + 2
BOUND: Final = -1

REACH: Final = 4096  # bytes, of a branch
SHORT: Final = REACH - 64  # after which one that waits gets something longer: room for the instructions until somebody looks
JUMP_REACH: Final = 1 << 20
LONG: Final = 3 << 17  # the same of jumps: of an island for as many as can wait the last is twice as far away


def condition(relation: i64, a: i64, b: i64) -> i64:
    """The condition that `relation` holds between two general registers."""
    return relation | a << 3 | b << 8


def branch_word(code: i64, distance: i64) -> i64:
    """A branch on a condition."""
    assert -REACH <= distance < REACH
    high = (distance >> 12 & 1) << 31 | (distance >> 5 & 0x3F) << 25
    low = (distance >> 1 & 0xF) << 8 | (distance >> 11 & 1) << 7
    return BRANCH | code << 12 | high | low


def jump_word(link: i64, distance: i64) -> i64:
    """A jump; the address behind it goes to register `link`."""
    assert -JUMP_REACH <= distance < JUMP_REACH
    high = (distance >> 20 & 1) << 31 | (distance >> 1 & 0x3FF) << 21
    low = (distance >> 11 & 1) << 20 | (distance >> 12 & 0xFF) << 12
    return JAL | high | low | link << 7


def upper(distance: i64) -> i64:
    """The bits of AUIPC or LUI for a distance; the lower twelve bits, which the next instruction adds, are signed."""
    return (distance + 0x800 >> 12 & 0xFFFFF) << 12


def lower(distance: i64) -> i64:
    """And those of the next instruction."""
    return (distance & 0xFFF) << 20


@final
class Branches:
    """The jumps of the current function. A chain is the number of its last jump, from 1 on; `following` has the one before."""

    def __init__(self, code: Code) -> None:
        self.code: Code = code
        self.places: vec[i64] = vec[i64]([0])
        self.kinds: vec[i64] = vec[i64]([0])
        self.following: vec[i64] = vec[i64]([0])
        self.count: i64 = 1
        self.short: vec[i64] = vec[i64]()  # branches that may still wait, by ascending place ...
        self.short_first: i64 = 0
        self.short_end: i64 = 0
        self.long: vec[i64] = vec[i64]()  # ... and jumps
        self.long_first: i64 = 0
        self.long_end: i64 = 0

    def begin(self) -> None:
        """Start a function."""
        self.count = 1
        self.short_first = 0
        self.short_end = 0
        self.long_first = 0
        self.long_end = 0
        self.code.attention = CODE_LIMIT

    def add(self, kind: i64, chain: i64) -> i64:
        """A jump, at the head of its chain now."""
        self.attend(8)
        n = self.count
        self.places = put(self.places, n, self.code.here())
        self.kinds = put(self.kinds, n, kind)
        self.following = put(self.following, n, chain)
        self.count = n + 1
        self.wait(n)
        self.code.word(0)
        return n

    def wait(self, n: i64) -> None:
        """Jump n waits from now on."""
        if self.kinds[n] >= JUMP:
            self.long = put(self.long, self.long_end, n)
            self.long_end += 1
        else:
            self.short = put(self.short, self.short_end, n)
            self.short_end += 1
        self.note()

    def jump_back(self, target: i64) -> None:
        """A jump to a place before, with room for two instructions."""
        distance = target - self.code.here()
        if distance >= -JUMP_REACH:
            self.code.word(jump_word(ZERO, distance))
        else:
            self.code.word(AUIPC | upper(distance) | SPARE << 7)
            self.code.word(JALR | lower(distance) | SPARE << 15)

    def bind(self, chain: i64) -> None:
        """All jumps of the chain lead here."""
        self.attend(0)
        here = self.code.here()
        while chain != NO_CHAIN:
            self.write(chain, here)
            self.kinds[chain] = BOUND
            chain = self.following[chain]

    def write(self, n: i64, target: i64) -> None:
        """Jump n, whose target is known."""
        at = self.places[n]
        kind = self.kinds[n]
        distance = target - at
        if kind == FAR:
            self.code.patch(at, AUIPC | upper(distance) | SPARE << 7)
            self.code.patch(at + 4, JALR | lower(distance) | SPARE << 15)
        elif kind == JUMP:
            self.code.patch(at, jump_word(ZERO, distance))
        elif kind == CALL:
            self.code.patch(at, jump_word(RA, distance))
        else:
            self.code.patch(at, branch_word(kind, distance))

    # ---- islands
    def note(self) -> None:
        """Forget the first that wait no more, and see when the next cannot wait any longer."""
        while self.short_first < self.short_end and self.kinds[self.short[self.short_first]] == BOUND:
            self.short_first += 1
        while self.long_first < self.long_end and self.kinds[self.long[self.long_first]] == BOUND:
            self.long_first += 1
        attention: i64 = CODE_LIMIT
        if self.short_first < self.short_end:
            attention = self.places[self.short[self.short_first]] + SHORT
        if self.long_first < self.long_end:
            after = self.places[self.long[self.long_first]] + LONG
            if after < attention:
                attention = after
        self.code.attention = attention

    def attend(self, ahead: i64) -> None:
        """Islands for those that cannot wait until `ahead` more bytes are written."""
        code = self.code
        if code.here() + ahead <= code.attention:
            return
        self.note()
        while code.here() + ahead > code.attention and code.attention < CODE_LIMIT:
            self.island(ahead)

    def island(self, ahead: i64) -> None:
        """One island, for those that have waited longer than half of their reach."""
        code = self.code
        around = code.here()
        code.word(0)
        oldest = around + ahead - LONG // 2
        k = self.long_first
        while k < self.long_end and self.places[self.long[k]] < oldest:
            ahead += 8  # at most: this island lies between those that go on waiting and their targets
            k += 1
        first = self.short_first
        end = self.short_end
        self.short_first = 0
        self.short_end = 0
        while first < end:
            n = self.short[first]
            if self.kinds[n] != BOUND:
                if self.places[n] < around + ahead - REACH // 2:
                    self.prolong(n, JUMP)
                    ahead += 4
                else:
                    self.short[self.short_end] = n
                    self.short_end += 1
            first += 1
        first = self.long_first
        end = self.long_end
        self.long_first = 0
        self.long_end = 0
        while first < end:
            n = self.long[first]
            if self.kinds[n] == JUMP or self.kinds[n] == CALL:
                if self.places[n] < oldest:
                    self.prolong(n, FAR)
                else:
                    self.long[self.long_end] = n
                    self.long_end += 1
            first += 1
        self.note()
        code.patch(around, jump_word(ZERO, code.here() - around))

    def prolong(self, n: i64, kind: i64) -> None:
        """Jump n leads here, to one of another kind that waits instead."""
        code = self.code
        self.write(n, code.here())
        self.places[n] = code.here()
        self.kinds[n] = kind
        code.word(0)
        if kind == FAR:
            code.word(0)
        else:
            self.long = put(self.long, self.long_end, n)
            self.long_end += 1
