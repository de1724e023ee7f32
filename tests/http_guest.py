"""A component that answers HTTP requests, in the text format: what it does is said by the first letter of the path."""

from __future__ import annotations

# Path -> what it does:
#   /h   "hello"                                         /e   echoes the body, as it comes            /t   traps
#   /s   spins for ever                                  /n   returns without an answer               /i   answers, and leaves the body alone
#   /d   begins an answer, and drops its body            /b   answers with 64 MiB                     /a   begins an answer, and traps
#   /r   reads the whole body, answers with "hello"      /w   sends "hello", then waits for the body's end
#   /m   grows its memory by 1 GiB, and says "hello" if it can, or traps
#   /o   "hello", to stdout too                          /z   "hello", after 30 ms of sleep           /c   "hello", after about 3 ms of computing
ERROR_CODE = '(variant (case "internal-error" (option string)))'  # as much of it as is used

CORE = r"""
  (core module $memory-module
    (memory (export "memory") 4)
    (global $next (mut i32) (i32.const 131072))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      ;; what is read goes to one place, again and again: nothing here outlives the next call
      (if (i32.gt_u (local.get 3) (i32.const 65536)) (then unreachable))
      (i32.const 131072)))
  (core instance $mem (instantiate $memory-module))
  (alias core export $mem "memory" (core memory $memory))
  (alias core export $mem "realloc" (core func $realloc))
"""

MAIN = r"""
  (core module $main
    (import "m" "memory" (memory 4))
    (import "" "path" (func $path (param i32 i32)))
    (import "" "consume" (func $consume (param i32 i32)))
    (import "" "stream" (func $stream (param i32 i32)))
    (import "" "read" (func $read (param i32 i64 i32)))
    (import "" "fields" (func $fields (result i32)))
    (import "" "response" (func $response (param i32) (result i32)))
    (import "" "body" (func $body (param i32 i32)))
    (import "" "write-stream" (func $write-stream (param i32 i32)))
    (import "" "write" (func $write (param i32 i32 i32 i32)))
    (import "" "finish" (func $finish (param i32 i32 i32 i32)))
    (import "" "set" (func $set (param i32 i32 i32 i32 i32 i32)))
    (import "" "stdout" (func $stdout (result i32)))
    (import "" "sleep" (func $sleep (param i64) (result i32)))
    (import "" "block" (func $block (param i32)))
    (import "" "drop-pollable" (func $drop-pollable (param i32)))
    (import "" "drop-request" (func $drop-request (param i32)))
    (import "" "drop-in" (func $drop-in (param i32)))
    (import "" "drop-out" (func $drop-out (param i32)))
    (import "" "drop-in-body" (func $drop-in-body (param i32)))
    (import "" "drop-out-body" (func $drop-out-body (param i32)))
    (data (i32.const 1024) "hello")
    (global $in (mut i32) (i32.const 0))
    (global $in-body (mut i32) (i32.const 0))
    (global $out (mut i32) (i32.const 0))
    (global $out-body (mut i32) (i32.const 0))

    ;; result<own> at 0
    (func $own (result i32)
      (if (i32.load8_u (i32.const 0)) (then unreachable))
      (i32.load (i32.const 4)))

    (func $open (param $request i32)
      (call $consume (local.get $request) (i32.const 0))
      (global.set $in-body (call $own))
      (call $stream (global.get $in-body) (i32.const 0))
      (global.set $in (call $own)))

    (func $close
      (call $drop-in (global.get $in))
      (call $drop-in-body (global.get $in-body)))

    ;; read at most 4096 bytes: how many, 0 at the end
    (func $some (result i32)
      (call $read (global.get $in) (i64.const 4096) (i32.const 16))
      (if (i32.load8_u (i32.const 16)) (then
        (if (i32.eqz (i32.load8_u (i32.const 20))) (then unreachable)) ;; the last operation failed
        (return (i32.const 0))))
      (i32.load (i32.const 24)))

    (func $answer (param $outparam i32) (local $response i32)
      (local.set $response (call $response (call $fields)))
      (call $body (local.get $response) (i32.const 0))
      (global.set $out-body (call $own))
      (call $set (local.get $outparam) (i32.const 0) (local.get $response) (i32.const 0) (i32.const 0) (i32.const 0))
      (call $write-stream (global.get $out-body) (i32.const 0))
      (global.set $out (call $own)))

    (func $say (param $at i32) (param $size i32)
      (call $write (global.get $out) (local.get $at) (local.get $size) (i32.const 32))
      (if (i32.load8_u (i32.const 32)) (then unreachable)))

    (func $hello (call $say (i32.const 1024) (i32.const 5)))

    (func $end
      (call $drop-out (global.get $out))
      (call $finish (global.get $out-body) (i32.const 0) (i32.const 0) (i32.const 48))
      (if (i32.load8_u (i32.const 48)) (then unreachable)))

    (func $read-all
      (loop $again (br_if $again (call $some))))

    (func (export "handle") (param $request i32) (param $outparam i32) (local $letter i32) (local $n i32)
      (call $path (local.get $request) (i32.const 0))
      (local.set $letter (i32.load8_u offset=1 (i32.load (i32.const 4))))
      (if (i32.eq (local.get $letter) (i32.const 0x74)) (then unreachable)) ;; t
      (if (i32.eq (local.get $letter) (i32.const 0x6e)) (then (return))) ;; n
      (if (i32.eq (local.get $letter) (i32.const 0x73)) (then (loop $ever (br $ever)))) ;; s
      (if (i32.eq (local.get $letter) (i32.const 0x6d)) (then ;; m
        (if (i32.eq (memory.grow (i32.const 16384)) (i32.const -1)) (then unreachable))))
      (if (i32.eq (local.get $letter) (i32.const 0x6f)) (then ;; o
        (global.set $out (call $stdout))
        (call $hello)
        (call $drop-out (global.get $out))))
      (if (i32.eq (local.get $letter) (i32.const 0x7a)) (then ;; z
        (local.set $n (call $sleep (i64.const 30000000)))
        (call $block (local.get $n))
        (call $drop-pollable (local.get $n))))
      (if (i32.eq (local.get $letter) (i32.const 0x63)) (then ;; c
        (local.set $n (i32.const 5000000))
        (loop $more (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))
      (if (i32.eq (local.get $letter) (i32.const 0x65)) (then ;; e
        (call $open (local.get $request))
        (call $answer (local.get $outparam))
        (block $over (loop $more
          (local.set $n (call $some))
          (br_if $over (i32.eqz (local.get $n)))
          (call $say (i32.const 131072) (local.get $n))
          (br $more)))
        (call $end)
        (call $close)
        (return)))
      (if (i32.eq (local.get $letter) (i32.const 0x72)) (then ;; r
        (call $open (local.get $request))
        (call $read-all)
        (call $close)))
      (call $answer (local.get $outparam))
      (if (i32.eq (local.get $letter) (i32.const 0x61)) (then (call $hello) unreachable)) ;; a
      (if (i32.eq (local.get $letter) (i32.const 0x64)) (then ;; d
        (call $hello)
        (call $drop-out (global.get $out))
        (call $drop-out-body (global.get $out-body))
        (return)))
      (if (i32.eq (local.get $letter) (i32.const 0x62)) (then ;; b
        (loop $more
          (call $say (i32.const 8192) (i32.const 4096))
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (br_if $more (i32.lt_u (local.get $n) (i32.const 16384))))
        (call $end)
        (return)))
      (call $hello)
      (if (i32.eq (local.get $letter) (i32.const 0x77)) (then ;; w
        (call $open (local.get $request))
        (call $read-all)
        (call $close)))
      (call $end)
      (call $drop-request (local.get $request))))
"""

# Columns: what the core module calls it, the instance, the function, whether it needs the memory.
FUNCTIONS = (
    ("path", "types", "[method]incoming-request.path-with-query", True),
    ("consume", "types", "[method]incoming-request.consume", True),
    ("stream", "types", "[method]incoming-body.stream", True),
    ("fields", "types", "[constructor]fields", False),
    ("response", "types", "[constructor]outgoing-response", False),
    ("body", "types", "[method]outgoing-response.body", True),
    ("write-stream", "types", "[method]outgoing-body.write", True),
    ("finish", "types", "[static]outgoing-body.finish", True),
    ("set", "types", "[static]response-outparam.set", True),
    ("read", "streams", "[method]input-stream.blocking-read", True),
    ("write", "streams", "[method]output-stream.blocking-write-and-flush", True),
    ("stdout", "stdout", "get-stdout", False),
    ("sleep", "clock", "subscribe-duration", False),
    ("block", "poll", "[method]pollable.block", False),
)
DROPS = (("drop-request", "incoming-request"), ("drop-pollable", "pollable"), ("drop-in", "input-stream"), ("drop-out", "output-stream"),
         ("drop-in-body", "incoming-body"), ("drop-out-body", "outgoing-body"))  # fmt: skip

IMPORTS = f"""
  (import "wasi:io/error@0.2.0" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $io-error))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (alias outer 1 $io-error (type $e))
    (type $failure' (variant (case "last-operation-failed" (own $e)) (case "closed")))
    (export "stream-error" (type $failure (eq $failure')))
    (export "input-stream" (type $in (sub resource)))
    (export "output-stream" (type $out (sub resource)))
    (export "[method]input-stream.blocking-read" (func (param "self" (borrow $in)) (param "len" u64) (result (result (list u8) (error $failure)))))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $out)) (param "contents" (list u8)) (result (result (error $failure)))))))
  (alias export $streams "input-stream" (type $input-stream))
  (alias export $streams "output-stream" (type $output-stream))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout
    (alias outer 1 $output-stream (type $out))
    (export "get-stdout" (func (result (own $out))))))
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $p))
    (export "subscribe-duration" (func (param "when" u64) (result (own $p))))))
  (import "wasi:http/types@0.2.0" (instance $types
    (alias outer 1 $input-stream (type $in))
    (alias outer 1 $output-stream (type $out))
    (type $code' {ERROR_CODE})
    (export "error-code" (type $code (eq $code')))
    (export "fields" (type $fields (sub resource)))
    (export "incoming-request" (type $request (sub resource)))
    (export "incoming-body" (type $in-body (sub resource)))
    (export "outgoing-response" (type $response (sub resource)))
    (export "outgoing-body" (type $out-body (sub resource)))
    (export "response-outparam" (type $outparam (sub resource)))
    (export "[constructor]fields" (func (result (own $fields))))
    (export "[method]incoming-request.path-with-query" (func (param "self" (borrow $request)) (result (option string))))
    (export "[method]incoming-request.consume" (func (param "self" (borrow $request)) (result (result (own $in-body)))))
    (export "[method]incoming-body.stream" (func (param "self" (borrow $in-body)) (result (result (own $in)))))
    (export "[constructor]outgoing-response" (func (param "headers" (own $fields)) (result (own $response))))
    (export "[method]outgoing-response.body" (func (param "self" (borrow $response)) (result (result (own $out-body)))))
    (export "[method]outgoing-body.write" (func (param "self" (borrow $out-body)) (result (result (own $out)))))
    (export "[static]outgoing-body.finish"
      (func (param "this" (own $out-body)) (param "trailers" (option (own $fields))) (result (result (error $code)))))
    (export "[static]response-outparam.set"
      (func (param "param" (own $outparam)) (param "response" (result (own $response) (error $code)))))))
  (alias export $types "incoming-request" (type $incoming-request))
  (alias export $types "incoming-body" (type $incoming-body))
  (alias export $types "outgoing-body" (type $outgoing-body))
  (alias export $types "response-outparam" (type $response-outparam))
"""


def guest() -> str:
    """The text."""
    lowered = "".join([_lowered(*row) for row in FUNCTIONS])
    dropped = "".join([f"  (core func ${name} (canon resource.drop ${resource}))\n" for name, resource in DROPS])
    exports = " ".join([f'(export "{row[0]}" (func ${row[0]}))' for row in (*FUNCTIONS, *DROPS)])
    return f"""(component {IMPORTS} {CORE} {lowered} {dropped} {MAIN}
  (core instance $i (instantiate $main (with "m" (instance $mem)) (with "" (instance {exports}))))
  (func $handle (param "request" (own $incoming-request)) (param "response-out" (own $response-outparam)) (canon lift (core func $i "handle")))
  (instance $handler (export "handle" (func $handle)))
  (export "wasi:http/incoming-handler@0.2.0" (instance $handler)))"""


def _lowered(name: str, instance: str, function: str, memory: bool) -> str:
    options = '(memory $memory) (realloc $realloc)' if memory else ""
    return f'  (core func ${name} (canon lower (func ${instance} "{function}") {options}))\n'
