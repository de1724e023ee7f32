"""`wasm validate`: says what is wrong with modules, or nothing."""

from __future__ import annotations

from wasm_environ.errors import WasmError
from wasm_facade.cli import FAILED, OK, describe, fail
from wasm_facade.cli.options import Command, Option
from wasm_facade.cli.source import read_module
from wasm_facade.compilation import validate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_facade.cli.options import Parsed

COMMAND = Command(
    "validate", "FILE [FILE...]", "Check modules, binary or text, without compiling them. Exit status 1 when one is no good.",
    (
        Option("--enable", "FEATURE", "turn a proposal on", many=True),
        Option("--disable", "FEATURE", "turn a proposal off", many=True),
    ),
)  # fmt: skip


def run(options: Parsed) -> int:
    """Check each file."""
    from wasm_environ.features import Features

    try:
        features = Features(tuple(options.enable), tuple(options.disable))
    except ValueError as error:
        fail("validate", str(error))
        return FAILED
    status = OK
    for path in options.operands:
        try:
            validate(read_module(path), features)
        except (WasmError, OSError) as error:
            message = describe(error)
            fail("validate", message if path in message else f"{path}: {message}")
            status = FAILED
    return status
