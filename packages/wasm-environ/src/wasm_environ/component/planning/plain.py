"""A plan as plain tuples: what an artifact holds, and what the runtime runs; and the types again, for whoever looks at them.

    plain = (parents, resources, functions, module imports with their types as `module_types` has them, steps, imports, exports, types)

A step is its number in STEPS and its fields, options as tuples; signatures by position in the call program take the place of function types. An item is
its number in ITEMS and its fields, an instance's items as pairs; a type's row is its number in ROWS and its fields.
"""

from __future__ import annotations

from wasm_environ.component import syntax as s
from wasm_environ.component.planning import plan as p
from wasm_environ.component.types import TypeTable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    Plain = tuple[Any, ...]

STEPS: Final = (p.CoreInstance, p.ImportedModuleInstance, p.Extract, p.DefineResource, p.Lift, p.Lower, p.BuiltIn, p.Flag, p.AdapterTrap)
CORE_INSTANCE, IMPORTED_MODULE, EXTRACT, DEFINE_RESOURCE, LIFT, LOWER, BUILT_IN, FLAG, ADAPTER_TRAP = range(9)
ITEMS: Final = (p.FuncItem, p.ResourceItem, p.ValueTypeItem, p.ModuleItem, p.InstanceItem, p.OtherItem)
FUNC, RESOURCE, VALUE_TYPE, MODULE, INSTANCE, OTHER = range(6)
ROWS: Final = (
    s.Record, s.Variant, s.List, s.FixedList, s.Map, s.Tuple, s.Flags, s.Enum, s.Option, s.Result, s.Own, s.Borrow, s.Stream, s.Future, s.Func,
)  # fmt: skip


def plain_items(items: dict[str, p.Item]) -> Plain:
    """(name, plain item) pairs."""
    return tuple([(name, plain_item(item)) for name, item in items.items()])


def plain_item(item: p.Item) -> Plain:
    if isinstance(item, p.InstanceItem):
        return INSTANCE, plain_items(item.items)
    if isinstance(item, p.ResourceItem):
        return RESOURCE, item.slot
    return ITEMS.index(type(item)), *item


def item_of(item: Plain) -> p.Item:
    """The item again."""
    kind, *fields = item
    if kind == INSTANCE:
        return p.InstanceItem({name: item_of(inner) for name, inner in fields[0]})
    made: Any = ITEMS[kind](*fields)
    found: p.Item = made
    return found


def plain_types(table: TypeTable) -> Plain:
    return tuple([(ROWS.index(type(row)), *row) for row in table.rows])


def types_of(plain: Plain) -> TypeTable:
    """The table again."""
    table = TypeTable()
    for number, *fields in plain:
        row: Any = ROWS[number](*fields)
        table.intern(row)
    return table


def plain_options(options: p.Options) -> Plain:
    """As the runtime takes them, core items by slot; the last: 0 synchronous, 1 async, 2 async with a callback."""
    how = 0 if not options.is_async else 1 if options.callback < 0 else 2
    return options.instance, options.memory, options.realloc, options.post_return, options.encoding, how
