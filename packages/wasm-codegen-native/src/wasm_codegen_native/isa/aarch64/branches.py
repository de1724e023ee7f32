"""Jumps to places not yet known.

Conditional branches reach a megabyte, others 128, and no module's code is longer. Until its target is known a jump is a word with its condition and the
next of its chain:

    bits 31-28: condition, JUMP or CALL     bits 27-0: place of the next jump of the chain / 4, so that 27 and 26 are zero

Where the target may come too late for a conditional branch, `attend` writes an *island* that the code around jumps over: for each branch still open a jump
that reaches further.
"""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.code import NO_CHAIN, Code
from wasm_codegen_native.growing import put
from wasm_codegen_native.isa.aarch64.encodings import BCOND, BL, B
from wasm_environ.compile_errors import UnsupportedError

JUMP: Final = 14
CALL: Final = 15
REACH: Final = 1 << 20  # bytes, of a conditional branch
MARGIN: Final = 1 << 17  # room for what is written before somebody looks again, and for the island itself
FAR_REACH: Final = 1 << 27  # of a jump or call
BOUND: Final = BCOND >> 24  # the first byte of a conditional branch whose target is known: bit 26 is set, as in no word of a chain


@final
class Branches:
    """The jumps of the current function. Islands are remembered by the branch that they are for."""

    def __init__(self, code: Code) -> None:
        self.code: Code = code
        self.open: vec[i64] = vec[i64]()  # places of conditional branches, ascending; the target of some is known
        self.count: i64 = 0
        self.islands: dict[int, int] = {}

    def begin(self) -> None:
        """Start a function."""
        self.count = 0
        self.islands = {}
        self.code.attention = FAR_REACH
        self.attend(0)

    def add(self, condition: i64, chain: i64) -> i64:
        """A jump, at the head of its chain now."""
        code = self.code
        if code.here() > code.attention:
            self.attend(0)
        at = code.here()
        if condition < JUMP:
            if self.count == 0:
                code.attention = at + REACH - MARGIN
            self.open = put(self.open, self.count, at)
            self.count += 1
        code.word(condition << 28 | chain >> 2)
        return at

    def bind(self, chain: i64) -> None:
        """All jumps of the chain lead here."""
        code = self.code
        if code.here() > code.attention:
            self.attend(0)
        here = code.here()
        while chain != NO_CHAIN:
            word = code.read(chain)
            self.write(chain, word >> 28, here)
            chain = (word & 0xFFFFFFF) << 2

    def write(self, at: i64, condition: i64, target: i64) -> None:
        """The jump at a place, whose target is known."""
        distance = target - at
        if condition == CALL:
            self.code.patch(at, BL | far(distance))
        elif condition == JUMP:
            self.code.patch(at, B | far(distance))
        else:
            island = self.islands.get(at)
            if island is not None:
                between: i64 = island
                self.code.patch(between, B | far(target - between))
                distance = between - at
            assert distance < REACH
            self.code.patch(at, BCOND | condition | distance >> 2 << 5)

    def attend(self, ahead: i64) -> None:
        """An island for the branches that cannot wait for another, with `ahead` bytes to be written next; an error where the code is too long."""
        code = self.code
        far(code.here() + ahead)
        if self.count == 0 or code.here() + ahead <= code.attention:
            return
        around = code.here()
        code.word(B)
        kept: i64 = 0
        k: i64 = 0
        while k < self.count:
            at = self.open[k]
            if code.read(at) >> 24 != BOUND:
                if at < around + ahead - REACH // 2:
                    self.islands[at] = code.here()
                    code.word(B)
                else:
                    self.open[kept] = at
                    kept += 1
            k += 1
        self.count = kept
        code.attention = FAR_REACH
        if kept > 0 and self.open[0] + REACH - MARGIN < FAR_REACH:
            code.attention = self.open[0] + REACH - MARGIN
        code.patch(around, B | far(code.here() - around))


def far(distance: i64) -> i64:
    """The bits of a jump or call."""
    if distance >= FAR_REACH or distance < -FAR_REACH:
        raise UnsupportedError(f"the module's code is larger than {FAR_REACH >> 20} MiB, further than a call reaches on aarch64")
    return distance >> 2 & 0x3FFFFFF
