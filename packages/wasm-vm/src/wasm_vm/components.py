"""Components at run time: runs the steps of a plan (wasm_environ/component/planning) in a store."""

from __future__ import annotations

import sys

from wasm_environ.component.planning.plain import (
    ADAPTER_TRAP,
    BUILT_IN,
    CORE_INSTANCE,
    DEFINE_RESOURCE,
    EXTRACT,
    FLAG,
    FUNC,
    IMPORTED_MODULE,
    INSTANCE,
    LIFT,
    LOWER,
    MODULE,
    RESOURCE,
)
from wasm_environ.errors import LinkError
from wasm_environ.types import I32, FuncType
from wasm_vm._core import CallProgram, ComponentState

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from wasm_vm._core import ComponentFunc, Instance, LoadedModule, ResourceType, Store

    Plain = tuple[Any, ...]


func_type: Callable[[Any], Any] | None = None  # what makes the type of a function of its `info`: the public API sets it


class LoadedComponent:
    """A component of an engine, ready to be instantiated: its plan, plain, its core modules and its call program."""

    __slots__ = (
        "_types", "exports", "functions", "imports", "module_imports", "modules", "parents", "plain_types", "program", "resources", "steps",
    )  # fmt: skip

    def __init__(self, plan: Plain, program: CallProgram, modules: Sequence[LoadedModule]) -> None:
        parents, self.resources, self.functions, self.module_imports, self.steps, self.imports, self.exports, self.plain_types = plan
        self.parents = b"".join([parent.to_bytes(4, sys.byteorder) for parent in parents])
        self.program = program
        self.modules = modules
        self._types: Any = None

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


class Instantiation:
    """One instance of a component: `functions` and `resources` by slot, core instances and core items in the order of their making."""

    __slots__ = ("component", "core_instances", "functions", "items", "resources", "state", "store")

    def __init__(self, component: LoadedComponent, store: Store, imports: Imports) -> None:
        self.component = component
        self.store = store
        self.functions: list[Any] = [None] * component.functions
        self.resources: list[ResourceType | None] = [None] * len(component.resources)
        self.core_instances: list[Instance] = []
        self.items: list[Any] = []
        self.state = ComponentState(store, component.program, component.parents, len(component.resources), imports.arrays, imports.raises)
        for slot, function in imports.functions.items():
            self.functions[slot] = function
        for slot, type in imports.resources.items():
            self.resources[slot] = type
            self.state.resource(slot, type)
        try:
            for step in component.steps:
                ACTIONS[step[0]](self, imports, *step[1:])
        except BaseException:
            self.state.fail()
            raise

    def options(self, plain: Plain) -> Plain:
        """Canonical options with items in place of their slots."""
        instance, memory, realloc, post_return, encoding, is_async = plain
        items = self.items
        return (
            instance, items[memory] if memory >= 0 else None, items[realloc] if realloc >= 0 else None,
            items[post_return] if post_return >= 0 else None, encoding, is_async,
        )  # fmt: skip


def _core_instance(i: Instantiation, imports: Imports, module: int, items: tuple[int, ...]) -> None:
    i.core_instances.append(i.component.modules[module].instantiate(i.store, [i.items[item] for item in items]))


def _imported_module(i: Instantiation, imports: Imports, module: int, args: Plain) -> None:
    loaded = imports.modules[module]
    given: dict[str, dict[str, Any]] = {}
    for name, what in args:
        if isinstance(what, int):
            given[name] = dict(i.core_instances[what].exports(i.store).items())
        else:
            given[name] = {field: i.items[item] for field, item in what}
    try:
        items = [given[wanted[0]][wanted[1]] for wanted in loaded.module.imports]
    except KeyError as missing:
        raise LinkError(f"the imported core module {'.'.join(i.component.module_imports[module][0])!r} imports {missing}, which it is not given") from None
    i.core_instances.append(loaded.instantiate(i.store, items))


def _extract(i: Instantiation, imports: Imports, instance: int, name: str) -> None:
    i.items.append(i.core_instances[instance].exports(i.store)[name])


def _define_resource(i: Instantiation, imports: Imports, slot: int, instance: int, destructor: int, name: str | None) -> None:
    i.resources[slot] = i.state.define_resource(slot, instance, i.items[destructor] if destructor >= 0 else None, name)


def _lift(i: Instantiation, imports: Imports, slot: int, core: int, signature: int, type: int, options: Plain) -> None:
    i.functions[slot] = i.state.lift(signature, i.items[core], i.options(options), (i.component, i.resources, type))  # not `i`, which has the function


def _lower(i: Instantiation, imports: Imports, function: int, signature: int, options: Plain, params: tuple[int, ...], results: tuple[int, ...]) -> None:
    i.items.append(i.state.lower(signature, i.functions[function], i.options(options), FuncType(params, results)))


def _built_in(
    i: Instantiation, imports: Imports, code: int, operand: int, signature: int, options: Plain, params: tuple[int, ...], results: tuple[int, ...]
) -> None:
    i.items.append(i.state.built_in(code, operand, signature, i.options(options), FuncType(params, results)))


def _flag(i: Instantiation, imports: Imports, instance: int, which: int) -> None:
    i.items.append(i.state.flag(instance, which))


def _adapter_trap(i: Instantiation, imports: Imports) -> None:
    i.items.append(i.state.adapter_trap(FuncType((I32,), ())))


# By a plain step's number.
ACTIONS: dict[int, Callable[..., None]] = {
    CORE_INSTANCE: _core_instance, IMPORTED_MODULE: _imported_module, EXTRACT: _extract, DEFINE_RESOURCE: _define_resource, LIFT: _lift,
    LOWER: _lower, BUILT_IN: _built_in, FLAG: _flag, ADAPTER_TRAP: _adapter_trap,
}  # fmt: skip

# What the exports of an instantiation are, as a tree.
ExportTree = dict[str, "ComponentFunc | ResourceType | LoadedModule | ExportTree"]


def export_tree(i: Instantiation, imports: Imports, items: Plain) -> dict[str, Any]:
    """Functions, resource types, core modules and nested instances by name; types apart."""
    found: dict[str, Any] = {}
    for name, (kind, *fields) in items:
        if kind == FUNC:
            found[name] = i.functions[fields[0]]
        elif kind == RESOURCE:
            found[name] = i.resources[fields[0]]
        elif kind == MODULE:
            found[name] = (imports.modules if fields[1] else i.component.modules)[fields[0]]
        elif kind == INSTANCE:
            found[name] = export_tree(i, imports, fields[0])
    return found
