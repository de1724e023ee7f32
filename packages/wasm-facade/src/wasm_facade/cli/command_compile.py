"""`wasm compile`: a module to an artifact, for this machine or another."""

from __future__ import annotations

import os

from wasm_facade.cli import OK, progress, proposals
from wasm_facade.cli.options import PROPOSALS, Command, Option
from wasm_facade.cli.source import read_module, write
from wasm_facade.compilation import compile_artifact, compile_component_artifact
from wasm_facade.config import Config
from wasm_facade.engine import Engine
from wasm_facade.source import is_component_source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_facade.cli.options import Parsed

COMMAND = Command(
    "compile", "FILE", "Compile a .wasm or .wat file ahead of time, to an artifact that `wasm run` and Module.deserialize, or Component.deserialize, load.",
    (
        Option("-o --output", "OUT", "where to put the artifact (default: FILE with the ending .cwasm)"),
        Option("--target", "TRIPLE", "what to compile for, such as aarch64-unknown-linux-gnu (default: this machine)"),
        Option("--cpu", "NAME|+FEATURE,...", "a processor such as x86-64-v3, rva22, native, or its features (default: with --target what all have)"),
        Option("--strategy", "NAME", "compiler: auto, native, llvm", default="auto"),
        PROPOSALS,
        Option("--opt-level", "LEVEL", "how hard it tries: none, speed", default="speed"),
        Option("--fuel", "", "count fuel in the code"),
    ),
)  # fmt: skip


def run(options: Parsed) -> int:
    """Compile the file."""
    path = options.operands[0]
    config = Config()
    config.strategy = options.strategy
    proposals.apply(config, options.wasm)
    config.cranelift_opt_level = options.opt_level
    config.consume_fuel = bool(options.fuel)
    if options.target is not None:
        config.target = options.target
    if options.cpu is not None:
        config.cpu = options.cpu
    source = read_module(path)
    engine = Engine(config)
    artifact = compile_component_artifact(engine, source) if is_component_source(source) else compile_artifact(engine, source, progress())
    output = options.output or (os.path.splitext(path)[0] if path != "-" else "out") + ".cwasm"
    write(output, artifact)
    return OK
