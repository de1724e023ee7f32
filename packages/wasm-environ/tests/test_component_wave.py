"""WAVE: what is read from a text, what is written for it, and where a text is wrong."""

from __future__ import annotations

import random
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from wasm_environ.component import syntax as s
from wasm_environ.component.types import TypeTable
from wasm_environ.component.wave.describe import describe
from wasm_environ.component.wave.reader import Reader, WaveError
from wasm_environ.component.wave.writer import Writer

Record = SimpleNamespace


@dataclass
class Variant:
    tag: str
    payload: Any = None


TABLE = TypeTable()
OPTION = TABLE.intern(s.Option(s.U8))
TYPES = {
    "option": OPTION, "deep": TABLE.intern(s.Option(OPTION)), "record": TABLE.intern(s.Record((("must-be", s.U8), ("may-be", OPTION)))),
    "optional": TABLE.intern(s.Record((("a", OPTION),))), "flags": TABLE.intern(s.Flags(("read", "write"))), "enum": TABLE.intern(s.Enum(("left", "true"))),
    "result": TABLE.intern(s.Result(s.U8, s.STRING)), "alike": TABLE.intern(s.Result(s.U8, s.U8)), "plain": TABLE.intern(s.Result(None, None)),
    "floats": TABLE.intern(s.List(s.F32)), "bytes": TABLE.intern(s.List(s.U8)), "two": TABLE.intern(s.FixedList(s.U16, 2)),
    "pair": TABLE.intern(s.Tuple((s.STRING, s.CHAR))), "map": TABLE.intern(s.Map(s.STRING, s.U8)),
    "variant": TABLE.intern(s.Variant((("a", s.U8), ("ok", s.STRING), ("c", None)))), "tagged": TABLE.intern(s.Variant((("a", s.U8), ("b", s.U16)))),
    "of-result": TABLE.intern(s.Option(TABLE.intern(s.Result(s.U8, None)))), "own": TABLE.intern(s.Own(0)),
    **{name: type for type, name in s.PRIMITIVE_NAMES.items()},
}  # fmt: skip

# Columns: type, text, value, what is written for the value (None: the text).
READS: tuple[tuple[str, str, Any, str | None], ...] = (
    ("bool", "true", True, None),
    ("u8", " 255 // the largest", 255, "255"),
    ("s8", "-128", -128, None),
    ("u64", "18446744073709551615", (1 << 64) - 1, None),
    ("f64", "1", 1.0, None),
    ("f64", "-0.0e-0", -0.0, "-0"),
    ("f64", "6.022e+23", 6.022e23, "602200000000000000000000"),
    ("f64", "1e-7", 1e-7, "0.0000001"),
    ("f64", "inf", float("inf"), None),
    ("f32", "0.1", 0.10000000149011612, None),
    ("f32", "3.4028234664e38", 3.4028234663852886e38, "340282350000000000000000000000000000000"),
    ("f32", "-3.4028234664e39", float("-inf"), "-inf"),
    ("f32", "1.4012984643e-46", 0.0, "0"),
    ("char", "'x'", "x", None),
    ("char", r"'\''", "'", None),
    ("char", "'\"'", '"', r"'\"'"),
    ("char", r"'\u{1F30A}'", "\U0001f30a", "'\U0001f30a'"),
    ("string", r'"a\tb\\\u{0}é"', "a\tb\\\0é", None),
    ("string", "\"it's\"", "it's", r'"it\'s"'),
    ("string", '"""\n    more\n  than a line "" \\"\n  """', '  more\nthan a line "" "', r'"  more\nthan a line \"\" \""'),
    ("string", '"""\r\n\r\n"""', "", '""'),
    ("option", "none", None, None),
    ("option", "7", 7, "some(7)"),
    ("option", "some( 7 )", 7, "some(7)"),
    ("deep", "none", Variant("none"), None),
    ("deep", "some(none)", Variant("some"), None),
    ("deep", "some(some(1))", Variant("some", 1), None),
    ("of-result", "some(ok(1))", Variant("some", 1), None),
    ("result", "5", 5, "ok(5)"),
    ("result", 'err("x")', "x", None),
    ("alike", "5", Variant("ok", 5), "ok(5)"),
    ("alike", "err(5)", Variant("err", 5), None),
    ("plain", "ok", Variant("ok"), None),
    ("bytes", "[1, 2,]", b"\1\2", "[1, 2]"),
    ("two", "[1, 2]", [1, 2], None),
    ("floats", "[]", [], None),
    ("pair", "(\"a\", 'b',)", ("a", "b"), "(\"a\", 'b')"),
    ("record", "{must-be: 1}", Record(**{"must-be": 1, "may-be": None}), None),
    ("record", "{may-be: 2, %must-be: 1}", Record(**{"must-be": 1, "may-be": 2}), "{must-be: 1, may-be: some(2)}"),
    ("optional", "{ : }", Record(a=None), "{:}"),
    ("flags", "{write, read,}", {"read", "write"}, "{read, write}"),
    ("flags", "{}", set(), None),
    ("enum", "left", "left", None),
    ("enum", "%true", "true", None),
    ("variant", "a(3)", 3, None),
    ("variant", '%ok("x")', "x", None),
    ("variant", "c", None, None),
    ("tagged", "b(3)", Variant("b", 3), None),
    ("map", '{"x": 1}', {"x": 1}, None),
    ("map", "{:}", {}, None),
)


def read(type: str, text: str) -> Any:
    reader = Reader(text, TABLE, Record, Variant)
    value = reader.value(TYPES[type])
    reader.end()
    return value


@pytest.mark.parametrize(("type", "text", "value", "written"), READS)
def test_texts_are_values_and_values_are_texts(type: str, text: str, value: Any, written: str | None) -> None:
    found = read(type, text)
    assert (found, found.__class__) == (value, value.__class__)
    assert Writer(TABLE, Variant).value(TYPES[type], found) == (text if written is None else written)
    assert read(type, Writer(TABLE, Variant).value(TYPES[type], found)) == value


def test_nan_is_a_float() -> None:
    assert Writer(TABLE, Variant).value(s.F32, read("f32", "nan")) == "nan"


# Columns: type, text, the error.
WRONG = (
    ("u8", "256", "column 1: 256 does not fit u8"),
    ("u8", "-1", "column 1: -1 does not fit u8"),
    ("u8", "1.5", "column 1: expected u8, found 1.5"),
    ("u8", "", "column 1: expected u8, found the end"),
    ("u8", "1 2", "column 3: expected the end, found 2"),
    ("u8", "01", "column 1: nothing starts with '01'"),
    ("u8", "9" * 5000, "column 1: expected u8, found 9"),
    ("f32", "-nan", "column 1: nothing starts with '-nan'"),
    ("f32", "Infinity", "column 1: expected f32, found Infinity"),
    ("bool", "True", "column 1: expected bool, found True"),
    ("char", "'ab'", "column 1: nothing starts with "),
    ("char", "''", "column 1: nothing starts with "),
    ("char", r"'\u{D800}'", r"column 2: no character: \u{D800}"),
    ("char", '"a"', 'column 1: expected char, found "a"'),
    ("string", r'"ab\z"', r"column 4: no escape: \z"),
    ("string", r'"\u{110000}"', r"column 2: no character: \u{110000}"),
    ("string", '"open', "column 1: nothing starts with"),
    ("string", '"""x"""', "column 1: `\"\"\"` is followed by the end of its line"),
    ("string", '"""\n x\n  """', "column 1: a line of the text is indented by less"),
    ("option", "some", "column 5: expected `(` behind some, which has a u8, found the end"),
    ("option", "none(1)", "column 5: the case none of option<u8> has no payload"),
    ("deep", "1", "column 1: expected option<option<u8>>, found 1"),
    ("result", "err(1)", "column 5: expected string, found 1"),
    ("plain", "ok(1)", "column 3: the case ok of result has no payload"),
    ("bytes", "[1,,]", "column 4: expected u8, found ,"),
    ("bytes", "[1", "column 3: expected `,` or `]` in a list<u8>, found the end"),
    ("two", "[1]", "column 1: list<u16, 2> has 2 elements, these are 1"),
    ("pair", '("a")', "column 1: tuple<string, char> has 2 elements, these are 1"),
    ("pair", "(\"a\", 'b', 1)", "column 12: tuple<string, char> has 2 elements, here is one more: 1"),
    ("record", "{}", "column 1: the field must-be is missing, u8"),
    ("record", "{must-be: 1, must-be: 1}", "column 14: the field must-be is there twice"),
    ("record", "{other: 1}", "column 2: record {must-be: u8, may-be: option<u8>} has no field other"),
    ("record", "{must-be 1}", "column 10: expected `:` behind the field must-be, found 1"),
    ("record", "{must-be: 300}", "column 11: 300 does not fit u8 for must-be"),
    ("flags", "{read, read}", "column 8: the flag read is there twice"),
    ("flags", "{exec}", "column 2: flags {read, write} has no flag exec"),
    ("enum", "true", "column 1: the case true is written %true"),
    ("enum", "up", "column 1: enum {left, true} has no case up"),
    ("variant", "a", "column 2: expected `(` behind a, which has a u8, found the end"),
    ("variant", "c(1)", "column 2: the case c of variant {a(u8), ok(string), c} has no payload"),
    ("map", '{"x": 1, "x": 2}', "column 10: the key 'x' is there twice"),
    ("own", "1", "column 1: values of the type own resource cannot be written"),
    ("u8", "#", "column 1: nothing starts with '#'"),
)  # fmt: skip


@pytest.mark.parametrize(("type", "text", "message"), WRONG)
def test_what_is_wrong_is_said_with_its_column(type: str, text: str, message: str) -> None:
    with pytest.raises(WaveError) as caught:
        read(type, text)
    assert str(caught.value).startswith(message)
    assert str(caught.value).startswith(f"column {caught.value.column}: ")


# Columns: text, parameters, values or the error.
CALLS: tuple[tuple[str, tuple[tuple[str, int], ...], Any], ...] = (
    ("f()", (), []),
    ("f(1, 2,)", (("a", s.U8), ("b", s.U8)), [1, 2]),
    ("f(1)", (("a", s.U8), ("b", OPTION), ("c", TYPES["deep"])), [1, None, Variant("none")]),
    ("f(1)", (("a", s.U8), ("b", s.U8)), "column 4: the argument b is missing, u8"),
    ("f(1, 2)", (("a", s.U8),), "column 6: the function takes 1 argument, here is one more: 2"),
    ('f("x")', (("a", s.U8),), 'column 3: expected u8 for a, found "x"'),
    ("f(1 2)", (("a", s.U8), ("b", s.U8)), "column 5: expected `,` or `)` behind an argument, found 2"),
    ("f", (), "column 2: expected `(` before the arguments, found the end"),
)


@pytest.mark.parametrize(("text", "params", "expected"), CALLS)
def test_arguments_of_a_call(text: str, params: tuple[tuple[str, int], ...], expected: Any) -> None:
    reader = Reader(text, TABLE, Record, Variant, 1)
    if isinstance(expected, list):
        assert reader.arguments(params) == expected
        reader.end()
        return
    with pytest.raises(WaveError) as caught:
        reader.arguments(params)
    assert str(caught.value) == expected


def test_types_are_described_in_the_words_of_wit() -> None:
    many = TABLE.intern(s.Enum(tuple(f"e{i}" for i in range(9))))
    func = TABLE.intern(s.Func((("a", s.U8),), TABLE.intern(s.Result(None, s.STRING))))
    assert describe(TABLE, many) == "enum {e0, e1, e2, e3, e4, e5, ...}"
    assert describe(TABLE, func) == "func(a: u8) -> result<_, string>"
    assert describe(TABLE, TYPES["map"]) == "map<string, u8>"
    assert describe(TABLE, TABLE.intern(s.Stream(None))) == "stream"


def test_no_text_does_more_than_be_refused() -> None:
    """Texts with pieces lost, doubled, exchanged and put in: a value, or a WaveError with a place in the text."""
    rng = random.Random(1)
    pieces = ["{", "}", "(", ")", "[", "]", ",", ":", "'", '"', '"""', "\\", "\\u{", "%", "-", ".", "1e", "//", "\n", "some", "none(", "ok", "\u00e9", "\ud800", "0"]
    places = []
    for _ in range(4000):
        type, text, _, _ = rng.choice(READS)
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(text) + 1)
            text = text[:at] + rng.choice([*pieces, "", text[at : at + 3]]) + text[at + rng.randrange(3) :]
        try:
            value = read(type, text)
        except WaveError as error:
            places.append((error.column, len(text) + 1))
            continue
        assert read(type, Writer(TABLE, Variant).value(TYPES[type], value)) == value or value != value
    assert 1000 < len(places) < 4000
    assert [place for place in places if not 1 <= place[0] <= place[1]] == []
