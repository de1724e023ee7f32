"""A component whose functions pass on what they get to functions of WASI 0.2, as core values: handles, addresses and lengths, right or wrong."""

# Columns: name, alias of the instance, function, core parameters, core result.
FUNCTIONS = (
    ("read", "streams", "[method]input-stream.read", "i32 i64 i32", ""),
    ("blocking-read", "streams", "[method]input-stream.blocking-read", "i32 i64 i32", ""),
    ("room", "streams", "[method]output-stream.check-write", "i32 i32", ""),
    ("write", "streams", "[method]output-stream.write", "i32 i32 i32 i32", ""),
    ("write-and-flush", "streams", "[method]output-stream.blocking-write-and-flush", "i32 i32 i32 i32", ""),
    ("flush", "streams", "[method]output-stream.flush", "i32 i32", ""),
    ("blocking-flush", "streams", "[method]output-stream.blocking-flush", "i32 i32", ""),
    ("stdin", "stdin", "get-stdin", "", "i32"),
    ("stdout", "stdout", "get-stdout", "", "i32"),
    ("now", "clock", "now", "", "i64"),
    ("wall", "wall", "now", "i32", ""),
    ("number", "random", "get-random-u64", "", "i64"),
    ("bytes", "random", "get-random-bytes", "i64 i32", ""),
    ("insecure", "insecure", "get-insecure-random-u64", "", "i64"),
    ("directories", "preopens", "get-directories", "i32", ""),
    ("open", "files", "[method]descriptor.open-at", "i32 i32 i32 i32 i32 i32 i32", ""),
    ("stat", "files", "[method]descriptor.stat-at", "i32 i32 i32 i32 i32", ""),
    ("reader", "files", "[method]descriptor.read-via-stream", "i32 i64 i32", ""),
    ("writer", "files", "[method]descriptor.write-via-stream", "i32 i64 i32", ""),
    ("appender", "files", "[method]descriptor.append-via-stream", "i32 i32", ""),
    ("list", "files", "[method]descriptor.read-directory", "i32 i32", ""),
    ("entry", "files", "[method]directory-entry-stream.read-directory-entry", "i32 i32", ""),
    ("subscribe", "streams", "[method]input-stream.subscribe", "i32", "i32"),
    ("timer", "clock", "subscribe-duration", "i64", "i32"),
    ("timer-until", "clock", "subscribe-instant", "i64", "i32"),
    ("poll", "poll", "poll", "i32 i32 i32", ""),
    ("ready", "poll", "[method]pollable.ready", "i32", "i32"),
    ("block", "poll", "[method]pollable.block", "i32", ""),
)
DROPS = (("drop-in", "$in"), ("drop-out", "$out"), ("drop", "$descriptor"), ("drop-list", "$listing"), ("drop-pollable", "$pollable"))

INSTANCES = """
  (import "wasi:io/error@0.2.0" (instance $error (export "error" (type (sub resource))))) (alias export $error "error" (type $error))
  (import "wasi:io/poll@0.2.0" (instance $poll (export "pollable" (type $p (sub resource)))
    (export "[method]pollable.ready" (func (param "self" (borrow $p)) (result bool))) (export "[method]pollable.block" (func (param "self" (borrow $p))))
    (export "poll" (func (param "in" (list (borrow $p))) (result (list u32))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (alias outer 1 $error (type $e')) (export "error" (type $e (eq $e')))
    (alias outer 1 $pollable (type $p')) (export "pollable" (type $p (eq $p')))
    (type $f' (variant (case "last-operation-failed" (own $e)) (case "closed"))) (export "stream-error" (type $f (eq $f')))
    (export "input-stream" (type $i (sub resource))) (export "output-stream" (type $o (sub resource)))
    (type $bytes (result (list u8) (error $f))) (type $none (result (error $f)))
    (export "[method]input-stream.read" (func (param "self" (borrow $i)) (param "len" u64) (result $bytes)))
    (export "[method]input-stream.blocking-read" (func (param "self" (borrow $i)) (param "len" u64) (result $bytes)))
    (export "[method]input-stream.subscribe" (func (param "self" (borrow $i)) (result (own $p))))
    (export "[method]output-stream.check-write" (func (param "self" (borrow $o)) (result (result u64 (error $f)))))
    (export "[method]output-stream.write" (func (param "self" (borrow $o)) (param "contents" (list u8)) (result $none)))
    (export "[method]output-stream.blocking-write-and-flush" (func (param "self" (borrow $o)) (param "contents" (list u8)) (result $none)))
    (export "[method]output-stream.flush" (func (param "self" (borrow $o)) (result $none)))
    (export "[method]output-stream.blocking-flush" (func (param "self" (borrow $o)) (result $none)))))
  (alias export $streams "input-stream" (type $in)) (alias export $streams "output-stream" (type $out))
  (import "wasi:cli/stdin@0.2.0" (instance $stdin (alias outer 1 $in (type $i')) (export "input-stream" (type $i (eq $i')))
    (export "get-stdin" (func (result (own $i))))))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout (alias outer 1 $out (type $o')) (export "output-stream" (type $o (eq $o')))
    (export "get-stdout" (func (result (own $o))))))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock (export "now" (func (result u64)))
    (alias outer 1 $pollable (type $p')) (export "pollable" (type $p (eq $p')))
    (export "subscribe-duration" (func (param "when" u64) (result (own $p)))) (export "subscribe-instant" (func (param "when" u64) (result (own $p))))))
  (import "wasi:clocks/wall-clock@0.2.0" (instance $wall (type $t' (record (field "seconds" u64) (field "nanoseconds" u32)))
    (export "datetime" (type $t (eq $t'))) (export "now" (func (result $t)))))
  (alias export $wall "datetime" (type $datetime))
  (import "wasi:random/random@0.2.0" (instance $random (export "get-random-u64" (func (result u64)))
    (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
  (import "wasi:random/insecure@0.2.0" (instance $insecure (export "get-insecure-random-u64" (func (result u64)))))
  (import "wasi:filesystem/types@0.2.0" (instance $files
    (alias outer 1 $in (type $i')) (export "input-stream" (type $i (eq $i'))) (alias outer 1 $out (type $o')) (export "output-stream" (type $o (eq $o')))
    (alias outer 1 $datetime (type $t')) (export "datetime" (type $t (eq $t')))
    (export "descriptor" (type $d (sub resource)))
    (type $c' (enum "access" "bad-descriptor" "illegal-byte-sequence" "invalid" "is-directory" "loop" "name-too-long" "no-entry" "not-directory" "not-permitted"
      "io"))
    (type $k' (enum "unknown" "block-device" "character-device" "directory" "fifo" "symbolic-link" "regular-file" "socket"))
    (export "descriptor-type" (type $k (eq $k')))
    (type $s' (record (field "type" $k) (field "link-count" u64) (field "size" u64) (field "data-access-timestamp" (option $t))
      (field "data-modification-timestamp" (option $t)) (field "status-change-timestamp" (option $t)))) (export "descriptor-stat" (type $s (eq $s')))
    (export "error-code" (type $c (eq $c')))
    (type $a' (flags "symlink-follow")) (export "path-flags" (type $a (eq $a')))
    (type $h' (flags "create" "directory" "exclusive" "truncate")) (export "open-flags" (type $h (eq $h')))
    (type $g' (flags "read" "write")) (export "descriptor-flags" (type $g (eq $g')))
    (export "[method]descriptor.open-at" (func (param "self" (borrow $d)) (param "path-flags" $a) (param "path" string) (param "open-flags" $h)
      (param "flags" $g) (result (result (own $d) (error $c)))))
    (export "[method]descriptor.stat-at" (func (param "self" (borrow $d)) (param "path-flags" $a) (param "path" string) (result (result $s (error $c)))))
    (export "[method]descriptor.read-via-stream" (func (param "self" (borrow $d)) (param "offset" u64) (result (result (own $i) (error $c)))))
    (export "[method]descriptor.write-via-stream" (func (param "self" (borrow $d)) (param "offset" u64) (result (result (own $o) (error $c)))))
    (export "[method]descriptor.append-via-stream" (func (param "self" (borrow $d)) (result (result (own $o) (error $c)))))
    (export "directory-entry-stream" (type $l (sub resource)))
    (type $n' (record (field "type" $k) (field "name" string))) (export "directory-entry" (type $n (eq $n')))
    (export "[method]descriptor.read-directory" (func (param "self" (borrow $d)) (result (result (own $l) (error $c)))))
    (export "[method]directory-entry-stream.read-directory-entry" (func (param "self" (borrow $l)) (result (result (option $n) (error $c)))))))
  (alias export $files "descriptor" (type $descriptor)) (alias export $files "directory-entry-stream" (type $listing))
  (import "wasi:filesystem/preopens@0.2.0" (instance $preopens (alias outer 1 $descriptor (type $d')) (export "descriptor" (type $d (eq $d')))
    (export "get-directories" (func (result (list (tuple (own $d) string)))))))
"""

# What `realloc` does once `unruly` was called: 1: grows the memory first; 2: traps; 3: gives what is out of bounds; 4: leaves the component; 5: spins.
LIBC = """
  (memory (export "memory") 128) (global $top (mut i32) (i32.const 0x200000)) (global $mode (mut i32) (i32.const 0))
  (func (export "unruly") (param i32) (global.set $mode (local.get 0)))
  (func (export "realloc") (param $old i32) (param i32 i32) (param $size i32) (result i32) (local $at i32)
    (if (local.get $old) (then unreachable)) ;; as in adapters of preview 1, where each call is given one piece
    (if (i32.eq (global.get $mode) (i32.const 1)) (then (drop (memory.grow (i32.const 1)))))
    (if (i32.eq (global.get $mode) (i32.const 2)) (then unreachable))
    (if (i32.eq (global.get $mode) (i32.const 3)) (then (return (i32.const -8))))
    (if (i32.eq (global.get $mode) (i32.const 4)) (then (drop (call_indirect (result i64) (i32.const 0)))))
    (if (i32.eq (global.get $mode) (i32.const 5)) (then (loop $forever (br $forever))))
    (local.set $at (global.get $top))
    (global.set $top (i32.and (i32.add (i32.add (local.get $at) (local.get $size)) (i32.const 7)) (i32.const -8)))
    (local.get $at))
  (table (export "table") 1 funcref)
"""
OWN = """
  (import "libc" "memory" (memory 128)) (import "libc" "table" (table 1 funcref))
  (elem (table 0) (i32.const 0) func $now)
  (func (export "peek") (param i32 i32) (result i32) (i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (local.get 1)) (i32.const 0))
  (func (export "poke") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
"""
WIT = {"i32": "u32", "i64": "u64"}


def component() -> str:
    """Its text."""
    options = '(memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))'
    lowered = [f'(core func ${name} (canon lower (func ${instance} "{function}") {options}))' for name, instance, function, *_ in FUNCTIONS]
    lowered += [f"(core func ${name} (canon resource.drop {type}))" for name, type in DROPS]
    rows = [(name, params, result) for name, _, _, params, result in FUNCTIONS] + [(name, "i32", "") for name, _ in DROPS]
    imported = [f'(import "" "{name}" (func ${name}{_part("param", params)}{_part("result", result)}))' for name, params, result in rows]
    given = [f'(export "{name}" (func ${name}))' for name, *_ in rows]
    passed = [_pass_on(*row) for row in rows]
    lifted = [_lifted(*row) for row in rows]
    return f"""(component {INSTANCES}
  (core module $Libc {LIBC})
  (core instance $libc (instantiate $Libc))
  {" ".join(lowered)}
  (core module $Main {" ".join(imported)} {OWN} {" ".join(passed)})
  (core instance $main (instantiate $Main (with "libc" (instance $libc)) (with "" (instance {" ".join(given)}))))
  {" ".join(lifted)}
  (func (export "unruly") (param "how" u32) (canon lift (core func $libc "unruly")))
  (func (export "peek") (param "at" u32) (param "size" u32) (result (list u8)) (canon lift (core func $main "peek") {options}))
  (func (export "poke") (param "at" u32) (param "data" (list u8)) (canon lift (core func $main "poke") {options})))"""


def _part(word: str, types: str) -> str:
    return f" ({word} {types})" if types else ""


def _pass_on(name: str, params: str, result: str) -> str:
    arguments = " ".join(f"(local.get {i})" for i in range(len(params.split())))
    return f'(func (export "pass-{name}"){_part("param", params)}{_part("result", result)} (call ${name} {arguments}))'


def _lifted(name: str, params: str, result: str) -> str:
    typed = "".join(f' (param "p{number}" {WIT[type]})' for number, type in enumerate(params.split()))
    given = f" (result {WIT[result]})" if result else ""
    return f'(func (export "{name}"){typed}{given} (canon lift (core func $main "pass-{name}")))'
