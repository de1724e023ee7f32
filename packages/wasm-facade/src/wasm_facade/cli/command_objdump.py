"""`wasm objdump`: sections, imports, exports and the sizes of functions; `-d`: the machine code of artifacts."""

from __future__ import annotations

import sys

from wasm_facade.cli import OK
from wasm_facade.cli.options import Command, Option, UsageError
from wasm_facade.cli.source import read, read_module
from wasm_facade.compilation import binary_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_facade.cli.options import Parsed

COMMAND = Command(
    "objdump", "FILE [FILE...]", "List what modules and components hold: sections, imports, exports, functions and their sizes.",
    (
        Option("-d --disassemble", "", "show the machine code of artifacts instead, which wasm compile made, beside offsets in the module"),
        Option("--function", "NAME", "with -d: only this function: its name, export or index", many=True),
        Option("--module", "FILE", "with -d: the module that the artifact was made of, whose instructions are shown between the code"),
    ),
)  # fmt: skip


def run(options: Parsed) -> int:
    """List each file."""
    if not options.disassemble and (options.function or options.module):
        raise UsageError("--function and --module are about machine code: give -d as well")
    for path in options.operands:
        listed = disassembled(path, options) if options.disassemble else listing(binary_of(read_module(path)))
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


def disassembled(path: str, options: Parsed) -> str:
    """The machine code of an artifact."""
    from wasm_environ.binary.decode import decode
    from wasm_environ.features import ALL
    from wasm_facade.disassembly import listing

    artifact = read(path)
    if artifact[:1] != b"\x7f":
        raise UsageError(f"{path} is no artifact: wasm compile makes one, and wasm explore shows a module and its code at once")
    module = None if options.module is None else decode(binary_of(read_module(options.module)), ALL)
    return "".join(f"{line}\n" for line in listing(artifact, options.function, module))
