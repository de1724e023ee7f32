"""`wasm print`: a binary as text."""

from __future__ import annotations

import sys

from wasm_facade.cli import OK
from wasm_facade.cli.options import Command, Option
from wasm_facade.cli.source import read_module
from wasm_facade.compilation import binary_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_facade.cli.options import Parsed

COMMAND = Command(
    "print", "FILE", "Print a module or component as text; names come from its name section. FILE may be - for stdin.",
    (
        Option("-o --output", "OUT", "where to put the text (default: stdout)"),
        Option("--offsets", "", "say where in the binary each instruction is"),
        Option("--folded", "", "nest operands in their instructions"),
        Option("--no-names", "", "indices instead of names"),
    ),
)  # fmt: skip


def run(options: Parsed) -> int:
    """Print the file."""
    binary = binary_of(read_module(options.operands[0]))
    text = printed(binary, names=not options.no_names, offsets=bool(options.offsets), folded=bool(options.folded))
    if options.output is None:
        sys.stdout.write(text)
    else:
        with open(options.output, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    return OK


def printed(binary: bytes, *, names: bool, offsets: bool, folded: bool) -> str:
    """The text of a module or component."""
    from wasm_environ.binary.decode import decode
    from wasm_environ.component.binary.decode import is_component
    from wasm_environ.component.text.printer import print_component
    from wasm_environ.features import ALL
    from wasm_environ.text.printer import print_module

    if is_component(binary):
        return print_component(binary, names=names, offsets=offsets, folded=folded)
    return print_module(decode(binary, ALL), names=names, offsets=offsets, folded=folded)
