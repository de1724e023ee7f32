"""Constants that fit into instructions: the runs of ones that RISBGN selects. Bits are numbered as in the manual, from 0, the highest, to 63."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from wasm_codegen_native.code import shl

NONE: Final = -1
ZERO_OTHERS: Final = 128  # in the second number


def run_of_ones(value: i64) -> i64:
    """The two bytes of a mask that is one run of ones, which may go around the end: the first bit's number, and the last's with ZERO_OTHERS; NONE for any
    other value."""
    if value == 0 or value == -1:
        return NONE
    starts: i64 = 0
    first: i64 = 0
    last: i64 = 0
    previous: i64 = value & 1  # bit 63 comes before bit 0
    bit: i64 = 0
    while bit < 64:
        here = (value >> (63 - bit)) & 1
        if here != previous:
            if here != 0:
                starts += 1
                first = bit
            else:
                last = (bit + 63) & 63
        previous = here
        bit += 1
    if starts != 1:
        return NONE
    return shl(first, 8) | ZERO_OTHERS | last
