"""`wasm component targets`: whether a component fits a WIT world, and what is missing."""

from __future__ import annotations

from wasm_facade.cli import FAILED, OK
from wasm_facade.cli.options import Command, Option, UsageError
from wasm_facade.cli.source import read_module
from wasm_facade.cli.wit_source import FEATURES, features_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_facade.cli.options import Parsed

COMMAND = Command(
    "component targets", "FILE",
    "Say whether a component fits a WIT world: the world has all that it imports, and it has all that the world exports. Each misfit is a line;"
    " exit status 1 when there is one.",
    (
        Option("--wit", "PATH", "needed: the WIT, a file or a folder with its dependencies in `deps`"),
        Option("-w --world", "NAME", "which world of it: its name, or namespace:package/name (default: the only one)"),
        *FEATURES,
    ),
)  # fmt: skip


def run(options: Parsed) -> int:
    """Compare the two."""
    from wasm_facade.component.interfaces import misfits

    if options.wit is None:
        raise UsageError("--wit PATH is needed: the WIT whose world it is to fit")
    path = options.operands[0]
    found = misfits(read_module(path), options.wit, options.world, features_of(options))
    for line in found:
        print(line)
    return FAILED if found else OK
