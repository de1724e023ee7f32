"""Components in text form: what every form stands for, how errors begin and where they point, and texts that mean harm."""

from __future__ import annotations

import inspect
import sys
import time

import pytest

from wasm_environ.compile_errors import CompileError, InvalidError, TextError
from wasm_environ.component import syntax as s
from wasm_environ.component.binary.decode import decode
from wasm_environ.component.text.parser import parse_component, parse_wat
from wasm_environ.component.text.positions import place_error
from wasm_environ.script import commands as c
from wasm_environ.script import parse_script
from wasm_environ.script.values import WORDS

# Definitions that the rows use: they stand before both texts.
BEFORE = {
    "": "",
    "m": '(core module $M (memory (export "mem") 1) (table (export "t") 1 funcref) (func (export "f"))) (core instance $m (instantiate $M)) ',
    "i": '(import "i" (instance $i (export "t" (type (sub resource))) (export "f" (func)) (export "m" (core module)) '
    '(export "c" (component)) (export "j" (instance (export "f" (func)))))) ',
    "f": '(import "f" (func $f)) ',
}
# What stands before | a short form | what it stands for. Both are compared with wasmtime's parser too, except a row of OURS.
SAME = [
    ("", '(type (record (field "a" (list u8))))', '(type (list u8)) (type (record (field "a" 0)))'),
    ("", '(type (record (field "a" (list (tuple u8 u8))) (field "b" (tuple u8 u8))))',
     '(type (tuple u8 u8)) (type (list 0)) (type (tuple u8 u8)) (type (record (field "a" 1) (field "b" 2)))'),
    ("", '(type float32) (type float64)', "(type f32) (type f64)"),
    ("", '(import "f" (func (param "a" (option string)) (result (list u8))))',
     '(type (option string)) (type (list u8)) (type (func (param "a" 0) (result 1))) (import "f" (func (type 2)))'),
    ("", '(import "i" (instance (export "f" (func (param "a" (list u8))))))',
     '(type (instance (type (list u8)) (type (func (param "a" 0))) (export "f" (func (type 1))))) (import "i" (instance (type 0)))'),
    ("", '(import "c" (component (import "f" (func))))',
     '(type (component (type (func)) (import "f" (func (type 0))))) (import "c" (component (type 0)))'),
    ("", '(import "m" (core module (import "a" "b" (func (param i32))) (export "c" (memory 1))))',
     '(core type (module (type (func (param i32))) (import "a" "b" (func (type 0))) (export "c" (memory 1)))) '
     '(import "m" (core module (type 0)))'),
    ("", '(core type (module (type $t (func)) (import "a" "b" (func)) (import "a" "c" (func (param i64))) (export "d" (func (param i64)))))',
     '(core type (module (type (func)) (import "a" "b" (func (type 0))) (type (func (param i64))) (import "a" "c" (func (type 1))) '
     '(type (func (param i64))) (export "d" (func (type 2)))))'),
    ("", '(import "v" (value $v (list u8)))', '(type (list u8)) (import "v" (value 0))'),
    # inverted definitions, and names that they are exported under
    ("", '(func $f (import "f") (param "a" u8))', '(import "f" (func $f (param "a" u8)))'),
    ("", '(instance (export "y") (import "x") (export "f" (func)))',
     '(import "x" (instance (export "f" (func)))) (export "y" (instance 0))'),
    ("", '(component (import "c") (import "f" (func)))', '(import "c" (component (import "f" (func))))'),
    ("", '(core module (import "m") (export "f" (func)))', '(import "m" (core module (export "f" (func))))'),
    ("", '(core module (export "a") (export "b") (func (export "x"))) (type (export "c") u8)',
     '(core module (func (export "x"))) (type u8) (export "a" (core module 0)) (export "b" (core module 0)) (export "c" (type 0))'),
    ("", '(component (export "x")) (component (export "y"))', '(component) (component) (export "x" (component 0)) (export "y" (component 1))'),
    ("m", '(core func (alias core export $m "f"))', '(alias core export $m "f" (core func))'),
    ("m", '(core memory (alias core export $m "mem")) (core table (alias core export $m "t"))',
     '(alias core export $m "mem" (core memory)) (alias core export $m "t" (core table))'),
    ("i", '(func (alias export $i "f")) (component (alias export $i "c")) (core module (alias export $i "m")) (type (alias export $i "t"))',
     '(alias export $i "f" (func)) (alias export $i "c" (component)) (alias export $i "m" (core module)) (alias export $i "t" (type))'),
    ("m", '(func (canon lift (core func $m "f") (memory (core memory $m "mem"))))',
     '(type (func)) (alias core export $m "f" (core func $g)) (alias core export $m "mem" (core memory $e)) '
     "(canon lift (core func 0) (memory 0) (func (type 0)))"),
    ("m", '(canon lift (core func $m "f") string-encoding=utf16 (post-return (core func $m "f")) async (func (param "a" (list u8))))',
     '(type (list u8)) (type (func (param "a" 0))) (alias core export $m "f" (core func)) (alias core export $m "f" (core func)) '
     "(canon lift (core func 0) string-encoding=utf16 (post-return 1) async (func (type 1)))"),
    ("f", "(core func $g (canon lower (func $f)))", "(canon lower (func $f) (core func $g))"),
    ("i", '(core func (canon lower (func $i "j" "f")))',
     '(alias export $i "j" (instance)) (alias export 1 "f" (func)) (canon lower (func 0) (core func))'),
    ("i", '(core func (canon resource.drop (type $i "t")))', '(alias export $i "t" (type)) (canon resource.drop 1 (core func))'),
    ("", "(core func (canon task.return (result (list u8)) string-encoding=utf8))",
     "(type (list u8)) (canon task.return (result 0) string-encoding=utf8 (core func))"),
    # arguments
    ("m", '(core instance (instantiate $M (with "" (instance (export "f" (func $m "f"))))))',
     '(alias core export $m "f" (core func)) (core instance (export "f" (func 0))) (core instance (instantiate $M (with "" (instance 1))))'),
    ("i", '(component $C) (instance (instantiate $C (with "a" (instance (export "x" (func $i "f")))) (with "b" (func $i "f"))))',
     '(component $C) (alias export $i "f" (func)) (instance (export "x" (func 0))) (alias export $i "f" (func)) '
     '(instance (instantiate 0 (with "a" (instance 1)) (with "b" (func 1))))'),
    ("i", '(instance (instantiate (component $i "c"))) (core instance (instantiate (module $i "m")))',
     '(alias export 0 "c" (component)) (instance (instantiate 0)) (alias export 0 "m" (core module)) (core instance (instantiate 0))'),
    ("i", '(export "x" (func $i "j" "f") (func (param "a" (list u8))))',
     '(type (list u8)) (type (func (param "a" 1))) (alias export 0 "j" (instance)) (alias export 1 "f" (func)) '
     '(export "x" (func 0) (func (type 2)))'),
    # identifiers of outer components: an alias each time, after types in place and before the definition
    ("", '(component $P (type $t u8) (component (type (list $t)) (type (tuple $t $t))))',
     "(component $P (type $t u8) (component (alias outer $P $t (type)) (type (list 0)) (alias outer 1 0 (type)) (alias outer 1 0 (type)) "
     "(type (tuple 2 3))))"),
    ("", '(type $t u8) (component (type (record (field "a" $t) (field "b" (list u8)))))',
     '(type $t u8) (component (type (list u8)) (alias outer 1 0 (type)) (type (record (field "a" 1) (field "b" 0))))'),
    ("", "(component $C) (component (component (instance (instantiate $C))))",
     "(component $C) (component (component (alias outer 2 0 (component)) (instance (instantiate 0))))"),
    ("", '(type $t u8) (type (component (type (instance (export "x" (type (eq $t)))))))',
     '(type $t u8) (type (component (type (instance (alias outer 2 0 (type)) (export "x" (type (eq 0)))))))'),
    ("", '(type $T (component (type $t u8) (type (component (alias outer $T $t (type))))))',
     "(type $T (component (type $t u8) (type (component (alias outer 1 0 (type))))))"),
    # names
    ("", '(import (interface "a:b/c") (instance))', '(import "a:b/c" (instance))'),
    ("", '(import "\\61" (func)) (type $"a b" u8) (type (list $"a\\20b"))', '(import "a" (func)) (type $x u8) (type (list $x))'),
    ("", "(; (; ;) ;) (type u8) ;; x\n (@what (ever) \"x\")", "(type u8)"),
]  # fmt: skip
# Rows of SAME with forms that wasmtime's parser has not, or writes otherwise: the specification has them.
OURS = {
    '(core memory (alias core export $m "mem")) (core table (alias core export $m "t"))',
    '(func (alias export $i "f")) (component (alias export $i "c")) (core module (alias export $i "m")) (type (alias export $i "t"))',
    '(import "v" (value $v (list u8)))',
}


def whole(before: str, text: str) -> str:
    return f"(component {BEFORE[before]}{text})"


@pytest.mark.parametrize(("before", "short", "long"), SAME, ids=[row[1][:60] for row in SAME])
def test_abbreviations(before: str, short: str, long: str) -> None:
    assert parse_component(whole(before, short), names=False) == parse_component(whole(before, long), names=False)


@pytest.mark.parametrize(("before", "short", "long"), SAME, ids=[row[1][:60] for row in SAME])
def test_as_wasmtime(before: str, short: str, long: str) -> None:
    wasmtime = pytest.importorskip("wasmtime")
    for text in (whole(before, short), whole(before, long)):
        if short in OURS:
            assert decode(parse_component(text)).definitions
        else:
            assert parse_component(text) == bytes(wasmtime.wat2wasm(text))


NAMED = [
    '(component $C (core module $M (func $f)) (core instance $m (instantiate $M)) (type $t u8) (import "f" (func $f)))',
    '(component $C (@name "other") (core module $M (@name "mm") (func $f (@name "ff"))) (type $t (@name "tt") u8))',
    '(component (component $D (type $t u8)) (instance $i (instantiate $D)))',
    '(component (func $f (@name "gone") (import "f")) (core rec (type $a (struct)) (type $b (array i8))))',
    '(component (@custom "x" "y") (core module (@custom "z" (before first) "w") (func)) (type u8) (@custom "end" "\\00" "1"))',
    '(component (@producers (sdk "s" "1") (language "C" "11")))',
    '(component (core module (func) (@dylink.0 (mem-info (memory 1 2) (table 3 4)) (needed "a" "b") (import-info "a" "b" binding-weak) '
    '(import-info "a" "c" 2 tls) (export-info "e" undefined) (export-info "f") (runtime-path "p"))))',
    '(component (core module (@dylink.0 (mem-info) (mem-info (table 1 300)) (needed))))',
    '(component (@producers (language "C" "11") (sdk "s" "1") (language "R" "")) (type u8) (@producers) (core module (@producers (sdk "t" "2"))))',
    '(component (import "f" (func $f)) (core func $g (canon lower (func $f))) (export $e "e" (func $f)))',
    '(component (core type $t (func (param i32))) (core type $s (sub (struct (field (ref $t))))) (core type (sub $s (struct (field (ref $t) i8)))))',
]


@pytest.mark.parametrize("text", NAMED)
def test_names_and_custom_sections_as_wasmtime(text: str) -> None:
    wasmtime = pytest.importorskip("wasmtime")
    assert parse_component(text) == bytes(wasmtime.wat2wasm(text))


# Types before | a type and a value of it | its bytes (the explainer's examples and the binary format's grammar; wasmtime's parser has no values).
WRITTEN = [
    ("", "bool true", b"\1"), ("", "bool false", b"\0"), ("", "u8 255", b"\xff"), ("", "s8 -1", b"\xff"), ("", "u16 300", b"\xac\x02"),
    ("", "s16 -300", b"\xd4\x7d"), ("", "u32 0xffffffff", b"\xff\xff\xff\xff\x0f"), ("", "s32 64", b"\xc0\0"), ("", "u64 3", b"\3"),
    ("", "s64 -64", b"\x40"), ("", "f32 9.1", b"\x9a\x99\x11\x41"), ("", "f64 -0", b"\0\0\0\0\0\0\0\x80"),
    ("", "f32 nan", b"\0\0\xc0\x7f"), ("", "f64 nan", b"\0\0\0\0\0\0\xf8\x7f"), ("", "f32 inf", b"\0\0\x80\x7f"),
    ("", "char 'a'", b"a"), ("", "char ' '", b" "), ("", "char '\u00e9'", b"\xc3\xa9"), ("", "char '\\u{1F600}'", b"\xf0\x9f\x98\x80"),
    ("", "char '\\n'", b"\n"), ("", 'string "hello"', b"\5hello"), ("", 'string (binary "\\01" "a")', b"\1a"),
    ("", '(record (field "a" bool) (field "b" u8)) (record true 1)', b"\1\1"),
    ("", '(variant (case "a") (case "b" u8)) (variant "b" 7)', b"\1\7"), ("", '(variant (case "a") (case "b" u8)) (variant "a")', b"\0"),
    ("", "(list (result (option u8))) (list error (ok (some 1)) (ok none))", b"\3\1\0\1\1\0\0"),
    ("", "(result u8 (error u8)) (error 5)", b"\1\5"), ("", "(result) ok", b"\0"), ("", "(tuple u8 u16) (tuple 1 200)", b"\1\xc8\1"),
    ("", '(flags "a" "b" "c" "d" "e" "f" "g" "h" "i") (flags "a" "i" "c")', b"\5\1"), ("", '(flags "a") (flags)', b"\0"),
    ("", '(enum "a" "b") (enum "b")', b"\1"), ("(type $t (list u8))", "$t (list 1 2)", b"\2\1\2"),
    ("(type $t u8) (type $u (list $t))", "(type $u) (list 1)", b"\1\1"), ('(type $t u8) (import "x" (type $u (eq $t)))', "$u 1", b"\1"),
    ('(type $t u8) (export $u "x" (type $t))', "$u 1", b"\1"),
]  # fmt: skip


@pytest.mark.parametrize(("types", "text", "data"), WRITTEN, ids=[row[1] for row in WRITTEN])
def test_value_definitions(types: str, text: str, data: bytes) -> None:
    for whole in (f"(component {types} (value $v {text}))", f"(component {types} (component (value $v {text})))"):
        found = decode(parse_component(whole, names=False)).definitions[-1]
        while isinstance(found, s.SubComponent):
            found = found.component.definitions[-1]
        assert isinstance(found, s.Value)
        assert found.data == data


# What stands in the component | how the error begins | its column in it, from 1; 0: the text is the whole file.
MALFORMED = [
    ("(foo)", "unexpected token `foo`, expected a component field", 13),
    ("foo", "unexpected token `foo`, expected a component field", 12),
    ("(core foo)", "unexpected token `foo`, expected a component field", 18),
    ('(import "a" (func $f)) (component (export "x" (func $f)))', "outer item `f` is not a module, type, or component", 64),
    ('(import "a" (implements "\\zz") (instance))', "invalid string escape", 36),
    ('(import "a" (implements "a") (implements "a") (instance))', "unexpected token `implements`", 42),
    ('(import "\\ff" (func))', "malformed UTF-8 encoding", 20),
    ('(import "a" (func (type $t)))', "unknown type $t", 36),
    ("(type (list $t))", "unknown type $t", 24),
    ("(type $t u8) (type $t u8)", "duplicate type $t", 31),
    ('(type (variant (case $a "x") (case $a "y")))', "duplicate variant case $a", 47),
    ("(alias outer $z 0 (type))", "outer component `z` not found", 25),
    ("(alias outer 0 $x (type))", "unknown type $x", 27),
    ("(alias outer 9 $x (type))", "outer count of `9` is too large", 25),
    ("(alias outer 0 0 (func))", "unexpected token `func`, expected core module", 30),
    ('(alias export 0 "x" (core func))', "unexpected token `core`", 33),
    ('(alias core export 0 "x" (func))', "unexpected token `func`", 38),
    ('(import "m" (core module $m)) (core instance (instantiate (module 0 "a" 1)))', "unexpected token `1`", 84),
    ("(canon lift (core func 0) bogus (func (type 0)))", "unexpected token `bogus`, expected a canonical option", 38),
    ("(canon lower (func 0) (realloc (func 0)) (core func))", "unexpected token `func`, expected `core`", 44),
    ("(canon bogus (core func))", "unexpected token `bogus`, expected a canonical definition", 19),
    ('(type (func (param "a" bogus)))', "unexpected token `bogus`, expected a value type", 35),
    ("(type (bogus))", "unexpected token `bogus`, expected a type", 19),
    ('(type (instance (import "a" (func))))', "unexpected token `import`, expected a declaration", 29),
    ("(core type (module (type (module))))", "unexpected token `module`", 38),
    ('(core type (module (import "a" "b" (func (type $x)))))', "unknown core type $x", 59),
    ("(type (list u8 4294967296))", "i32 constant out of range", 27),
    ("(core module (func (bogus)))", "unknown operator bogus", 32),
    ("(core module (func (call $f)))", "unknown function $f", 37),
    ("(core module (func) extra)", "unknown operator extra", 32),
    ('(type (@custom "a") u8)', "misplaced @custom annotation", 18),
    ('(export "x" (func 0) (func $f))', "unexpected token `$f`", 39),
    ('(@producers (foo "a" "b"))', "@producers annotation: unexpected token", 12),
    ('(core module (@dylink.0 (needed a)))', "@dylink.0 annotation: unexpected token", 25),
    ('(core module (@dylink.0 (foo)))', "@dylink.0 annotation: unexpected token", 25),
    ('(core module (@dylink.0 needed))', "@dylink.0 annotation: unexpected token", 25),
    ('(core module (@dylink.0 (export-info)))', "@dylink.0 annotation: unexpected token", 25),
    ('(core module (@dylink.0 (mem-info (memory 1))))', "@dylink.0 annotation: unexpected token", 25),
    ('(core module (@dylink.0 (needed ("a"))))', "@dylink.0 annotation: unexpected token", 25),
    ('(core module (@dylink.0 (mem-info ())))', "@dylink.0 annotation: unexpected token", 25),
    ('(core module (@dylink.0 (mem-info (memory (1) 2))))', "@dylink.0 annotation: unexpected token", 25),
    ('(core module (@dylink.0 (export-info "a" (1))))', "@dylink.0 annotation: unexpected token", 25),
    ('(core module (@dylink.0 (("a"))))', "@dylink.0 annotation: unexpected token", 25),
    ('(@dylink.0 (needed "a"))', "misplaced @dylink.0 annotation", 12),
    ('(@producers (sdk "a"))', "@producers annotation: unexpected token", 12),
    ("(value u8 256)", "constant out of range", 22),
    ("(value u8 x)", "unexpected token `x`, expected a number", 22),
    ("(value f32 nan:0x1)", "unexpected token `nan:0x1`, expected a number", 23),
    ("(value char 'ab')", "unexpected token: expected a character", 24),
    ("(value char 'a)", "unexpected token: expected a character", 24),
    ("(value bool maybe)", "unexpected token `maybe`, expected `false`", 24),
    ('(value (enum "a") (enum "b"))', "unexpected token: the type has no label 'b'", 36),
    ("(value (option u8) (none))", "unexpected token `none`, expected none or some", 32),
    ("(value (list u8 2) (list 1 2))", "unexpected token `(`, expected (binary ...)", 31),
    ("(value 5 1)", "unknown type 5", 21),
    ("(component", "unexpected token: end of input", 0),
    ("(component))", "unexpected token `)`", 0),
    ("(component) (component)", "unexpected token `(`", 0),
    ("(component (type u8)", "unexpected token: end of input", 0),
    ("(component (import \"a", "unclosed string literal", 0),
    ("(component (; )", "unclosed comment", 0),
    ("(module)", "unexpected token `(`, expected `(component`", 0),
    ("", "unexpected token: end of input", 0),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words", "column"), MALFORMED, ids=[row[0][:60] for row in MALFORMED])
def test_malformed(text: str, words: str, column: int) -> None:
    with pytest.raises(TextError) as caught:
        parse_component(f"(component {text})" if column else text)
    assert caught.value.message.startswith(words)
    assert caught.value.line == 1
    assert column in (0, caught.value.column)


def test_a_line_of_a_later_component() -> None:
    with pytest.raises(TextError) as caught:
        parse_component("(component\n (type u8)\n  (type (list $x)))", first_line=10)
    assert (caught.value.line, caught.value.column) == (12, 15)


PLACED = """(component $C
  (core module $m
    (func $f (result i32)
      i32.const 1)
    (func (call $f) drop))
  (type (instance
    (type $x u8)
    (export "a" (func (param "b" (list u8))))))
  (component
    (import "f" (func $f (param "x" u8)))
    (export "y" (func $f)))
  (func (export "q") (import "z"))
)"""
# Where an error at any byte may point, in order of the bytes: line, what stands there.
PLACES = [
    (2, "module $m"), (3, "func $f"), (5, "func (call"), (2, "module $m"), (3, "func $f"), (4, "i32.const 1"), (4, ")"), (5, "func (call"),
    (5, "call $f"), (5, "drop"), (5, ")"), (2, "module $m"), (6, "type (instance"), (7, "type $x"), (8, "(list u8)"), (8, '(param "b"'),
    (8, 'export "a"'), (9, "component"), (10, '(param "x"'), (10, 'import "f"'), (11, 'export "y"'), (12, ")"), (12, "func (export"),
]  # fmt: skip


def test_errors_of_the_binary_are_placed_in_the_text() -> None:
    binary = parse_component(PLACED)
    found: list[tuple[int, int]] = []
    for offset in range(len(binary)):
        error = InvalidError("wrong", offset)
        place_error(error, PLACED)
        if error.line and found[-1:] != [(error.line, error.column)]:
            found.append((error.line, error.column))
    lines = PLACED.split("\n")
    assert [line for line, _ in found] == [line for line, _ in PLACES]
    for (line, column), (_, words) in zip(found, PLACES, strict=True):
        assert lines[line - 1][column - 1 :].startswith(words)


def test_deep_callers_get_an_error_of_ours() -> None:
    text = "(component " + "(type (component " * 95 + "))" * 95 + ")"
    assert parse_component(text)[:4] == b"\0asm"
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 120)
    try:
        with pytest.raises(TextError, match="component nesting"):
            parse_component(text)
    finally:
        sys.setrecursionlimit(limit)


N = 20_000
# Texts that go deep or on for long | how the error begins, "" when there is none.
HOSTILE = {
    "lists": ("(component (type " + "(list " * N + "u8" + ")" * N + "))", "implementation limit exceeded: component nesting"),
    "components": ("(component " * N + ")" * N, "implementation limit exceeded: component nesting"),
    "component types": ("(component " + "(type (component " * N + "))" * N + ")", "implementation limit exceeded: component nesting"),
    "instance types": ('(component (import "a" ' + '(instance (export "x" ' * N + "(func)" + "))" * N + "))", "implementation limit exceeded: component nesting"),
    "records": ('(component (type (record (field "a" ' + '(record (field "b" ' * N, "implementation limit exceeded: component nesting"),
    "parentheses": ("(component " + "(" * N + ")" * N + ")", "unexpected token `(`"),
    "blocks": ("(component (core module (func " + "(block " * N + ")" * N + ")))", ""),
    "types": ("(component " + '(type (record (field "a" (list u8)) (field "b" (tuple u8 u8))))' * (N // 10) + ")", ""),
    "modules": ("(component " + '(@custom "a" "b") (core module (@custom "x" "y"))' * (N // 10) + ")", ""),
    "deep types": ("(component " + '(type (component (import "a" (func)) ' * 45 + "(type u8)" * N + "))" * 45 + ")", ""),
    "aliases": ("(component (type $t u8) " + "(component " * 90 + "(type (list $t))" * (N // 10) + ")" * 90 + ")", ""),
    "arguments": ("(component (core module $M) (core instance (instantiate $M " + '(with "" (instance))' * (N // 10) + ")))", ""),
    "comments": ("(component " + "(; ;)" * N + ")", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_end_soon_and_raise_nothing_else(name: str) -> None:
    text, words = HOSTILE[name]
    start = time.process_time()
    if words:
        with pytest.raises(TextError) as caught:
            parse_component(text)
        assert caught.value.message.startswith(words)
    else:
        assert parse_component(text)[:4] == b"\0asm"
    assert time.process_time() - start < 5  # at most about half a second on its own


def test_time_is_linear() -> None:
    def seconds(count: int) -> float:
        text = "(component " + '(@custom "a" "b") (core module (@custom "x" "y")) (type $t (list u8))'.replace("$t", "") * count + ")"
        start = time.process_time()
        parse_component(text)
        return time.process_time() - start

    assert seconds(8000) < 16 * seconds(1000) + 0.5


@pytest.mark.parametrize(("text", "magic"), [
    ("(component)", b"\0asm\x0d\0\1\0"), ("(module)", b"\0asm\1\0\0\0"), ("(func)", b"\0asm\1\0\0\0"), ("", b"\0asm\1\0\0\0"),
    ('(component binary "\\00asm" "\\0d\\00\\01\\00")', b"\0asm\x0d\0\1\0"), ('(component quote "(type" "u8)")', b"\0asm\x0d\0\1\0"),
])  # fmt: skip
def test_either_kind_of_text(text: str, magic: bytes) -> None:
    assert parse_wat(text)[:8] == magic
    assert parse_wat(text.encode())[:8] == magic


# ---- scripts

VALUES = {
    "(bool.const true)": ("bool", True), "(u8.const 255)": ("u8", 255), "(s8.const -128)": ("s8", -128), "(u16.const 0xffff)": ("u16", 0xFFFF),
    "(s16.const -1)": ("s16", -1), "(u32.const 4294967295)": ("u32", 2**32 - 1), "(s32.const -2147483648)": ("s32", -(2**31)),
    "(u64.const 18446744073709551615)": ("u64", 2**64 - 1), "(s64.const -1)": ("s64", -1), "(f32.const 1)": ("f32", 0x3F800000),
    "(f64.const nan:canonical)": ("f64", c.NAN_CANONICAL), '(char.const "\\u{1f600}")': ("char", "\U0001f600"),
    '(str.const "a\\00b")': ("string", "a\0b"), "(list.const)": ("list", ()),
    "(list.const (u8.const 1))": ("list", (c.ComponentValue("u8", 1),)),
    '(record.const (field "a" u8.const 1) (field "b" (enum.const "x")))': (
        "record", (("a", c.ComponentValue("u8", 1)), ("b", c.ComponentValue("enum", "x")))),
    "(tuple.const (bool.const false))": ("tuple", (c.ComponentValue("bool", False),)), '(flags.const "a" "b")': ("flags", ("a", "b")),
    '(variant.const "a")': ("variant", ("a", None)), '(variant.const "a" (u8.const 1))': ("variant", ("a", c.ComponentValue("u8", 1))),
    '(enum.const "a")': ("enum", "a"), "(option.none)": ("option", None), "(option.some (u8.const 1))": ("option", c.ComponentValue("u8", 1)),
    "(result.ok)": ("result", (True, None)), "(result.err (u8.const 1))": ("result", (False, c.ComponentValue("u8", 1))),
}  # fmt: skip


@pytest.mark.parametrize("text", VALUES)
def test_values(text: str) -> None:
    kind, value = VALUES[text]
    wanted = (c.ComponentValue(kind, value),)
    command, = parse_script(f'(assert_return (invoke "f" {text} {text}) {text})')
    assert isinstance(command, c.AssertReturn)
    assert command.values == wanted
    assert isinstance(command.action, c.Invoke)
    assert command.action.values == wanted * 2
    assert [kind for kind, _ in command.action.args] == ([kind] * 2 if kind in ("f32", "f64") else [])


def test_every_value_has_a_row() -> None:
    assert {text[1:].split()[0].rstrip(")") for text in VALUES} == set(WORDS)


@pytest.mark.parametrize(("text", "words"), [
    ("(u8.const 256)", "constant out of range"), ("(s8.const -129)", "constant out of range"), ("(u8.const -1)", "constant out of range"),
    ("(bool.const 1)", "unexpected token"), ('(char.const "ab")', "unexpected token"), ("(u8.const x)", "unknown operator"),
    ("(list.const " * N + ")" * N, "implementation limit exceeded: component nesting"), ("(option.some)", "unexpected token"),
])  # fmt: skip
def test_malformed_values(text: str, words: str) -> None:
    with pytest.raises(CompileError) as caught:
        parse_script(f'(invoke "f" {text})')
    assert caught.value.args[0].startswith(words)


def test_values_of_modules_are_none_of_components() -> None:
    command, = parse_script('(assert_return (invoke "f" (i32.const 1)) (i32.const 2))')
    assert isinstance(command, c.AssertReturn)
    assert isinstance(command.action, c.Invoke)
    assert (command.values, command.action.values, command.action.args) == (None, None, (("i32", 1),))


SCRIPT = """(component $C (type u8))
(component definition $D
  (type u8))
(component instance $i $D)
(component binary "\\00asm" "\\0d\\00\\01\\00")
(component definition binary "\\00asm\\0d\\00\\01\\00")
(assert_malformed (component quote "(type" "x)") "unexpected token")
(assert_invalid (component (type 1)) "w")
(assert_unlinkable (component) "w")
(assert_trap (component) "w")
"""


def test_directives() -> None:
    commands = parse_script(SCRIPT)
    assert [(type(command).__name__, command.line) for command in commands] == [
        ("ModuleCommand", 1), ("ModuleCommand", 2), ("ModuleInstance", 4), ("ModuleCommand", 5), ("ModuleCommand", 6), ("AssertMalformed", 7),
        ("AssertInvalid", 8), ("AssertUnlinkable", 9), ("AssertTrap", 10),
    ]  # fmt: skip
    first, definition, instance, binary, _, quote, *_ = commands
    assert isinstance(first, c.ModuleCommand)
    assert (first.name, first.definition, first.is_component, first.kind) == ("$C", False, True, "text")
    assert isinstance(definition, c.ModuleCommand)
    assert (definition.name, definition.definition, definition.is_component) == ("$D", True, True)
    assert decode(definition.binary()).definitions
    assert isinstance(instance, c.ModuleInstance)
    assert (instance.name, instance.definition, instance.is_component) == ("$i", "$D", True)
    assert isinstance(binary, c.ModuleCommand)
    assert (binary.kind, binary.binary()) == ("binary", b"\0asm\x0d\0\1\0")
    assert isinstance(quote, c.AssertMalformed)
    with pytest.raises(TextError, match="unexpected token `x`"):
        quote.module.binary()


def test_an_error_in_a_script_names_its_place() -> None:
    command = parse_script("(component)\n  (component (type\n  (list $x)))")[1]
    assert isinstance(command, c.ModuleCommand)
    with pytest.raises(TextError) as caught:
        command.binary()
    assert (caught.value.line, caught.value.column) == (3, 9)
