"""What the integer instructions of wasm mean, as terms of z3: spec, 4.3.2 (numerics). The table that rows are proved against."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import z3

from prove.terms import Term, divided, divided_signed, leading_zeros, low, number, ones, sign_extend, trailing_zeros, truth, zero_extend


class Meaning(NamedTuple):
    """`result` of the operands; `traps`: when, and which."""

    result: Callable[..., Term]
    traps: tuple[tuple[Callable[..., Term], str], ...] = ()


def least(a: Term) -> Term:
    """The least signed number."""
    return number(1 << a.size() - 1, a.size())


BY_ZERO = (lambda a, b: b == 0, "INTEGER_DIVISION_BY_ZERO")
OVERFLOW = (lambda a, b: z3.And(a == least(a), b == -1), "INTEGER_OVERFLOW")


def count(b: Term) -> Term:
    """A shift's count: modulo the width."""
    return b & (b.size() - 1)


# Of i32 and i64 alike. Comparisons give a truth value, which is 0 or 1 as an i32.
# fmt: off
OF_BOTH: dict[str, Meaning] = {
    "add":       Meaning(lambda a, b: a + b),
    "sub":       Meaning(lambda a, b: a - b),
    "mul":       Meaning(lambda a, b: a * b),
    "div_u":     Meaning(divided, (BY_ZERO,)),
    "div_s":     Meaning(divided_signed, (BY_ZERO, OVERFLOW)),
    "rem_u":     Meaning(lambda a, b: a - divided(a, b) * b, (BY_ZERO,)),
    "rem_s":     Meaning(lambda a, b: a - divided_signed(a, b) * b, (BY_ZERO,)),
    "and":       Meaning(lambda a, b: a & b),
    "or":        Meaning(lambda a, b: a | b),
    "xor":       Meaning(lambda a, b: a ^ b),
    "shl":       Meaning(lambda a, b: a << count(b)),
    "shr_s":     Meaning(lambda a, b: a >> count(b)),
    "shr_u":     Meaning(lambda a, b: z3.LShR(a, count(b))),
    "rotl":      Meaning(lambda a, b: z3.RotateLeft(a, count(b))),
    "rotr":      Meaning(lambda a, b: z3.RotateRight(a, count(b))),
    "clz":       Meaning(leading_zeros),
    "ctz":       Meaning(trailing_zeros),
    "popcnt":    Meaning(ones),
    "extend8_s": Meaning(lambda a: sign_extend(low(a, 8), a.size())),
    "extend16_s": Meaning(lambda a: sign_extend(low(a, 16), a.size())),
    "eqz":       Meaning(lambda a: a == 0),
    "eq":        Meaning(lambda a, b: a == b),
    "ne":        Meaning(lambda a, b: a != b),
    "lt_s":      Meaning(lambda a, b: a < b),
    "lt_u":      Meaning(z3.ULT),
    "gt_s":      Meaning(lambda a, b: a > b),
    "gt_u":      Meaning(z3.UGT),
    "le_s":      Meaning(lambda a, b: a <= b),
    "le_u":      Meaning(z3.ULE),
    "ge_s":      Meaning(lambda a, b: a >= b),
    "ge_u":      Meaning(z3.UGE),
}
MEANINGS: dict[str, Meaning] = {
    **{f"{type}.{name}": meaning for type in ("i32", "i64") for name, meaning in OF_BOTH.items()},
    "i32.wrap_i64":     Meaning(lambda a: low(a, 32)),
    "i64.extend32_s":   Meaning(lambda a: sign_extend(low(a, 32))),
    "i64.extend_i32_s": Meaning(sign_extend),
    "i64.extend_i32_u": Meaning(zero_extend),
    "ref.is_null":      Meaning(lambda a: a == 0),  # the null reference is 0
    "ref.eq":           Meaning(lambda a, b: a == b),
}
# fmt: on
WIDTHS = {"i": 32, "I": 64}  # of a letter of the opcode table


def expected(mnemonic: str, operands: list[Term]) -> tuple[Term, list[tuple[Term, str]]]:
    """The result, a truth value of a comparison, and when the op traps with which code."""
    meaning = MEANINGS[mnemonic]
    return meaning.result(*operands), [(when(*operands), code) for when, code in meaning.traps]


def as_number(result: Term) -> Term:
    """A result as the number that is left on the stack."""
    return truth(result, 32) if z3.is_bool(result) else result
