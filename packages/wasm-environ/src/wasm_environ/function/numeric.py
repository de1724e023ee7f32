"""Rules of constants and wide arithmetic; all other numeric instructions come from the tables (spec: validation, numeric)."""

from __future__ import annotations

from mypy_extensions import i64

from wasm_environ.function.state import State
from wasm_environ.op import F32_CONST, I32_CONST, I64_ADD128, I64_CONST, I64_SUB128
from wasm_environ.types import F32, F64, I32, I64


def i32_const(s: State) -> None:
    value = s.r.s32()
    s.push(I32)
    if s.live:
        s.emit(I32_CONST, value, 0, 0)


def i64_const(s: State) -> None:
    value = s.r.s64()
    s.push(I64)
    if s.live:
        s.emit(I64_CONST, value, 0, 0)


def float_const(s: State, op: i64) -> None:
    value = s.r.little_endian(4 if op == F32_CONST else 8)
    s.push(F32 if op == F32_CONST else F64)
    if s.live:
        s.emit(op, value, 0, 0)


def wide(s: State, op: i64) -> None:
    """i64.add128, i64.sub128 take four operands, i64.mul_wide_* two; all give two."""
    i: i64 = 4 if op == I64_ADD128 or op == I64_SUB128 else 2
    while i > 0:
        s.pop_t(I64)
        i -= 1
    s.push(I64)
    s.push(I64)
    if s.live:
        s.emit(op, 0, 0, 0)
