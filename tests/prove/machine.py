"""Runs instructions on registers that hold terms of z3, on every path: a state, what instructions do to it, and how a run can end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import z3

from prove.memory import Memory
from prove.terms import Term, low, number, zero_extend

VECTOR = 128  # bits of a register whose name begins with one of these
VECTOR_NAMES = ("v", "xmm")
PC = "pc"
ZERO = "zero"  # a register that is always 0


class Register(NamedTuple):
    """Of a register, or of a place in the frame, so many of the low bits; `lanes`: how an instruction on vectors parts them."""

    name: str
    width: int
    lanes: str = ""


class Number(NamedTuple):
    """64 bits, as the instruction has them. `fits`: what must be so for the instruction's field to hold it."""

    value: Term
    fits: Term | None = None


class Address(NamedTuple):
    """A sum of registers, as often as each is taken, and a number; of memory there, so many bits are meant."""

    parts: tuple[tuple[Register, int], ...]
    displacement: Term
    width: int = 0


class Name(NamedTuple):
    """A condition, a rounding mode: what only the instruction knows."""

    text: str


Operand = Register | Number | Address | Name


class Jump(NamedTuple):
    """What an instruction may do besides: go on at a label, or trap, if the condition holds."""

    condition: Term
    to: str


class Step(NamedTuple):
    """An instruction, its name as the manual has it, or a label."""

    name: str
    operands: tuple[Operand, ...] = ()
    label: str = ""


class UnknownError(Exception):
    """No row says what an instruction means."""


@dataclass
class State:
    """Registers that are not named yet hold anything. `must`: what has to be true where the path leads, or the instruction would not do what its row says."""

    registers: dict[str, Term] = field(default_factory=dict)
    flags: dict[str, Term] = field(default_factory=dict)
    path: list[Term] = field(default_factory=list)
    must: list[tuple[Term, str]] = field(default_factory=list)
    memory: Memory | None = None

    def copy(self) -> State:
        return State(dict(self.registers), dict(self.flags), list(self.path), list(self.must), self.memory.copy() if self.memory else None)

    def load(self, address: Address, width: int) -> Term:
        assert self.memory is not None
        return self.memory.load(self.sum(address), width)

    def store(self, address: Operand, value: Term) -> None:
        assert self.memory is not None
        assert isinstance(address, Address)
        self.memory.store(self.sum(address), value)

    def leave(self, to: Term) -> Jump:
        """Go on at an address that no label has: see `functions`."""
        self.registers[PC] = to
        return Jump(z3.BoolVal(True), PC)

    def whole(self, name: str) -> Term:
        """All bits of a register."""
        if name == ZERO:
            return number(0)
        if name not in self.registers:
            self.registers[name] = z3.BitVec(f"{name}.before", VECTOR if name.startswith(VECTOR_NAMES) else 64)
        return self.registers[name]

    def sum(self, address: Address) -> Term:
        """An address, 64 bits; a register of 32 in it counts as unsigned."""
        total = address.displacement
        for register, factor in address.parts:
            part = zero_extend(self.read(register))
            total = total + (part if factor == 1 else part * factor)
        return total

    def read(self, operand: Operand, width: int = 0) -> Term:
        """An operand's bits."""
        if isinstance(operand, Number):
            if operand.fits is not None:
                self.require(operand.fits, "the field holds the number")
            return low(operand.value, width or 64)
        if isinstance(operand, Address):
            return self.load(operand, width or operand.width)
        assert isinstance(operand, Register), operand
        return low(self.whole(operand.name), width or operand.width)

    def write(self, operand: Operand, value: Term) -> None:
        """The low bits of a register; the others become zero. Or a place."""
        if isinstance(operand, Address):
            self.store(operand, value)
            return
        assert isinstance(operand, Register), operand
        if operand.name == ZERO:
            return
        self.registers[operand.name] = zero_extend(value, VECTOR if operand.name.startswith(VECTOR_NAMES) else 64)

    def keep(self, operand: Operand, value: Term) -> None:
        """The low bits of a register; the others stay. Or a place."""
        if isinstance(operand, Address):
            self.store(operand, value)
            return
        assert isinstance(operand, Register), operand
        before = self.whole(operand.name)
        size, width = before.size(), value.size()
        self.registers[operand.name] = value if size == width else z3.Concat(z3.Extract(size - 1, width, before), value)

    def require(self, condition: Term, what: str) -> None:
        self.must.append((z3.Implies(z3.And(*self.path), condition), what))


COUNTER = [0]


def anything(width: int) -> Term:
    """What nothing says: undefined results and flags (width 0)."""
    COUNTER[0] += 1
    name = f"anything.{COUNTER[0]}"
    return z3.Bool(name) if width == 0 else z3.BitVec(name, width)


Meanings = Mapping[str, Callable[..., Jump | None]]


class End(NamedTuple):
    """How a run ended: the state, and "" behind the last instruction or what trapped."""

    state: State
    trap: str


def run(meanings: Meanings, steps: list[Step], state: State) -> list[End]:
    """All ends of a program whose jumps lead forward."""
    labels = {step.label: k for k, step in enumerate(steps) if step.label}
    ends: list[End] = []
    open_paths = [(0, state)]
    while open_paths:
        at, here = open_paths.pop()
        if at == len(steps):
            ends.append(End(here, ""))
            continue
        step = steps[at]
        jump = None
        if step.name:
            if step.name not in meanings:
                raise UnknownError(step.name)
            jump = meanings[step.name](here, *step.operands)
        if jump is None:
            open_paths.append((at + 1, here))
            continue
        there = here.copy()
        there.path.append(jump.condition)
        here.path.append(z3.Not(jump.condition))
        if not z3.is_false(z3.simplify(jump.condition)):
            if jump.to in labels:
                assert labels[jump.to] > at, "jumps lead forward"
                open_paths.append((labels[jump.to], there))
            else:
                ends.append(End(there, jump.to))
        if not z3.is_true(z3.simplify(jump.condition)):
            open_paths.append((at + 1, here))
    return ends


def literal(value: int) -> Number:
    return Number(number(value))
