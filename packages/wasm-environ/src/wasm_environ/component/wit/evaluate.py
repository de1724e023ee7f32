"""Interfaces of WIT as items of an `Interface`: types in a nominal table, resources numbered, functions by their full names."""

from __future__ import annotations

from typing import NamedTuple, final

from wasm_environ import limits
from wasm_environ.component import syntax as s
from wasm_environ.component.planning.plan import FuncItem, Item, ResourceItem, ValueTypeItem
from wasm_environ.component.types import TypeTable
from wasm_environ.component.wit import syntax as w
from wasm_environ.component.wit.names import missing, unique

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from wasm_environ.compile_errors import WitError
    from wasm_environ.component.types import Row
    from wasm_environ.component.wit.names import InterfaceDef

APPLIED: Final[dict[str, Any]] = {
    "list": s.List, "option": s.Option, "result": s.Result, "stream": s.Stream, "future": s.Future, "map": s.Map,
}  # fmt: skip
KEYS: Final = frozenset((s.BOOL, s.S8, s.U8, s.S16, s.U16, s.S32, s.U32, s.S64, s.U64, s.CHAR, s.STRING))  # of maps
DEFINED: Final = 0  # in place of a path: a resource of the component itself


class Facts(NamedTuple):
    """Of a type: how deep it is, of how many types it consists, whether a borrowed handle is in it."""

    depth: int
    size: int
    borrows: bool


PRIMITIVE: Final = Facts(1, 1, False)


@final
class Evaluation:
    """The types, resources and documentation of an `Interface` while it is made."""

    def __init__(self) -> None:
        self.types = TypeTable(nominal=True)
        self.resources: list[tuple[str, ...] | int] = []
        self.docs: dict[tuple[str, ...], str] = {}
        self.facts: list[Facts] = []  # by type

    def interface(
        self, interface: InterfaceDef, path: tuple[str, ...], is_import: bool, used: Callable[[InterfaceDef], dict[str, Item]]
    ) -> dict[str, Item]:
        """The items of an interface that is imported or exported as `path`; `used` has those of the interfaces that it uses."""
        items = self.type_items(interface, path, is_import, used)
        self.document(path, interface.head.docs)
        for resource, func in interface.functions:
            name = w.full_name(resource, func)
            items[name] = self.function(interface, items, resource, func)
            self.document((*path, name), func.head.docs)
        return items

    def type_items(
        self, interface: InterfaceDef, path: tuple[str, ...], is_import: bool, used: Callable[[InterfaceDef], dict[str, Item]]
    ) -> dict[str, Item]:
        """The types among them."""
        items: dict[str, Item] = {}
        for name in interface.order:
            use = interface.uses.get(name)
            if use is None:
                items[name] = self.definition(interface, items, interface.types[name], (*path, name), is_import)
                continue
            there = used(use[0])
            found = there.get(use[1])
            if not isinstance(found, (ValueTypeItem, ResourceItem)):
                raise _not_a_type(interface, name, use[0], there)
            items[name] = self.named(found)
        return items

    def document(self, path: tuple[str, ...], docs: str) -> None:
        if docs:
            self.docs[path] = docs

    def named(self, item: ValueTypeItem | ResourceItem) -> ValueTypeItem | ResourceItem:
        """A type under a name."""
        if isinstance(item, ResourceItem):
            self.facts.append(PRIMITIVE)
            return ResourceItem(item.slot, self.types.named_resource(item.slot, item.name))
        number = self.types.named(item.type)
        if number == len(self.facts):
            self.facts.append(self.fact(item.type))
        return ValueTypeItem(number)

    def fact(self, type: int) -> Facts:
        return PRIMITIVE if type < 0 else self.facts[type]

    def row(self, row: Row, parts: list[int], interface: InterfaceDef, at: int, borrows: bool = False) -> int:
        """The number of a row that is made of `parts`. Raises WitError beyond the limits of types."""
        facts = [self.fact(part) for part in parts]
        found = Facts(1 + max([f.depth for f in facts], default=0), 1 + sum([f.size for f in facts]), borrows or any(f.borrows for f in facts))
        if found.depth > limits.COMPONENT_TYPE_DEPTH:
            raise interface.source.error(limits.exceeded("component type depth", found.depth), at)
        if found.size > limits.COMPONENT_TYPE_SIZE:
            raise interface.source.error(limits.exceeded("component type size", found.size), at)
        self.facts.append(found)
        return self.types.intern(row)

    # ---- definitions

    def definition(self, interface: InterfaceDef, items: dict[str, Item], definition: w.TypeDef, path: tuple[str, ...], is_import: bool) -> Item:
        """A type that is defined here."""
        self.document(path, definition.head.docs)
        if definition.kind == "resource":
            self.resources.append(path if is_import else DEFINED)
            return self.named(ResourceItem(len(self.resources) - 1))
        if definition.type is not None:
            if isinstance(definition.type, w.Named):
                return self.named(look_up(interface, items, definition.type.name))
            return self.named(ValueTypeItem(self.type(interface, items, definition.type)))
        taken: dict[str, str] = {}
        fields: list[tuple[str, int | None]] = []
        for field in definition.fields:
            unique(taken, field.name, FIELDS[definition.kind], interface.source)
            fields.append((field.name.text, None if field.type is None else self.type(interface, items, field.type)))
            self.document((*path, field.name.text), field.docs)
        parts = [type for _, type in fields if type is not None]
        labels = definition.kind in ("enum", "flags")
        row: Any = ROWS[definition.kind](tuple([label for label, _ in fields]) if labels else tuple(fields))
        return self.named(ValueTypeItem(self.row(row, parts, interface, definition.name.at)))

    def type(self, interface: InterfaceDef, items: dict[str, Item], type: w.TypeExpr) -> int:
        """A type within others, or of a parameter or result."""
        if isinstance(type, int):
            return type
        if isinstance(type, w.Named):
            found = look_up(interface, items, type.name)
            if isinstance(found, ResourceItem):
                return self.handle(s.Own, found, interface, type.name.at)
            return found.type
        if type.what in ("own", "borrow"):
            return self.written_handle(interface, items, type)
        args = [None if arg is None else self.type(interface, items, arg) for arg in type.args]
        parts = [arg for arg in args if arg is not None]
        if type.what == "map" and parts[0] not in KEYS:
            raise interface.source.error("the keys of a map are booleans, integers, characters or strings", type.at)
        row: Any
        if type.what == "tuple":
            row = s.Tuple(tuple(parts))
        elif type.length >= 0:
            row = s.FixedList(parts[0], type.length)
        else:
            row = APPLIED[type.what](*args)
        return self.row(row, parts, interface, type.at)

    def handle(self, kind: Callable[[int], s.Own | s.Borrow], resource: ResourceItem, interface: InterfaceDef, at: int) -> int:
        """A handle of a resource."""
        number = self.row(kind(resource.slot), [], interface, at, kind is s.Borrow)
        self.types.written[number] = resource.name
        return number

    def written_handle(self, interface: InterfaceDef, items: dict[str, Item], type: w.Applied) -> int:
        """own<r> or borrow<r>."""
        named = type.args[0]
        assert isinstance(named, w.Named)
        found = look_up(interface, items, named.name)
        if not isinstance(found, ResourceItem):
            raise interface.source.error(f"`{named.name.text}` is not a resource, and only those have handles", named.name.at)
        return self.handle(s.Borrow if type.what == "borrow" else s.Own, found, interface, type.at)

    # ---- functions

    def function(self, interface: InterfaceDef, items: dict[str, Item], resource: w.TypeDef | None, func: w.Func) -> FuncItem:
        """A function, of a resource or none."""
        at = func.name.at
        taken: dict[str, str] = {}
        params: list[tuple[str, int]] = []
        owner = None if resource is None else items[resource.name.text]
        if func.kind == w.METHOD:
            assert isinstance(owner, ResourceItem)
            params.append(("self", self.handle(s.Borrow, owner, interface, at)))
            taken["self"] = "self"
        for name, type in func.params:
            unique(taken, name, "the parameter", interface.source)
            params.append((name.text, self.type(interface, items, type)))
        result = None if func.result is None else self.type(interface, items, func.result)
        if func.kind == w.CONSTRUCTOR:
            assert isinstance(owner, ResourceItem)
            result = self.constructed(interface, result, owner, at)
        if result is not None and self.fact(result).borrows:
            raise interface.source.error(f"function `{func.name.text}` returns a borrowed handle, which no function may", at)
        return FuncItem(-1, self.row(s.Func(tuple(params), result, func.is_async), [], interface, at))

    def constructed(self, interface: InterfaceDef, result: int | None, resource: ResourceItem, at: int) -> int:
        """What a constructor returns: the resource, or a result with it."""
        if result is None:
            return self.handle(s.Own, resource, interface, at)
        row = self.types.rows[result] if result >= 0 else None
        if not isinstance(row, s.Result) or row.ok is None or row.ok < 0 or self.types.rows[row.ok] != s.Own(resource.slot):
            raise interface.source.error("a constructor returns nothing that is written, or a `result` of its own resource", at)
        return result


ROWS: Final[dict[str, Any]] = {"record": s.Record, "variant": s.Variant, "enum": s.Enum, "flags": s.Flags}
FIELDS: Final = {"record": "the field", "variant": "the case", "enum": "the case", "flags": "the flag"}


def look_up(interface: InterfaceDef, items: dict[str, Item], name: w.Name) -> ValueTypeItem | ResourceItem:
    """The type of that name."""
    found = items.get(name.text)
    if not isinstance(found, (ValueTypeItem, ResourceItem)):
        raise no_type(interface, name)
    return found


def no_type(interface: InterfaceDef, name: w.Name) -> WitError:
    """A name that is no type's."""
    if any(resource is None and func.name.text == name.text for resource, func in interface.functions):
        return interface.source.error(f"`{name.text}` is a function, not a type", name.at)
    return missing(interface.source, name, "type", [*interface.types, *interface.uses], interface.left_out)


def _not_a_type(interface: InterfaceDef, name: str, used: InterfaceDef, there: dict[str, Item]) -> WitError:
    """What is wrong with a name that is used."""
    for item in interface.items:
        for written, other in item.names if isinstance(item, w.Use) else ():
            if (other or written).text == name:
                if written.text in there:
                    return interface.source.error(f"`{written.text}` of interface `{used.name}` is a function, not a type", written.at)
                return missing(interface.source, written, "type", used.order, used.left_out, f" in interface `{used.name}`")
    raise AssertionError(name)
