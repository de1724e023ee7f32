"""Random modules of GC, exceptions and tail calls: the same seed gives the same text, always valid, and every call ends.

`run1` .. (i64, i32, externref) -> i64 change globals, tables and objects and may trap or throw; `sum` is a checksum over all that is reachable. A count of
calls, set by `start`, ends recursion, and loops count down. Arithmetic of floats is left out: every value is defined to the bit.
"""

from __future__ import annotations

import random

import random_gc_values as values
import random_gc_walk as walk
from random_gc_code import Function, World, function_text
from random_gc_types import Defined, Heap, Type, Types, parameters, show

RUN_PARAMS: list[Type] = ["i64", "i32", (True, "extern")]
FUEL = 150  # calls of wasm inside one call from outside
RUNS = 3


def make(seed: int) -> str:
    """The module's text. It imports `host.number` (externref -> i32), `host.collect`."""
    r = random.Random(seed)
    types = Types(r)
    world = World(r, types)
    run = len(types.defined)
    types.groups.append(range(run, run + 1))
    types.defined.append(Defined("func", None, True, run + 1, [], RUN_PARAMS, ["i64"]))
    text = ["(module", *types.text()]
    name_functions(world, run)
    constants = Function(world, (), [], 0)  # for constant expressions, which have no locals
    text += ["(type $number (func (param externref) (result i32)))", "(type $collect (func))"]
    text += ['(import "host" "number" (func $number (type $number)))', '(import "host" "collect" (func $collect (type $collect)))']
    text += tags(world, run)
    late = [*globals_(world, constants), *tables(world, constants), *elements(world, constants)]
    text += [*late, *(f'(data $data{k} "{"".join(f"{chr(92)}{r.randrange(256):02x}" for _ in range(180))}")' for k in range(2))]
    for index, (function, k) in enumerate(world.functions):
        text.append(body(world, function, k, len(world.functions) - index if k == run else 0))
    text += [*walk.functions(world), walk.whole(world), churn(world)]
    text.append('(func (export "start") (param $choice i64) (param $churning i32) (global.set $choice (local.get $choice))')
    text.append(f"(global.set $churning (local.get $churning)) (global.set $fuel (i32.const {FUEL})))")
    return "\n".join([*text, ")"])


def name_functions(world: World, run: int) -> None:
    """One of every type, and those that are called from outside."""
    for k in world.types.of_kind("func"):
        for _ in range(RUNS if k == run else world.r.choice((1, 1, 2))):
            world.functions.append((f"$f{len(world.functions)}", k))


def tags(world: World, run: int) -> list[str]:
    r = world.r
    for k in range(r.randint(2, 5)):
        world.tags.append((f"$tag{k}", [world.types.value(run) for _ in range(r.choice((0, 1, 1, 2, 3, 6)))]))
    return [f"(tag {x} {parameters(carried, [])})" for x, carried in world.tags]


def globals_(world: World, constants: Function) -> list[str]:
    r, text = world.r, ["(global $fuel (mut i32) (i32.const 0))", "(global $steps (mut i32) (i32.const 0))", "(global $choice (mut i64) (i64.const 0))",
                        "(global $seen (mut i32) (i32.const 0))", "(global $churning (mut i32) (i32.const 0))"]  # fmt: skip
    rows: list[Type] = [(True, "any"), (True, "exn"), (True, "extern"), (True, "func"), "i64", "v128"]
    rows += [world.types.value(len(world.types.defined)) for _ in range(r.randint(4, 9))]
    for t in rows:
        mutable = t == (True, "exn") or r.random() < 0.7
        g = f"$g{len(world.globals)}"
        value = constant(constants, t, 15)
        text.append(f"(global {g} {f'(mut {show(t)})' if mutable else show(t)} {value})")
        world.globals.append((g, t, mutable))
    return text


def tables(world: World, constants: Function) -> list[str]:
    r, types = world.r, world.types
    text = [f"(table $functions funcref (elem {' '.join(x for x, _ in world.functions)}))"]
    rows: list[Type] = [(True, "any"), (True, "exn"), (True, "extern"), (True, "func")]
    for _ in range(r.randint(1, 3)):
        heaps: list[Heap] = [*types.of_kind("struct"), *types.of_kind("array"), "eq", "i31", "struct"]
        heap = r.choice(heaps)
        rows.append((r.random() < 0.7 or not types.may_be_required(heap, len(types.defined)), heap))
    for k, t in enumerate(rows):
        first = values.minimal(constants, t)
        text.append(f"(table $table{k} {r.choice((8, 9, 40))} {show(t)} {first})")
        world.tables.append((f"$table{k}", t))
    return text


def elements(world: World, constants: Function) -> list[str]:
    """Passive segments, and active ones for the tables."""
    r, types, text = world.r, world.types, []
    rows: list[Type] = [(True, "any"), (True, "func"), *(u for _, u in world.tables[4:])]
    rows += [(True, k) for k in types.of_kind("struct")[:2] + types.of_kind("array")[:1]]
    for k, t in enumerate(rows):
        items = " ".join(f"(item {constant(constants, t, 4)})" for _ in range(r.randint(4, 6)))
        text.append(f"(elem $elem{k} {show(t)} {items})")
        world.elements.append((f"$elem{k}", t))
    for x, t in world.tables:
        if t != (True, "exn") and r.random() < 0.5:
            items = " ".join(f"(item {constant(constants, t, 4)})" for _ in range(r.randint(1, 4)))
            text.append(f"(elem (table {x}) (i32.const {r.randrange(4)}) {show(t)} {items})")
    return text


def constant(f: Function, t: Type, budget: int) -> str:
    """A constant expression of so many parts."""
    f.budget = budget
    return values.constant(f, t, 3)


def body(world: World, function: str, k: int, outside: int) -> str:
    """A function; those called from outside, as `run1` .., do more, and catch most of what they throw."""
    d = world.types.defined[k]
    r = world.r
    f = Function(world, [(f"$p{n}", t) for n, t in enumerate(d.params)], d.results, 0)
    code = ""
    for _ in range(r.randint(2, 6) if outside else 1):
        f.budget = r.choice((10, 30, 60))
        if outside and r.random() < 0.8:
            f.tries += 1
            label = f.label()
            code += f"(block {label} (try_table (catch_all {label}) {f.statements(6, 4)}))\n"
            f.tries -= 1
        else:
            code += f.statements(5, 4)
    f.budget = 20
    results = "\n".join(f.expression(t, 3) for t in d.results)
    if outside:
        seen = " ".join(f"(i64.add (i64.rotl {walk.number_of(world, t, f'(local.get {x})', '(i32.const 3)')} (i64.const {n % 64})))" for n, (x, t) in enumerate(f.locals))
        results = f"{results} (global.set $steps (i32.const {walk.STEPS})) {seen}"
    return function_text(f, f'(export "run{outside}")' if outside else "", function, k, f"{code}{results}")


def churn(world: World) -> str:
    """Garbage, once in a call from outside: `$churning` small objects of a type, of which every seventh lives until seven others have come."""
    f = Function(world, (), [], 0)
    structs = world.types.of_kind("struct")[-3:]
    kept = "\n".join(f"(if (i32.eqz (i32.rem_u (local.get $count) (i32.const 7))) (then (local.set $x {values.least(f, k)})) (else (drop {values.least(f, k)})))" for k in structs)
    return f"""(func $churn (local $count i32) (local $x anyref)
      (local.set $count (global.get $churning)) (global.set $churning (i32.const 0))
      (block $done (loop $l (br_if $done (i32.le_s (local.get $count) (i32.const 0)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        {kept}
        (br $l)))
      (global.set $seen (i32.add (global.get $seen) (i32.wrap_i64 (call $walk (local.get $x) (i32.const 2))))))"""
