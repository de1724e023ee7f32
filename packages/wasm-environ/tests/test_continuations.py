"""Stack switching: what is valid, with wasmtime's word on it; messages; types and their equality; text, binary and op stream of the instructions."""

from __future__ import annotations

import pytest

from wasm_environ import BodyValidator, decode, encode, validate
from wasm_environ.body import OP_MASK, WORDS
from wasm_environ.compile_errors import InvalidError, MalformedError, TextError
from wasm_environ.composites import ContType, from_plain, plain_of
from wasm_environ.features import Features
from wasm_environ.opcodes import BY_ID
from wasm_environ.operands import meaning
from wasm_environ.registry import TypeRegistry
from wasm_environ.text import parse_module, print_module
from wasm_environ.type_sections import section_of
from wasm_environ.type_text import value_text
from wasm_environ.types import EXNREF, ref_to

ON = Features(on=("stack_switching",), off=("legacy_exceptions",))

# Types, tags and a function for bodies: [i32] -> [i64] continued by $k, its remainder [] -> [i64] by $k0, one that takes the switching one back by $s.
FRAME = """(module
  (type $f (func (param i32) (result i64))) (type $k (cont $f)) (type $f0 (func (result i64))) (type $k0 (cont $f0))
  (type $f2 (func (param f32 i32) (result i64))) (type $k2 (cont $f2)) (type $v (func)) (type $kv (cont $v))
  (rec (type $sf (func (param f32 (ref null $s)) (result i64))) (type $s (cont $sf)))
  (type $any (func (param anyref) (result eqref))) (type $kany (cont $any)) (type $eq (func (param eqref) (result anyref))) (type $keq (cont $eq))
  (type $r0 (func (result anyref))) (type $kr0 (cont $r0)) (type $i31 (func (result i31ref))) (type $ki31 (cont $i31))
  (tag $e (param i32)) (tag $n) (tag $t (param f64) (result i32)) (tag $o (result i64)) (tag $oi (result i32)) (tag $a (param eqref) (result eqref)) (tag $q (result eqref)) (tag $y (result anyref))
  (func $g (type $f) (i64.const 1)) (elem declare func $g)
  (func (export "x") {header} {body}))"""

VALID = (
    # cont.new
    ("(result (ref $k))", "(cont.new $k (ref.func $g))"),
    ("(result (ref $k))", "(cont.new $k (ref.null $f))"),
    ("(result (ref $k))", "(cont.new $k (ref.null nofunc))"),
    ("(result (ref $k))", "(cont.new $k (unreachable))"),
    # cont.bind
    ("(param (ref null $k2)) (result (ref $k))", "(cont.bind $k2 $k (f32.const 1) (local.get 0))"),
    ("(param (ref $k2)) (result (ref $k0))", "(cont.bind $k2 $k0 (f32.const 1) (i32.const 2) (local.get 0))"),
    ("(param (ref $k)) (result (ref $k))", "(cont.bind $k $k (local.get 0))"),
    ("(param (ref $kany)) (result (ref $keq))", "(cont.bind $kany $keq (local.get 0))"),
    ("(result (ref $k0))", "(cont.bind $k2 $k0 (unreachable))"),
    # suspend
    ("(result i32)", "(suspend $t (f64.const 1))"),
    ("", "(suspend $n)"),
    ("(result i32)", "(suspend $t (unreachable))"),
    # resume
    ("(param (ref null $k)) (result i64)", "(resume $k (i32.const 1) (local.get 0))"),
    ("(param (ref $k)) (result i64)", "(block $h (result f64 (ref null $k)) (resume $k (on $t $h) (i32.const 1) (local.get 0)) (return)) (unreachable)"),
    ("(param (ref $k)) (result i64)", "(resume $k (on $o switch) (i32.const 1) (local.get 0))"),
    ("(param (ref $k)) (result i64)",
     "(block $h (result (ref $k0)) (block $i (result f64 (ref $k)) (resume $k (on $t $i) (on $o switch) (on $t $i) (i32.const 1) (local.get 0)) (return)) (unreachable))"
     " (drop) (i64.const 1)"),
    ("(result i64)", "(f64.const 1) (ref.null $k) (loop $l (param f64 (ref null $k)) (i32.const 0) (ref.null $k) (resume $k (on $t $l)) (return)) (unreachable)"),
    ("(result anyref)", "(block $h (result anyref (ref null $keq)) (resume $ki31 (on $a $h) (ref.null $ki31)) (return)) (unreachable)"),
    ("(param (ref $kr0)) (result anyref)", "(resume $kr0 (on $y switch) (local.get 0))"),
    ("(result i64)", "(resume $k (unreachable))"),
    ("(result i64)", "(block $h (result f64 (ref $k)) (unreachable) (resume $k (on $t $h)) (return)) (unreachable)"),
    # resume_throw, resume_throw_ref
    ("(param (ref null $k)) (result i64)", "(resume_throw $k $e (i32.const 1) (local.get 0))"),
    ("(param (ref $k2)) (result i64)", "(resume_throw $k2 $n (on $o switch) (local.get 0))"),
    ("(param (ref $k) exnref) (result i64)", "(resume_throw_ref $k (local.get 1) (local.get 0))"),
    ("(param (ref $k)) (result i64)", "(block $h (result f64 (ref $k)) (resume_throw_ref $k (on $t $h) (ref.null exn) (local.get 0)) (return)) (unreachable)"),
    # switch
    ("(param (ref null $s)) (result f32 (ref null $s))", "(switch $s $o (f32.const 1) (local.get 0))"),
    ("(result f32 (ref null $s))", "(switch $s $o (unreachable))"),
    # references
    ("(param (ref $k)) (result contref)", "(local.get 0)"),
    ("(param (ref null $s)) (result (ref cont))", "(ref.as_non_null (local.get 0))"),
    ("(result (ref null $k))", "(ref.null nocont)"),
    ("(param contref)", "(block $l (br_on_null $l (local.get 0)) (drop))"),
    ("(param nullcontref) (result i32)", "(ref.is_null (local.get 0))"),
    ("(local (ref null $k) contref (ref $k0))", "(local.set 1 (local.get 0))"),
)  # fmt: skip

INVALID = (
    ("", "(drop (cont.new $f (ref.func $g)))", "non-continuation type 0"),
    ("", "(drop (cont.new 99 (ref.func $g)))", "unknown type 99"),
    ("", "(drop (cont.new $k0 (ref.func $g)))", "type mismatch: instruction requires [(ref null 2)] but stack has [(ref 0)]"),
    ("", "(drop (cont.new $k (ref.null func)))", "type mismatch"),
    ("(param (ref $k))", "(drop (cont.new $k (local.get 0)))", "type mismatch"),
    ("", "(cont.new $k) (drop)", "type mismatch: instruction requires a value but stack has []"),
    ("(param (ref $k))", "(drop (cont.bind $k $f (local.get 0)))", "non-continuation type 0"),
    ("(param (ref $k))", "(drop (cont.bind $f $k (local.get 0)))", "non-continuation type 0"),
    ("(param (ref $k))", "(drop (cont.bind $k $k2 (local.get 0)))", "type mismatch in continuation arguments"),
    ("(param (ref $k2))", "(drop (cont.bind $k2 $kv (f32.const 1) (i32.const 1) (local.get 0)))", "type mismatch in continuation types"),
    ("(param (ref $keq))", "(drop (cont.bind $keq $kany (local.get 0)))", "type mismatch in continuation types"),
    ("(param (ref $k2))", "(drop (cont.bind $k2 $k (i32.const 1) (local.get 0)))", "type mismatch: instruction requires [f32] but stack has [i32]"),
    ("(param (ref $k))", "(drop (cont.bind $k2 $k (f32.const 1) (local.get 0)))", "type mismatch: instruction requires [(ref null 5)]"),
    ("", "(suspend 99)", "unknown tag 99"),
    ("", "(drop (suspend $t (f32.const 1)))", "type mismatch: instruction requires [f64] but stack has [f32]"),
    ("(result f64)", "(suspend $t (f64.const 1))", "type mismatch"),
    ("(param (ref $k))", "(drop (resume $f (i32.const 1) (local.get 0)))", "non-continuation type 0"),
    ("(param (ref $k))", "(drop (resume $k (i64.const 1) (local.get 0)))", "type mismatch: instruction requires [i32] but stack has [i64]"),
    ("(param (ref $k))", "(drop (resume $k2 (f32.const 1) (i32.const 1) (local.get 0)))", "type mismatch: instruction requires [(ref null 5)]"),
    ("(param (ref $k))", "(drop (resume $k (on 99 switch) (i32.const 1) (local.get 0)))", "unknown tag 99"),
    ("(param (ref $k))", "(drop (resume $k (on $t 99) (i32.const 1) (local.get 0)))", "unknown label 99"),
    ("(param (ref $k))", "(drop (resume $k (on $t switch) (i32.const 1) (local.get 0)))", "type mismatch: non-empty tag parameter type of a switch handler"),
    ("(param (ref $k))", "(drop (resume $k (on $oi switch) (i32.const 1) (local.get 0)))", "type mismatch: the tag of a switch handler has other results"),
    ("(param (ref $k))", "(drop (resume $k (on $n switch) (i32.const 1) (local.get 0)))", "type mismatch: the tag of a switch handler has other results"),
    ("(param (ref $kr0))", "(drop (resume $kr0 (on $q switch) (local.get 0)))", "type mismatch: the tag of a switch handler has other results"),
    ("(param (ref $ki31))", "(drop (resume $ki31 (on $q switch) (local.get 0)))", "type mismatch: the tag of a switch handler has other results"),
    ("", "(block $h (resume $k (on $t $h) (i32.const 1) (ref.null $k)) (drop))", "type mismatch: instruction requires concrete continuation reference type but label has []"),
    ("", "(block $h (result f64) (resume $k (on $t $h) (i32.const 1) (ref.null $k)) (unreachable)) (drop)", "type mismatch: instruction requires concrete continuation"),
    ("", "(block $h (result f64 contref) (resume $k (on $t $h) (i32.const 1) (ref.null $k)) (unreachable)) (unreachable)",
     "type mismatch: instruction requires concrete continuation reference type but label has [contref]"),
    ("", "(block $h (result f64 (ref $f)) (resume $k (on $t $h) (i32.const 1) (ref.null $k)) (unreachable)) (unreachable)", "non-continuation type 0"),
    ("", "(block $h (result f64 (ref $k2)) (resume $k (on $t $h) (i32.const 1) (ref.null $k)) (unreachable)) (unreachable)", "type mismatch in continuation type"),
    ("", "(block $h (result f64 (ref $k0)) (resume $k (on $t $h) (i32.const 1) (ref.null $k)) (unreachable)) (unreachable)", "type mismatch in continuation type"),
    ("", "(block $h (result f64 (ref $kv)) (resume $k (on $t $h) (i32.const 1) (ref.null $k)) (unreachable)) (unreachable)", "type mismatch in continuation type"),
    ("", "(block $h (result (ref $k)) (resume $k (on $t $h) (i32.const 1) (ref.null $k)) (unreachable)) (unreachable)", "type mismatch: a handler gives another number of values"),
    ("", "(block $h (result f64 f64 (ref $k)) (resume $k (on $t $h) (i32.const 1) (ref.null $k)) (unreachable)) (unreachable)",
     "type mismatch: a handler gives another number of values"),
    ("", "(block $h (result f32 (ref $k)) (resume $k (on $t $h) (i32.const 1) (ref.null $k)) (unreachable)) (unreachable)",
     "type mismatch: instruction requires [f32] but stack has [f64]"),
    ("(result anyref)", "(block $h (result anyref (ref null $kany)) (resume $ki31 (on $a $h) (ref.null $ki31)) (return)) (unreachable)",
     "type mismatch in continuation type"),
    ("(result anyref)", "(block $h (result i31ref (ref null $keq)) (resume $ki31 (on $a $h) (ref.null $ki31)) (return)) (unreachable)",
     "type mismatch: instruction requires [i31ref] but stack has [eqref]"),
    ("", "(drop (resume_throw $k $t (f64.const 1) (ref.null $k)))", "type mismatch: non-empty tag result type: tag 2"),
    ("", "(drop (resume_throw $k $e (ref.null $k)))", "type mismatch: instruction requires [i32] but stack has []"),
    ("", "(drop (resume_throw $k 99 (ref.null $k)))", "unknown tag 99"),
    ("", "(drop (resume_throw_ref $k (ref.null extern) (ref.null $k)))", "type mismatch: instruction requires [exnref]"),
    ("", "(drop (resume_throw_ref $f (ref.null exn) (ref.null $k)))", "non-continuation type 0"),
    ("", "(switch $k $o (i32.const 1) (ref.null $k)) (unreachable)", "type mismatch: instruction requires that the last parameter of continuation type 1 is a continuation"),
    ("", "(switch $kv $n (ref.null $kv))", "type mismatch: instruction requires that the last parameter of continuation type 7 is a continuation"),
    ("", "(switch $f $o (i32.const 1) (ref.null $k)) (unreachable)", "non-continuation type 0"),
    ("", "(switch $s $e (f32.const 1) (ref.null $s)) (unreachable)", "type mismatch in switch tag"),
    ("", "(switch $s $oi (f32.const 1) (ref.null $s)) (unreachable)", "type mismatch in continuation types"),
    ("", "(switch $s $o (f64.const 1) (ref.null $s)) (unreachable)", "type mismatch: instruction requires [f32] but stack has [f64]"),
    ("", "(switch $s $o (f32.const 1) (ref.null $k)) (unreachable)", "type mismatch: instruction requires [(ref null 9)]"),
    ("", "(throw $t (f64.const 1))", "type mismatch: non-empty tag result type: tag 2"),
    ("", "(block $h (result f64) (try_table (catch $t $h)) (unreachable)) (drop)", "type mismatch: non-empty tag result type: tag 2"),
    ("", "(drop (ref.test contref (unreachable)))", "invalid cast to continuation types"),
    ("(param contref)", "(drop (ref.cast (ref null $k) (local.get 0)))", "invalid cast to continuation types"),
    ("(param contref)", "(drop (ref.cast (ref nocont) (local.get 0)))", "invalid cast to continuation types"),
    ("(param contref)", "(block $l (result contref) (br_on_cast $l contref (ref $k) (local.get 0))) (drop)", "invalid cast to continuation types"),
    ("(param contref)", "(block $l (result contref) (br_on_cast_fail $l contref nullcontref (local.get 0))) (drop)", "invalid cast to continuation types"),
    ("(param contref) (result anyref)", "(local.get 0)", "type mismatch"),
    ("(param contref) (result funcref)", "(local.get 0)", "type mismatch"),
    ("(param contref) (result (ref null $k))", "(local.get 0)", "type mismatch"),
    ("(param (ref $k)) (result (ref $k0))", "(local.get 0)", "type mismatch"),
    ("(param (ref $k)) (result (ref $f))", "(local.get 0)", "type mismatch"),
    ("(result (ref null $k))", "(ref.null none)", "type mismatch"),
    ("(result (ref null $k))", "(ref.null nofunc)", "type mismatch"),
    ("(local (ref $k))", "(drop (local.get 0))", "uninitialized local"),
)  # fmt: skip


def wasmtime_says(data: bytes) -> str:
    """Why wasmtime refuses a module, or ""."""
    wasmtime = pytest.importorskip("wasmtime")
    config = wasmtime.Config()
    for name in ("exceptions", "gc", "function_references", "stack_switching"):
        setattr(config, f"wasm_{name}", True)
    try:
        wasmtime.Module.validate(wasmtime.Engine(config), data)
    except wasmtime.WasmtimeError as error:
        return str(error)
    return ""


def binary(header: str, body: str) -> bytes:
    return parse_module(FRAME.format(header=header, body=body), features=ON)


@pytest.mark.parametrize(("header", "body"), VALID, ids=[" ".join(row)[:90] for row in VALID])
def test_valid(header: str, body: str) -> None:
    data = binary(header, body)
    module = validate(data, ON)
    assert encode(module) == data
    assert wasmtime_says(data) == ""
    for folded in (False, True):
        for offsets in (False, True):
            assert parse_module(print_module(module, folded=folded, offsets=offsets), features=ON) == data


@pytest.mark.parametrize(("header", "body", "message"), INVALID, ids=[" ".join(row[:2])[:90] for row in INVALID])
def test_invalid(header: str, body: str, message: str) -> None:
    data = binary(header, body)
    with pytest.raises(InvalidError) as caught:
        validate(data, ON)
    assert caught.value.message.startswith(message)
    assert caught.value.function == 1
    assert wasmtime_says(data) != ""


# Types alone. Columns: fields, message or "" where they are valid.
TYPES = (
    ("(type $k (cont $f)) (type $f (func))", "unknown type 1"),
    ("(type (func)) (type (cont 0))", ""),
    ("(rec (type $k (cont $f)) (type $f (func (param (ref $k)))))", ""),
    ("(type (cont 0))", "non-function type 0"),
    ("(type (struct)) (type (cont 0))", "non-function type 0"),
    ("(rec (type (array i8)) (type (cont 0)))", "non-function type 0"),
    ("(type $f (func)) (type $k (cont $f)) (type (cont $k))", "non-function type 1"),
    ("(type $f (sub (func))) (type $k (sub (cont $f))) (type $g (sub $f (func))) (type (sub $k (cont $g)))", ""),
    ("(type $f (sub (func))) (type $k (sub (cont $f))) (type $g (func)) (type (sub $k (cont $g)))", "sub type 3 does not match super type 1"),
    ("(type $f (sub (func))) (type $g (sub $f (func))) (type $k (sub (cont $g))) (type (sub $k (cont $f)))", "sub type 3 does not match super type 2"),
    ("(type $f (func)) (type $k (cont $f)) (type (sub $k (cont $f)))", "sub type 2 does not match super type 1: that is final"),
    ("(type $f (func)) (type $k (sub (cont $f))) (type (sub $k (func)))", "sub type 2 does not match super type 1"),
    ("(type $f (sub (func))) (type (sub $f (cont $f)))", "sub type 1 does not match super type 0"),
    ("(type $f (func)) (type $k (cont $f)) (table 3 (ref null $k)) (global (ref null $k) (ref.null $k)) (tag (param (ref $k)) (result contref))", ""),
    ("(type $f (func)) (type $k (cont $f)) (global (ref $k) (cont.new $k (ref.null $f)))", "constant expression required: cont.new is not constant"),
    ("(type $f (func)) (type $k (cont $f)) (table 3 (ref $k))", "type mismatch: table 0"),
    ("(type $f (func)) (type (struct (field (ref null 0) contref nullcontref (mut (ref null 2))))) (type $k (cont $f))", "unknown type 2"),
)  # fmt: skip


@pytest.mark.parametrize(("fields", "message"), TYPES, ids=[row[0] for row in TYPES])
def test_types(fields: str, message: str) -> None:
    data = parse_module(f"(module {fields})", features=ON)
    assert (wasmtime_says(data) == "") is (message == "")
    if message:
        with pytest.raises(InvalidError) as caught:
            validate(data, ON)
        assert caught.value.message.startswith(message)
        return
    module = validate(data, ON)
    assert encode(module) == data
    assert parse_module(print_module(module), features=ON) == data
    assert [from_plain(plain_of(sub)) for sub in module.types] == module.types


def test_equal_types_are_one() -> None:
    """Within a module, and over modules: recursion through continuations is equal by rolling up, and two kinds of types never are."""
    group = "(rec (type (func (param (ref null {1})) (result i32))) (type (cont {0})))"
    text = f"(module {group.format(0, 1)} {group.format(2, 3)} (type (func)) (type (cont 4)) (type (func)) (type (cont 6)) (rec (type (func)) (type (cont 8))))"
    module = decode(parse_module(text, features=ON), ON)
    assert [sub.canonical for sub in module.types] == [0, 1, 0, 1, 4, 5, 4, 5, 8, 9]
    assert [sub.composite.func for sub in module.types if isinstance(sub.composite, ContType)] == [0, 0, 4, 4, 8]
    assert decode(encode(module), ON).types == module.types
    registry = TypeRegistry()
    ids = registry.register(module)
    other = decode(parse_module(f"(module (type (struct)) (type (func)) (type (cont 1)) {group.format(3, 4)})", features=ON), ON)
    assert registry.register(other)[1:] == [ids[4], ids[5], ids[0], ids[1]]
    assert len(set(ids)) == 6
    neutral = TypeRegistry()
    types, index = section_of(registry, ids[1])
    assert neutral.composite(neutral.register_types(types)[index]) == ContType(neutral.register_types(types)[1 - index])
    assert value_text(registry, ref_to(ids[5])) == "(ref null (cont (func)))"
    assert value_text(registry, ref_to(ids[5]), structure=False) == "(ref null (cont ...))"
    assert len(registry.descriptors(ids[0])) == 64 * len(registry)


# Bytes of a type section, and what is wrong with them.
MALFORMED = (
    ("02 60 00 00 5d 70", "malformed continuation type"),  # cont func
    ("02 60 00 00 5d 7f", "malformed continuation type"),
    ("02 60 00 00 5d", "unexpected end"),
    ("02 60 00 00 5d 80 80 80 80 80 00", "integer representation too long"),
)  # fmt: skip


@pytest.mark.parametrize(("section", "message"), MALFORMED, ids=[row[0] for row in MALFORMED])
def test_malformed(section: str, message: str) -> None:
    contents = bytes.fromhex(section)
    with pytest.raises(MalformedError, match=f"^{message}"):
        decode(b"\0asm\1\0\0\0\1" + bytes((len(contents),)) + contents, ON)


def test_the_function_of_a_continuation_is_a_signed_number() -> None:
    functions = "".join(f"(type (func (param {'i32 ' * n})))" for n in range(70))
    data = parse_module(f"(module {functions} (type (cont 69)))", features=ON)
    assert data.endswith(b"\x5d\xc5\x00")
    module = decode(data, ON)
    assert module.types[70].composite == ContType(69)
    assert encode(module) == data
    assert wasmtime_says(data) == ""


def test_a_clause_of_another_kind_is_malformed() -> None:
    data = binary("", "(drop (resume $k (on $o switch) (i32.const 1) (ref.null $k)))")
    at = data.index(b"\xe3\x01\x01\x01\x03") + 3
    with pytest.raises(MalformedError, match=r"^malformed handler clause"):
        validate(data[:at] + b"\x02" + data[at + 1 :], ON)


TEXTS = (
    ("(func (resume 0 (on 0)))", "unexpected token"),
    ("(func (resume 0 (on 0 0 0)))", "unexpected token"),
    ("(func (resume 0 (on $x switch)))", "unknown tag $x"),
    ("(tag $x) (func (resume 0 (on $x $y)))", "unknown label $y"),
    ("(func (resume))", "unexpected token"),
    ("(type (cont))", "unexpected token"),
    ("(type (cont func))", "unexpected token"),
    ("(func (on 0 0))", "unexpected token"),
)


@pytest.mark.parametrize(("fields", "words"), TEXTS)
def test_malformed_texts(fields: str, words: str) -> None:
    with pytest.raises(TextError) as caught:
        parse_module(f"(module {fields})")
    assert caught.value.message.startswith(words)


K, K0, K2, S = 1, 3, 5, 9
# Bodies, their records without the last `end`, and `extra`.
CODES: tuple[tuple[str, str, list[int]], ...] = (
    ("(drop (cont.new $k (ref.func $g)))", "ref.func 0 {g}|cont.new 1 {g}|drop {k}", []),
    ("(drop (cont.bind $k2 $k0 (f32.const 0) (i32.const 2) (ref.null $k2)))", "f32.const 0|i32.const 2|ref.null {k2}|cont.bind 5 3 0|drop {k0}", []),
    ("(i64.const 1) (drop (suspend $t (f64.const 0))) (drop)", "i64.const 1|f64.const 0|suspend 2 19 1|drop 127|drop 126", []),
    ("(block $h (result f64 (ref null $k)) (resume $k (on $t $h) (on $o switch) (on $t $h) (i32.const 1) (ref.null $k)) (unreachable)) (drop) (drop)",
     "block 1 -1 0|i32.const 1|ref.null {kn}|resume 1 0 0|unreachable|end 1 0 1|drop {kn}|drop 124", [-1, 3, 2, 1, 3, -1, 2, 1]),
    ("(drop (resume_throw $k $e (i32.const 7) (ref.null $k)))", "i32.const 7|ref.null {kn}|resume_throw 1 0 0|drop 126", [0, 0]),
    ("(drop (resume_throw_ref $k (on $o switch) (ref.null exn) (ref.null $k)))", "ref.null {exn}|ref.null {kn}|resume_throw_ref 1 0 0|drop 126", [-1, 1, 3, -1]),
    ("(switch $s $o (f32.const 0) (ref.null $s)) (drop) (drop)", "f32.const 0|ref.null {s}|switch 9 3 0|drop {s}|drop 125", []),
    ("(return) (drop (resume $k (on $o switch) (unreachable)))", "return 0 0", []),
)  # fmt: skip


@pytest.mark.parametrize(("body", "expected", "extra"), CODES, ids=[row[0][:40] for row in CODES])
def test_op_stream(body: str, expected: str, extra: list[int]) -> None:
    module = decode(binary("", body), ON)
    found = BodyValidator(module, ON).body(1)
    ops = list(found.ops)
    lines = []
    for at in range(0, len(ops) - WORDS, WORDS):
        op = BY_ID[ops[at] & OP_MASK]
        lines.append(" ".join([op.mnemonic, *(str(value) for value, what in zip(ops[at + 1 : at + WORDS], meaning(op), strict=True) if what)]))
    names = {"g": ref_to(0, False), "k": ref_to(K, False), "kn": ref_to(K), "k0": ref_to(K0, False), "k2": ref_to(K2), "s": ref_to(S), "exn": EXNREF}
    assert "|".join(lines) == expected.format(**names)
    assert list(found.extra) == extra
    assert found.is_leaf is not any(word in body for word in ("suspend", "resume", "switch $s"))


def test_golden_text() -> None:
    """Flat, and folded: operands stand in what takes them, as many as the types say."""
    body = """(block $h (result f64 (ref $k)) (resume $k (on $t $h) (on $o switch) (i32.const 1) (cont.bind $k2 $k (f32.const 2) (local.get 0))) (drop)
      (drop (resume_throw $k $e (i32.const 1) (ref.null $k))) (drop (resume_throw_ref $k (ref.null exn) (ref.null $k))) (suspend $t (f64.const 1)) (drop) (unreachable))
      (drop) (drop) (switch $s $o (f32.const 1) (ref.null $s)) (drop) (drop)"""
    module = decode(binary("(param (ref null $k2))", body), ON)
    text = print_module(module, folded=True)
    body_text = " ".join(text[text.index("(func (;1;)") :].split())
    assert body_text == (
        "(func (;1;) (type 23) (param (ref null $k2)) (block $h (type 24) (result f64 (ref $k)) (drop (resume $k (on $t $h) (on $o switch) (i32.const 1)"
        " (cont.bind $k2 $k (f32.const 2) (local.get 0)))) (drop (resume_throw $k $e (i32.const 1) (ref.null $k))) (drop (resume_throw_ref $k (ref.null exn)"
        " (ref.null $k))) (drop (suspend $t (f64.const 1))) (unreachable)) (drop) (drop) (switch $s $o (f32.const 1) (ref.null $s)) (drop) (drop) ) )"
    )
    assert "      resume $k (on $t $h) (on $o switch)\n" in print_module(module)
    assert "  (type $k (;1;) (cont $f))\n" in text
