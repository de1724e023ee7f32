"""The .wast script parser: every command, every value and pattern, lines, lazily parsed modules."""

from __future__ import annotations

import pytest

from wasm_environ import types
from wasm_environ.compile_errors import TextError
from wasm_environ.script import commands as c
from wasm_environ.script import parse_script
from wasm_environ.text import parse_module
from wasm_environ.text.lexer import SCANNER

SCRIPT = r"""
(module $a (func (export "f")))
(module definition $d (memory 1))
(module instance $i $d)
(module binary "\00asm" "\01\00\00\00")
(module $q quote "(func" ")")
(register "a" $a)
(invoke $a "f" (i32.const -1) (i64.const 0x10) (f32.const -nan:0x1) (f64.const 1) (v128.const i16x8 1 2 3 4 5 6 7 -1)
  (ref.null func) (ref.null) (ref.extern 7) (ref.host 8))
(get "g")
(assert_return (invoke "f"))
(assert_return (get $a "g") (i32.const 3))
(assert_trap (invoke "f") "unreachable")
(assert_trap (module (start 0) (func unreachable)) "unreachable")
(assert_exhaustion (invoke "f") "call stack exhausted")
(assert_exception (invoke "f"))
(assert_suspension (invoke "f") "unhandled")
(assert_malformed (module quote "(nope)") "unknown operator")
(assert_invalid (module (func (result i32))) "type mismatch")
(assert_malformed_custom (module quote "(@custom)") "@custom")
(assert_invalid_custom (module) "@x")
(assert_unlinkable (module (import "" "" (func))) "unknown import")
(thread $t (shared (module $a)) (invoke "f") (assert_return (invoke "f")))
(wait $t)
"""


def test_commands_and_lines() -> None:
    found = [(type(x).__name__, x.line) for x in parse_script(SCRIPT)]
    assert found == [
        ("ModuleCommand", 2), ("ModuleCommand", 3), ("ModuleInstance", 4), ("ModuleCommand", 5), ("ModuleCommand", 6), ("Register", 7),
        ("Invoke", 8), ("Get", 10), ("AssertReturn", 11), ("AssertReturn", 12), ("AssertTrap", 13), ("AssertTrap", 14),
        ("AssertExhaustion", 15), ("AssertException", 16), ("AssertSuspension", 17), ("AssertMalformed", 18), ("AssertInvalid", 19),
        ("AssertMalformedCustom", 20), ("AssertInvalidCustom", 21), ("AssertUnlinkable", 22), ("Thread", 23), ("Wait", 24),
    ]  # fmt: skip


def test_modules() -> None:
    text, definition, instance, binary, quote = parse_script(SCRIPT)[:5]
    assert isinstance(text, c.ModuleCommand)
    assert (text.name, text.kind, text.definition, text.source) == ("$a", "text", False, '(module $a (func (export "f")))')
    assert isinstance(definition, c.ModuleCommand)
    assert (definition.name, definition.definition) == ("$d", True)
    assert definition.binary()[:4] == b"\0asm"
    assert isinstance(instance, c.ModuleInstance)
    assert (instance.name, instance.definition) == ("$i", "$d")
    assert isinstance(binary, c.ModuleCommand)
    assert (binary.kind, binary.binary()) == ("binary", b"\0asm\1\0\0\0")
    assert isinstance(quote, c.ModuleCommand)
    assert (quote.name, quote.kind, quote.data) == ("$q", "quote", b"(func )")
    assert len(quote.binary()) > 8


def test_arguments() -> None:
    invoke = parse_script(SCRIPT)[6]
    assert isinstance(invoke, c.Invoke)
    assert (invoke.module, invoke.function) == ("$a", "f")
    assert invoke.args == (
        ("i32", 0xFFFFFFFF), ("i64", 16), ("f32", 0xFF800001), ("f64", 0x3FF0000000000000), ("v128", 0xFFFF0007000600050004000300020001),
        ("ref.null", types.FUNC), ("ref.null", -1), ("ref.extern", 7), ("ref.host", 8),
    )  # fmt: skip


PATTERNS = [
    ("(i32.const 1)", "i32", [1], [2]),
    ("(f32.const nan:canonical)", "f32", [0x7FC00000, 0xFFC00000], [0x7FC00001, 0x7F800000, 0]),
    ("(f32.const nan:arithmetic)", "f32", [0x7FC00000, 0xFFC00001], [0x7FA00000, 0x7F800000]),
    ("(f64.const nan:canonical)", "f64", [0x7FF8 << 48, 0xFFF8 << 48], [0x7FF8 << 48 | 1]),
    ("(f64.const nan:arithmetic)", "f64", [0x7FF8 << 48 | 1], [0x7FF0 << 48 | 1]),
    ("(f64.const nan:0x1)", "f64", [0x7FF0 << 48 | 1], [0x7FF8 << 48]),
    ("(v128.const f32x4 1 nan:canonical 0 nan:arithmetic)", "v128",
     [0x7FC00001_00000000_FFC00000_3F800000], [0x7FC00001_00000000_FFC00001_3F800000, 0]),
    ("(v128.const i8x16 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 -1)", "v128", [0xFF0F0E0D0C0B0A090807060504030201], [0]),
    ("(either (i32.const 1) (i32.const 3))", "either", [1, 3], [2]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "good", "bad"), PATTERNS)
def test_patterns(text: str, kind: str, good: list[int], bad: list[int]) -> None:
    command = parse_script(f'(assert_return (invoke "f") {text})')[0]
    assert isinstance(command, c.AssertReturn)
    (expected,) = command.expected
    assert expected.kind == kind
    assert all(map(expected.matches_number, good))
    assert not any(map(expected.matches_number, bad))


REFERENCES = [
    ("(ref.null)", "ref.null", -1), ("(ref.null any)", "ref.null", types.ANY), ("(ref.null 3)", "ref.null", 3 - 2**32),
    ("(ref.func)", "ref.func", -1), ("(ref.func 2)", "ref.func", 2), ("(ref.extern)", "ref.extern", -1), ("(ref.extern 1)", "ref.extern", 1),
    ("(ref.host 1)", "ref.host", 1), ("(ref.any)", "ref.any", -1), ("(ref.eq)", "ref.eq", -1), ("(ref.i31)", "ref.i31", -1),
    ("(ref.struct)", "ref.struct", -1), ("(ref.array)", "ref.array", -1), ("(ref.exn)", "ref.exn", -1),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "bits"), REFERENCES)
def test_references(text: str, kind: str, bits: int) -> None:
    command = parse_script(f'(assert_return (invoke "f") {text})')[0]
    assert isinstance(command, c.AssertReturn)
    assert [(e.kind, e.bits) for e in command.expected] == [(kind, bits)]


def test_a_module_fails_only_when_asked() -> None:
    (command,) = parse_script('\n\n(module\n  (func (export "f") (nope)))')
    assert isinstance(command, c.ModuleCommand)
    with pytest.raises(TextError, match=r"^unknown operator nope") as caught:
        command.binary()
    assert (caught.value.line, caught.value.column) == (4, 23)


def test_errors_name_the_place_in_the_script() -> None:
    (command,) = parse_script('\n(assert_invalid (module (func (nope))) "x")')
    assert isinstance(command, c.AssertInvalid)
    with pytest.raises(TextError) as caught:
        command.module.binary()
    assert (caught.value.line, caught.value.column) == (2, 32)


def test_bare_fields_are_a_module() -> None:
    (command,) = parse_script('(func) (memory 0) (func (export "f"))')
    assert isinstance(command, c.ModuleCommand)
    assert command.binary()[:4] == b"\0asm"
    assert parse_script("") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("(assert_nope)", "unknown operator"), ("(invoke)", "unexpected token"), ('(invoke "f" (i32.const x))', "unknown operator"),
        ("(module) (func)", "unexpected token"), ("(module) )", "unexpected token"), ("(module", "unexpected token: end"),
        ('(assert_trap (invoke "f"))', "unexpected token"), ('(assert_invalid (module instance $a $b) "")', "unexpected token"),
        ('(invoke "f" (f32.const 1e99))', "constant out of range"), ('(invoke "f" (i32.add 1))', "unexpected token"),
    ],
)  # fmt: skip
def test_malformed_scripts(text: str, words: str) -> None:
    with pytest.raises(TextError) as caught:
        parse_script(text)
    assert str(caught.value).startswith(words)


def test_every_cut_off_script_is_a_text_error() -> None:
    tokens = [tok for tok in SCANNER.findall(SCRIPT) if tok]
    for end in range(len(tokens)):
        try:
            commands = parse_script(" ".join(tokens[:end]))
        except TextError:
            continue
        assert len(commands) < 22


def test_every_cut_off_module_is_a_text_error() -> None:
    text = """(module $m (@custom "c" (after func) "x") (rec (type $a (sub final (struct (field $x (mut i8))))) (type (func (param $p i32) (result
      (ref null $a)))))  (import "a" "b" (func $i (exact (type 1)))) (table $t i64 1 2 (ref null func) (ref.null func)) (memory (pagesize 1)
      (data "ab")) (tag $e (param i32)) (global $g (mut i32) (i32.const 1)) (export "x" (func $i)) (start $i) (elem (table $t) (offset
      i64.const 0) funcref (item ref.func $i)) (func $f (type 1) (local $l i32) (block $b (result i32) (try_table (catch $e $b))
      (if (i32.const 1) (then (br_table $b 0)) (else)) (select (result i32)) (v128.const i32x4 1 2 3 4) (i32.load offset=1 align=1)
      (@metadata.code.branch_hint "\\00") (br_if 0) (call_indirect $t (type 1)) (br_on_cast 0 anyref (ref i31)))))"""
    assert parse_module(text)[:4] == b"\0asm"
    tokens = [tok for tok in SCANNER.findall(text) if tok]
    for end in range(1, len(tokens)):
        with pytest.raises(TextError):
            parse_module(" ".join(tokens[:end]))
