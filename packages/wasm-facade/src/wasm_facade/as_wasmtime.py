"""Programs and packages that `import wasmtime` run on this runtime: `python -m wasm_facade.as_wasmtime SCRIPT`, `install_as_wasmtime()`.

From then on `wasmtime` is a module with the names of `wasm_facade`, `wasmtime.loader` and `wasmtime.component` are ours, and
`importlib.metadata` finds a distribution `wasmtime` of the version whose API this is. wasmtime-py itself may be installed or not.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.metadata import Distribution, DistributionFinder
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from importlib.machinery import ModuleSpec
    from typing import NoReturn

NAME = "wasmtime"
VERSION = "50.0.1"  # whose API this is

# wasmtime-py's own modules, from which much code imports although their names are private: they give the public names.
PRIVATE = frozenset((
    "_config", "_engine", "_error", "_extern", "_exportable", "_func", "_globals", "_instance", "_instance_pre", "_linker", "_managed", "_memory", "_module",
    "_sharedmemory", "_store", "_table", "_tag", "_trap", "_types", "_value", "_wasi", "_wat2wasm",
))  # fmt: skip
# Modules that are ours under another name.
PUBLIC = frozenset(("component", "loader"))
NO_FFI = "wasmtime._ffi is wasmtime's C library by ctypes, which is not part of wasm_facade: use the public API, or the package wasm-capi for C"


class Finder(MetaPathFinder):
    """Finds `wasmtime` and what is below it, before wasmtime-py is found; and its metadata."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        head, _, tail = fullname.partition(".")
        if head != NAME:
            return None
        if tail == "_ffi":
            raise ImportError(NO_FFI, name=fullname)
        if not tail or tail in PRIVATE:
            return importlib.machinery.ModuleSpec(fullname, _Names(), is_package=not tail)
        if tail.partition(".")[0] in PUBLIC:
            return importlib.machinery.ModuleSpec(fullname, _Same(f"wasm_facade.{tail}"))
        raise ModuleNotFoundError(f"No module named {fullname!r} (wasm_facade stands for wasmtime here)", name=fullname)

    def find_distributions(self, context: DistributionFinder.Context = DistributionFinder.Context()) -> Iterable[Distribution]:  # noqa: B008
        return [_Metadata()] if context.name in (NAME, None) else []


class _Names(Loader):
    """A module whose names are those of `wasm_facade`."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return ModuleType(spec.name, f"`{spec.name}`, as wasm_facade has it.")

    def exec_module(self, module: ModuleType) -> None:
        import wasm_facade

        def get(name: str) -> object:
            try:
                found = getattr(wasm_facade, name)
            except AttributeError:
                raise AttributeError(f"module {module.__name__!r} has no attribute {name!r} (wasm_facade stands for it here)") from None
            setattr(module, name, found)
            return found

        module.__dict__.update(__getattr__=get, __dir__=lambda: dir(wasm_facade), __all__=wasm_facade.__all__, __file__=wasm_facade.__file__)


class _Same(Loader):
    """A module of ours, under its other name the same object."""

    def __init__(self, name: str) -> None:
        self.name = name

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(self.name)
        self.spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self.spec  # as it was before the import system wrote the other name's there


class _Metadata(Distribution):
    """What `importlib.metadata` tells of wasmtime."""

    def read_text(self, filename: str) -> str | None:
        return f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {VERSION}\n" if filename in ("METADATA", "PKG-INFO") else None

    def locate_file(self, path: object) -> NoReturn:
        raise FileNotFoundError(f"wasm_facade stands for wasmtime: it has no file {path}")


def install_as_wasmtime() -> None:
    """Let `import wasmtime` give this runtime from now on, in this process. Raises WasmError if wasmtime-py was imported before."""
    if any(isinstance(finder, Finder) for finder in sys.meta_path):
        return
    if NAME in sys.modules:
        from wasm_environ.errors import WasmError

        raise WasmError("wasmtime-py is imported already: call wasm_facade.install_as_wasmtime() before whatever imports it")
    sys.meta_path.insert(0, Finder())


USAGE = "usage: python -m wasm_facade.as_wasmtime (SCRIPT | -m MODULE | -c COMMAND) [ARGUMENT ...]"


def main(arguments: list[str]) -> None:
    """Run a script, a module or a command as `python` would, with `wasmtime` standing for this runtime."""
    import os
    import runpy

    if not arguments or (arguments[0] in ("-m", "-c") and len(arguments) < 2):
        sys.exit(USAGE)
    if arguments[0] in ("-h", "--help"):
        print(USAGE)
        return
    install_as_wasmtime()
    if arguments[0] == "-m":
        sys.argv[:] = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    elif arguments[0] == "-c":
        sys.argv[:] = ["-c", *arguments[2:]]
        exec(compile(arguments[1], "<string>", "exec"), {"__name__": "__main__", "__builtins__": __builtins__})
    else:
        sys.argv[:] = arguments
        sys.path[0] = os.path.dirname(os.path.abspath(arguments[0]))
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    # By its own name: as __main__ this file would be a second module, whose Finder install_as_wasmtime() of a script would not know.
    importlib.import_module("wasm_facade.as_wasmtime").main(sys.argv[1:])
