"""The ELF objects LLVM emits: their sections, symbols and relocations as they stand in the file."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from collections.abc import Iterator

SECTION: Final = "IIQQQQIIQQ"
SYMBOL: Final = "IBBHQQ"
RELOCATION: Final = "QQq"
SHT_RELA: Final = 4

# name, type, flags, address, offset, size, link, info, alignment, entry size
Header = tuple[str, int, int, int, int, int, int, int, int, int]


@final
class ObjectFile:
    """The sections and symbols of one relocatable ELF64 file."""

    def __init__(self, data: bytes) -> None:
        assert data[:5] == b"\x7fELF\x02", "LLVM did not emit an ELF64 object"
        self.data = data
        self.order = ">" if data[5] == 2 else "<"
        (self.machine,) = struct.unpack_from(self.order + "H", data, 18)
        (at,) = struct.unpack_from(self.order + "Q", data, 40)
        count, names = struct.unpack_from(self.order + "HH", data, 60)
        rows = [struct.unpack_from(self.order + SECTION, data, at + 64 * i) for i in range(count)]
        self.headers: list[Header] = [(self._string(rows[names][4], row[0]), *row[1:]) for row in rows]
        self.symbols: list[tuple[str, int, int, int, int]] = []  # name, type, section, value, size
        for header in self.headers:
            if header[0] == ".symtab":
                strings = rows[header[6]][4]
                for name, info, _, section, value, size in struct.iter_unpack(self.order + SYMBOL, self.contents(header)):
                    self.symbols.append((self._string(strings, name), info & 15, section, value, size))

    def _string(self, table: int, offset: int) -> str:
        start = table + offset
        return self.data[start : self.data.index(b"\0", start)].decode("ascii")

    def contents(self, header: Header) -> bytes:
        return self.data[header[4] : header[4] + header[5]]

    def index(self, name: str) -> int:
        """The number of a section by name, -1 if there is none."""
        return next((index for index, header in enumerate(self.headers) if header[0] == name), -1)

    def section(self, name: str) -> bytes:
        """The contents of a section by name, empty if there is none."""
        index = self.index(name)
        return self.contents(self.headers[index]) if index >= 0 else b""

    def relocations(self, section: int) -> Iterator[tuple[int, int, int, int]]:
        """(offset, type, symbol, addend) of those that apply to a section."""
        for header in self.headers:
            if header[1] == SHT_RELA and header[7] == section:
                for offset, info, addend in struct.iter_unpack(self.order + RELOCATION, self.contents(header)):
                    yield offset, info & 0xFFFFFFFF, info >> 32, addend
