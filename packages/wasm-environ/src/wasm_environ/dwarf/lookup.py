"""From an address in a module's code section to the places in the source it stands for: one a function that was inlined there, and the last.

Source: DWARF 5 and "DWARF for WebAssembly": sections are custom sections, addresses count from the start of the code section's contents.
"""

from __future__ import annotations

from wasm_environ.dwarf import constants as dw
from wasm_environ.dwarf.line_table import LineTable
from wasm_environ.dwarf.names import readable
from wasm_environ.dwarf.ranges import ranges_of
from wasm_environ.dwarf.reader import Budget, DwarfError
from wasm_environ.dwarf.unit import Unit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Final

    from wasm_environ.dwarf.unit import Attributes

    Function = tuple[int, int, int]  # first address, one past the last, offset of the entry

STEPS: Final = 2_000_000  # for one backtrace: one to two seconds of Python
UNIT_STEPS: Final = 20  # that the head of a unit costs
MAX_ORIGINS: Final = 8  # entries that refer to one another for a name


class Symbol:
    """A place in the source. `name`: the function's, None: not known. `file`: its path as the compiler wrote it. `line` and `column` count from 1;
    None: not known."""

    __slots__ = ("column", "file", "line", "name")

    def __init__(self, name: str | None, file: str | None, line: int | None, column: int | None) -> None:
        self.name = name
        self.file = file
        self.line = line
        self.column = column

    def __repr__(self) -> str:
        return f"<Symbol {self.name or '?'} at {self.place or '?'}>"

    def __eq__(self, other: object) -> bool:
        same = isinstance(other, Symbol)
        return same and (self.name, self.file, self.line, self.column) == (other.name, other.file, other.line, other.column)  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((self.name, self.file, self.line, self.column))

    @property
    def place(self) -> str | None:
        """`file:line:column`, as far as known."""
        if self.file is None:
            return None
        line = f":{self.line}" if self.line is not None else ""
        return f"{self.file}{line}" + (f":{self.column}" if line and self.column is not None else "")


class Lookup:
    """The debug information of one module, for one backtrace: what it read it keeps, and all that it reads is bounded by STEPS."""

    def __init__(self, sections: Mapping[str, bytes], steps: int = STEPS) -> None:
        self._sections = sections
        self._budget = Budget(steps)
        self._units: list[tuple[list[tuple[int, int]], Unit]] | None = None
        self._functions: dict[int, list[Function]] = {}  # by unit
        self._tables: dict[int, LineTable | None] = {}  # by unit

    def symbols(self, address: int) -> list[Symbol]:
        """The places, innermost first; empty if nothing is known, or what there is is malformed. Never raises."""
        try:
            for unit in self._units_at(address):
                if found := self._in_unit(unit, address):
                    return found
        except DwarfError:
            pass
        return []

    def _units_at(self, address: int) -> Iterator[Unit]:
        """Those that claim the address: several, where a linker left out functions."""
        if self._units is None:
            self._units = []
            at = 0
            while at < len(self._sections.get(".debug_info", b"")):
                self._budget.spend(UNIT_STEPS)
                unit = Unit(self._sections, at, self._budget)
                at = unit.end
                self._add(unit)
        for ranges, unit in self._units:
            if any(first <= address < end for first, end in ranges):
                yield unit

    def _add(self, unit: Unit) -> None:
        assert self._units is not None
        try:
            unit.read_first()
            if unit.tag not in (dw.TAG_COMPILE_UNIT, dw.TAG_SKELETON_UNIT):
                return
            ranges = ranges_of(unit, unit.attributes)
            if not ranges and not unit.attributes.keys() & {dw.AT_RANGES, dw.AT_LOW_PC}:  # some compilers leave it to the functions
                ranges = [(first, end) for first, end, _ in self._functions_of(unit)]
        except DwarfError:
            if self._budget.left < 0:
                raise
            return  # the other units may be well
        self._units.append((ranges, unit))

    def _functions_of(self, unit: Unit) -> list[Function]:
        if unit.start not in self._functions:
            found = self._functions[unit.start] = []
            for offset, _, tag, attributes in unit.entries(unit.first):
                if tag == dw.TAG_SUBPROGRAM:
                    found += [(first, end, offset) for first, end in ranges_of(unit, attributes)]
        return self._functions[unit.start]

    def _in_unit(self, unit: Unit, address: int) -> list[Symbol]:
        table = self._table_of(unit)
        place = table.find(address) if table is not None else None
        chain = self._chain(unit, address)
        symbols = []
        for attributes in reversed(chain):
            symbols.append(_symbol(self._name(unit, attributes), table, place))
            place = _call_place(unit, attributes)
        return symbols or ([_symbol(None, table, place)] if place is not None else [])

    def _chain(self, unit: Unit, address: int) -> list[Attributes]:
        """The entries of the function at an address and of those inlined there, outermost first."""
        try:
            start = next((offset for first, end, offset in self._functions_of(unit) if first <= address < end), None)
            if start is None:
                return []
            chain: list[tuple[int, Attributes]] = []  # depth, attributes
            for offset, depth, tag, attributes in unit.entries(start):
                inlined = tag == dw.TAG_INLINED_SUBROUTINE and depth > chain[-1][0]
                if offset == start or (inlined and any(first <= address < end for first, end in ranges_of(unit, attributes))):
                    chain.append((depth, attributes))
            return [attributes for _, attributes in chain]
        except DwarfError:
            return []  # the line may be known all the same

    def _table_of(self, unit: Unit) -> LineTable | None:
        if unit.start not in self._tables:
            self._tables[unit.start] = None
            offset = unit.number(unit.attributes, dw.AT_STMT_LIST)
            if offset is not None:
                folder, name = unit.text(unit.attributes, dw.AT_COMP_DIR), unit.text(unit.attributes, dw.AT_NAME)
                try:
                    self._tables[unit.start] = LineTable(self._sections, offset, folder or "", name or "", self._budget)
                except DwarfError:
                    pass  # the function may be known all the same
        return self._tables[unit.start]

    def _name(self, unit: Unit, attributes: Attributes) -> str | None:
        """A function's name; None if there is none, or it cannot be read."""
        try:
            return self._name_of(unit, attributes)
        except DwarfError:
            return None

    def _name_of(self, unit: Unit, attributes: Attributes) -> str | None:
        """Its own, or that of the entry it is made from or declared by."""
        linkage = name = None
        for _ in range(MAX_ORIGINS):
            for attribute in (dw.AT_LINKAGE_NAME, dw.AT_MIPS_LINKAGE_NAME):
                linkage = linkage or unit.text(attributes, attribute)
            name = name or unit.text(attributes, dw.AT_NAME)
            origin = attributes.get(dw.AT_ABSTRACT_ORIGIN) or attributes.get(dw.AT_SPECIFICATION)
            offset = unit.reference(origin) if origin is not None else None
            if (linkage and name) or offset is None:
                break
            if not unit.first <= offset < unit.end:
                other = self._unit_of(offset)
                if other is None:
                    break
                unit = other
            attributes = next(unit.entries(offset), (0, 0, 0, {}))[3]
        return readable(linkage, name)

    def _unit_of(self, offset: int) -> Unit | None:
        for _, unit in self._units or ():
            if unit.first <= offset < unit.end:
                return unit
        return None


def _call_place(unit: Unit, attributes: Attributes) -> tuple[int, int, int]:
    """Where an inlined function is called: in the function around it."""
    file, line, column = (unit.number(attributes, which) for which in (dw.AT_CALL_FILE, dw.AT_CALL_LINE, dw.AT_CALL_COLUMN))
    return -1 if file is None else file, line or 0, column or 0


def _symbol(name: str | None, table: LineTable | None, place: tuple[int, int, int] | None) -> Symbol:
    if table is None or place is None:
        return Symbol(name, None, None, None)
    file, line, column = place
    return Symbol(name, table.path(file), line or None, column or None)
