"""Checksums over everything that a random GC module's roots reach, as functions of that module; depth and number of objects are bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from random_gc_types import PACKED, Type, show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from random_gc_code import World

DEPTH = 5
STEPS = 1000  # objects of one walk
AS_I64 = {
    "i32": "(i64.extend_i32_u {})", "i64": "{}", "f32": "(i64.extend_i32_u (i32.reinterpret_f32 {}))", "f64": "(i64.reinterpret_f64 {})",
    "v128": "(call $mix_v128 {})", "i8": "(i64.extend_i32_u {})", "i16": "(i64.extend_i32_u {})",
}  # fmt: skip
WALKS = {"any": "(call $walk {} {d})", "extern": "(call $walk (any.convert_extern {}) {d})", "func": "(call $walk_func {})", "exn": "(call $walk_exn {} {d})"}
HEAD = """(func $mix_v128 (param $v v128) (result i64)
  (i64.xor (i64x2.extract_lane 0 (local.get $v)) (i64.rotl (i64x2.extract_lane 1 (local.get $v)) (i64.const 7))))"""
DOWN = "(i32.sub (local.get $d) (i32.const 1))"
MIX = "(local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) {}))"


def number_of(world: World, t: Type, text: str, depth: str = DOWN) -> str:
    """An i64 out of a value."""
    return AS_I64[t].format(text) if isinstance(t, str) else WALKS[world.types.top(t[1])].format(text, d=depth)


def functions(world: World) -> Iterator[str]:
    """$walk (param anyref i32) (result i64), one of its kind for each defined type, $walk_func, $walk_exn."""
    yield HEAD
    objects = [k for k, d in enumerate(world.types.defined) if d.kind != "func"]
    for k in objects:
        yield walk_one(world, k)
    tests = "\n".join(f"(if (ref.test (ref $t{k}) (local.get $x)) (then (return (call $walk{k} (ref.cast (ref $t{k}) (local.get $x)) (local.get $d)))))" for k in reversed(objects))
    yield f"""(func $walk (param $x anyref) (param $d i32) (result i64)
      (if (ref.is_null (local.get $x)) (then (return (i64.const 3))))
      (if (i32.or (i32.le_s (local.get $d) (i32.const 0)) (i32.le_s (global.get $steps) (i32.const 0)))
        (then (return (i64.extend_i32_u (i32.add (i32.mul (ref.test (ref struct) (local.get $x)) (i32.const 5)) (ref.test (ref array) (local.get $x)))))))
      (global.set $steps (i32.sub (global.get $steps) (i32.const 1)))
      (if (ref.test (ref i31) (local.get $x)) (then (return (i64.extend_i32_s (i31.get_s (ref.cast (ref i31) (local.get $x)))))))
      (if (i32.eqz (ref.test (ref eq) (local.get $x))) (then (return (i64.extend_i32_u (call $number (extern.convert_any (local.get $x)))))))
      {tests}
      (unreachable))"""
    bits = " ".join(
        f"(local.set $h (i32.add (i32.shl (local.get $h) (i32.const 1)) (ref.test (ref $t{k}) (local.get $x))))" for k in world.types.of_kind("func")
    )
    yield f"(func $walk_func (param $x funcref) (result i64) (local $h i32) {bits} (i64.extend_i32_u (i32.add (local.get $h) (ref.is_null (local.get $x)))))"
    yield walk_exception(world)


def walk_one(world: World, k: int) -> str:
    """All fields, or the first elements and the last."""
    d = world.types.defined[k]
    if d.kind == "struct":
        reads = " ".join(
            MIX.format(number_of(world, t, f"(struct.get{'_s' if t in PACKED else ''} $t{k} {at} (local.get $x))")) for at, (t, _) in enumerate(d.fields)
        )
        return f"(func $walk{k} (param $x (ref $t{k})) (param $d i32) (result i64) (local $h i64) (local.set $h (i64.const {k + 100})) {reads} (local.get $h))"
    t = d.fields[0][0]
    read = number_of(world, t, f"(array.get{'_u' if t in PACKED else ''} $t{k} (local.get $x) (local.get $i))")
    return f"""(func $walk{k} (param $x (ref $t{k})) (param $d i32) (result i64) (local $h i64) (local $i i32) (local $n i32)
      (local.set $n (array.len (local.get $x))) (local.set $h (i64.extend_i32_u (local.get $n)))
      (block $done (loop $l
        (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
        {MIX.format(read)}
        (local.set $i (i32.add (local.get $i) (select (i32.const 1) (i32.sub (local.get $n) (i32.const 1)) (i32.or (i32.ne (local.get $i) (i32.const 6)) (i32.lt_u (local.get $n) (i32.const 9))))))
        (br_if $done (i32.and (i32.eq (local.get $i) (i32.add (local.get $n) (i32.const 5))) (i32.gt_u (local.get $n) (i32.const 8))))
        (br $l)))
      (local.get $h))"""


def walk_exception(world: World) -> str:
    """Thrown again, to see what it carries."""
    opened, closed, clauses, locals_ = "", "", "", ""
    for number, (tag, carried) in enumerate(world.tags):
        clauses += f"(catch {tag} $c{number}) "
        opened = f"block $c{number} {' '.join(f'(result {show(t)})' for t in carried)} {opened}"
        names = [f"$x{number}_{k}" for k in range(len(carried))]
        locals_ += " ".join(f"(local {x} {show((True, t[1]) if isinstance(t, tuple) else t)})" for x, t in zip(names, carried, strict=True))
        sets = " ".join(f"local.set {x}" for x in reversed(names))
        mixes = " ".join(MIX.format(number_of(world, t, f"(local.get {x})")) for x, t in zip(names, carried, strict=True))
        closed += f"unreachable end {sets} (local.set $h (i64.const {number})) {mixes} (return (local.get $h))\n"
    return f"""(func $walk_exn (param $x exnref) (param $d i32) (result i64) (local $h i64) {locals_}
      (if (ref.is_null (local.get $x)) (then (return (i64.const 5))))
      (if (i32.le_s (local.get $d) (i32.const 0)) (then (return (i64.const 6))))
      {opened} (try_table {clauses} (throw_ref (local.get $x))) {closed} unreachable)"""


def whole(world: World) -> str:
    """`sum`: over globals and the first entries of tables."""
    depth = f"(i32.const {DEPTH})"
    mixes = [MIX.format(number_of(world, t, f"(global.get {g})", depth)) for g, t, _ in world.globals]
    for x, t in world.tables:
        mixes += [MIX.format(number_of(world, t, f"(table.get {x} (i32.const {k}))", depth)) for k in range(8)]
        mixes.append(MIX.format(f"(i64.extend_i32_u (table.size {x}))"))
    return f'(func (export "sum") (result i64) (local $h i64) (global.set $steps (i32.const {STEPS})) {" ".join(mixes)} (local.get $h))'
