"""The interface of a component or of a WIT world: what it imports and exports, one shape for whoever prints, compares or writes bindings.

Items are those of a plan (`planning.plan`), slots of functions apart, which mean nothing here (-1). Types are *nominal*: each named type has a number of
its own, so that two names for alike records stay two types. A row is the structure that its number was defined with; the row of a second name for a type,
as `type a = b` or `use` make it, is `Alias`. The first item that shows a number is where the type is defined, and all others are uses. Handles hold the
number of their resource, however it is called; names of resources are types in their own right (`ResourceItem.name`, `TypeTable.written`).
"""

from __future__ import annotations

import re
from typing import final

from wasm_environ.component import syntax as s
from wasm_environ.component.planning.plan import FuncItem, InstanceItem, Item
from wasm_environ.component.planning.planner import plan_component
from wasm_environ.component.types import Alias, Row, TypeTable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from wasm_environ.component.planning.plan import Plan
    from wasm_environ.features import Features

# The name of a function of a resource: which kind, of which resource, its own name but of constructors.
MEMBER: Final = re.compile(r"\[(constructor|method|static)\]([^.]*)(?:\.(.*))?")


@final
class Interface:
    """`types`: of all items; `imports`, `exports`: items by name; `resources`: by number, the path by which a resource is imported, else an int.

    `docs`: documentation by path: the names from the world down to a record's field, () being the world itself. An interface is documented under its own
    name, wherever it is imported or exported. `name`: of the world, "" where it has none. `implements`: by name, which interface a plainly named
    instance stands for; `external_ids`: by (whether it is an import, name), what the world outside calls it.
    """

    __slots__ = ("_structures", "docs", "exports", "external_ids", "implements", "imports", "name", "resources", "types")

    def __init__(self, types: TypeTable, imports: dict[str, Item], exports: dict[str, Item], resources: list[tuple[str, ...] | int]) -> None:
        self.types = types
        self.imports = imports
        self.exports = exports
        self.resources = resources
        self.docs: dict[tuple[str, ...], str] = {}
        self.name = ""
        self.implements: dict[str, str] = {}
        self.external_ids: dict[tuple[bool, str], str] = {}
        self._structures: dict[int, int] = {}

    def row(self, type: int) -> Row | int:
        """What a type is, whatever it is called: a row that is no alias, or a primitive type."""
        type = self.unnamed(type)
        return type if type < 0 else self.types.rows[type]

    def unnamed(self, type: int) -> int:
        """The type that it is another name of."""
        while type >= 0:
            row = self.types.rows[type]
            if not isinstance(row, Alias):
                break
            type = row.type
        return type

    def structure(self, type: int, table: TypeTable) -> int:
        """The number in `table`, which is not nominal and the same each time, that all types alike in structure have."""
        if type < 0:
            return type
        found = self._structures.get(type)
        if found is None:
            row = self.row(type)
            found = self._structures[type] = row if isinstance(row, int) else table.intern(map_types(row, lambda part: self.structure(part, table)))
        return found


def map_types(row: Row, change: Callable[[int], int]) -> Row:
    """A row with other types in place of those that it is made of; resources stay."""

    def optional(type: int | None) -> int | None:
        return None if type is None else change(type)

    match row:
        case s.Record(fields):
            return s.Record(tuple([(label, change(type)) for label, type in fields]))
        case s.Variant(cases):
            return s.Variant(tuple([(label, optional(type)) for label, type in cases]))
        case s.Tuple(types):
            return s.Tuple(tuple([change(type) for type in types]))
        case s.FixedList(element, length):
            return s.FixedList(change(element), length)
        case s.Func(params, result, is_async):
            return s.Func(tuple([(label, change(type)) for label, type in params]), optional(result), is_async)
        case s.Map(key, value):
            return s.Map(change(key), change(value))
        case s.List(element) | s.Option(element):
            return s.List(change(element)) if isinstance(row, s.List) else s.Option(change(element))
        case s.Stream(element) | s.Future(element):
            return s.Stream(optional(element)) if isinstance(row, s.Stream) else s.Future(optional(element))
        case s.Result(ok, error):
            return s.Result(optional(ok), optional(error))
    return row


def interface_of_component(component: s.Component, features: Features) -> Interface:
    """The interface of a component that was validated. Raises UnsupportedError for what no plan has."""
    found = interface_of_plan(plan_component(component, features, nominal=True))
    for definition in component.definitions:
        if isinstance(definition, (s.Import, s.Export)):
            name, implements, _, external_id = definition.name
            if implements is not None:
                found.implements[name] = implements
            if external_id is not None:
                found.external_ids[isinstance(definition, s.Import), name] = external_id
    return found


def interface_of_plan(plan: Plan) -> Interface:
    """The interface of a plan; of one that was not made to be nominal, types that are alike are one."""
    return Interface(plan.types, _without_slots(plan.imports), _without_slots(plan.exports), plan.resources)


def _without_slots(items: dict[str, Item]) -> dict[str, Item]:
    return {name: _without_slot(item) for name, item in items.items()}


def _without_slot(item: Item) -> Item:
    match item:
        case FuncItem(_, type):
            return FuncItem(-1, type)
        case InstanceItem(items):
            return InstanceItem(_without_slots(items))
    return item
