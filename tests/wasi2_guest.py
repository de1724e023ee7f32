"""A component that calls WASI 0.2 as it is told, for both APIs: its functions pass on what they get, or use streams and pollables of their own."""

# Columns: name of the core import, alias of the instance, function, core parameters, core result.
IMPORTS = (
    ("read", "streams", "[method]input-stream.read", "i32 i64 i32", ""),
    ("blocking-read", "streams", "[method]input-stream.blocking-read", "i32 i64 i32", ""),
    ("in-subscribe", "streams", "[method]input-stream.subscribe", "i32", "i32"),
    ("check", "streams", "[method]output-stream.check-write", "i32 i32", ""),
    ("write", "streams", "[method]output-stream.write", "i32 i32 i32 i32", ""),
    ("write-and-flush", "streams", "[method]output-stream.blocking-write-and-flush", "i32 i32 i32 i32", ""),
    ("zeroes", "streams", "[method]output-stream.write-zeroes", "i32 i64 i32", ""),
    ("splice", "streams", "[method]output-stream.blocking-splice", "i32 i32 i64 i32", ""),
    ("out-subscribe", "streams", "[method]output-stream.subscribe", "i32", "i32"),
    ("ready", "poll", "[method]pollable.ready", "i32", "i32"),
    ("block", "poll", "[method]pollable.block", "i32", ""),
    ("poll", "poll", "poll", "i32 i32 i32", ""),
    ("stdin", "stdin", "get-stdin", "", "i32"),
    ("stdout", "stdout", "get-stdout", "", "i32"),
    ("now", "clock", "now", "", "i64"),
    ("after", "clock", "subscribe-duration", "i64", "i32"),
    ("at", "clock", "subscribe-instant", "i64", "i32"),
    ("wall", "wall", "now", "i32", ""),
    ("arguments", "environment", "get-arguments", "i32", ""),
    ("environment", "environment", "get-environment", "i32", ""),
    ("cwd", "environment", "initial-cwd", "i32", ""),
    ("bytes", "random", "get-random-bytes", "i64 i32", ""),
    ("number", "random", "get-random-u64", "", "i64"),
    ("seed", "seed", "insecure-seed", "i32", ""),
    ("exit", "exit", "exit", "i32", ""),
)

INSTANCES = """
  (import "wasi:io/error@0.2.0" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $error))
  (import "wasi:io/poll@0.2.1" (instance $poll (export "pollable" (type $p (sub resource)))
    (export "[method]pollable.ready" (func (param "self" (borrow $p)) (result bool)))
    (export "[method]pollable.block" (func (param "self" (borrow $p))))
    (export "poll" (func (param "in" (list (borrow $p))) (result (list u32))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:io/streams@0.2.3" (instance $streams
    (alias outer 1 $error (type $e')) (export "error" (type $e (eq $e')))
    (alias outer 1 $pollable (type $p')) (export "pollable" (type $p (eq $p')))
    (type $f' (variant (case "last-operation-failed" (own $e)) (case "closed"))) (export "stream-error" (type $f (eq $f')))
    (export "input-stream" (type $i (sub resource))) (export "output-stream" (type $o (sub resource)))
    (type $bytes (result (list u8) (error $f))) (type $none (result (error $f))) (type $size (result u64 (error $f)))
    (export "[method]input-stream.read" (func (param "self" (borrow $i)) (param "len" u64) (result $bytes)))
    (export "[method]input-stream.blocking-read" (func (param "self" (borrow $i)) (param "len" u64) (result $bytes)))
    (export "[method]input-stream.subscribe" (func (param "self" (borrow $i)) (result (own $p))))
    (export "[method]output-stream.check-write" (func (param "self" (borrow $o)) (result $size)))
    (export "[method]output-stream.write" (func (param "self" (borrow $o)) (param "contents" (list u8)) (result $none)))
    (export "[method]output-stream.blocking-write-and-flush" (func (param "self" (borrow $o)) (param "contents" (list u8)) (result $none)))
    (export "[method]output-stream.write-zeroes" (func (param "self" (borrow $o)) (param "len" u64) (result $none)))
    (export "[method]output-stream.blocking-splice" (func (param "self" (borrow $o)) (param "src" (borrow $i)) (param "len" u64) (result $size)))
    (export "[method]output-stream.subscribe" (func (param "self" (borrow $o)) (result (own $p))))))
  (alias export $streams "input-stream" (type $in)) (alias export $streams "output-stream" (type $out))
  (import "wasi:cli/stdin@0.2.0" (instance $stdin (alias outer 1 $in (type $i')) (export "input-stream" (type $i (eq $i'))) (export "get-stdin" (func (result (own $i))))))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout (alias outer 1 $out (type $o')) (export "output-stream" (type $o (eq $o')))
    (export "get-stdout" (func (result (own $o))))))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock (alias outer 1 $pollable (type $p')) (export "pollable" (type $p (eq $p')))
    (export "now" (func (result u64))) (export "subscribe-duration" (func (param "when" u64) (result (own $p))))
    (export "subscribe-instant" (func (param "when" u64) (result (own $p))))))
  (import "wasi:clocks/wall-clock@0.2.0" (instance $wall (type $t' (record (field "seconds" u64) (field "nanoseconds" u32)))
    (export "datetime" (type $t (eq $t'))) (export "now" (func (result $t)))))
  (import "wasi:cli/environment@0.2.0" (instance $environment (export "get-arguments" (func (result (list string))))
    (export "get-environment" (func (result (list (tuple string string))))) (export "initial-cwd" (func (result (option string))))))
  (import "wasi:random/random@0.2.0" (instance $random (export "get-random-bytes" (func (param "len" u64) (result (list u8)))) (export "get-random-u64" (func (result u64)))))
  (import "wasi:random/insecure-seed@0.2.0" (instance $seed (export "insecure-seed" (func (result (tuple u64 u64))))))
  (import "wasi:cli/exit@0.2.0" (instance $exit (export "exit" (func (param "status" (result))))))
"""

# A page of results at 16, an arena for what is lifted from 4096 on, which each call has anew.
CORE = """
  (func $code (result i32) (if (result i32) (i32.load8_u (i32.const 16)) (then (i32.add (i32.const 1) (i32.load8_u (i32.const 20)))) (else (i32.const 0))))
  (func $code8 (result i32) (if (result i32) (i32.load8_u (i32.const 16)) (then (i32.add (i32.const 1) (i32.load8_u (i32.const 24)))) (else (i32.const 0))))
  (func (export "arguments") (result i32) (call $arguments (i32.const 16)) (i32.const 16))
  (func (export "environment") (result i32) (call $environment (i32.const 16)) (i32.const 16))
  (func (export "cwd") (result i32) (call $cwd (i32.const 16)) (i32.const 16))
  (func (export "bytes") (param i64) (result i32) (call $bytes (local.get 0) (i32.const 16)) (i32.const 16))
  (func (export "wall") (result i64) (call $wall (i32.const 16)) (i64.load (i32.const 16)))
  (func (export "seed") (result i64) (call $seed (i32.const 16)) (i64.or (i64.load (i32.const 16)) (i64.load (i32.const 24))))
  (func (export "echo") (param $piece i64) (result i64) (local $in i32) (local $out i32) (local $sum i64)
    (local.set $in (call $stdin)) (local.set $out (call $stdout))
    (loop $l
      (call $splice (local.get $out) (local.get $in) (local.get $piece) (i32.const 16))
      (if (i32.eqz (i32.load8_u (i32.const 16))) (then (local.set $sum (i64.add (local.get $sum) (i64.load (i32.const 24)))) (br $l))))
    (local.get $sum))
  (func (export "copy") (param $piece i64) (result i32) (local $in i32) (local $out i32)
    (local.set $in (call $stdin)) (local.set $out (call $stdout))
    (loop $l
      (global.set $top (i32.const 4096))
      (call $blocking-read (local.get $in) (local.get $piece) (i32.const 16))
      (if (i32.eqz (i32.load8_u (i32.const 16))) (then
        (call $write-and-flush (local.get $out) (i32.load (i32.const 20)) (i32.load (i32.const 24)) (i32.const 16))
        (br_if $l (i32.eqz (i32.load8_u (i32.const 16)))))))
    (call $code))
  (func (export "write") (param $size i32) (param $times i32) (result i32) (local $out i32)
    (local.set $out (call $stdout)) (call $check (local.get $out) (i32.const 16))
    (loop $l
      (call $write (local.get $out) (i32.const 65536) (local.get $size) (i32.const 16))
      (br_if $l (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (call $code))
  (func (export "flushed") (param $size i32) (result i32) (call $write-and-flush (call $stdout) (i32.const 65536) (local.get $size) (i32.const 16)) (call $code))
  (func (export "zeroes") (param i64) (result i32) (local $out i32)
    (local.set $out (call $stdout)) (call $check (local.get $out) (i32.const 16)) (call $zeroes (local.get $out) (local.get 0) (i32.const 16)) (call $code))
  (func (export "room") (result i64) (call $check (call $stdout) (i32.const 16)) (if (i32.load8_u (i32.const 16)) (then (return (i64.const -1)))) (i64.load (i32.const 24)))
  (func (export "sleep") (param i64) (result i64) (local $start i64)
    (local.set $start (call $now)) (call $block (call $after (local.get 0))) (i64.sub (call $now) (local.get $start)))
  (func (export "timers") (param i64 i64) (result i32)
    (i32.store (i32.const 64) (call $after (local.get 0))) (i32.store (i32.const 68) (call $after (local.get 1))) (i32.store (i32.const 72) (call $at (i64.const -1)))
    (call $poll (i32.const 64) (i32.const 3) (i32.const 16)) (i32.const 16))
  (func (export "input-or-time") (param i64) (result i32)
    (i32.store (i32.const 64) (call $in-subscribe (call $stdin))) (i32.store (i32.const 68) (call $after (local.get 0)))
    (call $poll (i32.const 64) (i32.const 2) (i32.const 16)) (i32.const 16))
  (func (export "no-poll") (call $poll (i32.const 64) (i32.const 0) (i32.const 16)))
  (func (export "orphan") (result i32) (local $in i32) (local $p i32)
    (local.set $in (call $stdin)) (local.set $p (call $in-subscribe (local.get $in))) (call $drop-in (local.get $in)) (call $ready (local.get $p)))
  (func (export "pollables") (param i32) (loop $l (drop (call $after (i64.const -1))) (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "leave") (param i32) (call $exit (local.get 0)))
  (func (export "nows") (param i32) (loop $l (drop (call $now)) (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "writes") (param i32) (local $out i32) (local.set $out (call $stdout))
    (loop $l (call $check (local.get $out) (i32.const 16)) (call $write (local.get $out) (i32.const 65536) (i32.const 6) (i32.const 16))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
"""

# Columns: export, its parameters, its result.
EXPORTS = (
    ("arguments", "", "(list string)"),
    ("environment", "", "(list (tuple string string))"),
    ("cwd", "", "(option string)"),
    ("bytes", "u64", "(list u8)"),
    ("wall", "", "u64"),
    ("seed", "", "u64"),
    ("echo", "u64", "u64"),
    ("copy", "u64", "u32"),
    ("write", "u32 u32", "u32"),
    ("flushed", "u32", "u32"),
    ("zeroes", "u64", "u32"),
    ("room", "", "s64"),
    ("sleep", "u64", "u64"),
    ("timers", "u64 u64", "(list u32)"),
    ("input-or-time", "u64", "(list u32)"),
    ("no-poll", "", ""),
    ("orphan", "", "bool"),
    ("pollables", "u32", ""),
    ("leave", "(result)", ""),
    ("nows", "u32", ""),
    ("writes", "u32", ""),
)


def component() -> str:
    """Its text."""
    options = '(memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))'
    lowered = [f'(core func ${name} (canon lower (func ${instance} "{function}") {options}))' for name, instance, function, *_ in IMPORTS]
    imported = [f'(import "" "{name}" (func ${name}{_part("param", params)}{_part("result", result)}))' for name, _, _, params, result in IMPORTS]
    given = [f'(export "{name}" (func ${name}))' for name, *_ in IMPORTS]
    return f"""(component {INSTANCES}
  (core module $libc (memory (export "memory") 64) (global $top (export "top") (mut i32) (i32.const 4096))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
      (global.set $top (i32.add (local.get $at) (local.get 3)))
      (if (i32.gt_u (global.get $top) (i32.const 4194304)) (then (drop (memory.grow (i32.const 1200)))))
      (local.get $at)))
  (core instance $libc (instantiate $libc))
  {chr(10).join(lowered)}
  (core func $drop-in (canon resource.drop $in))
  (core module $m {chr(10).join(imported)} (import "" "drop-in" (func $drop-in (param i32)))
    (import "libc" "memory" (memory 1)) (import "libc" "top" (global $top (mut i32))) {CORE})
  (core instance $m (instantiate $m (with "libc" (instance $libc)) (with "" (instance {" ".join(given)} (export "drop-in" (func $drop-in))))))
  {chr(10).join(_lifted(*row, options) for row in EXPORTS)})"""


def _part(word: str, types: str) -> str:
    return f" ({word} {types})" if types else ""


def _lifted(name: str, params: str, result: str, options: str) -> str:
    parts = "".join(f' (param "p{number}" {type})' for number, type in enumerate(params.split()))
    given = f" (result {result})" if result else ""
    return f'(func (export "{name}"){parts}{given} (canon lift (core func $m "{name}") {options}))'
