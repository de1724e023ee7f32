"""WASI 0.2: what calls cost a component, beside wasmtime-py on the same one."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

from bench.clock import Sample
from bench.contenders import Contender, theirs
from bench.guests import from_wat
from bench.options import Options
from bench.rows import Row, raced

# Columns: row, the component's function, calls a round, in a quick one.
CALLS = (
    ("monotonic-clock now", "now", 100_000, 10_000),
    ("get-random-u64", "random", 50_000, 5_000),
    ("check-write, and write of 6 bytes to a file", "write", 20_000, 2_000),
    ("blocking-write-and-flush of 6 bytes", "print", 20_000, 2_000),
    ("check-write, and write of 64 KiB", "write-much", 2_000, 200),
    ("read of 6 bytes from a file", "read", 20_000, 2_000),
    ("read of 64 KiB", "read-much", 200, 50),
    ("subscribe, poll a timer that is over, drop", "poll", 5_000, 500),
)

# Each function makes one kind of call `n` times and returns how many failed.
LOOP = """(func (export "{name}") (param $n i32) (result i32) (local $failed i32)
  (loop $again
    {body}
    (local.set $n (i32.sub (local.get $n) (i32.const 1)))
    (br_if $again (local.get $n)))
  (local.get $failed))"""
FAILED = "(local.set $failed (i32.add (local.get $failed) (i32.load8_u (i32.const 0))))"
ASK = f"(call $check (global.get $out) (i32.const 0)) {FAILED}"
BODIES = {
    "now": "(drop (call $now))",
    "random": "(drop (call $random))",
    "write": f"{ASK} (call $write (global.get $out) (i32.const 100) (i32.const 6) (i32.const 0)) {FAILED}",
    "print": f"(call $print (global.get $out) (i32.const 100) (i32.const 6) (i32.const 0)) {FAILED}",
    "write-much": f"{ASK} (call $write (global.get $out) (i32.const 0x10000) (i32.const 0x10000) (i32.const 0)) {FAILED}",
    "read": f"(call $read (global.get $in) (i64.const 6) (i32.const 0)) {FAILED}",
    "read-much": f"(call $read (global.get $in) (i64.const 0x10000) (i32.const 0)) {FAILED}",
    "poll": """(i32.store (i32.const 16) (call $timer (i64.const 0)))
      (call $poll (i32.const 16) (i32.const 1) (i32.const 24)) (call $drop (i32.load (i32.const 16)))""",
}
STREAM_ERROR = """(alias outer 1 $error-type (type $outer-error)) (export "error" (type $error (eq $outer-error)))
    (type $failure (variant (case "last-operation-failed" (own $error)) (case "closed"))) (export "stream-error" (type $stream-error (eq $failure)))"""
LOWERED = (
    ("now", "clock", "now", ""), ("timer", "clock", "subscribe-duration", ""), ("poll", "poll", "poll", "(memory $memory) (realloc $realloc)"),
    ("random", "random", "get-random-u64", ""), ("get-out", "stdout", "get-stdout", ""), ("get-in", "stdin", "get-stdin", ""),
    *((name, "streams", f"[method]{function}", "(memory $memory) (realloc $realloc)") for name, function in (
        ("check", "output-stream.check-write"), ("write", "output-stream.write"), ("print", "output-stream.blocking-write-and-flush"),
        ("read", "input-stream.read"))),
)  # fmt: skip
CORE = {
    "now": "(result i64)", "timer": "(param i64) (result i32)", "poll": "(param i32 i32 i32)", "random": "(result i64)", "get-out": "(result i32)",
    "get-in": "(result i32)", "check": "(param i32 i32)", "write": "(param i32 i32 i32 i32)", "print": "(param i32 i32 i32 i32)",
    "read": "(param i32 i64 i32)", "drop": "(param i32)",
}  # fmt: skip


def _component() -> str:
    imports = "".join(f'(import "" "{name}" (func ${name} {params}))' for name, params in CORE.items())
    functions = "".join(LOOP.format(name=name, body=body) for name, body in BODIES.items())
    lowered = "".join(f'(core func ${name} (canon lower (func ${within} "{function}") {options}))' for name, within, function, options in LOWERED)
    given = "".join(f'(export "{name}" (func ${name}))' for name in CORE)
    lifted = "".join(f'(func (export "{name}") (param "n" u32) (result u32) (canon lift (core func $main "{name}")))' for name in BODIES)
    return f"""(component
  (import "wasi:io/error@0.2.0" (instance $errors (export "error" (type (sub resource)))))
  (alias export $errors "error" (type $error-type))
  (import "wasi:io/poll@0.2.0" (instance $poll (export "pollable" (type $p (sub resource)))
    (export "poll" (func (param "in" (list (borrow $p))) (result (list u32))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "output-stream" (type $out (sub resource))) (export "input-stream" (type $in (sub resource))) {STREAM_ERROR}
    (export "[method]output-stream.check-write" (func (param "self" (borrow $out)) (result (result u64 (error $stream-error)))))
    (export "[method]output-stream.write" (func (param "self" (borrow $out)) (param "contents" (list u8)) (result (result (error $stream-error)))))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $out)) (param "contents" (list u8)) (result (result (error $stream-error)))))
    (export "[method]input-stream.read"
      (func (param "self" (borrow $in)) (param "len" u64) (result (result (list u8) (error $stream-error)))))))
  (alias export $streams "output-stream" (type $output-stream))
  (alias export $streams "input-stream" (type $input-stream))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout
    (alias outer 1 $output-stream (type $o)) (export "output-stream" (type $t (eq $o))) (export "get-stdout" (func (result (own $t))))))
  (import "wasi:cli/stdin@0.2.0" (instance $stdin
    (alias outer 1 $input-stream (type $i)) (export "input-stream" (type $t (eq $i))) (export "get-stdin" (func (result (own $t))))))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $q)) (export "pollable" (type $p (eq $q)))
    (export "now" (func (result u64))) (export "subscribe-duration" (func (param "when" u64) (result (own $p))))))
  (import "wasi:random/random@0.2.0" (instance $random (export "get-random-u64" (func (result u64)))))
  (core module $Memory (memory (export "memory") 4)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0x20000)))
  (core instance $m (instantiate $Memory))
  (alias core export $m "memory" (core memory $memory))
  (alias core export $m "realloc" (core func $realloc))
  {lowered}
  (core func $drop (canon resource.drop $pollable))
  (core module $Main (import "m" "memory" (memory 4)) {imports} (global $out (mut i32) (i32.const 0)) (global $in (mut i32) (i32.const 0))
    (func $start (global.set $out (call $get-out)) (global.set $in (call $get-in))) (start $start)
    {functions})
  (core instance $main (instantiate $Main (with "m" (instance $m)) (with "" (instance {given}))))
  {lifted})"""


def measure(options: Options) -> Iterator[Row]:
    """One row for each kind of call."""
    wasm = from_wat(_component())
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "in").write_bytes(bytes(64 << 20))
        ours, other = (partial(_Side, side, wasm, Path(folder)) for side in (options.our_first, theirs()))
        for name, function, count, few in CALLS:
            if options.wants(name):
                count = few if options.quick else count
                yield raced("wasi2", name, partial(_prepare, ours, function, count), partial(_prepare, other, function, count), options.rounds)


class _Side:
    """The component in one runtime, with files as stdin and stdout; an instance a row, whose input begins anew."""

    def __init__(self, contender: Contender, wasm: bytes, folder: Path) -> None:
        api: Any = contender.api
        component = importlib.import_module(f"{api.__name__}.component")
        engine = contender.engine()
        self._store = api.Store(engine)
        config = api.WasiConfig()
        config.stdin_file = folder / "in"
        config.stdout_file = folder / contender.name
        self._store.set_wasi(config)
        linker = component.Linker(engine)
        linker.add_wasip2()
        self._instance = linker.instantiate(self._store, component.Component(engine, wasm))

    def sample(self, function: str, count: int) -> Sample:
        call = self._instance.get_func(self._store, function)

        def sample() -> float:
            start = process_time()
            failed = call(self._store, count)
            spent = process_time() - start
            if hasattr(call, "post_return"):
                call.post_return(self._store)
            if failed:
                raise RuntimeError(f"{function}: {failed} calls failed")
            return spent / count

        return sample


def _prepare(side: partial[_Side], function: str, count: int) -> Sample:
    return side().sample(function, count)
