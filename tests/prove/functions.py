"""Whole functions as the compiler emits them: the machine code is run on symbols, and its results, its traps, its accesses must be those of the module."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import z3

import wasm_environ
from prove.decode import steps_of
from prove.machine import PC, End, State, run
from prove.memory import BASE, CODE, CONTEXT, LENGTH, MORE, STACK, Access, Memory
from prove.rows import Fault, differs
from prove.terms import Term, low
from prove.texts import ISAS
from wasm_codegen_native import create
from wasm_environ.compiler import Target, Tunables
from wasm_environ.text import parse_module
from wasm_environ.traps import TRAPS
from wasm_environ.vmtypes import (
    CONTEXT_BUILTINS,
    CONTEXT_STORE,
    DEFINITION_BASE,
    DEFINITION_LENGTH,
    MEMORY_BASE,
    MEMORY_DEFINITION,
    STORE_ARGS,
    VALUE_SIZE,
    ContextLayout,
)

RETURN = "return address"
RAISE = "libcall 0: raise a trap"
TRAP_NAMES = {code: name for code, name, *_ in TRAPS}


Differs = Callable[[list[Term], Term], str | None]


class Convention(NamedTuple):
    """The platform's, of integers. `saved`: what calls preserve; `link`: where the return address is, "" on the stack."""

    arguments: tuple[str, ...]
    result: str
    stack: str
    saved: tuple[str, ...]
    link: str = ""


CONVENTIONS = {
    "x86_64": Convention(("rdi", "rsi", "rdx", "rcx", "r8", "r9"), "rax", "rsp", ("rbx", "rbp", "r12", "r13", "r14", "r15")),
    "aarch64": Convention(tuple(f"x{k}" for k in range(8)), "x0", "sp", tuple(f"x{k}" for k in range(19, 30)), "x30"),
    "riscv64": Convention(tuple(f"x{k}" for k in range(10, 18)), "x10", "x2", ("x8", "x9", *(f"x{k}" for k in range(18, 28))), "x1"),
    "s390x": Convention(("r2", "r3", "r4", "r5"), "r2", "r15", tuple(f"r{k}" for k in range(6, 14)), "r14"),
}


class Outcome(NamedTuple):
    """How a run of a function ended: with results, or a trap's name; and what it did to the guest's memory."""

    state: State
    results: list[Term]
    trap: str
    accesses: list[Access]


class Function(NamedTuple):
    """A module's only function. `params`, `results`: widths. `claims`: of the parameters and an outcome, what must be so."""

    wat: str
    params: tuple[int, ...]
    results: tuple[int, ...]
    claims: Callable[[list[Term], Outcome], list[tuple[Term, str]]]
    guarded: bool = True
    spectre: bool = True
    cpu_features: frozenset[str] = frozenset()


def compiled(function: Function, isa: str) -> tuple[bytes, int, dict[tuple[str, int], str]]:
    """The code with its constants behind it, its own size, and the names of the fields it may read."""
    module = wasm_environ.decode(parse_module(function.wat), wasm_environ.ALL)
    compiler = create(Target(isa, cpu_features=function.cpu_features), Tunables(guarded=function.guarded, spectre_mitigation=function.spectre))
    (code,) = compiler.compile_functions(module, wasm_environ.ALL)
    assert not code.relocations, "a constant whose place only linking knows"
    names = {(CONTEXT, CONTEXT_BUILTINS): "builtins", ("builtins", 0): RAISE, (CONTEXT, CONTEXT_STORE): "store"}
    for index in range(len(module.memories)):
        place, own = ContextLayout(module).memory(index), f" {index}" if index else ""
        names |= {(CONTEXT, place + MEMORY_BASE): BASE + own, (CONTEXT, place + MEMORY_DEFINITION): f"definition{own}"}
        names |= {(f"definition{own}", DEFINITION_BASE): BASE + own, (f"definition{own}", DEFINITION_LENGTH): LENGTH + own}
    text = bytes(code.text)
    return text + bytes(-len(text) % 16) + bytes(code.rodata), len(text), names


def begun(function: Function, isa: str, text: bytes, names: dict[tuple[str, int], str]) -> tuple[State, list[Term]]:
    """The state at the function's first instruction, and its parameters."""
    convention = CONVENTIONS[isa]
    memory = Memory(isa == "s390x", text, names)
    state = State(memory=memory)
    for root in (CONTEXT, STACK, MORE, CODE):
        memory.root(root)
    state.registers[convention.stack] = memory.roots[STACK]
    if convention.link:
        state.registers[convention.link] = z3.BitVec(RETURN, 64)
    else:
        for k in range(8):
            memory.written[STACK, k] = z3.Extract(8 * k + 7, 8 * k, z3.BitVec(RETURN, 64))
    places = list(convention.arguments)
    state.registers[places.pop(0)] = memory.roots[CONTEXT]
    if len(function.results) > 1:
        state.registers[places.pop(0)] = memory.roots[MORE]
    parameters = []
    for k, width in enumerate(function.params):
        whole = z3.BitVec(f"parameter {k}", 64)  # nobody says what is above an i32
        if places:
            state.registers[places.pop(0)] = whole
        else:
            side = k + 1 + (len(function.results) > 1) - len(convention.arguments)
            memory.fields["store", STORE_ARGS + VALUE_SIZE * side, width] = low(whole, width)
        parameters.append(low(whole, width))
    return state, parameters


def outcome(function: Function, isa: str, end: End, before: State) -> Outcome | str:
    """What became of a run, or what is wrong with its end."""
    convention = CONVENTIONS[isa]
    state = end.state
    memory = state.memory
    assert memory is not None
    if end.trap != PC:
        return f"the code ends at {end.trap or 'its end'}"
    to = z3.simplify(state.whole(PC))
    if z3.eq(to, z3.BitVec(RETURN, 64)):
        results = [low(state.whole(convention.result), width) for width in function.results[:1]]
        results += [memory.load(memory.roots[MORE] + 16 * k, width) for k, width in enumerate(function.results[1:])]
        kept = [*convention.saved, convention.stack]
        for name in kept:
            wanted = before.whole(name) + (8 if name == "rsp" else 0)
            if name in state.registers and not z3.eq(z3.simplify(state.whole(name)), z3.simplify(wanted)):
                return f"{name} is not what it was"
        return Outcome(state, results, "", memory.accesses)
    if z3.eq(to, z3.BitVec(RAISE, 64)):
        code = z3.simplify(low(state.whole(convention.arguments[1]), 32))
        if not z3.eq(z3.simplify(state.whole(convention.arguments[0])), memory.roots[CONTEXT]) or not z3.is_bv_value(code):
            return "the arguments of a trap"
        return Outcome(state, [], TRAP_NAMES[code.as_long()], memory.accesses)
    return f"it goes on at {to}"


def outcomes(function: Function, isa: str) -> Iterator[tuple[list[Term], Outcome | str]]:
    text, size, names = compiled(function, isa)
    state, parameters = begun(function, isa, text, names)
    before = state.copy()
    steps = steps_of(text[:size], isa)
    for end in run(ISAS[isa].meanings, steps, state):
        yield parameters, outcome(function, isa, end, before)


def prove_function(
    function: Function, isa: str, differs: Differs = differs, change: Callable[[Outcome], Outcome] = lambda found: found
) -> Fault | None:
    """What is wrong with the code of a function. `change`: of what is found, to see that a proof of something else fails."""
    title = f"{isa} {function.wat}"
    ends = 0
    for parameters, found in outcomes(function, isa):
        if isinstance(found, str):
            return Fault(title, found, "")
        for claim, what in [*found.state.must, *function.claims(parameters, change(found))]:
            wrong = differs_somewhere(found.state.path, claim, differs)
            if wrong is not None:
                return Fault(title, what, wrong)
        ends += 1
    return None if ends else Fault(title, "the code has no end", "")


def differs_somewhere(path: list[Term], claim: Term, differs: Differs) -> str | None:
    """As `differs`. What an access may do, the two branches before it tell; those of others make a hard question of it, so they are asked for last."""
    for start in range(len(path) - 2) if len(path) > 3 else ():
        if differs(path[start : start + 2], claim) is None:
            return None
    return differs(path, claim)


def wrong(found: Outcome) -> Outcome:
    """Something else: results and addresses that are one more."""
    if found.trap:
        return found
    return found._replace(results=[result + 1 for result in found.results], accesses=[each._replace(address=each.address + 1) for each in found.accesses])


def wrong_trap(found: Outcome) -> Outcome:
    """Another trap."""
    return found._replace(trap="UNREACHABLE") if found.trap else found
