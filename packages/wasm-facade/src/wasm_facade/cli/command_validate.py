"""`wasm validate`: says what is wrong with modules, or nothing."""

from __future__ import annotations

from wasm_environ.errors import WasmError
from wasm_facade.cli import FAILED, OK, describe, fail, proposals
from wasm_facade.cli.options import PROPOSALS, Command, Option
from wasm_facade.cli.source import read_module
from wasm_facade.compilation import validate_source
from wasm_facade.config import Config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_facade.cli.options import Parsed

COMMAND = Command(
    "validate", "FILE [FILE...]", "Check modules, binary or text, without compiling them. Exit status 1 when one is no good.",
    (
        Option("--enable", "FEATURE", "turn a proposal on", proposals.enable, many=True),
        Option("--disable", "FEATURE", "turn a proposal off", proposals.disable, many=True),
        PROPOSALS,
    ),
)  # fmt: skip


def run(options: Parsed) -> int:
    """Check each file."""
    config = Config()
    proposals.apply(config, [*options.enable, *options.disable, *options.wasm])
    features = config.features()
    status = OK
    for path in options.operands:
        try:
            validate_source(read_module(path), features)
        except (WasmError, OSError) as error:
            message = describe(error)
            fail("validate", message if path in message else f"{path}: {message}")
            status = FAILED
    return status
