"""Which addresses an entry is about: DW_AT_low_pc and DW_AT_high_pc, or a list in .debug_ranges (to DWARF 4) or .debug_rnglists (DWARF 5)."""

from __future__ import annotations

from wasm_environ.dwarf import constants as dw
from wasm_environ.dwarf.line_table import GONE
from wasm_environ.dwarf.reader import DwarfError, Reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasm_environ.dwarf.unit import Attributes, Ranges, Unit


KEPT: Final = 8  # steps that a range costs, as it is kept: memory is bounded, too


def ranges_of(unit: Unit, attributes: Attributes) -> Ranges:
    """(first address, one past the last) of each part of the code; empty without any. Raises DwarfError."""
    low = attributes.get(dw.AT_LOW_PC)
    start = None if low is None else unit.address(low)
    if start is None:
        start = unit.number(attributes, dw.AT_LOW_PC)  # wasm-tools writes it as a constant
    listed = attributes.get(dw.AT_RANGES)
    if listed is not None:
        form, written = listed
        assert isinstance(written, int)
        base = unit.attributes.get(dw.AT_LOW_PC)
        from_unit = (unit.address(base) if base is not None else None) or 0
        return _new_list(unit, form, written, from_unit) if unit.version >= 5 else _old_list(unit, written, from_unit)
    high = attributes.get(dw.AT_HIGH_PC)
    if start is None or high is None or not (alive(start) or (start == 0 and attributes is unit.attributes)):
        return []  # a unit may begin at 0, with the code section; a function cannot
    end = unit.address(high)
    if end is None:  # a constant: how many bytes
        assert isinstance(high[1], int)
        end = start + high[1]
    return [(start, end)] if end > start else []


def alive(start: int) -> bool:
    """Whether code is there: linkers mark what they left out by 0, or by the highest addresses."""
    return 0 < start < GONE


def _old_list(unit: Unit, offset: int, base: int) -> Ranges:
    size = unit.address_size
    reader = Reader(unit.sections.get(".debug_ranges", b""), offset)
    found: Ranges = []
    while True:
        unit.budget.spend()
        first, end = reader.unsigned(size), reader.unsigned(size)
        if first == end == 0:
            return found
        if first == (1 << 8 * size) - 1:
            base = end
        elif first < end and first < GONE and alive(base + first):
            unit.budget.spend(KEPT)
            found.append((base + first, base + end))


def _new_list(unit: Unit, form: int, offset: int, base: int) -> Ranges:
    section, size = unit.sections.get(".debug_rnglists", b""), unit.address_size
    if form == dw.FORM_RNGLISTX:
        lists = unit.number(unit.attributes, dw.AT_RNGLISTS_BASE) or (12 if unit.width == 4 else 20)
        offset = lists + Reader(section, lists + offset * unit.width).unsigned(unit.width)
    reader = Reader(section, offset)
    found: Ranges = []
    while True:
        unit.budget.spend()
        kind = reader.unsigned(1)
        if kind == dw.RLE_END_OF_LIST:
            return found
        if kind == dw.RLE_BASE_ADDRESSX:
            base = unit.indexed_address(reader.uleb())
            continue
        if kind == dw.RLE_BASE_ADDRESS:
            base = reader.unsigned(size)
            continue
        if kind == dw.RLE_OFFSET_PAIR:
            first, end = base + reader.uleb(), base + reader.uleb()
            if not alive(base) and base:
                continue
        elif kind == dw.RLE_START_END:
            first, end = reader.unsigned(size), reader.unsigned(size)
        elif kind == dw.RLE_START_LENGTH:
            first = reader.unsigned(size)
            end = first + reader.uleb()
        elif kind == dw.RLE_STARTX_ENDX:
            first, end = unit.indexed_address(reader.uleb()), unit.indexed_address(reader.uleb())
        elif kind == dw.RLE_STARTX_LENGTH:
            first = unit.indexed_address(reader.uleb())
            end = first + reader.uleb()
        else:
            raise DwarfError(f"a range list has a row of kind {kind}")
        if first < end and alive(first):
            unit.budget.spend(KEPT)
            found.append((first, end))
