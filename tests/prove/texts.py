"""The texts of each ISA's lowering rows as steps of a machine: read by the product's own readers, so that a row means here what it becomes there."""

from __future__ import annotations

import z3

from prove import aarch64, x86_64
from prove.machine import Address, Name, Number, Operand, Register, State, Step
from prove.rows import Isa, Places
from prove.terms import Term, low, number, sign_extend
from wasm_codegen_native.isa.aarch64 import instruction_text as arm_text
from wasm_codegen_native.isa.aarch64 import numeric as arm_numeric
from wasm_codegen_native.isa.x86_64 import instruction_text as x86_text
from wasm_codegen_native.isa.x86_64 import numeric as x86_numeric
from wasm_codegen_native.isa.x86_64.registers import NAMES64, NAMES_XMM
from wasm_codegen_native.lowering_tables import FIXED_OPERAND, LITERAL
from wasm_environ.opcodes import Op


def signed_field(value: Term, width: int) -> Number:
    """A number in a field that is extended by its sign."""
    return Number(value, sign_extend(low(value, width)) == value)


# ---- x86-64
def x86_register(number: int) -> str:
    return NAMES64[number] if number < 16 else NAMES_XMM[number - 32]


def x86_place(code: int, width: int, places: Places) -> Register:
    if code >= FIXED_OPERAND:
        return Register(x86_register(code - FIXED_OPERAND), width)
    place = places[code]
    assert isinstance(place, Register)
    return Register(place.name, width)


def x86_operand(found: x86_text.Operand, places: Places) -> Operand:
    """What the reader makes of an operand, filled in."""
    if found.kind == "m":
        index = x86_place(found.other, 64, places)
        return Address(((x86_place(found.code, 64, places), 1), (index, 1 << found.scale)), number(0))
    if found.kind == "d":
        addend = places[found.other]
        assert isinstance(addend, Number)
        return Address(((x86_place(found.code, 64, places), 1),), addend.value)
    if found.kind == "i":
        if found.code == LITERAL:
            return Number(number(found.value))
        place = places[found.code]
        assert isinstance(place, Number)
        return signed_field(place.value, found.width)
    return x86_place(found.code, found.width, places)


def x86_steps(texts: list[str], op: Op, shapes: tuple[int, ...], places: Places) -> list[Step]:
    reader = x86_text.Reader()
    steps = []
    for text in texts:
        label = x86_text.LABEL.match(text)
        name, _, rest = text.partition(" ")
        if label:
            steps.append(Step("", label=label[1]))
        elif name == "TRAP" or (name[0] == "J" and (name == "JMP" or name[1:] in x86_text.CONDITIONS)):
            steps.append(Step(name, tuple(Name(word) for word in rest.split(", "))))
        else:
            operands = tuple(x86_operand(reader.operand(word, op, shapes), places) for word in x86_text.COMMA.split(rest))
            if name == "ZERO":  # TEST a, a, or nothing where the flags tell: see the claim about flags
                name, operands = "TEST", operands * 2
            steps.append(Step(name, operands))
    return steps


def x86_opposites() -> list[tuple[str, Term]]:
    state = State()
    by_number = {n: name for name, (n, _) in x86_64.CONDITIONS.items()}
    return [(name, x86_64.holds(state, name) != x86_64.holds(state, by_number[x86_text.CONDITIONS[name] ^ 1])) for name in x86_64.CONDITIONS]


X86_64 = Isa(
    "x86_64", x86_numeric.INTEGER, x86_numeric.FLOAT, x86_text.notation, x86_64.MEANINGS, x86_steps,
    lambda state, condition, places: x86_64.holds(state, condition), x86_opposites, ("xmm15",), x86_register, zero_flag="Z",
)  # fmt: skip


# ---- aarch64
def arm_register(number: int) -> str:
    return f"x{number}" if number < 32 else f"v{number - 32}"


def arm_number(kind: str, value: Term, width: int) -> Number:
    """A number as `instructions.number_bits` puts it into a field of this kind."""
    if kind in ("imm12", "imm12n"):
        value = value if kind == "imm12" else -value
        return Number(value, z3.ULE(value, 0xFFF))
    if kind == "imm12h":
        return Number(value, value & ~0xFFF000 == 0)
    if kind in ("-low32", "-low64"):
        return Number(-value & (width - 1))
    if kind in ("left32", "left64", "right", "low"):
        return Number(value, z3.ULT(value, width))
    if kind in ("mask32", "mask64"):
        return Number(value)  # which numbers can be masks: see `exhaustive`
    raise ValueError(kind)


def arm_operand(kind: str, word: str, found: arm_text.Operand, width: int, places: Places) -> Operand:
    if found.kind == "i":
        if kind == word:  # the row of encodings has it literally
            return Number(number(found.value))
        if found.code == LITERAL:
            return arm_number(kind, number(found.value), width)
        place = places[found.code]
        assert isinstance(place, Number)
        return arm_number(kind, place.value, width)
    if found.kind not in ("r", "v"):
        return Name(word)
    name = arm_register(found.code - FIXED_OPERAND) if found.code >= FIXED_OPERAND else places[found.code].name  # type: ignore[union-attr]
    return Register(name, found.width or width, found.lanes)


def arm_steps(texts: list[str], op: Op, shapes: tuple[int, ...], places: Places) -> list[Step]:
    reader = arm_text.Reader()
    steps = []
    for text in texts:
        label = arm_text.LABEL.match(text)
        name, _, rest = text.partition(" ")
        words = rest.split(", ")
        if label:
            steps.append(Step("", label=label[1]))
        elif name == "TRAP" or name == "B" or name.startswith("B."):
            steps.append(Step(name, tuple(map(Name, words))))
        else:
            operands = [arm_text.operand(word, op, shapes) for word in words]
            if name == "MOV" and operands[1].kind == "i":
                steps.append(Step(name, (arm_operand("", words[0], operands[0], 64, places), Number(number(operands[1].value)))))
            else:
                steps.append(Step(name, arm_filled(reader, name, words, operands, places)))
    return steps


def arm_filled(reader: arm_text.Reader, name: str, words: list[str], operands: list[arm_text.Operand], places: Places) -> tuple[Operand, ...]:
    """The encoding that the reader takes tells what numbers become."""
    for kinds, _ in reader.encodings.get(name, []):
        if len(kinds) == len(operands):
            widths = arm_text.general_width(kinds, operands), arm_text.float_width(kinds, operands)
            if all(arm_text.accepts(kind, word, o, widths) for kind, word, o in zip(kinds, words, operands, strict=True)):
                width = max(o.width for o in operands)
                return tuple(arm_operand(kind, word, o, width, places) for kind, word, o in zip(kinds, words, operands, strict=True))
    raise ValueError(f"no encoding of {name} {words}")


def arm_opposites() -> list[tuple[str, Term]]:
    state = State()
    by_number = {n: name for name, (n, _) in aarch64.CONDITIONS.items()}
    return [(name, aarch64.holds(state, name) != aarch64.holds(state, by_number[n ^ 1])) for name, n in arm_text.CONDITIONS.items()]


AARCH64 = Isa(
    "aarch64", arm_numeric.INTEGER, arm_numeric.FLOAT, arm_text.notation, aarch64.MEANINGS, arm_steps,
    lambda state, condition, places: aarch64.holds(state, condition), arm_opposites, ("x16", "x17", "v31"), arm_register,
)  # fmt: skip

ISAS: dict[str, Isa] = {isa.name: isa for isa in (X86_64, AARCH64)}
