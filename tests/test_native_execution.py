"""What the native backend computes where random modules rarely look: divisions by every kind of constant, vectors across calls, tail calls."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

import wasm_facade
from patience import SLOWER

DIVISORS = (1, 2, 3, 5, 6, 7, 9, 10, 11, 12, 13, 25, 60, 64, 100, 125, 625, 641, 1000, 1 << 16, 65537, 1000003, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
WIDE_DIVISORS = (*DIVISORS, 0x100000000, 0x100000001, 6700417, 10**12, 10**18, 2**63 - 1, 2**63, 2**64 - 1)
VALUES = (0, 1, 2, 3, 5, 6, 7, 9, 10, 99, 100, 999, 1000, 0x7FFFFFFE, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFE, 0xFFFFFFFF, 123456789)
WIDE_VALUES = (*VALUES, 2**32, 2**32 + 1, 10**12 - 1, 10**18 + 1, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 2, 2**64 - 1)


def signed(value: int, bits: int) -> int:
    """The pattern as a signed number."""
    value %= 1 << bits
    return value - (1 << bits) if value >> bits - 1 else value


def divide(name: str, a: int, b: int, bits: int) -> int | None:
    """The spec's result as a signed number, None for a trap."""
    if name.endswith("_s"):
        a, b = signed(a, bits), signed(b, bits)
    quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    if name == "div_s" and quotient == 1 << bits - 1:
        return None
    return signed(quotient if name.startswith("div") else a - quotient * b, bits)


def instance(wat: str) -> tuple[Any, Any]:
    """(store, exports) of a module compiled by the native backend."""
    config = wasm_facade.Config()
    config.strategy = "native"
    config.cache = False
    engine = wasm_facade.Engine(config)
    store = wasm_facade.Store(engine)
    return store, wasm_facade.Instance(store, wasm_facade.Module(engine, wat), []).exports(store)


def check_division(type_: str, bits: int, divisors: tuple[int, ...], values: tuple[int, ...]) -> None:
    """Every op by every divisor."""
    rows = [(name, divisor) for divisor in divisors for name in ("div_s", "div_u", "rem_s", "rem_u")]
    functions = "".join(
        f'(func (export "{name} {divisor}") (param {type_}) (result {type_}) ({type_}.{name} (local.get 0) ({type_}.const {divisor})))'
        for name, divisor in rows
    )
    store, exports = instance(f"(module {functions})")
    for name, divisor in rows:
        function = exports[f"{name} {divisor}"]
        for value in values:
            expected = divide(name, value, divisor, bits)
            try:
                found = function(store, signed(value, bits))
            except wasm_facade.Trap:
                found = None
            assert found == expected, (type_, name, value, divisor, found, expected)


def division32() -> None:
    """i32"""
    check_division("i32", 32, DIVISORS, VALUES)


def division64() -> None:
    """i64"""
    check_division("i64", 64, WIDE_DIVISORS, WIDE_VALUES)


def vectors_across_calls() -> None:
    """A function whose only vectors are results of calls keeps them apart."""
    store, exports = instance("""(module
        (func $v (param i32) (result v128) (i32x4.splat (local.get 0)))
        (func $pair (result v128 v128) (call $v (i32.const 1)) (call $v (i32.const 2)))
        (func $use (param v128 v128) (result i32)
          (i32.add (i32x4.extract_lane 0 (local.get 0)) (i32.mul (i32.const 100) (i32x4.extract_lane 3 (local.get 1)))))
        (func (export "one") (result i32) (call $use (call $v (i32.const 7)) (call $v (i32.const 9))))
        (func (export "two") (result i32) (call $pair) (call $pair) (call $use) (drop) (call $use)))""")
    assert exports["one"](store) == 907
    assert exports["two"](store) == 201


def tail_calls() -> None:
    """A million of them in constant stack, with arguments on the stack too."""
    store, exports = instance("""(module
        (type $t (func (param i32 i32 i32 i32 i32 i32 i32 i64) (result i64)))
        (table funcref (elem $even $odd))
        (func $even (type $t) (if (i32.eqz (local.get 0)) (then (return (local.get 7))))
          (return_call $odd (i32.sub (local.get 0) (i32.const 1)) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6) (local.get 1)
            (i64.add (local.get 7) (i64.extend_i32_u (local.get 6)))))
        (func $odd (type $t) (if (i32.eqz (local.get 0)) (then (return (i64.const -1))))
          (return_call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5)
            (local.get 6) (i64.add (local.get 7) (i64.const 1)) (i32.const 0)))
        (func (export "run") (param i32) (result i64)
          (call $even (local.get 0) (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5) (i32.const 6) (i64.const 0))))""")
    total, ring = 0, [1, 2, 3, 4, 5, 6]
    for _ in range(500_000):
        total += ring[5] + 1
        ring = ring[1:] + ring[:1]
    assert exports["run"](store, 1_000_000) == total


CHECKS = (division32, division64, vectors_across_calls, tail_calls)


@pytest.mark.parametrize("number", range(len(CHECKS)), ids=[check.__name__ for check in CHECKS])
def test_native(number: int) -> None:
    """Each check in a process of its own: wrong code may do anything."""
    done = subprocess.run([sys.executable, __file__, str(number)], capture_output=True, text=True, timeout=120 * SLOWER, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


if __name__ == "__main__":
    CHECKS[int(sys.argv[1])]()
