"""Random graphs of objects that change and die, beside a model of them in Python, through both compilers."""

from __future__ import annotations

import gc
import random
from typing import Any

import pytest

from gc_world import World
from gc_world import strategy as strategy

GRAPH = """(module
  (rec (type $n (sub (struct (field $id i32) (field $a (mut (ref null $n))) (field $b (mut (ref null $n))) (field $more (mut (ref null $ns))))))
  (type $big (sub final $n (struct (field i32) (field (mut (ref null $n))) (field (mut (ref null $n))) (field (mut (ref null $ns))) FIELDS)))
  (type $ns (array (mut (ref null $n)))))
  (table $t 16 (ref null $n))
  (func (export "new") (param $at i32) (param $id i32) (table.set $t (local.get $at) (struct.new $n (local.get $id) (ref.null $n) (ref.null $n) (ref.null $ns))))
  (func (export "big") (param $at i32) (param $id i32)
    (table.set $t (local.get $at) (struct.new $big (local.get $id) (ref.null $n) (ref.null $n) (ref.null $ns) VALUES)))
  (func (export "array") (param $at i32) (param $length i32)
    (struct.set $n $more (table.get $t (local.get $at)) (array.new_default $ns (local.get $length))))
  (func (export "put") (param $at i32) (param $k i32) (param $from i32)
    (array.set $ns (struct.get $n $more (table.get $t (local.get $at))) (local.get $k) (table.get $t (local.get $from))))
  (func (export "a") (param $at i32) (param $from i32) (struct.set $n $a (table.get $t (local.get $at)) (table.get $t (local.get $from))))
  (func (export "b") (param $at i32) (param $from i32) (struct.set $n $b (table.get $t (local.get $at)) (table.get $t (local.get $from))))
  (func (export "move") (param $at i32) (param $from i32) (table.set $t (local.get $at) (table.get $t (local.get $from))))
  (func (export "last") (param $at i32)
    (struct.set $big 63 (ref.cast (ref $big) (table.get $t (local.get $at))) (table.get $t (local.get $at))))
  (func (export "get") (param $at i32) (result (ref null $n)) (table.get $t (local.get $at))))"""
# Longer than a word of references in its descriptor can say.
WIDE = GRAPH.replace("FIELDS", "(field (mut i64))" * 58 + "(field i32)" + "(field (mut (ref null $n)))").replace(
    "VALUES", "(i64.const -7)" * 58 + "(i32.const 5)" + "(ref.null $n)"
)


class Model:
    """A node as the test sees it."""

    def __init__(self, number: int, wide: bool) -> None:
        self.number, self.wide = number, wide
        self.a: Model | None = None
        self.b: Model | None = None
        self.last: Model | None = None
        self.more: list[Model | None] | None = None


def step(world: World, table: list[Model | None], rng: random.Random, number: int) -> None:
    at, source = rng.randrange(16), rng.randrange(16)
    node, other = table[at], table[source]
    what = rng.randrange(8)
    if node is None or what < 2:
        wide = rng.random() < 0.2
        world.call("big" if wide else "new", at, number)
        table[at] = Model(number, wide)
    elif what == 2:
        node.more = [None] * rng.choice((0, 1, 5, 40, 600))
        world.call("array", at, len(node.more))
    elif what == 3 and node.more:
        k = rng.randrange(len(node.more))
        node.more[k] = other
        world.call("put", at, k, source)
    elif what == 4:
        node.a = other
        world.call("a", at, source)
    elif what == 5:
        node.b = other
        world.call("b", at, source)
    elif what == 6:
        table[at] = other
        world.call("move", at, source)
    elif node.wide:
        node.last = node
        world.call("last", at)


def compare(world: World, table: list[Model | None]) -> int:
    """Both sides have the same graph; -> how many nodes and arrays."""
    seen: dict[Any, Model] = {}
    waiting = [(world.call("get", k), node) for k, node in enumerate(table)]
    arrays = 0
    while waiting:
        ours, node = waiting.pop()
        assert (ours is None) == (node is None)
        if node is None:
            continue
        if ours in seen:
            assert seen[ours] is node
            continue
        seen[ours] = node
        assert ours[0] == node.number
        waiting += [(ours[1], node.a), (ours[2], node.b)]
        if node.wide:
            assert (ours[4], ours[61], ours[62]) == (-7, -7, 5)
            waiting.append((ours[63], node.last))
        assert (ours[3] is None) == (node.more is None)
        if node.more is not None:
            arrays += 1
            waiting += zip(ours[3], node.more, strict=True)
    return len(seen) + arrays


@pytest.mark.parametrize("stress", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_random_graphs(strategy: str, seed: int, stress: bool) -> None:
    world = World(strategy, WIDE, gc_stress=stress)
    rng = random.Random(seed)
    table: list[Model | None] = [None] * 16
    for number in range(1200):
        step(world, table, rng, number)
        if number % 150 == 0:
            world.store.gc()
        if number % 300 == 299:
            size = compare(world, table)
            gc.collect()
            assert world.live() == size
