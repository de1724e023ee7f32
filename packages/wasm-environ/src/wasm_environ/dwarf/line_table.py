"""A line table: its header, which names the files, and its program, run for one address without keeping its rows."""

from __future__ import annotations

from wasm_environ.dwarf.constants import (
    BLOCKS,
    FORM_BLOCK,
    FORM_DATA16,
    FORM_LINE_STRP,
    FORM_STRING,
    FORM_STRP,
    FORM_UDATA,
    LNCT_DIRECTORY_INDEX,
    LNCT_PATH,
    LNE_END_SEQUENCE,
    LNE_SET_ADDRESS,
    LNS_ADVANCE_LINE,
    LNS_ADVANCE_PC,
    LNS_CONST_ADD_PC,
    LNS_COPY,
    LNS_FIXED_ADVANCE_PC,
    LNS_SET_COLUMN,
    LNS_SET_FILE,
)  # fmt: skip
from wasm_environ.dwarf.reader import DwarfError, Reader, string_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

    from wasm_environ.dwarf.reader import Budget

    Place = tuple[int, int, int]  # number of a file, line, column; 0: not known
    Columns = list[tuple[int, int]]  # what it is, its form

DATA: Final = {0x0B: 1, 0x05: 2, 0x06: 4, 0x07: 8}  # DW_FORM_data1 to data8: bytes
GONE: Final = 0xFFFFFFFE  # from here on addresses are linkers' marks for code that they left out; so is 0, where no function can be


class LineTable:
    """The table at an offset of .debug_line. Raises DwarfError."""

    __slots__ = (
        "_at", "_base", "_budget", "_constant", "_data", "_end", "_factor", "_folder", "_lengths", "_range", "_strings", "directories", "files", "version",
    )  # fmt: skip

    def __init__(self, sections: Mapping[str, bytes], offset: int, comp_dir: str, name: str, budget: Budget) -> None:
        self._data = sections.get(".debug_line", b"")
        self._strings = {FORM_LINE_STRP: sections.get(".debug_line_str", b""), FORM_STRP: sections.get(".debug_str", b"")}
        self._budget = budget
        reader = Reader(self._data, offset)
        self._end, width = reader.length()
        reader.end = self._end
        self.version = reader.unsigned(2)
        if not 2 <= self.version <= 5:
            raise DwarfError(f"line tables of version {self.version} are not known")
        if self.version >= 5:
            reader.skip(2)  # sizes of addresses and of segments
        size = reader.unsigned(width)
        self._at = reader.at + size
        step = reader.unsigned(1)
        if self.version >= 4:
            reader.skip(1)  # operations per instruction
        reader.skip(1)  # whether rows begin statements
        self._base = reader.signed(1)
        self._range = reader.unsigned(1)
        first = reader.unsigned(1)
        if self._range == 0 or first == 0 or self._at > self._end:
            raise DwarfError("the head of a line table is malformed")
        self._lengths = bytes((0, *(reader.unsigned(1) for _ in range(first - 1))))
        self._factor = step
        self._constant = (255 - first) // self._range * step
        self._folder = comp_dir  # what number 0 among the directories is
        self.directories: list[str] = []
        self.files: list[tuple[str, int]] = []  # name, number of its directory
        if self.version >= 5:
            self._read_new_files(reader, width)
        else:
            self._read_old_files(reader, comp_dir, name)

    def _read_old_files(self, reader: Reader, comp_dir: str, name: str) -> None:
        self.directories.append(comp_dir)
        self.files.append((name, 0))
        while path := reader.string():
            self._budget.spend_text(path)
            self.directories.append(path)
        while path := reader.string():
            self._budget.spend_text(path)
            self.files.append((path, reader.uleb()))
            reader.uleb()  # when it was changed
            reader.uleb()  # its size

    def _read_new_files(self, reader: Reader, width: int) -> None:
        columns = self._columns(reader)
        for _ in range(reader.uleb()):
            self.directories.append(self._row(reader, columns, width)[0])
        columns = self._columns(reader)
        for _ in range(reader.uleb()):
            self.files.append(self._row(reader, columns, width))

    def _columns(self, reader: Reader) -> Columns:
        return [(reader.uleb(), reader.uleb()) for _ in range(reader.unsigned(1))]

    def _row(self, reader: Reader, columns: Columns, width: int) -> tuple[str, int]:
        """(path, number of its directory)"""
        self._budget.spend(1 + len(columns))
        path, directory = "", 0
        for kind, form in columns:
            value = self._value(reader, form, width)
            if kind == LNCT_PATH and isinstance(value, str):
                self._budget.spend_text(value)
                path = value
            elif kind == LNCT_DIRECTORY_INDEX and isinstance(value, int):
                directory = value
        return path, directory

    def _value(self, reader: Reader, form: int, width: int) -> str | int:
        if form == FORM_STRING:
            return reader.string()
        if form in self._strings:
            return string_at(self._strings[form], reader.unsigned(width))
        if form == FORM_UDATA:
            return reader.uleb()
        if form in DATA:
            return reader.unsigned(DATA[form])
        if form == FORM_DATA16:
            reader.skip(16)
        elif form == FORM_BLOCK:
            reader.skip(reader.uleb())
        elif form in BLOCKS:
            reader.skip(reader.unsigned(BLOCKS[form]))
        else:
            raise DwarfError(f"form 0x{form:x} in a line table")
        return 0

    def path(self, number: int) -> str | None:
        """The path of a file by its number in this table; None: there is none."""
        if not 0 <= number < len(self.files):
            return None
        name, directory = self.files[number]
        if not name:
            return None
        if 0 < directory < len(self.directories):
            name = joined(self.directories[directory], name)
        return joined(self._folder, name)

    def find(self, address: int) -> Place | None:
        """What the program says of an address: its row that is the last up to there, of the sequence around it; None without one."""
        reader = Reader(self._data, self._at, self._end)
        data, lengths, spend = self._data, self._lengths, self._budget.spend
        first, base, width, factor, constant = len(lengths), self._base, self._range, self._factor, self._constant
        at = 0
        place = file, line, column = 1, 1, 0
        found: Place | None = None  # the last row of this sequence that is not beyond the address
        alive = False
        while reader.at < reader.end:
            spend()
            op = data[reader.at]
            reader.at += 1
            if op >= first:
                op -= first
                at += op // width * factor
                line += base + op % width
                place = file, line, column
            elif op == LNS_COPY:
                place = file, line, column
            elif op == 0:
                size = reader.uleb()
                after = reader.at + size
                kind = reader.unsigned(1) if size else 0
                if kind == LNE_END_SEQUENCE:
                    if found is not None and at > address:
                        return found
                    at, file, line, column = 0, 1, 1, 0
                    found, alive = None, False
                elif kind == LNE_SET_ADDRESS:
                    at = reader.unsigned(size - 1)
                    alive = 0 < at < GONE
                reader.at = after
                continue
            else:
                if op == LNS_ADVANCE_PC:
                    at += reader.uleb() * factor
                elif op == LNS_ADVANCE_LINE:
                    line += reader.sleb()
                elif op == LNS_SET_FILE:
                    file = reader.uleb()
                elif op == LNS_SET_COLUMN:
                    column = reader.uleb()
                elif op == LNS_CONST_ADD_PC:
                    at += constant
                elif op == LNS_FIXED_ADVANCE_PC:
                    at += reader.unsigned(2)
                else:
                    for _ in range(lengths[op]):
                        reader.uleb()
                continue
            if alive and at <= address:
                found = place
            elif found is not None:
                return found
        return None


def joined(folder: str, path: str) -> str:
    """`path` as seen from `folder`; of a drive letter, too."""
    if not folder or path.startswith(("/", "\\")) or path[1:2] == ":":
        return path
    return f"{folder}{'' if folder.endswith(('/', chr(92))) else '/'}{path}"
