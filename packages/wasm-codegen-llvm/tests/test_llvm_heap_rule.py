"""The rule of the GC heap as a lint over the IR: after every access through a reference, that reference is used once more before anything can collect."""

from __future__ import annotations

import re

import pytest

from wasm_codegen_llvm.function import lower_function
from wasm_codegen_llvm.isa import Isa
from wasm_codegen_llvm.llvm_module import Batch, Shared
from wasm_environ.compiler import Target, Tunables
from wasm_environ.features import ALL
from wasm_environ.function.validator import BodyValidator
from wasm_environ.text import parse_text

HEAP = re.compile(r"(%q\d+) = load ptr, ptr %q\d+, !invariant.load !1")
ACCESS = re.compile(r"(%p\d+) = getelementptr i8, ptr (%\w+), i64 (%\w+)")
USE = re.compile(r'call void asm sideeffect "", "r"\(i64 (%\w+)\)')

MODULE = """(module (type $s (sub (struct (field (mut i32)) (field (mut (ref null $s)))))) (type $a (array (mut i32))) (tag $t (param i32 exnref))
  (type $t (sub $s (struct (field (mut i32)) (field (mut (ref null $s))))))
  (rec (type $z (descriptor $d) (struct (field i32))) (type $d (describes $z) (struct)))
  (func $g) (func (param (ref null $s) (ref null $a) i32) (result i32) (local i32 (ref null $z)) {body} (local.get 3) {call})
  (func $z (result (ref null $z)) (unreachable)) (func $d (result (ref null (exact $d))) (unreachable)))"""
# An access each: all of struct and array instructions that do not go through the vm, and casts.
BODIES = (
    "(local.set 3 (struct.get $s 0 (local.get 0)))",
    "(struct.set $s 0 (local.get 0) (local.get 2))",
    "(struct.set $s 1 (local.get 0) (local.get 0))",
    "(local.set 3 (struct.get $s 0 (struct.get $s 1 (local.get 0))))",
    "(local.set 3 (array.get $a (local.get 1) (local.get 2)))",
    "(array.set $a (local.get 1) (local.get 2) (local.get 2))",
    "(local.set 3 (array.len (local.get 1)))",
    "(struct.set $s 1 (local.get 0) (struct.new $s (local.get 2) (local.get 0)))",
    "(local.set 1 (array.new $a (local.get 2) (local.get 2)))",
    "(local.set 1 (array.new_fixed $a 2 (local.get 2) (local.get 2)))",
    "(throw $t (local.get 2) (ref.null exn))",
    "(block $x (result i32 exnref) (try_table (catch $t $x) (call $g)) (i32.const 0) (ref.null exn)) (drop) (local.set 3)",
    "(block $x (result i32 exnref exnref) (try_table (catch_ref $t $x) (call $g)) (i32.const 0) (ref.null exn) (ref.null exn)) (drop) (drop) (local.set 3)",
    "(try (do (call $g)) (catch $t (drop) (local.set 3)) (catch_all (rethrow 0)))",
    "(local.set 3 (ref.test (ref $t) (local.get 0)))",
    "(drop (ref.cast (ref null $t) (local.get 0)))",
    "(drop (block $l (result (ref null $s)) (br_on_cast $l (ref null $s) (ref $t) (local.get 0))))",
    "(drop (ref.get_desc $z (call $z)))",
    "(local.set 4 (struct.new_desc $z (local.get 2) (call $d)))",
    "(local.set 4 (ref.cast_desc_eq (ref $z) (local.get 0) (call $d)))",
    "(drop (block $l (result anyref) (br_on_cast_desc_eq_fail $l anyref (ref null $z) (call $z) (call $d))))",
)


def ir_of(wat: str) -> str:
    module = parse_text(wat, features=ALL)
    batch = Batch(Shared(module, Tunables(), Isa(Target("x86_64"))))
    return lower_function(batch, BodyValidator(module, ALL).body(1))


def unkept(ir: str) -> list[str]:
    """References through which something was accessed, and which nothing keeps before the next call or the end of the function."""
    heaps = set(HEAP.findall(ir))
    owed: list[str] = []
    missing: list[str] = []
    for line in ir.splitlines():
        access, use = ACCESS.match(line), USE.match(line)
        if access and access[2] in heaps:
            owed.append(access[3])
        elif use:
            owed = [reference for reference in owed if reference != use[1]]
        elif re.search(r"\b(call|invoke) ", line) and "@trap" not in line and "@llvm." not in line:
            missing += owed
            owed = []
    return missing + owed


@pytest.mark.parametrize("body", BODIES)
def test_every_access_keeps_its_reference(body):
    ir = ir_of(MODULE.format(body=body, call="(call $g)"))
    assert USE.search(ir)
    assert unkept(ir) == []


@pytest.mark.parametrize("body", BODIES[:7])
def test_none_where_nothing_collects(body):
    assert not USE.search(ir_of(MODULE.format(body=body, call="")))


def test_the_lint_finds_what_is_missing():
    ir = ir_of(MODULE.format(body=BODIES[0], call="(call $g)"))
    assert unkept(USE.sub("", ir))
