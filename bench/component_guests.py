"""The components that are measured, in text: each core module allocates from a mark that post-return sets back."""

from __future__ import annotations

ALLOCATOR = """
    (memory (export "memory") 4)
    (global $mark (mut i32) (i32.const 4096))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local i32)
      (local.set 4 (i32.and (i32.add (global.get $mark) (i32.sub (local.get 2) (i32.const 1))) (i32.sub (i32.const 0) (local.get 2))))
      (global.set $mark (i32.add (local.get 4) (local.get 3)))
      (local.get 4))
    (func (export "reset") (global.set $mark (i32.const 4096)))
    (func (export "reset1") (param i32) (global.set $mark (i32.const 4096)))
    (func $pair (param i32 i32) (result i32)
      (i32.store (i32.const 8) (local.get 0)) (i32.store (i32.const 12) (local.get 1)) (i32.const 8))"""

LIFT = '(memory (core memory $m "memory")) (realloc (core func $m "realloc"))'

VALUES = f"""(component
  (core module $M {ALLOCATOR}
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "echo") (param i32 i32) (result i32) (call $pair (local.get 0) (local.get 1)))
    (func (export "record") (param i32 i32 i32 i32 i64 i64 f64 i32) (result i32)
      (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1))
      (i32.store (i32.const 24) (local.get 2)) (i32.store (i32.const 28) (local.get 3))
      (i64.store (i32.const 32) (local.get 4)) (i64.store (i32.const 40) (local.get 5))
      (f64.store (i32.const 48) (local.get 6)) (i32.store (i32.const 56) (local.get 7)) (i32.const 16))
    (func (export "count") (param i32 i32) (result i32) (local.get 1)))
  (core instance $m (instantiate $M))
  (type $wide' (record (field "a" u32) (field "b" u32) (field "c" s32) (field "d" u32) (field "e" u64) (field "f" s64) (field "g" f64) (field "h" u32)))
  (export $wide "wide" (type $wide'))
  (type $point' (record (field "x" u32) (field "y" f64)))
  (export $point "point" (type $point'))
  (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $m "add")))
  (func (export "echo-string") (param "s" string) (result string) (canon lift (core func $m "echo") {LIFT} (post-return (core func $m "reset1"))))
  (func (export "echo-bytes") (param "s" (list u8)) (result (list u8)) (canon lift (core func $m "echo") {LIFT} (post-return (core func $m "reset1"))))
  (func (export "echo-record") (param "r" $wide) (result $wide) (canon lift (core func $m "record") {LIFT} (post-return (core func $m "reset1"))))
  (func (export "echo-points") (param "p" (list $point)) (result (list $point)) (canon lift (core func $m "echo") {LIFT} (post-return (core func $m "reset1"))))
)"""

RESOURCE = """(component
  (type $r' (resource (rep i32)))
  (export $r "r" (type $r'))
  (core func $new (canon resource.new $r'))
  (core module $M
    (import "" "new" (func $new (param i32) (result i32)))
    (func (export "make") (result i32) (call $new (i32.const 7)))
    (func (export "get") (param i32) (result i32) (local.get 0)))
  (core instance $m (instantiate $M (with "" (instance (export "new" (func $new))))))
  (func (export "[constructor]r") (result (own $r)) (canon lift (core func $m "make")))
  (func (export "[method]r.get") (param "self" (borrow $r)) (result u32) (canon lift (core func $m "get")))
)"""

# A resource of the host's: opened, read and dropped, again and again.
FILES = """(component
  (import "files" (instance $files
    (export "file" (type $file (sub resource)))
    (export "[constructor]file" (func (result (own $file))))
    (export "[method]file.read" (func (param "self" (borrow $file)) (result u32)))))
  (alias export $files "file" (type $file))
  (core func $open (canon lower (func $files "[constructor]file")))
  (core func $read (canon lower (func $files "[method]file.read")))
  (core func $drop (canon resource.drop $file))
  (core module $M
    (import "" "open" (func $open (result i32)))
    (import "" "read" (func $read (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "run") (param i32) (local $file i32)
      (loop $again
        (local.set $file (call $open)) (drop (call $read (local.get $file))) (call $drop (local.get $file))
        (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
  (core instance $m (instantiate $M (with "" (instance (export "open" (func $open)) (export "read" (func $read)) (export "drop" (func $drop))))))
  (func (export "run") (param "n" u32) (canon lift (core func $m "run")))
)"""

HOST = f"""(component
  (import "log" (func $log (param "s" string) (result u32)))
  (core module $A {ALLOCATOR} (data (i32.const 64) "twenty characters ok"))
  (core instance $a (instantiate $A))
  (core func $lowered (canon lower (func $log) (memory (core memory $a "memory")) (realloc (core func $a "realloc"))))
  (core module $M
    (import "" "log" (func $log (param i32 i32) (result i32)))
    (func (export "run") (param i32)
      (loop $again (drop (call $log (i32.const 64) (i32.const 20)))
        (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
  (core instance $m (instantiate $M (with "" (instance (export "log" (func $lowered))))))
  (func (export "run") (param "n" u32) (canon lift (core func $m "run")))
)"""

# One component calls another's function in a loop of its own: a number, or a string that goes there and comes back.
LINKED = f"""(component
  (component $Callee
    (core module $M {ALLOCATOR}
      (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
      (func (export "echo") (param i32 i32) (result i32) (call $pair (local.get 0) (local.get 1))))
    (core instance $m (instantiate $M))
    (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $m "add")))
    (func (export "echo") (param "s" string) (result string) (canon lift (core func $m "echo") {LIFT} (post-return (core func $m "reset1")))))
  (component $Caller
    (import "callee" (instance $callee
      (export "add" (func (param "a" u32) (param "b" u32) (result u32)))
      (export "echo" (func (param "s" string) (result string)))))
    (core module $A {ALLOCATOR} (data (i32.const 64) "twenty characters ok"))
    (core instance $a (instantiate $A))
    (alias core export $a "reset" (core func $reset))
    (core func $add (canon lower (func $callee "add")))
    (core func $echo (canon lower (func $callee "echo") (memory (core memory $a "memory")) (realloc (core func $a "realloc"))))
    (core module $M
      (import "" "add" (func $add (param i32 i32) (result i32)))
      (import "" "echo" (func $echo (param i32 i32 i32)))
      (import "" "reset" (func $reset))
      (func (export "add") (param i32) (result i32) (local i32)
        (loop $again (local.set 1 (call $add (local.get 1) (local.get 0)))
          (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get 1))
      (func (export "echo") (param i32) (result i32)
        (loop $again (call $echo (i32.const 64) (i32.const 20) (i32.const 16)) (call $reset)
          (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (i32.const 1)))
    (core instance $m (instantiate $M (with "" (instance
      (export "add" (func $add)) (export "echo" (func $echo)) (export "reset" (func $reset))))))
    (func (export "add") (param "n" u32) (result u32) (canon lift (core func $m "add")))
    (func (export "echo") (param "n" u32) (result u32) (canon lift (core func $m "echo"))))
  (instance $callee (instantiate $Callee))
  (instance $caller (instantiate $Caller (with "callee" (instance $callee))))
  (func (export "add") (alias export $caller "add"))
  (func (export "echo") (alias export $caller "echo"))
)"""

THREE = """(component
  (core module $A (memory (export "memory") 1) (func (export "f") (result i32) i32.const 1))
  (core module $B (import "a" "memory" (memory 1)) (import "a" "f" (func $f (result i32))) (func (export "g") (result i32) call $f))
  (core module $C (import "b" "g" (func $g (result i32))) (table 4 funcref) (func (export "h") (result i32) call $g))
  (core instance $a (instantiate $A))
  (core instance $b (instantiate $B (with "a" (instance $a))))
  (core instance $c (instantiate $C (with "b" (instance $b))))
  (func (export "run") (result u32) (canon lift (core func $c "h")))
)"""
