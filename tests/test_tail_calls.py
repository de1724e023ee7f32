"""Calls with more parameters than registers, and tail calls of every kind, on both backends and between them."""

from __future__ import annotations

import signal
from typing import Any

import pytest
import wasmtime

import wasm_facade as w

STRATEGIES = ("native", "llvm")
DEEP = 1_000_000
# Columns: name, parameters of the two functions behind the counter, results.
PAIRS = (
    ("registers", "", "i32", "i32"),
    ("beyond registers", "", "i32 i32 i32 i32 i32 i32 i64", "i32"),
    ("mixed", "f64 v128 i64", "i32 f64 v128 i64 f32 i32 f64 v128 i64 f32 i32 f64 v128 i64 f32 f32 f32 f32", "i32"),
    ("vectors", "v128", "v128 v128 v128 v128 v128 v128 v128 v128 v128 v128", "i32"),
    ("several results", "i64 i64 i64 i64 i64 i64 i64", "f32", "i32 v128 f64"),
)  # fmt: skip


def engine(strategy: str) -> w.Engine:
    config = w.Config()
    config.strategy = strategy
    config.cache = False
    return w.Engine(config)


def constants(types: str) -> str:
    return " ".join("(v128.const i64x2 1 2)" if t == "v128" else f"({t}.const {k})" for k, t in enumerate(types.split()))


def instance(e: w.Engine, wat: str, *imports: Any, store: w.Store | None = None) -> tuple[w.Store, Any]:
    store = store or w.Store(e)
    return store, w.Instance(store, w.Module(e, wat), list(imports)).exports(store)


# Columns: how one function of the test below calls the other at its end: name, what stands before and after the operands.
HOWS = {
    "name": ("return_call ${to}", ""),
    "table": ("return_call_indirect (type $t_{to})", "(i32.const {slot})"),
    "reference": ("return_call_ref $t_{to}", "(global.get $g_{to})"),
}


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize(("params", "others", "results"), [row[1:] for row in PAIRS], ids=[row[0] for row in PAIRS])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_million_tail_calls(strategy: str, params: str, others: str, results: str, how: str) -> None:
    def function(name: str, to: str, theirs: str, slot: int) -> str:
        call, last = (text.format(to=to, slot=slot) for text in HOWS[how])
        operands = f"(i32.sub (local.get 0) (i32.const 1)) {constants(theirs)}"
        stop = f"(if (i32.eqz (local.get 0)) (then (return {constants(results)})))"
        return f"(func ${name} (type $t_{name}) {stop} ({call} {operands} {last}))"

    wat = f"""(module
      (type $t_a (func (param i32 {params}) (result {results}))) (type $t_b (func (param i32 {others}) (result {results})))
      (table funcref (elem $a $b)) (global $g_a (ref $t_a) (ref.func $a)) (global $g_b (ref $t_b) (ref.func $b))
      {function("a", "b", others, 1)} {function("b", "a", params, 0)}
      (func (export "run") (param i32) (result {results}) (call $a (local.get 0) {constants(params)})))"""
    store, exports = instance(engine(strategy), wat)
    expected = [(2 << 64) + 1 if t == "v128" else k for k, t in enumerate(results.split())]
    assert exports["run"](store, DEEP) == (expected if len(expected) > 1 else expected[0])


PARAMS = "i32 i64 f32 f64 v128 i32 i64 f32 f64 i64 i32 i64 f32 f64 v128 f64 f64 f64 f64 i32"


def sum_of_all() -> str:
    """Parameter k times k + 1, added up."""
    convert = {"i32": "i64.extend_i32_s", "i64": "", "f32": "i64.trunc_f32_s", "f64": "i64.trunc_f64_s", "v128": "i64x2.extract_lane 1"}
    terms = [f"local.get {k} {convert[t]} i64.const {k + 1} i64.mul" for k, t in enumerate(PARAMS.split())]
    return " ".join(terms) + " i64.add" * (len(terms) - 1)


WANTED = sum((2 if t == "v128" else k) * (k + 1) for k, t in enumerate(PARAMS.split()))


@pytest.mark.parametrize("callee", STRATEGIES)
@pytest.mark.parametrize("caller", STRATEGIES)
def test_twenty_parameters_between_backends(caller: str, callee: str) -> None:
    first, second = engine(caller), engine(callee)
    store, exports = instance(second, f'(module (func (export "sum") (param {PARAMS}) (result i64) {sum_of_all()}))')
    call = f'(module (type $t (func (param {PARAMS}) (result i64))) (import "" "sum" (func $sum (type $t))) (table funcref (elem $sum)) (global $g (ref $t) (ref.func $sum))'
    ways = ("(call $sum)", "(call_indirect (type $t) (i32.const 0))", "(call_ref $t (global.get $g))", "(return_call $sum)", "(return_call_indirect (type $t) (i32.const 0))",
            "(return_call_ref $t (global.get $g))")  # fmt: skip
    module = call + " ".join(f'(func (export "{k}") (result i64) {constants(PARAMS)} {way})' for k, way in enumerate(ways)) + ")"
    if caller != callee:  # one engine, whose modules need not come from one compiler
        serialized = w.Module(first, module).serialize()
        mine = w.Instance(store, w.Module.deserialize(second, serialized), [exports["sum"]]).exports(store)
    else:
        mine = w.Instance(store, w.Module(second, module), [exports["sum"]]).exports(store)
    assert [mine[str(k)](store) for k in range(len(ways))] == [WANTED] * len(ways)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_host_functions_take_what_is_beyond_the_registers(strategy: str) -> None:
    e = engine(strategy)
    store = w.Store(e)
    types = {"i32": w.ValType.i32(), "i64": w.ValType.i64(), "f32": w.ValType.f32(), "f64": w.ValType.f64()}
    names = PARAMS.replace("v128", "i64").split()
    got: list[tuple[Any, ...]] = []

    def take(*arguments: Any) -> tuple[float, int]:
        got.append(arguments)
        return 0.5, 7

    host = w.Func(store, w.FuncType([types[n] for n in names], [types["f64"], types["i32"]]), take)
    text = f'(module (import "" "h" (func $h (param {" ".join(names)}) (result f64 i32)))'
    text += "".join(f'(func (export "{how}") (result f64 i32) {constants(" ".join(names))} ({how} $h))' for how in ("call", "return_call")) + ")"
    exports = w.Instance(store, w.Module(e, text), [host]).exports(store)
    for how in ("call", "return_call"):
        assert exports[how](store) == [0.5, 7]
    assert got == [tuple(range(20))] * 2


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_signal_handlers_that_call_wasm_leave_arguments_alone(strategy: str) -> None:
    """A Python signal handler may run between a caller's store of an argument and the callee's load of it."""
    many = " ".join(["i64"] * 30)
    arguments = " ".join(f"(i64.add (local.get $n) (i64.const {k}))" for k in range(30))
    add_up = "local.get 0 " + " ".join(f"local.get {k} i64.add" for k in range(1, 30))
    wat = f"""(module
      (func $sum (export "sum") (param {many}) (result i64) {add_up})
      (func (export "run") (param $rounds i64) (result i64) (local $n i64) (local $wrong i64)
        (loop $l
          (if (i64.ne (call $sum {arguments}) (i64.add (i64.mul (local.get $n) (i64.const 30)) (i64.const 435)))
            (then (local.set $wrong (i64.add (local.get $wrong) (i64.const 1)))))
          (br_if $l (i64.lt_u (local.tee $n (i64.add (local.get $n) (i64.const 1))) (local.get $rounds))))
        (local.get $wrong)))"""
    store, exports = instance(engine(strategy), wat)
    calls = 0

    def handler(*_: object) -> None:
        nonlocal calls
        calls += 1
        assert exports["sum"](store, *range(1000, 1030)) == sum(range(1000, 1030))

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        for _ in range(400):
            assert exports["run"](store, 300_000) == 0
            if calls > 100:
                break
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert calls > 0


# How another instance's function gets into table $tab, where calls find it: name, fields, export of that instance that is imported, what the host does.
ROADS = (
    ("an import in a segment", '(import "" "" (func $f (type $t))) (table $tab 1 funcref) (elem (i32.const 0) func $f)', "f", None),
    ("an imported table", '(import "" "" (table $tab 1 funcref))', "t", None),
    ("an exported table", '(table $tab (export "tab") 1 funcref)', None, "set"),
    ("a parameter", '(table $tab 1 funcref) (func (export "put") (param funcref) (table.set $tab (i32.const 0) (local.get 0)))', None, "put"),
    ("a result", '(import "" "" (func $get (result funcref))) (table $tab 1 funcref) (func $s (table.set $tab (i32.const 0) (call $get))) (start $s)', "get", None),
)
REFERENCE = "(ref.cast (ref $t) (table.get $tab (i32.const 0)))"
CALLS = ("call_indirect $tab (type $t) (i32.const 0)", f"call_ref $t {REFERENCE}", "return_call_indirect $tab (type $t) (i32.const 0)", f"return_call_ref $t {REFERENCE}")


@pytest.mark.parametrize(("fields", "imported", "host"), [row[1:] for row in ROADS], ids=[row[0] for row in ROADS])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_functions_of_other_instances_run_with_their_own_state(strategy: str, fields: str, imported: str | None, host: str | None) -> None:
    """A backend may leave a callee's vmctx as it is only where no other instance's function can be in the table."""
    e = engine(strategy)
    store, theirs = instance(e, """(module (global (mut i32) (i32.const 42)) (func $f (export "f") (result i32) (global.get 0))
      (table (export "t") funcref (elem $f)) (func (export "get") (result funcref) (ref.func $f)))""")
    calls = "".join(f'(func (export "{k}") (result i32) ({call}))' for k, call in enumerate(CALLS))
    wat = f"(module (type $t (func (result i32))) {fields} (global (mut i32) (i32.const 7)) {calls})"
    _, mine = instance(e, wat, *([theirs[imported]] if imported else []), store=store)
    if host == "set":
        mine["tab"].set(store, 0, theirs["f"])
    elif host == "put":
        mine["put"](store, theirs["f"])
    assert [mine[str(k)](store) for k in range(len(CALLS))] == [42] * len(CALLS)


# What a function of twenty parameters does before it calls at its end: name, statements, arguments other than its own parameters in order.
DEEP_EXPRESSION = "(local.get 2) " * 250 + "i64.add " * 249
HANDED_ON: tuple[tuple[str, str, dict[int, str]], ...] = (
    ("all", "", {}),
    ("two swapped", "", {10: "(local.get 11)", 11: "(local.get 10)"}),
    ("moved by one", "", {k: f"(local.get {(k + 1) % 20})" for k in range(20)}),
    ("one changed before", "(local.set 9 (i64.add (local.get 9) (i64.const 5)))", {}),
    ("one changed between", "", {18: "(local.tee 12 (i64.const 99))"}),
    ("one read too", "", {2: "(i64.add (local.get 2) (local.get 12))"}),
    ("two read in the last", "", {19: "(i64.div_u (local.get 12) (local.get 5))"}),
    ("a constant between", "", {12: "(i64.const 77)"}),
    ("a choice", "", {19: "(select (local.get 12) (local.get 13) (i32.wrap_i64 (local.get 0)))"}),
    ("a branch behind them", "", {19: "(if (result i64) (i64.eqz (local.get 0)) (then (local.get 3)) (else (local.get 4)))"}),
    ("a deep expression behind them", "", {19: DEEP_EXPRESSION}),
    ("a call behind them", "", {19: "(call $other " + "(i64.const 3)" * 20 + ")"}),
    ("some on one way only", "(if (i64.eqz (local.get 0)) (then (return_call $other " + "(local.get 19)" * 20 + ")))", {}),
)


@pytest.mark.parametrize(("before", "others"), [row[1:] for row in HANDED_ON], ids=[row[0] for row in HANDED_ON])
def test_parameters_that_are_handed_on(before: str, others: dict[int, str]) -> None:
    """Those that already are where the callee looks for them need not be touched: they must still arrive, whatever else happens."""
    arguments = " ".join(others.get(k, f"(local.get {k})") for k in range(20))
    weighed = "(i64.const 0)" + "".join(f"(i64.add (i64.mul (local.get {k}) (i64.const {3 * k + 1})))" for k in range(20))
    parameters = "i64 " * 20
    calls = ("return_call $a {}", "return_call_indirect (type $t) {} (i32.const 0)", "return_call_ref $t {} (global.get $g)")
    functions = " ".join(f'(func (export "{n}") (type $t) {before} ({call.format(arguments)}))' for n, call in enumerate(calls))
    wat = f"""(module (type $t (func (param {parameters}) (result i64))) (table funcref (elem $a)) (global $g (ref $t) (ref.func $a))
      (func $a (type $t) {weighed}) (func $other (type $t) (i64.sub (local.get 19) (local.get 7))) {functions})"""
    results = []
    for api, e in ((wasmtime, wasmtime.Engine()), (w, engine("native")), (w, engine("llvm"))):
        store = api.Store(e)
        exports = api.Instance(store, api.Module(e, wat), []).exports(store)
        results.append([exports[str(n)](store, *range(first, first + 20)) for n in range(len(calls)) for first in (0, 100)])
    assert results[1:] == results[:1] * 2
