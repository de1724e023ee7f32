"""The guests of the `gc` area, in text: allocation, trees, lists, casts and calls of objects; each is a function `run(n)`."""

from __future__ import annotations

STRUCTS = """(module
  (type $pair (struct (field (mut i32)) (field (mut i32))))
  (global $keep (mut (ref null $pair)) (ref.null $pair))
  (func (export "run") (param $n i32) (result i32) (local $i i32)
    (loop $l
      (global.set $keep (struct.new $pair (local.get $i) (local.get $n)))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (struct.get $pair 0 (global.get $keep))))"""

ARRAYS = """(module
  (type $bytes (array (mut i8)))
  (global $keep (mut (ref null $bytes)) (ref.null $bytes))
  (func (export "run") (param $n i32) (result i32) (local $i i32)
    (loop $l
      (global.set $keep (array.new $bytes (local.get $i) (i32.const 24)))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (array.get_u $bytes (global.get $keep) (i32.const 5))))"""

# The benchmarks game's program: a tree that lives long, and many short-lived ones.
TREES = """(module
  (type $tree (struct (field (mut (ref null $tree))) (field (mut (ref null $tree)))))
  (func $make (param $depth i32) (result (ref $tree))
    (if (result (ref $tree)) (local.get $depth)
      (then (struct.new $tree (call $make (i32.sub (local.get $depth) (i32.const 1))) (call $make (i32.sub (local.get $depth) (i32.const 1)))))
      (else (struct.new_default $tree))))
  (func $count (param $t (ref null $tree)) (result i32)
    (if (result i32) (ref.is_null (local.get $t)) (then (i32.const 0))
      (else (i32.add (i32.const 1) (i32.add
        (call $count (struct.get $tree 0 (local.get $t))) (call $count (struct.get $tree 1 (local.get $t))))))))
  (func (export "run") (param $most i32) (result i32) (local $long (ref null $tree)) (local $sum i32) (local $depth i32) (local $n i32)
    (local.set $sum (call $count (call $make (i32.add (local.get $most) (i32.const 1)))))
    (local.set $long (call $make (local.get $most)))
    (local.set $depth (i32.const 4))
    (loop $depths
      (local.set $n (i32.shl (i32.const 1) (i32.add (i32.sub (local.get $most) (local.get $depth)) (i32.const 4))))
      (loop $trees
        (local.set $sum (i32.add (local.get $sum) (call $count (call $make (local.get $depth)))))
        (br_if $trees (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (br_if $depths (i32.le_u (local.tee $depth (i32.add (local.get $depth) (i32.const 2))) (local.get $most))))
    (i32.add (local.get $sum) (call $count (local.get $long)))))"""

LIST = """(module
  (type $node (struct (field (mut i32)) (field (mut (ref null $node)))))
  (global $head (mut (ref null $node)) (ref.null $node))
  (global $junk (mut (ref null $node)) (ref.null $node))
  (func (export "drop") (global.set $head (ref.null $node)))
  (func (export "build") (param $n i32)
    (loop $l
      (global.set $head (struct.new $node (local.get $n) (global.get $head)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  (func (export "churn") (param $n i32)
    (loop $l
      (global.set $junk (struct.new $node (local.get $n) (ref.null $node)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  (func (export "walk") (result i32) (local $at (ref null $node)) (local $sum i32)
    (local.set $at (global.get $head))
    (block $out
      (loop $l
        (br_if $out (ref.is_null (local.get $at)))
        (local.set $sum (i32.add (local.get $sum) (struct.get $node 0 (local.get $at))))
        (local.set $at (struct.get $node 1 (local.get $at)))
        (br $l)))
    (local.get $sum)))"""

_TYPES = """(module
  (rec (type $table (struct (field (ref $method)))) (type $method (func (param (ref $base)) (result i32)))
    (type $base (sub (struct (field (ref $table)) (field i32))))
    (type $a (sub $base (struct (field (ref $table)) (field i32) (field i64))))
    (type $b (sub $a (struct (field (ref $table)) (field i32) (field i64) (field f32))))
    (type $c (sub $a (struct (field (ref $table)) (field i32) (field i64) (field f64))))
    (type $d (sub final $a (struct (field (ref $table)) (field i32) (field i64) (field i32)))))
  (type $open (sub (func (param i32) (result i32)))) (type $under (sub $open (func (param i32) (result i32))))
  (type $bases (array (ref $base)))
  (func $one (type $method) (i32.add (struct.get $base 1 (local.get 0)) (i32.const 1)))
  (func $two (type $method) (struct.get $a 1 (ref.cast (ref $a) (local.get 0))))
  (func $p (type $open) (i32.add (local.get 0) (i32.const 1))) (func $q (type $under) (i32.add (local.get 0) (i32.const 2)))
  (table $functions 4 4 funcref) (elem (i32.const 0) $p $q $p $q) (elem declare func $one $two)
  (func (export "run") (param $n i32) (result i32) (local $i i32) (local $sum i32) (local $all (ref $bases)) (local $o (ref $base))
      (local $v (ref $table)) (local $w (ref $table))
    (local.set $v (struct.new $table (ref.func $one)))
    (local.set $w (struct.new $table (ref.func $two)))
    (local.set $all (array.new_fixed $bases 4 OBJECTS))
    (loop $l
      (local.set $o (array.get $bases (local.get $all) (i32.and (local.get $i) (i32.const 3))))
      (local.set $sum (i32.add (local.get $sum) BODY))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $sum)))"""
_A = "(struct.new $a (local.get $v) (i32.const 3) (i64.const 4))"
_B = "(struct.new $b (local.get $w) (i32.const 5) (i64.const 6) (f32.const 7))"
_C = "(struct.new $c (local.get $v) (i32.const 8) (i64.const 9) (f64.const 1))"
_D = "(struct.new $d (local.get $w) (i32.const 2) (i64.const 3) (i32.const 4))"
_MIXED = f"{_A} {_B} {_C} {_D}"
_CHAIN = """(block $other (result i32)
    (block $d (result (ref $d)) (block $c (result (ref $c)) (block $b (result (ref $b)) (block $a (result (ref $base))
      (br_on_cast $d (ref $base) (ref $d) (local.get $o)) (br_on_cast $c (ref $base) (ref $c)) (br_on_cast $b (ref $base) (ref $b)))
    (struct.get $base 1) (br $other)) (struct.get $b 1) (br $other)) (struct.get $c 1) (br $other)) (struct.get $d 3))"""

#   row: objects, what is added up
CASTS = {
    "ref.cast to an open type": (_MIXED, "(struct.get $a 1 (ref.cast (ref $a) (local.get $o)))"),
    "ref.cast to a final type": (f"{_D} {_D} {_D} {_D}", "(struct.get $d 3 (ref.cast (ref $d) (local.get $o)))"),
    "ref.test, half fail": (f"{_A} {_B} {_C} {_B}", "(ref.test (ref $b) (local.get $o))"),
    "br_on_cast chain": (_MIXED, _CHAIN),
    "vtable call, one of two casts": (_MIXED, "(call_ref $method (local.get $o) (struct.get $table 0 (struct.get $base 0 (local.get $o))))"),
    "call_indirect, half subtypes": (_MIXED, "(call_indirect $functions (type $open) (local.get $i) (i32.and (local.get $i) (i32.const 3)))"),
}  # fmt: skip


def cast(name: str) -> str:
    """The guest of a row of CASTS."""
    objects, body = CASTS[name]
    return _TYPES.replace("OBJECTS", objects).replace("BODY", body)
