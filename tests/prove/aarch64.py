"""What aarch64's instructions do, a row each: Arm Architecture Reference Manual, C6 (general), C7 (the vector instructions that count bits)."""

from __future__ import annotations

from collections.abc import Callable

import z3

from prove.machine import Address, Jump, Name, Number, Operand, Register, State, anything
from prove.terms import Term, divided, divided_signed, leading_zeros, low, number, ones, sign, sign_extend, truth, zero_extend

# C1.2.4: with the number that encodings have.
CONDITIONS: dict[str, tuple[int, Callable[[dict[str, Term]], Term]]] = {
    "EQ": (0, lambda f: f["Z"]), "NE": (1, lambda f: z3.Not(f["Z"])),
    "HS": (2, lambda f: f["C"]), "LO": (3, lambda f: z3.Not(f["C"])),
    "MI": (4, lambda f: f["N"]), "PL": (5, lambda f: z3.Not(f["N"])),
    "VS": (6, lambda f: f["V"]), "VC": (7, lambda f: z3.Not(f["V"])),
    "HI": (8, lambda f: z3.And(f["C"], z3.Not(f["Z"]))), "LS": (9, lambda f: z3.Or(z3.Not(f["C"]), f["Z"])),
    "GE": (10, lambda f: f["N"] == f["V"]), "LT": (11, lambda f: f["N"] != f["V"]),
    "GT": (12, lambda f: z3.And(z3.Not(f["Z"]), f["N"] == f["V"])), "LE": (13, lambda f: z3.Or(f["Z"], f["N"] != f["V"])),
}  # fmt: skip


def holds(state: State, condition: str) -> Term:
    """Whether the flags say so."""
    for name in "NZCV":
        state.flags.setdefault(name, anything(0))
    return CONDITIONS[condition][1](state.flags)


def width(*operands: Operand) -> int:
    return next(o.width for o in operands if isinstance(o, Register))


def add_with_carry(state: State, a: Term, b: Term, carry: Term, flags: bool) -> Term:
    """AddWithCarry() of the manual's pseudocode."""
    w = a.size()
    total = zero_extend(a, w + 1) + zero_extend(b, w + 1) + zero_extend(carry, w + 1)
    result = low(total, w)
    if flags:
        state.flags.update({"N": sign(result), "Z": result == 0, "C": sign(total), "V": sign((a ^ result) & (b ^ result))})
    return result


def sum_of(minus: bool, flags: bool = False, carry: bool = False, writes: bool = True) -> Callable[..., None]:
    """d <- a +- b; b as written in the text, which has shifts by 12 as the number they make."""

    def run(state: State, *operands: Operand) -> None:
        w = width(*operands)
        a, b = (state.read(o, w) for o in operands[-2:])
        carried = truth(state.flags.setdefault("C", anything(0)), w) if carry else number(int(minus), w)
        plain = not flags and not carry
        result = (a - b if minus else a + b) if plain else add_with_carry(state, a, ~b if minus else b, carried, flags)
        if writes:
            state.write(operands[0], result)

    return run


def two(compute: Callable[[Term, Term], Term]) -> Callable[..., None]:
    """d <- a op b"""
    return lambda state, d, a, b: state.write(d, compute(state.read(a, width(d)), state.read(b, width(d))))


def one(compute: Callable[[Term], Term]) -> Callable[..., None]:
    return lambda state, d, a: state.write(d, compute(state.read(a, width(d))))


def shift(compute: Callable[[Term, Term], Term]) -> Callable[..., None]:
    """LSLV and its like: the count modulo the width."""
    return two(lambda a, n: compute(a, n & (a.size() - 1)))


def test(state: State, a: Operand, b: Operand) -> None:
    result = state.read(a) & state.read(b, width(a))
    state.flags.update({"N": sign(result), "Z": result == 0, "C": z3.BoolVal(False), "V": z3.BoolVal(False)})


def compare_if(state: State, a: Operand, b: Operand, flags: Number, condition: Name) -> None:
    """CCMP: compares if the condition holds, else the flags are NZCV."""
    w = width(a)
    chosen = holds(state, condition.text)
    nzcv = low(flags.value, 4)
    add_with_carry(state, state.read(a), ~state.read(b, w), number(1, w), True)
    for bit, name in enumerate("VCZN"):
        state.flags[name] = z3.If(chosen, state.flags[name], z3.Extract(bit, bit, nzcv) == 1)


def divide(how: Callable[[Term, Term], Term]) -> Callable[..., None]:
    """By zero the quotient is 0."""
    return two(lambda a, b: z3.If(b == 0, number(0, a.size()), how(a, b)))


def multiply_add(minus: bool) -> Callable[..., None]:
    def run(state: State, d: Operand, a: Operand, b: Operand, c: Operand) -> None:
        w = width(d)
        product = state.read(a, w) * state.read(b, w)
        state.write(d, state.read(c, w) - product if minus else state.read(c, w) + product)

    return run


def multiply_high(extend: Callable[[Term, int], Term]) -> Callable[..., None]:
    return two(lambda a, b: z3.Extract(127, 64, extend(a, 128) * extend(b, 128)))


def extract(state: State, d: Operand, a: Operand, b: Operand, count: Operand) -> None:
    """EXTR: of a and b side by side."""
    w = width(d)
    pair = z3.Concat(state.read(a, w), state.read(b, w))
    state.write(d, low(z3.LShR(pair, zero_extend(state.read(count, w), 2 * w)), w))


def reversed_bits(a: Term) -> Term:
    return z3.Concat(*(z3.Extract(bit, bit, a) for bit in range(a.size())))


def select(other: Callable[[Term], Term]) -> Callable[..., None]:
    """CSEL, CSINC ..."""
    return lambda state, d, a, b, condition: state.write(d, z3.If(holds(state, condition.text), state.read(a, width(d)), other(state.read(b, width(d)))))


def move_wide(how: Callable[[State, Operand, Term, int], Term]) -> Callable[..., None]:
    """MOVZ, MOVN, MOVK: 16 bits, shifted."""

    def run(state: State, d: Operand, bits: Number, place: Number | None = None) -> None:
        shift = place.value.as_long() if place else 0
        state.write(d, how(state, d, low(bits.value, width(d)) << shift, shift))

    return run


def keeping(state: State, d: Operand, bits: Term, place: int) -> Term:
    return state.read(d) & number(~(0xFFFF << place), width(d)) | bits


# ---- vectors: eight bytes
def count_bytes(state: State, d: Operand, a: Operand) -> None:
    value = state.read(a, 64)
    state.write(d, z3.Concat(*(ones(z3.Extract(8 * k + 7, 8 * k, value)) for k in reversed(range(8)))))


def add_across(state: State, d: Operand, a: Operand) -> None:
    value = state.read(a, 64)
    state.write(d, sum((z3.Extract(8 * k + 7, 8 * k, value) for k in range(1, 8)), low(value, 8)))


def float_move(state: State, d: Operand, a: Operand) -> None:
    """FMOV between a general and a vector register: as wide as the general one."""
    w = min(o.width for o in (d, a) if isinstance(o, Register))
    state.write(d, state.read(a, w))


# ---- memory
def load(width_of: int, signed: bool = False) -> Callable[..., None]:
    """So many bits, 0: as wide as the register."""

    def run(state: State, d: Operand, a: Address) -> None:
        value = state.load(a, width_of or width(d))
        state.write(d, sign_extend(value, width(d)) if signed else value)

    return run


def store(width_of: int) -> Callable[..., None]:
    return lambda state, d, a: state.store(a, low(state.read(d), width_of or width(d)))


def pair(loads: bool) -> Callable[..., None]:
    """STP, LDP; `!` writes the address back, a number behind the address does so after the access."""

    def run(state: State, one: Operand, other: Operand, a: Address, *rest: Operand) -> None:
        back = rest[-1]
        assert isinstance(back, Name)
        base = a.parts[0][0]
        for k, register in enumerate((one, other)):
            place = a._replace(displacement=a.displacement + 8 * k)
            if loads:
                state.write(register, state.load(place, 64))
            else:
                state.store(place, state.read(register))
        if back.text:
            moved = rest[0].value if isinstance(rest[0], Number) else a.displacement
            state.write(base, state.read(base) + moved)

    return run


def branch_if(condition: str) -> Callable[..., Jump]:
    return lambda state, target: Jump(holds(state, condition), target.text)


def branch_on(compute: Callable[[Term], Term]) -> Callable[..., Jump]:
    """CBZ, CBNZ"""
    return lambda state, a, target: Jump(compute(state.read(a)), target.text)


def trap(state: State, condition: Name, code: Name) -> Jump:
    return Jump(z3.BoolVal(True) if condition.text == "ALWAYS" else holds(state, condition.text), code.text)


def address(state: State, d: Operand, a: Operand) -> None:
    assert isinstance(a, Address)
    state.write(d, state.sum(a))


# fmt: off
MEANINGS: dict[str, Callable[..., Jump | None]] = {
    "ADD":  sum_of(minus=False),
    "ADDS": sum_of(minus=False, flags=True),
    "ADC":  sum_of(minus=False, carry=True),
    "SUB":  sum_of(minus=True),
    "SUBS": sum_of(minus=True, flags=True),
    "SBC":  sum_of(minus=True, carry=True),
    "CMP":  sum_of(minus=True, flags=True, writes=False),
    "CMN":  sum_of(minus=False, flags=True, writes=False),
    "TST":  test,
    "CCMP": compare_if,
    "NEG":  one(lambda a: -a),
    "MUL":  two(lambda a, b: a * b),
    "MADD": multiply_add(minus=False),
    "MSUB": multiply_add(minus=True),
    "UMULH": multiply_high(zero_extend),
    "SMULH": multiply_high(sign_extend),
    "UDIV": divide(divided),
    "SDIV": divide(divided_signed),
    "AND":  two(lambda a, b: a & b),
    "ORR":  two(lambda a, b: a | b),
    "EOR":  two(lambda a, b: a ^ b),
    "BIC":  two(lambda a, b: a & ~b),
    "MVN":  one(lambda a: ~a),
    "MOV":  one(lambda a: a),
    "MOVZ": move_wide(lambda state, d, bits, place: bits),
    "MOVN": move_wide(lambda state, d, bits, place: ~bits),
    "MOVK": move_wide(keeping),
    "LSL":  shift(lambda a, n: a << n),
    "LSR":  shift(z3.LShR),
    "ASR":  shift(lambda a, n: a >> n),
    "ROR":  shift(z3.RotateRight),
    "EXTR": extract,
    "SXTB": lambda state, d, a: state.write(d, sign_extend(state.read(a, 8), width(d))),
    "SXTH": lambda state, d, a: state.write(d, sign_extend(state.read(a, 16), width(d))),
    "SXTW": lambda state, d, a: state.write(d, sign_extend(state.read(a, 32), width(d))),
    "UXTB": lambda state, d, a: state.write(d, zero_extend(state.read(a, 8), width(d))),
    "UXTH": lambda state, d, a: state.write(d, zero_extend(state.read(a, 16), width(d))),
    "CLZ":  one(leading_zeros),
    "RBIT": one(reversed_bits),
    "CSEL": select(lambda b: b),
    "CSINC": select(lambda b: b + 1),
    "CSET": lambda state, d, condition: state.write(d, truth(holds(state, condition.text), width(d))),
    "FMOV": float_move,
    "CNT":  count_bytes,
    "ADDV": add_across,
    "ADR":  address,
    "ADD LSL": lambda state, d, a, b, n: state.write(d, state.read(a) + (state.read(b) << state.read(n, width(d)))),
    "LDR": load(0), "LDUR": load(0), "LDRB": load(8), "LDURB": load(8), "LDRH": load(16), "LDURH": load(16),
    "LDRSB": load(8, signed=True), "LDURSB": load(8, signed=True), "LDRSH": load(16, signed=True), "LDURSH": load(16, signed=True),
    "LDRSW": load(32, signed=True), "LDURSW": load(32, signed=True),
    "STR": store(0), "STUR": store(0), "STRB": store(8), "STURB": store(8), "STRH": store(16), "STURH": store(16),
    "LDP": pair(loads=True), "STP": pair(loads=False),
    "CSDB": lambda state: None,
    "RET":  lambda state: state.leave(state.read(Register("x30", 64))),
    "BR":   lambda state, a: state.leave(state.read(a)),
    "B":    lambda state, target: Jump(z3.BoolVal(True), target.text),
    "CBZ":  branch_on(lambda a: a == 0),
    "CBNZ": branch_on(lambda a: a != 0),
    "TRAP": trap,
    **{f"B.{name}": branch_if(name) for name in CONDITIONS},
}
# fmt: on
