"""Module: a compiled module. From wasm, wat, a file or an artifact; its imports and exports; serialize and pickle."""

from __future__ import annotations

import os

from wasm_environ.errors import ArgumentError, ArtifactError, WasmError
from wasm_facade.cache import artifact_of
from wasm_facade.engine import Engine
from wasm_facade.source import file_bytes, source_bytes
from wasm_vm import LoadedModule, MappedFile, check_read, load_module, open_file, read_head

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self

    from wasm_environ.module import Module as Descriptor
    from wasm_facade.compilation import Progress
    from wasm_facade.source import StrPath
    from wasm_facade.types import ExportType, ImportType
    from wasm_vm._core import Code

CHECK_AT_ONCE = 1 << 20  # bytes: an artifact file up to here is checked whole when it is opened


class Module:
    """A compiled module of an engine: code without state, for use in any number of stores.

    `wasm`: a binary as bytes, or the text format as str or bytes. Raises WasmtimeError that says what is wrong with it, and where.
    """

    __slots__ = ("__dict__", "__weakref__", "_artifact", "_closed", "_engine", "_handle")

    def __init__(self, engine: Engine, wasm: str | bytes) -> None:
        self._compile(engine, wasm, None)

    def _compile(self, engine: Engine, wasm: str | bytes, progress: Progress | None) -> None:
        if not isinstance(engine, Engine):
            raise ArgumentError(f"engine: expected an Engine, not {type(engine).__name__}")
        source = source_bytes(wasm)
        vm = engine._vm
        mapped, data = artifact_of(engine, source, progress)
        runnable = engine._runnable()
        if mapped is not None:
            try:
                self._take(engine, mapped.load(vm) if runnable else None, mapped.code)
                return
            except WasmError:  # damaged: make it again
                _, data = artifact_of(engine, source, progress, anew=True)
        self._take(engine, load_module(vm, data) if runnable else None, data)

    def _take(self, engine: Engine, handle: LoadedModule | MappedFile | None, artifact: bytes | Code) -> None:
        self._engine = engine
        self._handle = handle  # None: closed, or compiled for another machine
        self._artifact = artifact
        self._closed = False
        self._announce()

    def _announce(self) -> None:
        """Tell a profiler, if the engine has one, once the code is in memory."""
        handle = self._handle
        if self._engine._profiler != "none" and handle is not None and not isinstance(handle, MappedFile):
            from wasm_facade.profiling import announce

            announce(self._engine._profiler, handle, memoryview(self._artifact))

    @classmethod
    def _with_progress(cls, engine: Engine, wasm: str | bytes, progress: Progress | None) -> Self:
        made = cls.__new__(cls)
        made._compile(engine, wasm, progress)
        return made

    @classmethod
    def from_file(cls, engine: Engine, path: StrPath) -> Self:
        """Compile the file at `path`, which holds a binary or the text format."""
        with open(path, "rb") as file:
            contents = file.read()
        return cls(engine, file_bytes(contents, path))

    @classmethod
    def deserialize(cls, engine: Engine, encoded: bytes | bytearray) -> Self:
        """Load what `serialize` gave. Raises WasmtimeError naming what does not fit this engine, if something does not.

        An artifact is machine code: load only what you trust.
        """
        if not isinstance(encoded, (bytes, bytearray)):
            raise TypeError(f"encoded: expected bytes, not {type(encoded).__name__}")
        if not isinstance(engine, Engine):
            raise ArgumentError(f"engine: expected an Engine, not {type(engine).__name__}")
        from wasm_facade.fitness import check

        data = bytes(encoded)
        head = read_head(data)
        check(engine, head)
        made = cls.__new__(cls)
        made._take(engine, load_module(engine._vm, data, head), data)
        return made

    @classmethod
    def deserialize_file(cls, engine: Engine, path: StrPath) -> Self:
        """Load an artifact from a file: it is mapped, not read.

        Of a file beyond 1 MiB only the head is checked now; every other byte when the module is first looked into or instantiated, which
        then raises ArtifactError if one was altered.
        """
        if not isinstance(engine, Engine):
            raise ArgumentError(f"engine: expected an Engine, not {type(engine).__name__}")
        from wasm_facade.fitness import check

        name = os.fsdecode(path)
        made = cls.__new__(cls)
        try:
            mapped = open_file(name)
        except OSError as error:
            raise ArtifactError(f"failed to open file {name!r}: {error.strerror}") from error
        check(engine, mapped.head)
        if mapped.head.file_size <= CHECK_AT_ONCE:
            mapped.verify()
        made._take(engine, mapped, mapped.code)
        return made

    @classmethod
    def validate(cls, engine: Engine, wasm: bytes | bytearray) -> None:
        """Check a binary without compiling it. Raises WasmtimeError that says what is wrong with it, and where."""
        if not isinstance(engine, Engine):
            raise ArgumentError(f"engine: expected an Engine, not {type(engine).__name__}")
        if not isinstance(wasm, (bytes, bytearray)):
            raise TypeError(f"wasm: expected wasm bytes, not {type(wasm).__name__}")
        from wasm_facade.compilation import validate

        validate(bytes(wasm), engine.features)

    @property
    def _loaded(self) -> LoadedModule:
        self._check_open()
        if self._handle is None:
            self._engine._check_runnable()
            raise ValueError("already closed")
        if isinstance(self._handle, MappedFile):
            self._handle = self._handle.load(self._engine._vm)
            self._announce()
        return self._handle

    def _check_open(self) -> None:
        if self._closed:
            raise ValueError("already closed")

    @property
    def _descriptor(self) -> Descriptor:
        found: Descriptor = self._loaded.module.module
        return found

    @property
    def engine(self) -> Engine:
        """The engine it was compiled for."""
        return self._engine

    @property
    def imports(self) -> list[ImportType]:
        """What must be given to instantiate it, in order."""
        from wasm_facade.module_types import ModuleTypes
        from wasm_facade.types import ImportType

        types = ModuleTypes(self._loaded.module)
        return [ImportType(i.module, i.name, types.of_import(i)) for i in self._descriptor.imports]

    @property
    def exports(self) -> list[ExportType]:
        """What its instances offer, in order."""
        from wasm_facade.module_types import ModuleTypes
        from wasm_facade.types import ExportType

        types = ModuleTypes(self._loaded.module)
        return [ExportType(e.name, types.of_export(e)) for e in self._descriptor.exports]

    @property
    def name(self) -> str:
        """The module's own name, out of its name section; "" without one."""
        return self._loaded.name

    def serialize(self) -> bytearray:
        """The artifact: machine code and everything that goes with it, for `deserialize` on a machine like this one."""
        self._check_open()
        if isinstance(self._handle, MappedFile):
            self._handle.verify()
        artifact = bytearray(self._artifact)
        check_read(self._artifact)
        return artifact

    def _repr_html_(self) -> str:
        """A table of its imports, exports and sizes, for notebooks."""
        from wasm_environ.artifact import read_head
        from wasm_vm import crc32
        from wasm_vm.glue import export_rows, import_rows
        from wasm_vm.html import module_html

        loaded = self._loaded
        described = loaded.module
        code = read_head(memoryview(self._artifact), crc32).sections[".text"][1]
        return module_html(loaded.name, described.module, code, import_rows(described), export_rows(described))

    def __copy__(self) -> Self:
        """Itself: a module has no state."""
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickle, (self._engine._settings, bytes(self.serialize()))

    def close(self) -> None:
        """End the use of this module through this object; its instances live on."""
        self._handle = None
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        if self._handle is None:
            return "<Module, closed>" if self._closed else f"<Module for {self._engine._triple}>"
        module = self._descriptor
        name = f" {self.name!r}" if self.name else ""
        return f"<Module{name}, {len(module.functions)} functions, imports {len(module.imports)}, exports {len(module.exports)}>"


_engines: dict[str, Engine] = {}


def engine_of(settings: dict[str, Any]) -> Engine:
    """The engine that this process's unpickled modules of the same settings share."""
    key = repr(sorted(settings.items()))
    engine = _engines.get(key)
    if engine is None:
        from wasm_facade.config import Config

        config = Config()
        config._values.update(settings)
        engine = _engines[key] = Engine(config)
    return engine


def _unpickle(settings: dict[str, Any], artifact: bytes) -> Module:
    """A pickled module."""
    return Module.deserialize(engine_of(settings), artifact)
