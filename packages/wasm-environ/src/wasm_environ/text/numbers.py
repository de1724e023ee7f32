"""Number literals to bits, rounded exactly once: integers, decimal and hexadecimal floats, NaN payloads."""

from __future__ import annotations

import re
import struct
from decimal import Decimal
from typing import Final

_INTEGER: Final = re.compile(r"[+-]?(?:0x[0-9a-fA-F](?:_?[0-9a-fA-F])*|[0-9](?:_?[0-9])*)")
_DECIMAL: Final = re.compile(r"[0-9](?:_?[0-9])*(?:\.(?:[0-9](?:_?[0-9])*)?)?(?:[eE][+-]?[0-9](?:_?[0-9])*)?")
_HEX: Final = re.compile(
    r"0x([0-9a-fA-F](?:_?[0-9a-fA-F])*)(?:\.([0-9a-fA-F](?:_?[0-9a-fA-F])*)?)?(?:[pP]([+-]?[0-9](?:_?[0-9])*))?"
)
_NAN: Final = re.compile(r"nan:0x([0-9a-fA-F](?:_?[0-9a-fA-F])*)")

# Per width: mantissa bits (hidden one included), least exponent of a normal number, exponent field of infinity.
_FLOATS: Final = {32: (24, -126, 0xFF), 64: (53, -1022, 0x7FF)}
_TOO_LONG: Final = 1 << 200  # stands for any integer that no wasm type holds


def integer(token: str) -> int | None:
    """The value of an integer literal, None when the token is not one. Absurdly long decimals give an out-of-range value."""
    if token.isdigit() and len(token) < 20:
        return int(token)
    if _INTEGER.fullmatch(token) is None:
        return None
    if "x" in token:
        return int(token, 16)
    digits = token.replace("_", "").lstrip("+-").lstrip("0")
    value = int(digits or "0") if len(digits) < 60 else _TOO_LONG
    return -value if token[0] == "-" else value


def natural(token: str) -> int | None:
    """The value of an unsigned literal without sign, None when the token is not one."""
    return integer(token) if token[:1].isdigit() else None


def int_bits(token: str, width: int) -> int | None:
    """The two's complement bits of an iN literal, None when it is not an integer. OverflowError when out of range."""
    value = integer(token)
    if value is None:
        return None
    if value >= 1 << width or value < -(1 << (width - 1)):
        raise OverflowError(token)
    return value & (1 << width) - 1


def float_bits(token: str, width: int) -> int | None:
    """The IEEE bits of an fN literal, None when it is not a number. OverflowError when out of range."""
    sign = 1 << (width - 1) if token[:1] == "-" else 0
    body = token[1:] if token[:1] in ("+", "-") else token
    if _DECIMAL.fullmatch(body):
        return sign | _decimal_bits(body.replace("_", ""), width)
    found = _HEX.fullmatch(body)
    if found is not None:
        return sign | _hex_bits(found, width)
    mantissa, _, infinity = _FLOATS[width]
    if body == "inf":
        return sign | infinity << (mantissa - 1)
    if body == "nan":
        return sign | infinity << (mantissa - 1) | 1 << (mantissa - 2)
    found = _NAN.fullmatch(body)
    if found is None:
        return None
    payload = int(found.group(1), 16)
    if not 0 < payload < 1 << (mantissa - 1):
        raise OverflowError(token)
    return sign | infinity << (mantissa - 1) | payload


def _decimal_bits(body: str, width: int) -> int:
    value = float(body)
    if value == float("inf"):
        raise OverflowError(body)
    if width == 64:
        return int(struct.unpack("<Q", struct.pack("<d", value))[0])
    # Through a double the rounding is exact too, but where the double is the middle of two f32: compare the literal with it there.
    scaled = struct.unpack("<Q", struct.pack("<d", value))[0]
    if value >= 2.0**-149 and scaled & 0x0FFFFFFF == 0:
        exact, middle = Decimal(body), Decimal(value)
        if exact != middle:
            scaled += 1 if exact > middle else -1
            value = struct.unpack("<d", struct.pack("<Q", scaled))[0]
    elif 0 < value < 2.0**-149:
        return 1 if Decimal(body) > Decimal(2.0**-150) else 0
    return int(struct.unpack("<I", struct.pack("<f", value))[0])


def _hex_bits(found: re.Match[str], width: int) -> int:
    whole, fraction, power = found.groups()
    fraction = (fraction or "").replace("_", "")
    number = int(whole.replace("_", "") + fraction, 16)
    if number == 0:
        return 0
    digits = (power or "0").replace("_", "").lstrip("+")
    negative = digits[:1] == "-"
    digits = digits.lstrip("-").lstrip("0") or "0"
    magnitude = int(digits) if len(digits) < 18 else 1 << 62
    return round_to_bits(number, (-magnitude if negative else magnitude) - 4 * len(fraction), width)


def round_to_bits(number: int, exponent: int, width: int) -> int:
    """The bits of number * 2**exponent (number > 0), rounded to nearest, ties to even. OverflowError beyond the largest float."""
    mantissa, least, infinity = _FLOATS[width]
    top = number.bit_length() - 1 + exponent  # number is in [2**top, 2**(top + 1))
    if top > -least + 1:
        raise OverflowError("float")
    if top < least - mantissa:
        return 0
    unit = max(top, least) - (mantissa - 1)  # exponent of the last place
    shift = unit - exponent
    if shift <= 0:
        kept = number << -shift
    else:
        kept = number >> shift
        rest = number & (1 << shift) - 1
        half = 1 << (shift - 1)
        if rest > half or (rest == half and kept & 1):
            kept += 1
    bits = kept if top < least else kept + ((top - least) << (mantissa - 1))
    if bits >= infinity << (mantissa - 1):
        raise OverflowError("float")
    return bits
