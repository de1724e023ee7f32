"""What values of components are in Python, type by type: the table of the reference's page, which tests run row by row."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from wasm_vm import Err, Record, Variant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final


@dataclass
class Point:
    """Some user's own."""

    x: int
    y_pos: float


class Color(Enum):
    RED = "red"


class Row(NamedTuple):
    """One type, or several that are alike, by an example of them."""

    types: str  # as the page says it
    example: str  # one of them in WIT's words
    text: str  # the same in the text format
    gives: str  # what Python gets
    takes: str  # what Python may give besides
    arrays: str  # what a list of it is with `arrays`
    values: tuple[tuple[Any, Any], ...]  # given, and what comes back when the guest returns it
    errors: tuple[tuple[Any, type[Exception], str], ...]  # given, what is raised, its message behind the place


RECORD = '(record (field "x" u32) (field "y-pos" f64))'
VARIANT = '(variant (case "size" u32) (case "name" string) (case "none"))'
SAME: Final = "as `list`"

ROWS: Final = (
    Row("`bool`", "bool", "bool", "`bool`", "nothing else", SAME, ((True, True), (False, False)), (
        (1, TypeError, "expected a bool, got int: 1"),)),
    Row("`s8` `u8` `s16` `u16` `s32` `u32` `s64` `u64`", "u16", "u16", "`int`", "what has `__index__`", "`array.array`; of `u8` `bytes` always", (
        (0, 0), (65535, 65535), (True, 1)), (
        (65536, OverflowError, "65536 does not fit u16"), (-1, OverflowError, "-1 does not fit u16"),
        (1.0, TypeError, "expected an int for u16, got float: 1.0"))),
    Row("`f32` `f64`", "f32", "f32", "`float`", "`int`, what has `__float__`", "`array.array`", ((0.5, 0.5), (2, 2.0), (0.1, 0.10000000149011612)), (
        ("1", TypeError, "expected a float for f32, got str: '1'"),)),
    Row("`char`", "char", "char", "`str` of one character", "nothing else", SAME, (("x", "x"), ("\U0001f30a", "\U0001f30a")), (
        ("xy", TypeError, "expected a str of one character, got str: 'xy'"), ("\ud800", ValueError, "'\\ud800' is a surrogate, no character"))),
    Row("`string`", "string", "string", "`str`", "nothing else", SAME, (("", ""), ("h\u00e9", "h\u00e9")), (
        (b"x", TypeError, "expected a str, got bytes: b'x'"), ("\ud800", ValueError, "a str with a surrogate: '\\ud800'"))),
    Row("`list<u8>`", "list<u8>", "(list u8)", "`bytes`", "buffers of bytes, sequences of `int`", SAME, (
        (b"ab", b"ab"), (bytearray(b"ab"), b"ab"), ([97, 98], b"ab"), (array("B", [97]), b"a")), (
        ([256], OverflowError, "256 does not fit u8"), ("ab", TypeError, "expected bytes, or a list of ints, got str: 'ab'"))),
    Row("`list<T>` of numbers", "list<u32>", "(list u32)", "`list`; with `arrays` `array.array`", "sequences, buffers of such numbers (`array`, numpy)", SAME, (
        ([1, 2], [1, 2]), ((1, 2), [1, 2]), (array("I", [1, 2]), [1, 2]), (range(2), [0, 1])), (
        ([1, "2"], TypeError, "expected an int for u32, got str: '2'"), (5, TypeError, "expected a list, got int: 5"))),
    Row("`list<T>`", "list<string>", "(list string)", "`list`", "sequences", SAME, ((["a", "b"], ["a", "b"]), (("a",), ["a"])), (
        ({"a": 1}, TypeError, "expected a list, got dict: {'a': 1}"), ("ab", TypeError, "expected a list, got str: 'ab'"))),
    Row("`tuple<...>`", "tuple<u8, string>", "(tuple u8 string)", "`tuple`", "sequences", SAME, (((1, "a"), (1, "a")), ([1, "a"], (1, "a"))), (
        ((1,), TypeError, "expected a tuple of 2, got 1 items"),)),
    Row("`record`", "record {x: u32, y-pos: f64}", RECORD, "`Record`: fields are attributes, `_` for `-` too",
        "what has the attributes (a dataclass, a named tuple), mappings; `_` for `-`", SAME, (
        (Record(**{"x": 1, "y-pos": 0.5}), Record(**{"x": 1, "y-pos": 0.5})), ({"x": 1, "y_pos": 0.5}, Record(**{"x": 1, "y-pos": 0.5})),
        (Point(1, 0.5), Record(**{"x": 1, "y-pos": 0.5}))), (
        ({"x": 1}, AttributeError, "a record has a field 'y-pos', dict has none: {'x': 1}"), ({"x": -1, "y_pos": 0.5}, OverflowError, "-1 does not fit u32"))),
    Row("`flags`", "flags {read, write}", '(flags "read" "write")', "`set` of labels", "`frozenset`, `list`, `tuple`; `int`, by bits", SAME, (
        ({"read"}, {"read"}), (["write"], {"write"}), (3, {"read", "write"})), (
        ({"exec"}, ValueError, "no flag of these: 'exec'"), (4, OverflowError, "4 does not fit 2 flags"))),
    Row("`enum`", "enum {red, green}", '(enum "red" "green")', "`str`", "an `Enum` whose values are labels", SAME, (("red", "red"), (Color.RED, "red")), (
        ("blue", ValueError, "no case of this enum: 'blue'"),)),
    Row("`option<T>`", "option<u8>", "(option u8)", "the value, or `None`", "`Variant`", SAME, (
        (None, None), (5, 5), (Variant("some", 5), 5), (Variant("none"), None)), (
        (256, OverflowError, "256 does not fit u8"),)),
    Row("`option<option<T>>`, `option<result>`", "option<option<u8>>", "(option (option u8))", "`Variant`", "nothing else", SAME, (
        (Variant("none"), Variant("none")), (Variant("some"), Variant("some")), (Variant("some", 5), Variant("some", 5))), (
        (5, TypeError, "expected a Variant, got int: 5"),)),
    Row("`variant`: no two cases of one Python class", "variant {size(u32), name(string), none}", VARIANT,
        "the payload alone, of no payload `None`", "`Variant`", SAME, ((5, 5), ("a", "a"), (None, None), (Variant("size", 5), 5)), (
        (0.5, ValueError, "value not valid for this variant: 0.5"),)),
    Row("`variant`: any other", "variant {a(u8), b(u8)}", '(variant (case "a" u8) (case "b" u8))', "`Variant(tag, payload)`", "nothing else", SAME, (
        (Variant("a", 5), Variant("a", 5)),), (
        (5, TypeError, "expected a Variant, got int: 5"), (Variant("c"), ValueError, "value not valid for this variant: it has no case 'c'"))),
    Row("`result`: ok and err of different Python classes", "result<u8, string>", "(result u8 (error string))",
        "the payload alone; with `raises` an err is raised", "`Err`, `Variant`", SAME, ((5, 5), ("no", "no"), (Err("no"), "no"), (Variant("ok", 5), 5)), (
        (0.5, ValueError, "value not valid for this variant: 0.5"),)),
    Row("`result`: any other", "result<u8, u8>", "(result u8 (error u8))", "`Variant`; with `raises` an ok's payload, and an err is raised",
        "`Err`; what is no `Variant` is an ok", SAME, (
        (Variant("err", 5), Variant("err", 5)), (Err(5), Variant("err", 5)), (5, Variant("ok", 5))), (
        ("no", TypeError, "expected an int for u8, got str: 'no'"),)),
)  # fmt: skip

RESOURCES: Final = """| `own<R>`, `borrow<R>` of a guest's type | `ResourceAny` | nothing else | as `list` | | |
| `own<R>`, `borrow<R>` of a Python class (`linker.resource`) | the object itself | objects of the class | as `list` | | |
| `own<R>`, `borrow<R>` of `ResourceType.host(n)` | `ResourceAny` | nothing else | as `list` | | |"""


def values_page() -> str:
    """The table, in Markdown."""
    lines = ["| type | Python gets | Python may give, too | list of it, with `arrays` | for example | refused |", "|---|---|---|---|---|---|"]
    for row in ROWS:
        values = "<br>".join([f"`{_text(given)}`" if _same(given, back) else f"`{_text(given)}` &rarr; `{_text(back)}`" for given, back in row.values])
        errors = "<br>".join([f"`{_text(given)}`: {kind.__name__}: {message}" for given, kind, message in row.errors])
        example = "" if f"`{row.example}`" in row.types else f"`{row.example}`: "
        lines.append(f"| {row.types} | {row.gives} | {row.takes} | {row.arrays} | {example}{values} | {errors} |")
    return "\n".join([*lines, RESOURCES])


def _text(value: Any) -> str:
    """Its repr, the same each time."""
    return f"{{{', '.join(map(repr, sorted(value)))}}}" if isinstance(value, set) else repr(value)


def _same(given: Any, back: Any) -> bool:
    return type(given) is type(back) and bool(given == back)
