"""Subtyping: arguments of an instantiation against imports, what is exported against its ascription (Explainer.md: type checking).

Value and function types match exactly when they are equal, as in wasmtime; labels are compared without case. Instances may export more than is asked
for, components and core modules may also import less.
"""

from __future__ import annotations

from typing import final

from wasm_environ.compile_errors import InvalidError
from wasm_environ.component import syntax as s
from wasm_environ.component.validation import core_types
from wasm_environ.component.validation.substitution import Substitution
from wasm_environ.component.validation.table import Component, CoreEntity, Entity, Instance, Module, Resource, Table
from wasm_environ.component.validation.value_types import Difference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from wasm_environ.component.validation.table import Path
    from wasm_environ.registry import TypeRegistry

ENTITY_NAMES: Final = {
    s.CORE_MODULE: "module", s.FUNC: "func", s.VALUE: "value", s.TYPE: "type", s.INSTANCE: "instance", s.COMPONENT: "component",
}  # fmt: skip
# What kind of type a row is: as what is expected, as what is found.
KIND_NAMES: Final[dict[type, tuple[str, str]]] = {
    Resource: ("resource", "resource"), s.Func: ("func", "func type"), Instance: ("instance", "instance type"),
    Component: ("component", "component type"),
}  # fmt: skip
DEFINED: Final = ("defined type", "defined type")


def within(error: InvalidError, where: str) -> InvalidError:
    """The error with where it happened before it."""
    return InvalidError(f"{where}: {error.message}", error.offset)


@final
class Subtyping:
    """Compares types of one table. Each method raises InvalidError, which says how the first is not a subtype of the second."""

    def __init__(self, table: Table, registry: TypeRegistry) -> None:
        self.table = table
        self.registry = registry
        self.difference = Difference(table.structure)
        self.matched: set[tuple[int, int]] = set()

    def entity(self, a: Entity, b: Entity) -> None:
        """Things that can be imported and exported."""
        if a.sort != b.sort:
            raise InvalidError(f"expected {ENTITY_NAMES[b.sort]}, found {ENTITY_NAMES[a.sort]}")
        ENTITIES[a.sort](self, a.type, b.type)

    def any_type(self, a: int, b: int) -> None:
        """Types that are themselves imported or exported."""
        if a == b:
            return
        kinds = [KIND_NAMES.get(type(self.table.row(t)), DEFINED) for t in (a, b)]
        if kinds[0] is not kinds[1]:
            raise InvalidError(f"expected {kinds[1][0]}, found {kinds[0][1]}")
        if kinds[0] is not DEFINED:
            TYPES[type(self.table.row(a))](self, a, b)
        else:
            self.difference.defined(self.table.plain(a), self.table.plain(b))

    def resource(self, a: int, b: int) -> None:
        if self.table.peeled(a) != self.table.peeled(b):
            raise InvalidError("resource types are not the same")

    def value(self, a: int, b: int) -> None:
        """Value types."""
        self.difference.value(self.table.plain(a), self.table.plain(b))

    def func(self, a: int, b: int) -> None:
        """Function types."""
        self.difference.func(self.table.plain(a), self.table.plain(b))

    def instance(self, a: int, b: int) -> None:
        """The types of instances."""
        a, b = self.table.peeled(a), self.table.peeled(b)
        if a == b or (a, b) in self.matched:
            return
        given, wanted = self.table.rows[a].exports, self.table.rows[b].exports
        for name in wanted:
            if name not in given:
                raise InvalidError(f"missing expected export `{name}`")
        for name, entity in wanted.items():
            try:
                self.entity(given[name], entity)
            except InvalidError as error:
                raise within(error, f"type mismatch in instance export `{name}`") from None
        self.matched.add((a, b))

    def component(self, a: int, b: int) -> None:
        """The types of components: the imports of `b` are enough for `a`, and its exports then for those of `b`."""
        a, b = self.table.peeled(a), self.table.peeled(b)
        if a == b or (a, b) in self.matched:
            return
        given, wanted = self.table.rows[a], self.table.rows[b]
        made = self.open(wanted.imports, given.imports, given.imported, "import")
        self.open(made.entities(given.exports), wanted.exports, wanted.defined, "export")
        self.matched.add((a, b))

    def open(self, given: dict[str, Entity], wanted: dict[str, Entity], resources: dict[int, Path], what: str) -> Substitution:
        """Check what is `given` for what is `wanted`; returns what the resources and names in `wanted` are in `given`.

        `resources`: those that are quantified in `wanted`, and where they stand there.
        """
        found = Substitution(self.table, {})
        for number, path in resources.items():
            supplied = self._follow(given, path)
            if supplied is not None and supplied.sort == s.TYPE:
                row = self.table.row(supplied.created)
                if isinstance(row, Resource):
                    found.resources[number] = row.number
        for name in wanted:
            if name not in given:
                raise InvalidError(f"missing {what} named `{name}`")
        renamed: dict[int, int] = {}
        for name, entity in wanted.items():
            try:
                self.entity(given[name], found.entity(entity))
            except InvalidError as error:
                raise within(error, f"type mismatch for {what} `{name}`") from None
            self._rename(given[name], entity, renamed)
        return Substitution(self.table, found.resources, renamed)

    def _follow(self, given: dict[str, Entity], path: Path) -> Entity | None:
        """What stands at a path, None when nothing does."""
        found = given.get(path[0])
        for name in path[1:]:
            if found is None or found.sort != s.INSTANCE:
                return None
            found = self.table.row(found.type).exports.get(name)
        return found

    def _rename(self, given: Entity, wanted: Entity, renamed: dict[int, int]) -> None:
        """Note what the names of `wanted` are called in `given`."""
        if wanted.sort == s.TYPE:
            renamed[wanted.created] = given.created
        elif wanted.sort == s.INSTANCE:
            exports = self.table.row(given.type).exports
            for name, entity in self.table.row(wanted.type).exports.items():
                self._rename(exports[name], entity, renamed)

    def module(self, a: int, b: int) -> None:
        """The types of core modules."""
        if a == b:
            return
        given: Module = self.table.rows[a]
        wanted: Module = self.table.rows[b]
        for (module, name), entity in given.imports.items():
            supplied = wanted.imports.get((module, name))
            if supplied is None:
                raise InvalidError(f"missing expected import `{module}::{name}`")
            self.core(supplied, entity, f"type mismatch in import `{module}::{name}`")
        for name, entity in wanted.exports.items():
            supplied = given.exports.get(name)
            if supplied is None:
                raise InvalidError(f"missing expected export `{name}`")
            self.core(supplied, entity, f"type mismatch in export `{name}`")

    def core(self, a: CoreEntity, b: CoreEntity, where: str) -> None:
        """Core items; `where`: before the message."""
        try:
            core_types.match(self.registry, a, b)
        except InvalidError as error:
            raise within(error, where) from None


ENTITIES: Final[dict[int, Callable[[Subtyping, int, int], None]]] = {
    s.CORE_MODULE: Subtyping.module, s.FUNC: Subtyping.func, s.VALUE: Subtyping.value, s.TYPE: Subtyping.any_type,
    s.INSTANCE: Subtyping.instance, s.COMPONENT: Subtyping.component,
}  # fmt: skip
TYPES: Final[dict[Any, Callable[[Subtyping, int, int], None]]] = {
    Resource: Subtyping.resource, s.Func: Subtyping.func, Instance: Subtyping.instance, Component: Subtyping.component,
}  # fmt: skip
