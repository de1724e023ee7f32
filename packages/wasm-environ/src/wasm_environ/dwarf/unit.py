"""Units of .debug_info: their headers, abbreviations, entries (DIEs) and the values of attributes."""

from __future__ import annotations

from wasm_environ.dwarf import constants as dw
from wasm_environ.dwarf.reader import DwarfError, Reader, string_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Final

    from wasm_environ.dwarf.reader import Budget

    Value = tuple[int, int | str]  # form, as it is written there
    Attributes = dict[int, Value]
    Ranges = list[tuple[int, int]]  # first address, one past the last

SKIP: Final = -1  # instead of an attribute: bytes to go over
MAX_DEPTH: Final = 256  # of entries within entries


class Abbreviation:
    """What entries of one kind look like: `plan` is a list of (attribute or SKIP, form or number of bytes, constant)."""

    __slots__ = ("has_children", "plan", "tag")

    def __init__(self, tag: int, has_children: bool, plan: list[tuple[int, int, int]]) -> None:
        self.tag = tag
        self.has_children = has_children
        self.plan = plan


class Unit:
    """A unit: what its header says. Offsets are in .debug_info; `start` is the header's, `first` that of the first entry, `end` one past the last."""

    __slots__ = (
        "_abbreviations", "_abbreviations_at", "_left", "address_size", "attributes", "budget", "end", "first", "kind", "sections", "start",
        "tag", "version", "width",
    )  # fmt: skip

    def __init__(self, sections: Mapping[str, bytes], start: int, budget: Budget) -> None:
        self.sections = sections
        self.budget = budget
        self.start = start
        reader = Reader(sections.get(".debug_info", b""), start)
        self.end, self.width = reader.length()
        reader.end = self.end
        self.version = reader.unsigned(2)
        self.kind = dw.UT_COMPILE
        self.address_size = 4
        self._left: Reader | None = None  # the abbreviations that were not needed yet
        self._abbreviations_at = 0
        self._abbreviations: dict[int, Abbreviation] = {}
        self.tag = 0
        self.attributes: Attributes = {}
        self.first = self.end
        if 2 <= self.version <= 5:  # others are gone over
            self._read_rest(reader)

    def _read_rest(self, reader: Reader) -> None:
        if self.version >= 5:
            self.kind = reader.unsigned(1)
            self.address_size = reader.unsigned(1)
            self._abbreviations_at = reader.unsigned(self.width)
            if self.kind in (dw.UT_SKELETON, dw.UT_SPLIT_COMPILE):
                reader.skip(8)
            elif self.kind in (dw.UT_TYPE, dw.UT_SPLIT_TYPE):
                reader.skip(8 + self.width)
        else:
            self._abbreviations_at = reader.unsigned(self.width)
            self.address_size = reader.unsigned(1)
        if self.address_size not in (4, 8):
            raise DwarfError(f"addresses of {self.address_size} bytes")
        self.first = reader.at

    def read_first(self) -> None:
        """Read the unit's own entry: `tag` and `attributes`."""
        if self.first < self.end:
            for _, _, tag, attributes in self.entries(self.first):
                self.tag, self.attributes = tag, attributes
                break

    def _size(self, form: int) -> int | None:
        """Bytes of a form, where every value has the same."""
        size = dw.FIXED.get(form)
        if size == dw.ADDRESS or (size == dw.REFERENCE and self.version == 2):
            return self.address_size
        return self.width if size in (dw.OFFSET, dw.REFERENCE) else size

    def _abbreviation(self, wanted: int) -> Abbreviation:
        """Reads the table as far as it is needed: of most units only the first entry is."""
        if wanted in self._abbreviations:
            return self._abbreviations[wanted]
        if self._left is None:
            self._left = Reader(self.sections.get(".debug_abbrev", b""), self._abbreviations_at)
        reader = self._left
        while code := reader.uleb():
            tag = reader.uleb()
            has_children = reader.unsigned(1) != 0
            plan: list[tuple[int, int, int]] = []
            while True:
                self.budget.spend(4)  # it is kept: memory is bounded, too
                attribute, form = reader.uleb(), reader.uleb()
                constant = reader.sleb() if form == dw.FORM_IMPLICIT_CONST else 0
                if attribute == form == 0:
                    break
                size = None if attribute in dw.WANTED else 0 if form == dw.FORM_IMPLICIT_CONST else self._size(form)
                if size is None:
                    plan.append((attribute, form, constant))
                elif plan and plan[-1][0] == SKIP:
                    plan[-1] = (SKIP, plan[-1][1] + size, 0)
                else:
                    plan.append((SKIP, size, 0))
            self._abbreviations.setdefault(code, Abbreviation(tag, has_children, plan))
            if code == wanted:
                return self._abbreviations[code]
        reader.at -= 1  # the end stays the end
        raise DwarfError("an entry's abbreviation is not there")

    def entries(self, at: int) -> Iterator[tuple[int, int, int, Attributes]]:
        """(offset, depth, tag, attributes) of the entry at `at`, at depth 0, and all that are within it, in order."""
        reader = Reader(self.sections[".debug_info"], at, self.end)
        depth = 0
        while reader.at < reader.end:
            offset = reader.at
            code = reader.uleb()
            if code == 0:
                depth -= 1
                self.budget.spend()
            else:
                kind = self._abbreviations.get(code) or self._abbreviation(code)
                yield offset, depth, kind.tag, self._attributes(reader, kind.plan)
                depth += kind.has_children
            if depth <= 0:
                return
            if depth > MAX_DEPTH:
                raise DwarfError("entries are nested too deep")

    def _attributes(self, reader: Reader, plan: list[tuple[int, int, int]]) -> Attributes:
        self.budget.spend(1 + len(plan))
        found: Attributes = {}
        for attribute, form, constant in plan:
            if attribute == SKIP:
                reader.skip(form)
            elif attribute in dw.WANTED:
                found[attribute] = self._value(reader, form, constant)
            else:
                self._skip(reader, form)
        return found

    def _value(self, reader: Reader, form: int, constant: int) -> Value:
        size = self._size(form)
        if size is not None:
            return form, reader.unsigned(size)
        if form == dw.FORM_IMPLICIT_CONST:
            return form, constant
        if form == dw.FORM_STRING:
            return form, reader.string()
        if form in dw.UNSIGNED:
            return form, reader.uleb()
        if form == dw.FORM_SDATA:
            return form, reader.sleb()
        if form == dw.FORM_INDIRECT:
            inner = reader.uleb()
            if inner in (dw.FORM_INDIRECT, dw.FORM_IMPLICIT_CONST):
                raise DwarfError("an indirect form names another")
            return self._value(reader, inner, 0)
        self._skip(reader, form)
        return form, 0

    def _skip(self, reader: Reader, form: int) -> None:
        if form in (dw.FORM_EXPRLOC, dw.FORM_BLOCK):
            reader.skip(reader.uleb())
        elif form in dw.BLOCKS:
            reader.skip(reader.unsigned(dw.BLOCKS[form]))
        elif form == dw.FORM_STRING:
            reader.skip_string()
        elif form in dw.UNSIGNED or form == dw.FORM_SDATA:
            reader.uleb()
        elif form == dw.FORM_INDIRECT:
            self._value(reader, form, 0)
        else:
            raise DwarfError(f"form 0x{form:x} is not known")

    # What values mean

    def number(self, attributes: Attributes, attribute: int) -> int | None:
        """A constant, an offset or an index, as it is written."""
        value = attributes.get(attribute)
        return value[1] if value is not None and isinstance(value[1], int) else None

    def text(self, attributes: Attributes, attribute: int) -> str | None:
        """A string."""
        value = attributes.get(attribute)
        if value is None:
            return None
        form, written = value
        if isinstance(written, str):
            return written
        if form == dw.FORM_STRP:
            return string_at(self.sections.get(".debug_str", b""), written)
        if form == dw.FORM_LINE_STRP:
            return string_at(self.sections.get(".debug_line_str", b""), written)
        if form in dw.INDEXED_STRINGS:
            base = self.number(self.attributes, dw.AT_STR_OFFSETS_BASE) or 2 * self.width
            offset = Reader(self.sections.get(".debug_str_offsets", b""), base + written * self.width).unsigned(self.width)
            return string_at(self.sections.get(".debug_str", b""), offset)
        return None

    def address(self, value: Value) -> int | None:
        """An address, or None if the value is none."""
        form, written = value
        assert isinstance(written, int)
        if form == dw.FORM_ADDR:
            return written
        return self.indexed_address(written) if form in dw.INDEXED_ADDRESSES else None

    def indexed_address(self, index: int) -> int:
        """The address with a number, of .debug_addr."""
        base = self.number(self.attributes, dw.AT_ADDR_BASE) or 8
        return Reader(self.sections.get(".debug_addr", b""), base + index * self.address_size).unsigned(self.address_size)

    def reference(self, value: Value) -> int | None:
        """The offset in .debug_info of the entry that is referred to; None where that is elsewhere."""
        form, written = value
        assert isinstance(written, int)
        if form in dw.LOCAL_REFERENCES:
            return self.start + written
        return written if form == dw.FORM_REF_ADDR else None
