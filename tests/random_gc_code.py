"""Functions of random GC modules: what they know, and the statements that change locals, globals, tables and objects."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

import random_gc_values as values
from random_gc_types import Heap, Type, Types, show, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterable

Statement = Callable[["Function", int], str | None]


class World:
    """What a module has: rows of names and types."""

    def __init__(self, r: random.Random, types: Types) -> None:
        self.r = r
        self.types = types
        self.functions: list[tuple[str, int]] = []  # name, type
        self.tags: list[tuple[str, list[Type]]] = []
        self.globals: list[tuple[str, Type, bool]] = []  # name, type, mutable
        self.tables: list[tuple[str, Type]] = []
        self.elements: list[tuple[str, Type]] = []  # passive segments
        self.fields = [(k, at if d.kind == "struct" else -1, t, mutable) for k, d in enumerate(types.defined) for at, (t, mutable) in enumerate(d.fields)]

    def function_index(self, function: str) -> int:
        return [x for x, _ in self.functions].index(function)


class Function:
    """A function being made. `locals`: those that may be chosen by chance, parameters among them."""

    def __init__(self, world: World, params: Iterable[tuple[str, Type]], results: list[Type], budget: int) -> None:
        self.world = world
        self.r = world.r
        self.results = results
        self.locals = list(params)
        self.declared: list[tuple[str, Type]] = []
        self.start = ""
        self.budget = budget
        self.labels = 0
        self.bit = 0
        self.calls = self.loops = self.tries = 0

    # ---- names
    def label(self) -> str:
        self.labels += 1
        return f"$l{self.labels}"

    def declare(self, t: Type) -> str:
        """A new local; one that may not be null begins with a value."""
        local = f"$v{len(self.declared)}"
        self.declared.append((local, t))
        if isinstance(t, tuple) and not t[0]:
            self.start += f"(local.set {local} {values.least(self, t[1])})\n"
        return local

    def temporary(self, t: Type) -> str:
        """A local that nothing else uses."""
        return self.declare(t)

    def some_local(self) -> tuple[str, Type]:
        if not self.locals or (len(self.locals) < 14 and self.r.random() < 0.3):
            t = self.world.types.value(len(self.world.types.defined))
            self.locals.append((self.declare(t), t))
            return self.locals[-1]
        return self.r.choice(self.locals)

    def place(self, t: Type) -> str:
        """A local that takes a value of this type."""
        found = [x for x, u in self.locals if self.world.types.matches(t, u)]
        if found and self.r.random() < 0.7:
            return self.r.choice(found)
        u = (True, t[1]) if isinstance(t, tuple) else t
        self.locals.append((self.declare(u), u))
        return self.locals[-1][0]

    # ---- expressions
    def expression(self, t: Type, depth: int) -> str:
        """Text that pushes one value."""
        self.budget -= 1
        if depth <= 0 or self.budget <= 0 or self.r.random() < 0.15:
            return self.leaf(t)
        makers = values.NUMBER_MAKERS if isinstance(t, str) else values.REFERENCE_MAKERS
        for maker in self.r.choices([m for m, _ in makers], [weight for _, weight in makers], k=4):
            text = maker(self, t, depth)
            if text is not None:
                return text
        return self.leaf(t)

    def leaf(self, t: Type) -> str:
        """A local, a global or the smallest value."""
        found = [f"(local.get {x})" for x, u in self.locals if self.world.types.matches(u, t)]
        found += [f"(global.get {g})" for g, u, _ in self.world.globals if self.world.types.matches(u, t)]
        if t == "i64" and self.r.random() < 0.5:
            return f"(i64.rotl (global.get $choice) (i64.const {self.r.randrange(64)}))"
        if t == "i32" and self.r.random() < 0.3:
            return f"(i32.wrap_i64 (i64.rotl (global.get $choice) (i64.const {self.r.randrange(64)})))"
        if found and self.r.random() < 0.8:
            return self.r.choice(found)
        if isinstance(t, tuple) and not t[0] and (text := self.reachable(t)):
            return text
        if isinstance(t, tuple) and not t[0] and t[1] in ("exn", "any", "eq"):
            return values.construct(self, t[1], 0) or "(unreachable)"
        return values.minimal(self, t)

    def reachable(self, t: tuple[bool, Heap]) -> str | None:
        """A reference that is not null out of a place that may hold one."""
        nullable = (True, t[1])
        found = [f"(local.get {x})" for x, u in self.locals if self.world.types.matches(u, nullable)]
        found += [f"(global.get {g})" for g, u, _ in self.world.globals if self.world.types.matches(u, nullable)]
        found += [f"(table.get {x} (i32.const {self.r.randrange(8)}))" for x, u in self.world.tables if self.world.types.matches(u, nullable)]
        if not found or t[1] == "exn":
            return None
        label = self.label()
        return f"(block {label} (result {show(t)}) (br_on_non_null {label} {self.r.choice(found)}) {values.least(self, t[1])})"

    def small(self, mask: int, depth: int, always: bool = False) -> str:
        """An i32 that is mostly between 0 and the mask; `always`: where what is too much differs from runtime to runtime."""
        value = self.expression("i32", depth)
        return value if not always and self.r.random() < 0.003 else f"(i32.and {value} (i32.const {mask}))"

    def slot(self, depth: int) -> str:
        """An index into a table: all have 8 entries or more."""
        return self.small(7, depth)

    def condition(self, depth: int) -> str:
        """An i32, mostly a bit of the argument."""
        if depth > 0 and self.r.random() < 0.3:
            return self.expression("i32", depth)
        self.bit = (self.bit + self.r.choice((1, 1, 1, 3))) % 61
        return f"(i32.wrap_i64 (i64.and (i64.shr_u (global.get $choice) (i64.const {self.bit})) (i64.const 1)))"

    def throw(self, depth: int) -> str:
        tag, carried = self.r.choice(self.world.tags)
        return f"(throw {tag} {' '.join(self.expression(t, depth) for t in carried)})"

    # ---- statements
    def statements(self, most: int, depth: int) -> str:
        return " ".join(self.statement(depth) for _ in range(self.r.randint(0, most)))

    def statement(self, depth: int) -> str:
        self.budget -= 1
        if depth <= 0 or self.budget <= 0:
            return ""
        for maker in self.r.choices([m for m, _ in STATEMENTS], [weight for _, weight in STATEMENTS], k=4):
            text = maker(self, depth)
            if text is not None:
                return text + "\n"
        return ""


# ---- the statements
def set_local(f: Function, depth: int) -> str | None:
    local, t = f.some_local()
    return f"(local.set {local} {f.expression(t, depth)})"


def set_global(f: Function, depth: int) -> str | None:
    g, t, _ = f.r.choice([row for row in f.world.globals if row[2]])
    return f"(global.set {g} {f.expression(t, depth)})"


def set_field(f: Function, depth: int) -> str | None:
    found = [row for row in f.world.fields if row[3]]
    if not found:
        return None
    k, at, storage, _ = f.r.choice(found)
    if at >= 0:
        return f"(struct.set $t{k} {at} {values.operand(f, k, depth)} {f.expression(unpacked(storage), depth)})"
    array = f.temporary((True, k))
    return f"(array.set $t{k} {values.not_empty(f, k, array, depth)} {values.index(f, array, depth - 1)} {f.expression(unpacked(storage), depth)})"


def bulk(f: Function, depth: int) -> str | None:
    """array.fill, copy, init_data, init_elem: at the start of a target of 8 elements or more, mostly."""
    types = f.world.types
    found = [k for k, at, _, mutable in f.world.fields if at < 0 and mutable]
    if not found:
        return None
    k = f.r.choice(found)
    storage = types.defined[k].fields[0][0]
    target = f.temporary((True, k))
    fill = f.expression(unpacked(storage), depth - 1)
    old = f"(local.tee {target} {values.operand(f, k, depth)})"
    fresh = f"(local.set {target} (array.new $t{k} {fill} (i32.const {f.r.choice((8, 20, 400))})))"
    make = f"(if (i32.lt_u (array.len {old}) (i32.const 8)) (then {fresh}))"
    at, count = f.small(3, depth - 1), f.small(3, depth - 1)
    start = f"{make} (local.get {target}) {at}"
    choice = f.r.randrange(3)
    if choice == 0:
        return f"{start} {f.expression(unpacked(storage), depth - 1)} {count} array.fill $t{k}"
    if choice == 1:
        sources = [x for x in types.of_kind("array") if types.matches(types.defined[x].fields[0][0], storage)]
        source = f.r.choice(sources)
        other = f"(array.new $t{source} {f.expression(unpacked(types.defined[source].fields[0][0]), depth - 1)} (i32.const 8))"
        return f"{start} {other if source != k or f.r.random() < 0.3 else f'(local.get {target})'} {f.small(3, 0)} {count} array.copy $t{k} $t{source}"
    if isinstance(storage, str):
        return f"{start} {f.small(31, depth - 1)} {count} array.init_data $t{k} $data{f.r.randrange(2)}"
    segments = [x for x, u in f.world.elements if types.matches(u, storage)]
    return f"{start} {f.small(1, 0)} {f.small(1, 0)} array.init_elem $t{k} {f.r.choice(segments)}" if segments else None


def table(f: Function, depth: int) -> str | None:
    """table.set, fill, grow, copy, init"""
    x, t = f.r.choice(f.world.tables)
    choice = f.r.randrange(8)
    if choice < 4:
        return f"(table.set {x} {f.slot(depth - 1)} {f.expression(t, depth)})"
    if choice == 4:
        return f"(table.fill {x} {f.small(3, 0)} {f.expression(t, depth)} {f.small(3, 0)})"
    if choice == 5:
        return f"(drop (table.grow {x} {f.expression(t, depth)} {f.small(1, 0, True)}))"
    if choice == 6:
        others = [y for y, u in f.world.tables if f.world.types.matches(u, t)]
        return f"(table.copy {x} {f.r.choice(others)} {f.small(3, 0)} {f.small(3, 0)} {f.small(3, 0)})"
    segments = [y for y, u in f.world.elements if f.world.types.matches(u, t)]
    return f"(table.init {x} {f.r.choice(segments)} {f.small(3, 0)} {f.small(1, 0)} {f.small(1, 0)})" if segments else None


def drop_(f: Function, depth: int) -> str | None:
    if f.r.random() < 0.02:
        segments = ["data.drop $data1", *(f"elem.drop {x}" for x, _ in f.world.elements)]
        return f"({f.r.choice(segments)})"
    return f"(drop {f.expression(f.world.types.value(len(f.world.types.defined)), depth)})"


def loop(f: Function, depth: int) -> str | None:
    if f.loops >= 2:
        return None
    f.loops += 1
    counter, label = f.temporary("i32"), f.label()
    body = f.statements(3, depth - 1)
    f.loops -= 1
    again = f"(br_if {label} (local.tee {counter} (i32.sub (local.get {counter}) (i32.const 1))))"
    return f"(local.set {counter} (i32.const {f.r.randint(2, 5)})) (loop {label} {body} {again})"


def branch(f: Function, depth: int) -> str | None:
    return f"(if {f.condition(depth - 1)} (then {f.statements(2, depth - 1)}) (else {f.statements(2, depth - 1)}))"


def throw_if(f: Function, depth: int) -> str | None:
    if f.tries == 0 and f.r.random() < 0.7:
        return None
    exceptions = [x for x, t in f.locals if isinstance(t, tuple) and t[1] == "exn"]
    if exceptions and f.r.random() < 0.5:
        x = f.r.choice(exceptions)
        return f"(if (i32.and {f.condition(0)} (i32.eqz (ref.is_null (local.get {x})))) (then (throw_ref (local.get {x}))))"
    return f"(if {f.condition(depth - 1)} (then {f.throw(depth - 1)}))"


def leave_if(f: Function, depth: int) -> str | None:
    """A return, or a tail call of a function with fitting results."""
    types = f.world.types
    found = [(x, k) for x, k in f.world.functions if fits(types, types.defined[k].results, f.results)]
    if found and f.calls <= 4 and f.r.random() < 0.6:
        f.calls += 1
        callee, k = f.r.choice(found)
        arguments = " ".join(f.expression(t, depth - 2) for t in types.defined[k].params)
        how = f.r.randrange(3)
        if how == 0:
            leave = f"(return_call {callee} {arguments})"
        elif how == 1:
            leave = f"(return_call_ref $t{k} {arguments} {f.expression((False, k), depth - 1)})"
        else:
            leave = f"(return_call_indirect $functions (type $t{k}) {arguments} (i32.const {f.world.function_index(callee)}))"
    else:
        leave = f"(return {' '.join(f.expression(t, depth - 2) for t in f.results)})"
    return f"(if (i32.and {f.condition(0)} {f.condition(0)}) (then {leave}))"


def fits(types: Types, results: list[Type], wanted: list[Type]) -> bool:
    return len(results) == len(wanted) and all(types.matches(a, b) for a, b in zip(results, wanted, strict=True))


def call_many(f: Function, depth: int) -> str | None:
    """A call of which all results are kept."""
    if f.calls > 4 or f.loops > 1:
        return None
    f.calls += 1
    callee, k = f.r.choice(f.world.functions)
    d = f.world.types.defined[k]
    arguments = " ".join(f.expression(t, depth - 2) for t in d.params)
    return f"(call {callee} {arguments}) {' '.join(f'local.set {f.place(t)}' for t in reversed(d.results))}"


def host(f: Function, depth: int) -> str | None:
    """The host collects, or says what an object of its own is; or a lot of garbage is made."""
    choice = f.r.randrange(3)
    if choice == 0:
        return "(call $collect)" if f.loops == 0 else None
    if choice == 1:
        return "(call $churn)" if f.loops == 0 else None
    return f"(global.set $seen (i32.add (global.get $seen) (call $number {f.expression((True, 'extern'), depth - 1)})))"


STATEMENTS: tuple[tuple[Statement, int], ...] = (
    (set_local, 15), (set_global, 14), (set_field, 16), (bulk, 5), (table, 7), (drop_, 3), (loop, 5), (branch, 5), (throw_if, 6), (leave_if, 2),
    (call_many, 4), (host, 4),
)  # fmt: skip


def function_text(f: Function, export: str, function: str, type_index: int, code: str) -> str:
    """The whole function: named parameters, locals, the count that ends every recursion, code."""
    d = f.world.types.defined[type_index]
    head = " ".join(f"(param $p{k} {show(t)})" for k, t in enumerate(d.params)) + " " + " ".join(f"(result {show(t)})" for t in d.results)
    locals_ = " ".join(f"(local {x} {show(t)})" for x, t in f.declared)
    smallest = " ".join(values.minimal(f, t) for t in d.results)
    stop = f"(if (i32.lt_s (global.get $fuel) (i32.const 0)) (then (return {smallest})))"
    count = "(global.set $fuel (i32.sub (global.get $fuel) (i32.const 1)))"
    return f'(func {function} {export} (type $t{type_index}) {head} {locals_}\n{f.start}{count} {stop}\n{code})'
