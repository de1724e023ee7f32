"""Components at run time: a plan made ready for the core, which runs its steps, and what an instance exports."""

from __future__ import annotations

import sys

from wasm_environ.component.planning.plain import FUNC, INSTANCE, MODULE, RESOURCE
from wasm_vm._core import CallProgram, ComponentPlan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Self

    from wasm_vm._core import ComponentFunc, EngineCore, Instantiation, LoadedModule, ResourceType

    Plain = tuple[Any, ...]


func_type: Callable[[Any, tuple[ResourceType, ...], int], Any] | None = None  # (component, resource types by slot, type) -> its type: the public API sets it
to_host: Callable[[int, int, bool], Any] | None = None  # (representation, number, owned) -> a ResourceHost: the same


class LoadedComponent(ComponentPlan):
    """A component of an engine, ready to be instantiated: its plan, its core modules and its call program."""

    __slots__ = ("_types", "exports", "functions", "imports", "module_imports", "modules", "plain_types", "program", "resources")
    functions: int  # how many slots
    resources: tuple[tuple[str, ...] | int, ...]  # by slot: by what path it is imported, or which component instance defines it
    module_imports: Plain  # (path, type) each
    imports: Plain
    exports: Plain
    plain_types: Plain
    program: CallProgram
    modules: tuple[LoadedModule, ...]
    _types: Any

    def __new__(cls, engine: EngineCore, plan: Plain, program: CallProgram, modules: Sequence[LoadedModule]) -> Self:
        parents, resources, functions, module_imports, steps, imports, exports, plain_types = plan
        loaded = tuple(modules)
        numbers = b"".join([parent.to_bytes(4, sys.byteorder) for parent in parents])
        made = super().__new__(cls, engine, program, numbers, functions, resources, loaded, len(module_imports), steps)
        made.functions, made.resources, made.imports, made.exports, made.plain_types = functions, resources, imports, exports, plain_types
        made.program, made.modules, made.module_imports = program, loaded, module_imports
        made._types = None
        return made

    @property
    def types(self) -> Any:
        """The TypeTable of its types, made when it is first asked for."""
        if self._types is None:
            from wasm_environ.component.planning.plain import types_of

            self._types = types_of(self.plain_types)
        return self._types


class Imports:
    """What a component's imports are given, by slot: functions, resource types, modules. `arrays`: lists of numbers come to Python as array.array;
    `raises`: an err that a function returns is raised."""

    __slots__ = ("arrays", "functions", "modules", "raises", "resources")

    def __init__(self) -> None:
        self.functions: dict[int, Callable[..., Any]] = {}
        self.resources: dict[int, ResourceType] = {}
        self.modules: list[LoadedModule] = []
        self.arrays = False
        self.raises = False

    def by_slot(self, component: LoadedComponent) -> tuple[Plain, Plain, Plain, bool, bool]:
        """All of it as a ComponentPre takes it."""
        functions = tuple(map(self.functions.get, range(component.functions)))
        resources = tuple(map(self.resources.get, range(len(component.resources))))
        return functions, resources, tuple(self.modules), self.arrays, self.raises


# What the exports of an instantiation are, as a tree.
ExportTree = dict[str, "ComponentFunc | ResourceType | LoadedModule | ExportTree"]


def export_tree(i: Instantiation, component: LoadedComponent, imports: Imports, items: Plain) -> dict[str, Any]:
    """Functions, resource types, core modules and nested instances by name; types apart."""
    found: dict[str, Any] = {}
    for name, (kind, *fields) in items:
        if kind == FUNC:
            found[name] = i._function(fields[0])
        elif kind == RESOURCE:
            found[name] = i._resource(fields[0])
        elif kind == MODULE:
            found[name] = (imports.modules if fields[1] else component.modules)[fields[0]]
        elif kind == INSTANCE:
            found[name] = export_tree(i, component, imports, fields[0])
    return found
