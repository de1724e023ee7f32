"""The module parser: abbreviations equal what they stand for, malformed texts fail in the suite's words."""

from __future__ import annotations

import pytest

from wasm_environ import decode_names
from wasm_environ.binary.decode import decode
from wasm_environ.compile_errors import InvalidError, TextError
from wasm_environ.features import ALL, Features
from wasm_environ.opcodes import OPS
from wasm_environ.text import parse_module, parse_text
from wasm_environ.text.immediates import INSTRUCTIONS, PLAIN, READERS, STRUCTURED

# The text as written | the same without abbreviations.
SAME = [
    # modules
    ("(func)", "(module (func))"),
    ("(module $m (func))", "(module (func))"),
    ("(module definition (func))", "(module (func))"),
    ('(module quote "(func" ")")', "(func)"),
    ('(module binary "\\00asm" "\\01\\00\\00\\00")', "(module)"),
    # type uses
    ("(func (param i32) (result i64) unreachable)", "(type (func (param i32) (result i64))) (func (type 0) unreachable)"),
    ("(func (param i32 i64) (param $x f32))", "(func (param i32) (param i64) (param f32))"),
    ("(type $t (func (param i32))) (func (type $t) (param $a i32))", "(type (func (param i32))) (func (type 0))"),
    ("(type (sub (func))) (func)", "(type (sub (func))) (type (func)) (func (type 1))"),
    ("(type (func)) (rec (type $a (func)) (type (func))) (func)", "(type (func)) (rec (type (func)) (type (func))) (func (type 0))"),
    ("(rec (type (func))) (func)", "(type (func)) (func (type 0))"),
    ("(func (block (param i32) (result i32)) drop)", "(type (func)) (type (func (param i32) (result i32))) (func (type 0) block (type 1) end drop)"),
    ("(func (block (result i32) unreachable) drop)", "(func block (result i32) unreachable end drop)"),
    ("(func (param (ref null func) (ref null extern) (ref null any)))", "(func (param funcref externref anyref))"),
    ("(func (param nullref nullfuncref nullexternref nullexnref exnref))",
     "(func (param (ref null none) (ref null nofunc) (ref null noextern) (ref null noexn) (ref null exn)))"),
    ("(func (local i32 i32) (local $x i32) (local f32))", "(func (local i32) (local i32) (local i32) (local f32))"),
    # imports and exports
    ('(func $f (import "a" "b") (param i32))', '(import "a" "b" (func (param i32)))'),
    ('(func (export "e") (import "a" "b"))', '(import "a" "b" (func)) (export "e" (func 0))'),
    ('(func (export "e") (export "f"))', '(func) (export "e" (func 0)) (export "f" (func 0))'),
    ('(table (import "a" "b") i64 1 2 funcref)', '(import "a" "b" (table i64 1 2 funcref))'),
    ('(memory (import "a" "b") 1 2 shared)', '(import "a" "b" (memory i32 1 2 shared))'),
    ('(global (export "g") (import "a" "b") (mut i32))', '(import "a" "b" (global (mut i32))) (export "g" (global 0))'),
    ('(tag (export "t") (import "a" "b") (param i32))', '(import "a" "b" (tag (param i32))) (export "t" (tag 0))'),
    ('(type $f (func)) (func (import "" "") (exact (type $f)))', '(type (func)) (import "" "" (func (exact (type 0))))'),
    # inline segments
    ('(memory (data "ab" "c"))', '(memory 1 1) (data (memory 0) (offset i32.const 0) "abc")'),
    ('(memory i64 (data))', '(memory i64 0 0) (data (i64.const 0))'),
    ('(memory (pagesize 1) (data "abc"))', '(memory 3 3 (pagesize 1)) (data (i32.const 0) "abc")'),
    ("(func $f) (table funcref (elem $f 0))", "(func) (table 2 2 funcref) (elem (table 0) (i32.const 0) func 0 0)"),
    ("(func $f) (table i64 funcref (elem $f))", "(func) (table i64 1 1 funcref) (elem (table 0) (i64.const 0) func 0)"),
    ("(table externref (elem (ref.null extern)))", "(table 1 1 externref) (elem (table 0) (i32.const 0) externref (item ref.null extern))"),
    ("(type $t (func)) (func $f (type $t)) (table (ref null $t) (elem $f))",
     "(type (func)) (func (type 0)) (table 1 1 (ref null 0)) (elem (i32.const 0) (ref null 0) (ref.func 0))"),
    # segments
    ("(table 1 funcref) (func $f) (elem (i32.const 0) $f)", "(table 1 funcref) (func) (elem (offset (i32.const 0)) func 0)"),
    ("(table $t 1 funcref) (elem (table $t) (i32.const 0) funcref (ref.null func))",
     "(table 1 funcref) (elem (table 0) (offset i32.const 0) funcref (item (ref.null func)))"),
    ("(memory $m 1) (data $d (memory $m) (i32.const 0) \"x\")", '(memory 1) (data (offset (i32.const 0)) "x")'),
    ('(memory 1) (data (offset (i32.add (i32.const 1) (i32.const 2))) "x")', '(memory 1) (data (offset i32.const 1 i32.const 2 i32.add) "x")'),
    # folding
    ("(func (drop (i32.add (i32.const 1) (i32.const 2))))", "(func i32.const 1 i32.const 2 i32.add drop)"),
    # operands that stand unfolded in a folded instruction, as wasmtime's parser takes them
    ("(func (drop (i32.eqz local.get 0)))", "(func local.get 0 i32.eqz drop)"),
    ("(func (drop (i32.add i32.const 1 (i32.const 2))))", "(func i32.const 1 i32.const 2 i32.add drop)"),
    ("(func (drop (i32.add (i32.const 1) i32.const 2)))", "(func i32.const 1 i32.const 2 i32.add drop)"),
    ("(func (drop (i32.eqz block (result i32) i32.const 1 end)))", "(func block (result i32) i32.const 1 end i32.eqz drop)"),
    ("(func (if (i32.eqz local.get 0) (then)))", "(func local.get 0 i32.eqz if end)"),
    ('(memory 1) (data (i32.ctz i32.const 1) "")', '(memory 1) (data (offset i32.const 1 i32.ctz) "")'),
    ("(global i32 (i32.add i32.const 1 i32.const 2))", "(global i32 i32.const 1 i32.const 2 i32.add)"),
    ("(func (if (i32.const 1) (then nop) (else unreachable)))", "(func i32.const 1 if nop else unreachable end)"),
    ("(func (if (i32.const 1) (i32.const 2) (then)))", "(func i32.const 1 i32.const 2 if end)"),
    ("(func (if $l (i32.const 1) (then (br $l))))", "(func i32.const 1 if br 0 end)"),
    ("(func (loop $l (br $l (br_if $l (i32.const 0)))))", "(func loop i32.const 0 br_if 0 br 0 end)"),
    ("(func block $a loop $b br $a end $b end $a)", "(func block loop br 1 end end)"),
    ("(func i32.const 0 if $x else $x end $x)", "(func i32.const 0 if else end)"),
    ("(func (block $l (block $l (br $l))))", "(func block block br 0 end end)"),
    ("(tag $e) (func (try $l (do (throw $e)) (catch $e (rethrow $l)) (catch_all)))",
     "(tag) (func try throw 0 catch 0 rethrow 0 catch_all end)"),
    ("(func (block $b (try $t (do (try (do) (delegate $t))) (delegate $b))))", "(func block try try delegate 0 delegate 0 end)"),
    ("(tag $e) (func (block $l (try_table $m (catch $e $l) (catch_all $l) (br $m))))",
     "(tag) (func block try_table (catch 0 0) (catch_all 0) br 0 end end)"),
    # immediates
    ("(memory 1) (func (drop (i32.load (i32.const 0))))", "(memory 1) (func i32.const 0 i32.load 0 offset=0 align=4 drop)"),
    ("(memory 1) (memory $m 1) (func (i64.store8 $m offset=0x1_0 (i32.const 0) (i64.const 0)))",
     "(memory 1) (memory 1) (func i32.const 0 i64.const 0 i64.store8 1 offset=16 align=1)"),
    ("(memory 1) (func memory.size drop memory.copy memory.fill)", "(memory 1) (func memory.size 0 drop memory.copy 0 0 memory.fill 0)"),
    ("(memory 1) (data $d) (func memory.init $d)", "(memory 1) (data) (func memory.init 0 0)"),
    ("(memory 1) (memory $m 1) (data) (data $d) (func memory.init $m $d)", "(memory 1) (memory 1) (data) (data) (func memory.init 1 1)"),
    ("(table 1 funcref) (elem $e func) (func table.init $e table.copy)", "(table 1 funcref) (elem func) (func table.init 0 0 table.copy 0 0)"),
    ("(table 1 funcref) (func table.get drop)", "(table 1 funcref) (func table.get 0 drop)"),
    ("(table 1 funcref) (func call_indirect)", "(type (func)) (table 1 funcref) (func (type 0) call_indirect 0 (type 0))"),
    ("(table 1 funcref) (table $t 1 funcref) (func call_indirect $t (param i32))",
     "(type (func)) (type (func (param i32))) (table 1 funcref) (table 1 funcref) (func (type 0) call_indirect 1 (type 1))"),
    ("(memory 1) (func v128.load8_lane 3)", "(memory 1) (func v128.load8_lane 0 align=1 3)"),
    ("(memory 1) (memory 1) (func v128.load8_lane 1 3)", "(memory 1) (memory $m 1) (func v128.load8_lane $m 3)"),
    ("(memory 1) (memory 1) (func v128.load8_lane 1 offset=4 3)", "(memory 1) (memory $m 1) (func v128.load8_lane $m offset=4 3)"),
    ("(type $s (struct (field $a i32) (field i8 (mut i16)) (field $b f32))) (func struct.get $s $b)",
     "(type (struct (field i32 i8 (mut i16) f32))) (func struct.get 0 3)"),
    ("(func select (result i32) select (result) select)", "(func select (result i32) select (result) (select))"),
    ("(func ref.test (ref null any) ref.cast (ref i31))", "(func ref.test anyref ref.cast (ref i31))"),
    ("(func (block $l (br_on_cast $l anyref (ref i31))))", "(func block br_on_cast 0 (ref null any) (ref i31) end)"),
    ("(func v128.const i8x16 -1 255 0 0 0 0 0 0 0 0 0 0 0 0 0 0)", "(func v128.const i16x8 0xffff 0 0 0 0 0 0 0)"),
    ("(func v128.const f32x4 1 -0 inf nan)", "(func v128.const i32x4 0x3f800000 0x80000000 0x7f800000 0x7fc00000)"),
    ("(func v128.const f64x2 1 nan:0x1)", "(func v128.const i64x2 0x3ff0000000000000 0x7ff0000000000001)"),
    # identifiers
    ('(func $"a") (func (call $a))', "(func) (func call 0)"),
    ('(func $a (call $"\\61"))', "(func call 0)"),
    ('(func (param $"x y" i32) (drop (local.get $"x\\20y")))', "(func (param i32) local.get 0 drop)"),
    # comments and unknown annotations are nothing
    ("(@x (y)) (func (;a;) (@z) nop ;; b\n )", "(func nop)"),
]  # fmt: skip


@pytest.mark.parametrize(("short", "long"), SAME, ids=[row[0][:60] for row in SAME])
def test_abbreviations(short: str, long: str) -> None:
    assert parse_module(short, names=False) == parse_module(long, names=False)


def test_a_segment_of_table_0_needs_no_reference_types() -> None:
    old = Features(off=("reference_types", "function_references", "gc", "custom_descriptors"))
    for text in ("(func $f) (table funcref (elem $f))", "(func $f) (table 1 funcref) (elem (table 0) (i32.const 0) func $f)"):
        assert decode(parse_module(text), old).elements[0].functions == (0,)


# The text | how its error begins.
MALFORMED = [
    ("(func", "unexpected token"),
    ("(func))", "unexpected token"),
    ("(module) (module)", "unexpected token"),
    ("func", "unexpected token"),
    ("(func) (import \"\" \"\" (func))", "import after function"),
    ("(table 0 funcref) (import \"\" \"\" (func))", "import after table"),
    ("(memory 0) (func (import \"\" \"\"))", "import after memory"),
    ("(global i32 (i32.const 0)) (import \"\" \"\" (func))", "import after global"),
    ("(tag) (import \"\" \"\" (func))", "import after tag"),
    ("(func $f) (func $f)", "duplicate func"),
    ("(import \"\" \"\" (func $f)) (func $f)", "duplicate func"),
    ("(table $t 0 funcref) (table $t 0 funcref)", "duplicate table"),
    ("(memory $t 0) (memory $t 0)", "duplicate memory"),
    ("(global $t i32 (i32.const 0)) (global $t i32 (i32.const 0))", "duplicate global"),
    ("(type $t (func)) (type $t (func))", "duplicate type"),
    ("(tag $t) (tag $t)", "duplicate tag"),
    ("(data $t) (data $t)", "duplicate data"),
    ("(elem $t func) (elem $t func)", "duplicate elem"),
    ("(func (param $x i32) (local $x i32))", "duplicate local"),
    ("(type (struct (field $x i32) (field $x i32)))", "duplicate field"),
    ("(func (call $f))", "unknown function"),
    ("(func (br $l))", "unknown label"),
    ("(func (block $l) (br $l))", "unknown label"),
    ("(func (local.get $x))", "unknown local"),
    ("(func (global.get $x))", "unknown global"),
    ("(func (type $x))", "unknown type"),
    ("(func (type 3) (param i32))", "unknown type"),
    ("(func (memory.size $x))", "unknown memory"),
    ("(func (table.size $x))", "unknown table"),
    ("(func (throw $x))", "unknown tag"),
    ("(func (data.drop $x))", "unknown data segment"),
    ("(func (elem.drop $x))", "unknown elem segment"),
    ("(type $s (struct)) (func (struct.get $s $x))", "unknown field"),
    ("(type $t (func)) (func (type $t) (param i32))", "inline function type"),
    ("(type (func)) (func (block (type 0) (result i32)))", "inline function type"),
    ("(func (result i32) (param i32))", "unexpected token"),
    ("(func (local i32) (param i32))", "unexpected token"),
    ("(func (block (param $x i32)))", "unexpected token"),
    ("(func block $a end $b)", "mismatching label"),
    ("(func block end $b)", "mismatching label"),
    ("(func if $a else $b end)", "mismatching label"),
    ("(func end)", "unexpected token"),
    ("(func block)", "unexpected token"),
    ("(func (block end))", "unexpected token"),
    ("(func else)", "unexpected token"),
    ("(func (then))", "unexpected token"),
    ("(func (if (i32.const 0)))", "unexpected token"),
    ("(func (if (then) (then)))", "unexpected token"),
    ("(func (if (then) (else) (nop)))", "unexpected token"),
    ("(func (i32.add i32.const 0 i32.const 1 end))", "unexpected token"),
    ("(func (i32.eqz block i32.const 0))", "unexpected token"),
    ("(func (if i32.const 0 (then)))", "unexpected token"),
    ("(memory 1) (data 0)", "unexpected token"),
    ("(table 1 funcref) (elem 0)", "unexpected token"),
    ("(table 1 funcref) (func) (elem (table 0) (i32.const 0) 0)", "unexpected token"),
    ("(elem i32 (item i32.const 0))", "unexpected token"),
    ('(module (@name "a""b"))', "@name annotation: unexpected token"),
    ("(func (try (catch_all)))", "unexpected token"),
    ("(func (try (do) (catch_all) (catch_all)))", "unexpected token"),
    ("(func (i32.const))", "unexpected token"),
    ("(func (i32.const 1.5))", "unexpected token"),
    ("(func (i32.const 4294967296))", "constant out of range"),
    ("(func (i64.const -9223372036854775809))", "constant out of range"),
    ("(func (f32.const 1e39))", "constant out of range"),
    ("(func (f32.const nan:0x0))", "constant out of range"),
    ("(func (f32.const nan:canonical))", "unexpected token"),
    ("(func (i32.load align=3))", "alignment must be a power of two"),
    ("(func (i32.load align=0))", "alignment must be a power of two"),
    ("(func (i32.load align=1 offset=1))", "unexpected token"),
    ("(func (i32.load offset=0x1_0000_0000_0000_0000))", "i64 constant out of range"),
    ("(func (i32.load offset=-1))", "unknown operator"),
    ("(func (i8x16.extract_lane_s 256))", "i8 constant out of range"),
    ("(func (i8x16.shuffle 0 1))", "invalid lane length"),
    ("(func (v128.const i32x4 0 0 0))", "wrong number of lane literals"),
    ("(func (v128.const i32x4 0 0 0 0 0))", "wrong number of lane literals"),
    ("(func (v128.const i128 0))", "unknown operator"),
    ("(memory 0x1_0000_0000_0000_0000)", "i64 constant out of range"),
    ("(memory 0 (pagesize 3))", "invalid custom page size"),
    ("(func $f) (start $f) (start $f)", "multiple start sections"),
    ("(export \"\\ff\" (func 0))", "malformed UTF-8 encoding"),
    ("(func (export \"a\" \"b\"))", "unexpected token"),
    ("(func 4294967296)", "unexpected token"),
    ("(func (call 4294967296))", "i32 constant out of range"),
    ("(global (mut i32) i32.const 0) x", "unknown operator"),
    ("(get_local 0)", "unknown operator get_local"),
    ("(type (struct (field (ref (exact any)))))", "unexpected token"),
    ("(@custom)", "@custom annotation: missing section name"),
    ("(@custom \"a\" (under func))", "@custom annotation: malformed placement"),
    ("(@custom \"a\" (after x))", "@custom annotation: malformed section kind"),
    ("(func (@custom \"a\"))", "misplaced @custom annotation"),
    ("(start 0 (@name \"a\")) (func)", "misplaced @name annotation"),
    ("(module (@name \"a\") (@name \"b\"))", "@name annotation: multiple module"),
    ("(func (@name 1))", "@name annotation: unexpected token"),
    ("(@metadata.code.branch_hint \"\\00\") (func)", "@metadata.code.branch_hint annotation: not in a function"),
    ("(func (@metadata.code.branch_hint \"\\02\") if end)", "@metadata.code.branch_hint annotation: malformed value"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), MALFORMED, ids=[row[0][:60] for row in MALFORMED])
def test_malformed(text: str, words: str) -> None:
    with pytest.raises(TextError) as caught:
        parse_module(text)
    assert str(caught.value).startswith(words)
    assert caught.value.line == 1


def test_branch_hint_at_another_instruction() -> None:
    with pytest.raises(InvalidError, match=r"^@metadata.code.branch_hint annotation: invalid target"):
        parse_module('(func (@metadata.code.branch_hint "\\00") nop)')


def test_every_opcode_can_be_read() -> None:
    for op in OPS:
        word = op.mnemonic.removesuffix(" null")
        assert word in PLAIN or word in INSTRUCTIONS or word in STRUCTURED
        assert word in STRUCTURED or not op.immediates or " ".join(op.immediates) in READERS


def test_names() -> None:
    module = parse_text(
        '(module $m (type $t (func)) (type $s (struct (field i32) (field $f i32))) (import "" "" (func $i)) (table $tab 1 funcref)'
        " (memory $mem 1) (tag $tag) (global $g i32 (i32.const 0)) (elem $e func) (data $d)"
        ' (func $"f g" (param i32) (param $p i32) (local $l i32) (block (block $b))) (func (@name "other")))'
    )
    names = decode_names(module)
    assert names.module == "m"
    assert names.functions == {0: "i", 1: "f g", 2: "other"}
    assert names.locals == {1: {1: "p", 2: "l"}}
    assert names.labels == {1: {1: "b"}}
    assert names.types == {0: "t", 1: "s"}
    assert names.fields == {1: {1: "f"}}
    assert [names.tables, names.memories, names.tags, names.globals, names.elements, names.datas] == [
        {0: "tab"}, {0: "mem"}, {0: "tag"}, {0: "g"}, {0: "e"}, {0: "d"},
    ]  # fmt: skip
    assert parse_text("(module $m (func $f))", names=False).customs == []


def test_customs_and_hints() -> None:
    module = parse_text(
        '(module (@custom "last" "a" "b") (@custom "first" (before first)) (@custom "mid" (after func) "x") (@custom "mid2" (before code))'
        ' (func (param i32) (if (local.get 0) (then)) (@metadata.code.branch_hint "\\01") (if (local.get 0) (then))))'
    )
    assert [(c.name, c.data, c.after) for c in module.customs] == [
        ("first", b"", 0), ("mid", b"x", 3), ("metadata.code.branch_hint", b"\x01\x00\x01\x08\x01\x01", 3), ("mid2", b"", 3), ("last", b"ab", 10),
    ]  # fmt: skip


def test_a_given_name_section_wins() -> None:
    module = parse_text('(module $m (@custom "name" "\\00\\02\\01x") (func $f))')
    assert [c.data for c in module.customs] == [b"\x00\x02\x01x"]


def test_data_count_only_where_needed() -> None:
    assert parse_text("(memory 1) (data) (func data.drop 0)").data_count == 1
    assert parse_text('(memory 1) (data (i32.const 0) "x") (func)').data_count == -1


def test_without_memory64_limits_are_32_bits() -> None:
    with pytest.raises(TextError, match=r"^i32 constant out of range"):
        parse_module("(memory 0x1_0000_0000)", features=Features(off=("memory64",)))
    assert decode(parse_module("(memory 0xffff_ffff)"), ALL).memories[0].limits.min == 0xFFFFFFFF


def test_implicit_types_come_in_text_order() -> None:
    module = parse_text("(func (param i32) (block (param i64) drop) (drop (i64.const 0))) (func (param f32)) (func (type 2) (local $x i32) (drop (local.get $x)))")
    assert [repr(t) for t in module.types] == ["[i32] -> []", "[i64] -> []", "[f32] -> []"]
    assert module.data[module.code_starts[2] : module.code_ends[2]] == b"\x01\x01\x7f\x20\x01\x1a\x0b"  # $x is local 1
