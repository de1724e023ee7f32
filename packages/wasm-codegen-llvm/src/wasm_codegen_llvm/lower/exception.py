"""Exceptions: throw, try_table and the legacy try. Entering a try is no instruction.

A *handler* is a try_table, or the body of a legacy try with its arms as clauses. Inside it, calls are LLVM's `invoke`: what they throw goes to the
handler's landing pad, and from there to its *dispatch* block, to which a throw in the same function branches directly. That compares the exception's tag
with each clause's, in order, loads the values and branches; what no clause takes goes to the dispatch of the handler around it, or out of the function by
the libcall `throw_ref`. All these blocks lie behind the function's other code. Locals need nothing: they are variables to LLVM.

A throw whose clause is known when compiled is a branch to its label, and without an object if the clause does not look at the exception itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wasm_codegen_llvm import fuel
from wasm_codegen_llvm.ir import INVARIANT, type_name
from wasm_codegen_llvm.labels import ANY, Clause, Handler, Label
from wasm_codegen_llvm.lower.control import block, end, jump, label_of, opaque_values
from wasm_codegen_llvm.lower.heap import ZERO_LITERALS, address, allocate, check_null, keep, load, store, type_id
from wasm_codegen_llvm.rows import Chapter
from wasm_environ.body import LABEL_END, LABEL_WORDS, OP_MASK, WITH_REFERENCE, WORDS
from wasm_environ.heap_layout import EXCEPTION_TAG
from wasm_environ.op import DELEGATE
from wasm_environ.types import FuncType

if TYPE_CHECKING:
    from wasm_codegen_llvm.state import FunctionState

CHAPTER: Final = Chapter()

LOOKED_AT: Final = 64  # clauses that a throw looks at for one that is certain, so that deeply nested tries cost no more


def tag_type(f: FunctionState, tag: int) -> int:
    """The canonical type index of a tag."""
    return f.module.types[f.module.tags[tag].type_index].canonical


def value_types(f: FunctionState, tag: int) -> tuple[int, ...]:
    """What an exception of this tag carries."""
    if tag == ANY:
        return ()
    composite = f.module.types[f.module.tags[tag].type_index].composite
    assert isinstance(composite, FuncType)
    return tuple(composite.params)


# ---- tries


def new_handler(f: FunctionState, clauses: list[Clause]) -> Handler:
    """A handler inside the current one."""
    return Handler(f.next(), clauses, f.handler, f.offset)


def enter(f: FunctionState, label: Label, handler: Handler | None) -> None:
    """What follows throws to `handler`."""
    label.inside = f.handler = handler


def leave(f: FunctionState, label: Label) -> None:
    """What follows throws to where what came before the try did."""
    enter(f, label, label.around)


# spec: try_table
def try_table(f: FunctionState, a: int, b: int, c: int) -> None:
    label = label_of(f, a)
    words = f.body.extra
    rows = [words[at : at + 3] for at in range(c + 2, c + 2 + 3 * words[c + 1], 3)]
    if rows:
        enter(f, label, new_handler(f, [Clause(tag, bool(kind & WITH_REFERENCE), target, "") for kind, tag, target in rows]))
        label.closing = lambda: close(f, label)


def close(f: FunctionState, label: Label) -> None:
    """The end of a try_table."""
    handler = label.inside
    assert handler is not None
    leave(f, label)
    dispatch(f, handler)


def try_(f: FunctionState, a: int, b: int, c: int) -> None:
    """A legacy try. One that ends with `delegate` is no handler: what its body throws goes to the handler of what is right inside another label."""
    block(f, a, b, c)
    label = label_of(f, a)
    assert f.legacy is not None
    last = f.body.labels[a * LABEL_WORDS + LABEL_END] * WORDS
    if f.body.ops[last] & OP_MASK == DELEGATE:
        enter(f, label, label_of(f, f.body.ops[last + 3]).inside)
    elif a in f.legacy.arms:
        keeps = a in f.legacy.rethrown
        label.arms = [Clause(tag, keeps, -1, f"A{a}.{k}") for k, tag in enumerate(f.legacy.arms[a])]
        enter(f, label, new_handler(f, list(label.arms)))
        label.arms.reverse()


def catch(f: FunctionState, a: int, b: int, c: int) -> None:
    """The next arm of a legacy try, catch or catch_all."""
    label = label_of(f, a)
    if b:
        jump(f, label)
    handler = label.inside
    leave(f, label)
    if handler is not label.around and handler is not None:  # it was the body's end
        dispatch(f, handler)
    arm = label.arms.pop()
    f.start_block(arm.name)
    del f.stack[label.height :]
    for k, t in enumerate(value_types(f, arm.tag)):
        f.stack.append(merged(f, type_name(t), [(values[k], source) for values, _, source in arm.incoming]))
    if arm.keeps:
        label.caught = merged(f, "i64", [(exception, source) for _, exception, source in arm.incoming])


def delegate(f: FunctionState, a: int, b: int, c: int) -> None:
    leave(f, label_of(f, a))
    end(f, a, b & 1, 0)


def merged(f: FunctionState, t: str, incoming: list[tuple[str, str]]) -> str:
    """A phi."""
    n = f.next()
    f.emit(f"%v{n} = phi {t} {', '.join([f'[ {value}, %{source} ]' for value, source in incoming])}")
    return f"%v{n}"


# ---- throwing


def throw(f: FunctionState, a: int, b: int, c: int) -> None:
    at = len(f.stack) - len(value_types(f, a))
    handler, clause = find(f, a)
    if clause is None:
        send(f, make(f, a, b, f.stack[at:]), handler)
        return
    exception = make(f, a, b, f.stack[at:]) if clause.keeps else ""
    if clause.tag == ANY:
        del f.stack[at:]
    deliver(f, clause, exception)


def make(f: FunctionState, tag: int, type_index: int, values: list[str]) -> str:
    """A new exception; `type_index`: of the tag."""
    layout = f.batch.exception_layout(type_index)
    new = allocate(f, type_id(f, type_index), layout.size)
    identity = f.field(f.layout.tag(tag), "i64", INVARIANT)
    f.emit(f"store i64 {identity}, ptr {address(f, new, EXCEPTION_TAG)}")
    for value, storage, offset in zip(values, value_types(f, tag), layout.offsets, strict=True):
        if value not in ZERO_LITERALS:
            store(f, address(f, new, offset), storage, value)
    keep(f, new)
    return new


def find(f: FunctionState, tag: int) -> tuple[Handler | None, Clause | None]:
    """The handler that is the first that may take an exception of this tag thrown here, and its clause if one certainly does."""
    imported = f.module.imported_tags
    handler = f.handler
    left = LOOKED_AT
    while handler is not None and left > 0:
        for clause in handler.clauses:
            if clause.tag in (ANY, tag):
                return handler, clause
            if clause.tag < imported and tag < imported:  # imports can be given the same tag
                return handler, None
            left -= 1
        handler = handler.outer
    return handler, None


def throw_ref(f: FunctionState, a: int, b: int, c: int) -> None:
    reference = f.stack.pop()
    check_null(f, reference)
    send(f, reference, f.handler)


def rethrow(f: FunctionState, a: int, b: int, c: int) -> None:
    send(f, label_of(f, a).caught, f.handler)


def send(f: FunctionState, exception: str, handler: Handler | None) -> None:
    """Throw an exnref to a handler, or out of the function."""
    if handler is not None:
        handler.incoming.append((exception, f.here))
        f.emit(f"br label %{handler.dispatch}")
    else:
        f.libcall("throw_ref", exception)
        f.emit("unreachable")


# ---- catching


def dispatch(f: FunctionState, handler: Handler) -> None:
    """The blocks of a handler, behind the function's other code. One that nothing is thrown to has them as well: its labels count on them."""
    outside = (f.emit, f.here, f.known, f.last_load, f.offset, f.stack)
    f.emit, f.offset, f.stack = f.cold.append, handler.offset, []
    if handler.landed:
        land(f, handler)
    f.start_block(handler.dispatch)
    exception = merged(f, "i64", handler.incoming) if handler.incoming else "0"
    actual, certain = "", False
    for clause in handler.clauses:
        if clause.tag == ANY:
            deliver(f, clause, exception)
            f.continue_block(f"n{f.next()}")  # of the clauses behind it: never taken, but their labels count on them as well
            certain = True
            continue
        if not actual:
            actual = f.load_at(address(f, exception, EXCEPTION_TAG), 0, "i64")
            keep(f, exception)
        wanted = f.field(f.layout.tag(clause.tag), "i64", INVARIANT)
        n = f.next()
        f.emit(f"%c{n} = icmp eq i64 {actual}, {wanted}\nbr i1 %c{n}, label %y{n}, label %n{n}")
        known = dict(f.known)
        f.continue_block(f"y{n}")
        take(f, clause, exception)
        f.continue_block(f"n{n}")
        f.known = known
    if certain:
        f.emit("unreachable")
    else:
        send(f, exception, handler.outer)
    f.emit, f.here, f.known, f.last_load, f.offset, f.stack = outside


def land(f: FunctionState, handler: Handler) -> None:
    """The landing pad: the exnref is in a pointer's place."""
    f.has_landing_pads = True
    f.start_block(handler.pad)
    n = f.next()
    f.emit(f"%l{n} = landingpad {{ ptr, i32 }} catch ptr null\n%e{n} = extractvalue {{ ptr, i32 }} %l{n}, 0\n%v{n} = ptrtoint ptr %e{n} to i64")
    if f.batch.tunables.consume_fuel:
        fuel.load(f)
    send(f, f"%v{n}", handler)


def take(f: FunctionState, clause: Clause, exception: str) -> None:
    """To a clause, with the values of an exception of its tag."""
    layout = f.batch.exception_layout(tag_type(f, clause.tag))
    f.stack = []
    for storage, offset in zip(value_types(f, clause.tag), layout.offsets, strict=True):
        f.stack.append(load(f, address(f, exception, offset), storage, "zext"))
    keep(f, exception)
    deliver(f, clause, exception)


def deliver(f: FunctionState, clause: Clause, exception: str) -> None:
    """To a clause, with the values on top of the stack."""
    if clause.target >= 0:
        if clause.keeps:
            f.stack.append(exception)
        jump(f, label_of(f, clause.target))
        return
    types = [type_name(t) for t in value_types(f, clause.tag)]
    values = opaque_values(f, f.stack[len(f.stack) - len(types) :], types)
    clause.incoming.append((values, exception, f.here))
    f.emit(f"br label %{clause.name}")


for _mnemonic, _lowering in (
    ("throw", throw),
    ("throw_ref", throw_ref),
    ("try_table", try_table),
    ("try", try_),
    ("catch", catch),
    ("catch_all", catch),
    ("rethrow", rethrow),
    ("delegate", delegate),
):
    CHAPTER.function(_mnemonic, _lowering)
