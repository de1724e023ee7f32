"""Expressions of random GC modules: a maker a way to come by a value of a type; it gives text, or nothing where the way is closed.

What may trap, a null, a cast, an index, mostly has a guarded form beside it, so that most calls come to an end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from random_gc_types import BOTTOMS, NUMBERS, PACKED, SUPERTYPES, TOPS, Heap, Type, name, show, unpacked

if TYPE_CHECKING:
    from random_gc_code import Function

Maker = Callable[["Function", Type, int], str | None]

OPERATIONS: dict[str, tuple[tuple[str, tuple[Type, ...]], ...]] = {
    "i32": (
        *((f"i32.{op}", ("i32", "i32")) for op in ("add", "sub", "mul", "xor", "and", "or", "rotl", "shr_u", "lt_s", "eq")),
        ("i32.wrap_i64", ("i64",)), ("i32.eqz", ("i32",)), ("i32.extend8_s", ("i32",)), ("i32.reinterpret_f32", ("f32",)),
    ),
    "i64": (
        *((f"i64.{op}", ("i64", "i64")) for op in ("add", "sub", "mul", "xor", "rotl")),
        ("i64.extend_i32_s", ("i32",)), ("i64.extend_i32_u", ("i32",)), ("i64.reinterpret_f64", ("f64",)), ("i64x2.extract_lane 1", ("v128",)),
    ),
    "f32": (("f32.reinterpret_i32", ("i32",)), ("f32.neg", ("f32",)), ("f32.convert_i32_s", ("i32",))),
    "f64": (("f64.reinterpret_i64", ("i64",)), ("f64.neg", ("f64",)), ("f64.convert_i32_u", ("i32",))),
    "v128": (("i64x2.splat", ("i64",)), ("i8x16.splat", ("i32",)), ("v128.xor", ("v128", "v128")), ("i32x4.add", ("v128", "v128"))),
}  # fmt: skip


# ---- constants
def minimal(f: Function, t: Type) -> str:
    """The smallest value, as a constant expression."""
    if not isinstance(t, tuple):
        return number(f, t)
    return f"(ref.null {name(t[1])})" if t[0] else least(f, t[1])


def number(f: Function, t: str) -> str:
    r = f.r
    if t == "v128":
        return f"(v128.const i64x2 {r.getrandbits(64)} {r.choice((0, 1, r.getrandbits(64)))})"
    if t in ("f32", "f64"):
        return f"({t}.const {r.choice(('0', '-0', '1', '-2.5', '1e10', 'inf', '0x1p-140'))})"
    if t == "i64":
        return f"(i64.const {r.choice((0, 1, -1, 0x7FFFFFFF, 1 << 62, r.getrandbits(63)))})"
    return f"(i32.const {r.choice((0, 1, 2, 3, 7, -1, 0x7FFFFFFF, -0x80000000, 0x55555554, r.getrandbits(31)))})"


def least(f: Function, heap: Heap) -> str:
    """The smallest value that is not null, as a constant expression."""
    types = f.world.types
    if heap in ("struct", "array"):
        heap = f.r.choice(types.subtypes(heap))
    if isinstance(heap, str):
        if heap == "func":
            return f"(ref.func {f.r.choice(f.world.functions)[0]})"
        i31 = f"(ref.i31 (i32.const {f.r.randrange(1000)}))"
        return f"(extern.convert_any {i31})" if heap == "extern" else i31
    d = types.defined[heap]
    if d.kind == "func":
        return f"(ref.func {f.r.choice([x for x, t in f.world.functions if types.below(t, heap)])})"
    if d.kind == "array":
        element = unpacked(d.fields[0][0])
        return f"(array.new_fixed $t{heap} 0)" if isinstance(element, tuple) and not element[0] else f"(array.new_fixed $t{heap} 2 {minimal(f, element)} {minimal(f, element)})"
    return f"(struct.new $t{heap} {' '.join(minimal(f, unpacked(t)) for t, _ in d.fields)})"


def constant(f: Function, t: Type, depth: int) -> str:
    """A constant expression of more than the smallest value, as far as the budget goes."""
    r, types = f.r, f.world.types
    f.budget -= 1
    known = [g for g, u, mutable in f.world.globals if not mutable and types.matches(u, t)]
    if known and r.random() < 0.4:
        return f"(global.get {r.choice(known)})"
    if depth <= 0 or f.budget <= 0 or not isinstance(t, tuple) or r.random() < 0.15:
        return minimal(f, t)
    choices = [k for k in types.subtypes(t[1]) if types.defined[k].kind != "func"]
    if not choices:
        return minimal(f, t) if t[0] or t[1] not in ("extern",) else f"(extern.convert_any {constant(f, (False, 'any'), depth)})"
    k = r.choice(choices)
    storages = [unpacked(u) for u, _ in types.defined[k].fields]
    if types.defined[k].kind == "struct":
        return f"(struct.new $t{k} {' '.join(constant(f, u, depth - 1) for u in storages)})"
    if r.random() < 0.5:
        return f"(array.new $t{k} {constant(f, storages[0], depth - 1)} (i32.const {r.randrange(6)}))"
    count = r.randrange(4)
    return f"(array.new_fixed $t{k} {count} {' '.join(constant(f, storages[0], depth - 1) for _ in range(count))})"


# ---- numbers
def operation(f: Function, t: Type, depth: int) -> str | None:
    assert isinstance(t, str)
    op, operands = f.r.choice(OPERATIONS[t])
    return f"({op} {' '.join(f.expression(o, depth - 1) for o in operands)})"


def query(f: Function, t: Type, depth: int) -> str | None:
    """What references say of themselves."""
    r = f.r
    if t != "i32":
        return None
    choice = r.randrange(6)
    if choice == 0:
        return f"(ref.is_null {f.expression((True, any_heap(f)), depth - 1)})"
    if choice == 1:
        return f"(ref.eq {f.expression((True, 'eq'), depth - 1)} {f.expression((True, 'eq'), depth - 1)})"
    if choice == 2:
        return f"(i31.get_{r.choice('su')} {operand(f, 'i31', depth - 1)})"
    if choice == 3:
        return f"(array.len {operand(f, 'array', depth - 1)})"
    heap = any_heap(f)
    source = (r.random() < 0.8, r.choice(f.world.types.above(heap)))
    if not source[0] and source[1] in BOTTOMS.values():
        return None
    return f"(ref.test (ref {r.choice(('', 'null '))}{name(heap)}) {f.expression(source, depth - 1)})"


def any_heap(f: Function) -> Heap:
    """Any heap type."""
    return f.r.randrange(len(f.world.types.defined)) if f.r.random() < 0.65 else f.r.choice(tuple(SUPERTYPES))


# ---- out of the heap, tables, functions
def field(f: Function, t: Type, depth: int) -> str | None:
    """struct.get or array.get"""
    found = [row for row in f.world.fields if f.world.types.matches(unpacked(row[2]), t)]
    if not found:
        return None
    k, at, storage, _ = f.r.choice(found)
    suffix = f.r.choice(("_s", "_u")) if storage in PACKED else ""
    if at >= 0:
        return f"(struct.get{suffix} $t{k} {at} {operand(f, k, depth - 1)})"
    array = f.temporary((True, k))
    return f"(array.get{suffix} $t{k} {not_empty(f, k, array, depth - 1)} {index(f, array, depth - 1)})"


def index(f: Function, array: str, depth: int) -> str:
    """An index into the array in a local; of an empty one there is none."""
    if f.r.random() < 0.004:
        return f.expression("i32", depth)
    length = f"(array.len (local.get {array}))"
    return f"(i32.rem_u {f.expression('i32', depth)} (i32.add {length} (i32.eqz {length})))"


def not_empty(f: Function, k: int, array: str, depth: int) -> str:
    """An array, kept in a local as well, that mostly has an element."""
    value = operand(f, k, depth)
    if f.r.random() < 0.02:
        return f"(local.tee {array} {value})"
    other = f"(array.new $t{k} {minimal(f, unpacked(f.world.types.defined[k].fields[0][0]))} (i32.const {f.r.choice((1, 3, 9))}))"
    kept = f"(ref.as_non_null (local.get {array}))"
    return f"(if (result (ref $t{k})) (array.len (local.tee {array} {value})) (then {kept}) (else (local.set {array} {other}) {kept}))"


def operand(f: Function, heap: Heap, depth: int) -> str:
    """A reference to work on, now and then null."""
    return f.expression((f.r.random() < 0.004, heap), depth)


def table_get(f: Function, t: Type, depth: int) -> str | None:
    found = [x for x, u in f.world.tables if f.world.types.matches(u, t)]
    return f"(table.get {f.r.choice(found)} {f.slot(depth - 1)})" if found else None


def call(f: Function, t: Type, depth: int) -> str | None:
    """call, call_ref, call_indirect"""
    r, types = f.r, f.world.types
    found = [(x, k) for x, k in f.world.functions if len(types.defined[k].results) == 1 and types.matches(types.defined[k].results[0], t)]
    if not found or f.calls > 4 or f.loops > 1:
        return None
    f.calls += 1
    callee, k = r.choice(found)
    d = types.defined[k]
    arguments = " ".join(f.expression(p, depth - 2) for p in d.params)
    how = r.random()
    if how < 0.4:
        return f"(call {callee} {arguments})"
    seen = r.choice([x for x in types.above(k) if isinstance(x, int) and types.defined[x].params == d.params and types.defined[x].results == d.results])
    if how < 0.7:
        return f"(call_ref $t{seen} {arguments} {f.expression((r.random() < 0.004, seen), depth - 1)})"
    place = f.world.function_index(callee) if r.random() < 0.99 else r.randrange(len(f.world.functions) + 1)
    return f"(call_indirect $functions (type $t{seen}) {arguments} (i32.const {place}))"


# ---- references
def new(f: Function, t: Type, depth: int) -> str | None:
    assert isinstance(t, tuple)
    return construct(f, t[1], depth)


def construct(f: Function, heap: Heap, depth: int) -> str | None:
    """A new value that is not null."""
    r, types = f.r, f.world.types
    if heap == "any" and r.random() < 0.15:
        return f"(any.convert_extern {f.expression((False, 'extern'), depth - 1)})"
    if heap == "extern":
        return f"(extern.convert_any {f.expression((False, 'any'), depth - 1)})"
    if heap == "exn":
        return caught(f, depth)
    if heap in BOTTOMS.values():
        return None
    if heap in ("any", "eq", "i31") and (heap == "i31" or r.random() < 0.25):
        return f"(ref.i31 {f.expression('i32', depth - 1)})"
    k = heap if isinstance(heap, int) and r.random() < 0.5 else r.choice(types.subtypes(heap))
    d = types.defined[k]
    if d.kind == "func":
        return least(f, k)
    if d.kind == "array":
        return new_array(f, k, depth)
    storages = [unpacked(u) for u, _ in d.fields]
    if r.random() < 0.15 and all(isinstance(u, str) or u[0] for u in storages):
        return f"(struct.new_default $t{k})"
    return f"(struct.new $t{k} {' '.join(f.expression(u, depth - (1 if len(storages) < 6 else 3)) for u in storages)})"


def new_array(f: Function, k: int, depth: int) -> str:
    """In one of the six ways."""
    r, world = f.r, f.world
    storage = world.types.defined[k].fields[0][0]
    element = unpacked(storage)
    elements = [x for x, u in world.elements if isinstance(storage, tuple) and world.types.matches(u, storage)]
    choice = r.random()
    if choice < 0.2 and isinstance(storage, str):
        return f"(array.new_data $t{k} $data{r.randrange(2)} {f.small(63, depth - 1)} {f.small(7, depth - 1, True)})"
    if choice < 0.2 and elements:
        return f"(array.new_elem $t{k} {r.choice(elements)} {f.small(3, depth - 1)} {f.small(1, depth - 1, True)})"
    if choice < 0.35 and (isinstance(element, str) or element[0]):
        return f"(array.new_default $t{k} {f.small(r.choice((3, 15, 63)), depth - 1, True)})"
    if choice < 0.6:
        count = r.randrange(5)
        return f"(array.new_fixed $t{k} {count} {' '.join(f.expression(element, depth - 2) for _ in range(count))})"
    length = f.small(r.choice((1, 7, 31)), depth - 1, True) if r.random() < 0.97 else f"(i32.const {r.choice((600, 5000))})"
    return f"(array.new $t{k} {f.expression(element, depth - 1)} {length})"


def caught(f: Function, depth: int) -> str:
    """The reference of an exception thrown here."""
    label = f.label()
    return f"(block {label} (result (ref exn)) (try_table (catch_all_ref {label}) {f.throw(depth - 1)}) (unreachable))"


def or_else(f: Function, t: Type, depth: int) -> str | None:
    """A reference that may be null, made one that is not."""
    assert isinstance(t, tuple)
    if t[0] or t[1] in BOTTOMS.values():
        return None
    value, choice, label = f.expression((True, t[1]), depth - 1), f.r.random(), f.label()
    if choice < 0.01:
        return f"(ref.as_non_null {value})"
    other = construct(f, t[1], 0)
    if choice < 0.6:
        return f"(block {label} (result {show(t)}) (br_on_non_null {label} {value}) {other})"
    return f"(block {label} (result {show(t)}) (block {label}n (br {label} (br_on_null {label}n {value}))) {other})"


def cast(f: Function, t: Type, depth: int) -> str | None:
    """From a supertype: one that may trap, or by a branch with something else to take."""
    assert isinstance(t, tuple)
    r, heap = f.r, t[1]
    if not t[0] and heap in BOTTOMS.values():
        return None
    source: Type = (r.random() < 0.7 or t[0], r.choice(f.world.types.above(heap)))
    if r.random() < 0.5:
        source = (source[0] is True, f.world.types.top(heap))
    made = construct(f, heap, depth - 1) if r.random() < 0.4 else None
    value, choice, label = made or f.expression(source, depth - 1), r.random(), f.label()
    if choice < (0.4 if made else 0.012):
        return f"(ref.cast {show(t)} (block (result {show(source)}) {value}))"
    other = f.leaf(t)
    if choice < 0.6:
        return f"(block {label} (result {show(t)}) (drop (br_on_cast {label} {show(source)} {show(t)} {value})) {other})"
    failed = f"(block {label}f (result {show(source)}) (br {label} (br_on_cast_fail {label}f {show(source)} {show(t)} {value})))"
    return f"(block {label} (result {show(t)}) (drop {failed}) {other})"


def convert(f: Function, t: Type, depth: int) -> str | None:
    """There, or there and back."""
    assert isinstance(t, tuple)
    if t[1] == "extern":
        return f"(extern.convert_any {f.expression((t[0], 'any'), depth - 1)})"
    return f"(any.convert_extern {f.expression((t[0], 'extern'), depth - 1)})" if t[1] == "any" else None


# ---- of any type
def tee(f: Function, t: Type, depth: int) -> str | None:
    found = [(x, u) for x, u in f.locals if f.world.types.matches(u, t)]
    if not found:
        return None
    local, u = f.r.choice(found)
    return f"(local.tee {local} {f.expression(u, depth - 1)})"


def select(f: Function, t: Type, depth: int) -> str | None:
    a, b, c = f.expression(t, depth - 1), f.expression(t, depth - 1), f.expression("i32", depth - 1)
    return f"(select (result {show(t)}) {a} {b} {c})"


def if_(f: Function, t: Type, depth: int) -> str | None:
    condition = f.condition(depth - 1)
    arms = [f"{f.statements(1, depth - 1)} {f.expression(t, depth - 1)}" for _ in range(2)]
    return f"(if (result {show(t)}) {condition} (then {arms[0]}) (else {arms[1]}))"


def block(f: Function, t: Type, depth: int) -> str | None:
    label = f.label()
    early = f"(drop (br_if {label} {f.expression(t, depth - 1)} {f.condition(depth - 1)}))" if f.r.random() < 0.6 else ""
    return f"(block {label} (result {show(t)}) {f.statements(2, depth - 1)} {early} {f.expression(t, depth - 1)})"


def try_(f: Function, t: Type, depth: int) -> str | None:
    """A try_table with up to four clauses; what they catch goes to locals, and an expression gives the value."""
    r, out = f.r, f.label()
    if f.tries >= 3:
        return None
    f.tries += 1
    clauses, opened, closed = [], "", ""
    for number in range(r.randint(1, 4)):
        label = f"{out}c{number}"
        kind = r.choice(("catch", "catch", "catch_ref", "catch_ref", "catch_all", "catch_all_ref"))
        tag, carried = r.choice(f.world.tags) if "all" not in kind else ("", [])
        values: list[Type] = [*carried, *([(False, "exn")] if "ref" in kind else [])]
        clauses.append(f"({kind} {tag} {label})")
        opened = f"block {label} {' '.join(f'(result {show(u)})' for u in values)} {opened}"
        places = [f.place(u) for u in values]
        after = " ".join(f"local.set {x}" for x in reversed(places))
        again = f"{f.condition(0)} if local.get {places[-1]} throw_ref end" if "ref" in kind and r.random() < 0.15 else ""
        closed += f"br {out} end {after} {again} {f.statements(1, depth - 2)} {f.expression(t, depth - 2)}\n"
    body = f"{f.statements(2, depth - 1)} {f.expression(t, depth - 1)}"
    f.tries -= 1
    return f"(block {out} (result {show(t)}) {opened} (try_table (result {show(t)}) {' '.join(clauses)} {body}) {closed})"


ANY_MAKERS: tuple[tuple[Maker, int], ...] = ((field, 12), (call, 8), (table_get, 4), (tee, 3), (select, 3), (if_, 3), (block, 3), (try_, 6))
NUMBER_MAKERS: tuple[tuple[Maker, int], ...] = (*ANY_MAKERS, (operation, 20), (query, 12))
REFERENCE_MAKERS: tuple[tuple[Maker, int], ...] = (*ANY_MAKERS, (new, 14), (or_else, 8), (cast, 14), (convert, 4))
assert set(OPERATIONS) == set(NUMBERS)
assert set(TOPS) == set(BOTTOMS)
