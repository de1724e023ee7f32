"""Rules of continuations: cont.new, cont.bind, suspend, resume and its throwing forms, switch (proposal: stack-switching)."""

from __future__ import annotations

from typing import Final

from librt.vecs import append, vec
from mypy_extensions import i64

from wasm_environ import limits
from wasm_environ.function.control import ref_to_type
from wasm_environ.function.exception import exception_tag_type, tag_type
from wasm_environ.function.state import State
from wasm_environ.op import CONT_BIND, CONT_NEW, RESUME_THROW, RESUME_THROW_REF, SUSPEND, SWITCH
from wasm_environ.types import CONCRETE, CONT, EXNREF, HEAP_SHIFT, value_type_name

# Handler clauses of resume.
ON_LABEL: Final = 0
ON_SWITCH: Final = 1


def cont_type(s: State, index: i64) -> i64:
    """The canonical index of a type index, which must be a continuation type's."""
    context = s.context
    if index >= context.type_count:
        raise s.unknown("type", index, context.type_count)
    if context.kind[index] != CONT:
        raise s.fail(f"non-continuation type {index}")
    return context.canonical[index]


def func_of(s: State, type: i64) -> i64:
    """The canonical function type index behind a continuation type."""
    return s.context.pool[s.context.first[type]]


def matches_list(s: State, a: i64, b: i64, count: i64) -> bool:
    """Whether `count` types from `a` on in the context's pool are subtypes of those from `b` on, pairwise."""
    context = s.context
    i: i64 = 0
    while i < count:
        if not context.matches(context.pool[a + i], context.pool[b + i]):
            return False
        i += 1
    return True


def results_match(s: State, a: i64, b: i64) -> bool:
    """Whether the results of function type a are subtypes of those of b."""
    context = s.context
    count = context.results[a]
    first_a = context.first[a] + context.count[a]
    first_b = context.first[b] + context.count[b]
    return count == context.results[b] and matches_list(s, first_a, first_b, count)


def cont_new(s: State) -> None:
    """a = canonical type index of the continuation, b = the operand's type."""
    type = cont_type(s, s.r.u32())
    want = ref_to_type(func_of(s, type), True)
    t = s.pop()
    if not s.context.matches(t, want):
        raise s.mismatch(want, t)
    s.push(ref_to_type(type, False))
    if s.live:
        s.emit(CONT_NEW, type, t, 0)


def cont_bind(s: State) -> None:
    """a = canonical type index of the operand, b = that of the result, c = stack height below the values."""
    context = s.context
    type = cont_type(s, s.r.u32())
    bound_type = cont_type(s, s.r.u32())
    func = func_of(s, type)
    bound = func_of(s, bound_type)
    taken = context.count[func] - context.count[bound]
    if taken < 0:
        raise s.fail("type mismatch in continuation arguments: the type to bind to has more of them")
    rest = matches_list(s, context.first[bound], context.first[func] + taken, context.count[bound])
    if not rest or not results_match(s, func, bound):
        raise s.fail("type mismatch in continuation types: what is left after binding does not match")
    s.pop_t(ref_to_type(type, True))
    s.pop_list(context.pool, context.first[func], taken)
    if s.live:
        s.emit(CONT_BIND, type, bound_type, s.sp)
    s.push(ref_to_type(bound_type, False))


def suspend(s: State) -> None:
    """a = tag, b = canonical type index of its function type, c = stack height below the values."""
    tag = s.r.u32()
    type = tag_type(s, tag)
    context = s.context
    first = context.first[type]
    count = context.count[type]
    s.pop_list(context.pool, first, count)
    s.is_leaf = False
    if s.live:
        s.emit(SUSPEND, tag, type, s.sp)
    s.push_list(context.pool, first + count, context.results[type])


def resume(s: State, op: i64) -> None:
    """resume, resume_throw, resume_throw_ref: a = canonical type index of the continuation, b = index into `extra` of: tag thrown or -1, number of
    handlers, then per handler its tag and label id, -1 for a switch; c = stack height below the operands.
    """
    context = s.context
    type = cont_type(s, s.r.u32())
    func = func_of(s, type)
    tag: i64 = -1
    given = func  # whose parameters stand below the continuation
    if op == RESUME_THROW:
        tag = s.r.u32()
        given = exception_tag_type(s, tag)
    clauses = handlers(s, func)
    s.pop_t(ref_to_type(type, True))
    if op == RESUME_THROW_REF:
        s.pop_t(EXNREF)
    else:
        s.pop_list(context.pool, context.first[given], context.count[given])
    s.is_leaf = False
    if s.live:
        at: i64 = len(s.extra)
        s.extra = append(append(s.extra, tag), len(clauses) // 2)
        i: i64 = 0
        while i < len(clauses):
            s.extra = append(s.extra, clauses[i])
            i += 1
        s.emit(op, type, at, s.sp)
    s.push_list(context.pool, context.first[func] + context.count[func], context.results[func])


def handlers(s: State, func: i64) -> vec[i64]:
    """Read and check the handlers of a resumption whose results are those of function type `func`: tag and label id, -1 for a switch."""
    r = s.r
    out = vec[i64]()
    n = r.u32()
    if n > limits.HANDLERS:
        raise s.fail(limits.exceeded("handlers", n))
    while n > 0:
        kind = r.byte()
        if kind > ON_SWITCH:
            raise s.malformed("malformed handler clause")
        tag = r.u32()
        type = tag_type(s, tag)
        label: i64 = -1
        if kind == ON_LABEL:
            frame = s.frame(r.u32())
            check_label(s, func, type, frame)
            label = s.branch(frame)
        else:
            check_switch(s, func, type)
        out = append(append(out, tag), label)
        n -= 1
    return out


def check_label(s: State, func: i64, tag: i64, frame: i64) -> None:
    """The label takes the tag's values, then what is left of the continuation: from the tag's results to the resumption's (spec: Hdl_ok)."""
    context = s.context
    first, count = s.label_types(frame)
    last: i64 = s.types[first + count - 1] if count else 0
    if not last & CONCRETE:
        found = f"[{value_type_name(last)}]" if count else "[]"
        raise s.fail(f"type mismatch: instruction requires concrete continuation reference type but label has {found}")
    rest = func_of(s, cont_type(s, last >> HEAP_SHIFT))
    given = context.count[tag]
    wanted = context.count[rest]
    result = context.first[tag] + given
    if wanted != context.results[tag] or not matches_list(s, context.first[rest], result, wanted) or not results_match(s, func, rest):
        raise s.fail("type mismatch in continuation type: the label's is not what is left after suspension")
    if count != given + 1:
        raise s.fail("type mismatch: a handler gives another number of values than its label takes")
    i: i64 = 0
    while i < given:
        got = context.pool[context.first[tag] + i]
        if not context.matches(got, s.types[first + i]):
            raise s.mismatch(s.types[first + i], got)
        i += 1


def check_switch(s: State, func: i64, tag: i64) -> None:
    """The tag of switches below this resumption takes nothing; what they lead to gives the very results (spec: Hdl_ok)."""
    if s.context.count[tag]:
        raise s.fail("type mismatch: non-empty tag parameter type of a switch handler")
    if not (results_match(s, tag, func) and results_match(s, func, tag)):
        raise s.fail("type mismatch: the tag of a switch handler has other results than the continuation")


def switch(s: State) -> None:
    """a = canonical type index of the continuation, b = tag, c = stack height below the operands."""
    context = s.context
    index = s.r.u32()
    type = cont_type(s, index)
    func = func_of(s, type)
    tag = s.r.u32()
    tagged = tag_type(s, tag)
    first = context.first[func]
    count = context.count[func]
    last: i64 = context.pool[first + count - 1] if count else 0
    if not last & CONCRETE or context.kind[last >> HEAP_SHIFT] != CONT:
        raise s.fail(f"type mismatch: instruction requires that the last parameter of continuation type {index} is a continuation")
    back = func_of(s, last >> HEAP_SHIFT)  # what resumes the code here
    if context.count[tagged]:
        raise s.fail("type mismatch in switch tag: it has parameters")
    if not results_match(s, func, tagged) or not results_match(s, tagged, back):
        raise s.fail("type mismatch in continuation types: the results do not match the switch tag's")
    s.pop_t(ref_to_type(type, True))
    s.pop_list(context.pool, first, count - 1)
    s.is_leaf = False
    if s.live:
        s.emit(SWITCH, type, tag, s.sp)
    s.push_list(context.pool, context.first[back], context.count[back])


def continuation(s: State, op: i64) -> None:
    """Dispatch of the chapter."""
    if op == CONT_NEW:
        cont_new(s)
    elif op == CONT_BIND:
        cont_bind(s)
    elif op == SUSPEND:
        suspend(s)
    elif op == SWITCH:
        switch(s)
    else:
        resume(s, op)
