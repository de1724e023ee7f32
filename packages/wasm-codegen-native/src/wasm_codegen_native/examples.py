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
    # ---- numbers
    ("constants", "a number that no instruction holds: in pieces, or from rodata", """(module (func (param i64 i32) (result i64)
        (i64.add (i64.xor (local.get 0) (i64.const 0x123456789abcdef0)) (i64.extend_i32_s (i32.and (local.get 1) (i32.const 0x00ff0000))))))"""),
    ("compared", "a comparison whose result is a number", """(module (func (param i32 i32 i64) (result i32)
        (i32.add (i32.lt_s (local.get 0) (local.get 1)) (i64.ge_u (local.get 2) (i64.const 1000)))))"""),
    ("shifts", "by a constant in the instruction; by a register that counts as far as the width, as wasm's counts do",
        """(module (func (param i32 i32) (result i32)
        (i32.shr_s (i32.shl (i32.shr_u (local.get 0) (i32.const 3)) (local.get 1)) (i32.const 5))))"""),
    ("rotate", "both ways, of both widths",
        "(module (func (param i64 i32) (result i64) (i64.rotl (local.get 0) (i64.extend_i32_u (i32.rotr (local.get 1) (i32.const 7))))))"),
    ("bits", "counting them, of zero too", """(module (func (param i32 i32 i32) (result i32)
        (i32.add (i32.clz (local.get 0)) (i32.add (i32.ctz (local.get 1)) (i32.popcnt (local.get 2))))))"""),
    ("widths", "what an i32's register holds above it decides what a change of width costs", """(module (func (param i64 i32) (result i64)
        (i64.add (i64.extend_i32_u (i32.wrap_i64 (local.get 0))) (i64.add (i64.extend_i32_s (local.get 1)) (i64.extend8_s (local.get 0))))))"""),
    ("multiply", "by 8, by 9, and by what takes a multiplication", """(module (func (param i32) (result i32)
        (i32.mul (i32.mul (i32.mul (local.get 0) (i32.const 8)) (i32.const 9)) (i32.const 1000))))"""),
    ("by_powers", "division by powers of two, rounded towards zero",
        "(module (func (param i32 i32) (result i32) (i32.div_s (local.get 0) (i32.rem_u (i32.div_s (local.get 1) (i32.const 8)) (i32.const 16)))))"),
    ("remainder", "traps for zero, not for -1", "(module (func (param i64 i64) (result i64) (i64.rem_s (local.get 0) (local.get 1))))"),
    ("wide", "128 bits: two results of one op", """(module (func (param i64 i64) (result i64 i64)
        (i64.add128 (i64.mul_wide_u (local.get 0) (local.get 1)) (local.get 0) (local.get 1))))"""),
    ("convert", "a u64 becomes a float, rounded once", "(module (func (param i64) (result f64) (f64.convert_i64_u (local.get 0))))"),
    ("truncate", "traps for NaN and for what no i32 is", "(module (func (param f64) (result i32) (i32.trunc_f64_s (local.get 0))))"),
    ("saturate", "the nearest u64, 0 for NaN", "(module (func (param f32) (result i64) (i64.trunc_sat_f32_u (local.get 0))))"),
    ("minimum", "NaN if one is, and -0 below +0", "(module (func (param f64 f64) (result f64) (f64.min (local.get 0) (local.get 1))))"),
    ("signs", "bits of a float", "(module (func (param f32 f32) (result f32) (f32.copysign (f32.neg (f32.abs (local.get 0))) (local.get 1))))"),
    ("rounding", "to whole numbers, and to single precision",
        "(module (func (param f64) (result f32) (f32.demote_f64 (f64.nearest (f64.floor (f64.sqrt (local.get 0)))))))"),
    # ---- control
    ("unordered", "a comparison with NaN is false, so its opposite is no other comparison", """(module (func (param f64 f64) (result i32)
        (if (result i32) (f64.lt (local.get 0) (local.get 1)) (then (i32.const 10)) (else (i32.const 20)))))"""),
    ("both", "two conditions in one", """(module (func (param i32 i32) (result i32)
        (if (result i32) (i32.and (i32.eqz (local.get 0)) (i32.gt_u (local.get 1) (i32.const 5))) (then (i32.const 1)) (else (local.get 1)))))"""),
    ("blocks", "out of two blocks at once, with a value", """(module (func (param i32 i32) (result i32)
        (block $out (result i32) (block $in (result i32)
          (br_if $in (br_if $out (local.get 0) (i32.lt_s (local.get 1) (i32.const 0))) (local.get 1)) (drop) (i32.const 7)) (i32.add (i32.const 1)))))"""),
    ("spilled", "twelve numbers live over a call: in slots, from where they are added", f"""(module (func $f (param i32) (result i32)
        {" ".join(f"(i32.load offset={4 * k} (local.get 0))" for k in range(12))}
        (call $f (i32.const 1)) {"(i32.add) " * 12}) (memory 1))"""),
    ("gcd", "a loop that ends by a division's remainder", """(module (func (param $a i32) (param $b i32) (result i32) (local $t i32)
        (block $done (loop $l (br_if $done (i32.eqz (local.get $b)))
          (local.set $t (i32.rem_u (local.get $a) (local.get $b)))
          (local.set $a (local.get $b)) (local.set $b (local.get $t)) (br $l))) (local.get $a)))"""),
    # ---- memory
    ("narrow", "bytes and halves, with and without sign", """(module (memory 1) (func (param i32 i32)
        (i32.store8 offset=1 (local.get 0) (i32.load16_s (local.get 1))) (i64.store16 (local.get 0) (i64.load8_u offset=3 (local.get 1)))))"""),
    ("changed", "a number in memory is one more", """(module (memory 1) (func (param i32)
        (i32.store offset=12 (local.get 0) (i32.add (i32.load offset=12 (local.get 0)) (i32.const 1)))))"""),
    ("far", "an offset that fits no field", "(module (memory 1) (func (param i32) (result i64) (i64.load offset=0x12345678 (local.get 0))))"),
    ("known", "addresses that are constants",
        "(module (memory 1) (func (param f64) (f64.store (i32.const 1024) (f64.add (f64.load (i32.const 16)) (local.get 0)))))"),
    ("element", "an index that is shifted, as in arrays", """(module (memory 1) (func (param i32 i32) (result f64)
        (f64.load offset=8 (i32.add (local.get 0) (i32.shl (local.get 1) (i32.const 3))))))"""),
    ("dot", "two streams of floats", """(module (memory 1) (func (param $a i32) (param $b i32) (param $n i32) (result f64) (local $s f64)
        (loop $l (local.set $s (f64.add (local.get $s) (f64.mul (f64.load (local.get $a)) (f64.load (local.get $b)))))
          (local.set $a (i32.add (local.get $a) (i32.const 8))) (local.set $b (i32.add (local.get $b) (i32.const 8)))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (local.get $s)))"""),
    ("second", "another memory than the first: its base is loaded",
        "(module (memory 1) (memory 1) (func (param i32) (result i32) (i32.load 1 (local.get 0))))"),
    ("bulk", "long copies are libcalls", "(module (memory 1) (func (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2))))"),
    # ---- globals, tables, calls
    ("global", "in the vmctx", "(module (global $g (mut i64) (i64.const 5)) (func (param i64) (global.set $g (i64.add (global.get $g) (local.get 0)))))"),
    ("imported_global", "behind a pointer in the vmctx",
        '(module (import "" "g" (global $g (mut f64))) (func (result f64) (f64.mul (global.get $g) (global.get $g))))'),
    ("table", "compared with its length, then loaded", "(module (table 4 externref) (func (param i32) (result externref) (table.get 0 (local.get 0))))"),
    ("imported", "a function of another instance, with its own vmctx",
        '(module (import "" "f" (func $f (param i32 f64) (result f64))) (func (param f64) (result f64) (call $f (i32.const 3) (local.get 0))))'),
    ("reference", "a function reference is called where null is a fault at its first field", """(module (type $t (func (param i32) (result i32)))
        (func (param (ref null $t)) (result i32) (call_ref $t (i32.const 5) (local.get 0))))"""),
    ("results", "the second and later ones through a pointer",
        "(module (func (param i32 i64) (result i64 i32 f32) (local.get 1) (local.get 0) (f32.const 0.5)))"),
    ("fib", "recursion", """(module (func $fib (param i32) (result i32)
        (if (i32.lt_u (local.get 0) (i32.const 2)) (then (return (local.get 0))))
        (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2))))))"""),
    # ---- exceptions, objects
    ("guarded", "a call inside try_table costs nothing that one outside does not", """(module (import "" "f" (func $f)) (tag $t (param i32))
        (func (result i32) (block $h (result i32) (try_table (catch $t $h) (call $f)) (i32.const 0))))"""),
    ("field", "null is a fault of the access",
        "(module (type $s (struct (field i32) (field (mut i64)))) (func (param (ref null $s)) (result i64) (struct.get $s 1 (local.get 0))))"),
    ("array", "compared with its length",
        "(module (type $a (array (mut i16))) (func (param (ref $a) i32) (result i32) (array.get_s $a (local.get 0) (local.get 1))))"),
    ("cast", "one comparison in the display of supertypes", """(module (type $a (sub (struct))) (type $b (sub $a (struct (field i32))))
        (func (param (ref $a)) (result i32) (struct.get $b 0 (ref.cast (ref $b) (local.get 0)))))"""),
    # ---- atomics
    ("atomic_add", "one instruction, or a loop of a linked pair",
        "(module (memory 1 1 shared) (func (param i32 i64) (result i64) (i64.atomic.rmw.add (local.get 0) (local.get 1))))"),
    ("exchange", "compare and exchange", """(module (memory 1 1 shared) (func (param i32 i32 i32) (result i32)
        (i32.atomic.rmw.cmpxchg (local.get 0) (local.get 1) (local.get 2))))"""),
    # ---- vectors
    ("lanes", "a vector of one number, a lane replaced and another read",
        """(module (func (param f32) (result f32)
        (f32x4.extract_lane 2 (f32x4.add (f32x4.splat (local.get 0)) (f32x4.replace_lane 1 (f32x4.splat (local.get 0)) (f32.const 2))))))"""),
    ("scaled", "four floats a round", """(module (memory 1) (func (param $p i32) (param $n i32) (param $by v128)
        (loop $l (v128.store (local.get $p) (f32x4.mul (v128.load (local.get $p)) (local.get $by)))
          (local.set $p (i32.add (local.get $p) (i32.const 16)))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"""),
    ("chosen", "lanes of either vector", """(module (func (param v128 v128) (result v128)
        (v128.bitselect (local.get 0) (local.get 1) (i16x8.gt_s (local.get 0) (local.get 1)))))"""),
    ("found", "where a byte is among sixteen", """(module (memory 1) (func (param i32 i32) (result i32)
        (i32.ctz (i8x16.bitmask (i8x16.eq (v128.load (local.get 0)) (i8x16.splat (local.get 1)))))))"""),
    ("interleaved", "a shuffle that is one instruction almost everywhere", """(module (func (param v128 v128) (result v128)
        (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23 (local.get 0) (local.get 1))))"""),
)
# fmt: on
# Those that use what an instruction set has not yet: name, instruction set.
WITHOUT: Final[set[tuple[str, str]]] = set()
