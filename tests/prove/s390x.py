"""What s390x's instructions do, a row each: z/Architecture Principles of Operation (SA22-7832), chapters 7 and 22. Those of 32 bits leave a register's high half."""

from __future__ import annotations

from collections.abc import Callable

import z3

from prove.machine import Address, Jump, Name, Operand, Register, State, anything
from prove.terms import Term, bytes_reversed, divided, divided_signed, leading_zeros, low, number, ones, sign, sign_extend, zero_extend

# Masks of condition codes, 8 for code 0 to 1 for code 3, by what a branch is called after a comparison or a sum.
MASKS = {"O": 1, "H": 2, "L": 4, "E": 8, "HE": 10, "LE": 12, "NO": 14, "NE": 7, "ALWAYS": 15}
Extend = Callable[[Term, int], Term]


def holds(state: State, condition: str) -> Term:
    return holds_mask(state, MASKS[condition])


def holds_mask(state: State, mask: int) -> Term:
    """Whether the condition code is one of a mask's."""
    code = state.flags.setdefault("cc", anything(2))
    return z3.Or(*(code == k for k in range(4) if mask >> 3 - k & 1))


def set_code(state: State, *cases: tuple[Term, int], otherwise: int) -> None:
    """The code of the first case that holds."""
    code = number(otherwise, 2)
    for condition, value in reversed(cases):
        code = z3.If(condition, number(value, 2), code)
    state.flags["cc"] = code


def signed_code(state: State, result: Term, overflow: Term) -> None:
    """Of signed arithmetic: zero, negative, positive, overflow."""
    set_code(state, (overflow, 3), (result == 0, 0), (sign(result), 1), otherwise=2)


def put(state: State, d: Operand, value: Term) -> None:
    """32 bits leave the high half."""
    (state.keep if value.size() < 64 else state.write)(d, value)


def last_two(operands: tuple[Operand, ...]) -> tuple[Operand, Operand, Operand]:
    """d, a, b of instructions with three operands, or with two: d is the first one too."""
    return operands[0], operands[-2], operands[-1]


# ---- arithmetic
def add(w: int, minus: bool = False) -> Callable[..., None]:
    """Signed."""

    def run(state: State, *operands: Operand) -> None:
        d, one, other = last_two(operands)
        a, b = state.read(one, w), state.read(other, w)
        result = a - b if minus else a + b
        put(state, d, result)
        signed_code(state, result, sign((a ^ b) & (a ^ result)) if minus else sign((a ^ result) & (b ^ result)))

    return run


def add_logical(w: int, minus: bool = False, carry: bool = False) -> Callable[..., None]:
    """Unsigned: the code's high bit is the carry, or no borrow; the low one whether the result is not zero."""

    def run(state: State, *operands: Operand) -> None:
        d, one, other = last_two(operands)
        a, b = state.read(one, w), state.read(other, w)
        start = z3.Extract(1, 1, state.flags.setdefault("cc", anything(2))) if carry else number(int(minus), 1)
        total = zero_extend(a, w + 1) + zero_extend(~b if minus else b, w + 1) + zero_extend(start, w + 1)
        result = low(total, w)
        put(state, d, result)
        state.flags["cc"] = z3.Concat(z3.Extract(w, w, total), z3.If(result == 0, number(0, 1), number(1, 1)))

    return run


def multiply(w: int) -> Callable[..., None]:
    def run(state: State, *operands: Operand) -> None:
        d, a, b = last_two(operands)
        put(state, d, state.read(a, w) * state.read(b, w))

    return run


def pair(d: Operand) -> tuple[Register, Register]:
    """An even register and the one behind it."""
    assert isinstance(d, Register)
    return Register(d.name, 64), Register(f"r{int(d.name[1:]) + 1}", 64)


def multiply_pair(extend: Extend) -> Callable[..., None]:
    """MLGR d, b; MGRK d, a, b"""

    def run(state: State, *operands: Operand) -> None:
        first, second = pair(operands[0])
        a = state.read(operands[1]) if len(operands) == 3 else state.read(second)
        product = extend(a, 128) * extend(state.read(operands[-1]), 128)
        state.write(first, z3.Extract(127, 64, product))
        state.write(second, low(product, 64))

    return run


def divide_logical(w: int) -> Callable[..., None]:
    """DLR, DLGR: the pair, as twice the width, by b; an exception where the quotient is too large."""

    def run(state: State, d: Operand, b: Operand) -> None:
        first, second = pair(d)
        dividend, divisor = state.read(second, w), state.read(b, w)
        state.require(state.read(first, w) == 0, "the dividend is extended")
        state.require(divisor != 0, "no exception: not by zero")
        quotient = divided(dividend, divisor)
        put(state, first, dividend - quotient * divisor)
        put(state, second, quotient)

    return run


def divide_signed(extended: int) -> Callable[..., None]:
    """DSGR, DSGFR: the second of the pair by so many bits of b."""

    def run(state: State, d: Operand, b: Operand) -> None:
        first, second = pair(d)
        dividend, divisor = state.read(second), sign_extend(state.read(b, extended))
        state.require(divisor != 0, "no exception: not by zero")
        state.require(z3.Not(z3.And(dividend == number(1 << 63), divisor == -1)), "no exception: the quotient fits")
        quotient = divided_signed(dividend, divisor)
        state.write(first, dividend - quotient * divisor)
        state.write(second, quotient)

    return run


def complement(w: int) -> Callable[..., None]:
    def run(state: State, d: Operand, a: Operand) -> None:
        value = state.read(a, w)
        put(state, d, -value)
        signed_code(state, -value, value == number(1 << w - 1, w))

    return run


# ---- logic
def logical(w: int, compute: Callable[[Term, Term], Term]) -> Callable[..., None]:
    def run(state: State, *operands: Operand) -> None:
        d, a, b = last_two(operands)
        result = compute(state.read(a, w), state.read(b, w))
        put(state, d, result)
        set_code(state, (result == 0, 0), otherwise=1)

    return run


def logical_part(compute: Callable[[Term, Term], Term], first: int, last: int) -> Callable[..., None]:
    """With a number, of the bits `last` to `first` (from the lowest, 0) alone."""

    def run(state: State, d: Operand, b: Operand) -> None:
        whole = state.read(d, 64)
        result = compute(z3.Extract(last, first, whole), state.read(b, last - first + 1))
        parts = [result] if last == 63 else [z3.Extract(63, last + 1, whole), result]
        state.write(d, z3.Concat(*parts, z3.Extract(first - 1, 0, whole)) if first else z3.Concat(*parts))
        set_code(state, (result == 0, 0), otherwise=1)

    return run


def rotate_and_select(state: State, d: Operand, a: Operand, *numbers: Operand) -> None:
    """RISBGN: the bits first to last (0 is the highest), and zeros where 128 is added to the last. A row's text has a mask, or a shift of the low half."""
    value = state.read(a, 64)
    if len(numbers) == 1:  # 32, 191 - n, n
        count = state.read(numbers[0])
        state.write(d, z3.RotateLeft(value, count) & zero_extend(number(0xFFFFFFFF, 32) << low(count, 32)))
        return
    if len(numbers) == 2:
        state.write(d, value & state.read(numbers[0]))
        return
    first, last, count = (z3.simplify(state.read(o)).as_long() for o in numbers)
    bit, mask = first & 63, 0
    while True:
        mask |= 1 << 63 - bit
        if bit == last & 63:
            break
        bit = bit + 1 & 63
    kept = number(0) if last & 128 else state.read(d, 64) & number(~mask)
    state.write(d, kept | z3.RotateLeft(value, number(count & 63)) & number(mask))


# ---- shifts: six bits of the count
def shift(w: int, compute: Callable[[Term, Term], Term], code: bool = False) -> Callable[..., None]:
    def run(state: State, *operands: Operand) -> None:
        d, a, count = last_two(operands)
        result = compute(state.read(a, w), zero_extend(state.read(count, 6), w))
        put(state, d, result)
        if code:
            signed_code(state, result, z3.BoolVal(False))

    return run


# ---- loads of registers
def load(extend: Extend, source: int, to: int = 64) -> Callable[..., None]:
    return lambda state, d, a: put(state, d, extend(state.read(a, source), to))


def load_and_test(w: int) -> Callable[..., None]:
    def run(state: State, d: Operand, a: Operand) -> None:
        value = state.read(a, w)
        put(state, d, value)
        signed_code(state, value, z3.BoolVal(False))

    return run


def compare(w: int, signed: bool) -> Callable[..., None]:
    def run(state: State, a: Operand, b: Operand) -> None:
        one, other = state.read(a, w), state.read(b, w)
        set_code(state, (one == other, 0), (one < other if signed else z3.ULT(one, other), 1), otherwise=2)

    return run


def find_leftmost(state: State, d: Operand, a: Operand) -> None:
    """FLOGR: the second of the pair is the number without that one."""
    first, second = pair(d)
    value = state.read(a)
    zeros = leading_zeros(value)
    state.write(first, zeros)
    state.write(second, z3.If(value == 0, number(0), value & ~z3.LShR(number(1 << 63), zeros)))
    set_code(state, (value == 0, 0), otherwise=2)


def conditional(state: State, d: Operand, a: Operand, condition: Name) -> None:
    """LOCGR, LOCGHI"""
    chosen = holds_mask(state, int(condition.text)) if condition.text.isdigit() else holds(state, condition.text)
    state.write(d, z3.If(chosen, state.read(a, 64), state.read(d, 64)))


def address(state: State, d: Operand, a: Operand) -> None:
    assert isinstance(a, Address)
    state.write(d, state.sum(a))


# ---- vectors: element 0 of doublewords is the highest
def set_element(w: int) -> Callable[..., None]:
    """The first element."""

    def run(state: State, d: Operand, a: Operand, element: Operand) -> None:
        assert isinstance(d, Register)
        state.registers[d.name] = z3.Concat(state.read(a, w), low(state.whole(d.name), 128 - w))

    return run


def get_element(w: int) -> Callable[..., None]:
    def run(state: State, d: Operand, a: Operand, element: Operand) -> None:
        assert isinstance(a, Register)
        state.write(d, z3.Extract(127, 128 - w, state.whole(a.name)))

    return run


def count_elements(state: State, d: Operand, a: Operand) -> None:
    value = state.read(a, 128)
    state.write(d, z3.Concat(ones(z3.Extract(127, 64, value)), ones(low(value, 64))))


# ---- memory: the highest byte first, but for those that reverse
def load_place(extend: Extend, bits: int, to: int = 64, reverses: bool = False) -> Callable[..., None]:
    def run(state: State, d: Operand, a: Address) -> None:
        value = state.load(a, bits)
        put(state, d, extend(bytes_reversed(value) if reverses else value, to))

    return run


def store_place(bits: int, reverses: bool = False) -> Callable[..., None]:
    def run(state: State, value: Operand, a: Address) -> None:
        bytes = state.read(value, bits)
        state.store(a, bytes_reversed(bytes) if reverses else bytes)

    return run


def multiple(loads: bool) -> Callable[..., None]:
    """LMG, STMG: from a register to another, one behind the other."""

    def run(state: State, first: Register, last: Register, a: Address) -> None:
        place = state.sum(a)
        for k in range(int(last.name[1:]) - int(first.name[1:]) + 1):
            register = Register(f"r{int(first.name[1:]) + k}", 64)
            at = Address((), place + 8 * k)
            if loads:
                state.write(register, state.load(at, 64))
            else:
                state.store(at, state.read(register))

    return run


def branch_register(state: State, a: Operand, mask: Name) -> Jump:
    assert mask.text == "15", "always"
    return state.leave(state.read(a))


def branch_if(condition: str) -> Callable[..., Jump]:
    return lambda state, target: Jump(holds(state, condition), target.text)


def trap(state: State, condition: Name, code: Name) -> Jump:
    return Jump(holds(state, condition.text), code.text)


# fmt: off
MEANINGS: dict[str, Callable[..., Jump | None]] = {
    "LGR": load(lambda a, w: a, 64), "LGFR": load(sign_extend, 32), "LLGFR": load(zero_extend, 32),
    "LGBR": load(sign_extend, 8), "LGHR": load(sign_extend, 16), "LLGCR": load(zero_extend, 8), "LLGHR": load(zero_extend, 16),
    "LBR": load(sign_extend, 8, 32), "LHR": load(sign_extend, 16, 32),
    "LTR": load_and_test(32), "LTGR": load_and_test(64),
    "LCR": complement(32), "LCGR": complement(64),
    "LRVR": lambda state, d, a: put(state, d, bytes_reversed(state.read(a, 32))), "LRVGR": lambda state, d, a: put(state, d, bytes_reversed(state.read(a))),
    "LOCGR": conditional, "LOCGHI": conditional,
    "LGHI": load(lambda a, w: a, 64), "LGFI": load(lambda a, w: a, 64), "MOV": load(lambda a, w: a, 64),
    "LLILL": load(zero_extend, 16), "LLILF": load(zero_extend, 32), "IILF": load(lambda a, w: a, 32, 32),
    "LLILH": lambda state, d, a: state.write(d, zero_extend(state.read(a, 16)) << 16),
    "LLIHL": lambda state, d, a: state.write(d, zero_extend(state.read(a, 16)) << 32),
    "LLIHH": lambda state, d, a: state.write(d, zero_extend(state.read(a, 16)) << 48),
    "LLIHF": lambda state, d, a: state.write(d, zero_extend(state.read(a, 32)) << 32),
    "AR": add(32), "AHI": add(32), "AFI": add(32), "SR": add(32, minus=True),
    "AGR": add(64), "AGRK": add(64), "AGHI": add(64), "AGHIK": add(64), "AGFI": add(64), "SGR": add(64, minus=True), "SGRK": add(64, minus=True),
    "ALR": add_logical(32), "ALGR": add_logical(64), "ALGRK": add_logical(64), "ALGFI": add_logical(64), "SLGRK": add_logical(64, minus=True),
    "ALCGR": add_logical(64, carry=True), "SLBGR": add_logical(64, minus=True, carry=True),
    "MSR": multiply(32), "MHI": multiply(32), "MSFI": multiply(32),
    "MSGR": multiply(64), "MSGRKC": multiply(64), "MGHI": multiply(64), "MSGFI": multiply(64),
    "MLGR": multiply_pair(zero_extend), "MGRK": multiply_pair(sign_extend),
    "DLR": divide_logical(32), "DLGR": divide_logical(64), "DSGR": divide_signed(64), "DSGFR": divide_signed(32),
    "LA": address, "LAY": address, "LARL": address,
    "NR": logical(32, lambda a, b: a & b), "NGR": logical(64, lambda a, b: a & b), "NGRK": logical(64, lambda a, b: a & b),
    "OR": logical(32, lambda a, b: a | b), "OGR": logical(64, lambda a, b: a | b), "OGRK": logical(64, lambda a, b: a | b),
    "XR": logical(32, lambda a, b: a ^ b), "XGR": logical(64, lambda a, b: a ^ b), "XGRK": logical(64, lambda a, b: a ^ b),
    "NILF": logical_part(lambda a, b: a & b, 0, 31), "NIHF": logical_part(lambda a, b: a & b, 32, 63), "NILL": logical_part(lambda a, b: a & b, 0, 15),
    "OILF": logical_part(lambda a, b: a | b, 0, 31), "OIHF": logical_part(lambda a, b: a | b, 32, 63), "OIHL": logical_part(lambda a, b: a | b, 32, 47),
    "XILF": logical_part(lambda a, b: a ^ b, 0, 31), "XIHF": logical_part(lambda a, b: a ^ b, 32, 63),
    "RISBGN": rotate_and_select,
    "SLL": shift(32, lambda a, n: a << n), "SRA": shift(32, lambda a, n: a >> n, code=True),
    "SLLG": shift(64, lambda a, n: a << n), "SRLG": shift(64, z3.LShR), "SRAG": shift(64, lambda a, n: a >> n, code=True),
    "RLL": shift(32, z3.RotateLeft), "RLLG": shift(64, z3.RotateLeft),
    "FLOGR": find_leftmost,
    "CR": compare(32, signed=True), "CHI": compare(32, signed=True), "CFI": compare(32, signed=True),
    "CGR": compare(64, signed=True), "CGHI": compare(64, signed=True), "CGFI": compare(64, signed=True),
    "CLR": compare(32, signed=False), "CLFI": compare(32, signed=False), "CLGR": compare(64, signed=False), "CLGFI": compare(64, signed=False),
    "CLY": compare(32, signed=False), "CLG": compare(64, signed=False),
    "LG": load_place(zero_extend, 64), "LLGF": load_place(zero_extend, 32), "LGF": load_place(sign_extend, 32),
    "LLGC": load_place(zero_extend, 8), "LLGH": load_place(zero_extend, 16), "LGB": load_place(sign_extend, 8), "LGH": load_place(sign_extend, 16),
    "LRV": load_place(zero_extend, 32, 32, reverses=True), "LRVG": load_place(zero_extend, 64, reverses=True),
    "LRVH": load_place(zero_extend, 16, 16, reverses=True),
    "STG": store_place(64), "ST": store_place(32), "STY": store_place(32), "STHY": store_place(16), "STCY": store_place(8),
    "STRVG": store_place(64, reverses=True), "STRV": store_place(32, reverses=True), "STRVH": store_place(16, reverses=True),
    "LMG": multiple(loads=True), "STMG": multiple(loads=False),
    "BCR": branch_register,
    "BRC": lambda state, mask, target: Jump(holds_mask(state, int(mask.text)), target.text),
    "BRCL": lambda state, mask, target: Jump(holds_mask(state, int(mask.text)), target.text),
    "VL": lambda state, d, a: state.write(d, state.load(a, 128)), "VST": lambda state, value, a: state.store(a, state.read(value, 128)),
    "VLR": lambda state, d, a: state.write(d, state.read(a, 128)),
    "VLVGF": set_element(32), "VLGVF": get_element(32), "VLVGG": set_element(64), "VLGVG": get_element(64), "VPOPCTG": count_elements,
    "J": lambda state, target: Jump(z3.BoolVal(True), target.text),
    "TRAP": trap,
    **{f"J{name}": branch_if(name) for name in MASKS if name != "ALWAYS"},
}
# fmt: on
