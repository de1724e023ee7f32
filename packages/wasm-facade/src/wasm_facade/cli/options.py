"""Command lines by table: one row an option. argparse would add 11 ms to every start (click 94 ms), as much as running a cached program."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class UsageError(Exception):
    """The command line is no good; the message says how."""


class Option:
    """One option. `flags` as typed; `metavar` "" for a switch; `convert` makes the value, ValueError saying it is none.

    With `many` it may be given several times, and its value is a list. The value's name is the last flag without dashes.
    """

    __slots__ = ("convert", "default", "flags", "help", "many", "metavar")

    def __init__(
        self, flags: str, metavar: str, help: str, convert: Callable[[str], Any] = str, default: Any = None, many: bool = False
    ) -> None:  # fmt: skip
        self.flags = flags.split()
        self.metavar = metavar
        self.help = help
        self.convert = convert
        self.default = default
        self.many = many

    @property
    def name(self) -> str:
        """What the value is called."""
        return self.flags[-1].lstrip("-").replace("-", "_")


class Command:
    """A subcommand's line: `operands` as shown in its usage; with `passes_on`, what follows the first operand is not ours to read."""

    __slots__ = ("name", "operands", "options", "passes_on", "summary")

    def __init__(
        self, name: str, operands: str, summary: str, options: tuple[Option, ...] = (), passes_on: bool = False
    ) -> None:  # fmt: skip
        self.name = name
        self.operands = operands
        self.summary = summary
        self.options = options
        self.passes_on = passes_on

    def help(self) -> str:
        """The text of --help."""
        rows = [(", ".join(o.flags) + (f" {o.metavar}" if o.metavar else ""), o.help) for o in self.options]
        rows.append(("--help", "show this"))
        width = max(len(left) for left, _ in rows)
        lines = [f"usage: wasm {self.name} [OPTIONS] {self.operands}", "", self.summary, "", "options:"]
        return "\n".join([*lines, *(f"  {left:{width}}  {right}" for left, right in rows)])


class Parsed:
    """The options' values by name, and the operands."""

    __slots__ = ("operands", "values")

    def __init__(self, values: dict[str, Any], operands: list[str]) -> None:
        self.values = values
        self.operands = operands

    def __getattr__(self, name: str) -> Any:
        try:
            return self.values[name]
        except KeyError:
            raise AttributeError(name) from None


def parse(command: Command, argv: list[str]) -> Parsed | None:
    """Read a command line; None when --help was among the options. Raises UsageError."""
    by_flag = {flag: option for option in command.options for flag in option.flags}
    values = {option.name: [] if option.many else option.default for option in command.options}
    operands: list[str] = []
    at = 0
    while at < len(argv):
        word = argv[at]
        at += 1
        if word == "--":
            operands += argv[at:]
            break
        if word[:1] != "-" or word == "-":
            operands.append(word)
            if command.passes_on:
                operands += argv[at:]
                break
            continue
        if word in ("--help", "-h"):
            return None
        flag, equals, attached = word.partition("=")
        if not flag.startswith("--") and len(flag) > 2:  # -oFILE
            flag, equals, attached = word[:2], "=", word[2:]
        option = by_flag.get(flag)
        if option is None:
            raise UsageError(f"unknown option {flag}{_similar(flag, list(by_flag))}")
        if not option.metavar:
            if equals:
                raise UsageError(f"{flag} takes no value")
            values[option.name] = True
            continue
        if not equals:
            if at == len(argv):
                raise UsageError(f"{flag} needs a value: {flag} {option.metavar}")
            attached = argv[at]
            at += 1
        value = _converted(option, flag, attached)
        if option.many:
            values[option.name].append(value)
        else:
            values[option.name] = value
    needed = sum(not word.startswith("[") for word in command.operands.split())
    if len(operands) < needed:
        raise UsageError(f"missing {command.operands.split()[len(operands)]}")
    if len(operands) > needed and "..." not in command.operands:
        raise UsageError(f"unexpected argument {operands[needed]!r}")
    return Parsed(values, operands)


def _converted(option: Option, flag: str, text: str) -> Any:
    try:
        return option.convert(text)
    except ValueError as error:
        raise UsageError(f"{flag} {text}: {error}") from None


def _similar(flag: str, flags: list[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(flag, flags, 1)
    return f"; did you mean {close[0]}?" if close else ""


def natural(text: str) -> int:
    """A whole number, 0 or more."""
    if not text.isdecimal():
        raise ValueError("not a whole number")
    return int(text)


def seconds(text: str) -> float:
    """A time in seconds, more than 0."""
    try:
        value = float(text)
    except ValueError:
        raise ValueError("not a number of seconds") from None
    if not 0 < value < float("inf"):
        raise ValueError("not a time: it must be more than 0")
    return value


def size(text: str) -> int:
    """A number of bytes, with an optional K, M or G."""
    number, unit = (text[:-1], text[-1].upper()) if text[-1:].upper() in ("K", "M", "G") else (text, "")
    if not number.isdecimal():
        raise ValueError("not a size: a number of bytes, or one with K, M or G")
    return int(number) << {"": 0, "K": 10, "M": 20, "G": 30}[unit]


def pair(separator: str, what: str) -> Callable[[str], tuple[str, str]]:
    """A converter for `LEFT<separator>RIGHT`."""

    def convert(text: str) -> tuple[str, str]:
        left, found, right = text.partition(separator)
        if not found or not left:
            raise ValueError(f"not {what}")
        return left, right

    return convert


def features(text: str) -> list[tuple[str, bool]]:
    """Proposals to turn on or off: see `proposals.switches`, which is there when one is named."""
    from wasm_facade.cli.proposals import switches

    return switches(text)


# What every subcommand that compiles takes; `proposals.apply` reads it.
PROPOSALS = Option("-W --wasm", "FEATURE[=n]", "turn a proposal on, or off with =n; all-proposals is all of them", features, many=True)
