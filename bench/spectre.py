"""What `Config.spectre_mitigation` costs: the same code of ours with masks (left) beside the same without (right)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from bench.clock import geometric_mean, once
from bench.contenders import Contender
from bench.guests import Unavailable, build_kernel, from_wat
from bench.kernels import KERNELS
from bench.options import Options
from bench.rows import Row, raced, skipped

COUNT = 100_000_000

# An indirect call in every round, whose function does next to nothing.
CALLS = """(module (type $t (func (param i32) (result i32)))
  (func $a (type $t) (i32.add (local.get 0) (i32.const 3))) (func $b (type $t) (i32.xor (local.get 0) (i32.const 5)))
  (table 4 funcref) (elem (i32.const 0) $a $b $a $b)
  (func (export "run") (param $n i32) (result i32) (local $x i32)
    (loop $l (local.set $x (call_indirect (type $t) (local.get $x) (i32.and (local.get $n) (i32.const 3))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (local.get $x)))"""
# Loads and stores of a 64-bit memory: a sum of one page's words, over and over.
SUM = """(module (memory i64 2) (func (export "run") (param $n i32) (result i64) (local $p i64) (local $s i64)
    (loop $l (local.set $s (i64.add (local.get $s) (i64.load offset=8 (local.get $p))))
      (local.set $p (i64.and (i64.add (local.get $p) (i64.const 8)) (i64.const 0xffff)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (local.get $s)))"""
FILL = """(module (memory i64 2) (func (export "run") (param $n i32) (result i64) (local $p i64)
    (loop $l (i64.store offset=8 (local.get $p) (i64.extend_i32_u (local.get $n)))
      (local.set $p (i64.and (i64.add (local.get $p) (i64.const 8)) (i64.const 0xffff)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (i64.load (i64.const 8))))"""
# Each load's address is the one before's value: nothing hides the masks' latency.
CHASE = """(module (memory i64 2) (func (export "run") (param $n i32) (result i64) (local $p i64) (local $i i64)
    (loop $f (i64.store (local.get $i) (i64.and (i64.add (local.get $i) (i64.const 4104)) (i64.const 0xfff8)))
      (br_if $f (i64.lt_u (local.tee $i (i64.add (local.get $i) (i64.const 8))) (i64.const 65536))))
    (loop $l (local.set $p (i64.load (local.get $p))) (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (local.get $p)))"""

#   row                            module   rounds
LOOPS = (
    ("call_indirect", CALLS, COUNT),
    ("64-bit memory, sum", SUM, 2 * COUNT),
    ("64-bit memory, fill", FILL, 2 * COUNT),
    ("64-bit memory, pointer chase", CHASE, COUNT // 2),
)
#   suffix of the row              settings
MEMORIES: tuple[tuple[str, dict[str, object]], ...] = (
    ("", {}),
    (", checked memory", {"memory_reservation": 0}),
)


def measure(options: Options) -> Iterator[Row]:
    """A row for each backend and loop; each kernel as it is and with every access checked; their geometric means."""
    for contender in options.ours:
        for name, text, count in LOOPS:
            if options.wants(name):
                yield _beside(contender, name, from_wat(text), count, options, {})
        for suffix, settings in MEMORIES:
            costs = []
            for kernel, argument in KERNELS:
                if options.wants(kernel + suffix):
                    try:
                        wasm = build_kernel(kernel)
                    except Unavailable as error:
                        yield skipped("spectre", f"{contender.name} {kernel}{suffix}", str(error))
                        continue
                    row = _beside(contender, kernel + suffix, wasm, argument, options, settings)
                    if row.cost is not None:
                        costs.append(row.cost)
                    yield row
            if costs:
                yield Row("spectre", f"{contender.name} geometric mean of {len(costs)} kernels{suffix}", cost=geometric_mean(costs))


def _beside(contender: Contender, name: str, wasm: bytes, argument: int, options: Options, settings: dict[str, object]) -> Row:
    on, off = (partial(_entry, contender, wasm, {**settings, "spectre_mitigation": masks}) for masks in (True, False))
    return raced("spectre", f"{contender.name} {name}", lambda: once(partial(on(), argument)), lambda: once(partial(off(), argument)), options.rounds)


def _entry(contender: Contender, wasm: bytes, settings: dict[str, object]) -> Callable[[int], Any]:
    engine = contender.engine(**settings)
    store = contender.api.Store(engine)
    instance = contender.api.Instance(store, contender.api.Module(engine, wasm), [])
    return partial(instance.exports(store)["run"], store)
