"""Every operator of the opcode table with a fixed signature, on edge values, on every backend, against wasmtime-py."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import pytest
import wasmtime

import wasm_environ
import wasm_facade
from oracle import FROM_BITS, STRATEGIES, TO_BITS, WAT_TYPES, arguments, instantiate, outcome, same
from wasm_environ.compiler import Target, Tunables
from wasm_environ.opcodes import OPS, Op
from wasm_environ.text import parse_module

LANES = {"i8x16": 16, "i16x8": 8, "i32x4": 4, "i64x2": 2, "f32x4": 4, "f64x2": 2}
SHUFFLES = ("0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15", "31 30 0 0 16 5 5 5 7 8 9 10 11 12 13 17", "0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23")


def rows() -> Iterator[tuple[str, Op]]:
    """(the instruction with its immediates, its row) for every operator that computes from operands alone."""
    for op in OPS:
        if op.operands is None or "a" in op.operands or op.chapter == "atomic" or not op.results or op.mnemonic.endswith(".const"):
            continue
        if op.feature == "relaxed_simd" or op.feature == "wide_arithmetic":
            continue
        if op.immediates == ("lane",):
            for lane in sorted({0, 1, LANES[op.mnemonic.split(".")[0]] - 1}):
                yield f"{op.mnemonic} {lane}", op
        elif op.immediates == ("lanes",):
            for lanes in SHUFFLES:
                yield f"{op.mnemonic} {lanes}", op
        elif not op.immediates:
            yield op.mnemonic, op


ROWS = list(rows())


def wat() -> str:
    """One module with a function per row; parameters and results are integers."""
    functions = []
    for number, (text, op) in enumerate(ROWS):
        assert op.operands is not None
        assert op.results is not None
        params, operands, at = [], [], 0
        for letter in op.operands:
            params.append(WAT_TYPES[letter])
            operands.append(FROM_BITS[letter].format(f"(local.get {at})", f"(local.get {at + 1})"))
            at += 2 if letter == "v" else 1
        results = " ".join(WAT_TYPES[letter] for letter in op.results)
        functions.append(
            f'(func (export "{number}") (param {" ".join(params)}) (result {results}) (local $v v128) {" ".join(operands)} {text} {TO_BITS[op.results]})'
        )
    return "(module\n" + "\n".join(functions) + ")"


LOADS = {"i": "i32", "I": "i64", "f": "f32", "F": "f64", "v": "v128"}


@pytest.mark.parametrize("isa", ["x86_64", "aarch64", "riscv64", "s390x"])
def test_llvm_compiles_every_op_itself(isa: str) -> None:
    """A module's compilation takes what LLVM refuses from the other compiler, and only warns. Of operands from memory, whose place in the wasm the op's code has."""
    llvm = pytest.importorskip("wasm_codegen_llvm")
    loaded = {letter: f"({type}.load (i32.const 0))" for letter, type in LOADS.items()}
    bodies = [f"{' '.join(loaded[letter] for letter in op.operands or '')} {text} {'(drop)' * len(op.results or '')}" for text, op in ROWS]
    module = wasm_environ.decode(parse_module(f"(module (memory 1) {' '.join(f'(func {body})' for body in bodies)})"), wasm_environ.ALL)
    for cpu in ((), ("v", "zba", "zbb", "zbs", "zicond")) if isa == "riscv64" else ((),):
        batches = llvm.create(Target(isa, cpu_features=frozenset(cpu)), Tunables()).compile_functions(module, wasm_environ.ALL)
        assert [(ROWS[index][0], why) for code in batches for index, why in code.failed] == []


@functools.cache
def place(strategy: str) -> tuple[Any, Any]:
    """The module in ours, or in wasmtime for the empty strategy; once a session."""
    return instantiate(wasm_facade if strategy else wasmtime, strategy, wat())


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("number", range(len(ROWS)), ids=[text for text, _ in ROWS])
def test_operator(strategy: str, number: int) -> None:
    text, op = ROWS[number]
    for args in arguments(op):
        ours = outcome(wasm_facade, place(strategy), str(number), args)
        theirs = outcome(wasmtime, place(""), str(number), args)
        assert same(op, ours, theirs), f"{text} of {args}: {ours}, wasmtime {theirs}"


def test_rows_cover_the_table() -> None:
    assert len({op.id for _, op in ROWS}) > 320
