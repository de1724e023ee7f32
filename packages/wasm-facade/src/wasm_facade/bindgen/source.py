"""What a package is made from: a component's binary or text."""

from __future__ import annotations

from wasm_environ.compile_errors import InvalidError
from wasm_environ.component.binary.decode import decode, is_component
from wasm_environ.component.interface import interface_of_component
from wasm_environ.component.validation import validate
from wasm_environ.features import ALL
from wasm_facade.bindgen.package import Package
from wasm_facade.compilation import binary_of


def package_of(source: bytes, name: str, origin: str, path: str | None = None) -> Package:
    """The package of a component; `path`: from its folder to the file that it loads, where the component is not copied. Raises CompileError."""
    binary = binary_of(source)
    if not is_component(binary):
        raise InvalidError(f"{origin} is a core module, not a component: it has no types to write classes for; `import wasm_facade.importer` imports it")
    component = decode(binary, ALL)
    validate(component, binary, ALL)
    return Package(interface_of_component(component, ALL), name, origin, path or binary)
