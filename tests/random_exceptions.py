"""Random programs that throw and catch, each in two forms: with try_table, and the same with the legacy try.

`random_exceptions.py STRATEGY FORM FIRST LAST` runs those of a range of seeds, of one form, and compares with wasmtime-py, which runs the first form only:
so that is the oracle of the second as well. FORM is new, legacy, fuel: the first form with fuel counted, which must be the same; or stress: the first form with a collection at
every allocation. STRATEGY
mixed: two functions of three by one compiler, the third by the other. Locals of every type, more than there are registers, live across everything; operands lie below tries; bodies call,
loop, return, tail call, delegate; arms rethrow. A trace in a global says in which order things happened.
"""

from __future__ import annotations

import random
import sys
from typing import Any

TAGS = {"te": "", "tw": "i32 v128", "ti": "i64", "tj": "i64", "tf": "f32 f64", "tv": "v128 i32", "tb": "box i32", "tm": "i32 i64 f32 f64 v128 externref funcref i64"}  # ti, tj: perhaps one
LETTERS = {"i32": "i", "i64": "j", "f32": "f", "f64": "d", "v128": "v"}
STEP = {
    "i32": "i32.const {0} i32.add", "i64": "i64.const {0} i64.xor i64.const 7 i64.mul", "f32": "f32.const 0.5 f32.mul f32.const {0} f32.add",
    "f64": "f64.const 0.25 f64.mul f64.const {0} f64.add", "v128": "v128.const i32x4 {0} 2 3 4 i32x4.add",
}  # fmt: skip
TO_I64 = {
    "i32": "i64.extend_i32_u", "i64": "", "f32": "i32.reinterpret_f32 i64.extend_i32_u", "f64": "i64.reinterpret_f64",
    "v128": "i16x8.extadd_pairwise_i8x16_u i64x2.extract_lane 1", "externref": "ref.is_null i64.extend_i32_u", "funcref": "ref.is_null i64.extend_i32_u",
    "box": "call $unbox",
}  # fmt: skip
MIX = "local.get $acc i64.const 31 i64.mul i64.add local.set $acc"
FUNCTIONS = 4
ARGUMENTS = 12  # calls of each program
FUEL = 10**9


def spelled(tag: str) -> str:
    """A tag's values in the text format; none of a catch_all's."""
    return TAGS.get(tag, "").replace("box", "(ref null $box)")


class Program:
    """One seed. `new`, `old`: the two forms so far."""

    def __init__(self, seed: int) -> None:
        self.r = random.Random(seed)
        self.new: list[str] = []
        self.old: list[str] = []
        self.number = 0  # of names and events
        self.bit = 0  # of the selector
        self.function = 0
        self.counts = dict.fromkeys(LETTERS, 1)
        self.kept: list[int] = []  # tries whose exception may be rethrown here
        self.targets: list[int] = []  # tries that may be delegated to
        self.budget = 0
        self.locals = ""

    def both(self, text: str) -> None:
        self.new.append(text)
        self.old.append(text)

    def fresh(self) -> int:
        self.number += 1
        return self.number

    def some(self, type_: str) -> str:
        """A local of a type."""
        return f"${LETTERS[type_]}{self.r.randrange(self.counts[type_])}"

    def condition(self) -> str:
        self.bit = (self.bit + self.r.choice((1, 1, 1, 3))) % 61
        return f"local.get $s i64.const {self.bit} i64.shr_u i32.wrap_i64 i32.const 1 i32.and"

    def event(self) -> None:
        self.both(f"global.get $g i64.const 33 i64.mul i64.const {self.fresh()} i64.add global.set $g")

    # ---- statements
    def statements(self, depth: int) -> bool:
        """Some; whether the end is reached."""
        for _ in range(self.r.randint(1, 4)):
            self.budget -= 1
            kinds = [self.assign, self.call, self.throw_if, self.leave_if, self.event]
            if depth > 0 and self.budget > 0:
                kinds += [lambda: self.try_(depth), lambda: self.try_(depth), lambda: self.value(depth), lambda: self.loop(depth), lambda: self.delegate(depth)]
            self.r.choice(kinds)()
        if self.r.random() < 0.2:
            self.throw()
            return False
        return True

    def assign(self) -> None:
        type_ = self.r.choice(list(LETTERS))
        self.both(f"local.get {self.some(type_)} {STEP[type_].format(self.fresh() % 100)} local.set {self.some(type_)}")

    def call(self) -> None:
        """Of a function before this one; operands of every type below."""
        below = [self.r.choice(list(LETTERS)) for _ in range(self.r.randrange(4))]
        for type_ in below:
            self.both(f"local.get {self.some(type_)} {STEP[type_].format(3)}")
        self.both(f"local.get $s i64.const {self.r.randrange(64)} i64.rotr local.get {self.some('i32')} local.get {self.some('f64')}")
        callee = self.r.randrange(self.function + 1)
        if callee == self.function:
            self.both("call $thrower")
        elif self.r.random() < 0.3:
            self.both(f"i32.const {callee} call_indirect $t (type $sig)")
        else:
            self.both(f"call $f{callee}")
        self.both(MIX)
        for type_ in reversed(below):
            self.both(f"local.set {self.some(type_)}")

    def push(self, tag: str) -> None:
        """A tag's values."""
        for type_ in TAGS[tag].split():
            if type_ == "externref":
                self.both("ref.null extern")
            elif type_ == "box":
                self.both(self.r.choice(("ref.null $box", f"local.get {self.some('i64')} struct.new $box")))
            elif type_ == "funcref":
                self.both(self.r.choice(("ref.null func", "ref.func $f0")))
            elif self.r.random() < 0.3 and type_ != "v128":
                self.both(f"{type_}.const {self.fresh() % 50}")
            else:
                self.both(f"local.get {self.some(type_)}")
                if self.r.random() < 0.5:
                    self.both(STEP[type_].format(self.fresh() % 50))

    def throw(self) -> None:
        if self.kept and self.r.random() < 0.5:
            kept = self.r.choice(self.kept)
            self.new.append(f"local.get $x{kept} throw_ref")
            self.old.append(f"rethrow $try{kept}")
            return
        tag = self.r.choice(list(TAGS))
        self.push(tag)
        self.both(f"throw ${tag}")

    def throw_if(self) -> None:
        self.both(f"{self.condition()} if")
        self.throw()
        self.both("end")

    def leave_if(self) -> None:
        if self.r.random() < 0.6:
            return
        self.both(f"{self.condition()} {self.condition()} i32.and if")
        if self.function and self.r.random() < 0.5:
            self.both(f"local.get $s i64.const 9 i64.rotr local.get {self.some('i32')} f64.const 2 return_call $f{self.r.randrange(self.function)}")
        else:
            self.both("local.get $acc return")
        self.both("end")

    def consume(self, tag: str) -> None:
        """What an arm does with the values."""
        for type_ in reversed(TAGS[tag].split()):
            if type_ in LETTERS and self.r.random() < 0.5:
                self.both(f"local.set {self.some(type_)}")
            else:
                self.both(f"{TO_I64[type_]} {MIX}")

    # ---- tries
    def try_(self, depth: int) -> None:
        """Arms with statements."""
        n = self.fresh()
        tags = [self.r.choice(list(TAGS)) for _ in range(self.r.choice((0, 1, 1, 2, 3)))]
        if self.r.random() < 0.35:
            tags.append("")
        keeps = [self.r.random() < 0.4 for _ in tags]
        self.new.append(f"block $out{n}")
        for k in reversed(range(len(tags))):
            self.new.append(f"block $arm{n}.{k} (result {spelled(tags[k])} {'exnref' if keeps[k] else ''})")
        self.new.append(f"try_table {' '.join(self.clause(tags[k], keeps[k], f'$arm{n}.{k}') for k in range(len(tags)))}")
        self.old.append(f"try $try{n}")
        self.body(n, depth)
        self.new.append(f"end br $out{n}")
        for k, tag in enumerate(tags):
            self.new.append("end")
            self.old.append(f"catch ${tag}" if tag else "catch_all")
            if keeps[k]:
                self.locals += f" (local $x{n} exnref)" if f"$x{n} " not in self.locals else ""
                self.new.append(f"local.set $x{n}")
                self.kept.append(n)
            if tag:
                self.consume(tag)
            self.statements(depth - 1)
            if keeps[k]:
                self.kept.pop()
            self.new.append(f"br $out{n}")
        self.both("end")

    def clause(self, tag: str, keeps: bool, label: str) -> str:
        kind = "catch" if tag else "catch_all"
        return f"({kind}{'_ref' if keeps else ''} {'$' + tag if tag else ''} {label})"

    def body(self, n: int, depth: int) -> None:
        """Of the try n. What is delegated to it is thrown at its end in the new form."""
        target = self.r.random() < 0.4
        if target:
            self.new.append(f"block $to{n} (result exnref)")
            self.targets.append(n)
        kept, self.kept = self.kept, list(self.kept)
        self.statements(depth - 1)
        self.kept = kept
        if target:
            self.targets.pop()
            self.new.append(f"br $out{n} end throw_ref")

    def delegate(self, depth: int) -> None:
        """A try whose exceptions go to one further out, or out of the function."""
        n = self.fresh()
        target = self.r.choice([*self.targets, 0])
        self.new.append(f"block $out{n} block $all{n} (result exnref) try_table (catch_all_ref $all{n})")
        self.old.append(f"try $try{n}")
        self.statements(depth - 1)
        self.new.append(f"end br $out{n} end br $to{target} end")
        self.old.append(f"delegate ${'try' if target else 'body'}{target or ''}")

    def value(self, depth: int) -> None:
        """A try that gives a value, with operands below it."""
        n = self.fresh()
        below = [self.r.choice(list(LETTERS)) for _ in range(self.r.randrange(5))]
        for type_ in below:
            self.both(f"local.get {self.some(type_)}")
            if self.r.random() < 0.6:
                self.both(STEP[type_].format(5))
        self.both("i64.const 77" if self.r.random() < 0.5 else f"local.get {self.some('i64')}")
        self.new.append(f"block $out{n} (result i64) block $arm{n} (result i32 v128) block $all{n}")
        self.new.append(f"try_table (result i64) (catch $ti $out{n}) (catch $tw $arm{n}) (catch_all $all{n})")
        self.old.append(f"try $try{n} (result i64)")
        self.statements(depth - 1)
        self.both("local.get $acc i64.const 5 i64.add")
        self.new.append(f"end br $out{n} end i64.const {n} br $out{n} end")
        self.old.append("catch $ti catch $tw")
        self.both(f"{TO_I64['v128']} {MIX} local.set {self.some('i32')} local.get $acc")
        self.old.append(f"catch_all i64.const {n}")
        self.both("end i64.add")
        self.both(f"local.set {self.some('i64')}")
        for type_ in reversed(below):
            self.both(f"local.set {self.some(type_)}")

    def loop(self, depth: int) -> None:
        """Clauses that lead to the start of a loop."""
        n = self.fresh()
        self.locals += f" (local $c{n} i32)"
        self.both(f"i32.const {self.r.randint(1, 3)} local.set $c{n} block $x{n}loop local.get {self.some('i64')} loop $l{n} (param i64) local.set {self.some('i64')}")
        self.both(f"local.get $c{n} i32.eqz br_if $x{n}loop local.get $c{n} i32.const 1 i32.sub local.set $c{n}")
        self.new.append(f"try_table (catch $ti $l{n})")
        self.old.append("try")
        self.statements(depth - 1)
        self.old.append(f"catch $ti br $l{n}")
        self.both(f"end local.get {self.some('i64')} br $l{n} end end")

    # ---- the module
    def make_function(self, index: int) -> None:
        r = self.r
        self.function = index
        self.budget = 14
        self.counts = {type_: r.choice((1, 2, 3, 6, 10)) for type_ in LETTERS}
        new, old, self.new, self.old = self.new, self.old, [], []
        self.locals = ""
        for type_, letter in LETTERS.items():
            for k in range(self.counts[type_]):
                self.locals += f" (local ${letter}{k} {type_})"
        self.both(f"local.get $p local.set {self.some('i32')} local.get $q local.set {self.some('f64')} local.get $s local.set {self.some('i64')}")
        for type_ in LETTERS:
            for k in range(self.counts[type_]):
                if r.random() < 0.4:
                    self.both(f"local.get ${LETTERS[type_]}{k} {STEP[type_].format(k)} local.set ${LETTERS[type_]}{k}")
        self.new.append("block $none block $to0 (result exnref)")
        self.old.append("block $none block $body")
        self.statements(3)
        self.new.append("br $none end throw_ref end")
        self.old.append("end end")
        for type_, letter in LETTERS.items():
            for k in range(0, self.counts[type_], r.choice((1, 2, 3))):
                self.both(f"local.get ${letter}{k} {TO_I64[type_]} {MIX}")
        self.both("local.get $acc)")
        head = f'(func $f{index} (export "f{index}") (param $s i64) (param $p i32) (param $q f64) (result i64) (local $acc i64) {self.locals}'
        self.new = [*new, head, *self.new]
        self.old = [*old, head, *self.old]

    def modules(self) -> tuple[str, str, str]:
        """The module that gives the imports, then the two forms."""
        alias = self.r.random() < 0.5
        first = """(module (tag (export "a") (param i64)) (tag (export "b") (param i64)) (func (export "thrower") (param $s i64) (param $p i32) (param $q f64) (result i64)
            local.get $s i64.const 3 i64.and i64.eqz if local.get $s throw 0 end local.get $s i64.const 7 i64.and i64.const 1 i64.eq if local.get $s throw 1 end
            local.get $s i64.const 1 i64.add))"""
        self.both(f"""(module (type $sig (func (param i64 i32 f64) (result i64))) (type $box (struct (field i64))) (import "m" "thrower" (func $thrower (type $sig)))
            (import "m" "a" (tag $ti (param i64))) (import "m" "{"a" if alias else "b"}" (tag $tj (param i64)))
            (tag $te) (tag $tf (param f32 f64)) (tag $tv (param v128 i32)) (tag $tw (param i32 v128)) (tag $tm (param {spelled("tm")})) (tag $tb (param {spelled("tb")}))
            (func $unbox (param (ref null $box)) (result i64)
              (if (result i64) (ref.is_null (local.get 0)) (then (i64.const 5)) (else (struct.get $box 0 (local.get 0)))))
            (table $t {FUNCTIONS} funcref) (elem (i32.const 0) func {" ".join(f"$f{k}" for k in range(FUNCTIONS))}) (global $g (mut i64) (i64.const 0))
            (func (export "trace") (result i64) global.get $g i64.const 0 global.set $g)""")
        for index in range(FUNCTIONS):
            self.make_function(index)
        self.both(")")
        return first, "\n".join(self.new), "\n".join(self.old)


def run(api: Any, config: Any, first: str, second: str, arguments: list[tuple[int, int, float]], fuel: bool) -> list[Any]:
    """Of every function and all arguments: the result, or that it threw; and the trace, and the fuel left unless it threw."""
    config.consume_fuel = fuel
    engine = api.Engine(config)
    store = api.Store(engine)
    if fuel:
        store.set_fuel(FUEL)
    linker = api.Linker(engine)
    linker.define_instance(store, "m", linker.instantiate(store, api.Module(engine, first)))
    exports = linker.instantiate(store, api.Module(engine, second)).exports(store)
    found: list[Any] = []
    for index in range(FUNCTIONS):
        for s, p, q in arguments:
            result: Any
            if fuel:
                store.set_fuel(FUEL)
            try:
                result = exports[f"f{index}"](store, s, p, q)
            except api.Trap as trap:
                result = "threw" if "xception" in str(trap) else str(trap)
            left = store.get_fuel() if fuel and result != "threw" else 0
            found.append((index, s, p, q, result, left, exports["trace"](store)))
    return found


def main(strategy: str, form: str, first: int, last: int) -> None:
    import warnings

    import wasmtime

    import wasm_facade

    warnings.simplefilter("error")  # a function that another compiler had to take over
    if strategy == "mixed":
        from random_compare import override

        warnings.simplefilter("ignore")
        strategy = "llvm"
        override("wasm_codegen_llvm", None, True, "mixed")
    for seed in range(first, last):
        imports, new, old = Program(seed).modules()
        r = random.Random(seed)
        arguments = [(r.getrandbits(64) - (1 << 63), r.getrandbits(32) - (1 << 31), r.uniform(-9, 9)) for _ in range(ARGUMENTS)]
        theirs = wasmtime.Config()
        theirs.wasm_exceptions = theirs.wasm_gc = theirs.wasm_function_references = True
        ours = wasm_facade.Config()
        ours.strategy, ours.cache, ours.gc_stress = strategy, False, form == "stress"
        expected = run(wasmtime, theirs, imports, new, arguments, form == "fuel")
        found = run(wasm_facade, ours, imports, old if form == "legacy" else new, arguments, form == "fuel")
        for a, b in zip(expected, found, strict=True):
            if a != b:
                raise SystemExit(f"seed {seed}, {form}: wasmtime {a}, {strategy} {b}")
    print(f"{last - first} programs agree")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
