"""Exceptions: thrown and caught in the guest, near and far; and what a try costs in which nothing is thrown."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.clock import Sample, once
from bench.contenders import Contender
from bench.guests import from_wat
from bench.options import Options
from bench.rows import Row, raced
from bench.runs import entry, raced_runs

SETTINGS = {"wasm_exceptions": True, "wasm_gc": True, "wasm_function_references": True}
DEEP = 20
#   row, rounds of one measured run, what a round does with $n; $e has one value
SHAPES = (
    ("in the same function", 1_000_000, "(block $h (result i32) (try_table (catch $e $h) (throw $e (local.get $n))) (unreachable))"),
    ("in the same function, with its exnref", 1_000_000,
     "(block $h (result i32 exnref) (try_table (catch_ref $e $h) (throw $e (local.get $n))) (unreachable)) (drop)"),
    ("one frame up", 300_000, "(block $h (result i32) (try_table (catch $e $h) (drop (call $throws (local.get $n)))) (unreachable))"),
    (f"{DEEP} frames up", 100_000,
     f"(block $h (result i32) (try_table (catch $e $h) (drop (call $deep (local.get $n) (i32.const {DEEP - 1})))) (unreachable))"),
    (f"thrown again by {DEEP} frames", 30_000,
     f"(block $h (result i32) (try_table (catch $e $h) (drop (call $again (local.get $n) (i32.const {DEEP - 1})))) (unreachable))"),
)  # fmt: skip
NEVER = "a try in which nothing is thrown"
CALM = 100_000_000
CLOSE = 4  # times as many rounds where the two sides differ by less than other programs disturb them
IN_TRY = "(block $h (result i32) (try_table (result i32) (catch $e $h) (call $throws (i32.or (local.get $n) (i32.const -0x80000000)))))"
BARE = "(block $h (result i32) (call $throws (i32.or (local.get $n) (i32.const -0x80000000))))"


def measure(options: Options) -> Iterator[Row]:
    """A row for each of our backends and shapes; and of a try in which nothing is thrown, beside wasmtime's and beside none."""
    for name, rounds, body in SHAPES:
        if options.wants(name):
            for _, row in raced_runs("exceptions", name, from_wat(module(body)), rounds, options, SETTINGS):
                yield row
    if options.wants(NEVER):
        for _, row in raced_runs("exceptions", NEVER, from_wat(module(IN_TRY)), CALM, options, SETTINGS):
            yield row
        for contender in options.ours:
            with_try, without = (partial(_prepared, contender, body) for body in (IN_TRY, BARE))
            yield raced("exceptions", f"{contender.name} {NEVER}, beside none", with_try, without, CLOSE * options.rounds)


def _prepared(contender: Contender, body: str) -> Sample:
    return once(partial(entry(contender, from_wat(module(body)), SETTINGS), CALM))


def module(body: str) -> str:
    """`run(n)`: n times `body`; its results are added up. $throws: unless its argument is negative."""
    return f"""(module (tag $e (param i32))
      (func $throws (param i32) (result i32) (if (i32.ge_s (local.get 0) (i32.const 0)) (then (throw $e (local.get 0)))) (i32.and (local.get 0) (i32.const 7)))
      (func $deep (param i32 i32) (result i32) (if (result i32) (local.get 1)
        (then (i32.add (call $deep (local.get 0) (i32.sub (local.get 1) (i32.const 1))) (i32.const 1))) (else (call $throws (local.get 0)))))
      (func $again (param i32 i32) (result i32) (if (result i32) (local.get 1)
        (then (block $h (result exnref) (try_table (catch_all_ref $h) (return (i32.add (call $again (local.get 0) (i32.sub (local.get 1) (i32.const 1)))
          (i32.const 1)))) (unreachable)) (throw_ref))
        (else (call $throws (local.get 0)))))
      (func (export "run") (param $n i32) (result i32) (local $sum i32)
        (loop $l
          (local.set $sum (i32.add (local.get $sum) {body}))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $sum)))"""
