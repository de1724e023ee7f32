"""WIT packages to binary form, as wasm-tools lays it out: for each interface and world the type of a component (WIT.md: package format).

    interface   imports the types of all interfaces that it uses, exports an instance: itself
    world       exports a component type, whose imports and exports are those of the world
"""

from __future__ import annotations

from typing import NamedTuple, final

from wasm_environ.component import syntax as s
from wasm_environ.component.binary.encode import encode
from wasm_environ.component.interface import MEMBER, Interface, map_types
from wasm_environ.component.planning.plan import FuncItem, InstanceItem, Item, ResourceItem, ValueTypeItem
from wasm_environ.component.types import Alias, ResourceName
from wasm_environ.component.wit.describe import number_of
from wasm_environ.component.wit.evaluate import Evaluation
from wasm_environ.component.wit.metadata_of import section_of
from wasm_environ.component.wit.names import InterfaceDef, PackageDef, WorldDef, dependencies_first, earliest_first
from wasm_environ.component.wit.worlds import interface_of_world

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_environ.component.types import Row
    from wasm_environ.component.wit.resolve import Resolved

WORLD = -1  # in place of an instance: what stands in the component type itself


def encode_package(resolved: Resolved) -> bytes:
    """The main package in binary form, with its documentation and gates. Raises WitError for worlds that cannot be."""
    package = resolved.main
    definitions: list[s.Definition] = []
    for name, item in _ordered(package):
        if isinstance(item, InterfaceDef):
            declarations = component_type(interface_alone(item))
        else:
            inner = s.TypeDef(-1, component_type(interface_of_world(item)))
            export = s.ExportDecl(-1, s.ExternName(item.id), s.ExternType(s.COMPONENT, 0))
            declarations = s.ComponentType((inner, export))
        definitions.append(s.TypeDef(-1, declarations))
        definitions.append(s.Export(-1, s.ExternName(name), s.TYPE, len(definitions) - 1, None))
    docs = section_of(package)
    if docs:
        definitions.append(docs)
    return encode(s.Component(tuple(definitions)))


def _ordered(package: PackageDef) -> list[tuple[str, InterfaceDef | WorldDef]]:
    """Interfaces, each after those that it uses, then worlds, each after those that it includes."""
    interfaces = [item for item in package.items.values() if isinstance(item, InterfaceDef)]
    worlds = [item for item in package.items.values() if isinstance(item, WorldDef)]

    def needs(interface: InterfaceDef) -> list[InterfaceDef]:
        return [each for each in interface.needs() if each.package is package]

    def includes(world: WorldDef) -> list[WorldDef]:
        return [inner for inner, _ in world.includes if inner.package is package]

    found: list[InterfaceDef | WorldDef] = [*earliest_first(interfaces, needs), *earliest_first(worlds, includes)]
    return [(item.name, item) for item in found]


def interface_alone(interface: InterfaceDef) -> Interface:
    """An interface as an export, with the types that it is made of imported."""
    evaluation = Evaluation()
    known: dict[InterfaceDef, dict[str, Item]] = {}
    for each in dependencies_first([interface], InterfaceDef.needs, AssertionError)[:-1]:
        known[each] = evaluation.type_items(each, (each.id,), True, known.__getitem__)
    exports: dict[str, Item] = {interface.id: InstanceItem(evaluation.interface(interface, (interface.id,), False, known.__getitem__))}
    return Interface(evaluation.types, {each.id: InstanceItem(items) for each, items in known.items()}, exports, evaluation.resources)


def component_type(interface: Interface) -> s.ComponentType:
    """The type of a component with this interface."""
    outer = _Outer(interface)
    for name, item in interface.imports.items():
        outer.extern(True, name, item)
    for name, item in interface.exports.items():
        outer.extern(False, name, item)
    return s.ComponentType(tuple(outer.scope.declarations))


class Owner(NamedTuple):
    """Where a type has a name: an instance or WORLD, and the name."""

    instance: int
    name: str


@final
class _Scope:
    """The declarations of a component or instance type. `known`: indices of types; `rows`: of those without names, by what they are."""

    def __init__(self, instance: int) -> None:
        self.instance = instance
        self.declarations: list[s.Declaration] = []
        self.known: dict[int, int] = {}
        self.rows: dict[tuple[type, s.DefinedType], int] = {}
        self.types = 0

    def add(self, declaration: s.Declaration, is_type: bool = True) -> int:
        """The index that a declaration makes, of a type."""
        self.declarations.append(declaration)
        self.types += is_type
        return self.types - 1


@final
class _Outer:
    """A component type while it is made. `owners`: of named types; `aliases`: those that are aliased from an instance."""

    def __init__(self, interface: Interface) -> None:
        self.interface = interface
        self.scope = _Scope(WORLD)
        self.owners: dict[int, Owner] = {}
        self.aliases: dict[int, int] = {}
        self.instances = 0

    def extern(self, is_import: bool, name: str, item: Item) -> None:
        """An import or export."""
        declaration = s.ImportDecl if is_import else s.ExportDecl
        full = s.ExternName(name, self.interface.implements.get(name), None, self.interface.external_ids.get((is_import, name)))
        if isinstance(item, (ValueTypeItem, ResourceItem)):
            self.define(self.scope, full, item, declaration)
        elif isinstance(item, FuncItem):
            type = self.func(self.scope, item.type)
            self.scope.add(declaration(-1, full, s.ExternType(s.FUNC, type)), False)
        elif isinstance(item, InstanceItem):
            type = self.scope.add(s.TypeDef(-1, self.instance(item.items)))
            self.scope.add(declaration(-1, full, s.ExternType(s.INSTANCE, type)), False)
            self.instances += 1

    def instance(self, items: dict[str, Item]) -> s.InstanceType:
        """The type of an instance: types, functions of resources, functions."""
        scope = _Scope(self.instances)
        order: dict[str, int] = {}
        for name, item in items.items():
            if isinstance(item, (ValueTypeItem, ResourceItem)):
                order[name] = len(order)
                self.define(scope, s.ExternName(name), item, s.ExportDecl)

        def rank(name: str) -> int:
            member = MEMBER.fullmatch(name)
            return len(order) if member is None else order.get(member[2], len(order))

        for name in sorted([name for name, item in items.items() if isinstance(item, FuncItem)], key=rank):
            item = items[name]
            assert isinstance(item, FuncItem)
            type = self.func(scope, item.type)
            scope.add(s.ExportDecl(-1, s.ExternName(name), s.ExternType(s.FUNC, type)), False)
        return s.InstanceType(tuple(scope.declarations))

    # ---- types

    def define(self, scope: _Scope, name: s.ExternName, item: ValueTypeItem | ResourceItem, declaration: type[s.ImportDecl | s.ExportDecl]) -> None:
        """A type under its name."""
        number = number_of(item)
        row = self.interface.types.rows[number]
        if isinstance(row, ResourceName) and row.of < 0:
            extern = s.ExternType(s.TYPE, -1, s.SUB_RESOURCE)
        else:
            other = row.type if isinstance(row, Alias) else row.of if isinstance(row, ResourceName) else None
            index = self.value(scope, other) if other is not None else scope.add(s.TypeDef(-1, self.row(scope, number)))
            if index < 0:  # a primitive type gets an index
                index = scope.add(s.TypeDef(-1, index))
            extern = s.ExternType(s.TYPE, index, s.EQ)
        scope.known[number] = scope.add(declaration(-1, name, extern))
        self.owners[number] = Owner(scope.instance, name.name)

    def value(self, scope: _Scope, number: int) -> int:
        """The valtype, or index of a resource type, that a type is in a scope."""
        if number < 0:
            return number
        found = scope.known.get(number)
        if found is None:
            owner = self.owners.get(number)
            found = self.anonymous(scope, number) if owner is None else self.brought(scope, number, owner)
            scope.known[number] = found
        return found

    def brought(self, scope: _Scope, number: int, owner: Owner) -> int:
        """A type of an instance, brought into another scope by aliases."""
        index = self.scope.known.get(number) if owner.instance == WORLD else self.aliases.get(number)
        if index is None:
            index = self.aliases[number] = self.scope.add(s.AliasExport(-1, s.TYPE, owner.instance, owner.name, False))
        return index if scope is self.scope else scope.add(s.AliasOuter(-1, s.TYPE, 1, index))

    def anonymous(self, scope: _Scope, number: int) -> int:
        """A type without a name, once for all that are the same."""
        row = self.row(scope, number)
        key = (type(row), row)
        if key not in scope.rows:
            scope.rows[key] = scope.add(s.TypeDef(-1, row))
        return scope.rows[key]

    def row(self, scope: _Scope, number: int) -> s.DefinedType:
        """A type as a definition in a scope, after those that it is made of."""
        row: Row = self.interface.types.rows[number]
        if isinstance(row, (s.Own, s.Borrow)):
            return type(row)(self.value(scope, self.interface.types.written[number]))
        changed = map_types(row, lambda part: self.value(scope, part))
        assert not isinstance(changed, (Alias, ResourceName))
        return changed

    def func(self, scope: _Scope, number: int) -> int:
        return self.anonymous(scope, number)
