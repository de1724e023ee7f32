"""Types and declared externals in the words of a plan: every type whole, in one table, with resources of run time."""

from __future__ import annotations

from wasm_environ.compile_errors import UnsupportedError
from wasm_environ.component import syntax as s
from wasm_environ.component.planning.frames import Frame, InstanceType
from wasm_environ.component.planning.plan import FuncItem, InstanceItem, Item, ModuleItem, OtherItem, Plan, ResourceItem, ValueTypeItem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def value_type(frame: Frame, t: int) -> int:
    """A valtype as written, in the plan's table."""
    return t if t < 0 else int(frame.spaces[s.TYPE][t].type)


def optional(frame: Frame, t: int | None) -> int | None:
    return None if t is None else value_type(frame, t)


def defined(plan: Plan, frame: Frame, row: s.DefinedType) -> Item | InstanceType:
    """What a type definition defines, resources apart."""
    match row:
        case int():
            return ValueTypeItem(row)
        case s.InstanceType(declarations):
            return InstanceType(declarations, frame)
        case s.ComponentType():
            return OtherItem(s.COMPONENT)
    number = plan.types.intern(_row(frame, row))
    if plan.types.nominal and isinstance(row, (s.Own, s.Borrow)):
        plan.types.written[number] = frame.spaces[s.TYPE][row.resource].name
    return ValueTypeItem(number)


def _row(frame: Frame, row: Any) -> Any:
    match row:
        case s.Record(fields):
            return s.Record(tuple([(label, value_type(frame, t)) for label, t in fields]))
        case s.Variant(cases):
            return s.Variant(tuple([(label, optional(frame, t)) for label, t in cases]))
        case s.Tuple(types):
            return s.Tuple(tuple([value_type(frame, t) for t in types]))
        case s.Flags() | s.Enum():
            return row
        case s.FixedList(element, length):
            return s.FixedList(value_type(frame, element), length)
        case s.Own(index) | s.Borrow(index):
            return type(row)(frame.spaces[s.TYPE][index].slot)
        case s.Func(params, result, is_async):
            return s.Func(tuple([(label, value_type(frame, t)) for label, t in params]), optional(frame, result), is_async)
    return type(row)(*[optional(frame, t) for t in row])  # list, map, option, result, stream, future


# ---- externals that are declared: what the root imports


def declared(plan: Plan, frame: Frame, type: s.ExternType, path: tuple[str, ...], offset: int) -> Item:
    """What an import of the root is, with fresh slots for what it brings; `path`: its names from the root."""
    if type.sort == s.FUNC:
        slot = plan.functions
        plan.functions += 1
        return FuncItem(slot, frame.spaces[s.TYPE][type.item].type)
    if type.sort == s.TYPE:
        if type.bound == s.EQ:
            return named(plan, frame.spaces[s.TYPE][type.item])
        plan.resources.append(path)
        return named(plan, ResourceItem(len(plan.resources) - 1))
    if type.sort == s.INSTANCE:
        return _instance(plan, frame.spaces[s.TYPE][type.item], frame.instance, path)
    if type.sort == s.CORE_MODULE:
        plan.module_imports.append(path)
        return ModuleItem(len(plan.module_imports) - 1, True)
    what = "values" if type.sort == s.VALUE else "root-level component imports"
    raise UnsupportedError(f"{what} are not supported: import {' '.join(map(repr, path))}", offset)


def _instance(plan: Plan, type: InstanceType, instance: int, path: tuple[str, ...]) -> InstanceItem:
    """An instance of a declared type."""
    frame = Frame(type.frame, instance)
    items: dict[str, Item] = {}
    for declaration in type.declarations:
        match declaration:
            case s.TypeDef(_, row):
                frame.add(s.TYPE, defined(plan, frame, row))
            case s.CoreTypeDef():
                frame.add(s.CORE_TYPE, None)
            case s.AliasOuter(_, sort, depth, item):
                frame.add(sort, frame.at(depth).spaces[sort][item])
            case s.AliasExport(_, sort, index, name, _):
                frame.add(sort, frame.spaces[s.INSTANCE][index].items[name])
            case s.ExportDecl(offset, name, extern):
                made = declared(plan, frame, extern, (*path, name.name), offset)
                items[name.name] = made
                frame.add(extern.sort, made)
    return InstanceItem(items)


def named(plan: Plan, item: Item) -> Item:
    """An item under the name that it is imported or exported by."""
    match item:
        case ValueTypeItem(type):
            return ValueTypeItem(plan.types.named(type))
        case ResourceItem(slot, name):
            return ResourceItem(slot, plan.types.named_resource(slot, name))
    return item


def ascribed(plan: Plan, frame: Frame, item: Item, type: s.ExternType | None) -> Item:
    """`item` as far as the type lets it be seen."""
    if isinstance(item, FuncItem) and type is not None and plan.types.nominal:  # which may call the same types by other names
        return FuncItem(item.slot, frame.spaces[s.TYPE][type.item].type)
    if type is None or not isinstance(item, InstanceItem) or type.sort != s.INSTANCE:
        return item
    seen: InstanceType = frame.spaces[s.TYPE][type.item]
    names = [d.name.name for d in seen.declarations if isinstance(d, s.ExportDecl)]
    return InstanceItem({name: item.items[name] for name in names})
