"""Rules of reference instructions: null, func, eq, test, cast, conversions, i31 (spec: validation/instructions, reference)."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from wasm_environ.function.control import check_castable
from wasm_environ.function.state import State
from wasm_environ.op import (
    ANY_CONVERT_EXTERN,
    REF_AS_NON_NULL,
    REF_CAST,
    REF_CAST_NULL,
    REF_EQ,
    REF_FUNC,
    REF_I31,
    REF_IS_NULL,
    REF_NULL,
    REF_TEST_NULL,
)  # fmt: skip
from wasm_environ.types import (
    ANY,
    EQ,
    EXTERN,
    HEAP_SHIFT,
    I31,
    I32,
    NULLABLE,
    REF,
)

ANY_REF: Final = REF | NULLABLE | ANY << HEAP_SHIFT
EQ_REF: Final = REF | NULLABLE | EQ << HEAP_SHIFT
EXTERN_REF: Final = REF | NULLABLE | EXTERN << HEAP_SHIFT
I31_REF: Final = REF | NULLABLE | I31 << HEAP_SHIFT


def ref_null(s: State) -> None:
    t = s.check_type(s.r.heap_type()) | NULLABLE
    s.push(t)
    if s.live:
        s.emit(REF_NULL, t, 0, 0)


def ref_is_null(s: State) -> None:
    t = s.pop_ref()
    s.push(I32)
    if s.live:
        s.emit(REF_IS_NULL, t, 0, 0)


def ref_as_non_null(s: State) -> None:
    t = s.pop_ref()
    s.push(t & ~NULLABLE)
    if s.live:
        s.emit(REF_AS_NON_NULL, t, 0, 0)


def ref_func(s: State) -> None:
    i = s.r.u32()
    context = s.context
    if i >= len(context.functions):
        raise s.unknown("function", i, len(context.functions))
    if not context.declared[i]:
        raise s.fail(f"undeclared function reference: function {i}")
    t = context.function_reference(i)
    s.push(t)
    if s.live:
        s.emit(REF_FUNC, i, t, 0)


def ref_eq(s: State) -> None:
    s.pop_t(EQ_REF)
    s.pop_t(EQ_REF)
    s.push(I32)
    if s.live:
        s.emit(REF_EQ, 0, 0, 0)


def test_or_cast(s: State, op: i64) -> None:
    """ref.test, ref.cast: a = target type, b = the operand's type."""
    null = op in (REF_TEST_NULL, REF_CAST_NULL)
    target = s.check_type(s.r.heap_type()) | (NULLABLE if null else 0)
    check_castable(s, target)
    t = s.pop()
    top = REF | NULLABLE | s.context.top(target) << HEAP_SHIFT
    if not s.context.matches(t, top):
        raise s.mismatch(top, t)
    s.push(target if op == REF_CAST or op == REF_CAST_NULL else I32)
    if s.live:
        s.emit(op, target, t, 0)


def convert(s: State, op: i64) -> None:
    """any.convert_extern, extern.convert_any: the result is nullable if the operand is."""
    want: i64 = EXTERN_REF if op == ANY_CONVERT_EXTERN else ANY_REF
    t = s.pop()
    if not s.context.matches(t, want):
        raise s.mismatch(want, t)
    heap: i64 = ANY if op == ANY_CONVERT_EXTERN else EXTERN
    s.push(REF | t & NULLABLE | heap << HEAP_SHIFT)
    if s.live:
        s.emit(op, t, 0, 0)


def i31(s: State, op: i64) -> None:
    if op == REF_I31:
        s.pop_t(I32)
        s.push(REF | I31 << HEAP_SHIFT)
    else:
        s.pop_t(I31_REF)
        s.push(I32)
    if s.live:
        s.emit(op, 0, 0, 0)


