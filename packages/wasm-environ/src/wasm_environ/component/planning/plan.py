"""The plan of a component: what instantiating it does, as data. `planner` makes one; the runtime runs its steps from first to last.

Numbers name slots, each kind its own: core instances; core items (functions, memories, tables, globals, tags); functions; resource types; component
instances, 0 being the root. A slot is filled by exactly one step, before any step that reads it.
"""

from __future__ import annotations

from typing import NamedTuple

from wasm_environ.component.types import TypeTable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_environ.module import Module

UTF8, UTF16, LATIN1_UTF16 = 0, 1, 2  # Options.encoding
NO_TYPE = 1 << 31  # where a type is optional


class Options(NamedTuple):
    """Canonical options, resolved: the component instance they belong to, and core items, -1 for none."""

    instance: int
    memory: int = -1
    realloc: int = -1
    post_return: int = -1
    callback: int = -1
    encoding: int = UTF8
    is_async: bool = False
    is64: bool = False  # the memory's addresses are 64-bit


# ---- steps


class CoreInstance(NamedTuple):
    """Instantiate core module `module`; `items`: its imports in order, as core items. With a start function it runs."""

    slot: int
    module: int
    items: tuple[int, ...]


class ImportedModuleInstance(NamedTuple):
    """The same of a module that is itself imported, whose imports are known only then: by module name, core items by name."""

    slot: int
    module: int  # of Plan.module_imports
    args: tuple[tuple[str, tuple[tuple[str, int], ...] | int], ...]  # int: all exports of that core instance


class Extract(NamedTuple):
    """Core item `slot` is the export `name` of a core instance."""

    slot: int
    instance: int
    name: str


class DefineResource(NamedTuple):
    """Resource type `slot` of a component instance; `destructor`: a core item or -1. `rep`: a core value type."""

    slot: int
    instance: int
    rep: int
    destructor: int


class Lift(NamedTuple):
    """Function `slot` of component type `type` is core item `core` lifted."""

    slot: int
    core: int
    type: int
    options: Options


class Lower(NamedTuple):
    """Core item `slot` is function `function` of component type `type` lowered."""

    slot: int
    function: int
    type: int
    options: Options


class BuiltIn(NamedTuple):
    """Core item `slot` is a canonical built-in (`canons`): `operands` as in the binary with indices resolved to types, resources and core items.

    `type`: the result type of task.return, NO_TYPE without one.
    """

    slot: int
    code: int
    operands: tuple[int, ...]
    type: int
    options: Options


class Flag(NamedTuple):
    """Core item `slot` is a flag of a component instance, as a mutable global of i32: what an adapter shares with the runtime."""

    slot: int
    instance: int
    which: int


MAY_LEAVE, ENTERED, TRAPPED = 0, 1, 2  # Flag.which; the last is the same in every instance


class AdapterTrap(NamedTuple):
    """Core item `slot` is the function by which adapters trap: of an i32, which trap it is."""

    slot: int


Step = CoreInstance | ImportedModuleInstance | Extract | DefineResource | Lift | Lower | BuiltIn | Flag | AdapterTrap


# ---- what is imported and exported: trees


class FuncItem(NamedTuple):
    """A function: its slot and its component type."""

    slot: int
    type: int


class ResourceItem(NamedTuple):
    """A resource type, by its slot; in a nominal plan `name` is the number of its name here (`ResourceName`), else -1."""

    slot: int
    name: int = -1


class ValueTypeItem(NamedTuple):
    """A value type, or a function type."""

    type: int


class ModuleItem(NamedTuple):
    """A core module: of Plan.modules, or of Plan.module_imports."""

    number: int
    imported: bool


class InstanceItem(NamedTuple):
    """An instance: its items by name."""

    items: dict[str, Item]


class OtherItem(NamedTuple):
    """A component, or the type of a component, instance or core module: named, without use at run time."""

    sort: int


Item = FuncItem | ResourceItem | ValueTypeItem | ModuleItem | InstanceItem | OtherItem


class Plan:
    """See the attributes."""

    __slots__ = (
        "core_instances", "core_items", "exports", "functions", "imports", "module_imports", "modules", "parents", "resources", "steps", "types",
    )  # fmt: skip

    def __init__(self, nominal: bool = False) -> None:
        self.types = TypeTable(nominal)  # Own and Borrow hold slots of resource types
        self.modules: list[Module] = []  # each definition once
        self.module_imports: list[tuple[str, ...]] = []  # by what path they are imported
        self.steps: list[Step] = []
        self.imports: dict[str, Item] = {}  # the slots of their functions and resources are filled before the first step
        self.exports: dict[str, Item] = {}
        self.core_instances = 0  # how many slots of each kind
        self.core_items = 0
        self.functions = 0
        self.resources: list[tuple[str, ...] | int] = []  # by slot: the path by which it is imported, or the component instance that defines it
        self.parents = [0]  # of component instances: which one instantiated it; the root's is itself
