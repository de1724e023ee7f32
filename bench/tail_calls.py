"""Tail calls: two functions that call each other at their ends, a million times a run, in constant stack."""

from __future__ import annotations

from collections.abc import Iterator

from bench.guests import from_wat
from bench.options import Options
from bench.rows import Row
from bench.runs import raced_runs

DEEP = 1_000_000
ROUNDS = 30  # runs of DEEP calls in one measured run
#   how the one calls the other: name, parameters
SHAPES = (
    ("2 arguments", 2),
    ("12 arguments", 12),
    ("12 arguments, through a table", 12),
)


def measure(options: Options) -> Iterator[Row]:
    """A row for each of our backends and shapes."""
    for name, count in SHAPES:
        if options.wants(name):
            for _, row in raced_runs("tail_calls", name, from_wat(module(count, "table" in name)), ROUNDS, options):
                yield row


def module(count: int, indirect: bool) -> str:
    """`run(n)`: n times DEEP tail calls; the arguments go round and are added to the first. The callees have different signatures."""
    values = "".join(f" (local.get {k})" for k in range(2, count))
    arguments = f"(i64.sub (local.get 0) (i64.const 1)) (i64.add (local.get 1) (local.get {count - 1})){values}"
    to_b = f"(return_call_indirect (type $b) {arguments} (i64.const 1) (i32.const 1))" if indirect else f"(return_call $b {arguments} (i64.const 1))"
    to_a = f"(return_call_indirect (type $a) {arguments} (i32.const 0))" if indirect else f"(return_call $a {arguments})"
    stop = "(if (i64.eqz (local.get 0)) (then (return (local.get 1))))"
    return f"""(module
      (type $a (func (param{" i64" * count}) (result i64))) (type $b (func (param{" i64" * (count + 1)}) (result i64)))
      (table funcref (elem $a $b))
      (func $a (type $a) {stop} {to_b})
      (func $b (type $b) {stop} {to_a})
      (func (export "run") (param $n i32) (result i64) (local $sum i64)
        (loop $l
          (local.set $sum (i64.add (local.get $sum) (call $a (i64.const {DEEP}){"".join(f" (i64.const {k})" for k in range(1, count))})))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $sum)))"""
