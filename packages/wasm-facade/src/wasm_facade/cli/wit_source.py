"""What the subcommands of `wasm component` read: a component, or WIT."""

from __future__ import annotations

import os

from wasm_facade.cli.options import Option, UsageError
from wasm_facade.cli.source import read_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_environ.component.interface import Interface
    from wasm_environ.component.wit.packages import Packages
    from wasm_facade.cli.options import Parsed

FEATURES = (
    Option("--features", "NAME", "count items that are marked @unstable(feature = NAME)", many=True),
    Option("--all-features", "", "count all items that are marked @unstable"),
)


def features_of(options: Parsed) -> list[str] | None:
    """Those of @unstable that count, None for all."""
    return None if options.all_features else [name for names in options.features for name in names.split(",")]


def read_source(path: str) -> Packages | bytes:
    """WIT, a folder or file, text or binary; or the binary of a component."""
    from wasm_environ.component.binary.decode import decode, is_component
    from wasm_environ.component.wit.binary import is_package
    from wasm_environ.component.wit.packages import Packages, read_packages
    from wasm_environ.features import ALL
    from wasm_facade.compilation import binary_of

    if path.endswith(".wit") or os.path.isdir(path):
        return read_packages(path)
    binary = binary_of(read_module(path))
    if not is_component(binary) or not is_package(decode(binary, ALL)):
        return binary
    packages = Packages()
    packages.add({path: binary}, path, is_main=True)
    return packages


def interface_in(options: Parsed, source: Packages | bytes) -> Interface:
    """The interface of a component, or of the world of WIT that the options name."""
    from wasm_environ.component.wit.resolve import resolve
    from wasm_environ.component.wit.worlds import interface_of_world
    from wasm_facade.component.interfaces import interface_of

    if not isinstance(source, bytes):
        return interface_of_world(resolve(source, features_of(options)).world(options.world))
    if options.world is not None:
        raise UsageError(f"--world is for WIT, and {options.operands[0]} is a component, which is a world by itself")
    return interface_of(source)
