"""WIT texts, a row each: what they say survives printing and parsing, and what they may not say is told by line and column."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from wasm_environ.compile_errors import WitError
from wasm_environ.component.wit import syntax as w
from wasm_environ.component.wit.parser import parse
from wasm_environ.component.wit.printer import print_file

WASI = Path(os.environ.get("WASM_WIT") or Path(__file__).parents[4] / "shared" / "wit")
FILES = sorted(WASI.rglob("*.wit"))

# One of everything, in the layout that printing gives.
EVERYTHING = """\
/// A package.
package a:b@1.2.3-rc.1;

use c:d/e@0.1.0;
use x as y;

/// An interface,
///
///   of two paragraphs.
@since(version = 1.0.0)
@deprecated(version = 1.1.0)
interface types {
  use e.{one, two as %list};
  use c:d/e@0.1.0.{three};

  type t = u32;

  record r {
    /// A field.
    a: bool,
    %type: tuple<s8, f64, char>,
  }

  @unstable(feature = more)
  variant v {
    none,
    some(option<list<string>>),
  }

  enum e2 {
    x,
  }

  flags f {
    read,
    write-ALL,
  }

  resource plain;

  resource res {
    constructor(a: own<plain>) -> result<res, string>;
    /// A method.
    go: async func(b: borrow<plain>) -> stream<u8>;
    @external-id("x \\u{e9}\\n")
    make: static func() -> future;
  }

  g: func(a: list<u8, 4>, b: map<string, u8>) -> result<_, error-context>;

  h: func() -> result;
}

world w {
  include other;
  include c:d/w2@0.1.0 with { a as b, c as d };
  import types;
  import c:d/e@0.1.0;
  import label: c:d/e@0.1.0;
  import inner: interface {
    use types.{r};

    k: func(x: r);
  }
  use types.{t};

  type u = t;
  import n: func(a: u);

  export run: async func() -> result<u32, string>;
  export types;
}

interface later {
}

package c:d@0.1.0 {
  interface e {
    type one = u8;
  }
}
"""

# Columns: text, line, column, what the message says.
WRONG: list[tuple[str, int, int, str]] = [
    ("interface i { /* no end", 1, 15, "unterminated comment"),
    ('package a:b;\nworld w { @external-id("x', 2, 24, "unterminated string"),
    ("interface i {", 1, 14, "found the end of the text"),
    ("package a;", 1, 10, "expected `:`, found `;`"),
    ("package a:b@1.0;", 1, 13, "a version such as 1.0.0"),
    ("package a:b@1.0.01;", 1, 13, "leading zero"),
    ("package a:b { package c:d { } }", 1, 15, "at the top of the file"),
    ("interface list { }", 1, 11, "expected an identifier, found keyword `list`"),
    ("interface aB { }", 1, 11, "no identifier"),
    ("interface a-- { }", 1, 11, "no identifier"),
    ("interface i {\n  f: func(a: list<u8, >);\n}", 2, 23, "a length"),
    ("interface i { type t = list<u8, 0>; }", 1, 33, "from 1 to 4294967295"),
    ("interface i { type t = list; }", 1, 28, "expected `<`, found `;`"),
    ("interface i { type t = result<_>; }", 1, 32, "a type"),
    ("interface i { type t = option<u8, u8>; }", 1, 35, "expected `>`"),
    ("interface i { type t = borrow<u8>; }", 1, 31, "a resource's name, found keyword `u8`"),
    ("interface i { enum e { } }", 1, 20, "enum `e` is empty"),
    ("interface i { @since(version = 1.0.0) @unstable(feature = x) f: func(); }", 1, 15, "exclude each other"),
    ("interface i { @deprecated(version = 1.0.0) f: func(); }", 1, 15, "needs a @since or @unstable"),
    ("interface i { @since(version = 1.0.0) @since(version = 1.0.0) f: func(); }", 1, 39, "twice"),
    ("interface i { @new f: func(); }", 1, 16, "expected `since`"),
    ("interface i { resource r { constructor() } }", 1, 42, "expected `;`"),
    ("@since(version = 1.0.0) use a:b/c;", 1, 1, "takes no attributes"),
    ("world w { f: func(); }", 1, 11, "`import`, `export`"),
    ("world w { import a:; }", 1, 20, "expected the name of an interface or world, found `;`"),
    ("interface i { f: func(a: \u202eu8); }", 1, 26, "U+202E may not stand in WIT"),
    ("interface \u00e4 { }", 1, 11, "unexpected character"),
    ("interface i { type t = " + 101 * "list<" + "u8" + 101 * ">" + "; }", 1, 524, "more than 100 deep"),
]  # fmt: skip


def without_places(node: Any) -> Any:
    """The same, where nothing says where in the text it stood."""
    if isinstance(node, tuple):
        fields = getattr(node, "_fields", None)
        if fields is None:
            return tuple(map(without_places, node))
        return type(node).__name__, *(without_places(getattr(node, field)) for field in fields if field != "at")
    return node


def test_everything_is_printed_as_it_stands() -> None:
    assert print_file(parse(EVERYTHING)) == EVERYTHING


@pytest.mark.skipif(not FILES, reason="the WASI packages are not at WASM_WIT or ../shared/wit")
@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(WASI)))
def test_wasi_survives_printing(path: Path) -> None:
    file = parse(path.read_bytes(), str(path))
    text = print_file(file)
    again = parse(text)
    assert without_places(again) == without_places(file)
    assert print_file(again) == text


@pytest.mark.parametrize(("text", "line", "column", "message"), WRONG)
def test_what_is_wrong_is_told_with_its_place(text: str, line: int, column: int, message: str) -> None:
    with pytest.raises(WitError) as caught:
        parse(text, "some.wit")
    error = caught.value
    assert message in error.message
    assert (error.path, error.line, error.column) == ("some.wit", line, column)
    assert str(error).startswith(f"some.wit:{line}:{column}: {error.message}")


@pytest.mark.parametrize(("written", "docs"), [
    ("/// one\n/// two", "one\ntwo"), ("///  two\n///    four\n///", "two\n  four"), ("/** block */", "block"), ("/** a\n  b */", "a\n  b"),
    ("// no\n/* no */\n/**/", ""), ("//// many", "many"), ("/// one\n// no\n/// two", "one\ntwo"), ("///\r\n/// x\r", "\nx"),
])  # fmt: skip
def test_documentation(written: str, docs: str) -> None:
    (item,) = parse(f"{written}\ninterface i {{ }}").package.items
    assert isinstance(item, w.Interface)
    assert item.head.docs == docs


def test_nested_comments_and_a_mark_of_byte_order() -> None:
    assert parse("\ufeff/* a /* b */ c */ interface i { }").package.items[0].name.text == "i"  # type: ignore[union-attr]


def test_bytes_must_be_utf8() -> None:
    with pytest.raises(WitError, match=r"x.wit:2:3: malformed UTF-8"):
        parse(b"\n  \xff", "x.wit")


@pytest.mark.parametrize("text", [EVERYTHING, *(path.read_text() for path in FILES)])
def test_every_truncation_is_refused_or_whole(text: str) -> None:
    """Cut in the middle of an item it is an error with a place; between items it is a shorter file."""
    lines: list[int] = []
    for length in range(0, len(text), max(1, len(text) // 100)):
        try:
            parse(text[:length])
            lines.append(0)
        except WitError as error:
            lines.append(error.line)
    assert 0 in lines
    assert max(lines) > 1
    assert all(0 <= line <= text.count("\n") + 1 for line in lines)


@pytest.mark.parametrize("text", [
    "(" * 100_000, "{" * 100_000, "/*" * 100_000, "interface i { type t = " + "option<" * 100_000, "package a:b {" * 100_000, "@" * 100_000,
    "interface i { f: func(" + "a: u8, " * 100_000, '"' * 100_001, "interface " + "a-" * 100_000, "\n" * 1_000_000, "%" * 100_000,
    "interface i { f: func(a: " + "9" * 100_000,
])  # fmt: skip
def test_hostile_texts(text: str) -> None:
    try:
        parse(text)
    except WitError:
        return
    assert not text.strip()
