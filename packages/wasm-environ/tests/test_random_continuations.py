"""Random instructions of stack switching over types that nearly fit: the same are valid as for wasmtime, and texts and binaries come back as they were."""

from __future__ import annotations

import os
import random

import pytest

from wasm_environ import encode, validate
from wasm_environ.compile_errors import InvalidError
from wasm_environ.features import Features
from wasm_environ.text import parse_module, print_module

COUNT = int(os.environ.get("WASM_CONTINUATIONS", "600"))
FEATURES = Features(on=("stack_switching",), off=("legacy_exceptions",))
# Declared types for values: two of continuations and two of functions, each the first one's subtype.
DECLARED = """(rec (type $f (sub (func (param i32) (result (ref null $k))))) (type $k (sub (cont $f))))
  (type $fs (sub $f (func (param i32) (result (ref null $k))))) (type $ks (sub $k (cont $fs)))"""
# Value types, subtypes first.
CHAINS = (
    ("i32",), ("f64",), ("i31ref", "eqref", "anyref"), ("nullcontref", "(ref null $ks)", "(ref null $k)", "contref"), ("(ref $ks)", "(ref $k)", "(ref cont)"),
    ("nullfuncref", "(ref null $fs)", "(ref null $f)", "funcref"), ("nullexnref", "exnref"),
)  # fmt: skip
NULL = {"i32": "(i32.const 0)", "f64": "(f64.const 0)"}
Types = list[str]


class Maker:
    """One module: types that it declares as it needs them, tags, a function around one instruction."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.types: list[str] = []
        self.tags: list[str] = []

    def some(self, most: int = 3) -> Types:
        return [self.rng.choice(self.rng.choice(CHAINS)) for _ in range(self.rng.randrange(most + 1))]

    def near(self, types: Types, up: bool) -> Types:
        """The same types but for a few: supertypes (`up`) or subtypes, now and then the wrong way round, now and then another number of them."""
        rng, out = self.rng, []
        for t in types:
            chain = next(chain for chain in CHAINS if t in chain)
            at = chain.index(t)
            if rng.random() < 0.3:
                right = chain[at:] if up else chain[: at + 1]
                t = rng.choice(right if rng.random() < 0.9 else chain)
            out.append(t)
        if rng.random() < 0.04:
            out.append("i32")
        return out

    def func(self, params: Types, results: Types) -> str:
        """A new function type."""
        name = f"$a{len(self.types)}"
        self.types.append(f"(type {name} (func (param {' '.join(params)}) (result {' '.join(results)})))")
        return name

    def cont(self, params: Types, results: Types) -> str:
        """A new continuation type."""
        func = self.func(params, results)
        name = f"$c{len(self.types)}"
        self.types.append(f"(type {name} (sub (cont {func})))" if self.rng.random() < 0.2 else f"(type {name} (cont {func}))")
        return name

    def tag(self, params: Types, results: Types) -> str:
        name = f"$t{len(self.tags)}"
        self.tags.append(f"(tag {name} (param {' '.join(params)}) (result {' '.join(results)}))")
        return name

    def operands(self, types: Types) -> str:
        """Values of these types, or one that stands for any number of them."""
        if self.rng.random() < 0.4 or any(t.startswith("(ref ") and " null " not in t for t in types):
            return "(unreachable)"
        return " ".join(NULL.get(t) or f"(ref.null {self.heap(t)})" for t in types)

    def heap(self, t: str) -> str:
        return t.removeprefix("(ref null ").removesuffix(")") if t.startswith("(") else t.removesuffix("ref").replace("null", "no")

    def handlers(self, results: Types) -> tuple[str, list[Types]]:
        """Clauses of a resumption with these results, and the label types that they need, innermost first."""
        text, labels = "", list[Types]()
        for _ in range(self.rng.choice((0, 1, 1, 2))):
            if self.rng.random() < 0.3:
                text += f" (on {self.tag([] if self.rng.random() < 0.9 else ['i32'], results if self.rng.random() < 0.7 else self.near(results, self.rng.random() < 0.5))} switch)"
                continue
            params, given = self.some(2), self.some(2)
            rest = self.cont(self.near(given, False), self.near(results, True))
            text += f" (on {self.tag(params, given)} {len(labels)})"
            labels.append([*self.near(params, True), f"(ref {'null ' if self.rng.random() < 0.5 else ''}{rest})"])
        return text, labels

    def instruction(self) -> tuple[str, list[Types]]:
        """An instruction with its operands, and the labels around it."""
        rng = self.rng
        word = rng.choice(("cont.new", "cont.bind", "resume", "resume", "resume_throw", "resume_throw_ref", "switch", "suspend"))
        params, results = self.some(), self.some(2)
        if word == "suspend":
            return f"(suspend {self.tag(params, results)} {self.operands(self.near(params, False))})", []
        if word == "switch":
            back = self.cont(params, self.near(results, True))
            type = self.cont([*self.some(2), f"(ref {'null ' if rng.random() < 0.5 else ''}{back})"], self.near(results, False))
            return f"(switch {type} {self.tag([] if rng.random() < 0.95 else ['i32'], results)} (unreachable))", []
        type = self.cont(params, results)
        if word == "cont.new":
            return f"(cont.new {type} (ref.null {rng.choice(('nofunc', f'$a{len(self.types) - 2}', 'func', '$f'))}))", []
        if word == "cont.bind":
            cut = rng.randrange(len(params) + 1)
            left = self.cont(self.near(params[cut:], False), self.near(results, True))
            return f"(cont.bind {type} {left} {self.operands(self.near(params[:cut], False))} (ref.null {type}))", []
        clauses, labels = self.handlers(results)
        operands = self.operands(self.near(params, False))
        extra = ""
        if word == "resume_throw":
            extra, operands = " " + self.tag(params, [] if rng.random() < 0.95 else ["i32"]), self.operands(self.near(params, False))
        elif word == "resume_throw_ref":
            operands = rng.choice(("(ref.null exn)", "(ref.null noexn)", "(unreachable)", ""))
        return f"({word} {type}{extra}{clauses} {operands} (ref.null {type}))", labels

    def text(self) -> str:
        body, labels = self.instruction()
        for number, label in enumerate(labels):
            body = f"(block $l{number} (result {' '.join(label)}) {body} (unreachable)) (unreachable)"
        return f"(module {DECLARED} {' '.join(self.types)} {' '.join(self.tags)} (func {body} (unreachable)))"


def test_the_same_are_valid_as_for_wasmtime() -> None:
    wasmtime = pytest.importorskip("wasmtime")
    config = wasmtime.Config()
    for name in ("exceptions", "gc", "function_references", "stack_switching"):
        setattr(config, f"wasm_{name}", True)
    engine = wasmtime.Engine(config)
    rng = random.Random(22)
    valid = 0
    for _ in range(COUNT):
        text = Maker(rng).text()
        data = parse_module(text, features=FEATURES)
        ours = theirs = ""
        try:
            module = validate(data, FEATURES)
        except InvalidError as error:
            ours = str(error)
        try:
            wasmtime.Module.validate(engine, data)
        except wasmtime.WasmtimeError as error:
            theirs = str(error)
        assert (ours == "") is (theirs == ""), f"we: {ours or 'valid'}\nwasmtime: {theirs or 'valid'}\n{text}"
        if not ours:
            valid += 1
            for again in (encode(module), parse_module(print_module(module, folded=rng.random() < 0.5), features=FEATURES)):
                back = validate(again, FEATURES)  # of equal types, references to any are to the first one now
                assert (back.types, back.tags, again[back.code_starts[0] :]) == (module.types, module.tags, data[module.code_starts[0] :])
    assert COUNT // 4 < valid < COUNT * 9 // 10
