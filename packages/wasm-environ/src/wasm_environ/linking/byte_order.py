"""Arrays of machine words in the byte order of a target, whichever this machine's is."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array


def words(values: array[int], big: bool) -> bytes:
    """The bytes of an array for a big-endian target, or for a little-endian one."""
    if big != (sys.byteorder == "big"):
        values = values[:]
        values.byteswap()
    return values.tobytes()
