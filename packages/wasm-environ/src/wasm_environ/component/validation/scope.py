"""One component, or the type of one or of an instance, while its definitions are gone through: index spaces, imports, exports, resources."""

from __future__ import annotations

from typing import final

from wasm_environ import limits
from wasm_environ.compile_errors import InvalidError
from wasm_environ.component import syntax as s
from wasm_environ.component.validation.table import Component, Instance, Resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from wasm_environ.component.validation.table import Entity, Path, Table
    from wasm_environ.features import Features

# What a scope is of.
COMPONENT: Final = 0
COMPONENT_TYPE: Final = 1
INSTANCE_TYPE: Final = 2

# Columns: sort, how an index that is out of bounds is told, limit, what is counted, and of which sorts together.
ROWS: Final = (
    (s.CORE_FUNC, "core function {}: function", limits.COMPONENT_SPACE, "functions", (s.CORE_FUNC, s.FUNC)),
    (s.CORE_TABLE, "table {}: table", limits.COMPONENT_SPACE, "tables", (s.CORE_TABLE,)),
    (s.CORE_MEMORY, "memory {}: memory", limits.COMPONENT_SPACE, "memories", (s.CORE_MEMORY,)),
    (s.CORE_GLOBAL, "global {}: global", limits.COMPONENT_SPACE, "globals", (s.CORE_GLOBAL,)),
    (s.CORE_TAG, "tag {}: tag", limits.COMPONENT_SPACE, "tags", (s.CORE_TAG,)),
    (s.CORE_TYPE, "type {}: type", limits.COMPONENT_SPACE, "types", (s.CORE_TYPE, s.TYPE)),
    (s.CORE_MODULE, "module {}: module", limits.COMPONENT_MODULES, "modules", (s.CORE_MODULE,)),
    (s.CORE_INSTANCE, "core instance {}: instance", limits.COMPONENT_DEFINED_INSTANCES, "instances", (s.CORE_INSTANCE, s.INSTANCE)),
    (s.FUNC, "function {}: function", limits.COMPONENT_SPACE, "functions", (s.CORE_FUNC, s.FUNC)),
    (s.VALUE, "value {}: value", limits.COMPONENT_VALUES, "values", (s.VALUE,)),
    (s.TYPE, "type {}: type", limits.COMPONENT_SPACE, "types", (s.CORE_TYPE, s.TYPE)),
    (s.COMPONENT, "component {}: component", limits.COMPONENT_COMPONENTS, "components", (s.COMPONENT,)),
    (s.INSTANCE, "instance {}: instance", limits.COMPONENT_DEFINED_INSTANCES, "instances", (s.CORE_INSTANCE, s.INSTANCE)),
)  # fmt: skip
BY_SORT: Final = {row[0]: row[1:] for row in ROWS}
NOT_VALUES: Final = frozenset((s.Func, Instance, Component, Resource))


@final
class Visible:
    """Types that have a name outside of a component. `rows`: names and resources; `good`: types found to consist of nothing else; `around`: more of
    them, where this is about an instance's type inside of another scope."""

    def __init__(self, around: Visible | None = None) -> None:
        self.rows: set[int] = set()
        self.good: set[int] = set()
        self.around = around

    def __contains__(self, t: int) -> bool:
        return t in self.rows or (self.around is not None and t in self.around)

    def known(self, t: int) -> bool:
        """Whether a type was found to be visible."""
        return t in self.good or (self.around is not None and self.around.known(t))


@final
class Externs:
    """The imports or the exports of a scope. `names`: key of each name -> the name; `resources`: row of a resource type -> what it is called;
    `resource_names`: those alone."""

    def __init__(self) -> None:
        self.items: dict[str, Entity] = {}
        self.names: dict[tuple[str, str], str] = {}
        self.resources: dict[int, str] = {}
        self.resource_names: set[str] = set()
        self.visible = Visible()
        self.size = 1


@final
class Scope:
    """`spaces` hold, by sort: core functions and tags ids of the registry; tables, memories and globals their types; core types ids, or rows of module
    types as -1 - row; core instances their items by name; values lists [type, used]; all others rows of the table.

    Numbers of resources: `imported` and where from; `defined` here, with the core type of their representation or None; `explicit`, exported and where.
    """

    def __init__(self, kind: int, table: Table, features: Features, outer: Scope | None) -> None:
        self.kind = kind
        self.table = table
        self.features = features
        self.outer = outer
        self.spaces: dict[int, list[Any]] = {sort: [] for sort in s.SORT_NAMES}
        self.imports = Externs()
        self.exports = Externs()
        self.imported: dict[int, Path] = {}
        self.defined: dict[int, int | None] = {}
        self.explicit: dict[int, Path] = {}
        self.aliased = 0  # the size of all types that were taken from outside of this component: each is walked
        self.context_type: int | None = None  # of context.get and context.set
        self.has_start = False

    def need(self, feature: str, message: str) -> None:
        """Raises InvalidError with `message` where a feature is off."""
        if feature not in self.features:
            raise InvalidError(f"{message} ({feature})")

    def need_values(self) -> None:
        self.need("component_model_values", "support for component model `value`s is not enabled")

    # ---- index spaces

    def add(self, sort: int, item: Any) -> None:
        """The next index of a sort."""
        _, limit, what, together = BY_SORT[sort]
        if sum([len(self.spaces[other]) for other in together]) >= limit:
            raise InvalidError(f"{what} count exceeds limit of {limit}")
        self.spaces[sort].append(item)

    def at(self, sort: int, index: int) -> Any:
        """What an index stands for."""
        space = self.spaces[sort]
        if index >= len(space):
            raise InvalidError(f"unknown {BY_SORT[sort][0].format(index)} index out of bounds")
        return space[index]

    def level(self, depth: int) -> Scope:
        """The scope `depth` levels out."""
        scope: Scope | None = self
        for _ in range(depth):
            scope = scope.outer if scope is not None else None
            if scope is None:
                break
        if scope is None:
            raise InvalidError(f"invalid outer alias count of {depth}")
        return scope

    def value_type(self, t: int) -> int:
        """A valtype as written."""
        if t < 0:
            if t == s.ERROR_CONTEXT:
                self.need("component_model_error_context", "`error-context` requires the component model error-context feature")
            return t
        return self.defined_type(t)

    def defined_type(self, index: int) -> int:
        """A type that must be a value type."""
        found: int = self.at(s.TYPE, index)
        if type(self.table.row(found)) in NOT_VALUES:
            raise InvalidError(f"type index {index} is not a defined type")
        return found

    def resource(self, index: int) -> int:
        """A type that must be a resource type; its row."""
        found: int = self.at(s.TYPE, index)
        if type(self.table.row(found)) is not Resource:
            raise InvalidError(f"type index {index} is not a resource type")
        return found

    def func_type(self, index: int) -> int:
        """A type that must be a function type."""
        found: int = self.at(s.TYPE, index)
        if type(self.table.row(found)) is not s.Func:
            raise InvalidError(f"type index {index} is not a function type")
        return found

    def value(self, index: int) -> int:
        """The type of a value, which is used up."""
        found: list[Any] = self.at(s.VALUE, index)
        if found[1]:
            raise InvalidError(f"value {index} cannot be used more than once")
        found[1] = True
        t: int = found[0]
        return t
