"""Component: a compiled component. From wasm, its text, a file or an artifact; its type, what it exports; serialize and pickle."""

from __future__ import annotations

import os

from wasm_environ.component.versions import compatible_name
from wasm_environ.errors import ArgumentError, ArtifactError, WasmError
from wasm_facade.cache import component_artifact_of
from wasm_facade.component.image import Image, from_bytes, from_cache, from_file
from wasm_facade.component.types import ComponentType, Types
from wasm_facade.engine import Engine
from wasm_vm import ResourceType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self

    from wasm_facade.component.command import Command
    from wasm_facade.component.types import ModuleType
    from wasm_facade.module import Module
    from wasm_facade.source import StrPath
    from wasm_vm.components import Imports, LoadedComponent

FUNC, MODULE, INSTANCE = 0, 3, 4  # planning.plain's numbers


class ExportIndex:
    """Where an export is: the names that lead to it."""

    __slots__ = ("_names",)

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ExportIndex) and self._names == other._names

    def __hash__(self) -> int:
        return hash(self._names)

    def __repr__(self) -> str:
        return f"<ExportIndex {'/'.join(self._names)}>"


def _source(wasm: object) -> bytes:
    if isinstance(wasm, str):
        return wasm.encode()
    if not isinstance(wasm, (bytes, bytearray, memoryview)):
        raise TypeError(f"wasm: expected a component's bytes, or the text format as str or bytes, not {type(wasm).__name__}")
    return bytes(wasm)


class Component:
    """A compiled component of an engine: code without state, for use in any number of stores.

    `wasm`: a binary as bytes, or the text format as str or bytes. Raises WasmtimeError that says what is wrong with it, and where.
    """

    __slots__ = ("__dict__", "__weakref__", "_command", "_engine", "_exports_modules", "_image", "_loaded", "_modules", "_resources")

    def __init__(self, engine: Engine, wasm: str | bytes | bytearray) -> None:
        if not isinstance(engine, Engine):
            raise ArgumentError(f"engine: expected an Engine, not {type(engine).__name__}")
        source = _source(wasm)
        self._take(engine, from_cache(engine, source) or from_bytes(engine, component_artifact_of(engine, source)))

    def close(self) -> None:
        """Does nothing: its code is let go of once nothing uses it. Programs written for wasmtime-py may close one."""

    def _take(self, engine: Engine, image: Image) -> None:
        self._loaded: LoadedComponent = image.loaded
        self._engine = engine
        self._image = image
        self._command: Command | None = None
        self._resources: dict[int, ResourceType] = {}
        self._modules: dict[int, Module] = {}
        self._exports_modules = _has_modules(self._loaded.exports)
        if engine._profiler != "none":
            from wasm_facade.profiling import announce

            for number, module in enumerate(self._loaded.modules):
                announce(engine._profiler, module, memoryview(image.module(number)))

    @classmethod
    def from_file(cls, engine: Engine, path: StrPath) -> Self:
        """Compile the file at `path`, which holds a binary or the text format."""
        with open(path, "rb") as file:
            return cls(engine, file.read())

    @classmethod
    def deserialize(cls, engine: Engine, encoded: bytes | bytearray) -> Self:
        """Load what `serialize` gave. Raises WasmtimeError naming what does not fit this engine. Machine code: load only what you trust."""
        if not isinstance(encoded, (bytes, bytearray)):
            raise TypeError(f"encoded: expected bytes, not {type(encoded).__name__}")
        if not isinstance(engine, Engine):
            raise ArgumentError(f"engine: expected an Engine, not {type(engine).__name__}")
        made = cls.__new__(cls)
        made._take(engine, from_bytes(engine, bytes(encoded)))
        return made

    @classmethod
    def deserialize_file(cls, engine: Engine, path: StrPath) -> Self:
        """Load an artifact from a file: it is mapped, not read."""
        if not isinstance(engine, Engine):
            raise ArgumentError(f"engine: expected an Engine, not {type(engine).__name__}")
        made = cls.__new__(cls)
        try:
            with open(path, "rb", buffering=0) as file:
                made._take(engine, from_file(engine, file.fileno()))
        except OSError as error:
            raise ArtifactError(f"failed to open file {os.fsdecode(path)!r}: {error.strerror}") from error
        return made

    @classmethod
    def from_command(cls, module: Module) -> Component:
        """A core module of WASI preview 1, a program, as a component that exports `wasi:cli/run` and imports nothing but interfaces of WASI 0.2: what the
        linker has for those is what the program gets. Raises WasmError for a module that is no command, or imports something else."""
        from wasm_facade.component.command import Command, text_for

        text = text_for(module)
        made = cls(module.engine, text)
        made._command = Command(module, made._loaded)
        return made

    def _complete(self, imports: Imports) -> None:
        """Add to what was found for its imports what no linker has."""
        if self._command is not None:
            self._command.complete(imports)

    @property
    def engine(self) -> Engine:
        """The engine it was compiled for."""
        return self._engine

    def serialize(self) -> bytearray:
        """The artifact: for `deserialize` on a machine like this one."""
        if self._command is not None:
            raise WasmError("a component made by Component.from_command is not serialized: serialize its module, and make it of that again")
        return bytearray(self._image.whole())

    @property
    def type(self) -> ComponentType:
        """What it imports and exports."""
        return ComponentType(Types(self._loaded.types, self._resource, self._module), self._loaded.imports, self._loaded.exports)

    def _resource(self, slot: int) -> ResourceType:
        """A resource type that stands for whatever an instance will have there."""
        return self._resources.setdefault(slot, ResourceType())

    def _core_module(self, number: int) -> Module:
        """One of its core modules, which it exports, as a module of its own: always the same."""
        from wasm_facade.module import Module

        found = self._modules.get(number)
        if found is None:
            made = Module.__new__(Module)
            made._take(self._engine, self._loaded.modules[number], self._image.module(number))
            found = self._modules.setdefault(number, made)
        return found

    def _module(self, number: int, imported: bool) -> ModuleType:
        """The type of a core module that it imports or exports."""
        from wasm_facade.component.module_types import declared, described

        if imported:
            return declared(self._engine._vm.registry, self._loaded.module_imports[number][1:])
        return described(self._loaded.modules[number].module)

    def get_export_index(self, name: str, instance: ExportIndex | None = None) -> ExportIndex | None:
        """Where the export `name` is, of the component or of an instance it exports; None when there is none."""
        return find_export(self._loaded.exports, name, instance)

    def __reduce__(self) -> tuple[Any, ...]:
        if self._command is not None:
            return Component.from_command, (self._command.module,)
        return _unpickle, (self._engine._settings, self._image.whole())

    def __repr__(self) -> str:
        if self._command is not None:
            return f"<Component of the command {self._command.module!r}>"
        return f"<Component, imports {len(self._loaded.imports)}, exports {len(self._loaded.exports)}>"


def find_export(exports: Any, name: str, instance: ExportIndex | None) -> ExportIndex | None:
    """The index of `name`, or of the newest version that is compatible with it, among plain items, inside of `instance`."""
    if not isinstance(name, str):
        raise ArgumentError(f"name: expected a str, not {type(name).__name__}")
    if instance is not None and not isinstance(instance, ExportIndex):
        raise ArgumentError(f"instance: expected an ExportIndex or None, not {type(instance).__name__}")
    path = instance._names if instance is not None else ()
    for step in path:
        item = dict(exports).get(step)
        if item is None or item[0] != INSTANCE:
            return None
        exports = item[1]
    found = compatible_name(dict(exports), name)
    return None if found is None else ExportIndex((*path, found))


def slot_of(exports: Any, index: ExportIndex) -> int | None:
    """By which an instance has the exported function of that index, among plain items; None: it is something else."""
    *path, name = index._names
    for step in path:
        exports = dict(exports)[step][1]
    kind, slot, *_ = dict(exports)[name]
    return slot if kind == FUNC else None


def _has_modules(items: Any) -> bool:
    return any(kind == MODULE or (kind == INSTANCE and _has_modules(fields[0])) for _, (kind, *fields) in items)


def _unpickle(settings: dict[str, Any], artifact: bytes) -> Component:
    """A pickled component, in an engine that this process's modules of the same settings share."""
    from wasm_facade.module import engine_of

    return Component.deserialize(engine_of(settings), artifact)


