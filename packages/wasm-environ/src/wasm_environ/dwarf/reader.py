"""Reading DWARF's integers and strings, never beyond their section and never more than a budget allows."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

MAX_STRING: Final = 4096  # bytes that are looked at; real names are shorter
MAX_LEB: Final = 10  # bytes


class DwarfError(ValueError):
    """The debug information is malformed, of a version that is not known, or would take too long to read."""


class Budget:
    """How many more steps may be taken: attributes read, line-table operations executed, entries of lists read."""

    __slots__ = ("left",)

    def __init__(self, steps: int) -> None:
        self.left = steps

    def spend(self, steps: int = 1) -> None:
        """Raises DwarfError when the budget is used up."""
        self.left -= steps
        if self.left < 0:
            raise DwarfError("the debug information takes too long to read")

    def spend_text(self, text: str) -> None:
        """For a string that is kept: memory is bounded, too."""
        self.spend(1 + (len(text) >> 3))


class Reader:
    """A place in a section. Numbers are little-endian, as WebAssembly's."""

    __slots__ = ("at", "data", "end")

    def __init__(self, data: bytes, at: int = 0, end: int = -1) -> None:
        self.data = data
        self.at = at
        self.end = len(data) if end < 0 else min(end, len(data))

    def unsigned(self, size: int) -> int:
        """An unsigned number of `size` bytes."""
        at = self.at
        after = at + size
        if after > self.end:
            raise DwarfError("cut short")
        self.at = after
        return int.from_bytes(self.data[at:after], "little")

    def signed(self, size: int) -> int:
        """A signed number of `size` bytes."""
        number = self.unsigned(size)
        return number - (1 << 8 * size) if number >> (8 * size - 1) else number

    def uleb(self) -> int:
        """An unsigned LEB128, which may be padded."""
        data, at, end = self.data, self.at, self.end
        value = shift = 0
        while at < end and shift < 7 * MAX_LEB:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                self.at = at
                return value
            shift += 7
        raise DwarfError("a number is cut short or too long")

    def sleb(self) -> int:
        """A signed LEB128."""
        start = self.at
        value = self.uleb()
        bits = 7 * (self.at - start)
        return value - (1 << bits) if self.data[self.at - 1] & 0x40 else value

    def skip(self, size: int) -> None:
        """Over `size` bytes."""
        if size > self.end - self.at:
            raise DwarfError("cut short")
        self.at += size

    def string(self) -> str:
        """A string that ends with a zero byte."""
        stop = self.data.find(b"\0", self.at, self.end)
        if stop < 0:
            raise DwarfError("a string has no end")
        text = text_of(self.data[self.at : min(stop, self.at + MAX_STRING)])
        self.at = stop + 1
        return text

    def skip_string(self) -> None:
        """Over a string."""
        stop = self.data.find(b"\0", self.at, self.end)
        if stop < 0:
            raise DwarfError("a string has no end")
        self.at = stop + 1

    def length(self) -> tuple[int, int]:
        """An initial length: (where what it measures ends, size of offsets within it: 4 or 8)."""
        size, width = self.unsigned(4), 4
        if size == 0xFFFFFFFF:
            size, width = self.unsigned(8), 8
        if size > self.end - self.at:
            raise DwarfError("a unit is cut short")
        return self.at + size, width


def text_of(data: bytes) -> str:
    """UTF-8 as text that can be printed: whoever wrote the module chose it, and a terminal shall not obey it."""
    text = data.decode("utf-8", "replace")
    return text if text.isprintable() else "".join([c if c.isprintable() else "\ufffd" for c in text])


def string_at(section: bytes, offset: int) -> str:
    """The string at an offset of a section of strings."""
    if offset >= len(section):
        raise DwarfError("a string lies outside its section")
    return Reader(section, offset).string()
