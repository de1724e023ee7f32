"""The interface of a component or of a WIT world: what it imports and exports, one shape for whoever prints, compares or writes bindings.

Items are those of a plan (`planning.plan`), slots of functions apart, which mean nothing here (-1). Types are *nominal*: each named type has a number of
its own, so that two names for alike records stay two types. A row is the structure that its number was defined with; the row of a second name for a type,
as `type a = b` or `use` make it, is `Alias`. The first item that shows a number is where the type is defined, and all others are uses.
"""

from __future__ import annotations

from typing import final

from wasm_environ.component.planning.plan import FuncItem, InstanceItem, Item
from wasm_environ.component.planning.planner import plan_component
from wasm_environ.component.types import Alias, Row, TypeTable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_environ.component import syntax as s
    from wasm_environ.component.planning.plan import Plan
    from wasm_environ.features import Features


@final
class Interface:
    """`types`: of all items; `imports`, `exports`: items by name; `resources`: by number, the path by which a resource is imported, else an int.

    `docs`: documentation by path: the names from the world down to a record's field, () being the world itself. An interface is documented under its own
    name, wherever it is imported or exported. `name`: of the world, "" where it has none. `implements`: by name, which interface a plainly named
    instance stands for.
    """

    __slots__ = ("docs", "exports", "implements", "imports", "name", "resources", "types")

    def __init__(self, types: TypeTable, imports: dict[str, Item], exports: dict[str, Item], resources: list[tuple[str, ...] | int]) -> None:
        self.types = types
        self.imports = imports
        self.exports = exports
        self.resources = resources
        self.docs: dict[tuple[str, ...], str] = {}
        self.name = ""
        self.implements: dict[str, str] = {}

    def row(self, type: int) -> Row | int:
        """What a type is, whatever it is called: a row that is no alias, or a primitive type."""
        while type >= 0:
            row = self.types.rows[type]
            if not isinstance(row, Alias):
                return row
            type = row.type
        return type


def interface_of_component(component: s.Component, features: Features) -> Interface:
    """The interface of a component that was validated. Raises UnsupportedError for what no plan has."""
    return interface_of_plan(plan_component(component, features, nominal=True))


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
