"""`wasm parse`: a text as binary."""

from __future__ import annotations

import os
import sys

from wasm_facade.cli import FAILED, OK, fail
from wasm_facade.cli.options import Command, Option
from wasm_facade.cli.source import read_module, write
from wasm_facade.compilation import binary_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_facade.cli.options import Parsed

COMMAND = Command(
    "parse", "FILE", "Turn the text format into a binary. FILE may be - for stdin.",
    (Option("-o --output", "OUT", "where to put the binary; - for stdout (default: FILE with the ending .wasm)"),),
)  # fmt: skip


def run(options: Parsed) -> int:
    """Parse the file."""
    path = options.operands[0]
    binary = binary_of(read_module(path))
    output = options.output or ("-" if path == "-" else os.path.splitext(path)[0] + ".wasm")
    if output == "-":
        if sys.stdout.isatty():
            fail("parse", "not writing a binary to a terminal: use -o OUT")
            return FAILED
        sys.stdout.buffer.write(binary)
        return OK
    write(output, binary)
    return OK
