"""Terms of bits as whole numbers, for divisions by a constant that multiply: products with constants are linear, and there a solver needs no circuit."""

from __future__ import annotations

from collections.abc import Callable

import z3

from prove import rows
from prove.terms import QUOTIENT, Term

Integer = z3.ArithRef


class NotLinear(Exception):
    """Two unknowns meet bit by bit, as in the overflow of a division by -1: a question for bits, and an easy one there."""


class Translation:
    """What each term is as a number from 0 to 2**width - 1, with what is known of the numbers that it took to say so."""

    def __init__(self) -> None:
        self.known: list[Term] = []
        self.numbers: dict[int, Term] = {}
        self.terms: list[Term] = []  # kept alive: their ids are keys
        self.count = 0

    def fresh(self, least: int, most: int) -> Term:
        """Some number from `least` to `most`."""
        self.count += 1
        found = z3.Int(f"n{self.count}")
        self.known += [found >= least, found <= most]
        return found

    def wrapped(self, value: Term, width: int, least: int, most: int) -> Term:
        """A number modulo 2**width, which is known to be from `least` to `most`."""
        size = 1 << width
        if least >= 0 and most < size:
            return value
        times = self.fresh(least // size, most // size)
        result = value - times * size
        self.known += [result >= 0, result < size]
        return result

    def parts(self, value: Term, width: int, at: int) -> tuple[Term, Term]:
        """The bits from `at` on, and those below."""
        if at == 0:
            return value, z3.IntVal(0)
        high, low = self.fresh(0, (1 << width - at) - 1), self.fresh(0, (1 << at) - 1)
        self.known.append(value == high * (1 << at) + low)
        return high, low

    def number(self, term: Term) -> Term:
        key = term.get_id()
        if key not in self.numbers:
            simple = z3.simplify(term)
            self.terms.append(term)
            self.numbers[key] = z3.IntVal(simple.as_long()) if z3.is_bv_value(simple) else self.made(term)
        return self.numbers[key]

    def made(self, term: Term) -> Term:
        width, kind = term.size(), term.decl().kind()
        most = (1 << width) - 1
        arguments = term.children()
        if kind == z3.Z3_OP_UNINTERPRETED:
            if not term.decl().eq(QUOTIENT):
                return self.fresh(0, most)
            dividend, divisor = self.number(arguments[0]), constant(arguments[1])
            quotient = self.fresh(0, most // divisor)
            self.known += [quotient * divisor <= dividend, dividend < quotient * divisor + divisor]
            return quotient
        if kind == z3.Z3_OP_ITE:
            return z3.If(self.truth(arguments[0]), self.number(arguments[1]), self.number(arguments[2]))
        return RULES[kind](self, term, width)

    def truth(self, term: Term) -> Term:
        kind, arguments = term.decl().kind(), term.children()
        if z3.is_true(term) or z3.is_false(term):
            return term
        if kind in CONNECTIVES:
            return CONNECTIVES[kind](*map(self.truth, arguments))
        if kind in (z3.Z3_OP_EQ, z3.Z3_OP_DISTINCT) and z3.is_bool(arguments[0]):
            same = self.truth(arguments[0]) == self.truth(arguments[1])
            return same if kind == z3.Z3_OP_EQ else z3.Not(same)
        signed = kind in SIGNED
        numbers = [self.signed(argument) if signed else self.number(argument) for argument in arguments]
        return COMPARISONS[kind](*numbers)

    def signed(self, term: Term) -> Term:
        """As a number from -2**(width - 1) on."""
        width, value = term.size(), self.number(term)
        return z3.If(value >= 1 << width - 1, value - (1 << width), value)


def constant(term: Term) -> int:
    """A term that is a number."""
    simple = z3.simplify(term)
    if not z3.is_bv_value(simple):
        raise NotLinear
    return int(simple.as_long())


def add(t: Translation, term: Term, width: int) -> Term:
    numbers = [t.number(argument) for argument in term.children()]
    return t.wrapped(sum(numbers[1:], numbers[0]), width, 0, len(numbers) * ((1 << width) - 1))


def subtract(t: Translation, term: Term, width: int) -> Term:
    a, b = map(t.number, term.children())
    return t.wrapped(a - b, width, -(1 << width) + 1, (1 << width) - 1)


def multiply(t: Translation, term: Term, width: int) -> Term:
    """By a constant, as the signed number, which makes smaller ones."""
    a, b = term.children()
    if not z3.is_bv_value(z3.simplify(b)):
        a, b = b, a
    factor = constant(b)
    factor -= factor >> width - 1 << width
    most = factor * ((1 << width) - 1)
    return t.wrapped(t.number(a) * factor, width, min(0, most), max(0, most))


def extract(t: Translation, term: Term, width: int) -> Term:
    high, low = term.params()
    source = term.children()[0]
    above, _ = t.parts(t.number(source), source.size(), low)
    return t.parts(above, source.size() - low, width)[1] if high < source.size() - 1 else above


def concat(t: Translation, term: Term, width: int) -> Term:
    total = z3.IntVal(0)
    for argument in term.children():
        total = total * (1 << argument.size()) + t.number(argument)
    return total


def sign_extend(t: Translation, term: Term, width: int) -> Term:
    value = t.signed(term.children()[0])
    return z3.If(value < 0, value + (1 << width), value)


def shift_left(t: Translation, term: Term, width: int) -> Term:
    a, n = term.children()
    return t.parts(t.number(a), width, width - constant(n))[1] * (1 << constant(n)) if constant(n) else t.number(a)


def shift_right(t: Translation, term: Term, width: int) -> Term:
    a, n = term.children()
    return t.parts(t.number(a), width, constant(n))[0]


def shift_right_signed(t: Translation, term: Term, width: int) -> Term:
    a, n = term.children()
    shifted, size = t.parts(t.number(a), width, constant(n))[0], 1 << width - constant(n)
    return z3.If(shifted >= size >> 1, shifted - size + (1 << width), shifted)


def bitwise(of_number: Callable[[Translation, Term, int, int], Term]) -> Callable[[Translation, Term, int], Term]:
    """With a number, or one or another."""

    def run(t: Translation, term: Term, width: int) -> Term:
        a, b = term.children()
        if z3.is_bv_value(z3.simplify(a)) or a.decl().kind() == z3.Z3_OP_ITE:
            a, b = b, a
        if b.decl().kind() == z3.Z3_OP_ITE and not z3.is_bv_value(z3.simplify(b)):
            condition, one, other = b.children()
            return z3.If(t.truth(condition), of_number(t, t.number(a), constant(one), width), of_number(t, t.number(a), constant(other), width))
        return of_number(t, t.number(a), constant(b), width)

    return run


def fields(t: Translation, a: Term, mask: int, width: int) -> list[tuple[int, int, Term]]:
    """What each run of a mask's bits selects: where it begins, how many bits, their number."""
    found = []
    while mask:
        at = (mask & -mask).bit_length() - 1
        size = (~(mask >> at) & (mask >> at) + 1).bit_length() - 1
        found.append((at, size, t.parts(t.parts(a, width, at)[0], width - at, size)[1]))
        mask &= ~((1 << size) - 1 << at)
    return found


def exclusive(t: Translation, a: Term, mask: int, width: int) -> Term:
    return sum((((1 << size) - 1 - 2 * field) * (1 << at) for at, size, field in fields(t, a, mask, width)), a)


def masked(t: Translation, a: Term, mask: int, width: int) -> Term:
    return sum((field * (1 << at) for at, _, field in fields(t, a, mask, width)), z3.IntVal(0))


CONNECTIVES = {z3.Z3_OP_AND: z3.And, z3.Z3_OP_OR: z3.Or, z3.Z3_OP_NOT: z3.Not, z3.Z3_OP_IMPLIES: z3.Implies}
COMPARISONS = {
    z3.Z3_OP_EQ: lambda a, b: a == b, z3.Z3_OP_DISTINCT: lambda a, b: a != b,
    **dict.fromkeys((z3.Z3_OP_ULT, z3.Z3_OP_SLT), lambda a, b: a < b), **dict.fromkeys((z3.Z3_OP_ULEQ, z3.Z3_OP_SLEQ), lambda a, b: a <= b),
    **dict.fromkeys((z3.Z3_OP_UGT, z3.Z3_OP_SGT), lambda a, b: a > b), **dict.fromkeys((z3.Z3_OP_UGEQ, z3.Z3_OP_SGEQ), lambda a, b: a >= b),
}  # fmt: skip
SIGNED = (z3.Z3_OP_SLT, z3.Z3_OP_SLEQ, z3.Z3_OP_SGT, z3.Z3_OP_SGEQ)
RULES: dict[int, Callable[[Translation, Term, int], Term]] = {
    z3.Z3_OP_BADD: add, z3.Z3_OP_BSUB: subtract, z3.Z3_OP_BMUL: multiply,
    z3.Z3_OP_BNEG: lambda t, term, width: t.wrapped(-t.number(term.children()[0]), width, -(1 << width) + 1, 0),
    z3.Z3_OP_BNOT: lambda t, term, width: (1 << width) - 1 - t.number(term.children()[0]),
    z3.Z3_OP_EXTRACT: extract, z3.Z3_OP_CONCAT: concat,
    z3.Z3_OP_ZERO_EXT: lambda t, term, width: t.number(term.children()[0]), z3.Z3_OP_SIGN_EXT: sign_extend,
    z3.Z3_OP_BSHL: shift_left, z3.Z3_OP_BLSHR: shift_right, z3.Z3_OP_BASHR: shift_right_signed,
    z3.Z3_OP_BXOR: bitwise(exclusive), z3.Z3_OP_BAND: bitwise(masked),
}  # fmt: skip


def differs(known: list[Term], claim: Term, timeout: int = 900_000) -> str | None:
    """Inputs for which a claim is wrong, None if there are none: as `rows.differs`, among whole numbers."""
    if z3.is_true(z3.simplify(claim)):
        return None
    translation = Translation()
    try:
        asked = [*map(translation.truth, known), z3.Not(translation.truth(claim))]
    except NotLinear:
        return rows.differs(known, claim)
    solver = z3.Solver()
    solver.set("timeout", timeout)
    solver.add(*translation.known, *asked)
    answer = solver.check()
    if answer == z3.unsat:
        return None
    return f"not decided: {solver.reason_unknown()}" if answer == z3.unknown else str(solver.model())
