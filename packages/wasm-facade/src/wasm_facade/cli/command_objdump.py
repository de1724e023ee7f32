"""`wasm objdump`: sections, imports, exports and the sizes of functions."""

from __future__ import annotations

import sys

from wasm_facade.cli import OK
from wasm_facade.cli.options import Command
from wasm_facade.cli.source import read_module
from wasm_facade.compilation import binary_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_facade.cli.options import Parsed

COMMAND = Command("objdump", "FILE [FILE...]", "List what modules and components hold: sections, imports, exports, functions and their sizes.")


def run(options: Parsed) -> int:
    """List each file."""
    for path in options.operands:
        listed = listing(binary_of(read_module(path)))
        if len(options.operands) > 1:
            sys.stdout.write(f"{path}:\n")
        sys.stdout.write(listed)
    return OK


def listing(binary: bytes) -> str:
    """What a module or component holds."""
    from wasm_environ.binary.decode import decode
    from wasm_environ.component.binary.decode import is_component
    from wasm_environ.component.text.objdump import component_summary
    from wasm_environ.features import ALL
    from wasm_environ.text.objdump import summary

    return component_summary(binary) if is_component(binary) else summary(decode(binary, ALL))
