"""A component imported by `wasm_facade.importer`: a package, written as `wasm bindgen` would and kept in memory, with an instance in it.

Of `calc.wasm`, which exports `example:calc/shapes`: `calc.add(1, 2)` and `calc.shapes.area(calc.shapes.Point(1, 2))` are its functions;
`calc.shapes.Blob(b"x")` makes a resource. `calc.Calc` and `calc.CalcImports` make further instances. An interface that it imports is the attribute of that
name of the Python module `calc_imports`, or else the Python module of that name, `log` for `example:calc/log@1.0.0`; what belongs to no interface is in
`calc_imports` itself.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from inspect import isclass, isfunction, signature
from types import ModuleType, SimpleNamespace

from wasm_environ.component.artifact import is_artifact
from wasm_facade.bindgen.model import EXPORTS, IMPORTS, WORLD
from wasm_facade.bindgen.names import is_wasi
from wasm_facade.bindgen.source import package_of_loaded
from wasm_facade.component.component import Component
from wasm_facade.component.typed import Exports, Resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from wasm_facade.component.typed import Interface, Package
    from wasm_vm import Store

# Modules of imported components by name: source, and a path for it, that of the component with more behind it.
_sources: dict[str, tuple[str, str]] = {}


class PackageFinder:
    """Finds the modules that packages of components have."""

    @staticmethod
    def find_spec(fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """The module of that name, if it is one of theirs."""
        if fullname not in _sources:
            return None
        source, origin = _sources[fullname]
        spec = ModuleSpec(fullname, SourceLoader(source), origin=origin, is_package=origin.endswith("__init__.py"))  # type: ignore[arg-type] # a loader by its methods
        spec.has_location = True
        return spec


class SourceLoader:
    """Runs source that no file has."""

    def __init__(self, source: str) -> None:
        self.source = source

    def create_module(self, spec: ModuleSpec) -> None:
        """Python's usual module object will do."""

    def exec_module(self, module: ModuleType) -> None:
        """Run it."""
        run(module, self.source, str(module.__file__))

    def get_source(self, fullname: str) -> str:
        """For tracebacks and `inspect`."""
        return self.source


def run(module: ModuleType, source: str, file: str) -> None:
    """Run source in a module; tracebacks find it by the name of a file that is none."""
    import linecache

    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    exec(compile(source, file, "exec", dont_inherit=True), module.__dict__)


def fill(module: ModuleType, path: str, data: bytes, store: Store) -> None:
    """Make `module` the package of a component, with an instance in `store`.

    Raises ImportError that says what it imports and nobody has, and what to write; WasmtimeError.
    """
    engine: Any = store.engine
    name = module.__name__
    component = Component.deserialize(engine, data) if is_artifact(data) else Component(engine, data)
    package = package_of_loaded(component, name.rpartition(".")[2], os.path.basename(path))
    for known in [known for known in (*_sources, *sys.modules) if known.startswith(f"{name}.")]:
        _sources.pop(known, None)  # of an earlier import
        sys.modules.pop(known, None)
    sources = {file: text.decode() for file, text in package.files().items() if file.endswith(".py")}
    for file, source in sources.items():
        inner = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        _sources[f"{name}.{inner}"] = source, os.path.join(path, file)
    if PackageFinder not in sys.meta_path:
        sys.meta_path.insert(0, PackageFinder)  # in front of those that ask the file system
    module.__path__ = []
    module.__package__ = name
    if module.__spec__ is not None:
        module.__spec__.submodule_search_locations = []
    run(module, sources["__init__.py"], os.path.join(path, "__init__.py"))
    given = SimpleNamespace(**{field: _given(name, path, field, interface) for field, interface in module.PACKAGE.imports.items()})
    _exports(module, module.PACKAGE, store, module.PACKAGE.instantiate(store, given, None, component))


# ---- imports


def _given(name: str, path: str, field: str, interface: Interface) -> Any:
    """The Python object with an interface's functions; None: it has none. Raises ImportError."""
    if not interface.functions:
        return None
    own = f"{name}_imports"
    try:
        found: Any = import_module(own)
    except ModuleNotFoundError as error:
        if error.name != own:
            raise
        found = None
    if field != WORLD or interface.path:
        found = getattr(found, field, None)
        own = field if found is None else f"{own}.{field}"
    if found is None:
        found = _module(name, path, field if interface.path else own, interface)
    missing = [attribute for attribute in _functions(interface) if not callable(getattr(found, attribute, None))]
    if missing:
        where = getattr(found, "__file__", None) or f"`{own}`"
        raise ImportError(f"{_wants(path, interface)} what {where} does not have. To be written there:\n\n{_stubs(interface, missing)}", path=path)
    return found


def _module(name: str, path: str, field: str, interface: Interface) -> ModuleType:
    wanted = _stubs(interface, _functions(interface))
    if interface.path and field in sys.stdlib_module_names:
        why = f"an object {field!r} in a Python module {name}_imports, as {field!r} itself is Python's own. Its functions:"
    else:
        try:
            return import_module(field)
        except ModuleNotFoundError as error:
            if error.name != field:
                raise
        why = f"a Python module {field!r}, and there is none. Write {field}.py:"
    if interface.path and is_wasi(interface.path[0]):
        raise ImportError(f"{_wants(path, interface)} what is WASI's: make an instance by a linker that has it", path=path)
    raise ImportError(f"{_wants(path, interface)} {why}\n\n{wanted}", path=path)


def _wants(path: str, interface: Interface) -> str:
    what = f"`{'/'.join(interface.path)}`" if interface.path else "functions of no interface"
    return f"{path} imports {what}, for which it wants"


def _functions(interface: Interface) -> list[str]:
    """Those that the object itself has: methods are its resources'."""
    return [attribute for wit, attribute in interface.functions.items() if not wit.startswith("[method]")]


def _stubs(interface: Interface, names: list[str]) -> str:
    """What to write for these functions."""
    lines = []
    for name in names:
        function = getattr(interface.protocol, name)
        text = str(signature(function)).replace("(self, ", "(").replace("(self)", "()").replace("'", "")
        lines.append(f"def {name}{text}: ...")
    return "\n".join(lines)


# ---- exports


def _exports(module: ModuleType, package: Package, store: Store, items: dict[str, Any]) -> None:
    """Functions of the instance, in modules of their own for interfaces."""
    module.__dict__["__wasm_exports__"] = items
    for field, interface in package.exports.items():
        generated = import_module(f"{module.__name__}.{EXPORTS}.{field}")
        inner: Any = items
        for step in interface.path:
            inner = inner[step]
        if interface.path:
            shown = _submodule(module, field, generated)
        else:
            shown = module
            module.__dict__.update({name: getattr(generated, name) for name in generated.__all__})
        for cls in _classes(generated, Exports).values():
            _show(shown, generated, cls, store, inner)


def _classes(generated: ModuleType, kind: type) -> dict[str, Any]:
    """Those of a kind that a module defines."""
    return {name: found for name, found in vars(generated).items() if isclass(found) and issubclass(found, kind) and found.__module__ == generated.__name__}


def _submodule(module: ModuleType, name: str, generated: ModuleType) -> ModuleType:
    """A module with what another one has; `import calc.shapes` finds it."""
    if name in (IMPORTS, EXPORTS):  # which the package has
        name += "_"
    made = ModuleType(f"{module.__name__}.{name}", generated.__doc__)
    made.__dict__.update({key: value for key, value in vars(generated).items() if not key.startswith("__")})
    sys.modules[made.__name__] = made
    setattr(module, name, made)
    return made


def _show(shown: ModuleType, generated: ModuleType, cls: type[Exports], store: Store, items: dict[str, Any]) -> None:
    """Functions, and resources that are made without saying of which instance."""
    bound: list[Any] = []
    resources = _classes(generated, Resource)
    for name, resource in resources.items():
        generated.__dict__[name] = shown.__dict__[name] = _bound(resource, bound)
    try:
        exports = cls(store, items)
    finally:
        generated.__dict__.update(resources)  # which other instances have
    bound.append(exports)
    for name, function in vars(cls).items():
        if isfunction(function) and not name.startswith("_"):
            setattr(shown, name, getattr(exports, name))


def _bound(resource: type, exports: list[Any]) -> type:
    """The class of a resource, for those of one instance; `exports` has that once there is one."""
    own: dict[str, Any] = {"__slots__": (), "__doc__": resource.__doc__, "__module__": resource.__module__, "__qualname__": resource.__qualname__}
    made: Any = type(resource.__name__, (resource,), own)
    if "__init__" in vars(resource):
        construct: Any = vars(resource)["__init__"]
        made.__init__ = lambda self, *args, **named: construct(self, exports[0], *args, **named)
    for name, item in vars(resource).items():
        if isinstance(item, staticmethod):
            setattr(made, name, staticmethod(_without_exports(item.__func__, exports)))
    found: type = made
    return found


def _without_exports(function: Any, exports: list[Any]) -> Any:
    return lambda *args, **named: function(exports[0], *args, **named)
