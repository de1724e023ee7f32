"""Rules about modules as wholes, features switched off, and that `validate` takes what it promises."""

from __future__ import annotations

import pytest

from wasm_environ import BodyValidator, decode, validate, validate_module
from wasm_environ.compile_errors import InvalidError, MalformedError
from wasm_environ.features import ALL, ROWS, Features
from wasm_environ.module import Module
from wasm_environ.text import parse_module


def test_validate_takes_bytes_of_any_kind_and_modules() -> None:
    data = parse_module("(module (func))")
    for given in (data, bytearray(data), memoryview(data), decode(data)):
        assert isinstance(validate(given), Module)
    with pytest.raises(MalformedError):
        validate(b"")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("(module (func (type 3)))", "unknown type"),
        ('(module (export "a" (func 0)))', "unknown function 0"),
        ('(module (export "a" (memory 0)))', "unknown memory 0"),
        ('(module (func) (export "a" (func 0)) (export "a" (func 0)))', "duplicate export name"),
        ("(module (func (param i32)) (start 0))", "start function"),
        ("(module (start 0))", "unknown function 0"),
        ("(module (memory 2 1))", "size minimum must not be greater than maximum"),
        ("(module (memory 65537))", "memory size must be at most 65536 pages"),
        ("(module (memory 1 shared))", "shared memory must have maximum"),
        ("(module (memory 1 (pagesize 2)))", "invalid custom page size"),
        ("(module (table 2 1 funcref))", "size minimum must not be greater than maximum"),
        ("(module (table 1 (ref func)))", "type mismatch"),
        ("(module (global i32 (i64.const 1)))", "type mismatch"),
        ("(module (global i32 (i32.const 1) (i32.const 1)))", "type mismatch"),
        ("(module (global i32 (nop)))", "constant expression required"),
        ("(module (global i32 (i32.eqz (i32.const 1))))", "constant expression required"),
        ("(module (global $a (mut i32) (i32.const 1)) (global i32 (global.get $a)))", "constant expression required"),
        ("(module (global i32 (global.get 0)))", "unknown global 0"),
        ("(module (global funcref (ref.func 3)))", "unknown function 3"),
        ("(module (table 1 funcref (global.get 0)) (global funcref (ref.null func)))", "unknown global"),
        ("(module (data (i32.const 0)))", "unknown memory 0"),
        ("(module (memory i64 1) (data (i32.const 0)))", "type mismatch"),
        ("(module (elem (i32.const 0) func))", "unknown table 0"),
        ("(module (table 1 externref) (elem (i32.const 0) func))", "type mismatch"),
        ("(module (func (local (ref func)) (drop (local.get 0))))", "uninitialized local"),
        ("(module (func $f (drop (ref.func $f))))", "undeclared function reference"),
    ],
)
def test_invalid(source: str, message: str) -> None:
    with pytest.raises(InvalidError, match=f"^{message}"):
        validate(parse_module(source, features=ALL), ALL)


def test_tags_have_results_for_stack_switching_only() -> None:
    data = parse_module("(module (tag (result i32)))")
    validate(data, Features(on=("stack_switching",)))
    with pytest.raises(InvalidError, match=r"^non-empty tag result type"):
        validate(data)


def test_an_error_in_a_body_names_function_and_offset() -> None:
    data = parse_module('(module (import "" "" (func)) (func) (func (drop (i32.add (i32.const 1) (f32.const 2)))))')
    with pytest.raises(InvalidError, match=r"type mismatch.*\(at offset 0x") as caught:
        validate(data)
    assert caught.value.function == 2
    assert data[caught.value.offset] == 0x6A


def test_an_unknown_type_in_a_block_has_an_offset() -> None:
    data = parse_module("(module (func (block (result (ref null 7)) unreachable) drop))")
    with pytest.raises(InvalidError, match=r"^unknown type 7") as caught:
        validate(data)
    assert (caught.value.function, data[caught.value.offset]) == (0, 0x02)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("(func (param i32 i64) (local f32) (drop (local.get 3)))", "unknown local 3: there are 3, 0 to 2 (at"),
        ("(func) (func (call 9))", "unknown function 9: there are 2, 0 to 1 (at"),
        ("(func (drop (memory.size)))", "unknown memory 0: there is none (at"),
        ("(table 1 funcref) (func (drop (table.size 4294967295)))", "unknown table 4294967295: there is one, 0 (at"),
        ("(func (block (br 5)))", "unknown label 5: there are 2, 0 to 1 (at"),
        ("(func (drop (global.get 0)))", "unknown global 0: there is none (at"),
        ("(tag) (func (throw 1))", "unknown tag 1: there is one, 0 (at"),
        ("(type (struct (field i32))) (func (drop (struct.get 0 1 (struct.new 0 (i32.const 1)))))", "unknown field 1: there is one, 0 (at"),
        ("(memory 1) (func (data.drop 0))", "unknown data segment 0: there is none (at"),
        ("(func (elem.drop 0))", "unknown elem segment 0: there is none (at"),
        ("(global i32 (i32.const 0)) (global i32 (global.get 1))", "unknown global 1 before this expression: there is one, 0 (at"),
        ('(func) (export "a" (func 1))', "unknown function 1 exported as 'a': there is one, 0"),
        ("(start 0)", "unknown function 0 as start function: there is none"),
        ("(data (i32.const 0))", "unknown memory 0 of data segment 0: there is none"),
    ],
)
def test_an_unknown_index_is_told_with_the_size_of_its_space(source: str, message: str) -> None:
    with pytest.raises(InvalidError) as caught:
        validate(parse_module(f"(module {source})"))
    assert str(caught.value).startswith(message)


# A module for each feature that uses it and nothing else that is optional beyond what the feature needs.
USES = {
    "mutable_global": '(module (global (export "") (mut i32) (i32.const 0)))',
    "saturating_float_to_int": "(module (func (drop (i32.trunc_sat_f32_s (f32.const 0)))))",
    "sign_extension": "(module (func (drop (i32.extend8_s (i32.const 0)))))",
    "multi_value": "(module (func (result i32 i32) unreachable))",
    "reference_types": "(module (func (drop (ref.is_null (ref.null func)))))",
    "bulk_memory": "(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))))",
    "simd": "(module (func (drop (v128.const i64x2 0 0))))",
    "tail_call": "(module (func (return_call 0)))",
    "extended_const": "(module (global i32 (i32.add (i32.const 1) (i32.const 1))))",
    "function_references": "(module (func (param (ref func))))",
    "gc": "(module (func (drop (ref.i31 (i32.const 1)))))",
    "exceptions": "(module (tag) (func (try_table)))",
    "multi_memory": "(module (memory 1) (memory 1))",
    "memory64": "(module (memory i64 1))",
    "relaxed_simd": "(module (func (param v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 0)))))",
    "threads": "(module (memory 1 1 shared) (func (drop (i32.atomic.load (i32.const 0)))))",
    "wide_arithmetic": "(module (func (drop (drop (i64.mul_wide_u (i64.const 1) (i64.const 1))))))",
    "custom_page_sizes": "(module (memory 1 (pagesize 1)))",
    "custom_descriptors": "(module (rec (type (descriptor 1) (struct)) (type (describes 0) (struct))))",
    "stack_switching": "(module (type (func)) (type (cont 0)))",
    "legacy_exceptions": "(module (func (try (do) (catch_all))))",
}


@pytest.mark.parametrize("feature", [row[0] for row in ROWS if row[0] != "mvp" and row[2] != "component"])
def test_each_feature_can_be_switched_off(feature: str) -> None:
    source = USES[feature].replace("(drop (drop (i64.mul_wide_u (i64.const 1) (i64.const 1))))", "(i64.mul_wide_u (i64.const 1) (i64.const 1)) drop drop")
    data = parse_module(source, features=ALL)
    validate(data, ALL)
    with pytest.raises(InvalidError, match=f"{feature} support is not enabled"):
        validate(data, Features(on=tuple(ALL.enabled), off=(feature,)))


def test_validate_module_leaves_bodies_to_the_compiler() -> None:
    module = decode(parse_module("(module (func (i32.add)) (func))"))
    validate_module(module)
    validator = BodyValidator(module)
    with pytest.raises(InvalidError, match=r"^type mismatch"):
        validator.check(0)
    validator.check(1)
    assert len(validator.body(1).ops) == 4
