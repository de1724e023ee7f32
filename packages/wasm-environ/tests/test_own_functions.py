"""Whether all function references in an instance are its own functions': from each road by which a foreign one may come."""

from __future__ import annotations

import pytest

from wasm_environ import decode
from wasm_environ.own_functions import all_functions_are_own
from wasm_environ.text import parse_module

OWN = "(func $own) (table $t 2 funcref) (elem (table $t) (i32.const 0) func $own)"
# Columns: name, what the module has beside a table of its own functions, whether all functions stay its own.
ROWS = (
    ("nothing", "", True),
    ("an import that is only called", '(import "" "" (func $f)) (func (call $f))', True),
    ("an exported function", '(func (export "f"))', True),
    ("host objects", '(func (export "f") (param externref anyref exnref)) (table (export "t") 1 externref) (global (export "g") anyref (ref.null any))', True),
    ("other objects", "(type (struct (field externref i32 (ref null 0)))) (type (array i8))", True),
    ("an exported number", '(global (export "g") (mut i32) (i32.const 0))', True),
    ("a private global", "(global (mut funcref) (ref.null func))", True),
    ("an import in a table", '(import "" "" (func $f)) (elem (table $t) (i32.const 1) func $f)', False),
    ("an import in a passive segment", '(import "" "" (func $f)) (elem func $f)', False),
    ("an import in an expression", '(import "" "" (func $f)) (elem funcref (ref.func $f))', False),
    ("an import in a global", '(import "" "" (func $f)) (global funcref (ref.func $f))', False),
    ("an import in a table's initializer", '(import "" "" (func $f)) (table 1 funcref (ref.func $f))', False),
    ("an import that is exported", '(import "" "" (func $f)) (export "f" (func $f))', False),
    ("an imported table", '(import "" "" (table 1 funcref))', False),
    ("an exported table", '(export "t" (table $t))', False),
    ("an exported table of one type", '(type $f (func)) (table (export "u") 1 (ref null $f))', False),
    ("an imported global", '(import "" "" (global funcref))', False),
    ("an exported global", '(global (export "g") (mut funcref) (ref.null func))', False),
    ("a parameter", "(func (param funcref))", False),
    ("a parameter of one type", "(type $f (func)) (func (param (ref $f)))", False),
    ("a result", '(import "" "" (func (result funcref)))', False),
    ("a tag", "(tag (param funcref))", False),
    ("a field", "(type (struct (field i32) (field funcref)))", False),
    ("elements", "(type (array (ref null func)))", False),
)


@pytest.mark.parametrize(("beside", "own"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_all_functions_are_own(beside: str, own: bool) -> None:
    fields, functions = (beside, OWN) if "import" in beside else (OWN, beside)
    assert all_functions_are_own(decode(parse_module(f"(module {fields} {functions})"))) is own
