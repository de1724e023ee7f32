"""Interfaces of components and of WIT worlds: as WIT, and whether one fits the other."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from wasm_environ.component.interface import Interface
    from wasm_facade.source import StrPath


def wit(wasm: str | bytes) -> str:
    """The interface of a component, given as a binary or in text form, as WIT: a world `root` with the packages of the interfaces that it names.

    Of a WIT package in binary form the package. Raises WasmtimeError for what is no valid component.
    """
    from wasm_environ.component.binary.decode import is_component
    from wasm_environ.component.wit.binary import package_of
    from wasm_environ.component.wit.describe import print_interface
    from wasm_environ.component.wit.printer import print_file

    binary = _binary(wasm)
    package = package_of(binary) if is_component(binary) else None
    return print_interface(interface_of(binary)) if package is None else print_file(package)


def misfits(wasm: str | bytes, path: StrPath, world: str | None = None, features: Iterable[str] | None = ()) -> list[str]:
    """What keeps a component from being used as one of a world, a line each; empty when it fits.

    `path`: a WIT file, text or binary, or a folder with its dependencies in `deps`; `world`: which of its worlds, not needed where there is one;
    `features`: those of @unstable items that count, None for all. Imports that the world does not have and exports that the component does not have are
    misfits; so are items of other types. Interfaces of compatible versions serve for one another. Raises WasmtimeError for a component or WIT that is none.
    """
    from wasm_environ.component.wit.targets import misfits as misfits_of

    return misfits_of(interface_of(wasm), world_of(path, world, features))


def interface_of(wasm: str | bytes) -> Interface:
    """The interface of a component, binary or text. Raises CompileError."""
    from wasm_environ.compile_errors import InvalidError
    from wasm_environ.component.binary.decode import decode, is_component
    from wasm_environ.component.interface import interface_of_component
    from wasm_environ.component.validation import validate
    from wasm_environ.features import ALL

    binary = _binary(wasm)
    if not is_component(binary):
        raise InvalidError("this is a core module, not a component: it has no interface in WIT")
    component = decode(binary, ALL)
    validate(component, binary, ALL, bodies=False)  # which say nothing of the interface
    return interface_of_component(component, ALL)


def _binary(wasm: str | bytes) -> bytes:
    from wasm_facade.compilation import binary_of

    return binary_of(wasm.encode() if isinstance(wasm, str) else wasm)


def world_of(path: StrPath, world: str | None = None, features: Iterable[str] | None = ()) -> Interface:
    """The interface of a world of a WIT file or folder. Raises WitError, OSError."""
    from wasm_environ.component.wit.packages import read_packages
    from wasm_environ.component.wit.resolve import resolve
    from wasm_environ.component.wit.worlds import interface_of_world

    return interface_of_world(resolve(read_packages(os.fsdecode(path)), features).world(world))
