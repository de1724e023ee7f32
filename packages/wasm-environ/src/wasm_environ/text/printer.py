"""`print_module`: a module as readable text that parses back to the same module."""

from __future__ import annotations

from typing import Final, final

from wasm_environ import module as m
from wasm_environ.composites import StructType
from wasm_environ.module import ConstExpr, CustomSection, ElementSegment, Module
from wasm_environ.names import BRANCH_HINTS, NameMap, Names, decode_branch_hints
from wasm_environ.text.ids import Ids, identifier, quote_bytes, quote_name
from wasm_environ.text.print_customs import producers_lines
from wasm_environ.text.print_functions import FunctionPrinter
from wasm_environ.text.print_types import TypePrinter
from wasm_environ.text.sections import ORDER, Hints, encode_hints

_SECTION_NAMES: Final = dict(ORDER)
_CODE: Final = 10
_DATA_COUNT: Final = 12
_STRING_CHUNK: Final = 96  # bytes of data on one line


def print_module(module: Module, *, names: bool = True, offsets: bool = False, folded: bool = False) -> str:
    """The text of a decoded module, one field after another in the order of the binary.

    With `names`, identifiers come from the name section (and go back into it when the text is parsed); without, everything is an index.
    `offsets` puts the byte offset of every instruction before it as a comment; `folded` nests operands in their instructions.
    Raises MalformedError or InvalidError where a body does not decode: bodies are read here for the first time.
    """
    printer = _ModulePrinter(module, names)
    return "\n".join([printer.header(), *printer.lines(offsets, folded)]) + "\n)\n"


def print_fields(module: Module, name: str | None, *, names: bool = True, offsets: bool = False, folded: bool = False) -> list[str]:
    """The lines between `(module` and its `)`, for a module that what is around it gives a name, or none."""
    printer = _ModulePrinter(module, names)
    printer.given = name
    return [line for item in printer.lines(offsets, folded) for line in item.split("\n")]


@final
class _ModulePrinter:
    """`given`: the name that the module has in the text."""

    def __init__(self, module: Module, with_names: bool) -> None:
        self.module = module
        self.with_names = with_names
        named = [c for c in module.customs if c.name == "name"]
        self.name_custom = named[0] if len(named) == 1 else None
        self.names = Names(self.name_custom.data) if with_names and self.name_custom is not None else Names()
        self.given = self.names.module
        fields = {i: Ids(names, self._field_count(i)) for i, names in self.names.fields.items()}
        self.fields = fields
        self.spaces: dict[str, Ids] = {
            "func": Ids(self.names.functions, len(module.functions)), "type": Ids(self.names.types, len(module.types)),
            "table": Ids(self.names.tables, len(module.tables)), "memory": Ids(self.names.memories, len(module.memories)),
            "global": Ids(self.names.globals, len(module.globals)), "tag": Ids(self.names.tags, len(module.tags)),
            "elem": Ids(self.names.elements, len(module.elements)), "data": Ids(self.names.datas, len(module.datas)),
        }  # fmt: skip
        self.types = TypePrinter(module, self.spaces["type"], fields)
        self.last_section = [0, *self._present()][-1]
        self.functions = FunctionPrinter(module, self.types, self.spaces, self.names)

    def _field_count(self, index: int) -> int:
        body = self.module.types[index].composite if index < len(self.module.types) else None
        return len(body.fields) if isinstance(body, StructType) else 0

    def lines(self, offsets: bool, folded: bool) -> list[str]:
        hints = self._hints()
        shown = bool(hints)
        lines = self.types.definitions()
        lines += map(self._import, self.module.imports)
        lines += self._definitions()
        lines += self._exports()
        if self.module.start >= 0:
            lines.append(f"  (start {self.spaces['func'].ref(self.module.start)})")
        lines += [f"  {self._elem(i, segment)}" for i, segment in enumerate(self.module.elements)]
        bodies = self._bodies(hints, offsets, folded)
        if hints:  # some hint found no branch to stand at: all of them stay bytes
            self.functions.names_shown = 0
            bodies, shown = self._bodies({}, offsets, folded), False
        lines += bodies
        for i in range(len(self.module.datas)):
            lines += self._data(i)
        lines += self._customs(shown)
        return lines

    def header(self) -> str:
        name = self.names.module
        if name is None:
            return "(module"
        return f"(module {identifier(name)}" if name else '(module (@name "")'

    def _bodies(self, hints: Hints, offsets: bool, folded: bool) -> list[str]:
        lines: list[str] = []
        for index in range(self.module.imported_functions, len(self.module.functions)):
            lines += self.functions.function(index, hints, folded, offsets)
        return lines

    def _import(self, item: m.Import) -> str:
        kind = m.KIND_NAMES[item.kind]
        define = self.spaces[kind].define(item.index)
        return f"  (import {quote_name(item.module)} {quote_name(item.name)} ({kind}{define}{self.types.external(item)}))"

    def _definitions(self) -> list[str]:
        """Tables, memories, tags and globals."""
        module, types, spaces = self.module, self.types, self.spaces
        lines: list[str] = []
        for i in range(module.imported_tables, len(module.tables)):
            table = module.tables[i]
            lines.append(f"  (table{spaces['table'].define(i)} {types.table(table.type)}{self._init(table.init)})")
        for i in range(module.imported_memories, len(module.memories)):
            lines.append(f"  (memory{spaces['memory'].define(i)} {types.memory(module.memories[i])})")
        for i in range(module.imported_tags, len(module.tags)):
            lines.append(f"  (tag{spaces['tag'].define(i)}{types.use(module.tags[i].type_index)})")
        for i in range(module.imported_globals, len(module.globals)):
            entry = module.globals[i]
            lines.append(f"  (global{spaces['global'].define(i)} {types.global_type(entry.type)}{self._init(entry.init)})")
        return lines

    def _init(self, expr: ConstExpr | None) -> str:
        text = self.functions.constant(expr, "") if expr is not None else ""
        return f" {text}" if text else ""

    def _exports(self) -> list[str]:
        lines: list[str] = []
        for item in self.module.exports:
            kind = m.KIND_NAMES[item.kind]
            lines.append(f"  (export {quote_name(item.name)} ({kind} {self.spaces[kind].ref(item.index)}))")
        return lines

    def _elem(self, index: int, segment: ElementSegment) -> str:
        head = f"(elem{self.spaces['elem'].define(index)}"
        if segment.mode == m.DECLARED:
            head += " declare"
        elif segment.offset is not None:
            if segment.table:
                head += f" (table {self.spaces['table'].ref(segment.table)})"
            head += f" {self.functions.constant(segment.offset, 'offset')}"
        if segment.functions is not None:
            items = [self.spaces["func"].ref(i) for i in segment.functions]
            return f"{head} {' '.join(['func', *items])})"
        items = [self.functions.constant(expr, "item") for expr in segment.expressions or ()]
        return f"{head} {' '.join([self.types.value(segment.type), *items])})"

    def _data(self, index: int) -> list[str]:
        segment = self.module.datas[index]
        head = f"  (data{self.spaces['data'].define(index)}"
        if segment.offset is not None:
            if segment.memory:
                head += f" (memory {self.spaces['memory'].ref(segment.memory)})"
            head += f" {self.functions.constant(segment.offset, 'offset')}"
        data = self.module.data[segment.start : segment.end]
        if len(data) <= _STRING_CHUNK:
            return [f"{head} {quote_bytes(data)})"]
        chunks = [f"    {quote_bytes(data[i : i + _STRING_CHUNK])}" for i in range(0, len(data), _STRING_CHUNK)]
        return [head, *chunks, "  )"]

    # -- custom sections ------------------------------------------------------------------------

    def _customs(self, hints_shown: bool) -> list[str]:
        """Every custom section that the rest of the text does not already say."""
        customs = list(self.module.customs)
        if hints_shown:
            del customs[self._hint_place()]
        if not self.with_names:
            customs = [c for c in customs if c.name != "name"]
        elif customs and customs[-1] is self.name_custom and self._names_shown(customs[-1]):
            customs.pop()
        return [f"  {line}" for c in customs for line in self._custom(c)]

    def _present(self) -> list[int]:
        """The ids of the known sections that parsing the text would write, in their order."""
        module = self.module
        sizes = {
            1: len(module.types), 2: len(module.imports), 3: len(module.code_starts),
            4: len(module.tables) - module.imported_tables, 5: len(module.memories) - module.imported_memories,
            13: len(module.tags) - module.imported_tags, 6: len(module.globals) - module.imported_globals,
            7: len(module.exports), 8: module.start + 1, 9: len(module.elements), 12: module.data_count + 1,
            10: len(module.code_starts), 11: len(module.datas),
        }  # fmt: skip
        return [kind for kind, _ in ORDER if sizes[kind]]

    def _custom(self, custom: CustomSection) -> list[str]:
        place = ""
        if custom.after == 0:
            place = " (before first)"
        elif custom.after != self.last_section:
            place = f" (after {_SECTION_NAMES[custom.after]})"
        lines = producers_lines(custom.data) if custom.name == "producers" and not place else []
        return lines or [f"(@custom {quote_name(custom.name)}{place} {quote_bytes(custom.data)})"]

    def _names_shown(self, custom: CustomSection) -> bool:
        """Whether parsing the text makes exactly this name section."""
        names = self.names
        spaces = [*self.spaces.values(), *self.fields.values()]
        if custom.after != self.last_section or not custom.data or names.encode() != custom.data or not all(s.complete for s in spaces):
            return False
        if names.module != self.given or any(ids.noted for ids in self.fields.values()):
            return False
        indirect: list[dict[int, NameMap]] = [names.locals, names.labels]
        return self.functions.names_shown == sum(len(inner) for outer in indirect for inner in outer.values())

    def _hint_place(self) -> int:
        """Where among the customs the branch hints are, if parsing would put them there: right before the code; else -1."""
        customs = self.module.customs
        found = [i for i, c in enumerate(customs) if c.name == BRANCH_HINTS]
        present = self._present()
        if len(found) != 1 or _CODE not in present:
            return -1
        before = [0, *present[: present.index(_CODE)]][-1]
        same = [i for i, c in enumerate(customs) if c.after == before]
        # Sections (after datacount) come behind the hints, those after any other section before them.
        return found[0] if same and same[0 if before == _DATA_COUNT else -1] == found[0] else -1

    def _hints(self) -> Hints:
        """The branch hints, when annotations can say them all; else nothing, and they stay a custom section."""
        place = self._hint_place()
        if place < 0:
            return {}
        hints = decode_branch_hints(self.module)
        return hints if encode_hints(hints) == self.module.customs[place].data else {}
