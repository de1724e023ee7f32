"""The interface that a world is: includes taken in, interfaces that are needed imported, and everything in an order where nothing precedes what it needs."""

from __future__ import annotations

from typing import NamedTuple, final

from wasm_environ import limits
from wasm_environ.component.interface import MEMBER, Interface
from wasm_environ.component.planning.plan import InstanceItem, Item
from wasm_environ.component.wit import syntax as w
from wasm_environ.component.wit.evaluate import Evaluation
from wasm_environ.component.wit.names import InterfaceDef, WorldDef, dependencies_first

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_environ.compile_errors import WitError


class Entry(NamedTuple):
    """An import or export: an interface, or a function of `world`, where its types have their names. `head`: of the statement."""

    world: WorldDef
    head: w.Head
    at: int
    interface: InterfaceDef | None = None
    type: str = ""  # a type of the world
    func: w.Func | None = None
    resource: w.TypeDef | None = None


Entries = dict[str, Entry]


def interface_of_world(world: WorldDef) -> Interface:
    """What a component of this world imports and exports. Raises WitError for what cannot be together in one world."""
    return _Maker(world).make(*elaborated(world))


def elaborated(world: WorldDef) -> tuple[Entries, Entries]:
    """Imports and exports of a world by name, with what it includes and needs, in order. Raises WitError."""
    imports, exports = Reader().entries(world)
    wanted = _imports(imports)
    ordered = _exports(world, wanted, exports)
    return _sorted(wanted), ordered


# ---- what the world says, with what it includes


@final
class Reader:
    """Imports and exports of worlds by name, as written: a world's own, then those that it includes. `total` is how many there are of all."""

    def __init__(self) -> None:
        self.known: dict[WorldDef, tuple[Entries, Entries]] = {}
        self.total = 0

    def entries(self, world: WorldDef) -> tuple[Entries, Entries]:
        """Of a world; those of the worlds that it includes are found on the way."""
        for each in dependencies_first([world], self.unknown, AssertionError):
            found = _own_entries(each)
            for inner, include in each.includes:
                _include(each, include, self.known[inner], found)
                self.total += len(self.known[inner][0]) + len(self.known[inner][1])
                if self.total > limits.COMPONENT_ITEMS:
                    raise each.source.error(limits.exceeded("component items", self.total), include.path.name.at)
            self.known[each] = found
        return self.known[world]

    def unknown(self, world: WorldDef) -> list[WorldDef]:
        return [inner for inner, _ in world.includes if inner not in self.known]


def _own_entries(world: WorldDef) -> tuple[Entries, Entries]:
    imports: Entries = {}
    exports: Entries = {}
    names: tuple[dict[str, str], dict[str, str]] = ({}, {})
    body = world.body
    for name in body.order:
        definition = body.types.get(name)
        imports[name] = Entry(world, definition.head if definition else w.NO_HEAD, -1, type=name)
        names[0][name.lower()] = name
    for resource, func in body.functions:
        imports[w.full_name(resource, func)] = Entry(world, func.head, func.name.at, func=func, resource=resource)
    for number, item in enumerate(world.items):
        if not isinstance(item, w.Extern):
            continue
        if isinstance(item.item, w.Func):
            assert item.name is not None
            name, entry = item.name.text, Entry(world, item.head, item.name.at, func=item.item)
        else:
            interface = world.interfaces[number]
            written = item.item.name if isinstance(item.item, w.Path) else None
            entry = Entry(world, item.head, (item.name or written or w.Name("")).at, interface=interface)
            name = item.name.text if item.name else interface.id
        which = 0 if item.is_import else 1
        if name.lower() in names[which]:
            raise world.source.error(f"`{name}` is {'imported' if item.is_import else 'exported'} twice", entry.at)
        names[which][name.lower()] = name
        (imports, exports)[which][name] = entry
    return imports, exports


def _renamed(name: str, renamed: dict[str, str]) -> str:
    """An import or export under the name that an `include` gives it; functions go with their resource."""
    member = MEMBER.fullmatch(name)
    if member is None:
        return renamed.get(name, name)
    kind, resource, rest = member.groups()
    return f"[{kind}]{renamed.get(resource, resource)}{'' if rest is None else '.' + rest}"


def _include(world: WorldDef, include: w.Include, inner: tuple[Entries, Entries], outer: tuple[Entries, Entries]) -> None:
    """Add what an included world has; interfaces under their own names are the same ones."""
    foreign = include.path.package not in (None, world.package.name)
    renamed = {name.text: other.text for name, other in include.names}
    for plain, _ in include.names:
        if plain.text not in inner[0] and plain.text not in inner[1]:
            raise world.source.error(f"world `{include.path}` has no import or export with the plain name `{plain.text}`", plain.at)
    for entries, there in zip(outer, inner, strict=True):
        taken = {name.lower() for name in entries}
        for name, entry in there.items():
            new = _renamed(name, renamed)
            if ":" in new and new in entries:
                continue
            if new.lower() in taken:
                message = f"`{new}`, which world `{include.path}` has, is there already: `with {{ {name} as ... }}` renames it"
                raise world.source.error(message, include.path.name.at)
            if ":" in new and entry.head.gate.since and foreign:  # versions are those of another package
                entry = entry._replace(head=entry.head._replace(gate=w.NO_GATE))
            entries[new] = entry
            taken.add(new.lower())


# ---- what it needs besides


def _imports(imports: Entries) -> Entries:
    """The imports, each after the interfaces that it uses, which are imported too."""
    wanted: Entries = {}
    for rank in range(5):
        for name, entry in imports.items():
            if _rank(entry) == rank:
                for needed in _needs(entry):
                    _want(wanted, needed, entry)
                wanted.setdefault(name, entry)
    return wanted


def _rank(entry: Entry) -> int:
    """In which order kinds of imports stand: interfaces, types that are used, types, functions, those of resources."""
    if entry.interface is not None:
        return 0
    if entry.type:
        return 1 if entry.type in entry.world.body.uses else 2
    return 3 if entry.resource is None else 4


def _needs(entry: Entry) -> list[InterfaceDef]:
    if entry.interface is not None:
        return entry.interface.needs()
    use = entry.world.body.uses.get(entry.type)
    return [use[0]] if use else []


def _want(wanted: Entries, interface: InterfaceDef, by: Entry) -> None:
    """Import an interface, and first what it uses."""
    if interface.id not in wanted:
        for each in dependencies_first([interface], lambda each: [needed for needed in each.needs() if needed.id not in wanted], AssertionError):
            wanted.setdefault(each.id, Entry(by.world, w.Head("", by.head.gate), by.at, interface=each))


def _sorted(wanted: Entries) -> Entries:
    return dict(sorted(wanted.items(), key=lambda row: _rank(row[1])))


def _exports(world: WorldDef, wanted: Entries, exports: Entries) -> Entries:
    """The exports in order, functions first; what their interfaces use is exported as well, or imported."""
    ordered = {name: entry for name, entry in exports.items() if entry.interface is None}
    by_interface = {entry.interface: name for name, entry in exports.items() if entry.interface is not None and name == entry.interface.id}
    required: dict[InterfaceDef, str] = {}  # those that must be imported, and for which export
    names = [name for name, entry in exports.items() if entry.interface is not None]

    def exported_needs(name: str) -> list[str]:
        return [by_interface[each] for each in _needs(exports[name]) if each in by_interface]

    for name in dependencies_first(names, exported_needs, AssertionError):
        ordered[name] = exports[name]
        for needed in _needs(exports[name]):
            if needed not in by_interface:
                _want(wanted, needed, exports[name])
                for each in dependencies_first([needed], lambda each: [more for more in each.needs() if more not in required], AssertionError):
                    required.setdefault(each, name)
    for interface, name in required.items():
        if interface in by_interface:
            raise _both_ways(world, exports, name, interface, by_interface)
    return ordered


def _both_ways(world: WorldDef, exports: Entries, name: str, interface: InterfaceDef, exported: dict[InterfaceDef, str]) -> WitError:
    """An export whose needs lead over an import to another export."""
    between = next(each for each in _needs(exports[name]) if each not in exported and interface in _all_needs(each))
    message = f"export `{name}` uses `{between.id}`, which is imported and leads to `{interface.id}`, which is exported: export `{between.id}` too"
    return world.source.error(message, exports[name].at if exports[name].world is world else -1)


def _all_needs(interface: InterfaceDef) -> list[InterfaceDef]:
    return dependencies_first([interface], InterfaceDef.needs, AssertionError)


# ---- types


@final
class _Maker:
    """Makes the items of a world's imports and exports."""

    def __init__(self, world: WorldDef) -> None:
        self.world = world
        self.evaluation = Evaluation()
        self.imported: dict[InterfaceDef, dict[str, Item]] = {}
        self.exported: dict[InterfaceDef, dict[str, Item]] = {}
        self.bodies: dict[WorldDef, dict[str, Item]] = {}  # types of worlds
        self.implements: dict[str, str] = {}
        self.external_ids: dict[tuple[bool, str], str] = {}

    def make(self, imports: Entries, exports: Entries) -> Interface:
        imported = {name: self.item(name, entry, True) for name, entry in imports.items()}
        exported = {name: self.item(name, entry, False) for name, entry in exports.items()}
        made = Interface(self.evaluation.types, imported, exported, self.evaluation.resources)
        made.docs = self.evaluation.docs
        made.implements = self.implements
        made.external_ids = self.external_ids
        made.name = self.world.name
        self.evaluation.document((), self.world.head.docs)
        return made

    def item(self, name: str, entry: Entry, is_import: bool) -> Item:
        """One import or export."""
        if entry.head.external_id is not None:
            self.external_ids[is_import, name] = entry.head.external_id
        if entry.interface is not None:
            items = self.evaluation.interface(entry.interface, (name,), is_import, self.imported.__getitem__ if is_import else self.either)
            if name == entry.interface.id:
                (self.imported if is_import else self.exported)[entry.interface] = items
            elif entry.interface.name:
                self.implements[name] = entry.interface.id
            self.evaluation.document((name,), entry.head.docs)
            return InstanceItem(items)
        body = self.types(entry.world)
        if entry.type:
            return body[entry.type]
        self.evaluation.document((name,), entry.head.docs)
        assert entry.func is not None
        return self.evaluation.function(entry.world.body, body, entry.resource, entry.func)

    def either(self, interface: InterfaceDef) -> dict[str, Item]:
        """The items of an interface that an export uses."""
        found = self.exported.get(interface)
        return self.imported[interface] if found is None else found

    def types(self, world: WorldDef) -> dict[str, Item]:
        """The types that stand in a world itself."""
        found = self.bodies.get(world)
        if found is None:
            found = self.bodies[world] = self.evaluation.type_items(world.body, (), True, self.imported.__getitem__)
        return found
