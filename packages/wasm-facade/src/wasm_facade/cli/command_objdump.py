"""`wasm objdump`: sections, imports, exports and the sizes of functions."""

from __future__ import annotations

import sys

from wasm_facade.cli import OK
from wasm_facade.cli.options import Command
from wasm_facade.cli.source import read_module
from wasm_facade.compilation import binary_of, refuse_component

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_facade.cli.options import Parsed

COMMAND = Command("objdump", "FILE [FILE...]", "List what modules hold: sections, imports, exports, functions and their sizes.")


def run(options: Parsed) -> int:
    """List each file."""
    from wasm_environ.binary.decode import decode
    from wasm_environ.features import ALL
    from wasm_environ.text.objdump import summary

    for path in options.operands:
        binary = binary_of(read_module(path))
        refuse_component(binary)
        if len(options.operands) > 1:
            sys.stdout.write(f"{path}:\n")
        sys.stdout.write(summary(decode(binary, ALL)))
    return OK
