"""What an import or export mentions must have a name outside of the component (Explainer.md: "type ... not valid to be used as import")."""

from __future__ import annotations

from wasm_environ.component import syntax as s
from wasm_environ.component.validation.scope import Visible
from wasm_environ.component.validation.table import Component, Entity, Instance, Resource, Table, parts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

# Value types that must have a name themselves wherever they are mentioned.
NOMINAL: Final = frozenset((s.Record, s.Variant, s.Flags, s.Enum))


def is_visible(table: Table, t: int, visible: Visible) -> bool:
    """Whether a value type that is mentioned has a name, or consists of such as have."""
    if t < 0 or visible.known(t):
        return True
    row = table.row(t)
    kind = type(row)
    if kind in NOMINAL:
        found = t in visible
    elif kind is s.Own or kind is s.Borrow:
        found = row.resource in visible
    else:
        found = kind is int or _all_visible(table, row, visible)
    if found:
        visible.good.add(t)
    return found


def _all_visible(table: Table, row: object, visible: Visible) -> bool:
    return all(part is None or is_visible(table, part, visible) for part in parts(row))


def may_be_named(table: Table, t: int, visible: Visible) -> bool:
    """Whether a type may get a name: what it consists of has one."""
    row = table.row(t)
    kind = type(row)
    if kind in (int, Resource, Component, s.Flags, s.Enum):
        return True
    if kind is Instance:
        return _is_visible_instance(table, row, visible)
    if kind is s.Own or kind is s.Borrow:
        return row.resource in visible
    return _all_visible(table, row, visible)


def _is_visible_instance(table: Table, row: Instance, visible: Visible) -> bool:
    """The same for the type of an instance: what it exports has a name inside of it."""
    inside = Visible(visible)
    for e in row.exports.values():
        if not _is_visible_item(table, e, inside):
            return False
        if e.sort == s.TYPE:
            inside.rows.add(e.created)
    return True


def _is_visible_item(table: Table, e: Entity, visible: Visible) -> bool:
    """The same for an export of an instance's type."""
    if e.sort in (s.CORE_MODULE, s.COMPONENT):
        return True
    return may_be_named(table, e.created if e.sort == s.TYPE else e.type, visible)


def register(table: Table, e: Entity, visible: Visible, others: tuple[Visible, ...]) -> bool:
    """Whether an entity may be imported or exported; types among it then have a name, in `visible` and in `others`."""
    if e.sort == s.TYPE:
        if not may_be_named(table, e.type, visible):
            return False
        for each in (visible, *others):
            each.rows.add(e.created)
        return True
    if e.sort == s.INSTANCE:
        return all(register(table, export, visible, others) for export in table.row(e.type).exports.values())
    if e.sort == s.FUNC:
        return _all_visible(table, table.row(e.type), visible)
    return e.sort != s.VALUE or is_visible(table, e.type, visible)
