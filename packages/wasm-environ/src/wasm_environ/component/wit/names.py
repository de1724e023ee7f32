"""What names of WIT stand for: interfaces and worlds by package and file, types by interface, dependencies first (WIT.md: name resolution)."""

from __future__ import annotations

import difflib
from heapq import heappop, heappush
from typing import final

from wasm_environ.component.semver import parse_version, precedence
from wasm_environ.component.wit import syntax as w

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Final, TypeVar

    from wasm_environ.compile_errors import WitError
    from wasm_environ.component.wit.lexer import Source
    from wasm_environ.component.wit.packages import Packages, PackageText

    Node = TypeVar("Node")

ALL_FEATURES: Final = None  # in place of a set of features of @unstable


@final
class InterfaceDef:
    """An interface whose names are resolved. `name` "" and `id` the name in its world: one that stands in a world.

    `uses`: types from elsewhere, by name here: (interface, name there); `types`: those defined here; `order`: the names of both, each after
    what it needs; `left_out`: names whose feature is not on.
    """

    __slots__ = ("functions", "head", "id", "items", "left_out", "name", "order", "package", "source", "types", "uses")

    def __init__(self, package: PackageDef, source: Source, head: w.Head, name: str, items: tuple[w.InterfaceItem, ...]) -> None:
        self.package = package
        self.source = source
        self.head = head
        self.name = name
        self.id = package.name.of(name) if name else ""
        self.items = items
        self.uses: dict[str, tuple[InterfaceDef, str]] = {}
        self.types: dict[str, w.TypeDef] = {}
        self.order: list[str] = []
        self.functions: list[tuple[w.TypeDef | None, w.Func]] = []  # with the resource that it belongs to
        self.left_out: dict[str, str] = {}

    def needs(self) -> list[InterfaceDef]:
        """The interfaces that it uses, each once."""
        return list(dict.fromkeys([interface for interface, _ in self.uses.values()]))


@final
class WorldDef:
    """A world. `body`: its own types and the interfaces that they are from; `interfaces`: those that imports and exports name or hold."""

    __slots__ = ("body", "head", "includes", "interfaces", "items", "name", "package", "source")

    def __init__(self, package: PackageDef, source: Source, syntax: w.World) -> None:
        self.package = package
        self.source = source
        self.head = syntax.head
        self.name = syntax.name.text
        self.items = syntax.items
        self.body = InterfaceDef(package, source, syntax.head, "", ())
        self.includes: list[tuple[WorldDef, w.Include]] = []
        self.interfaces: dict[int, InterfaceDef] = {}  # by position in items

    @property
    def id(self) -> str:
        return self.package.name.of(self.name)


Def = InterfaceDef | WorldDef


@final
class PackageDef:
    """A package: what it defines, by name; by file, names that only that file knows; names whose feature is not on."""

    __slots__ = ("docs", "is_binary", "items", "left_out", "local", "name", "version")

    def __init__(self, text: PackageText) -> None:
        self.name = text.name
        self.docs = text.docs
        self.is_binary = text.is_binary
        self.version = parse_version(text.name.version) if text.name.version else None
        self.items: dict[str, Def] = {}
        self.local: dict[Source, dict[str, Def]] = {}
        self.left_out: dict[str, str] = {}


@final
class Scope:
    """All packages, and the features of @unstable that are on."""

    __slots__ = ("features", "packages")

    def __init__(self, features: frozenset[str] | None) -> None:
        self.packages: dict[w.PackageName, PackageDef] = {}
        self.features = features

    def included(self, head: w.Head, package: PackageDef, source: Source) -> bool:
        """Whether an item is there, by its gate. Raises WitError for a gate that cannot be."""
        gate = head.gate
        for version in (gate.since, gate.deprecated):
            if version and package.version is None:
                raise source.error(f"a version stands here, but package `{package.name}` has none", gate.at)
        if gate.since and package.version and precedence(parse_version(gate.since)) > precedence(package.version):
            raise source.error(f"version {gate.since} is later than that of package `{package.name}`", gate.at)
        return not gate.unstable or package.is_binary or self.features is ALL_FEATURES or gate.unstable in self.features

    def find(self, path: w.Path, package: PackageDef, source: Source) -> Def:
        """What a path stands for. Raises WitError."""
        name = path.name
        if path.package is None:
            found = package.local.get(source, {}).get(name.text) or package.items.get(name.text)
            if found is None:
                known = [*package.local.get(source, {}), *package.items]
                raise missing(source, name, "interface or world", known, package.left_out, f" in package `{package.name}`")
            return found
        other = self.packages.get(path.package)
        if other is None:
            known = [str(key) for key in self.packages]
            raise source.error(f"package `{path.package}` is not there; known: {', '.join(known)}", name.at)
        found = other.items.get(name.text)
        if found is None:
            raise missing(source, name, "interface or world", list(other.items), other.left_out, f" in package `{path.package}`")
        return found

    def find_interface(self, path: w.Path, package: PackageDef, source: Source) -> InterfaceDef:
        found = self.find(path, package, source)
        if isinstance(found, WorldDef):
            raise source.error(f"`{path}` is a world, not an interface", path.name.at)
        return found

    def find_world(self, path: w.Path, package: PackageDef, source: Source) -> WorldDef:
        found = self.find(path, package, source)
        if isinstance(found, InterfaceDef):
            raise source.error(f"`{path}` is an interface, not a world", path.name.at)
        return found


def missing(source: Source, name: w.Name, what: str, known: Iterable[str], left_out: dict[str, str], where: str = "") -> WitError:
    """A name that stands for nothing."""
    feature = left_out.get(name.text)
    if feature is not None:
        return source.error(f"{what} `{name.text}` is only there with the feature `{feature}`", name.at)
    close = difflib.get_close_matches(name.text, list(known), 1)
    hint = f"; did you mean `{close[0]}`?" if close else ""
    return source.error(f"{what} `{name.text}` does not exist{where}{hint}", name.at)


def dependencies_first(nodes: Iterable[Node], needs: Callable[[Node], Iterable[Node]], cycle: Callable[[list[Node]], Exception]) -> list[Node]:
    """The nodes and all that they need, each after what it needs, else in their order. `cycle` makes the error of nodes that need one another."""
    done: dict[Node, None] = {}
    for root in nodes:
        if root in done:
            continue
        path: dict[Node, None] = {root: None}
        stack = [iter(needs(root))]
        while stack:
            following = next(stack[-1], None)
            if following is None:
                stack.pop()
                done[path.popitem()[0]] = None
            elif following in path:
                nodes_there = list(path)
                raise cycle([*nodes_there[nodes_there.index(following) :], following])
            elif following not in done:
                path[following] = None
                stack.append(iter(needs(following)))
    return list(done)


def earliest_first(nodes: list[Node], needs: Callable[[Node], Iterable[Node]]) -> list[Node]:
    """Nodes that need no others but one another, without cycles: always the earliest of those whose needs are met, as wasm-tools orders types."""
    place = {node: number for number, node in enumerate(nodes)}
    waiting: dict[Node, list[Node]] = {node: [] for node in nodes}
    missing: dict[Node, int] = {}
    for node in nodes:
        needed = list(needs(node))
        missing[node] = len(needed)
        for each in needed:
            waiting[each].append(node)
    ready = [place[node] for node in nodes if not missing[node]]
    found: list[Node] = []
    while ready:
        node = nodes[heappop(ready)]
        found.append(node)
        for each in waiting[node]:
            missing[each] -= 1
            if not missing[each]:
                heappush(ready, place[each])
    return found


def unique(taken: dict[str, str], name: w.Name, what: str, source: Source) -> None:
    """Take a name in a scope where upper and lower case do not matter. Raises WitError when it is taken."""
    key = name.text.lower()
    if key in taken:
        other = f", as `{taken[key]}`" if taken[key] != name.text else ""
        raise source.error(f"{what} `{name.text}` is there already{other}", name.at)
    taken[key] = name.text


def collect(packages: Packages, features: frozenset[str] | None) -> Scope:
    """All interfaces and worlds by name; what they hold is not looked at."""
    scope = Scope(features)
    for text in packages.by_name.values():
        scope.packages[text.name] = PackageDef(text)
    for text in packages.by_name.values():
        package = scope.packages[text.name]
        taken: dict[str, str] = {}
        for source, items in text.parts:
            for item in items:
                if isinstance(item, w.TopUse):
                    continue
                unique(taken, item.name, "the name", source)
                if not scope.included(item.head, package, source):
                    package.left_out[item.name.text] = item.head.gate.unstable
                elif isinstance(item, w.Interface):
                    package.items[item.name.text] = InterfaceDef(package, source, item.head, item.name.text, item.items)
                else:
                    package.items[item.name.text] = WorldDef(package, source, item)
    for text in packages.by_name.values():
        for source, items in text.parts:
            _collect_uses(scope, scope.packages[text.name], source, items)
    return scope


def _collect_uses(scope: Scope, package: PackageDef, source: Source, items: tuple[w.TopItem, ...]) -> None:
    """The `use` items of a file, whose names are for that file only."""
    local: dict[str, Def] = {}
    here = {item.name.text for item in items if not isinstance(item, w.TopUse)}
    for item in items:
        if isinstance(item, w.TopUse):
            name = item.alias or item.path.name
            if name.text in local or (name.text in here):
                raise source.error(f"the name `{name.text}` is there already in this file", name.at)
            local[name.text] = scope.find(item.path, package, source)
    package.local[source] = local
