"""Small functions whose machine code tells what matters about its quality: on the docs page side by side, and in the tests as golden disassembly."""

from __future__ import annotations

from typing import Final

# Columns: name (also of the files that tests compare with), what to look for, module.
# fmt: off
EXAMPLES: Final = (
    ("leaf", "no spill, no saved register, context where it arrived", "(module (func (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))"),
    ("loop", "locals in registers, compare and branch fused, folded address",
        """(module (memory 1) (func (param $p i32) (param $n i32) (result i32) (local $s i32)
        (loop $l (local.set $s (i32.add (local.get $s) (i32.load offset=8 (local.get $p))))
          (local.set $p (i32.add (local.get $p) (i32.const 4)))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (local.get $s)))"""),
    ("call", "what lives across the call is in a saved register; the rest is not spilled", """(module (func $f (param i32 i32) (result i32)
        (i32.add (call $f (local.get 1) (i32.const 7)) (local.get 0))))"""),
    ("division", "constants divide by multiplying",
        "(module (func (param i32) (result i32) (i32.div_u (i32.rem_s (local.get 0) (i32.const 10)) (i32.const 7))))"),
    ("float", "three operands, constants from rodata",
        "(module (func (param f64 f64) (result f64) (f64.mul (f64.add (local.get 0) (local.get 1)) (f64.const 2.5))))"),
    ("select", "a conditional move",
        "(module (func (param i64 i64) (result i64) (select (local.get 0) (local.get 1) (i64.lt_u (local.get 0) (local.get 1)))))"),
    ("branch_table", "one bounded jump", """(module (func (param i32) (result i32) (block (block (block (local.get 0) (br_table 0 1 2)) (return (i32.const 1)))
        (return (i32.const 2))) (i32.const 3)))"""),
    ("side_area", "the seventh argument and those after it through the store, a jump at the end",
        """(module (func $f (param i32 i32 i32 i32 i32 i32 f64) (result i32)
        (return_call $f (local.get 5) (local.get 4) (local.get 3) (local.get 2) (local.get 1) (local.get 0) (local.get 6))))"""),
    ("handed_on", "no frame for what is only handed on: the ninth and tenth stay in the store", f"""(module (func $f (param{" i64" * 10}) (result i64)
        (return_call $f (i64.const 1) {" ".join(f"(local.get {k})" for k in range(1, 5))} (i64.const 2)
        {" ".join(f"(local.get {k})" for k in range(6, 10))})))"""),
    ("indirect", "null and type checks, the slow path behind the function",
        "(module (type (func (param i32))) (table 4 funcref) (func (param i32) (call_indirect (type 0) (local.get 0) (local.get 0))))"),
    ("trap", "checks branch forward to stubs", "(module (func (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1))))"),
    ("vector", "one instruction an op, or a few a lane",
        "(module (func (param v128 v128) (result v128) (i32x4.add (i32x4.mul (local.get 0) (local.get 1)) (local.get 0))))"),
    ("checked", "a 64-bit memory compares with its length", "(module (memory i64 1) (func (param i64) (result i32) (i32.load offset=4 (local.get 0))))"),
)
# fmt: on
# Those that use what an instruction set has not yet: name, instruction set.
WITHOUT: Final[set[tuple[str, str]]] = set()
