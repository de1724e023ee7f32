"""`wasm validate`: says what is wrong with modules, or nothing."""

from __future__ import annotations

from wasm_environ.errors import WasmError
from wasm_facade.cli import FAILED, OK, describe, fail, proposals
from wasm_facade.cli.options import PROPOSALS, Command, Option
from wasm_facade.cli.source import read_module
from wasm_facade.compilation import placed, validate
from wasm_facade.config import Config
from wasm_facade.source import is_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_environ.features import Features
    from wasm_facade.cli.options import Parsed

COMMAND = Command(
    "validate", "FILE [FILE...]", "Check modules and components, binary or text, without compiling them. Exit status 1 when one is no good.",
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
            check(read_module(path), features)
        except (WasmError, OSError) as error:
            message = describe(error)
            fail("validate", message if path in message else f"{path}: {message}")
            status = FAILED
    return status


def check(source: bytes, features: Features) -> None:
    """Check a module or component, binary or text. Raises CompileError."""
    if is_text(source):
        placed(source, lambda binary: check_binary(binary, features))
    else:
        check_binary(source, features)


def check_binary(binary: bytes, features: Features) -> None:
    """Check a module or component. Raises CompileError."""
    from wasm_environ.component.binary.decode import decode, is_component

    if is_component(binary):
        from wasm_environ.component.validation import validate as validate_component

        validate_component(decode(binary, features), binary, features)
    else:
        validate(binary, features)
