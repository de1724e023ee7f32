"""`import wasm_facade.importer`: from then on `import name` finds `name.wasm`, `name.wat` and `name.cwasm` beside Python's modules, in folders and zip files.

A core module's exports become the module's attributes, but for names as Python's own have (`__path__`): functions are called with their wasm arguments alone.
A component becomes a package: its functions, a module for each interface that it exports, with classes for its types (`imported_component`). What either
imports is taken from Python modules, which may be other such files; a core module may use WASI, with this process's stdin, stdout and stderr. All live in
one store.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.machinery import ModuleSpec

from wasm_environ.errors import WasmError
from wasm_facade.bound_module import bound
from wasm_facade.engine import Engine
from wasm_facade.linker import EXTERNS, Linker
from wasm_facade.module import Module
from wasm_facade.source import ELF_MAGIC, file_bytes, is_component_source
from wasm_facade.types import FuncType
from wasm_facade.wasi import inherited, known
from wasm_vm import Store, Trap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType
    from typing import Any

    from wasm_facade.types import ImportType

ENDINGS = (".wasm", ".wat", ".cwasm")
# Where an imported module keeps its exports as they are, for those that import it.
EXPORTS = "__wasm_exports__"

_store: Store | None = None


def store() -> Store:
    """The store that holds everything imported so."""
    global _store
    if _store is None:
        _store = Store(Engine())
    return _store


def set_store(made: Store) -> None:
    """Import into this store from now on: one with limits, WASI or settings of its own."""
    global _store
    _store = made


class WasmFinder:
    """Finds what Python's own finders do not: they come first."""

    @staticmethod
    def find_spec(fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """The file for `import fullname`, looked for in `path` or sys.path; with `-` for `_` where there is none of that name itself."""
        last = fullname.rpartition(".")[2]
        if "/" in last:  # a path, of what a module imports, say: no name of Python's leads to another folder
            return None
        for name in dict.fromkeys((last, last.replace("_", "-"))):
            for folder in sys.path if path is None else path:
                found = _find(folder, name) if isinstance(folder, str) else None  # Python's own finders leave out what else is in there, too
                if found is not None:
                    spec = ModuleSpec(fullname, WasmLoader(*found), origin=found[0], is_package=False)  # type: ignore[arg-type] # a loader by its methods
                    spec.has_location = True
                    return spec
        return None


def _find(folder: str, name: str) -> tuple[str, bytes | None] | None:
    """The path of a file, and what it holds where that is no file of its own: in a zip file, whose finder reads it."""
    if not folder:
        try:
            folder = os.getcwd()
        except OSError:  # it has been removed
            return None
    for ending in ENDINGS:
        file = os.path.join(folder, name + ending)
        if os.path.isfile(file):
            return file, None
    if os.path.isdir(folder) or not os.path.exists(folder.partition(".zip")[0] + ".zip"):
        return None
    from pkgutil import get_importer

    archive: Any = get_importer(folder)
    for ending in ENDINGS if hasattr(archive, "get_data") else ():
        file = os.path.join(folder, name + ending)
        try:
            return file, archive.get_data(file)
        except OSError:
            pass
    return None


class WasmLoader:
    """Fills a Python module with the exports of one file."""

    def __init__(self, path: str, contents: bytes | None = None) -> None:
        self.path = path
        self.contents = contents

    def create_module(self, spec: ModuleSpec) -> None:
        """Python's usual module object will do."""

    def exec_module(self, module: ModuleType) -> None:
        """Compile, link and instantiate it. Raises ImportError naming what it imports and nobody has, or WasmtimeError or Trap with a note of the file."""
        data = self.get_data(self.path) if self.contents is None else self.contents
        try:
            if is_component_source(data):
                from wasm_facade.imported_component import fill

                fill(module, self.path, data, store())
            else:
                self._fill(module, data, store())
        except (WasmError, Trap) as error:
            error.add_note(f"in {self.path}, imported as {module.__name__}")
            raise

    def get_data(self, path: str) -> bytes:
        """What a file holds."""
        with open(path, "rb") as file:
            return file.read()

    def get_filename(self, fullname: str) -> str:
        """The path of the file."""
        return self.path

    def is_package(self, fullname: str) -> bool:
        """Modules of wasm have no modules inside; interfaces of a component are made with it."""
        return False

    def get_source(self, fullname: str) -> None:
        """None in Python."""

    def get_code(self, fullname: str) -> None:
        """None of Python's."""

    def _fill(self, module: ModuleType, data: bytes, here: Store) -> None:
        engine: Any = here.engine
        compiled = Module.deserialize(engine, data) if data[:4] == ELF_MAGIC else Module(engine, file_bytes(data, self.path))
        linker = Linker(engine)
        linker.allow_shadowing = True
        wanted_wasi = {(wanted.module, wanted.name) for wanted in compiled.imports if wanted.module.startswith("wasi_")}
        wasi = wanted_wasi & known() if wanted_wasi else frozenset()
        if wasi:
            here.set_wasi(inherited(os.path.basename(self.path)))
            linker.define_wasi()
        for wanted in compiled.imports:
            if (wanted.module, wanted.name) not in wasi:
                self._define(linker, here, wanted)
        exports = linker.instantiate(here, compiled).exports(here)
        initialize: Any = exports.get("_initialize")
        if initialize is not None:
            initialize(here)
        setattr(module, EXPORTS, exports)
        for name, item in exports.items():
            if not (name.startswith("__") and name.endswith("__")):  # those are Python's: `__class__`, `__path__`, `__getattr__`
                setattr(module, name, bound(here, name, item))

    def _define(self, linker: Linker, here: Store, wanted: ImportType) -> None:
        where = f"{self.path} imports `{wanted.module}::{wanted.name}`"
        lacking = f"{where}, and there is no Python module {wanted.module!r} to take it from"
        if wanted.module[:1] in ("", "."):  # "./x.js", of modules for browsers
            raise ImportError(f"{lacking}: that is no name of one", path=self.path)
        try:
            giving = import_module(wanted.module)
        except ImportError as error:
            raise ImportError(f"{lacking}: {error}", path=self.path) from error
        items = getattr(giving, EXPORTS, None)
        item: Any = items.get(wanted.name) if items is not None else getattr(giving, wanted.name, None)
        if isinstance(item, EXTERNS):
            linker.define(here, wanted.module, wanted.name, item)
        elif callable(item) and isinstance(wanted.type, FuncType):
            linker.define_func(wanted.module, wanted.name, wanted.type, item)
        else:
            what = "lacks it" if item is None else f"has a {type(item).__name__} of that name, which cannot be a {wanted.type!r}"
            raise ImportError(f"{where}, but Python module {wanted.module!r} {what}", path=self.path)


if WasmFinder not in sys.meta_path:
    sys.meta_path.append(WasmFinder)
