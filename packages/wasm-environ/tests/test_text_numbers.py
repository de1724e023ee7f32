"""Number literals: every form, the edges of every range, and exact rounding against rational arithmetic."""

from __future__ import annotations

import math
import random
import struct
from fractions import Fraction

import pytest

from wasm_environ.text.numbers import float_bits, int_bits, integer, natural
from wasm_environ.text.print_numbers import f32_literal, f64_literal

INTEGERS = [
    ("0", 0), ("007", 7), ("+5", 5), ("-5", -5), ("1_000", 1000), ("0x1F", 31), ("-0x1_f", -31), ("0xDEAD_beef", 0xDEADBEEF),
    ("000000000000000000000000000000000000001", 1),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), INTEGERS)
def test_integers(text: str, value: int) -> None:
    assert integer(text) == value


@pytest.mark.parametrize("text", ["", "+", "-", "0x", "0x_1", "_1", "1_", "1__0", "0b1", "0o7", "1.", "1e3", "0X1", "a", "$1", "1 "])
def test_not_integers(text: str) -> None:
    assert integer(text) is None


def test_natural_has_no_sign() -> None:
    assert natural("12") == 12
    assert natural("+12") is None
    assert natural("-12") is None


RANGES = [
    ("i8", 8, "-128", 0x80), ("i8", 8, "255", 0xFF), ("i16", 16, "-0x8000", 0x8000), ("i32", 32, "4294967295", 0xFFFFFFFF),
    ("i32", 32, "-2147483648", 0x80000000), ("i32", 32, "-1", 0xFFFFFFFF), ("i64", 64, "-1", (1 << 64) - 1),
    ("i64", 64, "0xffff_ffff_ffff_ffff", (1 << 64) - 1),
]  # fmt: skip


@pytest.mark.parametrize(("name", "width", "text", "bits"), RANGES)
def test_int_bits(name: str, width: int, text: str, bits: int) -> None:
    assert int_bits(text, width) == bits


@pytest.mark.parametrize(
    ("width", "text"), [(8, "256"), (8, "-129"), (32, "4294967296"), (32, "-2147483649"), (64, "1" * 5000), (64, "-0x1" + "0" * 5000)]
)
def test_int_out_of_range(width: int, text: str) -> None:
    with pytest.raises(OverflowError):
        int_bits(text, width)


FLOATS = [
    (32, "0", 0), (32, "-0", 0x80000000), (32, "-0.0e5", 0x80000000), (32, "1", 0x3F800000), (32, "1.", 0x3F800000),
    (32, "1.5e0", 0x3FC00000), (32, "1_0.2_5", 0x41240000), (32, "0x1p-149", 1), (32, "0x1p-150", 0), (32, "0x1.8p-150", 1),
    (32, "0x1.000001p-150", 1), (32, "0x1.fffffep127", 0x7F7FFFFF), (32, "0x1.fffffefffp127", 0x7F7FFFFF),
    (32, "0x1.000001p0", 0x3F800000), (32, "0x1.000003p0", 0x3F800002), (32, "0x1.00000100000000000001p0", 0x3F800001),
    (32, "0x1.fffffcp-127", 0x007FFFFF), (32, "0x1.fffffep-127", 0x00800000), (32, "0x_1", None), (32, "0x1p", None),
    (32, "inf", 0x7F800000), (32, "-inf", 0xFF800000), (32, "+inf", 0x7F800000), (32, "nan", 0x7FC00000), (32, "-nan", 0xFFC00000),
    (32, "nan:0x1", 0x7F800001), (32, "-nan:0x7f_ffff", 0xFFFFFFFF), (32, "nan:1", None), (32, "infinity", None), (32, "1e", None),
    (32, ".5", None), (32, "1e+3_0", 0x7149F2CA), (32, "3.4028234663852886e38", 0x7F7FFFFF), (32, "3.40282356e38", 0x7F7FFFFF),
    # Just above, at and below the middle between 1 and its successor, further apart than a double can tell.
    (32, "1.00000005960464477539062500000000000000000001", 0x3F800001), (32, "1.000000059604644775390625", 0x3F800000),
    (32, "1.00000017881393432617187499999999999999999999", 0x3F800001), (32, "1.000000178813934326171875", 0x3F800002),
    (32, "7.006492321624085354618e-46", 0), (32, "7.006492321624085354619e-46", 1), (32, "1e-400", 0),
    (64, "0x1p-1074", 1), (64, "0x1p-1075", 0), (64, "0x1.0000000000001p-1075", 1), (64, "0x1.fffffffffffffp1023", 0x7FEFFFFFFFFFFFFF),
    (64, "0x1.fffffffffffff7p1023", 0x7FEFFFFFFFFFFFFF), (64, "4.9e-324", 1), (64, "2.2250738585072011e-308", 0x000FFFFFFFFFFFFF),
    (64, "0x0.00000000000000000000000000001p116", 0x3FF0000000000000), (64, "0x" + "f" * 300 + "p-1200", 0x3FF0000000000000),
    (64, "0x0p999999999999999999999999", 0), (64, "0x1p-999999999999999999999999", 0), (64, "nan:0x8_0000_0000_0001", 0x7FF8000000000001),
]  # fmt: skip


@pytest.mark.parametrize(("width", "text", "bits"), FLOATS)
def test_float_bits(width: int, text: str, bits: int | None) -> None:
    assert float_bits(text, width) == bits


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (32, "0x1p128"), (32, "0x1.ffffffp127"), (32, "3.40282357e38"), (32, "1e39"), (32, "nan:0x0"), (32, "nan:0x80_0000"),
        (64, "0x1p1024"), (64, "0x1.fffffffffffff8p1023"), (64, "1e309"), (64, "0x1p999999999999999999999"), (64, "nan:0x10_0000_0000_0000"),
    ],
)  # fmt: skip
def test_float_out_of_range(width: int, text: str) -> None:
    with pytest.raises(OverflowError):
        float_bits(text, width)


def nearest_f32(value: Fraction) -> int:
    """The bits of the f32 nearest to a positive value: the bits around a guess, compared as rationals."""

    def exact(bits: int) -> Fraction:
        return Fraction(struct.unpack("<f", struct.pack("<I", bits))[0])

    low, high = 0, 0x7F7FFFFF
    while low < high:  # the last f32 not above
        middle = (low + high + 1) // 2
        low, high = (middle, high) if exact(middle) <= value else (low, middle - 1)
    below, above = exact(low), exact(low + 1)
    if value - below == above - value:
        return low + (low & 1)
    return low if value - below < above - value else low + 1


def test_f32_rounds_once() -> None:
    chance = random.Random(1)
    for _ in range(300):
        bits = chance.randrange(0x7F7FFFFF)
        exact = Fraction(struct.unpack("<f", struct.pack("<I", bits))[0])
        above = Fraction(struct.unpack("<f", struct.pack("<I", bits + 1))[0])
        middle = (exact + above) / 2
        value = middle + chance.choice([-1, 0, 1]) * Fraction(1, 10**60) * max(1, int(middle))
        if value <= 0:
            continue
        digits = str(value.numerator * 10**240 // value.denominator)  # exact for the middle itself
        text = f"{digits[:-240] or '0'}.{digits[-240:].rjust(240, '0')}" if len(digits) > 240 else f"0.{digits.rjust(240, '0')}"
        assert float_bits(text, 32) == nearest_f32(Fraction(text)), text


def test_hex_agrees_with_decimal() -> None:
    chance = random.Random(2)
    for _ in range(500):
        bits = chance.randrange(1 << 64)
        value = struct.unpack("<d", struct.pack("<Q", bits))[0]
        if math.isfinite(value):
            assert float_bits(value.hex(), 64) == bits
            assert float_bits(repr(value), 64) == bits


SPECIAL_F32 = [0, 0x80000000, 0x7F800000, 0xFF800000, 0x7FC00000, 0xFFC00001, 1, 0x7F7FFFFF, 0x00800000, 0x3DCCCCCD, 0x4B800001, 0xFF7FFFFF]


def test_printed_floats_read_back() -> None:
    chance = random.Random(3)
    for bits in [*SPECIAL_F32, *(chance.randrange(1 << 32) for _ in range(500))]:
        assert float_bits(f32_literal(bits), 32) == bits
    for bits in [0, 1 << 63, 0x7FF0000000000000, 0x7FF8000000000000, 0x7FF0000000000001, *(chance.randrange(1 << 64) for _ in range(500))]:
        assert float_bits(f64_literal(bits), 64) == bits


def test_printed_floats_are_short() -> None:
    assert [f32_literal(0x3DCCCCCD), f64_literal(0x3FF0000000000000), f32_literal(0xFFC00000)] == ["0.1", "1", "-nan"]
