"""WIT packages with every name resolved: no cycles, nothing missing, nothing twice, only what its gates let in."""

from __future__ import annotations

from typing import final

from wasm_environ.compile_errors import WitError
from wasm_environ.component.wit import syntax as w
from wasm_environ.component.wit.evaluate import Evaluation, no_type
from wasm_environ.component.wit.names import (
    ALL_FEATURES,
    InterfaceDef,
    PackageDef,
    Scope,
    WorldDef,
    collect,
    dependencies_first,
    earliest_first,
    unique,
)
from wasm_environ.component.wit.worlds import Reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from wasm_environ.component.planning.plan import Item
    from wasm_environ.component.wit.packages import Packages


@final
class Resolved:
    """Packages by name, the `main` one among them."""

    __slots__ = ("main", "packages")

    def __init__(self, main: PackageDef, packages: dict[w.PackageName, PackageDef]) -> None:
        self.main = main
        self.packages = packages

    def worlds(self) -> list[WorldDef]:
        """Of the main package."""
        return [item for item in self.main.items.values() if isinstance(item, WorldDef)]

    def world(self, name: str | None = None) -> WorldDef:
        """The world of that name, `world` or `namespace:package/world`; without one the only world there is. Raises WitError."""
        if name is None:
            worlds = self.worlds()
            if len(worlds) == 1:
                return worlds[0]
            known = ", ".join([world.name for world in worlds])
            raise WitError(f"package `{self.main.name}` has several worlds: {known}" if worlds else f"package `{self.main.name}` has no world")
        for package in self.packages.values():
            for item in package.items.values():
                if isinstance(item, WorldDef) and (item.id == name or f"{package.name._replace(version='')}/{item.name}" == name):
                    return item
        found = self.main.items.get(name)
        if isinstance(found, WorldDef):
            return found
        known = ", ".join([world.name for world in self.worlds()]) or "none"
        raise WitError(f"package `{self.main.name}` has no world `{name}`; its worlds: {known}")


def resolve(packages: Packages, features: Iterable[str] | None = ()) -> Resolved:
    """All packages with their names resolved; `features`: those of @unstable that are on, ALL_FEATURES for any. Raises WitError."""
    assert packages.main is not None
    scope = collect(packages, ALL_FEATURES if features is None else frozenset(features))
    definitions = [(package, item) for package in scope.packages.values() for item in package.items.values()]
    for package, item in definitions:
        if isinstance(item, InterfaceDef):
            _enter(scope, package, item)
        else:
            _enter_world(scope, package, item)
    interfaces = [item for _, item in definitions if isinstance(item, InterfaceDef)]
    worlds = [item for _, item in definitions if isinstance(item, WorldDef)]
    ordered = dependencies_first(interfaces, InterfaceDef.needs, _interface_cycle)
    _check(ordered, worlds)
    reader = Reader()
    for world in dependencies_first(worlds, lambda world: [inner for inner, _ in world.includes], _world_cycle):
        reader.entries(world)
    return Resolved(scope.packages[packages.main.name], scope.packages)


def _interface_cycle(path: list[InterfaceDef]) -> WitError:
    first, second = path[0], path[1]
    uses = [(use, (other or name).text) for use in first.items if isinstance(use, w.Use) for name, other in use.names]
    at = next(use.path.name.at for use, name in uses if name in first.uses and first.uses[name][0] is second)
    return first.source.error(f"interface `{first.name}` depends on itself: {' -> '.join([each.name for each in path])}", at)


def _world_cycle(path: list[WorldDef]) -> WitError:
    first = path[0]
    at = next(include.path.name.at for inner, include in first.includes if inner is path[1])
    return first.source.error(f"world `{first.name}` includes itself: {' -> '.join([each.name for each in path])}", at)


# ---- what interfaces and worlds hold


def _enter(scope: Scope, package: PackageDef, interface: InterfaceDef) -> None:
    """Resolve the names of an interface, or of a world's own types."""
    taken: dict[str, str] = {}
    source = interface.source
    for item in interface.items:
        if isinstance(item, w.Remark):
            continue
        if not scope.included(item.head, package, source):
            names = [(other or name) for name, other in item.names] if isinstance(item, w.Use) else [item.name]
            interface.left_out |= {name.text: item.head.gate.unstable for name in names}
        elif isinstance(item, w.Use):
            used = scope.find_interface(item.path, package, source)
            for name, other in item.names:
                unique(taken, other or name, "the name", source)
                interface.uses[(other or name).text] = (used, name.text)
        elif isinstance(item, w.TypeDef):
            unique(taken, item.name, "the name", source)
            interface.types[item.name.text] = item
            _enter_methods(scope, package, interface, item)
        else:
            unique(taken, item.name, "the name", source)
            interface.functions.append((None, item))
    order = [*interface.uses, *interface.types]
    dependencies_first(order, lambda name: _needs(interface, name), lambda path: _type_cycle(interface, path))
    interface.order = earliest_first(order, lambda name: _needs(interface, name))


def _enter_methods(scope: Scope, package: PackageDef, interface: InterfaceDef, resource: w.TypeDef) -> None:
    taken: dict[str, str] = {}
    constructors = 0
    for func in resource.functions:
        if not scope.included(func.head, package, interface.source):
            continue
        if func.kind == w.CONSTRUCTOR:
            constructors += 1
            if constructors > 1:
                raise interface.source.error(f"resource `{resource.name.text}` has two constructors", func.name.at)
        else:
            unique(taken, func.name, "the function", interface.source)
        interface.functions.append((resource, func))


def _needs(interface: InterfaceDef, name: str) -> list[str]:
    """The types of an interface that one of them is made of."""
    definition = interface.types.get(name)
    found: list[str] = []
    if definition is not None:
        for type in (definition.type, *(field.type for field in definition.fields)):
            for used in named(type):
                if used.text not in interface.types and used.text not in interface.uses:
                    raise no_type(interface, used)
                found.append(used.text)
    return found


def named(type: w.TypeExpr | None) -> list[w.Name]:
    """The names that a type holds."""
    if isinstance(type, w.Named):
        return [type.name]
    return [name for arg in type.args for name in named(arg)] if isinstance(type, w.Applied) else []


def _type_cycle(interface: InterfaceDef, path: list[str]) -> WitError:
    name = interface.types[path[0]].name
    return interface.source.error(f"type `{name.text}` holds itself: {' -> '.join(path)}", name.at)


def _enter_world(scope: Scope, package: PackageDef, world: WorldDef) -> None:
    """Resolve what a world names; what stands in it is left for `worlds`."""
    own: list[w.InterfaceItem] = []
    kept: list[w.WorldItem] = []
    for item in world.items:
        if not scope.included(item.head, package, world.source):
            if isinstance(item, (w.Use, w.TypeDef)):
                own.append(item)  # whose names are left out, too
            continue
        kept.append(item)
        match item:
            case w.Use() | w.TypeDef():
                own.append(item)
            case w.Include(_, path, _):
                world.includes.append((scope.find_world(path, package, world.source), item))
            case w.Extern(_, _, name, w.Path() as path):
                found = scope.find_interface(path, package, world.source)
                world.interfaces[len(kept) - 1] = found
            case w.Extern(head, _, name, w.Inline(items)):
                assert name is not None
                inner = InterfaceDef(package, world.source, head, "", items)
                inner.id = name.text
                _enter(scope, package, inner)
                world.interfaces[len(kept) - 1] = inner
    world.items = tuple(kept)
    world.body.items = tuple(own)
    _enter(scope, package, world.body)


def _check(interfaces: list[InterfaceDef], worlds: list[WorldDef]) -> None:
    """That the types of all interfaces can be, each after those that it uses, and those of worlds."""
    evaluation = Evaluation()
    known: dict[InterfaceDef, dict[str, Item]] = {}
    for interface in interfaces:
        known[interface] = evaluation.interface(interface, (interface.id,), True, known.__getitem__)
    for world in worlds:
        for inner in world.interfaces.values():
            if not inner.name:
                evaluation.interface(inner, (), True, known.__getitem__)
        body = evaluation.interface(world.body, (), True, known.__getitem__)
        for item in world.items:
            if isinstance(item, w.Extern) and isinstance(item.item, w.Func):
                evaluation.function(world.body, body, None, item.item)
