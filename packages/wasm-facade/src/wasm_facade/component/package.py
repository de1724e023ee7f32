"""Instantiates the component of a package written by `wasm bindgen`: its classes bound to types, what Python gives it by name."""

from __future__ import annotations

import os
from contextlib import ExitStack
from weakref import WeakSet

from wasm_environ.component.artifact import is_artifact
from wasm_environ.errors import ArgumentError, LinkError, WasmError
from wasm_facade.component.binding import bind
from wasm_facade.component.component import Component
from wasm_facade.component.linker import Linker
from wasm_vm import HostCall, ResourceType, Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from wasm_facade.component.linker import LinkerInstance
    from wasm_facade.component.results import Err
    from wasm_facade.engine import Engine

    Classes = Mapping[str, type | tuple[type, ...]]


class Interface:
    """What a component calls the parts of a module: `classes` of types, `errors` the exceptions for errors of a type; of an imported one `functions`
    by their names in the `protocol`, and its `resources`."""

    def __init__(
        self, path: tuple[str, ...], *, classes: Classes | None = None, errors: Mapping[str, type[Err[Any]]] | None = None, protocol: type | None = None,
        functions: Mapping[str, str] | None = None, resources: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self.path = path
        self.classes = classes or {}
        self.errors = errors or {}
        self.protocol = protocol
        self.functions = functions or {}
        self.resources = resources


class Package:
    """The component of a package, loaded once for each engine. `file`: where it is, beside `home`; None where whoever instantiates it gives one."""

    def __init__(self, home: str, file: str | None, imports: Mapping[str, Interface] | None = None, exports: Mapping[str, Interface] | None = None) -> None:
        self.home = home
        self.file = file
        self.imports = imports or {}
        self.exports = exports or {}
        self._bound: WeakSet[Component] = WeakSet()

    def instantiate(self, store: Store, imports: object, linker: Linker | None, component: Component | None) -> dict[str, Any]:
        """What a new instance exports. imports: an object with an attribute for each interface; what is None there is the linker's."""
        return instantiate(self, store, imports, linker, component)


def instantiate(package: Package, store: Store, imports: object, linker: Linker | None, component: Component | None) -> dict[str, Any]:
    """See Package.instantiate."""
    if not isinstance(store, Store):
        raise ArgumentError(f"store: expected a Store, not {type(store).__name__}")
    for name, given, kind in (("linker", linker, Linker), ("component", component, Component)):
        if given is not None and not isinstance(given, kind):
            raise ArgumentError(f"{name}: expected a {kind.__name__} or None, not {type(given).__name__}")
    engine: Engine = store.engine
    if component is None:
        component = _load(package, engine)
    if component not in package._bound:
        interfaces = (*package.imports.values(), *package.exports.values())
        classes = {(*i.path, name): found for i in interfaces for name, found in i.classes.items()}
        bind(component, classes, {(*i.path, name): error for i in interfaces for name, error in i.errors.items()})
        package._bound.add(component)
    definitions = Linker(engine)
    definitions.allow_shadowing = True
    if linker is not None:
        definitions._definitions.update(linker._definitions)
        definitions._definitions.object = linker._definitions.object
        definitions.arrays = linker.arrays
    with definitions.root() as root:
        for name, interface in package.imports.items():
            given = getattr(imports, name, None)
            if given is not None:
                _define(root, name, interface, given)
            elif interface.functions and linker is None:
                wanted = "/".join(interface.path) or name
                raise LinkError(f"nothing was given for the import {wanted!r}: {type(imports).__name__}.{name} is None, and there is no linker")
    return definitions.instantiate(store, component).exports(store)


def _load(package: Package, engine: Engine) -> Component:
    kept: dict[Package, Component] = vars(engine).setdefault("_packages", {})  # with the engine, which a component refers to, it goes
    found = kept.get(package)
    if found is None:
        if package.file is None:
            raise WasmError("this package is of a world: say which component is to be instantiated")
        path = os.path.join(os.path.dirname(package.home), package.file)
        with open(path, "rb") as file:
            data = file.read()
        found = kept[package] = Component.deserialize(engine, data) if is_artifact(data) else Component(engine, data)
    return found


def _define(root: LinkerInstance, name: str, interface: Interface, given: Any) -> None:
    """An interface of Python's: the functions of `given`, by name."""
    functions = {wit: _host_call(name, interface, given, wit, attribute) for wit, attribute in interface.functions.items()}
    with ExitStack() as stack:
        into = root
        for step in interface.path:
            into = stack.enter_context(into.add_instance(step))
        for label in interface.resources:
            into.add_resource(label, ResourceType(label, _leave, object))
        for wit, function in functions.items():
            into.add_func(wit, function)


def _host_call(name: str, interface: Interface, given: Any, wit: str, attribute: str) -> HostCall:
    if wit.startswith("[method]"):
        return HostCall(attribute, method=True, typed=True)
    found = getattr(given, attribute, None)
    if not callable(found):
        from inspect import signature

        wanted = getattr(interface.protocol, attribute)
        protocol = interface.protocol.__qualname__ if interface.protocol else "?"
        raise LinkError(f"imports.{name}: {type(given).__name__} has no function `{attribute}`, which {protocol} has: `def {attribute}{signature(wanted)}`")
    return HostCall(found, typed=True)


def _leave(store: Store, object: Any) -> None:
    """A guest has dropped its last handle to it."""
    if hasattr(object, "__exit__"):
        object.__exit__(None, None, None)
