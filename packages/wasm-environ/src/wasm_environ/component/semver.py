"""Semantic versions as names of interfaces and packages hold them (semver.org 2.0.0)."""

from __future__ import annotations

from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

MOST: Final = (1 << 64) - 1  # of a number
NUMBERS: Final = ("major version number", "minor version number", "patch version number")
PRE: Final = "pre-release identifier"
BUILD: Final = "build metadata"


class Version(NamedTuple):
    """major.minor.patch-pre+build; "" where there is none."""

    major: int
    minor: int
    patch: int
    pre: str = ""
    build: str = ""


def parse_version(text: str) -> Version:
    """The version that `text` is, whole. Raises ValueError, which says where it is none."""
    if not text:
        raise ValueError("empty string, expected a semver version")
    numbers: list[int] = []
    at = 0
    for what in NUMBERS:
        value, at = _number(text, at, what)
        numbers.append(value)
        if len(numbers) < 3:
            if text[at : at + 1] != ".":
                raise ValueError(f"unexpected character {_quoted(text[at])} after {what}" if at < len(text) else _ended(what))
            at += 1
    last, pre, build = NUMBERS[2], "", ""
    if text[at : at + 1] == "-":
        pre, at = _identifier(text, at + 1, PRE)
        last = PRE
    if text[at : at + 1] == "+":
        build, at = _identifier(text, at + 1, BUILD)
        last = BUILD
    if at < len(text):
        raise ValueError(f"unexpected character {_quoted(text[at])} after {last}")
    return Version(numbers[0], numbers[1], numbers[2], pre, build)


def _ended(what: str) -> str:
    return f"unexpected end of input while parsing {what}"


def _quoted(character: str) -> str:
    return f"'{character}'"


def _number(text: str, start: int, what: str) -> tuple[int, int]:
    """A decimal number without leading zeros, and where it ends."""
    at = start
    while at < len(text) and "0" <= text[at] <= "9":
        at += 1
    digits = text[start:at]
    if not digits:
        raise ValueError(f"unexpected character {_quoted(text[at])} while parsing {what}" if at < len(text) else _ended(what))
    if len(digits) > 1 and digits[0] == "0":
        raise ValueError(f"invalid leading zero in {what}")
    if len(digits) > 20 or int(digits) > MOST:
        raise ValueError(f"value of {what} exceeds u64::MAX")
    return int(digits), at


def _identifier(text: str, start: int, what: str) -> tuple[str, int]:
    """Segments of letters, digits and hyphens with dots between them, and where they end."""
    at = start
    while at < len(text) and (text[at] in ".-" or (text[at].isascii() and text[at].isalnum())):
        at += 1
    found = text[start:at]
    for segment in found.split("."):
        if not segment:
            raise ValueError(f"empty identifier segment in {what}")
        if what == PRE and len(segment) > 1 and segment[0] == "0" and segment.isdigit():
            raise ValueError(f"invalid leading zero in {what}")
    return found, at


def precedence(version: Version) -> tuple[object, ...]:
    """What orders versions: build metadata apart, a pre-release before its release, numbers in it before words (semver.org, 11)."""
    parts = [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in version.pre.split(".")] if version.pre else []
    return version.major, version.minor, version.patch, not version.pre, parts
