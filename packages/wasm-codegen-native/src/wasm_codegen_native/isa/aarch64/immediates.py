"""Constants that fit into instructions: the patterns of logical instructions (manual, DecodeBitMasks) and floats of eight bits (VFPExpandImm)."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from wasm_codegen_native.code import shl

NONE: Final = -1
LOW32: Final = 0xFFFFFFFF


def bitmask(value: i64, wide: bool) -> i64:
    """The 13 bits N, immr, imms of a pattern: a run of ones, rotated within an element of 2 to 64 bits that repeats; NONE for any other value."""
    size: i64 = 64
    if not wide:
        value &= LOW32
        size = 32
    if value == 0 or value == -1 or (value == LOW32 and not wide):
        return NONE
    while size > 2:
        half = size >> 1
        mask = shl(1, half) - 1
        if (value & mask) != ((value >> half) & mask):
            break
        size = half
    start: i64 = NONE  # where the run begins
    ones: i64 = 0
    previous = (value >> (size - 1)) & 1
    k: i64 = 0
    while k < size:
        bit = (value >> k) & 1
        ones += bit
        if bit > previous:
            if start != NONE:
                return NONE
            start = k
        previous = bit
        k += 1
    # imms: ones that tell the element's size, a zero, one less than the number of ones; N for 64 bits.
    n: i64 = 1 if size == 64 else 0
    imms = ((~(2 * size - 1)) & 0x3F) | (ones - 1)
    return n << 12 | ((size - start) & (size - 1)) << 6 | imms


def float8(bits: i64, double: bool) -> i64:
    """The eight bits of a float that FMOV can load; NONE for any other. aBbbbbbb bbcdefgh 0..., B the opposite of b; fewer b in a float of 32 bits."""
    if double:
        low = bits & 0xFFFFFFFFFFFF
        exponent = (bits >> 54) & 0x1FF
        if low != 0 or (exponent != 0x100 and exponent != 0xFF):
            return NONE
        return ((bits >> 63) & 1) << 7 | ((bits >> 54) & 1) << 6 | ((bits >> 48) & 0x3F)
    bits &= LOW32
    exponent = (bits >> 25) & 0x3F
    if bits & 0x7FFFF != 0 or (exponent != 0x20 and exponent != 0x1F):
        return NONE
    return (bits >> 31) << 7 | ((bits >> 25) & 1) << 6 | ((bits >> 19) & 0x3F)
