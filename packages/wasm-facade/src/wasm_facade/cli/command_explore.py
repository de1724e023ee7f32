"""`wasm explore`: a page with a module's text beside the machine code of each compiler."""

from __future__ import annotations

import os

from wasm_facade.cli import OK, progress, proposals
from wasm_facade.cli.options import PROPOSALS, Command, Option, UsageError
from wasm_facade.cli.source import read_module, write
from wasm_facade.compilation import binary_of, compile_artifact, decode_checked
from wasm_facade.config import Config
from wasm_facade.engine import Engine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_facade.cli.options import Parsed

COMMAND = Command(
    "explore", "FILE", "Write a page of HTML that shows a module's text beside the machine code made of it; the mouse on a line marks its counterpart.",
    (
        Option("-o --output", "OUT", "where to put the page (default: FILE with the ending .explore.html)"),
        Option("--function", "NAME", "only this function: its name, export or index", many=True),
        Option("--strategy", "NAME", "only this compiler: native, llvm (default: all that are installed)", many=True),
        Option("--target", "TRIPLE", "what to compile for (default: this machine)"),
        PROPOSALS,
    ),
)  # fmt: skip


def run(options: Parsed) -> int:
    """Write the page."""
    from wasm_environ.artifact import read
    from wasm_facade.disassembly import code_of
    from wasm_facade.explore import page

    path = options.operands[0]
    binary = binary_of(read_module(path))
    codes, module = [], None
    for strategy in options.strategy or _installed():
        config = Config()
        config.strategy = strategy
        config.cache = False
        proposals.apply(config, options.wasm)
        if options.target is not None:
            config.target = options.target
        engine = Engine(config)
        module = module or decode_checked(binary, engine.features)
        codes.append(code_of(strategy, read(compile_artifact(engine, binary, progress()))))
    if module is None:
        raise UsageError("no compiler is installed")
    output = options.output or (os.path.splitext(path)[0] if path != "-" else "out") + ".explore.html"
    write(output, page(os.path.basename(path), module, codes, options.function).encode())
    print(f"wrote {output}")
    return OK


def _installed() -> list[str]:
    from importlib.metadata import entry_points

    found = {entry.name for entry in entry_points(group="wasm.compilers")}
    return [name for name in ("native", "llvm") if name in found]
