"""Rules of descriptor reads and casts by descriptor (proposal: custom-descriptors)."""

from __future__ import annotations

from librt.vecs import append
from mypy_extensions import i64

from wasm_environ.function.aggregate import pop_object
from wasm_environ.function.control import cast_flags, take_branch
from wasm_environ.function.state import State
from wasm_environ.op import BR_ON_CAST_DESC_EQ, REF_CAST_DESC_EQ_NULL, REF_GET_DESC
from wasm_environ.types import CONCRETE, EXACT, HEAP_NAMES, HEAP_SHIFT, NULLABLE, REF


def get_descriptor(s: State) -> None:
    """ref.get_desc: a = described type, b = the operand's type. The result is as exact as the operand."""
    index = s.r.u32()
    context = s.context
    if index >= context.type_count:
        raise s.unknown("type", index, context.type_count)
    type = context.canonical[index]
    described = context.descriptor[type]
    if described < 0:
        raise s.fail(f"type without descriptor: type {index}")
    want = REF | CONCRETE | NULLABLE | type << HEAP_SHIFT
    t = s.pop()
    if not context.matches(t, want):
        raise s.mismatch(want, t)
    exact = EXACT if context.matches(t, want | EXACT) else 0
    s.push(REF | CONCRETE | exact | described << HEAP_SHIFT)
    if s.live:
        s.emit(REF_GET_DESC, type, t, 0)


def pop_descriptor(s: State, target: i64) -> i64:
    """The operand on top: a descriptor of the target type, exact if that is. NEVER_NULL if its type is not nullable, else 0."""
    heap = target >> HEAP_SHIFT
    if not target & CONCRETE:
        raise s.fail(f"type {HEAP_NAMES[heap]} does not have a descriptor")
    described = s.context.descriptor[heap]
    if described < 0:
        raise s.fail(f"type {heap} does not have a descriptor")
    return pop_object(s, REF | CONCRETE | NULLABLE | target & EXACT | described << HEAP_SHIFT)


def cast(s: State, op: i64) -> None:
    """ref.cast_desc_eq: a = target type, b = the operand's type, c = NEVER_NULL if the descriptor never is, else 0."""
    target = s.check_type(s.r.heap_type()) | (NULLABLE if op == REF_CAST_DESC_EQ_NULL else 0)
    never_null = pop_descriptor(s, target)
    t = s.pop()
    top = REF | NULLABLE | s.context.top(target) << HEAP_SHIFT
    if not s.context.matches(t, top):
        raise s.mismatch(top, t)
    s.push(target)
    if s.live:
        s.emit(op, target, t, never_null)


def br_on_cast(s: State, op: i64) -> None:
    """br_on_cast_desc_eq, br_on_cast_desc_eq_fail: as br_on_cast, with the descriptor on top; a fourth word says whether that is NEVER_NULL."""
    frame, source, target = cast_flags(s)
    never_null = pop_descriptor(s, target)
    at: i64 = len(s.extra)
    take_branch(s, op, frame, source, target, op == BR_ON_CAST_DESC_EQ)
    if at < len(s.extra):  # the code is live
        s.extra = append(s.extra, never_null)


