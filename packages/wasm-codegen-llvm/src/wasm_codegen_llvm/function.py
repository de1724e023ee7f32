"""One function body to LLVM IR: the loop over its op stream, and what goes around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from wasm_codegen_llvm import fuel, rows
from wasm_codegen_llvm.ir import INVARIANT, RISKY_LITERALS, SUFFIXES, UNLIKELY, ZEROS, type_name
from wasm_codegen_llvm.labels import LegacyTries
from wasm_codegen_llvm.lower import (
    aggregate,
    atomic,
    cast,
    control,
    descriptor,
    exception,
    memory,
    numeric,
    parametric,
    reference,
    table,
    variable,
    vector,
    vector_memory,
)
from wasm_codegen_llvm.lower.canonical_nans import canonicalize
from wasm_codegen_llvm.lower.heap import SAFE_POINTS
from wasm_codegen_llvm.passes import is_giant
from wasm_codegen_llvm.state import FunctionState
from wasm_environ import nans
from wasm_environ.body import OFFSET_SHIFT, OP_MASK, WORDS
from wasm_environ.op import CALL, CALL_INDIRECT, CALL_REF, LOCAL_SET, LOCAL_TEE, TRY
from wasm_environ.opcodes import BY_ID
from wasm_environ.vmtypes import CONTEXT_STORE, LEAF_FRAME_ESTIMATED, OVERFLOW_PAGE, STORE_STACK_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wasm_codegen_llvm.llvm_module import Batch
    from wasm_environ.body import FunctionBody

FILES: Final = (
    control, parametric, variable, table, memory, numeric, reference, cast, aggregate, descriptor, exception, vector_memory, vector, atomic
)  # fmt: skip
CHAPTERS: Final = tuple(file.CHAPTER for file in FILES)
TEMPLATES, FUNCTIONS = rows.gather(CHAPTERS)

CALLS: Final = frozenset((CALL, CALL_INDIRECT, CALL_REF))


def lower_function(batch: Batch, body: FunctionBody) -> str:
    """IR text that defines one function."""
    ops = list(body.ops)
    seen = {ops[at] & OP_MASK for at in range(0, len(ops), WORDS)}
    f = FunctionState(batch, body, not seen.isdisjoint(CALLS), not seen.isdisjoint(SAFE_POINTS), LegacyTries(ops) if TRY in seen else None)
    place_locals(f, ops)
    if f.batch.tunables.consume_fuel:
        fuel.enter(f)
    lower_records(f, ops)
    return assemble(f)


def place_locals(f: FunctionState, ops: list[int]) -> None:
    """Choose where locals live: one that is assigned in a stack slot (which sroa removes), any other is its parameter or zero."""
    assigned = {ops[at + 1] for at in range(0, len(ops), WORDS) if ops[at] & OP_MASK in (LOCAL_SET, LOCAL_TEE)}
    zeros: dict[str, str] = {}
    for index, t in enumerate(body_types := [type_name(t) for t in f.body.locals]):
        is_param = index < f.body.params
        value = f"%P{index}" if is_param else ZEROS[t]
        if index not in assigned:
            f.slots.append("")
            f.known[index] = value
            continue
        f.slots.append(f"%L{index}")
        f.entry.append(f"%L{index} = alloca {t}")
        if not is_param and t[0] != "i":
            if t not in zeros:
                zeros[t] = f.opaque(value, t)
            value = zeros[t]
        f.emit(f"store {t} {value}, ptr %L{index}")
        f.known[index] = value
    f.local_types = body_types
    f.constant_locals = {index: f.known[index] for index, slot in enumerate(f.slots) if not slot}


def lower_records(f: FunctionState, ops: list[int]) -> None:
    """Lower every record: most are templates, the rest functions of their chapter."""
    templates, functions = TEMPLATES, FUNCTIONS
    following = [word & OP_MASK for word in ops[WORDS::WORDS]] + [0]
    counting = fuel.count if f.batch.tunables.consume_fuel else None
    canonical = nans.RESULTS if f.batch.tunables.canonical_nans else None
    at = 0
    for next_op in following:
        word = ops[at]
        op = word & OP_MASK
        f.offset = word >> OFFSET_SHIFT
        f.following = next_op
        if counting is not None:
            counting(f, op)
        row = templates[op]
        if row is not None:
            fill_template(f, row, next_op)
        else:
            function = functions[op]
            if function is None:
                raise f.unsupported(op)
            function(f, ops[at + 1], ops[at + 2], ops[at + 3])
        at += WORDS
        if canonical is not None and canonical[op] and not nans.unseen(ops, at, canonical[op]):
            canonicalize(f, canonical[op])


def fill_template(f: FunctionState, row: rows.Row, next_op: int) -> None:
    arity, template, how, fence = row
    stack = f.stack
    n = f.next()
    operands: Iterable[str]
    if arity == 2:
        y = stack.pop()
        x = stack.pop()
        operands = (x, y)
        if how == rows.FLOAT and (x in RISKY_LITERALS or y in RISKY_LITERALS):
            operands = (f.opaque(x, fence), f.opaque(y, fence))
        text = template(n, *operands)
    elif arity == 1:
        x = stack.pop()
        operands = (x,)
        text = template(n, x)
        if how == rows.CONVERSION and x[0] != "%":
            return fenced_conversion(f, text, n, fence)
    else:
        operands = stack[-arity:]
        del stack[-arity:]
        text = template(n, *operands)
    if f.folded:
        text = f.follow_loads(text, operands, f"%v{n}")
    f.emit(text)
    if how == rows.CONDITION:
        f.push_condition(f"%c{n}", f"%v{n}", next_op)
    else:
        stack.append(f"%v{n}")
    return None


def fenced_conversion(f: FunctionState, text: str, n: int, t: str) -> None:
    m = f.next()
    f.emit(f"{text}\n%v{m} = call {t} @llvm.arithmetic.fence.{SUFFIXES[t]}({t} %v{n})")
    f.stack.append(f"%v{m}")


def assemble(f: FunctionState) -> str:
    s = f.signature
    names = ["%vm", *(["%more"] if len(s.results) > 1 else []), *(f"%P{i}" for i in s.register_params())]
    params = ", ".join([f"{t} {name}" for t, name in zip(s.params, names, strict=True)])
    # Dereferenceable and aligned: loads of the vmctx may then move out of loops.
    params = f"ptr noundef nonnull align 8 dereferenceable({f.layout.size}) {params[4:]}"
    attributes = "#3" if too_large(f) else "#0"
    if f.has_landing_pads:
        attributes += " personality ptr @personality"
    head = f"define hidden {s.result} @f{f.body.index}({params}) {attributes} !dbg !{f.scope} {{\nentry:"
    parts = [head, *f.entry]
    if f.more_slots:
        parts.append(f"%slots = alloca [{2 * f.more_slots} x i64], align 16")
    parts.extend(stack_check(f))
    parts.append("br label %start\nstart:")
    parts.extend(side_params(f))
    return "\n".join([*parts, *f.lines, *f.cold, "}\n"])


def side_params(f: FunctionState) -> Iterable[str]:
    """The parameters that came through the side area, read before anything else can use it."""
    side = f.signature.side_params()
    if side:
        yield f"%side.field = getelementptr i8, ptr %vm, i64 {CONTEXT_STORE}\n%side = load ptr, ptr %side.field{INVARIANT}"
    for index, offset in side:
        yield f"%A{index} = getelementptr i8, ptr %side, i64 {offset}\n%P{index} = load {f.signature.wasm_params[index]}, ptr %A{index}, align 8"


def too_large(f: FunctionState) -> bool:
    size = f.module.code_ends[defined := f.body.index - f.module.imported_functions] - f.module.code_starts[defined]
    values = len(f.signature.wasm_params) + len(f.signature.results)
    longest = max(f.longest_block, len(f.lines) - f.block_start)
    return is_giant(size, f.blocks, longest, values)


def stack_check(f: FunctionState) -> Iterable[str]:
    """The frame is taken by then. Its pages were touched one after the other ("probe-stack"), so that none lies beyond the guard; and the trap is a fault,
    because below the frame there may be no stack for a libcall."""
    body = f.body
    # Every value of the function in a slot of its own: what register allocation may come to.
    frame = 8 * body.max_height + 16 * len(body.locals) + 16 * (len(body.ops) // WORDS)
    if not f.batch.tunables.stack_check or (not f.returns_here and frame <= LEAF_FRAME_ESTIMATED):
        return ()
    return (
        "%sp = call i64 @llvm.read_register.i64(metadata !2)",
        f"%store.field = getelementptr i8, ptr %vm, i64 {CONTEXT_STORE}",
        f"%store = load ptr, ptr %store.field{INVARIANT}",
        f"%limit.field = getelementptr i8, ptr %store, i64 {STORE_STACK_LIMIT}",
        "%limit = load i64, ptr %limit.field",
        "%deep = icmp ult i64 %sp, %limit",
        f"br i1 %deep, label %overflow, label %enough{UNLIKELY}",
        f"overflow:\nstore volatile i8 0, ptr inttoptr (i64 {OVERFLOW_PAGE} to ptr){f.debug(body.offset)}\nunreachable",
        "enough:",
    )


def supported_ops() -> dict[int, Any]:
    """The ids of all instructions that have a lowering."""
    return {op: TEMPLATES[op] or FUNCTIONS[op] for op in BY_ID if TEMPLATES[op] or FUNCTIONS[op]}
