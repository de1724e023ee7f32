"""Floats as literals: the shortest decimal that reads back to the same bits, or a NaN with its payload."""

from __future__ import annotations

import struct


def f32_literal(bits: int) -> str:
    """The literal of an f32 given its bits."""
    if bits & 0x7F800000 == 0x7F800000:
        return _special(bits >> 31, bits & 0x7FFFFF, 0x400000)
    value: float = struct.unpack("<f", struct.pack("<I", bits))[0]
    for digits in range(6, 9):
        text = f"{value:.{digits}g}"
        try:
            if struct.pack("<f", float(text)) == struct.pack("<I", bits):
                return text
        except OverflowError:  # rounded up beyond the largest f32
            continue
    return f"{value:.9g}"


def f64_literal(bits: int) -> str:
    """The literal of an f64 given its bits."""
    if bits & 0x7FF0000000000000 == 0x7FF0000000000000:
        return _special(bits >> 63, bits & 0xFFFFFFFFFFFFF, 0x8000000000000)
    value: float = struct.unpack("<d", struct.pack("<Q", bits))[0]
    return repr(value).removesuffix(".0")


def _special(sign: int, payload: int, canonical: int) -> str:
    start = "-" if sign else ""
    if not payload:
        return start + "inf"
    return start + "nan" if payload == canonical else f"{start}nan:0x{payload:x}"
