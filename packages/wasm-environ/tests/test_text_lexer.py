"""Tokens, comments, annotations, strings, identifiers, and where errors point."""

from __future__ import annotations

import pytest

from wasm_environ.compile_errors import TextError
from wasm_environ.text import parse_module
from wasm_environ.text.lexer import Tokens, unquote

TOKENS = [
    ("(module)", ["(", "module", ")"]),
    ("a;;c\nb;;d\rc", ["a", "b", "c"]),
    ("a(;x(;y;)z;)b", ["a", "b"]),
    ('"a;;(;" b', ['"a;;(;"', "b"]),
    (';; "\n(; " ;) a', ["a"]),
    ('a"b"c', ['a"b"c']),
    ('"\\"" "\\\\"', ['"\\""', '"\\\\"']),
    ("$x!?(0)", ["$x!?", "(", "0", ")"]),
    ("(@skip (a \")\" (@b)) ; {[,]}) x", ["x"]),
    ("x (@\"skip\" y) (@z)y", ["x", "y"]),
    ("end;;", ["end"]),
    ("", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "tokens"), TOKENS)
def test_tokens(text: str, tokens: list[str]) -> None:
    assert [tok for tok in Tokens(text).toks if tok] == tokens


STRINGS = [
    ('"a"', b"a"), ('"\\t\\n\\r\\"\\\'\\\\"', b"\t\n\r\"'\\"), ('"\\00\\fF"', b"\x00\xff"), ('"\\u{41}\\u{1_F600}"', b"A\xf0\x9f\x98\x80"),
    ('"λ"', b"\xce\xbb"), ('""', b""),
]  # fmt: skip


@pytest.mark.parametrize(("token", "data"), STRINGS)
def test_strings(token: str, data: bytes) -> None:
    assert unquote(token) == data


ERRORS = [
    ('(data "\\q")', "illegal escape"),
    ('(data "\\u{d800}")', "malformed UTF-8"),
    ('(data "\\u{110000}")', "malformed UTF-8"),
    ('(data "\\u{ffffffffffffffffffff}")', "malformed UTF-8"),
    ('(data "abc', "unclosed string"),
    ("(data (; ", "unclosed comment"),
    ("(; (; ;)", "unclosed comment"),
    ("(@a", "unclosed annotation"),
    ("(@ a)", "empty annotation id"),
    ("(@a \x01)", "illegal character"),
    ("(func $)", "empty identifier"),
    ('(func $"")', "empty identifier"),
    ('(func $"\\ff")', "malformed UTF-8"),
    ('(func $a"b")', "unknown operator"),
    ("(func ö)", "illegal character"),
    ("(fnord)", "unknown operator fnord"),
    ("(func (i32.const 1) 1x)", "unknown operator 1x"),
    ("(func offset=1)", "unexpected token"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), ERRORS)
def test_errors(text: str, words: str) -> None:
    with pytest.raises(TextError) as caught:
        parse_module(text)
    assert str(caught.value).startswith(words)


def test_malformed_utf8() -> None:
    with pytest.raises(TextError) as caught:
        parse_module(b'(module)\n(data "\xff")')
    assert caught.value.message == "malformed UTF-8 encoding"
    assert (caught.value.line, caught.value.column) == (2, 8)


POSITIONS = [
    ("(module\n  (func\n    i32.const x))", 3, 15, "    i32.const x))"),
    ("(module\n\t(; a\n ;) (func (nope)))", 3, 12, " ;) (func (nope)))"),
    ("(module (@skip a (b)) (func (@x)\n (nope)))", 2, 3, " (nope)))"),
    ("(module", 1, 8, "(module"),
    ("(module)\r\n (func)\r\n", 2, 2, " (func)"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "column", "shown"), POSITIONS)
def test_positions(text: str, line: int, column: int, shown: str) -> None:
    with pytest.raises(TextError) as caught:
        parse_module(text)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert str(caught.value).splitlines()[1:] == [f"  {shown}", "  " + " " * (column - 1) + "^"]


def test_first_line_counts_everywhere() -> None:
    for text in ("(func (nope))", "(; ", "(@a"):
        with pytest.raises(TextError) as caught:
            parse_module(text, first_line=41)
        assert caught.value.line == 41


def test_long_lines_are_not_shown() -> None:
    with pytest.raises(TextError) as caught:
        parse_module("(module " + "(func) " * 10_000 + "(nope))")
    assert len(str(caught.value)) < 200


DEEP = 100_000


@pytest.mark.parametrize(
    "text",
    [
        "(" * DEEP, "(func " + "(block " * DEEP, "(;" * DEEP, "(@a " * DEEP, "(module " * DEEP, '"' * DEEP, "(@" * DEEP,
        "(func (param " + "(ref " * DEEP, "(rec " * DEEP, "$" * DEEP, "(func " + "block " * DEEP, "(func (i32.const " + "9" * DEEP + "))",
        "(global i32 " + "(i32.add " * DEEP, "(type " + "(sub " * DEEP,
    ],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_depth_is_an_error_not_a_crash(text: str) -> None:
    with pytest.raises(TextError):
        parse_module(text)


def test_deep_nesting_parses() -> None:
    deep = 20_000
    folded = parse_module(f"(func {'(block ' * deep}{')' * deep})")
    assert folded == parse_module(f"(func {'block ' * deep}{'end ' * deep})")
    parse_module(f"(func {'(i32.eqz ' * deep}{')' * deep})")
