"""What riscv64's instructions do, a row each: The RISC-V Instruction Set Manual, volume I (RV64I, M, the conversions of D, Zba, Zbb, Zbs, Zicond)."""

from __future__ import annotations

from collections.abc import Callable

import z3

from prove.machine import Address, Jump, Operand, Register, State
from prove.terms import Term, divided, divided_signed, leading_zeros, low, number, ones, sign_extend, trailing_zeros, truth, zero_extend

RELATIONS: dict[str, Callable[[Term, Term], Term]] = {
    "EQ": lambda a, b: a == b, "NE": lambda a, b: a != b, "LT": lambda a, b: a < b, "GE": lambda a, b: a >= b, "LTU": z3.ULT, "GEU": z3.UGE,
}  # fmt: skip


def two(compute: Callable[[Term, Term], Term], width: int = 64) -> Callable[..., None]:
    """rd <- rs1 op (rs2 or a number); of 32 bits the sign is extended."""
    return lambda state, d, a, b: state.write(d, sign_extend(compute(state.read(a, width), state.read(b, width))))


def shift(compute: Callable[[Term, Term], Term], width: int = 64) -> Callable[..., None]:
    """The count is the low five or six bits."""
    return two(lambda a, n: compute(a, n & (width - 1)), width)


def one(compute: Callable[[Term], Term], width: int) -> Callable[..., None]:
    """rd <- op rs1; of 32 bits the sign is extended."""
    return lambda state, d, a: state.write(d, sign_extend(compute(state.read(a, width))))


def shifted_add(by: int) -> Callable[..., None]:
    return lambda state, d, a, b: state.write(d, (state.read(a) << by) + state.read(b))


def divide(width: int, how: Callable[[Term, Term], Term], remainder: bool) -> Callable[..., None]:
    """M, 7.2: by zero the quotient would be all ones, and the remainder the dividend; rows that rely on it are refused."""

    def run(state: State, d: Operand, one: Operand, other: Operand) -> None:
        a, b = state.read(one, width), state.read(other, width)
        state.require(b != 0, "not by zero")
        quotient = how(a, b)
        state.write(d, sign_extend(a - quotient * b if remainder else quotient))

    return run


def multiply_high(extend: Callable[[Term, int], Term]) -> Callable[..., None]:
    return two(lambda a, b: z3.Extract(127, 64, extend(a, 128) * extend(b, 128)))


def as_double(value: Term) -> Term:
    """FCVT.D.LU and FCVT.D.WU, rounded towards zero: the bits of a double, of which only the exponent is ever looked at."""
    zeros = leading_zeros(value)
    mantissa = z3.Extract(62, 11, value << zeros)
    exponent = z3.Extract(10, 0, number(1023 + 63) - zeros)
    return z3.If(value == 0, number(0), z3.Concat(number(0, 1), exponent, mantissa))


def load_upper(state: State, d: Operand, a: Operand) -> None:
    """LUI: the number is the twenty bits."""
    state.write(d, sign_extend(z3.Concat(low(state.read(a), 20), number(0, 12))))


def branch(relation: str) -> Callable[..., Jump]:
    return lambda state, a, b, target: Jump(RELATIONS[relation](state.read(a), state.read(b)), target.text)


def convert(width: int) -> Callable[..., None]:
    return lambda state, d, a, *rounding: state.write(d, as_double(zero_extend(state.read(a, width))))


def address(state: State, d: Operand, a: Operand) -> None:
    assert isinstance(a, Address)
    state.write(d, state.sum(a))


SIZES = (("B", 8), ("H", 16), ("W", 32), ("D", 64))


def load(bits: int, extend: Callable[[Term, int], Term]) -> Callable[..., None]:
    return lambda state, d, a: state.write(d, extend(state.load(a, bits), 64))


def store(bits: int) -> Callable[..., None]:
    return lambda state, value, a: state.store(a, state.read(value, bits))


# fmt: off
MEANINGS: dict[str, Callable[..., Jump | None]] = {
    "ADD":   two(lambda a, b: a + b),
    "ADDI":  two(lambda a, b: a + b),
    "SUB":   two(lambda a, b: a - b),
    "ADDW":  two(lambda a, b: a + b, 32),
    "ADDIW": two(lambda a, b: a + b, 32),
    "SUBW":  two(lambda a, b: a - b, 32),
    "MUL":   two(lambda a, b: a * b),
    "MULW":  two(lambda a, b: a * b, 32),
    "MULH":  multiply_high(sign_extend),
    "MULHU": multiply_high(zero_extend),
    "DIV":   divide(64, divided_signed, remainder=False),
    "DIVU":  divide(64, divided, remainder=False),
    "REM":   divide(64, divided_signed, remainder=True),
    "REMU":  divide(64, divided, remainder=True),
    "DIVW":  divide(32, divided_signed, remainder=False),
    "DIVUW": divide(32, divided, remainder=False),
    "REMW":  divide(32, divided_signed, remainder=True),
    "REMUW": divide(32, divided, remainder=True),
    "AND":   two(lambda a, b: a & b),
    "ANDI":  two(lambda a, b: a & b),
    "OR":    two(lambda a, b: a | b),
    "ORI":   two(lambda a, b: a | b),
    "XOR":   two(lambda a, b: a ^ b),
    "XORI":  two(lambda a, b: a ^ b),
    "SLL":   shift(lambda a, n: a << n),
    "SLLI":  shift(lambda a, n: a << n),
    "SRL":   shift(z3.LShR),
    "SRLI":  shift(z3.LShR),
    "SRA":   shift(lambda a, n: a >> n),
    "SRAI":  shift(lambda a, n: a >> n),
    "SLLW":  shift(lambda a, n: a << n, 32),
    "SLLIW": shift(lambda a, n: a << n, 32),
    "SRLW":  shift(z3.LShR, 32),
    "SRLIW": shift(z3.LShR, 32),
    "SRAW":  shift(lambda a, n: a >> n, 32),
    "SRAIW": shift(lambda a, n: a >> n, 32),
    "SLT":   two(lambda a, b: truth(a < b, 64)),
    "SLTI":  two(lambda a, b: truth(a < b, 64)),
    "SLTU":  two(lambda a, b: truth(z3.ULT(a, b), 64)),
    "SLTIU": two(lambda a, b: truth(z3.ULT(a, b), 64)),
    "ADD.UW": lambda state, d, a, b: state.write(d, zero_extend(state.read(a, 32)) + state.read(b)),
    "SEXT.W": lambda state, d, a: state.write(d, sign_extend(state.read(a, 32))),
    "SEXT.B": lambda state, d, a: state.write(d, sign_extend(state.read(a, 8))),
    "SEXT.H": lambda state, d, a: state.write(d, sign_extend(state.read(a, 16))),
    **{f"SH{k}ADD": shifted_add(k) for k in (1, 2, 3)},
    "CZERO.EQZ": two(lambda a, b: z3.If(b == 0, number(0), a)),
    "CZERO.NEZ": two(lambda a, b: z3.If(b == 0, a, number(0))),
    "BSETI": two(lambda a, n: a | (number(1) << (n & 63))),
    "BINVI": two(lambda a, n: a ^ (number(1) << (n & 63))),
    **{f"{name}{w}": one(find, width) for name, find in (("CLZ", leading_zeros), ("CTZ", trailing_zeros), ("CPOP", ones)) for w, width in (("", 64), ("W", 32))},
    **{f"ROL{w}": two(z3.RotateLeft, width) for w, width in (("", 64), ("W", 32))},
    **{f"{name}{w}": two(z3.RotateRight, width) for name in ("ROR", "RORI") for w, width in (("", 64), ("W", 32))},
    "MV":    lambda state, d, a: state.write(d, state.read(a)),
    "LI":    lambda state, d, a: state.write(d, state.read(a)),
    "LUI":   load_upper,
    "AUIPC": address,
    **{f"L{letter}": load(bits, sign_extend) for letter, bits in SIZES}, **{f"L{letter}U": load(bits, zero_extend) for letter, bits in SIZES[:3]},
    **{f"S{letter}": store(bits) for letter, bits in SIZES},
    "FLW":   lambda state, d, a: state.write(d, z3.Concat(number(-1, 32), state.load(a, 32))), "FSW": store(32), "FLD": load(64, zero_extend), "FSD": store(64),
    "FMV.D": lambda state, d, a: state.write(d, state.read(a)), "FMV.S": lambda state, d, a: state.write(d, state.read(a)),
    "FMV.X.W": lambda state, d, a: state.write(d, sign_extend(state.read(a, 32))), "FMV.D.X": lambda state, d, a: state.write(d, state.read(a)),
    "FMV.W.X": lambda state, d, a: state.write(d, z3.Concat(number(-1, 32), state.read(a, 32))),
    "RET":   lambda state: state.leave(state.read(Register("x1", 64))),
    "JR":    lambda state, a: state.leave(state.read(a)),
    "FCVT.D.WU": convert(32),
    "FCVT.D.LU": convert(64),
    "FMV.X.D": lambda state, d, a: state.write(d, state.read(a, 64)),
    "J":     lambda state, target: Jump(z3.BoolVal(True), target.text),
    **{f"B{name}": branch(name) for name in RELATIONS},
}
# fmt: on
