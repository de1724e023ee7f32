"""Terms of z3 that wasm's meaning and machines' share: counting bits, and division as one function of which nothing is known but what it is."""

from __future__ import annotations

from typing import Any

import z3

Term = Any  # a bit vector of z3's, or a truth value

# The quotient of two unsigned 64-bit numbers, whatever it is: what a remainder is follows from it. So a row of division is proved for 64 bits, without a
# circuit that divides: what is proved is that the machine divides the numbers wasm divides, in the cases in which wasm does.
QUOTIENT = z3.Function("quotient", z3.BitVecSort(64), z3.BitVecSort(64), z3.BitVecSort(64))


def number(value: int, width: int = 64) -> Term:
    return z3.BitVecVal(value, width)


def truth(condition: Term, width: int) -> Term:
    """1 or 0."""
    return z3.If(condition, number(1, width), number(0, width))


def low(value: Term, width: int) -> Term:
    """The low bits of a term."""
    return value if value.size() == width else z3.Extract(width - 1, 0, value)


def zero_extend(value: Term, width: int = 64) -> Term:
    return z3.ZeroExt(width - value.size(), value) if width > value.size() else value


def sign_extend(value: Term, width: int = 64) -> Term:
    return z3.SignExt(width - value.size(), value) if width > value.size() else value


def sign(value: Term) -> Term:
    """Whether the number is negative."""
    return z3.Extract(value.size() - 1, value.size() - 1, value) == 1


def leading_zeros(value: Term) -> Term:
    """How many, all for 0."""
    width = value.size()
    found = number(width, width)
    for bit in range(width):
        found = z3.If(z3.Extract(bit, bit, value) == 1, number(width - 1 - bit, width), found)
    return found


def trailing_zeros(value: Term) -> Term:
    """How many, all for 0."""
    width = value.size()
    found = number(width, width)
    for bit in reversed(range(width)):
        found = z3.If(z3.Extract(bit, bit, value) == 1, number(bit, width), found)
    return found


def ones(value: Term) -> Term:
    """How many bits are set."""
    width = value.size()
    total = number(0, width)
    for bit in range(width):
        total = total + zero_extend(z3.Extract(bit, bit, value), width)
    return total


def bytes_reversed(value: Term) -> Term:
    return z3.Concat(*(z3.Extract(8 * k + 7, 8 * k, value) for k in range(value.size() // 8)))


def divided(a: Term, b: Term) -> Term:
    """a / b, unsigned, for a b that is not 0; by a power of two it is known."""
    width = a.size()
    simple = z3.simplify(b)
    if z3.is_bv_value(simple):
        divisor = simple.as_long()
        if divisor & divisor - 1 == 0:
            return z3.LShR(a, max(divisor.bit_length() - 1, 0))
        return low(QUOTIENT(zero_extend(a), number(divisor)), width)
    return z3.If(b == 1, a, low(QUOTIENT(zero_extend(a), zero_extend(b)), width))


def negated_if(condition: Term, a: Term) -> Term:
    """-a or a, by bits: for the solver, -a would be a product with -1."""
    return (a ^ z3.If(condition, number(-1, a.size()), number(0, a.size()))) + truth(condition, a.size())


def divided_signed(a: Term, b: Term) -> Term:
    """a / b rounded towards zero, of the sign-less numbers; of the least number by -1 the least."""
    return negated_if(sign(a) != sign(b), divided(negated_if(sign(a), a), negated_if(sign(b), b)))
