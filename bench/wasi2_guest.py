"""The component of `wasi2`: each of its functions makes one kind of call of WASI 0.2 `n` times, and returns how many failed."""

from __future__ import annotations

# Types of wasi:filesystem, in WIT's order.
ERRORS = """access would-block already bad-descriptor busy deadlock quota exist file-too-large illegal-byte-sequence in-progress interrupted invalid io
is-directory loop too-many-links message-size name-too-long no-device no-entry no-lock insufficient-memory insufficient-space not-directory not-empty
not-recoverable unsupported no-tty no-such-device overflow not-permitted pipe read-only invalid-seek text-file-busy cross-device"""
KINDS = "unknown block-device character-device directory fifo symbolic-link regular-file socket"
OPENING = "create directory exclusive truncate"
FLAGS = "read write file-integrity-sync data-integrity-sync requested-write-sync mutate-directory"

# Columns: name in the core module, the interface's alias, function, core parameters, core result.
IMPORTS = (
    ("now",         "clock",      "now",                                                "",                            "i64"),
    ("timer",       "clock",      "subscribe-duration",                                 "i64",                         "i32"),
    ("wall",        "wall",       "now",                                                "i32",                         ""),
    ("poll",        "poll",       "poll",                                               "i32 i32 i32",                 ""),
    ("block",       "poll",       "[method]pollable.block",                             "i32",                         ""),
    ("random",      "random",     "get-random-u64",                                     "",                            "i64"),
    ("bytes",       "random",     "get-random-bytes",                                   "i64 i32",                     ""),
    ("get-out",     "stdout",     "get-stdout",                                         "",                            "i32"),
    ("check",       "streams",    "[method]output-stream.check-write",                  "i32 i32",                     ""),
    ("write",       "streams",    "[method]output-stream.write",                        "i32 i32 i32 i32",             ""),
    ("print",       "streams",    "[method]output-stream.blocking-write-and-flush",     "i32 i32 i32 i32",             ""),
    ("flush",       "streams",    "[method]output-stream.blocking-flush",               "i32 i32",                     ""),
    ("subscribe",   "streams",    "[method]output-stream.subscribe",                    "i32",                         "i32"),
    ("read",        "streams",    "[method]input-stream.blocking-read",                 "i32 i64 i32",                 ""),
    ("directories", "preopens",   "get-directories",                                    "i32",                         ""),
    ("open-at",     "files",      "[method]descriptor.open-at",                         "i32 i32 i32 i32 i32 i32 i32", ""),
    ("stat-at",     "files",      "[method]descriptor.stat-at",                         "i32 i32 i32 i32 i32",         ""),
    ("unlink-at",   "files",      "[method]descriptor.unlink-file-at",                  "i32 i32 i32 i32",             ""),
    ("list",        "files",      "[method]descriptor.read-directory",                  "i32 i32",                     ""),
    ("entry",       "files",      "[method]directory-entry-stream.read-directory-entry", "i32 i32",                    ""),
    ("reader",      "files",      "[method]descriptor.read-via-stream",                 "i32 i64 i32",                 ""),
    ("writer",      "files",      "[method]descriptor.write-via-stream",                "i32 i64 i32",                 ""),
    ("pread",       "files",      "[method]descriptor.read",                            "i32 i64 i64 i32",             ""),
)  # fmt: skip
DROPS = (
    ("drop-pollable", "$pollable"), ("drop-in", "$in"), ("drop-out", "$out"), ("drop", "$descriptor"), ("drop-list", "$listing"),
)  # fmt: skip

# Of memory: results at 0, pollables at 64, names at 1024, what is written from 64 KiB on, what is lifted from 2 MiB on, round and round.
OWN = """
  (global $out (mut i32) (i32.const 0)) (global $root (mut i32) (i32.const 0)) (global $file (mut i32) (i32.const 0))
  (global $failed (mut i32) (i32.const 0))
  (data (i32.const 1024) "file") (data (i32.const 1032) "many") (data (i32.const 1040) "naaa")
  (func $check-code (global.set $failed (i32.add (global.get $failed) (i32.load8_u (i32.const 0)))))
  (func $open (param $name i32) (param $how i32) (param $flags i32) (result i32)
    (call $open-at (global.get $root) (i32.const 1) (local.get $name) (i32.const 4) (local.get $how) (local.get $flags) (i32.const 0)) (call $check-code)
    (i32.load (i32.const 4)))
  (func $start (global.set $out (call $get-out)) (call $directories (i32.const 0)) (global.set $root (i32.load (i32.load (i32.const 0))))
    (global.set $file (call $open (i32.const 1024) (i32.const 1) (i32.const 3))))
  (start $start)
  (func $new-reader (result i32) (call $reader (global.get $file) (i64.const 0) (i32.const 0)) (call $check-code) (i32.load (i32.const 4)))
  (func $new-writer (result i32) (call $writer (global.get $file) (i64.const 0) (i32.const 0)) (call $check-code) (i32.load (i32.const 4)))
  (func $fill (param $in i32) (param $size i32) ;; read that much
    (loop $more
      (call $read (local.get $in) (i64.extend_i32_u (local.get $size)) (i32.const 0))
      (if (i32.load8_u (i32.const 0)) (then (call $check-code) (return)))
      (br_if $more (local.tee $size (i32.sub (local.get $size) (i32.load (i32.const 8)))))))
  (func $push (param $out i32) (param $size i32) (local $at i32) (local $part i32) (local $pollable i32) ;; write it as C libraries do
    (local.set $at (i32.const 0x10000))
    (loop $more
      (call $check (local.get $out) (i32.const 0)) (call $check-code)
      (local.set $part (i32.load (i32.const 8)))
      (if (i32.eqz (local.get $part)) (then
        (local.set $pollable (call $subscribe (local.get $out))) (call $block (local.get $pollable)) (call $drop-pollable (local.get $pollable)) (br $more)))
      (if (i32.gt_u (local.get $part) (local.get $size)) (then (local.set $part (local.get $size))))
      (call $write (local.get $out) (local.get $at) (local.get $part) (i32.const 0)) (call $check-code)
      (local.set $at (i32.add (local.get $at) (local.get $part)))
      (br_if $more (local.tee $size (i32.sub (local.get $size) (local.get $part))))))
  (func $name (param $i i32) ;; the name of a new file
    (i32.store8 (i32.const 1041) (i32.add (i32.const 97) (i32.div_u (local.get $i) (i32.const 676))))
    (i32.store8 (i32.const 1042) (i32.add (i32.const 97) (i32.rem_u (i32.div_u (local.get $i) (i32.const 26)) (i32.const 26))))
    (i32.store8 (i32.const 1043) (i32.add (i32.const 97) (i32.rem_u (local.get $i) (i32.const 26)))))
"""

WRITER = ("(local.set $s (call $new-writer))", "(call $flush (local.get $s) (i32.const 0)) (call $check-code) (call $drop-out (local.get $s))")
READER = ("(local.set $s (call $new-reader))", "(call $drop-in (local.get $s))")
NOTHING = ("", "")
# Columns: function, what is done each time, and before and after all of it.
BODIES = (
    ("now", "(drop (call $now))", NOTHING),
    ("wall", "(call $wall (i32.const 0))", NOTHING),
    ("random", "(drop (call $random))", NOTHING),
    ("random-16", "(call $bytes (i64.const 16) (i32.const 0))", NOTHING),
    ("write-6", "(call $push (local.get $s) (i32.const 6))", WRITER),
    ("print-6", "(call $print (global.get $out) (i32.const 0x10000) (i32.const 6) (i32.const 0)) (call $check-code)", NOTHING),
    ("print-4k", "(call $print (local.get $s) (i32.const 0x10000) (i32.const 4096) (i32.const 0)) (call $check-code)", WRITER),
    ("write-64k", "(call $push (local.get $s) (i32.const 0x10000))", WRITER),
    ("write-1m", "(call $push (local.get $s) (i32.const 0x100000))", WRITER),
    ("read-6", "(call $fill (local.get $s) (i32.const 6))", READER),
    ("read-4k", "(call $fill (local.get $s) (i32.const 4096))", READER),
    ("read-64k", "(call $fill (local.get $s) (i32.const 0x10000))", READER),
    ("read-1m", "(call $fill (local.get $s) (i32.const 0x100000))", READER),
    ("pread-100", "(call $pread (global.get $file) (i64.const 100) (i64.extend_i32_u (local.get $n)) (i32.const 0)) (call $check-code)", NOTHING),
    ("poll", """(i32.store (i32.const 64) (call $timer (i64.const 0))) (call $poll (i32.const 64) (i32.const 1) (i32.const 24))
      (call $drop-pollable (i32.load (i32.const 64)))""", NOTHING),
    ("stat", """(call $stat-at (global.get $root) (i32.const 1) (i32.const 1024) (i32.const 4) (i32.const 128))
      (i32.store (i32.const 0) (i32.load (i32.const 128))) (call $check-code)""", NOTHING),
    ("open", "(call $drop (call $open (i32.const 1024) (i32.const 0) (i32.const 1)))", NOTHING),
    ("create", """(call $name (local.get $n)) (call $drop (call $open (i32.const 1040) (i32.const 1) (i32.const 3)))
      (call $unlink-at (global.get $root) (i32.const 1040) (i32.const 4) (i32.const 0)) (call $check-code)""", NOTHING),
    ("readdir", """(local.set $s (call $open (i32.const 1032) (i32.const 2) (i32.const 1))) (call $list (local.get $s) (i32.const 0)) (call $check-code)
      (local.set $t (i32.load (i32.const 4)))
      (loop $next (call $entry (local.get $t) (i32.const 0)) (call $check-code) (br_if $next (i32.load8_u (i32.const 4))))
      (call $drop-list (local.get $t)) (call $drop (local.get $s))""", NOTHING),
)  # fmt: skip


def _loop(name: str, body: str, around: tuple[str, str]) -> str:
    before, after = around
    return f"""(func (export "{name}") (param $n i32) (result i32) (local $s i32) (local $t i32)
  (global.set $failed (i32.const 0)) {before}
  (loop $again {body} (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
  {after} (global.get $failed))"""


def _named(word: str, names: str) -> str:
    quoted = " ".join(f'"{name}"' for name in names.split())
    return f"({word} {quoted})"


INSTANCES = f"""
  (import "wasi:io/error@0.2.0" (instance $error (export "error" (type (sub resource))))) (alias export $error "error" (type $error))
  (import "wasi:io/poll@0.2.0" (instance $poll (export "pollable" (type $p (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $p))))
    (export "poll" (func (param "in" (list (borrow $p))) (result (list u32))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (alias outer 1 $error (type $e')) (export "error" (type $e (eq $e')))
    (alias outer 1 $pollable (type $p')) (export "pollable" (type $p (eq $p')))
    (type $f' (variant (case "last-operation-failed" (own $e)) (case "closed"))) (export "stream-error" (type $f (eq $f')))
    (export "input-stream" (type $i (sub resource))) (export "output-stream" (type $o (sub resource)))
    (type $bytes (result (list u8) (error $f))) (type $none (result (error $f)))
    (export "[method]input-stream.blocking-read" (func (param "self" (borrow $i)) (param "len" u64) (result $bytes)))
    (export "[method]output-stream.check-write" (func (param "self" (borrow $o)) (result (result u64 (error $f)))))
    (export "[method]output-stream.write" (func (param "self" (borrow $o)) (param "contents" (list u8)) (result $none)))
    (export "[method]output-stream.blocking-write-and-flush" (func (param "self" (borrow $o)) (param "contents" (list u8)) (result $none)))
    (export "[method]output-stream.blocking-flush" (func (param "self" (borrow $o)) (result $none)))
    (export "[method]output-stream.subscribe" (func (param "self" (borrow $o)) (result (own $p))))))
  (alias export $streams "input-stream" (type $in)) (alias export $streams "output-stream" (type $out))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout (alias outer 1 $out (type $o')) (export "output-stream" (type $o (eq $o')))
    (export "get-stdout" (func (result (own $o))))))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock (alias outer 1 $pollable (type $p')) (export "pollable" (type $p (eq $p')))
    (export "now" (func (result u64))) (export "subscribe-duration" (func (param "when" u64) (result (own $p))))))
  (import "wasi:clocks/wall-clock@0.2.0" (instance $wall (type $t' (record (field "seconds" u64) (field "nanoseconds" u32)))
    (export "datetime" (type $t (eq $t'))) (export "now" (func (result $t)))))
  (alias export $wall "datetime" (type $datetime))
  (import "wasi:random/random@0.2.0" (instance $random (export "get-random-u64" (func (result u64)))
    (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
  (import "wasi:filesystem/types@0.2.0" (instance $files
    (alias outer 1 $in (type $i')) (export "input-stream" (type $i (eq $i'))) (alias outer 1 $out (type $o')) (export "output-stream" (type $o (eq $o')))
    (alias outer 1 $datetime (type $t')) (export "datetime" (type $t (eq $t')))
    (export "descriptor" (type $d (sub resource))) (export "directory-entry-stream" (type $l (sub resource)))
    (type $c' {_named("enum", ERRORS)}) (export "error-code" (type $c (eq $c')))
    (type $k' {_named("enum", KINDS)}) (export "descriptor-type" (type $k (eq $k')))
    (type $a' (flags "symlink-follow")) (export "path-flags" (type $a (eq $a')))
    (type $h' {_named("flags", OPENING)}) (export "open-flags" (type $h (eq $h')))
    (type $g' {_named("flags", FLAGS)}) (export "descriptor-flags" (type $g (eq $g')))
    (type $s' (record (field "type" $k) (field "link-count" u64) (field "size" u64) (field "data-access-timestamp" (option $t))
      (field "data-modification-timestamp" (option $t)) (field "status-change-timestamp" (option $t)))) (export "descriptor-stat" (type $s (eq $s')))
    (type $n' (record (field "type" $k) (field "name" string))) (export "directory-entry" (type $n (eq $n')))
    (export "[method]descriptor.open-at" (func (param "self" (borrow $d)) (param "path-flags" $a) (param "path" string) (param "open-flags" $h)
      (param "flags" $g) (result (result (own $d) (error $c)))))
    (export "[method]descriptor.stat-at" (func (param "self" (borrow $d)) (param "path-flags" $a) (param "path" string) (result (result $s (error $c)))))
    (export "[method]descriptor.unlink-file-at" (func (param "self" (borrow $d)) (param "path" string) (result (result (error $c)))))
    (export "[method]descriptor.read-directory" (func (param "self" (borrow $d)) (result (result (own $l) (error $c)))))
    (export "[method]directory-entry-stream.read-directory-entry" (func (param "self" (borrow $l)) (result (result (option $n) (error $c)))))
    (export "[method]descriptor.read-via-stream" (func (param "self" (borrow $d)) (param "offset" u64) (result (result (own $i) (error $c)))))
    (export "[method]descriptor.write-via-stream" (func (param "self" (borrow $d)) (param "offset" u64) (result (result (own $o) (error $c)))))
    (export "[method]descriptor.read" (func (param "self" (borrow $d)) (param "length" u64) (param "offset" u64)
      (result (result (tuple (list u8) bool) (error $c)))))))
  (alias export $files "descriptor" (type $descriptor)) (alias export $files "directory-entry-stream" (type $listing))
  (import "wasi:filesystem/preopens@0.2.0" (instance $preopens (alias outer 1 $descriptor (type $d')) (export "descriptor" (type $d (eq $d')))
    (export "get-directories" (func (result (list (tuple (own $d) string)))))))
"""


def component() -> str:
    """Its text."""
    options = '(memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))'
    lowered = "".join(f'(core func ${name} (canon lower (func ${within} "{function}") {options}))' for name, within, function, *_ in IMPORTS)
    imports = "".join(f'(import "" "{name}" (func ${name}{_part("param", params)}{_part("result", result)}))' for name, _, _, params, result in IMPORTS)
    drops = "".join(f"(core func ${name} (canon resource.drop {type}))" for name, type in DROPS)
    imports += "".join(f'(import "" "{name}" (func ${name} (param i32)))' for name, _ in DROPS)
    given = "".join(f'(export "{row[0]}" (func ${row[0]}))' for row in (*IMPORTS, *DROPS))
    functions = "".join(_loop(*row) for row in BODIES)
    lifted = "".join(f'(func (export "{name}") (param "n" u32) (result u32) (canon lift (core func $main "{name}")))' for name, *_ in BODIES)
    return f"""(component {INSTANCES}
  (core module $Libc (memory (export "memory") 64) (global $top (mut i32) (i32.const 0x200000))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
      (if (i32.gt_u (i32.add (global.get $top) (local.get 3)) (i32.const 0x3FFFF8)) (then (global.set $top (i32.const 0x200000))))
      (local.set $at (global.get $top))
      (global.set $top (i32.and (i32.add (i32.add (local.get $at) (local.get 3)) (i32.const 7)) (i32.const -8)))
      (local.get $at)))
  (core instance $libc (instantiate $Libc))
  {lowered} {drops}
  (core module $Main {imports} (import "libc" "memory" (memory 64)) {OWN} {functions})
  (core instance $main (instantiate $Main (with "libc" (instance $libc)) (with "" (instance {given}))))
  {lifted})"""


def _part(word: str, types: str) -> str:
    return f" ({word} {types})" if types else ""
