"""`wasm wast`: runs scripts of the official test suite and says which commands failed."""

from __future__ import annotations

from wasm_environ.errors import WasmError
from wasm_facade.cli import FAILED, OK, describe, fail, proposals
from wasm_facade.cli.options import PROPOSALS, Command, Option
from wasm_facade.cli.source import read
from wasm_facade.config import Config
from wasm_facade.engine import Engine
from wasm_facade.wast.executor import run_script

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_facade.cli.options import Parsed

COMMAND = Command(
    "wast", "FILE [FILE...]", "Run .wast scripts, each command of them. Exit status 1 when one fails.",
    (Option("--strategy", "NAME", "compiler: auto, native, llvm", default="auto"), PROPOSALS),
)  # fmt: skip


def run(options: Parsed) -> int:
    """Run each file."""
    config = Config()
    config.strategy = options.strategy
    proposals.apply(config, options.wasm)
    config.cache = False
    engine = Engine(config)
    status = OK
    for path in options.operands:
        try:
            report = run_script(engine, read(path))
        except (WasmError, OSError) as error:
            fail("wast", f"{path}: {describe(error)}")
            status = FAILED
            continue
        for line, message in report.failures:
            print(f"{path}:{line}: {message}")
        print(f"{path}: {report.passed} passed, {len(report.failures)} failed")
        status = FAILED if report.failures else status
    return status
