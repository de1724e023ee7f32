"""What a package will have: a module for each interface, the types that it defines and those that are another's, and its functions; names in Python."""

from __future__ import annotations

from wasm_environ.component import syntax as s
from wasm_environ.component.planning.plan import FuncItem, InstanceItem, ResourceItem, ValueTypeItem
from wasm_environ.component.types import TypeTable
from wasm_facade.bindgen.names import BUILTIN_TYPES, CLASSES, RESOURCE_METHODS, InterfaceName, Scope, camel, module_names, snake

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

    from wasm_environ.component.interface import Interface
    from wasm_environ.component.planning.plan import Item

IMPORTS, EXPORTS = "imports", "exports"  # where a module is
WORLD: Final = "world"  # what has no interface
NAMED: Final = (s.Record, s.Variant, s.Enum, s.Flags)  # types that are classes


class Definition:
    """A name for a type: `type` its number, or -1 of a resource, whose slot is `resource`. `owner`: the definition that this is another name of."""

    __slots__ = ("cases", "error", "label", "module", "name", "owner", "resource", "type")

    def __init__(self, module: Module, label: str, name: str, type: int, resource: int = -1) -> None:
        self.module = module
        self.label = label
        self.name = name
        self.type = type
        self.resource = resource
        self.owner: Definition | None = None
        self.cases: dict[str, str] = {}  # of a variant: classes by label
        self.error = ""  # the exception for errors of this type, where a function has such


class Function:
    """A function: `kind` is "", `constructor`, `method` or `static`, the last three of the module's resource of that label."""

    __slots__ = ("kind", "name", "resource", "type", "wit")

    def __init__(self, wit: str, type: s.Func) -> None:
        self.wit = wit
        self.type = type
        self.kind, self.resource, self.name = taken_apart(wit)

    def parameters(self) -> list[tuple[str, int]]:
        """By name in Python; a method's self is not among them."""
        scope = Scope(("self", "exports"))
        given = self.type.params[1:] if self.kind == "method" else self.type.params
        return [(scope.free(snake(label)), type) for label, type in given]


class Module:
    """A Python module of an interface, or of what the world itself imports or exports. `path`: the names that lead to its items."""

    __slots__ = ("class_name", "definitions", "folder", "functions", "items", "name", "path", "resources", "scope", "types")

    def __init__(self, folder: str, name: str, path: tuple[str, ...], items: dict[str, Item]) -> None:
        self.folder = folder
        self.name = name
        self.path = path
        self.items = items
        self.scope = Scope(CLASSES)
        self.definitions: list[Definition] = []
        self.functions: list[Function] = []
        self.types: dict[int, Definition] = {}  # by number
        self.resources: dict[int, Definition] = {}  # by slot
        self.class_name = ""


class Model:
    """See the module."""

    def __init__(self, interface: Interface) -> None:
        self.interface = interface
        self.modules: list[Module] = []
        self.owners: dict[int, Definition] = {}  # by the structure of a type
        self.resource_owners: dict[int, Definition] = {}
        self._structures = TypeTable()
        for folder, items in ((IMPORTS, interface.imports), (EXPORTS, interface.exports)):
            self._side(folder, items)
        for module in self.modules:
            self._functions(module)
        for module in self.modules:
            for function in module.functions:
                self._error(function)

    def _side(self, folder: str, items: dict[str, Item]) -> None:
        instances = dict(_instances(items, ()))
        names = module_names(["/".join(path) for path in instances])
        modules = {path: Module(folder, name, path, inner) for (path, inner), name in zip(instances.items(), names.values(), strict=True)}
        world = Module(folder, WORLD, (), {name: item for name, item in items.items() if not isinstance(item, InstanceItem)})
        for name, item in items.items():
            if not isinstance(item, InstanceItem):
                self._definition(world, name, item)
            for path, module in modules.items():
                if path[0] == name:
                    self.modules.append(module)
                    for label, inner in module.items.items():
                        self._definition(module, label, inner)
        if world.items:
            self.modules.append(world)

    # ---- types

    def owner(self, type: int) -> Definition | None:
        """What defines a type that is a class; types that are alike are one class."""
        return self.owners.get(self.interface.structure(type, self._structures))

    def _definition(self, module: Module, label: str, item: Item) -> None:
        if isinstance(item, ResourceItem):
            made = Definition(module, label, module.scope.free(camel(label)), -1, item.slot)
            made.owner = self.resource_owners.setdefault(item.slot, made)
            module.resources.setdefault(item.slot, made)
        elif isinstance(item, ValueTypeItem) and not isinstance(self.interface.row(item.type), s.Func):
            made = Definition(module, label, module.scope.free(camel(label)), item.type)
            row = self.interface.row(item.type)
            if isinstance(row, NAMED):
                made.owner = self.owners.setdefault(self.interface.structure(item.type, self._structures), made)
                if isinstance(row, s.Variant):
                    made.cases = {case: module.scope.free(f"{made.name}_{camel(case)}") for case, _ in row.cases}
            module.types.setdefault(item.type, made)
        else:
            return
        if made.owner is made:
            made.owner = None
        module.definitions.append(made)

    # ---- functions

    def _functions(self, module: Module) -> None:
        stem = camel("-".join([InterfaceName(name).name for name in module.path])) or camel(WORLD)
        module.class_name = module.scope.free(f"{stem}Interface" if stem in module.scope.taken else stem)
        scope = Scope(BUILTIN_TYPES)
        own = {d.label: Scope((*BUILTIN_TYPES, *RESOURCE_METHODS)) for d in module.definitions if d.resource >= 0 and d.owner is None}
        for wit, item in module.items.items():
            if isinstance(item, FuncItem):
                type = self.interface.types.rows[item.type]
                assert isinstance(type, s.Func)
                function = Function(wit, type)
                module.functions.append(function)
                self._name(function, module, scope, own)

    def _name(self, function: Function, module: Module, scope: Scope, own: dict[str, Scope]) -> None:
        """What it is called: in its resource's class, or beside other functions, as constructors of imported resources are."""
        mine = own.get(function.resource)
        if mine is not None and function.kind != "constructor" and (module.folder == EXPORTS or function.kind == "method"):
            function.name = mine.free(snake(function.name))
        elif mine is not None and module.folder == EXPORTS:
            function.name = "__init__"
        else:
            function.name = scope.free(snake("-".join([part for part in (function.resource, function.name) if part])))
            if mine is None:
                function.kind = function.resource = ""

    def _error(self, function: Function) -> None:
        """The exception for the errors of a function."""
        error = self.error_of(function)
        if error is not None and not error.error:
            error.error = error.module.scope.free(f"{error.name}Exception")

    def error_of(self, function: Function) -> Definition | None:
        """What defines the type of its errors, where that is a class."""
        row = None if function.type.result is None else self.interface.row(function.type.result)
        if not isinstance(row, s.Result) or row.error is None or not isinstance(self.interface.row(row.error), NAMED):
            return None
        return self.owner(row.error)


def _instances(items: dict[str, Item], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], dict[str, Item]]]:
    """Instances by path, those inside of others too."""
    for name, item in items.items():
        if isinstance(item, InstanceItem):
            yield (*path, name), item.items
            yield from _instances(item.items, (*path, name))


def taken_apart(wit: str) -> tuple[str, str, str]:
    """`[method]blob.read` as kind, resource and function; what belongs to no resource has but the last."""
    kind, bracket, rest = wit.rpartition("]")
    if not bracket:
        return "", "", wit
    resource, _, function = rest.partition(".")
    return kind.removeprefix("["), resource, function
