"""Rules of exceptions: throw, try_table, and the legacy try, catch, rethrow, delegate (spec: validation, control)."""

from __future__ import annotations

from typing import Final

from librt.vecs import append, vec
from mypy_extensions import i64

from wasm_environ import limits
from wasm_environ.binary.expressions import VOID, block_type
from wasm_environ.body import KIND_TRY, KIND_TRY_TABLE
from wasm_environ.function.control import func_type, open_block
from wasm_environ.function.state import (
    ARM_CATCH,
    ARM_CATCH_ALL,
    ARM_FIRST,
    FRAME_ARM,
    FRAME_KIND,
    FRAME_LABEL,
    FRAME_WORDS,
    State,
)
from wasm_environ.op import CATCH_ALL, DELEGATE, RETHROW, THROW, THROW_REF, TRY, TRY_TABLE
from wasm_environ.types import EXN, EXNREF, HEAP_SHIFT, REF

# Catch clauses of try_table.
CLAUSE_CATCH: Final = 0
CLAUSE_CATCH_REF: Final = 1
CLAUSE_CATCH_ALL: Final = 2
CLAUSE_CATCH_ALL_REF: Final = 3

EXN_REF: Final = REF | EXN << HEAP_SHIFT  # what a catch clause gives is never null


def tag_type(s: State, tag: i64) -> i64:
    """The canonical type index of a tag."""
    if tag >= len(s.context.tags):
        raise s.unknown("tag", tag, len(s.context.tags))
    return s.context.canonical[s.context.tags[tag]]


def exception_tag_type(s: State, tag: i64) -> i64:
    """The same of a tag that is thrown or caught: not one of stack switching, whose suspensions are given something (spec: Instr_ok/throw, Catch_ok)."""
    type = tag_type(s, tag)
    if s.context.results[type]:
        raise s.fail(f"type mismatch: non-empty tag result type: tag {tag} is no exception's")
    return type


def throw(s: State) -> None:
    """a = tag, b = canonical type index, c = stack height below the values."""
    tag = s.r.u32()
    type = exception_tag_type(s, tag)
    context = s.context
    s.pop_list(context.pool, context.first[type], context.count[type])
    if s.live:
        s.emit(THROW, tag, type, s.sp)
    s.set_unreachable()


def throw_ref(s: State) -> None:
    s.pop_t(EXNREF)
    if s.live:
        s.emit(THROW_REF, 0, 0, s.sp)
    s.set_unreachable()


def try_table(s: State) -> None:
    """a = label id, b = type index or -1, c = index into `extra` of: stack height below the parameters, number of clauses, and per
    clause its kind (CLAUSE_*), tag or -1, label id. A caught exception's values are pushed at that height.
    """
    t = block_type(s.r)
    params: i64 = 0
    count: i64 = 0
    results: i64 = 0
    result_count: i64 = 0
    index: i64 = -1
    if t >= 0:
        index = func_type(s, t)
        params = s.signature_start(index)
        count = s.context.count[index]
        results = params + count
        result_count = s.context.results[index]
        s.pop_list(s.types, params, count)
    elif t != VOID:
        results = s.type_start(s.check_type(-1 - t))
        result_count = 1
    height = s.sp
    clauses = catch_clauses(s)
    start: i64 = len(s.extra)
    live = s.live
    if live:
        s.extra = append(append(s.extra, height), len(clauses) // 3)
        i: i64 = 0
        while i < len(clauses):
            s.extra = append(s.extra, clauses[i])
            i += 1
    at = s.words
    s.enter(KIND_TRY_TABLE, TRY_TABLE, params, count, results, result_count, index)
    if live:
        s.ops[at + 3] = start


def catch_clauses(s: State) -> vec[i64]:
    """Read and check the clauses; their labels count from outside of the try_table."""
    r = s.r
    out = vec[i64]()
    n = r.u32()
    if n > limits.CATCHES:
        raise s.fail(limits.exceeded("catch clauses", n))
    while n > 0:
        kind = r.byte()
        if kind > CLAUSE_CATCH_ALL_REF:
            raise s.malformed("malformed catch clause")
        tag: i64 = -1
        type: i64 = -1
        if kind <= CLAUSE_CATCH_REF:
            tag = r.u32()
            type = exception_tag_type(s, tag)
        frame = s.frame(r.u32())
        check_clause(s, kind, type, frame)
        out = append(append(append(out, kind), tag), s.branch(frame))
        n -= 1
    return out


def check_clause(s: State, kind: i64, type: i64, frame: i64) -> None:
    """The label takes the tag's values, then the exception reference of the _ref forms (spec: Catch_ok)."""
    context = s.context
    first, count = s.label_types(frame)
    given = context.count[type] if type >= 0 else 0
    with_ref = kind in (CLAUSE_CATCH_REF, CLAUSE_CATCH_ALL_REF)
    if count != given + (1 if with_ref else 0):
        raise s.fail("type mismatch: a catch clause gives another number of values than its label takes")
    i: i64 = 0
    while i < given:
        if not context.matches(context.pool[context.first[type] + i], s.types[first + i]):
            raise s.mismatch(s.types[first + i], context.pool[context.first[type] + i])
        i += 1
    if with_ref and not context.matches(EXN_REF, s.types[first + given]):
        raise s.mismatch(s.types[first + given], EXN_REF)


# ---- legacy


def try_(s: State) -> None:
    open_block(s, KIND_TRY, TRY)


def catch(s: State, op: i64) -> None:
    """catch, catch_all: a = label id, b = 1 if the arm before falls through, c = tag."""
    frame = (s.depth - 1) * FRAME_WORDS
    if s.frames[frame + FRAME_KIND] != KIND_TRY or s.frames[frame + FRAME_ARM] == ARM_CATCH_ALL:
        raise s.malformed("END opcode expected: catch without try")
    s.close_arm(frame)
    if op == CATCH_ALL:
        s.next_arm(frame, ARM_CATCH_ALL, op, 0)
        return
    tag = s.r.u32()
    type = exception_tag_type(s, tag)
    s.next_arm(frame, ARM_CATCH, op, tag)
    s.push_list(s.context.pool, s.context.first[type], s.context.count[type])


def rethrow(s: State) -> None:
    """a = label id of the try whose caught exception is thrown again."""
    frame = s.frame(s.r.u32())
    if s.frames[frame + FRAME_KIND] != KIND_TRY or s.frames[frame + FRAME_ARM] < ARM_CATCH:
        raise s.fail("invalid rethrow label")
    if s.live:
        s.emit(RETHROW, s.frames[frame + FRAME_LABEL], 0, 0)
    s.set_unreachable()


def delegate(s: State) -> None:
    """Ends a try: a = label id, b = 1 if it falls through + 2 if what follows is reachable, c = label id to hand exceptions to."""
    frame = (s.depth - 1) * FRAME_WORDS
    if s.frames[frame + FRAME_KIND] != KIND_TRY or s.frames[frame + FRAME_ARM] != ARM_FIRST:
        raise s.malformed("END opcode expected: delegate without try")
    target = s.frame(s.r.u32() + 1)
    s.close_arm(frame)
    s.leave(frame, DELEGATE, False, s.frames[target + FRAME_LABEL])


def exception(s: State, op: i64) -> None:
    """Dispatch of the chapter."""
    if op == THROW:
        throw(s)
    elif op == TRY_TABLE:
        try_table(s)
    elif op == THROW_REF:
        throw_ref(s)
    elif op == TRY:
        try_(s)
    elif op == RETHROW:
        rethrow(s)
    elif op == DELEGATE:
        delegate(s)
    else:
        catch(s, op)
