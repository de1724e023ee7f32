"""Types with other resources and other names in place of some: what instantiating a component and importing an instance do to types."""

from __future__ import annotations

from typing import final

from wasm_environ import limits
from wasm_environ.compile_errors import InvalidError
from wasm_environ.component import syntax as s
from wasm_environ.component.validation.table import Component, Entity, Instance, Resource, Table, changed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_environ.component.validation.table import Path


@final
class Substitution:
    """`resources`: number of a resource -> that in its place; `renamed`: row of a name -> the type in its place."""

    def __init__(self, table: Table, resources: dict[int, int], renamed: dict[int, int] | None = None) -> None:
        self.table = table
        self.resources = resources
        self.renames = bool(renamed)
        self.done: dict[int, int] = dict(renamed or ())

    def entity(self, e: Entity) -> Entity:
        """An entity with its types changed."""
        return Entity(e.sort, self.type(e.type), self.type(e.created) if e.sort == s.TYPE else 0)

    def entities(self, items: dict[str, Entity]) -> dict[str, Entity]:
        """The same of several."""
        return {name: self.entity(e) for name, e in items.items()}

    def paths(self, paths: dict[int, Path]) -> dict[int, Path]:
        """The keys changed."""
        return {self.resources.get(number, number): path for number, path in paths.items()}

    def type(self, t: int) -> int:
        """A type changed."""
        if t < 0:
            return t
        found = self.done.get(t)
        if found is None:
            info = self.table.infos[t]
            found = self._changed(t) if (info.names if self.renames else info.resources) else t
            self.done[t] = found
        return found

    def _changed(self, t: int) -> int:
        table = self.table
        table.substituted += 1
        if table.substituted > limits.COMPONENT_SUBSTITUTIONS:
            raise InvalidError(limits.exceeded("component substitutions", table.substituted))
        row = table.rows[t]
        if isinstance(row, Resource):
            return table.resource(self.resources.get(row.number, row.number))
        if isinstance(row, Instance):
            exports = self.entities(row.exports)
            defined = tuple([self.resources.get(number, number) for number in row.defined])
            if exports == row.exports and defined == row.defined:
                return t
            return table.instance(Instance(exports, defined, self.paths(row.explicit)))
        if isinstance(row, Component):
            imports, exports = self.entities(row.imports), self.entities(row.exports)
            if imports == row.imports and exports == row.exports:
                return t
            return table.component(Component(imports, exports, self.paths(row.imported), self.paths(row.defined), self.paths(row.explicit)))
        new = changed(row, self._part)
        if new == row:
            return t
        return table.named(*new) if hasattr(new, "number") else table.intern(new)

    def _part(self, t: int | None) -> int | None:
        return None if t is None else self.type(t)
