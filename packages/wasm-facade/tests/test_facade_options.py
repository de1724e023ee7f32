"""The command line parser: rows of words and what they mean."""

from __future__ import annotations

from typing import Any

import pytest

from wasm_facade.cli.options import Command, Option, UsageError, natural, pair, parse, seconds, size

COMMAND = Command(
    "try", "FILE [ARGS...]", "Try.",
    (Option("-o --output", "OUT", "where"), Option("--many", "X", "several", many=True), Option("--count", "N", "how many", natural, 1),
     Option("--quiet", "", "say nothing"), Option("--preload", "NAME=FILE", "first", pair("=", "NAME=FILE"), many=True)),
    passes_on=True,
)  # fmt: skip
ONE = Command("one", "FILE", "One file.", (Option("--dry-run", "", "do nothing"),))

GOOD: list[tuple[Command, str, dict[str, Any], list[str]]] = [
    (COMMAND, "f", {"output": None, "many": [], "count": 1, "quiet": None}, ["f"]),
    (COMMAND, "-o out f", {"output": "out"}, ["f"]),
    (COMMAND, "-oout f", {"output": "out"}, ["f"]),
    (COMMAND, "--output=out f", {"output": "out"}, ["f"]),
    (COMMAND, "--output out --many a --many=b f", {"output": "out", "many": ["a", "b"]}, ["f"]),
    (COMMAND, "--count 0 --quiet f", {"count": 0, "quiet": True}, ["f"]),
    (COMMAND, "f -o x --quiet --nonsense --help", {"output": None, "quiet": None}, ["f", "-o", "x", "--quiet", "--nonsense", "--help"]),
    (COMMAND, "-- -o x", {"output": None}, ["-o", "x"]),
    (COMMAND, "-", {}, ["-"]),
    (COMMAND, "--preload a=b=c f", {"preload": [("a", "b=c")]}, ["f"]),
    (ONE, "f --dry-run", {"dry_run": True}, ["f"]),
]


@pytest.mark.parametrize(("command", "line", "values", "operands"), GOOD, ids=[row[1] for row in GOOD])
def test_good(command: Command, line: str, values: dict[str, Any], operands: list[str]) -> None:
    parsed = parse(command, line.split())
    assert parsed is not None
    assert parsed.operands == operands
    assert {name: getattr(parsed, name) for name in values} == values


BAD = [
    (COMMAND, "", "missing FILE"),
    (COMMAND, "--output", "--output needs a value"),
    (COMMAND, "--outptu x f", "unknown option --outptu; did you mean --output"),
    (COMMAND, "-x f", "unknown option -x"),
    (COMMAND, "--quiet=yes f", "--quiet takes no value"),
    (COMMAND, "--count x f", "--count x: not a whole number"),
    (COMMAND, "--count -1 f", "not a whole number"),
    (COMMAND, "--preload a f", "not NAME=FILE"),
    (ONE, "a b", "unexpected argument 'b'"),
]


@pytest.mark.parametrize(("command", "line", "message"), BAD, ids=[row[1] for row in BAD])
def test_bad(command: Command, line: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse(command, line.split())


@pytest.mark.parametrize("line", ["--help", "-h", "--quiet --help f"])
def test_help(line: str) -> None:
    assert parse(COMMAND, line.split()) is None


def test_help_names_every_option() -> None:
    text = COMMAND.help()
    assert "usage: wasm try [OPTIONS] FILE [ARGS...]" in text
    for words in ("-o, --output OUT", "--many X", "--count N", "--quiet ", "--help"):
        assert words in text


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("17", 17), ("4K", 4096), ("4k", 4096), ("2M", 2 << 20), ("1G", 1 << 30)])
def test_sizes(text: str, value: int) -> None:
    assert size(text) == value


@pytest.mark.parametrize("text", ["", "K", "-1", "1.5M", "1T", "x"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="not a size"):
        size(text)


@pytest.mark.parametrize("text", ["0", "-1", "inf", "nan", "x", ""])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        seconds(text)
    assert seconds("1.5") == 1.5
