"""`import wasm_facade.loader`: from then on `import name` finds `name.wasm` and `name.wat` beside Python's own modules.

A file's exports become the module's attributes: functions are called with their wasm arguments alone. What it imports is taken from the Python
module of that name (which may be another such file), or is WASI, with this process's stdin, stdout and stderr. All live in one store.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import spec_from_file_location

from wasm_facade.engine import Engine
from wasm_facade.linker import EXTERNS, Linker
from wasm_facade.loaded import bound
from wasm_facade.module import Module, file_bytes
from wasm_facade.types import FuncType
from wasm_facade.wasi import inherited, known
from wasm_vm import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

    from wasm_facade.types import ImportType

ENDINGS = (".wasm", ".wat")
# Where an imported module keeps its exports as they are, for those that import it.
EXPORTS = "__wasm_exports__"

_store: Store | None = None


def store() -> Store:
    """The store that holds every module imported so."""
    global _store
    if _store is None:
        _store = Store(Engine())
    return _store


class WasmFinder:
    """Finds what Python's own finders do not: they come first."""

    @staticmethod
    def find_spec(fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """The file for `import fullname`, looked for in `path` or sys.path."""
        name = fullname.rpartition(".")[2]
        for folder in sys.path if path is None else path:
            for ending in ENDINGS:
                file = os.path.join(folder or os.getcwd(), name + ending)
                if os.path.isfile(file):
                    return spec_from_file_location(fullname, file, loader=WasmLoader(file))  # type: ignore[arg-type] # a loader by its methods
        return None


class WasmLoader:
    """Fills a Python module with the exports of one file."""

    def __init__(self, path: str) -> None:
        self.path = path

    def create_module(self, spec: ModuleSpec) -> None:
        """Python's usual module object will do."""

    def exec_module(self, module: ModuleType) -> None:
        """Compile, link and instantiate it. Raises ImportError naming what it imports and nobody has, or WasmtimeError."""
        here = store()
        engine: Any = here.engine
        with open(self.path, "rb") as file:
            compiled = Module(engine, file_bytes(file.read(), self.path))
        linker = Linker(engine)
        linker.allow_shadowing = True
        wasi = {key for key in known() if key in {(wanted.module, wanted.name) for wanted in compiled.imports}}
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
            setattr(module, name, bound(here, name, item))

    def _define(self, linker: Linker, here: Store, wanted: ImportType) -> None:
        where = f"{self.path} imports `{wanted.module}::{wanted.name}`"
        try:
            giving = import_module(wanted.module)
        except (ImportError, ValueError) as error:  # "" and "./x" are no names of Python's
            raise ImportError(f"{where}, and there is no Python module {wanted.module!r} to take it from: {error}", path=self.path) from error
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
