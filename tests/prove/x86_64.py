"""What x86-64's instructions do, a row each: Intel's manual, volume 2. What it calls undefined is anything here."""

from __future__ import annotations

from collections.abc import Callable

import z3

from prove.machine import Address, Jump, Name, Operand, Register, State, anything
from prove.terms import (
    Term,
    bytes_reversed,
    divided,
    divided_signed,
    leading_zeros,
    low,
    number,
    ones,
    sign,
    sign_extend,
    trailing_zeros,
    truth,
    zero_extend,
)

FLAGS = ("C", "P", "Z", "S", "O")
# Volume 1, appendix B: each with the number that the lowering rows and encodings have.
CONDITIONS: dict[str, tuple[int, Callable[[dict[str, Term]], Term]]] = {
    "O": (0, lambda f: f["O"]), "NO": (1, lambda f: z3.Not(f["O"])),
    "B": (2, lambda f: f["C"]), "AE": (3, lambda f: z3.Not(f["C"])),
    "E": (4, lambda f: f["Z"]), "NE": (5, lambda f: z3.Not(f["Z"])),
    "BE": (6, lambda f: z3.Or(f["C"], f["Z"])), "A": (7, lambda f: z3.Not(z3.Or(f["C"], f["Z"]))),
    "S": (8, lambda f: f["S"]), "NS": (9, lambda f: z3.Not(f["S"])),
    "P": (10, lambda f: f["P"]), "NP": (11, lambda f: z3.Not(f["P"])),
    "L": (12, lambda f: f["S"] != f["O"]), "GE": (13, lambda f: f["S"] == f["O"]),
    "LE": (14, lambda f: z3.Or(f["Z"], f["S"] != f["O"])), "G": (15, lambda f: z3.And(z3.Not(f["Z"]), f["S"] == f["O"])),
}  # fmt: skip


def holds(state: State, condition: str) -> Term:
    """Whether the flags say so."""
    for name in FLAGS:
        state.flags.setdefault(name, anything(0))
    return CONDITIONS[condition][1](state.flags)


def set_flags(state: State, result: Term, carry: Term, overflow: Term) -> None:
    state.flags.update({"C": carry, "O": overflow, "Z": result == 0, "S": sign(result), "P": (ones(low(result, 8)) & 1) == 0})


def forget_flags(state: State) -> None:
    state.flags.update({name: anything(0) for name in FLAGS})


def width(*operands: Operand) -> int:
    """Of an operation: a register's, or a place's."""
    return next(o.width for o in operands if isinstance(o, Register | Address) and o.width)


# ---- sums
def adding(state: State, a: Term, b: Term, carry: Term) -> Term:
    result = a + b + carry
    wide = zero_extend(a, a.size() + 1) + zero_extend(b, a.size() + 1) + zero_extend(carry, a.size() + 1)
    set_flags(state, result, sign(wide), sign((a ^ result) & (b ^ result)))
    return result


def subtracting(state: State, a: Term, b: Term, borrow: Term) -> Term:
    result = a - b - borrow
    wide = zero_extend(a, a.size() + 1) - zero_extend(b, a.size() + 1) - zero_extend(borrow, a.size() + 1)
    set_flags(state, result, sign(wide), sign((a ^ b) & (a ^ result)))
    return result


def logical(compute: Callable[[Term, Term], Term]) -> Callable[[State, Term, Term, Term], Term]:
    def run(state: State, a: Term, b: Term, _: Term) -> Term:
        result = compute(a, b)
        set_flags(state, result, z3.BoolVal(False), z3.BoolVal(False))
        return result

    return run


def two(compute: Callable[[State, Term, Term, Term], Term], carry: bool = False, writes: bool = True) -> Callable[..., None]:
    """d <- d op b, flags set."""

    def run(state: State, d: Operand, b: Operand) -> None:
        w = width(d, b)
        carried = truth(state.flags.setdefault("C", anything(0)), w) if carry else number(0, w)
        result = compute(state, state.read(d, w), state.read(b, w), carried)
        if writes:
            state.write(d, result)

    return run


# ---- shifts: the count modulo 32 or 64; flags depend on it, and nothing asks for them
def shift(compute: Callable[[Term, Term], Term]) -> Callable[..., None]:
    def run(state: State, d: Operand, count: Operand | None = None) -> None:
        w = width(d)
        shifted(state, d, d, state.read(count, 8) if count else number(1, 8), compute, w)
        forget_flags(state)

    return run


def shifted(state: State, d: Operand, a: Operand, count: Term, compute: Callable[[Term, Term], Term], w: int) -> None:
    amount = zero_extend(low(count, 8), w) & (63 if w == 64 else 31)
    state.write(d, compute(state.read(a, w), amount))


def shift_three(compute: Callable[[Term, Term], Term]) -> Callable[..., None]:
    """SHLX and its like, which keep the flags."""
    return lambda state, d, a, count: shifted(state, d, a, state.read(count), compute, width(d))


# ---- products and quotients
def multiply(state: State, *operands: Operand) -> None:
    """IMUL d, b and IMUL d, a, number; of one operand: signed, into RDX and RAX."""
    if len(operands) == 1:
        multiply_wide(state, operands[0], sign_extend)
        return
    d, a, b = operands if len(operands) == 3 else (operands[0], *operands)
    w = width(d)
    state.write(d, state.read(a, w) * state.read(b, w))
    forget_flags(state)


def multiply_wide(state: State, b: Operand, extend: Callable[[Term, int], Term]) -> None:
    w = width(b)
    rax, rdx = Register("rax", w), Register("rdx", w)
    product = extend(state.read(rax), 2 * w) * extend(state.read(b, w), 2 * w)
    state.write(rax, low(product, w))
    state.write(rdx, z3.Extract(2 * w - 1, w, product))
    forget_flags(state)


def divide(state: State, b: Operand, signed: bool) -> None:
    """RDX and RAX by b: the high half must be what extends the low one, or the quotient would have to be shown to fit."""
    w = width(b)
    rax, rdx = Register("rax", w), Register("rdx", w)
    dividend, divisor, high = state.read(rax), state.read(b, w), state.read(rdx)
    state.require(high == (z3.If(sign(dividend), number(-1, w), number(0, w)) if signed else number(0, w)), "the dividend is extended")
    state.require(divisor != 0, "no exception: not by zero")
    if signed:
        state.require(z3.Not(z3.And(dividend == number(1 << w - 1, w), divisor == -1)), "no exception: the quotient fits")
    quotient = (divided_signed if signed else divided)(dividend, divisor)
    state.write(rax, quotient)
    state.write(rdx, dividend - quotient * divisor)
    forget_flags(state)


def extend_accumulator(w: int) -> Callable[[State], None]:
    """CDQ, CQO."""

    def run(state: State) -> None:
        state.write(Register("rdx", w), state.read(Register("rax", w)) >> (w - 1))

    return run


def negate(state: State, d: Operand) -> None:
    w = width(d)
    state.write(d, subtracting(state, number(0, w), state.read(d), number(0, w)))


# ---- bits
def scan(find: Callable[[Term], Term]) -> Callable[..., None]:
    """BSF, BSR: of 0 the result is undefined."""

    def run(state: State, d: Operand, a: Operand) -> None:
        w = width(d)
        value = state.read(a, w)
        state.write(d, z3.If(value == 0, anything(w), find(value)))
        forget_flags(state)
        state.flags["Z"] = value == 0

    return run


def count(find: Callable[[Term], Term]) -> Callable[..., None]:
    def run(state: State, d: Operand, a: Operand) -> None:
        state.write(d, find(state.read(a, width(d))))
        forget_flags(state)

    return run


# ---- moves
def move(state: State, d: Operand, a: Operand) -> None:
    """8 and 16 bits leave the others as they are."""
    w = width(d)
    (state.write if w >= 32 else state.keep)(d, state.read(a, w))


def exchange(state: State, a: Operand, b: Operand) -> None:
    first, second = state.read(a), state.read(b)
    state.write(a, second)
    state.write(b, first)


def extend(how: Callable[[Term, int], Term]) -> Callable[..., None]:
    return lambda state, d, a: state.write(d, how(state.read(a), width(d)))


def address(state: State, d: Operand, a: Operand) -> None:
    assert isinstance(a, Address)
    state.write(d, low(state.sum(a), width(d)))


def conditional_move(condition: str) -> Callable[..., None]:
    """With 32 bits the others become zero, moved or not."""
    return lambda state, d, a: state.write(d, z3.If(holds(state, condition), state.read(a, width(d)), state.read(d)))


def conditional_jump(condition: str) -> Callable[..., Jump]:
    return lambda state, target: Jump(holds(state, condition), target.text)


def move_vector(w: int) -> Callable[..., None]:
    """So many bits of a vector register, or w 0: as many as the other operand has; the others become zero, between vector registers of scalars they stay."""

    def run(state: State, d: Operand, a: Operand) -> None:
        bits = w or min(o.width for o in (d, a) if isinstance(o, Register | Address))
        both = isinstance(d, Register) and isinstance(a, Register) and d.width == a.width
        (state.keep if both and bits < 128 else state.write)(d, state.read(a, bits))

    return run


# ---- the stack, and leaving
RSP, RBP = Register("rsp", 64), Register("rbp", 64)


def push(state: State, a: Operand) -> None:
    value = state.read(a, 64)
    state.write(RSP, state.read(RSP) - 8)
    state.store(Address(((RSP, 1),), number(0)), value)


def pop(state: State, d: Operand) -> None:
    value = state.load(Address(((RSP, 1),), number(0)), 64)
    state.write(RSP, state.read(RSP) + 8)
    state.write(d, value)


def leave(state: State) -> None:
    state.write(RSP, state.read(RBP))
    pop(state, RBP)


def come_back(state: State) -> Jump:
    to = Register("pc", 64)
    pop(state, to)
    return state.leave(state.read(to))


def jump(state: State, target: Operand) -> Jump:
    """To a label, or to what a register or place holds."""
    return Jump(z3.BoolVal(True), target.text) if isinstance(target, Name) else state.leave(state.read(target, 64))


def trap(state: State, condition: Name, code: Name) -> Jump:
    return Jump(z3.BoolVal(True) if condition.text == "ALWAYS" else holds(state, condition.text), code.text)


# fmt: off
MEANINGS: dict[str, Callable[..., Jump | None]] = {
    "ADD":  two(adding),
    "ADC":  two(adding, carry=True),
    "SUB":  two(subtracting),
    "SBB":  two(subtracting, carry=True),
    "CMP":  two(subtracting, writes=False),
    "AND":  two(logical(lambda a, b: a & b)),
    "OR":   two(logical(lambda a, b: a | b)),
    "XOR":  two(logical(lambda a, b: a ^ b)),
    "TEST": two(logical(lambda a, b: a & b), writes=False),
    "NEG":  negate,
    "NOT":  lambda state, d: state.write(d, ~state.read(d)),
    "IMUL": multiply,
    "MUL":  lambda state, b: multiply_wide(state, b, zero_extend),
    "DIV":  lambda state, b: divide(state, b, signed=False),
    "IDIV": lambda state, b: divide(state, b, signed=True),
    "CDQ":  extend_accumulator(32),
    "CQO":  extend_accumulator(64),
    "SHL":  shift(lambda a, n: a << n),
    "SHR":  shift(z3.LShR),
    "SAR":  shift(lambda a, n: a >> n),
    "ROL":  shift(z3.RotateLeft),
    "ROR":  shift(z3.RotateRight),
    "SHLX": shift_three(lambda a, n: a << n),
    "SHRX": shift_three(z3.LShR),
    "SARX": shift_three(lambda a, n: a >> n),
    "BSF":  scan(trailing_zeros),
    "BSR":  scan(lambda a: a.size() - 1 - leading_zeros(a)),
    "TZCNT": count(trailing_zeros),
    "LZCNT": count(leading_zeros),
    "POPCNT": count(ones),
    "BSWAP": lambda state, d: state.write(d, bytes_reversed(state.read(d))),
    "MOV":  move,
    "MOVABS": move,
    "XCHG": exchange,
    "MOVZX": extend(zero_extend),
    "MOVSX": extend(sign_extend),
    "MOVSXD": extend(sign_extend),
    "LEA":  address,
    "NOP":  lambda state, *_: None,
    "MOVSS": move_vector(32), "MOVSD": move_vector(64), "MOVAPS": move_vector(128), "MOVUPS": move_vector(128), "MOVD": move_vector(32),
    "MOVQ": move_vector(64),
    "PUSH": push,
    "POP":  pop,
    "LEAVE": leave,
    "RET":  come_back,
    "JMP":  jump,
    "TRAP": trap,
    **{f"J{name}": conditional_jump(name) for name in CONDITIONS},
    **{f"CMOV{name}": conditional_move(name) for name in CONDITIONS},
    **{f"SET{name}": (lambda state, d, name=name: state.keep(d, truth(holds(state, name), 8))) for name in CONDITIONS},
}
# fmt: on
