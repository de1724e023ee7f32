"""Linker of components: imports found by name, for any number of components and stores."""

from __future__ import annotations

from wasm_environ.component.planning.plain import FUNC, INSTANCE, MODULE, RESOURCE
from wasm_environ.errors import ArgumentError, LinkError, WasmError
from wasm_facade.component.component import Component
from wasm_facade.component.instance import Instance
from wasm_facade.component.versions import compatible
from wasm_facade.engine import Engine
from wasm_facade.module import Module
from wasm_vm import Caller, ResourceType, Store, Trap
from wasm_vm.components import Imports, Instantiation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Self

    Storelike = Store | Caller
    Definitions = dict[str, Any]  # callables, ResourceTypes, Modules, and such dicts for instances

KINDS = {FUNC: "function", RESOURCE: "resource", MODULE: "module", INSTANCE: "instance"}


class _Definer:
    """What a linker and its instances have in common: names, and that one is not used while an instance inside of it is."""

    __slots__ = ("_locked",)

    def __init__(self) -> None:
        self._locked = False

    def _check_free(self) -> None:
        if self._locked:
            raise WasmError("cannot use the linker while it is in use by one of its instances: close that first, or use it in a `with` block")


class Linker(_Definer):
    """A set of named definitions, by which the imports of components are found.

    `arrays`, False at first: whether the components that it instantiates give lists of numbers to Python, in results and to host functions, as `array.array`,
    which numpy takes without a copy. `list<u8>` is bytes either way. A function's own `arrays` says it of that function's results.
    """

    __slots__ = ("__dict__", "__weakref__", "_allow_shadowing", "_definitions", "arrays", "engine")

    def __init__(self, engine: Engine) -> None:
        if not isinstance(engine, Engine):
            raise ArgumentError(f"engine: expected an Engine, not {type(engine).__name__}")
        super().__init__()
        self.engine = engine
        self._allow_shadowing = False
        self.arrays = False
        self._definitions: Definitions = {}

    @property
    def allow_shadowing(self) -> bool:
        """Whether a definition may replace an earlier one of the same name; else that is an error."""
        return self._allow_shadowing

    @allow_shadowing.setter
    def allow_shadowing(self, allow: bool) -> None:
        if not isinstance(allow, bool):
            raise TypeError(f"allow_shadowing: expected a bool, not {type(allow).__name__}")
        self._check_free()
        self._allow_shadowing = allow

    def root(self) -> LinkerInstance:
        """Where items are defined. In use, until it is closed or its `with` block ends, it keeps the linker from other uses."""
        self._check_free()
        return LinkerInstance._of(self, self, self._definitions)

    def define_unknown_imports_as_traps(self, component: Component) -> None:
        """Define the functions and resources that `component` imports and this linker lacks: calling one is a trap that names it."""
        self._check_free()
        _define_traps(self._definitions, component._loaded.imports, ())

    def instantiate(self, store: Storelike, component: Component) -> Instance:
        """A new instance of `component` in `store`, its imports being this linker's definitions. Raises LinkError naming what is missing."""
        self._check_free()
        if not isinstance(component, Component):
            raise ArgumentError(f"component: expected a Component, not {type(component).__name__}")
        if component.engine is not self.engine:
            raise WasmError("the component belongs to another engine than this linker")
        here = store.store if isinstance(store, Caller) else store
        if not isinstance(here, Store):
            raise ArgumentError(f"store: expected a Store or Caller, not {type(store).__name__}")
        imports = Imports()
        imports.arrays = bool(self.arrays)
        _resolve(imports, self._definitions, component._loaded.imports, ())
        return Instance._of(Instantiation(component._loaded, here, imports), imports)

    def __repr__(self) -> str:
        return f"<component Linker, {len(self._definitions)} definitions>"


class LinkerInstance(_Definer):
    """The items of one instance in a linker, or of its root."""

    __slots__ = ("_definitions", "_linker", "_parent")
    _definitions: Definitions
    _linker: Linker
    _parent: _Definer | None

    def __init__(self) -> None:
        raise WasmError("Cannot directly construct a `LinkerInstance`")

    @classmethod
    def _of(cls, linker: Linker, parent: _Definer, definitions: Definitions) -> LinkerInstance:
        made = cls.__new__(cls)
        made._locked = False
        made._linker = linker
        made._parent = parent
        made._definitions = definitions
        parent._locked = True
        return made

    def _insert(self, name: str, item: Any) -> None:
        if self._parent is None:
            raise ValueError("already closed")
        self._check_free()
        if not isinstance(name, str):
            raise ArgumentError(f"name: expected a str, not {type(name).__name__}")
        if name in self._definitions and not self._linker._allow_shadowing:
            raise WasmError(f"map entry `{name}` defined twice")
        self._definitions[name] = item

    def add_instance(self, name: str) -> LinkerInstance:
        """An instance of that name, to define items in."""
        self._insert(name, {})
        return LinkerInstance._of(self._linker, self, self._definitions[name])

    def add_func(self, name: str, func: Callable[..., Any]) -> None:
        """Define a Python function: `func(store, *args)`. What it raises surfaces where the guest was called."""
        if not callable(func):
            raise TypeError(f"func: expected something callable, not {type(func).__name__}")
        self._insert(name, func)

    def add_module(self, name: str, module: Module) -> None:
        """Define a core module."""
        if not isinstance(module, Module):
            raise ArgumentError(f"module: expected a Module, not {type(module).__name__}")
        self._insert(name, module)

    def add_resource(self, name: str, ty: ResourceType, dtor: Callable[[Store, int], object] | None = None) -> None:
        """Define a resource type; `dtor(store, rep)` runs when a guest drops one that it owns."""
        if not isinstance(ty, ResourceType):
            raise ArgumentError(f"ty: expected a ResourceType, not {type(ty).__name__}")
        if dtor is not None and not callable(dtor):
            raise TypeError(f"dtor: expected something callable, not {type(dtor).__name__}")
        self._insert(name, ResourceType(name, dtor, number=ty.number) if ty.number is not None else ty)

    def close(self) -> None:
        """Let go of the linker."""
        if self._parent is not None:
            self._check_free()
            self._parent._locked = False
            self._parent = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_parent", None) is not None and not self._locked:
            self.close()


def _resolve(imports: Imports, definitions: Definitions, items: Any, path: tuple[str, ...]) -> None:
    """Fill the slots of `items` from definitions of the same names."""
    for name, (kind, *fields) in items:
        here = (*path, name)
        found = compatible(definitions, name)
        if kind == INSTANCE:
            if found is not None and not isinstance(found, dict):
                raise _wrong(here, kind, found)
            if found is None and _needs(fields[0]):
                raise _missing(here, kind)
            _resolve(imports, found or {}, fields[0], here)
        elif kind in KINDS:
            if found is None:
                raise _missing(here, kind)
            _fill(imports, here, kind, fields, found)


def _needs(items: Any) -> bool:
    """Whether anything is wanted of an instance but types."""
    return any(kind in (FUNC, RESOURCE, MODULE) or (kind == INSTANCE and _needs(fields[0])) for _, (kind, *fields) in items)


def _fill(imports: Imports, path: tuple[str, ...], kind: int, fields: Any, found: Any) -> None:
    if kind == FUNC and callable(found) and not isinstance(found, (ResourceType, type)):
        imports.functions[fields[0]] = found
    elif kind == RESOURCE and isinstance(found, ResourceType):
        imports.resources[fields[0]] = found
    elif kind == MODULE and isinstance(found, Module):
        imports.modules.append(found._loaded)
    else:
        raise _wrong(path, kind, found)


def _missing(path: tuple[str, ...], kind: int) -> LinkError:
    where = f"instance `{path[-2]}`" if len(path) > 1 else "the component"
    verb = "needs" if len(path) > 1 else "imports"
    return LinkError(f"{where} {verb} {KINDS[kind]} `{path[-1]}`, but a matching implementation was not found in the linker")


def _wrong(path: tuple[str, ...], kind: int, found: Any) -> LinkError:
    what = "an instance" if isinstance(found, dict) else f"a {type(found).__name__}"
    return LinkError(f"import {' '.join(f'`{name}`' for name in path)}: expected a {KINDS[kind]}, and the linker has {what}")


def _define_traps(definitions: Definitions, items: Any, path: tuple[str, ...]) -> None:
    for name, (kind, *fields) in items:
        found = compatible(definitions, name)
        if kind == INSTANCE and (found is None or isinstance(found, dict)):
            if found is None:
                found = definitions[name] = {}
            _define_traps(found, fields[0], (*path, name))
        elif kind == FUNC and found is None:
            definitions[name] = _trap((*path, name))
        elif kind == RESOURCE and found is None:
            definitions[name] = ResourceType(name)


def _trap(path: tuple[str, ...]) -> Callable[..., Any]:
    def unknown(*args: object) -> Any:
        raise Trap(f"unknown import: `{'#'.join(path)}` has not been defined")

    return unknown


