"""A component in a store of its own, for `wasm_facade.load`: exports as attributes, interfaces as objects with their functions."""

from __future__ import annotations

from wasm_environ.component.artifact import is_artifact
from wasm_environ.component.versions import compatible
from wasm_environ.errors import ArgumentError
from wasm_facade.bound import Bound
from wasm_facade.component.component import Component
from wasm_facade.component.linker import Linker, LinkerInstance
from wasm_vm import ComponentFunc, HostCall, Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from wasm_facade.component.types import FuncType
    from wasm_facade.engine import Engine

PLAIN = (int, float, complex, str, bytes, list, tuple, set, frozenset, type(None))  # no interfaces, whatever methods these have


class BoundFunc(Bound):
    """An exported function with its store: call it with its arguments alone."""

    __slots__ = ()

    @property
    def type(self) -> FuncType:
        """Its signature."""
        found: FuncType = self.func.type(self._store)
        return found

    def __repr__(self) -> str:
        return f"<component function {self._name!r}{f': {self.type._text}' if isinstance(self.func, ComponentFunc) else ''}>"


class Exports:
    """Items by name: as attributes, `-` written `_`, and an interface also without its package and version; as items by their own names."""

    def __init__(self, store: Store, items: Mapping[str, Any]) -> None:
        self._store = store
        self._items = items

    def __getitem__(self, name: str) -> Any:
        item = compatible(self._items, name)
        if item is None:
            raise KeyError(f"no export {name!r}; there is {', '.join(map(repr, self._items)) or 'nothing'}")
        if isinstance(item, dict):
            return Exports(self._store, item)
        return BoundFunc(self._store, name, item) if callable(item) else item  # an import that it exports again is a function of Python's

    def __getattr__(self, name: str) -> Any:
        found = [known for known in self._items if name in (known, attribute_of(known))]
        if len(found) > 1:  # a resource's type and constructor
            found = [known for known in found if callable(self._items[known])] or found
        if len(found) != 1 or name.startswith("__"):
            offers = ", ".join(map(attribute_of, self._items)) or "nothing"
            why = f"{len(found)} exports are called so: use them by name" if found else f"it exports {offers}"
            raise AttributeError(f"no export {name!r}; {why}")
        return self[found[0]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *map(attribute_of, self._items)]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {', '.join(self._items)}>"


class LoadedComponent(Exports):
    """An instance in a store of its own. `store`, `instance` and `component` are those of the full API."""

    def __init__(self, component: Component, store: Store, instance: Any) -> None:
        super().__init__(store, instance.exports(store))
        self.component = component
        self.store = store
        self.instance = instance


def attribute_of(name: str) -> str:
    """The attribute for an export's name: `wasi:cli/run@0.2.0` is `run`, `[method]blob.read` is `blob_read`, `to-upper` is `to_upper`."""
    last = name.rpartition("/")[2].partition("@")[0]
    return last.rpartition("]")[2].replace(".", "_").replace("-", "_")


def component_of(engine: Engine, source: bytes) -> Component:
    """A component from a binary, a text or an artifact."""
    return Component.deserialize(engine, source) if is_artifact(source) else Component(engine, source)


def load_component(engine: Engine, source: bytes, imports: Mapping[str, Any]) -> LoadedComponent:
    """Compile and instantiate a component. imports: functions by name, which are called with their arguments alone, classes for resources, and mappings or
    objects with such for interfaces. An err that an exported function returns is raised, as Err; an ok is its payload."""
    component = component_of(engine, source)
    linker = Linker(engine)
    linker.raises = True
    with linker.root() as root:
        _define(root, imports, "imports")
    store = Store(engine)
    return LoadedComponent(component, store, linker.instantiate(store, component))


def _define(into: LinkerInstance, items: Mapping[str, Any], where: str) -> None:
    for name, item in items.items():
        if hasattr(item, "items"):
            with into.add_instance(name) as inner:
                _define(inner, item, f"{where}[{name!r}]")
        elif isinstance(item, type):
            into.resource(name, item)
        elif callable(item):
            into.add_func(name, HostCall(item))
        elif isinstance(item, PLAIN):
            raise ArgumentError(f"{where}[{name!r}]: expected a function, a class, or a mapping or object with such, not {type(item).__name__}")
        else:
            with into.add_instance(name) as inner:
                inner.implement(item)
