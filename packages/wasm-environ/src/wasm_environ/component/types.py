"""Value and function types of components with their meaning: interned, so that equality is an integer compare.

A type is an int: one of the primitives of `syntax` (negative), or a row of a `TypeTable`. Rows are the classes of `syntax` with types of the same table in
place of type indices; `Own` and `Borrow` hold a resource's number, which the table's user gives out (validation: abstract and defined
resources; plan: resources at run time). Two types of one table are equal exactly when their ints are: by structure, or in a *nominal* table by where they
were defined, a further name for a type then being a type of its own, an `Alias`.
"""

from __future__ import annotations

from typing import NamedTuple, final

from wasm_environ.component.syntax import (
    PRIMITIVE_NAMES,
    Borrow,
    Enum,
    FixedList,
    Flags,
    Func,
    Future,
    List,
    Map,
    Option,
    Own,
    Record,
    Result,
    Stream,
    Tuple,
    Variant,
)

ValueRow = Record | Variant | List | FixedList | Map | Tuple | Flags | Enum | Option | Result | Own | Borrow | Stream | Future


class Alias(NamedTuple):
    """Another name of a type: only in nominal tables."""

    type: int


class ResourceName(NamedTuple):
    """A name of resource `resource`: only in nominal tables. `of`: the type that it is another name of, -1 where it is the first."""

    resource: int
    of: int


Row = ValueRow | Func | Alias | ResourceName


@final
class TypeTable:
    """Rows by number, each once; with `nominal` one for each definition."""

    def __init__(self, nominal: bool = False) -> None:
        self.rows: list[Row] = []
        self.nominal = nominal
        self.written: dict[int, int] = {}  # in nominal tables: by handle, the name of its resource that it was written with
        self._numbers: dict[tuple[type, Row], int] = {}
        self._named: set[int] = set()

    def intern(self, row: Row) -> int:
        """The number of a row, new or known."""
        if self.nominal:
            self.rows.append(row)
            return len(self.rows) - 1
        key = (type(row), row)  # named tuples of different classes compare equal
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.rows)
            self.rows.append(row)
        return number

    def named(self, type: int) -> int:
        """The number of a type under a name that it is given: its own, or a new one where a nominal table knows it by a name already."""
        if not self.nominal:
            return type
        if type < 0 or type in self._named:
            type = self.intern(Alias(type))
        self._named.add(type)
        return type

    def named_resource(self, resource: int, of: int) -> int:
        """The number of a name that a resource is given, -1 where the table is not nominal; `of`: of the name by which it was known, or -1."""
        return self.intern(ResourceName(resource, of)) if self.nominal else -1

    def name(self, type: int) -> str:
        """A type in the text format's words, on one line."""
        if type < 0:
            return PRIMITIVE_NAMES[type]
        row = self.rows[type]
        return _names(self, row)


def _names(table: TypeTable, row: Row) -> str:
    match row:
        case Record(fields):
            inside = " ".join(f'(field "{label}" {table.name(t)})' for label, t in fields)
            return f"(record {inside})"
        case Variant(cases):
            inside = " ".join(f'(case "{label}"{"" if t is None else " " + table.name(t)})' for label, t in cases)
            return f"(variant {inside})"
        case Flags(labels) | Enum(labels):
            inside = " ".join(f'"{label}"' for label in labels)
            return f"({type(row).__name__.lower()} {inside})"
        case Result(ok, error):
            inside = ("" if ok is None else " " + table.name(ok)) + ("" if error is None else f" (error {table.name(error)})")
            return f"(result{inside})"
        case Alias(aliased):
            return table.name(aliased)
        case ResourceName(resource):
            return f"(resource {resource})"
        case Func(params, result, is_async):
            inside = "".join(f' (param "{label}" {table.name(t)})' for label, t in params)
            return f"(func{' async' if is_async else ''}{inside}{'' if result is None else f' (result {table.name(result)})'})"
        case Own(resource) | Borrow(resource):
            return f"({type(row).__name__.lower()} {resource})"
        case FixedList(element, length):
            return f"(list {table.name(element)} {length})"
        case Map(key, value):
            return f"(map {table.name(key)} {table.name(value)})"
        case Tuple(types):
            return f"(tuple {' '.join(map(table.name, types))})"
        case Stream(None) | Future(None):
            return f"({type(row).__name__.lower()})"
        case List(inner) | Option(inner) | Stream(inner) | Future(inner):
            assert inner is not None
            return f"({type(row).__name__.lower()} {table.name(inner)})"
