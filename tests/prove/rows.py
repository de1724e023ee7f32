"""Lowering rows as their text says: for each shape of the operands, and each way in which they may share registers, is there an input for which a row differs?"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import z3

from prove.machine import End, Meanings, Number, Operand, Register, State, Step, run
from prove.terms import QUOTIENT, Term, low, number, sign_extend, zero_extend
from prove.wasm import WIDTHS, expected
from wasm_codegen_native import lowering_tables as t
from wasm_codegen_native.lowering_rows import ConstantShape, Notation, Row, _conflicts, _scratch, _shape
from wasm_environ.opcodes import BY_MNEMONIC, Op

TIMEOUT = 300_000  # milliseconds for one question
Places = Mapping[int, Operand]  # by operand code


class Isa(NamedTuple):
    """What a proof of rows is about. `steps`: a row's text with its placeholders filled in. `condition`: a row's, after it ran. `spare`: registers that are
    never allocated, so that rows may write them. `extends`: what an i32's register has above its 32 bits."""

    name: str
    integer: tuple[Row, ...]
    floating: tuple[Row, ...]
    notation: Callable[[], Notation]
    meanings: Meanings
    steps: Callable[[list[str], Op, tuple[int, ...], Places], list[Step]]
    condition: Callable[[State, str, Places], Term]
    opposites: Callable[[], list[tuple[str, Term]]]  # driver's rule that a condition's number, its lowest bit turned, is its opposite
    spare: tuple[str, ...]
    register: Callable[[int], str]
    extends: Callable[[Term, int], Term] = zero_extend
    sets: Mapping[int, Callable[[Term], Term]] = {}  # what is in those sets of constants about which `Machine.holds` is asked and which matter
    zero_flag: str = ""  # the flag that tells whether a result was zero


class Way(NamedTuple):
    """One way a row can be used. `fixed`: constants of which there are but a few, as numbers; `symbols`: others, with what is known of them."""

    places: dict[int, Operand]
    known: list[Term]
    operands: list[Term]
    state: State
    kept: list[str]
    what: str


def texts(code: str) -> list[str]:
    """A row's instructions."""
    return [text.strip() for text in re.split(r"[;\n]", code) if text.strip()]


def widths_of(op: Op) -> list[int]:
    """Of an op's operands; references are as wide as pointers."""
    if op.operands is None:
        return [64, 64] if op.mnemonic == "ref.eq" else [64]
    return [WIDTHS[letter] for letter in op.operands]


# ---- constants
def constants(isa: Isa, shape: ConstantShape, width: int) -> Iterator[tuple[Term, list[Term], Term]]:
    """The values of a shape: the constant as the compiler has it (64 bits, an i32 signed), what is known of it, and what goes into the instruction."""
    if shape.ask == t.ASK_POWER:  # one by one: products by a symbol are hard
        for k in range(width - 1 if width == 32 else 63):
            yield number(1 << k), [], number(k if shape.give == t.GIVE_LOG2 else 1 << k)
        return
    if shape.ask == t.ASK_RANGE and shape.low == shape.high:
        yield number(shape.low), [], number(shape.low)
        return
    value = sign_extend(z3.BitVec("constant", width))
    known: list[Term] = []
    if shape.ask == t.ASK_RANGE:
        known = [value >= shape.low, value <= shape.high]
    elif shape.ask == t.ASK_MASKED:
        known = [value & shape.low == shape.high]
    elif shape.ask == t.ASK_MACHINE and shape.low in isa.sets:
        known = [isa.sets[shape.low](value)]
    given = value
    if shape.give == t.GIVE_MASKED:
        given = value & shape.low
    yield value, known, given


# ---- registers
def sharings(shapes: tuple[int, ...], conflicts: int, tied: int) -> Iterator[tuple[str, dict[int, str]]]:
    """Which operands are in one register with the result (their codes: "d") and with each other."""
    in_registers = [k for k, shape in enumerate(shapes) if shape in (t.REGISTER, t.IN_REGISTER, t.OVERWRITTEN) or shape in (t.PLACE, t.PLACE_OR_CONSTANT)]
    alone = {t.A + k: f"r.{'abcx'[k]}" for k in in_registers}
    yield "", alone
    if len(in_registers) == 2 and t.OVERWRITTEN not in shapes:
        yield "a is b", dict.fromkeys(alone, "r.a")
    for k in in_registers:
        if shapes[k] == t.OVERWRITTEN:
            continue
        if not conflicts >> k & 1:
            yield f"{'abcx'[k]} is d", {**alone, t.A + k: "r.d"}
    if tied >= 0:
        for k in in_registers:
            if not conflicts >> k + 4 & 1:
                yield f"{'abcx'[k]} is d, as what is moved there", {**alone, t.A + k: "r.d"}
    elif len(in_registers) == 2 and not conflicts & 3:
        yield "a and b are d", dict.fromkeys(alone, "r.d")


def places_in_memory(shapes: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Which of the operands that may lie in the frame do."""
    may = [k for k, shape in enumerate(shapes) if shape in (t.PLACE, t.PLACE_OR_CONSTANT)]
    for count in range(len(may) + 1):
        yield from itertools.combinations(may, count)


def ways(isa: Isa, row: Row, op: Op, shapes: tuple[int, ...], conflicts: int) -> Iterator[Way]:
    """Every way to use a row."""
    notation = isa.notation()
    widths = widths_of(op)
    tied = next((k for k, shape in enumerate(shapes) if shape in (t.TIED, t.TIED_FREE)), -1)
    known_shapes = list(notation.constants.values())
    k_constant = next((k for k, shape in enumerate(shapes) if t.FIRST_CONSTANT <= shape < t.FIRST_FIXED), -1)
    choices: list[tuple[Term, list[Term], Term] | None] = [None]
    if k_constant >= 0:
        choices = list(constants(isa, known_shapes[shapes[k_constant] - t.FIRST_CONSTANT], widths[k_constant]))
    for choice, in_frame, (what, shared) in itertools.product(choices, places_in_memory(shapes), sharings(shapes, conflicts, tied)):
        if any(shared[t.A + k] != f"r.{'abcx'[k]}" for k in in_frame):
            continue
        moved = "moved" in what
        yield filled(isa, row, shapes, widths, Choice(choice, in_frame, shared, tied, moved, what), notation)


class Choice(NamedTuple):
    constant: tuple[Term, list[Term], Term] | None
    in_frame: tuple[int, ...]
    shared: dict[int, str]
    tied: int
    moved: bool
    what: str


def filled(isa: Isa, row: Row, shapes: tuple[int, ...], widths: list[int], choice: Choice, notation: Notation) -> Way:
    """Registers for the operands, and what they hold."""
    state = State()
    places: dict[int, Operand] = {t.D: Register("r.d", 64), **{t.S + k: Register(f"r.{'stu'[k]}", 64) for k in range(3)}}
    known: list[Term] = []
    operands: list[Term] = []
    kept: list[str] = []
    held: dict[str, Term] = {}
    if row.result.startswith("="):
        places[t.D] = Register(isa.register(notation.registers[row.result[1:]]), 64)
    for k, (shape, width) in enumerate(zip(shapes, widths, strict=True)):
        code = t.A + k
        if t.FIRST_CONSTANT <= shape < t.FIRST_FIXED:
            assert choice.constant is not None
            value, about, given = choice.constant
            places[code], known = Number(given), about
            operands.append(low(value, width))
            continue
        name = choice.shared.get(code, "")
        if k in choice.in_frame:
            name = f"frame.{'abcx'[k]}"
        elif shape >= t.FIRST_FIXED:
            name = isa.register(shape - t.FIRST_FIXED)
        elif k == choice.tied:
            name = "r.d"
        elif name not in ("r.d",) and shape in (t.REGISTER, t.IN_REGISTER, t.PLACE, t.PLACE_OR_CONSTANT):
            kept.append(name)
        places[code] = Register(name, 64)
        value = held.setdefault(name, z3.BitVec(f"operand {'abcx'[k]}", width))
        operands.append(value)
        state.registers[name] = z3.Concat(z3.BitVec(f"{name}.above", 32), value) if k in choice.in_frame and width == 32 else isa.extends(value, 64)
    if choice.moved:  # the tied operand was there first: both hold it
        operands = [operands[choice.tied] if isinstance(places.get(t.A + k), Register) and places[t.A + k] == places[t.D] else v for k, v in enumerate(operands)]
    what = ", ".join(filter(None, (choice.what, *(f"{'abcx'[k]} in the frame" for k in choice.in_frame))))
    if choice.constant is not None and z3.is_bv_value(choice.constant[0]):
        what = ", ".join(filter(None, (what, f"constant {choice.constant[0].as_signed_long()}")))
    return Way(places, known, operands, state, kept, what)


# ---- proofs
class Fault(NamedTuple):
    row: str
    what: str
    inputs: str


def prove_row(isa: Isa, row: Row, mnemonic: str, meant: Callable[[Term], Term] = lambda result: result) -> Fault | None:
    """What is wrong with a row, for one of its ops. `meant`: another meaning, made of the op's, to see that a proof of it fails."""
    op = BY_MNEMONIC[mnemonic]
    notation = isa.notation()
    shapes = tuple(_shape(word, notation) for word in row.operands.split())
    parsed = [notation.instruction(text, op, shapes) for text in texts(row.code)]
    tied = any(shape in (t.TIED, t.TIED_FREE) for shape in shapes)
    conflicts = _conflicts(shapes, parsed, tied)
    tells = bool(parsed) and parsed[-1].tells and t.D in parsed[-1].writes and not row.result.startswith("cc")
    scratch = {f"r.{'stu'[k]}" for k in range(3) if _scratch(parsed) >> 2 * k & 3}
    may_write = {"r.d", *scratch, *isa.spare, *(isa.register(notation.registers[name]) for name in row.clobbers.split())}
    may_write |= {isa.register(shape - t.FIRST_FIXED) for shape in shapes if shape >= t.FIRST_FIXED}
    may_write |= {f"r.{'abcx'[k]}" for k, shape in enumerate(shapes) if shape == t.OVERWRITTEN}
    if row.result.startswith("="):
        may_write.add(isa.register(notation.registers[row.result[1:]]))
    title = f"{isa.name} {mnemonic}: {row.operands!r} {row.code!r} {row.result}".strip()
    for way in ways(isa, row, op, shapes, conflicts):
        before = way.state.copy()
        if way.known and differs(way.known, z3.BoolVal(False)) is None:
            return Fault(title, "no constant is of its shape", "")
        result, traps = expected(mnemonic, way.operands)
        sought = Sought(meant(result), traps, tells, before, frozenset(may_write))
        for end in run(isa.meanings, isa.steps(texts(row.code), op, shapes, way.places), way.state):
            for claim, what in claims(isa, row, way, end, sought):
                found = differs([*way.known, *end.state.path], claim)
                if found is not None:
                    return Fault(title, f"{what}{f' ({way.what})' if way.what else ''}", found)
    return None


class Sought(NamedTuple):
    """What a row should do: the result, when it should trap, whether the flags tell about the result; what was before, and what it may write."""

    result: Term
    traps: list[tuple[Term, str]]
    tells: bool
    before: State
    may_write: frozenset[str]


def claims(isa: Isa, row: Row, way: Way, end: End, sought: Sought) -> Iterator[tuple[Term, str]]:
    """What must be so where a run ends."""
    result, traps, tells, before, may_write = sought
    yield from end.state.must
    if end.trap:
        yield z3.Or(*(when for when, code in traps if code == end.trap)), f"traps only when the op does: {end.trap}"
        return
    yield z3.Not(z3.Or(*(when for when, _ in traps))), "traps when the op does"
    if row.result.startswith("cc "):
        yield isa.condition(end.state, row.result[3:], way.places) == result, "the condition"
    else:
        d = way.places[t.D]
        assert isinstance(d, Register)
        value = z3.If(result, number(1, 32), number(0, 32)) if z3.is_bool(result) else result
        yield end.state.whole(d.name) == isa.extends(value, 64), "the result"
        if tells and isa.zero_flag:
            yield end.state.flags[isa.zero_flag] == (value == 0), "the flag that tells about the result"
    for name in way.kept:
        yield end.state.whole(name) == before.registers[name], f"{name} keeps what it holds"
    for name, value in end.state.registers.items():
        if name not in may_write and name not in way.kept:
            yield value == before.registers.get(name, z3.BitVec(f"{name}.before", value.size())), f"{name} is not the row's to write"


def one_quotient(known: list[Term], claim: Term) -> Term:
    """The claim with quotients of the same numbers, which need not look the same, made one: a proof a pair that is quick, where one of all at once is not."""
    found = quotients(claim)
    for one, other in itertools.combinations(found, 2):
        same = z3.And(*(a == b for a, b in zip(one.children(), other.children(), strict=True)))
        if not z3.eq(one, other) and unsatisfiable([*known, z3.Not(same)]):
            return one_quotient(known, z3.substitute(claim, (other, one)))
    return z3.substitute(claim, *((each, z3.BitVec(f"quotient {k}", 64)) for k, each in enumerate(found)))


def quotients(term: Term) -> list[Term]:
    """The uses of QUOTIENT in a term, none of which is part of another, each once."""
    found: dict[int, Term] = {}
    seen: set[int] = set()
    left = [term]
    while left:
        at = left.pop()
        if at.get_id() in seen:
            continue
        seen.add(at.get_id())
        if z3.is_app(at) and at.decl().eq(QUOTIENT):
            found[at.get_id()] = at
        left += at.children()
    return list(found.values())


def unsatisfiable(claims: list[Term]) -> bool:
    solver = z3.SolverFor("QF_BV")
    solver.set("timeout", TIMEOUT)
    solver.add(*claims)
    return bool(solver.check() == z3.unsat)


def differs(known: list[Term], claim: Term) -> str | None:
    """Inputs for which a claim is wrong, None if there are none."""
    if z3.is_true(z3.simplify(claim)):
        return None
    claim = one_quotient(known, claim)
    solver = z3.SolverFor("QF_BV")
    solver.set("timeout", TIMEOUT)
    solver.add(*known, z3.Not(claim))
    answer = solver.check()
    if answer == z3.unsat:
        return None
    if answer == z3.unknown:
        return f"not decided: {solver.reason_unknown()}"
    return str(solver.model())
