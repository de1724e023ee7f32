"""Rules of drop and select (spec: validation/instructions, parametric)."""

from __future__ import annotations

from wasm_environ.function.state import State
from wasm_environ.op import DROP, SELECT, SELECT_VALTYPES
from wasm_environ.types import BOT, I32, REF, value_type_name


def drop(s: State) -> None:
    t = s.pop()
    if s.live:
        s.emit(DROP, t, 0, 0)


def select(s: State) -> None:
    """Without a type it is for numbers and vectors: there the operands have one type, and no subtypes."""
    s.pop_t(I32)
    a = s.pop()
    b = s.pop()
    t = a if a != BOT else b
    if t & REF:
        raise s.fail(f"type mismatch: select without a type has an operand {value_type_name(t)}")
    if b != t and b != BOT:
        raise s.mismatch(b, a)
    s.push(t)
    if s.live:
        s.emit(SELECT, t, 0, 0)


def select_typed(s: State) -> None:
    if s.r.u32() != 1:
        raise s.fail("invalid result arity: select takes one type")
    t = s.check_type(s.r.value_type())
    s.pop_t(I32)
    s.pop_t(t)
    s.pop_t(t)
    s.push(t)
    if s.live:
        s.emit(SELECT_VALTYPES, t, 0, 0)
