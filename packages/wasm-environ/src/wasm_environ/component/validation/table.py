"""Types while a component is validated: rows by number, with what is asked of each again and again.

A type is an int: a primitive of `syntax` (negative), or a row of the `Table`. Value and function types are the classes of `syntax` with rows in place of
type indices, each row once. An import or export of a type makes a new *name* for it, a `Named` row: equal to what it names where types are compared,
different where it matters whether a type is visible from outside. `Own` and `Borrow` hold the row of a resource type, itself perhaps a `Named` one.
"""

from __future__ import annotations

from typing import NamedTuple, final

from wasm_environ import limits
from wasm_environ.compile_errors import InvalidError
from wasm_environ.component import syntax as s
from wasm_environ.component.types import TypeTable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Final

    from wasm_environ.types import GlobalType, MemoryType, TableType


class Resource(NamedTuple):
    """A resource type: each number is one of its own."""

    number: int


class Named(NamedTuple):
    """What an import or export calls a type."""

    number: int
    type: int


class Entity(NamedTuple):
    """What can be imported, exported and given as an argument. `type`: a row, for values a type; for types what is referred to, `created` its new name."""

    sort: int
    type: int
    created: int = 0


Path = tuple[str, ...]


class CoreEntity(NamedTuple):
    """A core item: its kind (`wasm_environ.module`), and its type; of functions and tags the id."""

    kind: int
    type: int | TableType | MemoryType | GlobalType


@final
class Module:
    """The type of a core module. Imports by (module, name)."""

    __slots__ = ("exports", "imports", "size")

    def __init__(self, imports: dict[tuple[str, str], CoreEntity], exports: dict[str, CoreEntity], size: int) -> None:
        self.imports = imports
        self.exports = exports
        self.size = size


@final
class Instance:
    """The type of an instance. `defined`: resources that every import or export of the type makes anew, empty for the type of an instance that is there.
    `explicit`: the resources among the exports, and by which path."""

    __slots__ = ("defined", "explicit", "exports")

    def __init__(self, exports: dict[str, Entity], defined: tuple[int, ...], explicit: dict[int, Path]) -> None:
        self.exports = exports
        self.defined = defined
        self.explicit = explicit


@final
class Component:
    """The type of a component. `imported` and `defined`: the resources that an instantiation is given or makes, and the path of an import or export to
    each."""

    __slots__ = ("defined", "explicit", "exports", "imported", "imports")

    def __init__(
        self, imports: dict[str, Entity], exports: dict[str, Entity], imported: dict[int, Path], defined: dict[int, Path], explicit: dict[int, Path]
    ) -> None:  # fmt: skip
        self.imports = imports
        self.exports = exports
        self.imported = imported
        self.defined = defined
        self.explicit = explicit


class Info(NamedTuple):
    """`size`: rows that the type consists of, shared ones counted each time; `depth`: of its nesting; `borrow`: whether a borrow is in it.
    `resources`, `names`: whether it mentions any resource, or any name or resource."""

    size: int = 1
    depth: int = 1
    borrow: bool = False
    resources: bool = False
    names: bool = False


LEAF: Final = Info()

# ---- the types in a row, and a row with other types in their place

PARTS: Final[dict[type, Callable[[Any], Iterable[int | None]]]] = {
    s.Record: lambda row: [t for _, t in row.fields],
    s.Variant: lambda row: [t for _, t in row.cases],
    s.Tuple: lambda row: row.types,
    s.Flags: lambda row: (),
    s.Enum: lambda row: (),
    s.FixedList: lambda row: (row.element,),
    s.Func: lambda row: [*[t for _, t in row.params], row.result],
    Named: lambda row: (row.type,),
    Resource: lambda row: (),
}
CHANGED: Final[dict[type, Callable[[Any, Callable[[int | None], Any]], Any]]] = {
    s.Record: lambda row, to: s.Record(tuple([(label, to(t)) for label, t in row.fields])),
    s.Variant: lambda row, to: s.Variant(tuple([(label, to(t)) for label, t in row.cases])),
    s.Tuple: lambda row, to: s.Tuple(tuple([to(t) for t in row.types])),
    s.Flags: lambda row, to: row,
    s.Enum: lambda row, to: row,
    s.FixedList: lambda row, to: s.FixedList(to(row.element), row.length),
    s.Func: lambda row, to: s.Func(tuple([(label, to(t)) for label, t in row.params]), to(row.result), row.is_async),
    Named: lambda row, to: Named(row.number, to(row.type)),
}


def parts(row: Any) -> Iterable[int | None]:
    """The types that a row consists of; None where one is optional and not there."""
    found = PARTS.get(type(row))
    return row if found is None else found(row)  # list, map, option, result, stream, future, own, borrow: nothing but types


def changed(row: Any, to: Callable[[int | None], Any]) -> Any:
    """The row with `to` of each of its types."""
    found = CHANGED.get(type(row))
    return type(row)(*[to(t) for t in row]) if found is None else found(row, to)


@final
class Table:
    """Rows by number. `structure`: value and function types without names, in which `Own` and `Borrow` hold the numbers of resources."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self.infos: list[Info] = []
        self.structure = TypeTable()
        self.names = 0
        self.resources = 0
        self.substituted = 0  # types in which resources or names were put in place of others
        self._peeled: list[int] = []
        self._numbers: dict[tuple[type, Any], int] = {}
        self._plain: dict[int, int] = {}
        self._closed: set[int] = set()

    def _add(self, row: Any, info: Info, peeled: int | None = None) -> int:
        if len(self.rows) >= limits.COMPONENT_TYPE_ROWS:
            raise InvalidError(limits.exceeded("component type rows", len(self.rows) + 1))
        self._peeled.append(len(self.rows) if peeled is None else peeled)
        self.rows.append(row)
        self.infos.append(info)
        return len(self.rows) - 1

    def intern(self, row: Any) -> int:
        """The number of a value or function type, new or known. Raises InvalidError when it gets too large or too deep."""
        key = (type(row), row)
        number = self._numbers.get(key)
        if number is None:
            info = self.combined(parts(row))
            if isinstance(row, s.Borrow):
                info = info._replace(size=1, depth=1, borrow=True)
            elif isinstance(row, s.Own):
                info = info._replace(size=1, depth=1)
            elif info.depth > limits.COMPONENT_TYPE_DEPTH and not isinstance(row, s.Func):
                raise InvalidError("type nesting is too deep")
            number = self._numbers[key] = self._add(row, info)
        return number

    def combined(self, types: Iterable[int | None]) -> Info:
        """What is known of a type that consists of these."""
        size, depth, borrow, resources, names = LEAF
        infos = self.infos
        for t in types:
            if t is not None:
                part = LEAF if t < 0 else infos[t]
                size += part.size
                if part.depth >= depth:
                    depth = part.depth + 1
                if part.names:  # so do borrows and resources
                    names = True
                    resources = resources or part.resources
                    borrow = borrow or part.borrow
        check_size(size)
        if depth > limits.COMPONENT_NESTED_TYPE_DEPTH:
            raise InvalidError("type nesting is too deep")
        return Info(size, depth, borrow, resources, names)

    def info(self, t: int) -> Info:
        return LEAF if t < 0 else self.infos[t]

    def row(self, t: int) -> Any:
        """What a type is, whatever it is called; the int for a primitive."""
        t = self.peeled(t)
        return t if t < 0 else self.rows[t]

    def peeled(self, t: int) -> int:
        """The type without its names."""
        return t if t < 0 else self._peeled[t]

    # ---- new rows

    def new_resource(self) -> int:
        """The row of a resource type that nothing else is."""
        self.resources += 1
        return self.resource(self.resources - 1)

    def resource(self, number: int) -> int:
        """The row of a resource type without a name."""
        key = (Resource, Resource(number))
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = self._add(key[1], Info(resources=True, names=True))
        return found

    def name(self, t: int) -> int:
        """A new name for a type."""
        self.names += 1
        return self.named(self.names - 1, t)

    def named(self, number: int, t: int) -> int:
        """The row of a name for a type."""
        key = (Named, Named(number, t))
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = self._add(key[1], self.info(t)._replace(names=True), self.peeled(t))
        return found

    def module(self, module: Module) -> int:
        """The row of a core module's type."""
        check_size(module.size)
        return self._add(module, Info(module.size))

    def instance(self, instance: Instance) -> int:
        """The row of an instance's type. Raises InvalidError when it gets too large or too deep."""
        return self._add(instance, self.combined([e.type for e in instance.exports.values()])._replace(names=True))

    def component(self, component: Component) -> int:
        """The row of a component's type. The same."""
        entities = (*component.imports.values(), *component.exports.values())
        return self._add(component, self.combined([e.type for e in entities])._replace(names=True))

    # ---- what types are

    def plain(self, t: int) -> int:
        """The type in `structure`: equal exactly for equal value or function types."""
        if t < 0:
            return t
        t = self._peeled[t]
        if t < 0:
            return t
        found = self._plain.get(t)
        if found is None:
            row = self.rows[t]
            if isinstance(row, (s.Own, s.Borrow)):
                row = type(row)(self.row(row.resource).number)
            else:
                row = changed(row, self._plain_part)
            found = self._plain[t] = self.structure.intern(row)
        return found

    def _plain_part(self, t: int | None) -> int | None:
        return None if t is None else self.plain(t)

    def is_closed(self, t: int) -> bool:
        """Whether a type mentions no resource that it does not itself import or define."""
        if t in self._closed:
            return True
        if self.free([Entity(s.TYPE, t, t)]):
            return False
        self._closed.add(t)
        return True

    def free(self, entities: Iterable[Entity]) -> set[int]:
        """The resources that types mention and neither import nor define."""
        mentioned: set[int] = set()
        bound: set[int] = set()
        seen: set[int] = set()
        work = [e.created if e.sort == s.TYPE else e.type for e in entities]
        while work:
            t = work.pop()
            if t < 0 or t in seen or not self.infos[t].resources:
                continue
            seen.add(t)
            row = self.rows[t]
            if isinstance(row, Resource):
                mentioned.add(row.number)
            elif isinstance(row, Component):
                bound.update(row.imported, row.defined)
                work += [e.created if e.sort == s.TYPE else e.type for e in (*row.imports.values(), *row.exports.values())]
            elif isinstance(row, Instance):
                bound.update(row.defined)
                work += [e.created if e.sort == s.TYPE else e.type for e in row.exports.values()]
            else:
                work += [part for part in parts(row) if part is not None]
        return mentioned - bound


def check_size(size: int) -> None:
    """That a type is not larger than the limit."""
    if size >= limits.COMPONENT_TYPE_SIZE:
        raise InvalidError(f"effective type size exceeds the limit of {limits.COMPONENT_TYPE_SIZE}")
