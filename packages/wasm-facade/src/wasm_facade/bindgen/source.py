"""What a package is made from: a component's binary or text, or a world of a WIT package."""

from __future__ import annotations

import os

from wasm_environ.compile_errors import InvalidError
from wasm_environ.component.binary.decode import decode, is_component
from wasm_environ.component.interface import Interface, interface_of_component
from wasm_environ.component.planning.plain import item_of
from wasm_environ.component.validation import validate
from wasm_environ.component.wit.packages import read_packages
from wasm_environ.component.wit.resolve import resolve
from wasm_environ.component.wit.worlds import interface_of_world
from wasm_environ.features import ALL
from wasm_facade.bindgen.documentation import from_section
from wasm_facade.bindgen.package import Package
from wasm_facade.compilation import binary_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_facade.component.component import Component

    Docs = dict[tuple[str, ...], str]


def is_wit(path: str) -> bool:
    """Whether this is a WIT package: a folder, or a file with that ending."""
    return os.path.isdir(path) or path.endswith(".wit")


def package_of_component(source: bytes, name: str, origin: str, path: str | None = None, docs: Docs | None = None) -> Package:
    """The package of a component; `path`: from its folder to the file that it loads, where the component is not copied; `docs`: besides its own.

    Raises CompileError.
    """
    binary = binary_of(source)
    if not is_component(binary):
        raise InvalidError(f"{origin} is a core module, not a component: it has no types to write classes for; `import wasm_facade.importer` imports it")
    component = decode(binary, ALL)
    validate(component, binary, ALL, bodies=False)  # whoever compiles it looks at those
    interface = interface_of_component(component, ALL)
    interface.docs.update(from_section(component, interface) | (docs or {}))
    return Package(interface, name, origin, path or binary)


def package_of_world(path: str, world: str | None, name: str | None) -> Package:
    """The package for components of a world; whoever instantiates it gives the component. Raises WitError."""
    found = resolve(read_packages(path)).world(world)
    interface = interface_of_world(found)
    return Package(interface, name or interface.name.rpartition("/")[2].partition("@")[0], interface.name, None)


def package_of_loaded(component: Component, name: str, origin: str) -> Package:
    """The package of a component that was compiled, in which a type that is like another one is that."""
    loaded = component._loaded
    imports, exports = ({name: item_of(item) for name, item in side} for side in (loaded.imports, loaded.exports))
    return Package(Interface(loaded.types, imports, exports, list(loaded.resources)), name, origin, origin)
