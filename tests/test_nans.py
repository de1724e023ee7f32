"""`cranelift_nan_canonicalization`: every float instruction on NaNs of all kinds, on every backend, bit for bit as wasmtime-py under the same setting."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest
import wasmtime

import wasm_facade
from oracle import FROM_BITS, STRATEGIES, TO_BITS, WAT_TYPES, instantiate, lane_floats, outcome, signed
from wasm_environ import nans
from wasm_environ.opcodes import BY_MNEMONIC, OPS, Op

# Canonical, negative, signalling, negative signalling, with a payload, all ones; and what NaNs are made of or mixed with.
F32 = (0x7FC00000, 0xFFC00000, 0x7FA00000, 0xFFA00001, 0x7FC12345, 0xFFFFFFFF, 0x3F800000, 0xBF800000, 0, 0x80000000, 0x7F800000, 0xFF800000)
F64 = (
    0x7FF8000000000000, 0xFFF8000000000000, 0x7FF4000000000000, 0xFFF4000000000001, 0x7FF8000012345678, 0xFFFFFFFFFFFFFFFF, 0x3FF0000000000000,
    0xBFF0000000000000, 0, 0x8000000000000000, 0x7FF0000000000000, 0xFFF0000000000000,
)  # fmt: skip
CANONICAL = {32: nans.CANONICAL_F32, 64: nans.CANONICAL_F64}
FIRST_NAN = {32: 0x7F800001, 64: 0x7FF0000000000001}


def vectors(lanes: tuple[int, ...], width: int) -> list[int]:
    """Each value in each lane, beside others."""
    return [sum(lanes[(k + 5 * at) % len(lanes)] << width * at for at in range(128 // width)) for k in range(len(lanes))]


VALUES = {"f": F32, "F": F64, 32: vectors(F32, 32), 64: vectors(F64, 64)}


def floats(op: Op) -> bool:
    """Whether an instruction computes floats from floats."""
    if not op.operands or op.immediates or "a" in op.operands or op.chapter == "atomic":
        return False
    return op.results in ("f", "F") or (op.results == "v" and op.mnemonic.startswith(("f32x4.", "f64x2.")))


ROWS = [op for op in OPS if floats(op)]


def arguments(op: Op) -> Iterator[list[int]]:
    """Every combination of its operands' values; of three operands every seventh."""
    assert op.operands is not None
    shape = re.findall("f(32|64)", op.mnemonic)[-1]
    columns = [VALUES[int(shape) if letter == "v" else letter] if letter in "vfF" else (0, 1, -1) for letter in op.operands]
    for number, combination in enumerate(itertools.product(*columns)):
        if len(columns) < 3 or number % 7 == 0:
            yield [word for letter, value in zip(op.operands, combination, strict=True) for word in signed(value, letter)]


def wat() -> str:
    """A function per row, by number; and `L` + number, which sets a local from the result, as compilers of loops see it."""
    functions = []
    for number, op in enumerate(ROWS):
        assert op.operands is not None
        assert op.results is not None
        params, operands, at = [], [], 0
        for letter in op.operands:
            params.append(WAT_TYPES[letter])
            operands.append(FROM_BITS[letter].format(f"(local.get {at})", f"(local.get {at + 1})"))
            at += 2 if letter == "v" else 1
        results = " ".join(WAT_TYPES[letter] for letter in op.results)
        whole = {"f": "f32", "F": "f64", "v": "v128"}[op.results]
        for name, kept in (("", ""), ("L", "(local.set $r) (local.get $r)")):
            functions.append(
                f'(func (export "{name}{number}") (param {" ".join(params)}) (result {results}) (local $v v128) (local $r {whole}) '
                f"{' '.join(operands)} {op.mnemonic} {kept} {TO_BITS[op.results]})"
            )
    return "(module\n" + "\n".join(functions) + ")"


@functools.cache
def place(strategy: str, on: bool) -> tuple[Any, Any]:
    """The module in ours, or in wasmtime for the empty strategy; once a session."""
    return instantiate(wasm_facade if strategy else wasmtime, strategy, wat(), cranelift_nan_canonicalization=on)


def odd_nans(op: Op, result: Any) -> bool:
    """Whether a result holds a NaN that is not the canonical one."""
    words = [result[1]] if isinstance(result[1], int) else list(result[1])
    return any(bits & 2 ** (width - 1) - 1 >= FIRST_NAN[width] and bits & 2**width - 1 != CANONICAL[width] for bits, width in lane_floats(op, words))


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("number", range(len(ROWS)), ids=[op.mnemonic for op in ROWS])
def test_as_wasmtime(strategy: str, number: int) -> None:
    op = ROWS[number]
    for args in arguments(op):
        theirs = outcome(wasmtime, place("", True), str(number), args)
        for name in (str(number), f"L{number}"):
            ours = outcome(wasm_facade, place(strategy, True), name, args)
            assert ours == theirs, f"{op.mnemonic} of {[hex(word) for word in args]}: {ours}, wasmtime {theirs}"


@pytest.mark.parametrize("number", range(len(ROWS)), ids=[op.mnemonic for op in ROWS])
def test_the_set_is_wasmtimes(number: int) -> None:
    """An instruction is in `nans.RESULTS` just if wasmtime gives no other NaN than the canonical one with the setting, and would without it."""
    op = ROWS[number]
    with_setting, without = (any(odd_nans(op, outcome(wasmtime, place("", on), str(number), args)) for args in arguments(op)) for on in (True, False))
    assert (nans.RESULTS[op.id] != nans.NONE) == (without and not with_setting)


# An instruction's result taken by another: may a NaN stay what it is in between?
FIRST = ("f32.mul", "f64.mul", "f32.demote_f64", "f64.promote_f32", "f32x4.mul", "f64x2.mul", "f32x4.demote_f64x2_zero", "f64x2.promote_low_f32x4")


def pairs() -> Iterator[tuple[str, Op]]:
    for first in FIRST:
        for op in OPS:
            lanes = op.immediates == ("lane",) and "extract" in op.mnemonic
            plain = op.operands and op.results and "a" not in op.operands and (lanes or not op.immediates) and len(op.results) == 1
            if plain and str(op.operands)[0] == BY_MNEMONIC[first].results and (op.feature != "relaxed_simd" or op in ROWS):
                yield first, op


PAIRS = list(pairs())


@functools.cache
def pairs_place(strategy: str) -> tuple[Any, Any]:
    """A function per pair: the first of the parameter, and the second of that and, twice, what the parameter is as its other operands."""
    functions = []
    for number, (first, op) in enumerate(PAIRS):
        row = BY_MNEMONIC[first]
        assert row.operands is not None
        assert op.operands is not None
        params, given = WAT_TYPES[row.operands[0]], FROM_BITS[row.operands[0]].format("(local.get 0)", "(local.get 1)")
        others = {"f": "(f32.const -1.5)", "F": "(f64.const 3)", "i": "(i32.const 3)", "v": "(v128.const i64x2 0x7fc12345ff812345 0xfff8123400000001)"}
        rest = " ".join(others[letter] for letter in op.operands[1:])
        text = f"{op.mnemonic} {'1' if op.immediates else ''}"
        functions.append(
            f'(func (export "{number}") (param {params}) (result {WAT_TYPES[str(op.results)]}) (local $v v128) '
            f"{' '.join([given] * len(row.operands))} {first} {rest} {text} {TO_BITS[str(op.results)]})"
        )
    return instantiate(wasm_facade if strategy else wasmtime, strategy, "(module\n" + "\n".join(functions) + ")", cranelift_nan_canonicalization=True)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("first", FIRST)
def test_taken_by_another(strategy: str, first: str) -> None:
    operand = str(BY_MNEMONIC[first].operands)[0]
    shape = re.findall("f(32|64)", first)[-1]
    values = VALUES[int(shape) if operand == "v" else operand]
    rows = [(number, op) for number, (name, op) in enumerate(PAIRS) if name == first]
    assert len(rows) > 15
    for number, op in rows:
        for value in values:
            args = signed(value, operand)
            ours = outcome(wasm_facade, pairs_place(strategy), str(number), args)
            theirs = outcome(wasmtime, pairs_place(""), str(number), args)
            assert ours == theirs, f"{op.mnemonic} of {first} of {value:x}: {ours}, wasmtime {theirs}"


# What a compiler may compute itself: columns: instruction, operands as constants.
CONSTANTS = (
    ("f32.div", "(f32.const 0) (f32.const 0)"), ("f64.div", "(f64.const -0) (f64.const 0)"), ("f32.sub", "(f32.const inf) (f32.const inf)"),
    ("f64.mul", "(f64.const 0) (f64.const -inf)"), ("f32.sqrt", "(f32.const -1)"), ("f64.sqrt", "(f64.const -inf)"),
    ("f32.add", "(f32.const -nan:0x200001) (f32.const 1)"), ("f64.min", "(f64.const 1) (f64.const -nan:0x4000000000001)"),
    ("f32.ceil", "(f32.const nan:0x212345)"), ("f64.promote_f32", "(f32.const -nan:0x212345)"), ("f32.demote_f64", "(f64.const nan:0x1)"),
    ("f32x4.mul", "(v128.const f32x4 0 nan:0x200000 -nan 1) (v128.const f32x4 inf 1 1 1)"),
    ("f64x2.promote_low_f32x4", "(v128.const f32x4 -nan:0x200000 -nan 0 0)"), ("f64x2.max", "(v128.const f64x2 -nan 1) (v128.const f64x2 0 -nan:0x1)"),
    ("f32.neg", "(f32.const nan:0x200001)"), ("f64.copysign", "(f64.const nan:0x1) (f64.const -1)"),
)  # fmt: skip
RESULT_LETTER = {op.mnemonic: op.results for op in OPS}


@pytest.mark.parametrize("opt_level", ["speed", "none"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_of_constants(strategy: str, opt_level: str) -> None:
    functions = []
    for mnemonic, operands in CONSTANTS:
        letter = str(RESULT_LETTER[mnemonic])
        functions.append(f'(func (export "{mnemonic}") (result {WAT_TYPES[letter]}) (local $v v128) {operands} {mnemonic} {TO_BITS[letter]})')
    wat = "(module\n" + "\n".join(functions) + ")"
    theirs = instantiate(wasmtime, "", wat, cranelift_nan_canonicalization=True)
    ours = instantiate(wasm_facade, strategy, wat, cranelift_nan_canonicalization=True, cranelift_opt_level=opt_level)
    for mnemonic, operands in CONSTANTS:
        assert outcome(wasm_facade, ours, mnemonic, []) == outcome(wasmtime, theirs, mnemonic, []), f"{mnemonic} {operands}"


# A value on its way: through a loop's local, a fuel count, a load folded into the instruction, memory and a call.
WAYS = """(module (memory 1)
  (func $half (param f64) (result f64) (f64.mul (local.get 0) (f64.const 0.5)))
  (func (export "loop") (param $bits i64) (param $n i32) (result i64) (local $sum f64) (local $all v128)
    (local.set $sum (f64.reinterpret_i64 (local.get $bits)))
    (loop $again
      (local.set $sum (f64.add (local.tee $sum (f64.sub (local.get $sum) (f64.const 1))) (call $half (local.get $sum))))
      (local.set $all (f64x2.add (local.get $all) (f64x2.splat (local.get $sum))))
      (f64.store (i32.const 8) (local.get $sum))
      (local.set $sum (f64.add (f64.promote_f32 (f32.demote_f64 (f64.load (i32.const 8)))) (f64.sqrt (f64.load (i32.const 8)))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.xor (i64.reinterpret_f64 (local.get $sum)) (i64x2.extract_lane 1 (local.get $all)))))"""


@pytest.mark.parametrize("settings", [{}, {"consume_fuel": True}, {"memory_reservation": 0}], ids=["plain", "fuel", "checked"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_on_many_ways(strategy: str, settings: dict[str, Any]) -> None:
    places = [instantiate(api, name, WAYS, cranelift_nan_canonicalization=True, **settings) for api, name in ((wasm_facade, strategy), (wasmtime, ""))]
    for store, _ in places:
        if settings.get("consume_fuel"):
            store.set_fuel(10000)
    for bits in F64:
        for n in (1, 3):
            args = [*signed(bits, "F"), n]
            ours, theirs = outcome(wasm_facade, places[0], "loop", args), outcome(wasmtime, places[1], "loop", args)
            assert ours == theirs, f"{bits:x}, {n} times"


def test_off_changes_no_code() -> None:
    """Without the setting code is what it was; with it, modules without float arithmetic are too."""
    from wasm_codegen_native import create
    from wasm_environ import ALL
    from wasm_environ.compiler import Target, Tunables
    from wasm_environ.text import parse_text

    def code(text: str, on: bool) -> bytes:
        (made,) = create(Target("x86_64"), Tunables(canonical_nans=on)).compile_functions(parse_text(text), ALL)
        return bytes(made.text) + bytes(made.rodata)

    moves = "(module (func (param f32 f32) (result f32) (f32.neg (f32.copysign (f32.abs (local.get 0)) (local.get 1)))))"
    sums = "(module (func (param f32 f32) (result f32) (f32.add (local.get 0) (local.get 1))))"
    assert code(moves, True) == code(moves, False)
    assert code(sums, True) != code(sums, False)
