"""Linker of components: imports found by name, for any number of components and stores."""

from __future__ import annotations

from wasm_environ.errors import ArgumentError, WasmError
from wasm_facade.component.component import Component
from wasm_facade.component.definitions import Definitions, Host, HostFunction, HostObject, HostResource, checked_errors
from wasm_facade.component.instance import Instance, InstancePre
from wasm_facade.component.resolve import Resolver, define_traps
from wasm_facade.engine import Engine
from wasm_facade.module import Module
from wasm_facade.shadowing import Shadowing
from wasm_vm import ResourceType
from wasm_vm.components import Imports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, NoReturn, Self

    from wasm_facade.component.definitions import Errors
    from wasm_vm import Caller, Store

    Storelike = Store | Caller


class Linker(Shadowing):
    """A set of named definitions, by which the imports of components are found.

    What the components that it instantiates give to Python, False at first: `arrays`, lists of numbers as `array.array`, which numpy takes without a copy, in
    results and to host functions (`list<u8>` is bytes either way); `raises`, an err that a function returns as an exception, `Err`. A function's own
    `arrays` and `raises` say it of that function's results.
    """

    __slots__ = ("__dict__", "__weakref__", "_arrays", "_closed", "_definitions", "_locked", "_pre", "_raises", "engine")

    def __init__(self, engine: Engine) -> None:
        if not isinstance(engine, Engine):
            raise ArgumentError(f"engine: expected an Engine, not {type(engine).__name__}")
        super().__init__()
        self.engine = engine
        self._arrays = False
        self._raises = False
        self._locked = False
        self._definitions = Definitions()
        self._closed = False
        self._pre: InstancePre | None = None

    @property
    def arrays(self) -> bool:
        """Whether lists of numbers are `array.array`."""
        return self._arrays

    @arrays.setter
    def arrays(self, arrays: bool) -> None:
        self._arrays = bool(arrays)
        self._pre = None

    @property
    def raises(self) -> bool:
        """Whether an err is raised."""
        return self._raises

    @raises.setter
    def raises(self, raises: bool) -> None:
        self._raises = bool(raises)
        self._pre = None

    def _check_free(self) -> None:
        if self._closed:
            raise ValueError("already closed")
        _check_free(self)

    def root(self) -> LinkerInstance:
        """Where items are defined. In use, until it is closed or its `with` block ends, it keeps the linker from other uses."""
        self._check_free()
        self._pre = None
        return LinkerInstance._of(self, self, self._definitions)

    def define_unknown_imports_as_traps(self, component: Component) -> None:
        """Define the functions and resources that `component` imports and this linker lacks: calling one is a trap that names it."""
        self._check_free()
        if not isinstance(component, Component):
            raise ArgumentError(f"component: expected a Component, not {type(component).__name__}")
        self._pre = None
        define_traps(self._definitions, component._loaded.imports)

    def resource(
        self, interface: str, name: str, cls: type, *, drop: Callable[..., object] | None = None, pass_store: bool = False, errors: Errors | None = None
    ) -> None:  # fmt: skip
        """`LinkerInstance.resource` in the instance `interface`."""
        made = HostResource(name, cls, drop, Host(pass_store, errors))
        with self._instance(interface) as instance:
            instance._insert(name, made)

    def implement(self, interface: str, by: Any, *, pass_store: bool = False, errors: Errors | None = None) -> None:
        """`LinkerInstance.implement` in the instance `interface`."""
        made = HostObject(by, Host(pass_store, errors))
        with self._instance(interface) as instance:
            instance._implement(made)

    def add_wasip2(self) -> None:
        """Define the interfaces of WASI 0.2 that `wasi:cli/imports` has. What a store's guests get: `Store.set_wasi(config)`."""
        self._add_wasi("COMMAND")

    def add_wasi_http(self) -> None:
        """Define `wasi:http`, for requests that guests make, and for those that they answer. Where they may go: `WasiConfig.network`."""
        self._add_wasi("HTTP")

    def add_wasi_config(self) -> None:
        """Define `wasi:config/store`, which has `WasiConfig.variables`."""
        self._add_wasi("CONFIG")

    def add_wasi_keyvalue(self) -> None:
        """Define `wasi:keyvalue`, whose buckets are `WasiConfig.stores`."""
        self._add_wasi("KEYVALUE")

    def _add_wasi(self, packages: str) -> None:
        from wasm_facade.component.wasi import interfaces

        self._check_free()
        found = interfaces(packages)
        for name in found:
            if name in self._definitions and not self._allow_shadowing:
                raise WasmError(f"map entry `{name}` defined twice")
        self._pre = None
        self._definitions.update(found)

    def _instance(self, name: str) -> LinkerInstance:
        """The instance of that name, made if there is none."""
        self._check_free()
        _check_name(name)
        self._pre = None
        found = self._definitions.setdefault(name, Definitions())
        if not isinstance(found, Definitions):
            raise WasmError(f"map entry `{name}` defined twice")
        return LinkerInstance._of(self, self, found)

    def instantiate_pre(self, component: Component) -> InstancePre:
        """Find the imports of `component` now, to instantiate it many times, in any stores and threads. Raises LinkError naming all that is missing."""
        self._check_free()
        if not isinstance(component, Component):
            raise ArgumentError(f"component: expected a Component, not {type(component).__name__}")
        if component.engine is not self.engine:
            raise WasmError("the component belongs to another engine than this linker")
        imports = Imports()
        imports.arrays = self._arrays
        imports.raises = self._raises
        resolver = Resolver(component._loaded, imports)
        resolver.run(self._definitions)
        component._complete(imports)
        return InstancePre._of(component, imports, resolver.modules)

    def instantiate(self, store: Storelike, component: Component) -> Instance:
        """A new instance of `component` in `store`, its imports being this linker's definitions. Raises LinkError naming what is missing.

        What was found for the last component is kept, with the component, until something is defined or another one is instantiated.
        """
        made: Instance
        known = self._pre
        if known is not None and known.component is component:
            made = known.instantiate(store)
            return made
        pre = self.instantiate_pre(component)
        if self._definitions.fixed():
            self._pre = pre  # before a host function may define something
        try:
            made = pre.instantiate(store)
        except BaseException:
            self._pre = None
            raise
        return made

    def __reduce__(self) -> NoReturn:
        raise TypeError("cannot pickle a Linker: it holds functions of its process; pickle Components, and link them where they run")

    def close(self) -> None:
        """Let go of all definitions; further use raises ValueError."""
        _check_free(self)
        self._closed = True
        self._definitions = Definitions()
        self._pre = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return "<component Linker, closed>" if self._closed else f"<component Linker, {len(self._definitions)} definitions>"


class LinkerInstance:
    """The items of one instance in a linker, or of its root."""

    __slots__ = ("_definitions", "_linker", "_locked", "_parent")
    _definitions: Definitions
    _linker: Linker
    _locked: bool
    _parent: Linker | LinkerInstance | None

    def __init__(self) -> None:
        raise WasmError("Cannot directly construct a `LinkerInstance`")

    @classmethod
    def _of(cls, linker: Linker, parent: Linker | LinkerInstance, definitions: Definitions) -> LinkerInstance:
        made = cls.__new__(cls)
        made._locked = False
        made._linker = linker
        made._parent = parent
        made._definitions = definitions
        parent._locked = True
        return made

    def _check_open(self) -> None:
        if self._parent is None:
            raise ValueError("already closed")
        _check_free(self)

    def _insert(self, name: str, item: Any) -> None:
        self._check_open()
        _check_name(name)
        if name in self._definitions and not self._linker._allow_shadowing:
            raise WasmError(f"map entry `{name}` defined twice")
        self._definitions[name] = item

    def add_instance(self, name: str, items: Mapping[str, Any] | None = None) -> LinkerInstance:
        """An instance of that name, to define items in. `items`: what it has to begin with, as `Instance.exports` gives it of an instance: functions, resource
        types and modules by name, and mappings of such for instances. So what one component exports serves another one in the same store."""
        if items is not None and not hasattr(items, "items"):
            raise ArgumentError(f"items: expected a mapping or None, not {type(items).__name__}")
        made = _definitions_of(items or {})
        self._insert(name, made)
        return LinkerInstance._of(self._linker, self, made)

    def add_func(self, name: str, func: Callable[..., Any], *, errors: Errors | None = None) -> None:
        """Define a Python function: `func(store, *args)`. An `Err` that it raises it returns, if its result is a `result`, and what `errors` names, as in
        `resource`; anything else surfaces, unchanged, where the guest was called."""
        if not callable(func):
            raise TypeError(f"func: expected something callable, not {type(func).__name__}")
        checked = checked_errors(errors)
        self._insert(name, HostFunction(func, checked) if checked else func)

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

    def resource(
        self, name: str, cls: type, *, drop: Callable[..., object] | None = None, pass_store: bool = False, errors: Errors | None = None
    ) -> None:  # fmt: skip
        """Define a resource type whose resources are objects of the class `cls`, and its functions: the class's, by name, when a component imports them.

        `[method]r.blocking-read` is `object.blocking_read(...)`, `[static]r.make` is `cls.make(...)`, `[constructor]r` is `cls(...)`; a name that is a keyword
        of Python's ends with `_`. Guests have handles, Python its own objects. When the last handle is dropped that a guest owns, `drop(object)` is called;
        without `drop`, if it is a context manager, `object.__exit__(None, None, None)`. With `pass_store` all of these get the store as their first argument
        (behind `self`). `errors`: exception classes that stand for an err, with what gives its payload: `{OSError: lambda error: error.strerror}`.
        """
        self._insert(name, HostResource(name, cls, drop, Host(pass_store, errors)))

    def implement(self, by: Any, *, pass_store: bool = False, errors: Errors | None = None) -> None:
        """Let attributes of an object, or of a module, be what is not defined by name here: looked up when a component imports them.

        The function `get-time` is `by.get_time(...)`. The resource `input-stream` is the class `by.InputStream`, as by `resource`. `pass_store` and `errors`
        as there.
        """
        self._implement(HostObject(by, Host(pass_store, errors)))

    def _implement(self, by: HostObject) -> None:
        self._check_open()
        if self._definitions.object is not None and not self._linker._allow_shadowing:
            raise WasmError("the instance is implemented by an object already")
        self._definitions.object = by

    def close(self) -> None:
        """Let go of the linker."""
        if self._parent is not None:
            _check_free(self)
            self._parent._locked = False
            self._parent = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_parent", None) is not None and not self._locked:
            self.close()


def _check_free(definer: Linker | LinkerInstance) -> None:
    """Neither a linker nor an instance in it is used while an instance inside of it is."""
    if definer._locked:
        raise WasmError("cannot use the linker while it is in use by one of its instances: close that first, or use it in a `with` block")


def _definitions_of(items: Mapping[str, Any]) -> Definitions:
    """Functions, resource types, modules and instances as they come from an instance."""
    made = Definitions()
    for name, item in items.items():
        _check_name(name)
        if hasattr(item, "items"):
            made[name] = _definitions_of(item)
        elif isinstance(item, (ResourceType, Module)) or callable(item):
            made[name] = item
        else:
            raise TypeError(f"items: expected a function, resource type, module or mapping as {name!r}, not {type(item).__name__}")
    return made


def _check_name(name: object) -> None:
    if not isinstance(name, str):
        raise ArgumentError(f"name: expected a str, not {type(name).__name__}")
