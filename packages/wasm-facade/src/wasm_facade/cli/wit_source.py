"""What the subcommands of `wasm component` read: a component, or WIT."""

from __future__ import annotations

import os

from wasm_facade.cli.options import Option, UsageError
from wasm_facade.cli.source import read_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_environ.component.interface import Interface
    from wasm_facade.cli.options import Parsed

FEATURES = (
    Option("--features", "NAME", "count items that are marked @unstable(feature = NAME)", many=True),
    Option("--all-features", "", "count all items that are marked @unstable"),
)


def is_wit(path: str) -> bool:
    """Whether this is WIT: a folder, or a file with that ending."""
    return path.endswith(".wit") or os.path.isdir(path)


def features_of(options: Parsed) -> list[str] | None:
    """Those of @unstable that count, None for all."""
    return None if options.all_features else [name for names in options.features for name in names.split(",")]


def read_interface(options: Parsed) -> Interface:
    """The interface of the first operand: of a component, or of a world of WIT."""
    from wasm_facade.component.interfaces import interface_of, world_of

    path = options.operands[0]
    if is_wit(path):
        return world_of(path, options.world, features_of(options))
    if options.world is not None:
        raise UsageError(f"--world is for WIT, and {path} is a component, which is a world by itself")
    return interface_of(read_module(path))
