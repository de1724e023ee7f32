"""The one-liner for scripts: `load("add.wat").add(1, 2)`: a module with a store of its own, its exports as attributes."""

from __future__ import annotations

import os

from wasm_environ.errors import ArgumentError, WasmError
from wasm_facade.bound import Bound
from wasm_facade.engine import Engine
from wasm_facade.linker import Linker
from wasm_facade.module import Module
from wasm_facade.source import ELF_MAGIC, file_bytes, is_component_source
from wasm_facade.types import FuncType
from wasm_vm import Func, Global, Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from wasm_facade.component.bound_component import LoadedComponent
    from wasm_vm import Instance


class BoundFunc(Bound):
    """An exported function with its store: call it with the wasm arguments alone."""

    __slots__ = ()

    @property
    def type(self) -> FuncType:
        """Its signature."""
        found: FuncType = self.func.type(self._store)
        return found

    def __repr__(self) -> str:
        return f"<wasm function {self._name!r}: {self.type._text}>"


class BoundGlobal:
    """An exported global with its store: its value is the attribute `value`."""

    __slots__ = ("_store", "item")

    def __init__(self, store: Store, item: Global) -> None:
        self._store = store
        self.item = item

    @property
    def value(self) -> Any:
        """The value now; assign to change it."""
        return self.item.value(self._store)

    @value.setter
    def value(self, value: Any) -> None:
        self.item.set_value(self._store, value)

    def __repr__(self) -> str:
        return f"<wasm global {self.value!r}>"


def bound(store: Store, name: str, item: Any) -> Any:
    """An export that needs no store to be named with it."""
    if isinstance(item, Func):
        return BoundFunc(store, name, item)
    return BoundGlobal(store, item) if isinstance(item, Global) else item


class Loaded:
    """An instance in a store of its own. Exports are attributes, or items where their name is no identifier.

    `store`, `instance` and `module` are those of the full API; a memory is a plain `Memory`, which is a buffer.
    """

    def __init__(self, module: Module, store: Store, instance: Instance) -> None:
        self.module = module
        self.store = store
        self.instance = instance

    def __getitem__(self, name: str) -> Any:
        return bound(self.store, name, self.instance.exports(self.store)[name])

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            offers = ", ".join(self) or "nothing"
            raise AttributeError(f"the module exports no {name!r}; it exports {offers}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.instance.exports(self.store))

    def __dir__(self) -> list[str]:
        return ["module", "store", "instance", *self]

    def __repr__(self) -> str:
        return f"<Loaded {', '.join(self)}>"


def load(
    source: str | bytes | os.PathLike[str], imports: Mapping[str, Any] | None = None, engine: Engine | None = None
) -> Loaded | LoadedComponent:  # fmt: skip
    """Compile and instantiate a file (`.wasm`, `.wat`, or a compiled artifact), or a module or component given as bytes or as text: a `Loaded`, or a
    `component.bound_component.LoadedComponent`.

    imports: `{module: {name: Python function}}`, typed as the module says; a component's may be functions by name, classes and objects, too. A module that
    uses WASI gets this process's stdin, stdout and stderr, its own name as its only argument, no environment and no files. Raises WasmtimeError.
    """
    _check_source(source, engine)
    component = _component_bytes(source)
    if component is not None:
        from wasm_facade.component.bound_component import load_component

        return load_component(engine or Engine(), component, imports or {})
    _check(imports)
    engine = engine or Engine()
    module = _module(engine, source)
    store = Store(engine)
    linker = Linker(engine)
    if any(wanted.module.startswith("wasi_") for wanted in module.imports):
        from wasm_facade.wasi import inherited

        linker.define_wasi()
        store.set_wasi(inherited(_name(source)))
    _define(linker, module, imports or {})
    instance = linker.instantiate(store, module)
    initialize: Any = instance.exports(store).get("_initialize")
    if initialize is not None:
        initialize(store)
    return Loaded(module, store, instance)


def _component_bytes(source: str | bytes | os.PathLike[str]) -> bytes | None:
    """The component that this is, binary, text or artifact; None for anything else."""
    if _is_text(source):
        assert isinstance(source, str)
        data = source.encode("utf-8", "surrogatepass")
    elif isinstance(source, (str, os.PathLike)):
        with open(source, "rb") as file:
            data = file.read(len(ELF_MAGIC))
            if data == ELF_MAGIC:
                return None
            data += file.read()
    else:
        data = bytes(source)
    return data if is_component_source(data) else None


def _check_source(source: object, engine: object) -> None:
    if not isinstance(source, (str, bytes, bytearray, memoryview, os.PathLike)):
        raise ArgumentError(f"source: expected the path of a file, or a module as bytes or text, not {type(source).__name__}")
    if engine is not None and not isinstance(engine, Engine):
        raise ArgumentError(f"engine: expected an Engine, not {type(engine).__name__}")


def _check(imports: object) -> None:
    if imports is None:
        return
    for module, items in _items(imports, "imports: expected {module: {name: function}}"):
        for name, function in _items(items, f"imports[{module!r}]: expected {{name: function}}"):
            if not callable(function):
                raise ArgumentError(f"imports[{module!r}][{name!r}]: expected something callable, not {type(function).__name__}")


def _items(mapping: Any, message: str) -> Any:
    if not hasattr(mapping, "items"):
        raise ArgumentError(f"{message}, not {type(mapping).__name__}")
    return mapping.items()


def _is_text(source: object) -> bool:
    return isinstance(source, str) and source.lstrip().startswith(("(", ";;"))


def _name(source: str | bytes | os.PathLike[str]) -> str:
    """What a program sees as its own name."""
    return os.path.basename(os.fsdecode(source)) if isinstance(source, (str, os.PathLike)) and not _is_text(source) else "wasm"


def _module(engine: Engine, source: str | bytes | os.PathLike[str]) -> Module:
    if _is_text(source):
        assert isinstance(source, str)
        return Module(engine, source)
    if isinstance(source, (str, os.PathLike)):
        with open(source, "rb") as file:
            head = file.read(4)
            if head == ELF_MAGIC:
                return Module.deserialize_file(engine, source)
            return Module(engine, file_bytes(head + file.read(), source))
    data = bytes(source)
    return Module.deserialize(engine, data) if data[:4] == ELF_MAGIC else Module(engine, data)


def _define(linker: Linker, module: Module, imports: Mapping[str, Mapping[str, Any]]) -> None:
    for wanted in module.imports:
        given: Callable[..., Any] | None = imports.get(wanted.module, {}).get(wanted.name)
        if given is None:
            continue
        if not isinstance(wanted.type, FuncType):
            raise WasmError(f"import `{wanted.module}::{wanted.name}` is no function: use Linker.define for it")
        linker.allow_shadowing = True  # of WASI, and of itself where a name is imported twice
        linker.define_func(wanted.module, wanted.name, wanted.type, given)
        linker.allow_shadowing = False
