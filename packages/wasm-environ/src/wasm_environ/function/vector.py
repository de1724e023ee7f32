"""Rules of v128.const, shuffle and lanes; all other vector instructions come from the tables (spec: validation, vector)."""

from __future__ import annotations

from mypy_extensions import i64

from wasm_environ.function.op_tables import LANES, POP1, POP2, PUSH
from wasm_environ.function.state import State
from wasm_environ.op import I8X16_SHUFFLE, V128_CONST
from wasm_environ.types import V128


def v128_const(s: State) -> None:
    low = s.r.little_endian(8)
    high = s.r.little_endian(8)
    s.push(V128)
    if s.live:
        s.emit(V128_CONST, low, high, 0)


def shuffle(s: State) -> None:
    r = s.r
    start = r.pos
    low = r.little_endian(8)
    high = r.little_endian(8)
    i: i64 = 0
    while i < 16:
        if r.data[start + i] >= 32:
            raise s.fail(f"invalid lane index {r.data[start + i]}")
        i += 1
    s.pop_t(V128)
    s.pop_t(V128)
    s.push(V128)
    if s.live:
        s.emit(I8X16_SHUFFLE, low, high, 0)


def lane(s: State, op: i64) -> None:
    """extract_lane, replace_lane."""
    index = s.r.byte()
    if index >= LANES[op]:
        raise s.fail(f"invalid lane index {index}")
    s.pop_t(POP1[op])
    if POP2[op]:
        s.pop_t(POP2[op])
    s.push(PUSH[op])
    if s.live:
        s.emit(op, index, 0, 0)
