"""`wasm config`: the settings of an engine, their defaults, what they do."""

from __future__ import annotations

from difflib import get_close_matches
from textwrap import fill

from wasm_facade.cli import FAILED, OK, fail
from wasm_facade.cli.options import Command
from wasm_facade.config import with_effect, without_effect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_facade.cli.options import Parsed

COMMAND = Command(
    "config", "[NAME]...", "List the settings of an engine, attributes of wasm_facade.Config, with their defaults and what they do; with NAME only those.",
)  # fmt: skip
WIDTH = 100


def run(options: Parsed) -> int:
    """Print all settings, or those that are asked for."""
    effective, idle = with_effect(), without_effect()
    for name in options.operands:
        if name not in effective and name not in idle:
            close = get_close_matches(name, [*effective, *idle], 1)
            fail("config", f"no setting {name!r}" + (f"; did you mean {close[0]}?" if close else "; wasm config lists them"))
            return FAILED
    for name in options.operands or [*effective, *idle]:
        if name in effective:
            default, text = effective[name]
            print(f"{name} = {default!r}")
            print(fill(" ".join(text.split()), WIDTH, initial_indent="    ", subsequent_indent="    "))
        else:
            print(f"{name}\n    without effect: {idle[name]}")
    return OK
