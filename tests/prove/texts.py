"""The texts of each ISA's lowering rows as steps of a machine: read by the product's own readers, so that a row means here what it becomes there."""

from __future__ import annotations

import z3

from prove import aarch64, riscv64, s390x, x86_64
from prove.machine import ZERO, Address, Name, Number, Operand, Register, State, Step
from prove.rows import Isa, Places
from prove.terms import Term, low, number, sign_extend, zero_extend
from wasm_codegen_native.isa.aarch64 import instruction_text as arm_text
from wasm_codegen_native.isa.aarch64 import numeric as arm_numeric
from wasm_codegen_native.isa.riscv64 import instruction_text as riscv_text
from wasm_codegen_native.isa.riscv64 import numeric as riscv_numeric
from wasm_codegen_native.isa.s390x import instruction_text as z_text
from wasm_codegen_native.isa.s390x import numeric as z_numeric
from wasm_codegen_native.isa.s390x.encodings import condition_mask
from wasm_codegen_native.isa.x86_64 import instruction_text as x86_text
from wasm_codegen_native.isa.x86_64 import numeric as x86_numeric
from wasm_codegen_native.isa.x86_64.registers import NAMES64, NAMES_XMM
from wasm_codegen_native.lowering_tables import FIXED_OPERAND, LITERAL, A
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


# ---- riscv64
def riscv_register(number: int) -> str:
    return ZERO if number == 0 else f"x{number}" if number < 32 else f"f{number - 32}"


def riscv_number(kind: str, value: Term) -> Number:
    """A number as `instructions.number_bits` puts it into a field of this kind."""
    if kind in ("-shamt5", "-shamt6"):
        return Number(-value & (31 if kind == "-shamt5" else 63))
    if kind in ("shamt5", "shamt6"):
        return Number(value, z3.ULT(value, 32 if kind == "shamt5" else 64))
    if kind in ("imm12", "-imm12"):
        return signed_field(value if kind == "imm12" else -value, 12)
    raise ValueError(kind)


def riscv_operand(kind: str, word: str, found: riscv_text.Operand, places: Places) -> Operand:
    if found.kind == "i":
        value = number(found.value) if found.code == LITERAL else places[found.code].value  # type: ignore[union-attr]
        return Number(value) if kind == "LI" else riscv_number(kind, value)
    if found.kind not in ("r", "f"):
        return Name(word)
    return Register(riscv_register(found.code - FIXED_OPERAND) if found.code >= FIXED_OPERAND else places[found.code].name, 64)  # type: ignore[union-attr]


def riscv_steps(texts: list[str], op: Op, shapes: tuple[int, ...], places: Places) -> list[Step]:
    reader = riscv_text.Reader()
    steps = []
    for text in texts:
        label = riscv_text.LABEL.match(text)
        if label:
            steps.append(Step("", label=label[1]))
            continue
        name, _, rest = text.partition(" ")
        words = rest.split(", ")
        jump = name == "J" or (name[0] == "B" and name[1:] in riscv_text.RELATIONS)
        target = (Name(words.pop()),) if jump else ()
        operands = [riscv_text.operand(word, op, shapes) for word in words]
        kinds = ["LI"] * 2 if name == "LI" or jump else riscv_kinds(reader, name, words, operands)
        steps.append(Step(name, (*map(riscv_operand, kinds, words, operands, [places] * len(words)), *target)))
    return steps


def riscv_kinds(reader: riscv_text.Reader, name: str, words: list[str], operands: list[riscv_text.Operand]) -> list[str]:
    for kinds, _ in reader.encodings.get(name, []):
        if len(kinds) == len(operands) and all(map(riscv_text.accepts, kinds, words, operands)):
            return kinds
    raise ValueError(f"no encoding of {name} {words}")


def riscv_condition(state: State, condition: str, places: Places) -> Term:
    """A relation of operands, or of what the row left."""
    name, _, rest = condition.partition(" ")
    operands = [places["ab".index(word) + A] if word in "ab" else Register(riscv_register(riscv_text.REGISTERS[word]), 64) for word in rest.split(", ")]
    return riscv64.RELATIONS[name](*map(state.read, operands))


def riscv_opposites() -> list[tuple[str, Term]]:
    state, a, b = State(), Register("a", 64), Register("b", 64)
    opposite = {n: riscv64.RELATIONS[name] for name, n in riscv_text.RELATIONS.items()}
    return [(name, meaning(state.read(a), state.read(b)) != opposite[riscv_text.RELATIONS[name] ^ 1](state.read(a), state.read(b)))
            for name, meaning in riscv64.RELATIONS.items()]  # fmt: skip


RISCV64 = Isa(
    "riscv64", riscv_numeric.INTEGER, riscv_numeric.FLOAT, riscv_text.notation, riscv64.MEANINGS, riscv_steps,
    riscv_condition, riscv_opposites, ("x30", "x31", "f31"), riscv_register, extends=sign_extend,
    sets={0: lambda value: z3.And(value != 0, value != -1)},
)  # fmt: skip


# ---- s390x
def z_register(number: int) -> str:
    return f"r{number & 15}" if number < 32 else f"v{number - 32}"


def z_number(kind: str, value: Term) -> Number:
    """A number as `instructions.number_bits` puts it into a field of this kind."""
    if kind in ("i16", "-i16", "i32", "-i32"):
        return signed_field(-value if kind[0] == "-" else value, int(kind[-2:]))
    if kind == "disp":
        return signed_field(value, 20)
    if kind == "u32":
        return Number(zero_extend(low(value, 32)))
    if kind == "u16":
        return Number(value, z3.ULE(value, 0xFFFF))
    if kind == "high":
        return Number(z3.LShR(value, 32))
    if kind in ("-count32", "-count64"):
        return Number(-value & (int(kind[-2:]) - 1))
    if kind in ("count", "left"):
        return Number(value, z3.ULT(value, 64 if kind == "count" else 32))
    if kind in ("mask", "lane"):
        return Number(value)  # which numbers can be masks is tested one by one
    raise ValueError(kind)


def z_operand(kind: str, word: str, found: z_text.Operand, places: Places) -> Operand:
    if found.kind == "i":
        value = number(found.value) if found.code == LITERAL else places[found.code].value  # type: ignore[union-attr]
        return Number(value) if kind == word else z_number(kind, value)
    if found.kind == "c":
        return Name(word)
    return Register(z_register(found.code - FIXED_OPERAND) if found.code >= FIXED_OPERAND else places[found.code].name, 64)  # type: ignore[union-attr]


def z_steps(texts: list[str], op: Op, shapes: tuple[int, ...], places: Places) -> list[Step]:
    reader = z_text.Reader()
    steps = []
    for text in texts:
        label = z_text.LABEL.match(text)
        name, _, rest = text.partition(" ")
        words = z_text.TOKEN.findall(rest)
        if label:
            steps.append(Step("", label=label[1]))
        elif name == "TRAP" or name == "J" or (name[0] == "J" and name[1:] in z_text.CONDITIONS):
            steps.append(Step(name, tuple(map(Name, words))))
        else:
            operands = [z_text.operand(word, op, shapes) for word in words]
            kinds = ["", words[1]] if name == "MOV" else z_kinds(reader, name, rest, words, operands)
            made = [z_operand(*row, places) for row in zip(kinds, words, operands, strict=True)]
            if "(" in rest:  # a number and a base: LAY's sum, or a count, of which the number is 0
                base, displacement = made.pop(), made.pop()
                assert isinstance(base, Register)
                assert isinstance(displacement, Number)
                made.append(Address(((base, 1),), displacement.value) if name == "LAY" else base)
            steps.append(Step(name, tuple(made)))
    return steps


def z_kinds(reader: z_text.Reader, name: str, rest: str, words: list[str], operands: list[z_text.Operand]) -> list[str]:
    for syntax, _, _ in reader.encodings.get(name, []):
        kinds: list[str] = z_text.TOKEN.findall(syntax)
        if z_text.TOKEN.sub("_", syntax) == z_text.TOKEN.sub("_", rest) and all(map(z_text.accepts, kinds, words, operands)):
            return kinds
    raise ValueError(f"no encoding of {name} {words}")


def z_opposites() -> list[tuple[str, Term]]:
    state = State()
    return [(name, s390x.holds(state, name) != s390x.holds_mask(state, condition_mask(n ^ 1))) for name, n in z_text.CONDITIONS.items()]


S390X = Isa(
    "s390x", z_numeric.INTEGER, z_numeric.FLOAT, z_text.notation, s390x.MEANINGS, z_steps,
    lambda state, condition, places: s390x.holds(state, condition), z_opposites, ("r0", "r14", "v31"), z_register,
)  # fmt: skip

ISAS: dict[str, Isa] = {isa.name: isa for isa in (X86_64, AARCH64, RISCV64, S390X)}
