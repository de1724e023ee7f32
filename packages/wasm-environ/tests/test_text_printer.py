"""The printer: golden texts, every instruction through text and back, names, folding, offsets, custom sections; the summary."""

from __future__ import annotations

import pytest

from wasm_environ.binary.decode import decode
from wasm_environ.compile_errors import MalformedError
from wasm_environ.features import ALL
from wasm_environ.opcodes import OPS, Op
from wasm_environ.text import parse_module, print_module, summary
from wasm_environ.text.immediates import STRUCTURED, opcode
from wasm_environ.text.print_code import PRINTERS

# A text for every list of immediates, exactly as it is printed.
IMMEDIATES = {
    "": [""],
    "i32": [" -2147483648", " 7"], "i64": [" -9223372036854775808", " 9223372036854775807"], "f32": [" 0.1", " -nan:0x1", " inf"],
    "f64": [" 1e-310", " -0", " nan"], "v128": [" i32x4 0x00000001 0xffffffff 0x00000000 0x12345678"],
    "local": [" 0", " $l"], "global": [" $g"], "func": [" $f", " 1"], "type": [" $s", " 0"], "table": [" 0", " $t"], "memory": ["", " $m"],
    "elem": [" 0"], "data": [" 0"], "tag": [" $e"], "label": [" 0 (;@1;)", " 1"], "labels": [" 0 (;@1;) 1 0 (;@1;)"],
    "memarg": [" offset=18446744073709551615 align=1", " $m", " $m offset=3"], "memarg lane": [" offset=3 1", " $m 1"], "lane": [" 0"],
    "lanes": [" 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15"], "heaptype": [" (ref any)", " (ref $s)"], "valtypes": [" (result (ref null $s))"],
    "castflags label heaptype heaptype": [" 0 (;@1;) anyref (ref $s)", " 1 (ref any) (ref null $s)"], "type table": [" (type 0)", " $t (type 0)"],
    "type field": [" $s $x", " $s 0"], "type u32": [" $s 300"], "type data": [" $s 0"], "type elem": [" $s 0"], "type type": [" $s 0"],
    "data memory": [" 0", " $m 0"], "elem table": [" 0", " $t 0"], "memory memory": ["", " 0 $m"], "table table": ["", " $t 0"], "ordering": [""],
    "type handlers": [" $k", " $k (on $e 0 (;@1;)) (on $e switch) (on $e 1)"], "type tag handlers": [" $k $e", " $k $e (on $e switch)"], "type tag": [" $k $e"],
}  # fmt: skip
AROUND = (
    "(module (type (func)) (type $s (struct (field i32) (field $x (mut i64)))) (table 1 funcref) (table $t 1 funcref) (memory 1) (memory $m 1)"
    " (tag $e) (type $k (cont 0)) (global $g i32 (i32.const 0)) (elem func) (data) (func $f) (func (local i32) (local $l i32) (block {})))"
)
INSTRUCTIONS = [op for op in OPS if op.mnemonic not in STRUCTURED]


@pytest.mark.parametrize("op", INSTRUCTIONS, ids=lambda op: op.mnemonic)
def test_every_instruction_there_and_back(op: Op) -> None:
    for immediates in IMMEDIATES[" ".join(op.immediates)]:
        if op.mnemonic == "ref.null":
            immediates = " any"
        if op.mnemonic.endswith(" null"):
            immediates = immediates.replace("(ref ", "(ref null ")
        text = op.mnemonic.removesuffix(" null") + immediates
        if op.mnemonic == "v128.load8_lane":
            text = text.replace("align=1 ", "")
        module = decode(parse_module(AROUND.format(text)), ALL)
        if op.align == 0:
            text = text.replace(" align=1", "")
        printed = print_module(module)
        assert f"\n      {text}\n" in printed
        assert opcode(op) in module.data[module.code_starts[1] : module.code_ends[1]]
        for folded in (False, True):
            assert parse_module(print_module(module, folded=folded)) == module.data


def test_every_list_of_immediates_has_a_printer() -> None:
    assert set(PRINTERS) == {op.immediates for op in OPS if op.immediates and (op.mnemonic not in STRUCTURED or op.prefix)} | {
        op.immediates for op in OPS if op.mnemonic in ("catch", "delegate")
    }


def stable(text: str, **options: bool) -> str:
    """The text printed, after checking that it parses to the same binary in every form."""
    data = parse_module(text)
    module = decode(data, ALL)
    for folded in (False, True):
        for offsets in (False, True):
            assert parse_module(print_module(module, folded=folded, offsets=offsets)) == data
    return print_module(module, **options)


def test_fields() -> None:
    assert stable(
        '(module $m (rec (type $a (sub (struct (field $x (mut i8)) (field (ref null $b))))) (type $b (array i16))) (type $c (sub final $a (struct'
        ' (field (mut i8) (ref null $b))))) (import "m" "f" (func $i (param i32))) (import "m" "t" (table i64 0 10 externref))'
        ' (memory 1 2 shared) (memory i64 1 (pagesize 1)) (table 1 (ref null func) (ref.null func)) (tag $e (param i32))'
        ' (global $g (mut i32) (i32.add (i32.const 1) (i32.const 2))) (export "\\"q\\"" (func $i)) (start $i)'
        ' (elem $el (offset i32.const 0) func $i) (elem (table 1) (i32.const 0) funcref (ref.func $i) (item ref.null func)) (elem declare func $i)'
        ' (data $d "\\00a\\ff\\n") (data (memory 1) (i64.const 0) "x"))'
    ) == (
        """(module $m
  (rec
    (type $a (;0;) (sub (struct (field $x (mut i8)) (field (ref null $b)))))
    (type $b (;1;) (array i16))
  )
  (type $c (;2;) (sub final $a (struct (field (mut i8)) (field (ref null $b)))))
  (type (;3;) (func (param i32)))
  (import "m" "f" (func $i (;0;) (type 3) (param i32)))
  (import "m" "t" (table (;0;) i64 0 10 externref))
  (table (;1;) 1 funcref (ref.null func))
  (memory (;0;) 1 2 shared)
  (memory (;1;) i64 1 (pagesize 1))
  (tag $e (;0;) (type 3) (param i32))
  (global $g (;0;) (mut i32) (i32.add (i32.const 1) (i32.const 2)))
  (export "\\"q\\"" (func $i))
  (start $i)
  (elem $el (;0;) (i32.const 0) func $i)
  (elem (;1;) (table 1) (i32.const 0) funcref (ref.func $i) (ref.null func))
  (elem (;2;) declare func $i)
  (data $d (;0;) "\\00a\\ff\\0a")
  (data (;1;) (memory 1) (i64.const 0) "x")
)
"""
    )


BODY = (
    "(func $f (param $p i32) (param i64 i64) (result i32) (local i32) (local $l f32) (block $b (result i32) (loop (br_if 0 (local.get $p))"
    " (br_if $b (i32.const 1) (i32.const 2)) drop) (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 3)) (else (call $f (i32.const 4)"
    " (i64.const 5) (i64.const 6))))))"
)


def test_flat() -> None:
    assert stable(BODY) == (
        """(module
  (type (;0;) (func (param i32 i64 i64) (result i32)))
  (func $f (;0;) (type 0) (param $p i32) (param i64 i64) (result i32)
    (local i32) (local $l f32)
    block $b (result i32)
      loop (;@2;)
        local.get $p
        br_if 0 (;@2;)
        i32.const 1
        i32.const 2
        br_if $b
        drop
      end
      local.get $p
      i32.eqz
      if (;@2;) (result i32)
        i32.const 3
      else
        i32.const 4
        i64.const 5
        i64.const 6
        call $f
      end
    end
  )
)
"""
    )


def test_folded() -> None:
    assert stable(BODY, folded=True) == (
        """(module
  (type (;0;) (func (param i32 i64 i64) (result i32)))
  (func $f (;0;) (type 0) (param $p i32) (param i64 i64) (result i32)
    (local i32) (local $l f32)
    (block $b (result i32)
      (loop (;@2;)
        (br_if 0 (;@2;) (local.get $p))
        (i32.const 1)
        (br_if $b (i32.const 2))
        (drop))
      (if (;@2;) (result i32)
        (i32.eqz (local.get $p))
        (then
          (i32.const 3))
        (else
          (call $f (i32.const 4) (i64.const 5) (i64.const 6)))))
  )
)
"""
    )


def test_offsets() -> None:
    text = stable("(func i32.const 1000 drop)", offsets=True)
    assert "    (;@17;) i32.const 1000\n    (;@1a;) drop\n" in text
    assert "    (;@1a;) (drop (i32.const 1000))\n" in stable("(func i32.const 1000 drop)", offsets=True, folded=True)


EXCEPTIONS = (
    "(tag $e) (func (try $t (result i32) (do (i32.const 0)) (catch $e (rethrow 0) (i32.const 1)) (catch_all (i32.const 2))) drop"
    " (block $h (try (do (throw $e)) (delegate $h))) (block $l (try_table (catch $e $l) (catch_all 1) (nop))))"
)


def test_exceptions() -> None:
    assert stable(EXCEPTIONS, folded=True) == (
        """(module
  (type (;0;) (func))
  (tag $e (;0;) (type 0))
  (func (;0;) (type 0)
    (drop
      (try $t (result i32)
        (do
          (i32.const 0))
        (catch $e
          (rethrow $t)
          (i32.const 1))
        (catch_all
          (i32.const 2))))
    (block $h
      (try (;@2;)
        (do
          (throw $e))
        (delegate $h)))
    (block $l
      (try_table (;@2;) (catch $e $l) (catch_all 1)
        (nop)))
  )
)
"""
    )


def test_names() -> None:
    text = stable(
        '(module (func $"a b") (func (@name "a b")) (func (@name "")) (func $"λ\\n") (func (export "x") (call 0) (call 1) (call 3)'
        " (block $l (block $l (br $l) (br 1)))))"
    )
    for line in (
        '(func $"a b" (;0;) (type 0))', '(func (;1;) (@name "a b") (type 0))', '(func (;2;) (@name "") (type 0))',
        '(func $"λ\\n" (;3;) (type 0))', 'call $"a b"', "call 1", 'call $"λ\\n"', "br $l", "br 1 (;@1;)",
    ):  # fmt: skip
        assert f"  {line}\n" in text
    module = decode(parse_module("(module $m (func $f (param $p i32) (drop (local.get $p))))"), ALL)
    plain = print_module(module, names=False)
    assert "$" not in plain
    assert parse_module(plain) == parse_module("(func (param i32) (drop (local.get 0)))")


ODD_NAMES = [
    b"\x01\x04\x02\x00\x01a\x00\x01b",  # two names for one function, malformed length
    b"\x01\x07\x02\x00\x01a\x00\x01b",  # two names for one function
    b"\x01\x04\x01\x09\x01a",  # no such function
    b"\x02\x06\x01\x00\x01\x05\x01a",  # no such local
    b"\x02\x06\x01\x00\x01\x00\x00",  # an empty local name, cut off
    b"\x03\x06\x01\x00\x01\x04\x01a",  # no such label
    b"\x0c\x06\x01\x00\x01\x00\x01a",  # an unknown subsection
    b"\x01\x04\x01\x00\x01\xff",  # not UTF-8
    b"\xff\xff\xff", b"",
]  # fmt: skip


@pytest.mark.parametrize("names", ODD_NAMES, ids=bytes.hex)
def test_name_sections_no_text_can_say_stay_bytes(names: bytes) -> None:
    head = parse_module("(func (param i32))")
    data = head + bytes((0, len(names) + 5, 4)) + b"name" + names
    module = decode(data, ALL)
    text = print_module(module)
    assert '(@custom "name"' in text
    assert decode(parse_module(text), ALL).customs == module.customs


CUSTOMS = (
    '(module (@custom "a" (before first) "1") (@custom "b" (after type) "2") (@custom "c" "3") (type (func)) (@custom "d" (before code))'
    " (func) (memory 1))"
)


def test_customs() -> None:
    text = stable(CUSTOMS)
    assert text.count("@custom") == 4
    assert '  (@custom "b" (after type) "2")\n' in text


def test_branch_hints() -> None:
    text = '(func (param i32) (block (@metadata.code.branch_hint "\\01") (br_if 0 (local.get 0))) local.get 0 (@metadata.code.branch_hint "\\00") if end)'
    assert '(@metadata.code.branch_hint "\\01") br_if 0 (;@1;)\n' in stable(text)
    assert '(@metadata.code.branch_hint "\\01") br_if 0 (;@1;) (local.get 0))' in stable(text, folded=True)


@pytest.mark.parametrize("hints", [b"\x01\x00\x01\x01\x01\x01", b"\x01\x07\x01\x01\x01\x01", b"\x01\x00\x01\x01\x02\x01\x00", b"\x05", b"\x00"])
def test_hints_no_text_can_say_stay_bytes(hints: bytes) -> None:
    string = "".join(f"\\{b:02x}" for b in hints)
    data = parse_module(f'(func nop) (@custom "metadata.code.branch_hint" (before code) "{string}")')
    assert parse_module(print_module(decode(data, ALL))) == data


def test_equal_rec_groups_keep_to_themselves() -> None:
    text = (
        "(rec (type $a (struct (field (ref $b)))) (type $b (struct (field (ref $a))))) (rec (type $c (struct (field (ref $d)))) (type $d"
        " (struct (field (ref $c))))) (func (param (ref $c)) (drop (struct.new $d (local.get 0))))"
    )
    module = decode(parse_module(text), ALL)
    assert [t.canonical for t in module.types] == [0, 1, 0, 1, 4]
    printed = print_module(module)
    assert "(type $d (;3;) (struct (field (ref $c))))" in printed
    again = decode(parse_module(printed), ALL)
    assert [t.canonical for t in again.types] == [0, 1, 0, 1, 4]
    assert again.types == module.types


@pytest.mark.parametrize("body", [b"\x05\x0b", b"\x0b\x0b", b"\x02\x40\x0b", b"\x19\x0b", b"\xff\x0b", b"\x02\x40\x05\x0b\x0b", b"\x20"])
@pytest.mark.parametrize("folded", [False, True])
def test_bodies_that_do_not_decode(body: bytes, folded: bool) -> None:
    head = b"\0asm\1\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0"
    code = bytes((10, len(body) + 3, 1, len(body) + 1, 0)) + body
    with pytest.raises(MalformedError):
        print_module(decode(head + code, ALL), folded=folded)


def test_summary() -> None:
    module = decode(parse_module('(module $m (import "e" "f" (func $i (param i32))) (memory 1) (func $run (export "run")) (func) (start $run))'), ALL)
    assert summary(module) == (
        """module "m": 80 bytes

Sections:
  section                      offset       size    items
  type                            0xa          8        2
  import                         0x14          7        1
  func                           0x1d          3        2
  memory                         0x22          3        1
  export                         0x27          7        1
  start                          0x30          1
  code                           0x33          7        2
  custom "name"                  0x3c         20

Imports:
  func 0  "e" "f" (type 0) (param i32)

Exports:
  func 1  "run" $run

Start: func 1

Functions:
    index     offset      size  name and type
        1       0x35         2  "run" (type 1)
        2       0x38         2  - (type 1)
"""
    )
