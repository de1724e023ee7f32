"""Exceptions inside wasm: what is caught where, with which values, and what the locals and operands around it are then.

Rows are computed by hand; those without legacy instructions run on wasmtime-py too. Random programs are compared with it in both forms: see
`random_exceptions`; `RANDOM_EXCEPTIONS=N` compares N of each.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import wasmtime

import wasm_facade
from spec.groups import STRATEGIES

RUN = [strategy for strategy, features in STRATEGIES if "exceptions" in features]
COUNT = int(os.environ.get("RANDOM_EXCEPTIONS", "40" if os.environ.get("WASM_PURE") else "300"))
THREW = "threw"
SHARED = """(tag $e) (tag $i (param i32)) (tag $j (param i64)) (tag $v (param v128)) (tag $many (param i32 i64 f32 f64 v128))
  (func $if (param i32) (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $e)))
    (if (i32.ge_u (local.get 0) (i32.const 2)) (then (throw $i (i32.mul (local.get 0) (i32.const 10))))))
  (func $vector (param i32) (if (local.get 0) (then (throw $v (i32x4.splat (local.get 0))))))
  (func $lane (param v128 i32) (result i32) (i32.add (local.get 1) (i32x4.extract_lane 3 (local.get 0))))
  (func $pass (param i32) (result i32) (call $if (local.get 0)) (i32.add (local.get 0) (i32.const 100)))
  (func $deep (param i32 i32) (result i32) (if (result i32) (local.get 0)
    (then (i32.add (call $deep (i32.sub (local.get 0) (i32.const 1)) (local.get 1)) (i32.const 1))) (else (call $pass (local.get 1)))))"""
# Columns: what it shows, the function "f" (one i32 parameter, one result), argument and result pairs.
ROWS: tuple[tuple[str, str, tuple[tuple[int, Any], ...]], ...] = (
    ("catch of two tags, and what neither takes",
     """(result i32) (block $x (result i32) (block $y (try_table (result i32) (catch $i $x) (catch $e $y) (call $pass (local.get 0))) (return)) (i32.const 7))""",
     ((0, 100), (1, 7), (2, 20), (3, 30))),
    ("the first clause that fits counts", """(result i32) (block $x (block $y (try_table (catch $e $x) (catch_all $y) (call $if (local.get 0))) (return (i32.const 1)))
       (return (i32.const 2))) (i32.const 3)""", ((0, 1), (1, 3), (2, 2))),
    ("a clause behind catch_all takes nothing, and leads on", """(result i32) (i32.const 1000) (block $out (result i32)
       (block $y (result i32 exnref) (block $x (try_table (catch_all $x) (catch_ref $i $y) (call $if (local.get 0))) (br $out (i32.const 1))) (br $out (i32.const 2)))
       (drop)) (i32.add)""", ((0, 1001), (1, 1002), (2, 1002))),
    ("nothing fits", "(result i32) (block $x (try_table (catch $e $x) (call $if (local.get 0))) (return (i32.const 5))) (i32.const 6)",
     ((0, 5), (1, 6), (2, THREW))),
    ("a clause leads out of the function", "(result i32) (try_table (result i32) (catch $i 0) (call $pass (local.get 0)))",
     ((0, 100), (2, 20), (1, THREW))),
    ("an inner try passes on what it does not take", """(result i32) (block $x (result i32) (block $y (try_table (catch $i $x)
       (try_table (catch $e $y) (call $if (local.get 0)))) (return (i32.const 1))) (i32.const 2))""", ((0, 1), (1, 2), (4, 40))),
    ("operands below the try, a single value among them", """(result i32) (local.get 0) (i32.const 1000) (block $x (result i32)
       (try_table (result i32) (catch $i $x) (call $pass (local.get 0)))) (i32.add) (i32.add)""", ((0, 1100), (5, 1055))),
    ("many values", """(result i32) (local $l i64) (local $a f32) (local $b f64) (local $w v128) (block $x (result i32 i64 f32 f64 v128)
       (try_table (catch $many $x) (throw $many (local.get 0) (i64.const 20) (f32.const 300) (f64.const 4000) (v128.const i32x4 0 50000 0 0))) (unreachable))
       (local.set $w) (local.set $b) (local.set $a) (local.set $l) (i32.add (i32.wrap_i64 (local.get $l))) (i32.add (i32.trunc_f32_s (local.get $a)))
       (i32.add (i32.trunc_f64_s (local.get $b))) (i32.add (i32x4.extract_lane 1 (local.get $w)))""", ((1, 54321),)),
    ("many values by way of an object", """(result i32) (local $l i64) (local $a f32) (local $b f64) (local $w v128)
       (block $x (result i32 i64 f32 f64 v128 exnref)
       (try_table (catch_ref $many $x) (throw $many (local.get 0) (i64.const 20) (f32.const 300) (f64.const 4000) (v128.const i32x4 0 50000 0 0))) (unreachable))
       (drop) (local.set $w) (local.set $b) (local.set $a) (local.set $l) (i32.add (i32.wrap_i64 (local.get $l))) (i32.add (i32.trunc_f32_s (local.get $a)))
       (i32.add (i32.trunc_f64_s (local.get $b))) (i32.add (i32x4.extract_lane 1 (local.get $w)))""", ((1, 54321),)),
    ("a vector where there is no other", """(result i32) (i32.add (local.get 0) (i32.const 1)) (i32.add (local.get 0) (i32.const 1)) (block $x (result v128)
       (try_table (catch $v $x) (call $vector (local.get 0))) (return (i32.const 9))) (i32.const 1000) (call $if (i32.const 0)) (call $lane) (i32.add) (i32.add)""",
     ((0, 9), (600, 2802))),
    ("a local set between the last call and throw_ref", """(result i32) (local $x exnref) (local $n i32) (local $a f64) (local.set $a (f64.const 1))
       (block $out (result exnref) (try_table (catch_all_ref $out)
         (block $in (result exnref) (try_table (catch_all_ref $in) (call $if (local.get 0))) (return (i32.const 1)))
         (local.set $x) (local.set $a (f64.mul (f64.add (local.get $a) (f64.const 5)) (f64.add (local.get $a) (f64.const 9)))) (throw_ref (local.get $x)))
         (unreachable)) (drop) (i32.trunc_f64_s (local.get $a))""", ((0, 1), (1, 60), (2, 60))),
    ("a local set between the last call and throw", """(result i32) (local $a f64) (local.set $a (f64.convert_i32_s (local.get 0)))
       (block $out (result i32 exnref) (try_table (catch_ref $i $out) (call $if (i32.const 0))
         (local.set $a (f64.mul (f64.add (local.get $a) (f64.const 5)) (f64.add (local.get $a) (f64.const 9)))) (throw $i (i32.const 1000)))
         (unreachable)) (drop) (i32.add (i32.trunc_f64_s (local.get $a)))""", ((1, 1060),)),
    ("a local changed in the try has what it had at the call", """(result i32) (local $n i32) (local.set $n (i32.const 1)) (block $x (try_table (catch_all $x)
       (local.set $n (i32.const 2)) (call $if (i32.const 0)) (local.set $n (i32.const 3)) (call $if (local.get 0)) (local.set $n (i32.const 4))))
       (local.get $n)""", ((0, 4), (1, 3))),
    ("a clause that leads to a loop's start", """(result i32) (local $n i32) (loop $l (local.set $n (i32.add (local.get $n) (i32.const 1)))
       (try_table (catch $e $l) (call $if (i32.lt_s (local.get $n) (local.get 0))))) (local.get $n)""", ((0, 1), (1, 1), (100, 100))),
    ("a loop with a parameter", """(result i32) (local $n i32) (i32.const 3) (loop $l (param i32) (result i32) (local.set $n) (try_table (catch $i $l)
       (if (i32.lt_s (local.get $n) (local.get 0)) (then (throw $i (i32.mul (local.get $n) (i32.const 2)))))) (local.get $n))""", ((0, 3), (50, 96))),
    ("rethrown by reference, with its values", """(result i32) (block $x (result i32) (try_table (catch $i $x)
       (block $y (result exnref) (try_table (catch_all_ref $y) (call $if (local.get 0))) (return (i32.const 3))) (throw_ref)) (unreachable))""",
     ((0, 3), (1, THREW), (4, 40))),
    ("through many frames", """(result i32) (block $x (result i32) (try_table (catch $i $x) (return (call $deep (i32.const 1000) (local.get 0)))) (unreachable))""",
     ((0, 1100), (7, 70), (1, THREW))),
    ("a tail call leaves the try", "(result i32) (block $x (try_table (catch_all $x) (return_call $pass (local.get 0)))) (i32.const 5)", ((0, 100), (1, THREW))),
    ("a null reference traps, outside of the try as well", """(result i32) (block $x (result exnref) (try_table (result exnref) (catch_all_ref $x)
       (throw_ref (ref.null exn)))) (drop) (i32.const 1)""", ((0, "trap"),)),
    ("a trap is not caught", "(result i32) (block $x (try_table (catch_all $x) (drop (i32.div_u (i32.const 1) (local.get 0)))) (return (i32.const 1))) (i32.const 2)",
     ((0, "trap"), (1, 1))),
    ("legacy: arms and catch_all", """(result i32) (try (result i32) (do (call $pass (local.get 0))) (catch $j (drop) (i32.const 4))
       (catch $i (i32.add (i32.const 1))) (catch_all (i32.const 9)))""", ((0, 100), (1, 9), (2, 21))),
    ("legacy: an arm's own throws go further out", """(result i32) (try (result i32) (do (try (result i32) (do (call $pass (local.get 0)))
       (catch $e (throw $i (i32.const 5))) (catch $i (drop) (i32.const 8)))) (catch $i (i32.add (i32.const 60))))""", ((0, 100), (1, 65), (2, 8))),
    ("legacy: rethrow of the outer one from an inner arm", """(result i32) (try (result i32) (do (try $t (result i32) (do (call $pass (local.get 0)))
       (catch $i (drop) (try (result i32) (do (throw $e)) (catch $e (rethrow $t)))))) (catch $i (i32.add (i32.const 1))) (catch $e (i32.const 44)))""",
     ((0, 100), (1, 44), (3, 31))),
    ("legacy: the static way to an arm that keeps nothing", """(result i32) (i32.const 500) (try (result i32) (do (throw $i (local.get 0)) ) (catch $e (i32.const 1))
       (catch $i (i32.add (i32.const 2)))) (i32.add)""", ((3, 505),)),
    ("legacy: delegate passes one try", """(result i32) (try $out (result i32) (do (try (result i32) (do (try (result i32) (do (call $pass (local.get 0)))
       (delegate $out))) (catch_all (i32.const 77)))) (catch $i (i32.add (i32.const 1))))""", ((0, 100), (1, THREW), (2, 21))),
    ("legacy: delegate out of the function, between calls of the try around it", """(result i32) (try $out (result i32) (do (call $if (i32.const 0))
       (try (do (call $if (local.get 0))) (delegate 1)) (call $if (i32.sub (local.get 0) (i32.const 1))) (i32.const 6)) (catch_all (i32.const 77)))""",
     ((0, 77), (1, THREW), (2, THREW))),
    ("legacy: delegate from an arm, whose try is over", """(result i32) (try (result i32) (do (try $t (result i32) (do (throw $e))
       (catch $e (try (result i32) (do (call $pass (local.get 0))) (delegate $t))) (catch $i (drop) (i32.const 66)))) (catch $i (i32.add (i32.const 1))))""",
     ((0, 100), (1, THREW), (2, 21))),
    ("legacy: an arm reads a local that the body would have set", """(result i32) (local $x i32) (local $y i32) (local.set $y (i32.const 77))
       (local.set $y (i32.add (local.get $y) (local.get $y))) (local.set $y (i32.mul (local.get $y) (local.get $y)))
       (call $if (i32.eq (local.get $y) (i32.const 5))) (try (result i32) (do (call $if (local.get 0)) (local.set $x (i32.const 2))
       (local.set $x (i32.add (local.get $x) (i32.const 3))) (call $if (i32.const 1)) (i32.const 3)) (catch_all (local.get $x)))""", ((0, 5), (1, 0), (2, 0))),
    ("legacy: a try without arms", "(result i32) (try (result i32) (do (call $pass (local.get 0))))", ((0, 100), (1, THREW))),
)  # fmt: skip


# A function of so many parameters is not optimized by LLVM. Their sum, and the exception's value if there is one, with a local set in the try.
GIANT = f"""(func $giant (param {"i64 " * 150}) (result i64) (local $n i64) (local.set $n (i64.const 1000)) (i64.const 0)
  {" ".join(f"(i64.add (local.get {k}))" for k in range(150))}
  (block $x (result i32) (try_table (catch $i $x) (local.set $n (i64.const 2000)) (call $if (i32.wrap_i64 (local.get 149))) (local.set $n (i64.const 3000)))
    (try (do (call $if (i32.wrap_i64 (local.get 148)))) (catch $e (local.set $n (i64.const 4000))) (catch $i (local.set $n (i64.const 5000)) (br $x)))
    (i32.const 0)) (i64.extend_i32_u) (i64.add) (i64.add (local.get $n)))
  (func (export "g") (param i64 i64) (result i64) (call $giant {"(i64.const 1) " * 148} (local.get 0) (local.get 1)))"""


def text(body: str) -> str:
    return f'(module {SHARED} (func (export "f") (param i32) {body}))'


def outcomes(api: Any, config: Any, row: tuple[str, str, tuple[tuple[int, Any], ...]]) -> list[Any]:
    """For every argument the result, that it threw, or that it trapped."""
    engine = api.Engine(config)
    store = api.Store(engine)
    function = api.Instance(store, api.Module(engine, text(row[1])), []).exports(store)["f"]
    found: list[Any] = []
    for argument, _ in row[2]:
        try:
            found.append(function(store, argument))
        except api.Trap as trap:
            found.append(THREW if "xception" in str(trap) else "trap")
    return found


def test_rows_have_names_of_their_own() -> None:
    assert len({row[0] for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("level", ["speed", "none"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].replace(" ", "-"))
@pytest.mark.parametrize("strategy", RUN)
def test_row(strategy: str, row: tuple[str, str, tuple[tuple[int, Any], ...]], level: str) -> None:
    config = wasm_facade.Config()
    config.strategy, config.cache, config.cranelift_opt_level = strategy, False, level
    assert outcomes(wasm_facade, config, row) == [expected for _, expected in row[2]]


@pytest.mark.parametrize("row", [row for row in ROWS if not row[0].startswith("legacy")], ids=lambda row: row[0].replace(" ", "-"))
def test_row_on_wasmtime(row: tuple[str, str, tuple[tuple[int, Any], ...]]) -> None:
    config = wasmtime.Config()
    config.wasm_exceptions = config.wasm_gc = config.wasm_function_references = True
    assert outcomes(wasmtime, config, row) == [expected for _, expected in row[2]]


@pytest.mark.parametrize("strategy", RUN)
def test_giant_functions(strategy: str) -> None:
    config = wasm_facade.Config()
    config.strategy, config.cache = strategy, False
    engine = wasm_facade.Engine(config)
    store = wasm_facade.Store(engine)
    function: Any = wasm_facade.Instance(store, wasm_facade.Module(engine, f"(module {SHARED} {GIANT})"), []).exports(store)["g"]
    assert [function(store, *pair) for pair in ((0, 0), (0, 5), (1, 0), (5, 0))] == [148 + 3000, 153 + 2000 + 50, 149 + 4000, 153 + 5000 + 50]
    with pytest.raises(wasm_facade.WasmException):
        function(store, 0, 1)


@pytest.mark.parametrize("form", ["new", "legacy", "fuel", "stress"])
@pytest.mark.parametrize("strategy", [*RUN, "mixed"])
def test_random_programs(strategy: str, form: str) -> None:
    count = COUNT if strategy == "native" else max(COUNT // 6, 4)  # the optimizing backend takes its time
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "random_exceptions.py"), strategy, form, "0", str(count)],
        capture_output=True, text=True, timeout=120 + 3 * count, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert f"{count} programs agree" in done.stdout
