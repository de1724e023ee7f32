"""Blocks, branches, calls.

A label's values are phis of its block; a loop's parameters live in stack slots, which sroa turns into phis, because the branches back are
not known yet where the loop begins. A block that nothing branches to gets no basic block of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wasm_codegen_llvm import fuel
from wasm_codegen_llvm.ir import INVARIANT, from_result, to_result
from wasm_codegen_llvm.labels import Label
from wasm_codegen_llvm.lower.speculation import at_most
from wasm_codegen_llvm.lower.subtype import is_subtype
from wasm_codegen_llvm.lower.table import element
from wasm_codegen_llvm.rows import Chapter
from wasm_environ import traps
from wasm_environ.body import (
    LABEL_BRANCHES,
    LABEL_ELSE,
    LABEL_WORDS,
)
from wasm_environ.types import NULLABLE
from wasm_environ.vmtypes import (
    CONTEXT_STORE,
    FUNC_REF_CODE,
    FUNC_REF_CONTEXT,
    FUNC_REF_TYPE_ID,
    IMPORT_CODE,
    IMPORT_CONTEXT,
)

if TYPE_CHECKING:

    from wasm_codegen_llvm.ir import Signature
    from wasm_codegen_llvm.state import FunctionState

CHAPTER: Final = Chapter()
FEWEST_IN_TABLE: Final = 4  # besides the default: LLVM makes comparisons of fewer


def label_of(f: FunctionState, index: int) -> Label:
    label = f.labels[index]
    if label is None:
        label = f.labels[index] = Label(f.body, index, f.handler)
    return label


# ---- blocks


def block(f: FunctionState, a: int, b: int, c: int) -> None:
    label_of(f, a)


def loop(f: FunctionState, a: int, b: int, c: int) -> None:
    label = label_of(f, a)
    if f.body.labels[a * LABEL_WORDS + LABEL_BRANCHES]:
        for index, (t, value) in enumerate(zip(label.types, f.stack[label.height :], strict=True)):
            slot = f"%S{a}.{index}"
            f.entry.append(f"{slot} = alloca {t}")
            label.slots.append(slot)
            f.emit(f"store {t} {f.opaque(value, t)}, ptr {slot}")
        f.emit(f"br label %{label.name}")
        f.start_block(label.name)
        for index, (t, slot) in enumerate(zip(label.types, label.slots, strict=True)):
            n = f.next()
            f.emit(f"%v{n} = load {t}, ptr {slot}")
            f.stack[label.height + index] = f"%v{n}"
    if f.batch.tunables.consume_fuel:
        fuel.check(f)


def if_(f: FunctionState, a: int, b: int, c: int) -> None:
    condition = f.condition(f.stack.pop())
    label = label_of(f, a)
    n = f.next()
    if f.body.labels[a * LABEL_WORDS + LABEL_ELSE] < 0:
        label.incoming.append((opaque_values(f, f.stack[label.height :], label.types), f.here))
        otherwise = label.name
    else:
        label.saved = f.stack[label.height :]
        label.known = dict(f.known)
        otherwise = label.else_block = f"E{a}"
    f.emit(f"br i1 {condition}, label %n{n}, label %{otherwise}{f.debug_of_branch()}")
    f.continue_block(f"n{n}")


def else_(f: FunctionState, a: int, b: int, c: int) -> None:
    label = label_of(f, a)
    if b:
        jump(f, label)
    del f.stack[label.height :]
    f.stack += label.saved
    f.continue_block(label.else_block)
    f.known = label.known


def end(f: FunctionState, a: int, b: int, c: int) -> None:
    label = label_of(f, a)
    if label.closing is not None:
        label.closing()
    if a == 0:
        return end_function(f, label, b)
    if label.is_loop:
        if not b:
            del f.stack[label.height :]
        return None
    if not label.incoming:  # nobody branches here: the results, if any, are on the stack already
        if not b:
            del f.stack[label.height :]
        return None
    if b:
        jump(f, label)
    join(f, label)
    return None


def end_function(f: FunctionState, label: Label, falls: int) -> None:
    if label.incoming:
        if falls:
            jump(f, label)
        join(f, label)
    elif not falls:
        return
    if f.batch.tunables.consume_fuel:
        fuel.save(f)
    leave(f)


def join(f: FunctionState, label: Label) -> None:
    """Begin a label's block; its values become phis."""
    del f.stack[label.height :]
    f.start_block(label.name)
    for index, t in enumerate(label.types):
        n = f.next()
        sources = ", ".join([f"[ {values[index]}, %{source} ]" for values, source in label.incoming])
        f.emit(f"%v{n} = phi {t} {sources}")
        f.stack.append(f"%v{n}")


def opaque_values(f: FunctionState, values: list[str], types: list[str]) -> list[str]:
    return [f.opaque(value, t) for value, t in zip(values, types, strict=True)]


def prepare(f: FunctionState, label: Label) -> None:
    """Hand a label the values of a branch that the caller will emit now."""
    count = len(label.types)
    values = opaque_values(f, f.stack[len(f.stack) - count :], label.types) if count else []
    if not label.is_loop:
        label.incoming.append((values, f.here))
        return
    for t, value, slot in zip(label.types, values, label.slots, strict=True):
        f.emit(f"store {t} {value}, ptr {slot}")


def jump(f: FunctionState, label: Label) -> None:
    prepare(f, label)
    f.emit(f"br label %{label.name}")


# ---- branches


def br(f: FunctionState, a: int, b: int, c: int) -> None:
    jump(f, label_of(f, a))


def br_if(f: FunctionState, a: int, b: int, c: int) -> None:
    condition = f.condition(f.stack.pop())
    branch_if(f, condition, label_of(f, a))


def branch_if(f: FunctionState, condition: str, label: Label) -> None:
    prepare(f, label)
    n = f.next()
    f.emit(f"br i1 {condition}, label %{label.name}, label %n{n}{f.debug_of_branch()}")
    f.continue_block(f"n{n}")


def br_table(f: FunctionState, a: int, b: int, c: int) -> None:
    selector = f.stack.pop()
    targets = f.body.extra[b : b + a + 1]
    seen: set[int] = set()
    for target in targets:  # a phi needs an entry per edge, also for several edges from one block
        label = label_of(f, target)
        if target not in seen:
            seen.add(target)
            prepare(f, label)
        elif not label.is_loop:
            label.incoming.append(label.incoming[-1])
    if f.batch.tunables.spectre_mitigation and a >= FEWEST_IN_TABLE:
        clamped_switch(f, selector, list(targets))
    else:
        cases = " ".join([f"i32 {value}, label %B{target}" for value, target in enumerate(targets[:a])])
        f.emit(f"switch i32 {selector}, label %B{targets[a]} [{cases}]{f.debug_of(selector)}")


def clamped_switch(f: FunctionState, selector: str, targets: list[int]) -> None:
    """A switch with no branch on the bound that could be mispredicted: the default is the last entry of the jump table."""
    index = at_most(f, "i32", selector, str(len(targets) - 1))
    n = f.next()
    cases = " ".join([f"i32 {value}, label %B{target}" for value, target in enumerate(targets)])
    f.emit(f"switch i32 {index}, label %x{n} [{cases}]")
    f.cold.append(f"x{n}:\nunreachable")


def return_(f: FunctionState, a: int, b: int, c: int) -> None:
    leave(f)


def leave(f: FunctionState) -> None:
    """Return the values on top of the stack."""
    s = f.signature
    if not s.results:
        f.emit("ret void")
        return
    values = f.stack[len(f.stack) - len(s.results) :]
    for index in range(1, len(values)):
        pointer = f.at("%more", 16 * (index - 1))
        f.emit(f"store {s.results[index]} {values[index]}, ptr {pointer}, align 8")
    text, value = to_result(s, f.next(), f.pinned(values[0], s.results[0]))
    suffix = f.debug_of(values[0])
    f.emit(text.replace("\n", suffix + "\n") + f"ret {s.result} {value}")


def unreachable(f: FunctionState, a: int, b: int, c: int) -> None:
    f.emit(f.trap_call(traps.UNREACHABLE))


def on_null(f: FunctionState, a: int, b: int, c: int) -> None:
    reference = f.stack.pop()
    n = f.next()
    f.emit(f"%c{n} = icmp eq i64 {reference}, 0")
    branch_if(f, f"%c{n}", label_of(f, a))
    f.stack.append(reference)


def on_non_null(f: FunctionState, a: int, b: int, c: int) -> None:
    n = f.next()
    f.emit(f"%c{n} = icmp ne i64 {f.stack[-1]}, 0")
    branch_if(f, f"%c{n}", label_of(f, a))
    f.stack.pop()


# ---- calls


def call(f: FunctionState, a: int, b: int, c: int) -> None:
    signature = f.batch.signature(b)
    code, context = function_target(f, a)
    invoke(f, signature, code, context)


def call_indirect(f: FunctionState, a: int, b: int, c: int) -> None:
    code, context = indirect_target(f, a, b)
    invoke(f, f.batch.signature(b), code, context)


def call_ref(f: FunctionState, a: int, b: int, c: int) -> None:
    code, context = reference_target(f, a)
    invoke(f, f.batch.signature(b), code, context)


def return_call(f: FunctionState, a: int, b: int, c: int) -> None:
    code, context = function_target(f, a)
    invoke_last(f, f.batch.signature(b), code, context)


def return_call_indirect(f: FunctionState, a: int, b: int, c: int) -> None:
    code, context = indirect_target(f, a, b)
    invoke_last(f, f.batch.signature(b), code, context)


def return_call_ref(f: FunctionState, a: int, b: int, c: int) -> None:
    code, context = reference_target(f, a)
    invoke_last(f, f.batch.signature(b), code, context)


def function_target(f: FunctionState, index: int) -> tuple[str, str]:
    """(code, callee vmctx) of a function index."""
    if index >= f.module.imported_functions:
        f.batch.uses(index)
        return f"@f{index}", "%vm"
    offset = f.layout.function_import(index)
    return f.context_pointer(offset + IMPORT_CODE), f.context_pointer(offset + IMPORT_CONTEXT)


# spec: call_indirect
def indirect_target(f: FunctionState, table: int, type_index: int) -> tuple[str, str]:
    """Check the table element whose index is on the stack; (code, callee vmctx) of it."""
    reference = element(f, table, f.stack.pop(), traps.UNDEFINED_ELEMENT)
    n = f.next()
    f.emit(f"%c{n} = icmp eq i64 {reference}, 0")
    f.trap_if(f"%c{n}", traps.INDIRECT_CALL_TO_NULL)
    f.emit(f"%r{n} = inttoptr i64 {reference} to ptr")
    actual = f.load_at(f"%r{n}", FUNC_REF_TYPE_ID, "i32")
    expected = f.field(f.layout.type_id(type_index), "i32", INVARIANT)
    m = f.next()
    if f.module.types[type_index].final:
        f.emit(f"%c{m} = icmp ne i32 {actual}, {expected}")
        f.trap_if(f"%c{m}", traps.BAD_SIGNATURE)
    else:
        f.emit(f"%c{m} = icmp eq i32 {actual}, {expected}\nbr i1 %c{m}, label %y{m}, label %n{m}")
        f.continue_block(f"n{m}")
        known = dict(f.known)
        matches = is_subtype(f, actual, type_index)
        f.emit(f"%d{m} = xor i1 {matches}, true")
        f.trap_if(f"%d{m}", traps.BAD_SIGNATURE)
        f.emit(f"br label %y{m}")
        f.start_block(f"y{m}")
        f.known = known
    return code_and_context(f, f"%r{n}")


def reference_target(f: FunctionState, operand_type: int) -> tuple[str, str]:
    """(code, callee vmctx) of the function reference on the stack."""
    reference = f.stack.pop()
    n = f.next()
    if operand_type & NULLABLE:
        f.emit(f"%c{n} = icmp eq i64 {reference}, 0")
        f.trap_if(f"%c{n}", traps.NULL_REFERENCE)
    f.emit(f"%r{n} = inttoptr i64 {reference} to ptr")
    return code_and_context(f, f"%r{n}")


def code_and_context(f: FunctionState, pointer: str) -> tuple[str, str]:
    """What a VMFuncRef says, the vmctx only where it may be another instance's."""
    code = f.load_at(pointer, FUNC_REF_CODE, "ptr")
    return code, "%vm" if f.batch.own_functions else f.load_at(pointer, FUNC_REF_CONTEXT, "ptr")


def arguments(f: FunctionState, s: Signature, context: str, more: str) -> str:
    """Pop a call's arguments, those beyond the registers into the store's side area; the list of the others as IR."""
    at = len(f.stack) - len(s.wasm_params)
    given = f.stack[at:]
    del f.stack[at:]
    for index, offset in s.side_params():
        if f.is_in_place(given[index], offset):
            continue
        pointer = f.at(f.context_pointer(CONTEXT_STORE), offset)
        f.emit(f"store {s.wasm_params[index]} {given[index]}, ptr {pointer}, align 8")
    values = [context, *([more] if len(s.results) > 1 else []), *[f.pinned(given[index], s.wasm_params[index]) for index in s.register_params()]]
    return ", ".join([f"{t} {value}" for t, value in zip(s.params, values, strict=True)])


def invoke(f: FunctionState, s: Signature, code: str, context: str) -> None:
    """Call, and push the results."""
    call = f"{s.result} {code}({arguments(f, s, context, '%slots')})"
    n = f.next()
    result = f"%v{n} = " if s.results else ""
    if f.handler is None:
        f.emit(f"{result}call {call}{f.debug()}")
    else:
        f.emit(f"{result}invoke {call} to label %i{n} unwind label %{f.handler.unwinds()}{f.debug()}")
        f.continue_block(f"i{n}")
    if s.results:
        text, value = from_result(s, n, f"%v{n}")
        if text:
            f.emit(text)
        f.stack.append(value)
        f.more_slots = max(f.more_slots, len(s.results) - 1)
        for index in range(1, len(s.results)):
            f.stack.append(f.load_at("%slots", 16 * (index - 1), s.results[index], ", align 8"))
    if f.batch.tunables.consume_fuel:
        fuel.load(f)


def invoke_last(f: FunctionState, s: Signature, code: str, context: str) -> None:
    """Call in place of the own frame.

    Where both functions are the same to LLVM it guarantees that (musttail). Otherwise it is a sibling call, which code generation always makes a
    jump: no parameter travels on the stack, and both return the same.
    """
    kind = "musttail" if s.declared == f.signature.declared else "tail"
    text = f"{kind} call {s.result} {code}({arguments(f, s, context, '%more')}){f.debug()}"
    if s.results:
        n = f.next()
        f.emit(f"%v{n} = {text}\nret {s.result} %v{n}")
    else:
        f.emit(f"{text}\nret void")


for _mnemonic, _lowering in (
    ("block", block),
    ("loop", loop),
    ("if", if_),
    ("else", else_),
    ("end", end),
    ("br", br),
    ("br_if", br_if),
    ("br_table", br_table),
    ("return", return_),
    ("unreachable", unreachable),
    ("br_on_null", on_null),
    ("br_on_non_null", on_non_null),
    ("call", call),
    ("call_indirect", call_indirect),
    ("call_ref", call_ref),
    ("return_call", return_call),
    ("return_call_indirect", return_call_indirect),
    ("return_call_ref", return_call_ref),
):
    CHAPTER.function(_mnemonic, _lowering)
