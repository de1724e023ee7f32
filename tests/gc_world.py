"""A program that makes lists and garbage, in a store of its own, for either compiler."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

import wasm_facade as w

STRATEGIES = ("native", "llvm")
MIB = 1 << 20
# Lists: `build` prepends n nodes to the one in $head, `churn` makes garbage, `sum` adds up and counts.
LISTS = """(module
  (type $node (struct (field $value (mut i32)) (field $next (mut (ref null $node)))))
  (type $bytes (array (mut i8))) (type $longs (array (mut i64)))
  (global $head (export "head") (mut (ref null $node)) (ref.null $node))
  (global $junk (mut anyref) (ref.null any))
  (func (export "drop") (global.set $head (ref.null $node)))
  (func (export "build") (param $n i32)
    (loop $l
      (global.set $head (struct.new $node (local.get $n) (global.get $head)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  (func (export "scatter") (param $n i32) (param $each i32) (local $k i32)
    (loop $l
      (local.set $k (i32.const 1))
      (loop $m
        (global.set $junk (struct.new $node (local.get $n) (ref.null $node)))
        (br_if $m (i32.lt_u (local.tee $k (i32.add (local.get $k) (i32.const 1))) (local.get $each))))
      (global.set $head (struct.new $node (local.get $n) (global.get $head)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (global.set $junk (ref.null any)))
  (func (export "churn") (param $n i32)
    (loop $l
      (global.set $junk (struct.new $node (local.get $n) (ref.null $node)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (global.set $junk (ref.null any)))
  (func (export "sum") (result i64 i32) (local $at (ref null $node)) (local $sum i64) (local $count i32)
    (local.set $at (global.get $head))
    (block $out (loop $l
      (br_if $out (ref.is_null (local.get $at)))
      (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (struct.get $node $value (local.get $at)))))
      (local.set $count (i32.add (local.get $count) (i32.const 1)))
      (local.set $at (struct.get $node $next (local.get $at)))
      (br $l)))
    (local.get $sum) (local.get $count))
  (func (export "dirty bytes") (param $length i32) (param $n i32)
    (loop $l
      (global.set $junk (array.new $bytes (i32.const 255) (local.get $length)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (global.set $junk (ref.null any)))
  (func (export "zeros") (param $length i32) (result i64) (local $a (ref null $longs)) (local $sum i64)
    (local.set $a (array.new_default $longs (local.get $length)))
    (loop $l
      (local.set $sum (i64.or (local.get $sum) (array.get $longs (local.get $a) (local.tee $length (i32.sub (local.get $length) (i32.const 1))))))
      (br_if $l (local.get $length)))
    (local.get $sum))
  (func (export "default nodes") (param $n i32) (result i32) (local $x (ref null $node)) (local $bad i32)
    (loop $l
      (local.set $x (struct.new_default $node))
      (local.set $bad (i32.or (local.get $bad) (i32.or (struct.get $node $value (local.get $x)) (i32.eqz (ref.is_null (struct.get $node $next (local.get $x)))))))
      (struct.set $node $value (local.get $x) (i32.const -1))
      (struct.set $node $next (local.get $x) (local.get $x))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $bad))
  (func (export "forever") (loop $l
    (global.set $junk (struct.new $node (i32.const -1) (ref.null $node)))
    (global.set $junk (array.new $bytes (i32.const 255) (i32.const 20)))
    (br $l))))"""


def engine_of(strategy: str, **settings: Any) -> w.Engine:
    config = w.Config()
    config.strategy, config.cache = strategy, False
    for name, value in settings.items():
        setattr(config, name, value)
    return w.Engine(config)


class World:
    """An instance in a store of its own; `call(name, ...)`."""

    def __init__(self, strategy: str, wat: str = LISTS, imports: Sequence[Callable[[w.Store, Any], Any]] = (), **settings: Any) -> None:
        self.store = w.Store(engine_of(strategy, **settings))
        module = w.Module(self.store.engine, wat)
        given = [make(self.store, row.type) for make, row in zip(imports, module.imports, strict=True)]
        self.exports: Any = w.Instance(self.store, module, given).exports(self.store)

    def call(self, name: str, *arguments: Any, **keywords: Any) -> Any:
        return self.exports[name](self.store, *arguments, **keywords)

    def live(self) -> int:
        self.store.gc()
        return int(self.store.gc_stats()["live_objects"])


@pytest.fixture(params=STRATEGIES)
def strategy(request: pytest.FixtureRequest) -> str:
    return str(request.param)
