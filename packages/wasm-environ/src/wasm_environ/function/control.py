"""Rules of blocks, branches and calls (spec: validation/instructions, control)."""

from __future__ import annotations

from librt.vecs import append
from mypy_extensions import i64

from wasm_environ import limits
from wasm_environ.binary.expressions import VOID, block_type
from wasm_environ.body import KIND_IF
from wasm_environ.function.state import (
    ARM_ELSE,
    ARM_FIRST,
    FRAME_ARM,
    FRAME_KIND,
    FRAME_PARAM_COUNT,
    FRAME_PARAMS,
    FRAME_RESULT_COUNT,
    FRAME_RESULTS,
    FRAME_WORDS,
    State,
)
from wasm_environ.op import (
    BR,
    BR_IF,
    BR_ON_CAST,
    BR_ON_NON_NULL,
    BR_ON_NULL,
    BR_TABLE,
    ELSE,
    END,
    RETURN,
    RETURN_CALL,
    RETURN_CALL_INDIRECT,
    RETURN_CALL_REF,
)  # fmt: skip
from wasm_environ.types import BOT, CONCRETE, CONT, FUNC, FUNCREF, HEAP_SHIFT, I32, NULLABLE, REF, value_type_name


def open_block(s: State, kind: i64, op: i64) -> None:
    """Read a block type, pop its parameters (and the condition of `if`), open the frame."""
    t = block_type(s.r)
    if t == VOID:
        if kind == KIND_IF:
            s.pop_t(I32)
        s.enter(kind, op, 0, 0, 0, 0, -1)
    elif t < 0:
        result = s.type_start(s.check_type(-1 - t))
        if kind == KIND_IF:
            s.pop_t(I32)
        s.enter(kind, op, 0, 0, result, 1, -1)
    else:
        index = func_type(s, t)
        if kind == KIND_IF:
            s.pop_t(I32)
        start = s.signature_start(index)
        count = s.context.count[index]
        s.pop_list(s.types, start, count)
        s.enter(kind, op, start, count, start + count, s.context.results[index], index)


def func_type(s: State, index: i64) -> i64:
    """The canonical index of a type index, which must be a function type's."""
    context = s.context
    if index >= context.type_count:
        raise s.unknown("type", index, context.type_count)
    if context.kind[index] != FUNC:
        raise s.fail(f"type mismatch: type {index} is not a function type")
    return context.canonical[index]


def else_arm(s: State) -> None:
    frame = (s.depth - 1) * FRAME_WORDS
    if s.frames[frame + FRAME_KIND] != KIND_IF or s.frames[frame + FRAME_ARM] != ARM_FIRST:
        raise s.malformed("END opcode expected: else without if")
    s.close_arm(frame)
    s.next_arm(frame, ARM_ELSE, ELSE, 0)
    count = s.frames[frame + FRAME_PARAM_COUNT]
    if count:
        s.push_list(s.types, s.frames[frame + FRAME_PARAMS], count)


def end(s: State) -> None:
    frame = (s.depth - 1) * FRAME_WORDS
    kind = s.frames[frame + FRAME_KIND]
    s.close_arm(frame)
    always = False
    if kind == KIND_IF and s.frames[frame + FRAME_ARM] == ARM_FIRST:
        always = True
        if not same_types(s, frame):
            raise s.fail("type mismatch: an if without else must have results that match its parameters")
    s.leave(frame, END, always, -1)


def same_types(s: State, frame: i64) -> bool:
    """Whether the frame's parameters match its results: what an absent else arm does."""
    count = s.frames[frame + FRAME_PARAM_COUNT]
    if count != s.frames[frame + FRAME_RESULT_COUNT]:
        return False
    params = s.frames[frame + FRAME_PARAMS]
    results = s.frames[frame + FRAME_RESULTS]
    i: i64 = 0
    while i < count:
        if not s.context.matches(s.types[params + i], s.types[results + i]):
            return False
        i += 1
    return True


def br(s: State) -> None:
    frame = s.frame(s.r.u32())
    first, count = s.label_types(frame)
    if count:
        s.pop_list(s.types, first, count)
    if s.live:
        s.emit(BR, s.branch(frame), count, s.sp)
    s.set_unreachable()


def br_if(s: State) -> None:
    frame = s.frame(s.r.u32())
    first, count = s.label_types(frame)
    s.pop_t(I32)
    if count:
        s.pop_list(s.types, first, count)
    if s.live:
        s.emit(BR_IF, s.branch(frame), count, s.sp)
    if count:
        s.push_list(s.types, first, count)


def br_table(s: State) -> None:
    r = s.r
    n = r.u32()
    if n > limits.BRANCH_TARGETS:
        raise s.fail(limits.exceeded("br_table targets", n))
    s.pop_t(I32)
    start: i64 = len(s.extra)
    arity: i64 = -1
    checked: i64 = -1
    i: i64 = 0
    while i <= n:
        frame = s.frame(r.u32())
        first, count = s.label_types(frame)
        if arity >= 0 and count != arity:
            raise s.fail("type mismatch: br_table targets carry different numbers of values")
        arity = count
        if count and first != checked:
            s.check_list(first, count)
            checked = first
        if s.live:
            s.extra = append(s.extra, s.branch(frame))
        i += 1
    if s.live:
        s.emit(BR_TABLE, n, start, arity)
    s.set_unreachable()


def return_(s: State) -> None:
    count = s.frames[FRAME_RESULT_COUNT]
    s.pop_list(s.types, s.frames[FRAME_RESULTS], count)
    if s.live:
        s.emit(RETURN, count, 0, s.sp)
    s.set_unreachable()


# ---- calls


def call(s: State, op: i64) -> None:
    """call, return_call."""
    index = s.r.u32()
    context = s.context
    if index >= len(context.functions):
        raise s.unknown("function", index, len(context.functions))
    signature(s, op, index, context.canonical[context.functions[index]], op == RETURN_CALL)


def signature(s: State, op: i64, a: i64, type: i64, tail: bool) -> None:
    """Pop the parameters of a function type, push its results; or, for a tail call, match them with the function's own."""
    context = s.context
    first = context.first[type]
    count = context.count[type]
    s.pop_list(context.pool, first, count)
    s.is_leaf = False
    if s.live:
        s.emit(op, a, type, s.sp)
    if tail:
        tail_results(s, first + count, context.results[type])
        s.set_unreachable()
    else:
        s.push_list(context.pool, first + count, context.results[type])


def tail_results(s: State, first: i64, count: i64) -> None:
    """The results of a tail call must match those of the function."""
    want = s.frames[FRAME_RESULTS]
    same = count == s.frames[FRAME_RESULT_COUNT]
    i: i64 = 0
    while same and i < count:
        same = s.context.matches(s.context.pool[first + i], s.types[want + i])
        i += 1
    if not same:
        raise s.fail("type mismatch: the results of a tail call must match the function's")


def call_indirect(s: State, op: i64) -> None:
    """call_indirect, return_call_indirect."""
    index = s.r.u32()
    table = s.r.u32()
    context = s.context
    if table >= len(context.tables):
        raise s.unknown("table", table, len(context.tables))
    if not context.matches(context.tables[table], FUNCREF):
        raise s.fail(f"type mismatch: call_indirect needs a table of functions, table {table} holds others")
    type = func_type(s, index)
    s.pop_t(context.table_address[table])
    signature(s, op, table, type, op == RETURN_CALL_INDIRECT)


def call_ref(s: State, op: i64) -> None:
    """call_ref, return_call_ref. In the op stream a = the operand's type."""
    type = func_type(s, s.r.u32())
    at = s.sp - 1
    operand: i64 = s.stack[at] if at >= s.floor else BOT
    s.pop_t(ref_to_type(type, True))
    signature(s, op, operand, type, op == RETURN_CALL_REF)


def ref_to_type(index: i64, nullable: bool) -> i64:
    """The reference type to a canonical type index."""
    return REF | CONCRETE | (NULLABLE if nullable else 0) | index << HEAP_SHIFT


# ---- branches on references


def br_on_null(s: State) -> None:
    frame = s.frame(s.r.u32())
    first, count = s.label_types(frame)
    t = s.pop_ref()
    if count:
        s.pop_list(s.types, first, count)
    if s.live:
        s.emit(BR_ON_NULL, s.branch(frame), count, s.sp)
    if count:
        s.push_list(s.types, first, count)
    s.push(t & ~NULLABLE)


def br_on_non_null(s: State) -> None:
    frame = s.frame(s.r.u32())
    first, count = s.label_types(frame)
    t = s.pop_ref()
    if count == 0:
        raise s.fail("type mismatch: the label of br_on_non_null carries no reference")
    want = s.types[first + count - 1]
    if not s.context.matches(t & ~NULLABLE, want):
        raise s.mismatch(want, t & ~NULLABLE)
    s.pop_list(s.types, first, count - 1)
    if s.live:
        s.emit(BR_ON_NON_NULL, s.branch(frame), count, s.sp)
    s.push_list(s.types, first, count - 1)


def br_on_cast(s: State, op: i64) -> None:
    """br_on_cast, br_on_cast_fail."""
    frame, source, target = cast_flags(s)
    take_branch(s, op, frame, source, target, op == BR_ON_CAST)


def check_castable(s: State, target: i64) -> None:
    """Continuations have no type at run time (proposal: stack-switching, castable)."""
    if s.context.top(target) == CONT:
        raise s.fail("invalid cast to continuation types")


def cast_flags(s: State) -> tuple[i64, i64, i64]:
    """Read the immediates of a branch on cast: frame, operand's type, target type, which must be below the operand's."""
    r = s.r
    flags = r.byte()
    if flags > 3:
        raise s.malformed("malformed br_on_cast flags")
    depth = r.u32()
    source = s.check_type(r.heap_type()) | (NULLABLE if flags & 1 else 0)
    target = s.check_type(r.heap_type()) | (NULLABLE if flags & 2 else 0)
    check_castable(s, target)
    return s.frame(depth), source, target


def take_branch(s: State, op: i64, frame: i64, source: i64, target: i64, on_success: bool) -> None:
    """The branch carries the reference as cast, or, for the _fail forms, as it is; the other one stays.

    In the op stream b = index into `extra` of: values carried (the reference included), the operand's type, the target type.
    """
    context = s.context
    # The custom descriptors proposal allows any two types of one hierarchy.
    bound = REF | NULLABLE | context.top(source) << HEAP_SHIFT if context.exact else source
    if not context.matches(target, bound):
        raise s.fail(f"type mismatch: {value_type_name(target)} is no subtype of {value_type_name(source)}")
    first, count = s.label_types(frame)
    if count == 0:
        raise s.fail("type mismatch: the label of a branch on cast carries no reference")
    s.pop_t(source)
    rest = source & ~NULLABLE if target & NULLABLE else source
    carried = target if on_success else rest
    want = s.types[first + count - 1]
    if not context.matches(carried, want):
        raise s.mismatch(want, carried)
    s.pop_list(s.types, first, count - 1)
    if s.live:
        at: i64 = len(s.extra)
        s.extra = append(append(append(s.extra, count), source), target)
        s.emit(op, s.branch(frame), at, s.sp)
    s.push_list(s.types, first, count - 1)
    s.push(rest if on_success else target)
