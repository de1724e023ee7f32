"""Machine code as steps of a machine: what a disassembler shows, read back. Of x86-64, aarch64 and riscv64 that is capstone, of s390x the encoding rows."""

from __future__ import annotations

import re

from prove.machine import ZERO, Address, Name, Number, Operand, Register, Step, literal
from prove.terms import number
from wasm_codegen_native.documentation import disassembler
from wasm_codegen_native.isa.riscv64 import notation as riscv_rows
from wasm_codegen_native.isa.s390x.disassembly import size_of, text_of
from wasm_codegen_native.isa.x86_64.registers import NAMES8, NAMES16, NAMES32, NAMES64

Line = tuple[int, str, str]  # address, mnemonic, operands
X86_NAMES = {name: Register(NAMES64[k], width) for width, names in ((8, NAMES8), (16, NAMES16), (32, NAMES32), (64, NAMES64)) for k, name in enumerate(names)}
X86_NAMES |= {f"xmm{k}": Register(f"xmm{k}", 128) for k in range(16)}
X86_SIZES = {"byte": 8, "word": 16, "dword": 32, "qword": 64, "xmmword": 128}
COMMA = re.compile(r", (?![^\[(]*[\])])")


def lines_of(code: bytes, isa: str) -> list[Line]:
    """Up to what is no instruction."""
    if isa == "s390x":
        return z_lines(code)
    capstone = disassembler(isa)
    lines: list[Line] = []
    at = 0
    while at < len(code):
        for found in capstone.disasm(code[at:], at):
            lines.append((found.address, found.mnemonic, found.op_str))
            at = found.address + found.size
        row = riscv_row(int.from_bytes(code[at : at + 4], "little")) if isa == "riscv64" else None
        if row is None:
            break
        lines.append((at, *row))
        at += 4
    return lines


def riscv_row(word: int) -> tuple[str, str] | None:
    """An instruction of three registers that the disassembler does not know: by its encoding row, which an assembler is compared with."""
    names = {number: name for name, number in RISCV_NAMES.items()}
    for syntax, _, bits, fields in riscv_rows.ROWS:
        if set(fields) == {"rd", "rs1", "rs2"} and word & ~(31 << 7 | 31 << 15 | 31 << 20) == bits:
            return syntax.partition(" ")[0], ", ".join(names[word >> place & 31] for place in (7, 15, 20))
    return None


def z_lines(code: bytes) -> list[Line]:
    lines, at = [], 0
    while at < len(code):
        size = size_of(code[at])
        text = text_of(int.from_bytes(code[at : at + size], "big"), 8 * size, at)
        if text is None:
            break
        mnemonic, _, rest = text.partition(" ")
        lines.append((at, mnemonic, rest))
        at += size
    return lines


def steps_of(code: bytes, isa: str) -> list[Step]:
    """Each with its address as a label before it."""
    read = {"x86_64": x86_step, "aarch64": arm_step, "riscv64": riscv_step, "s390x": z_step}[isa]
    steps: list[Step] = []
    for line in lines_of(code, isa):
        steps += [Step("", label=f"{line[0]:#x}"), read(*line)]
    return steps


def split(text: str) -> list[str]:
    return COMMA.split(text) if text else []


def target(text: str, start: int = 0) -> Name:
    return Name(f"{start + int(text.lstrip('#'), 0):#x}")


# ---- x86-64
def x86_operand(text: str) -> Operand:
    if text in X86_NAMES:
        return X86_NAMES[text]
    found = re.match(r"(?:(\w+) ptr )?\[(.*)\]$", text)
    if not found:
        return literal(int(text, 0))
    parts, displacement = [], 0
    for sign, word in re.findall(r"([+-]?)\s*([\w*]+)", found[2]):
        name, _, scale = word.partition("*")
        if name in X86_NAMES:
            parts.append((X86_NAMES[name], int(scale or 1)))
        else:
            displacement += -int(word, 0) if sign == "-" else int(word, 0)
    return Address(tuple(parts), number(displacement), X86_SIZES.get(found[1] or "", 0))


def x86_step(at: int, mnemonic: str, rest: str) -> Step:
    name = mnemonic.upper()
    if (name[0] == "J" or name == "CALL") and rest.startswith("0x"):
        return Step("JMP" if name == "CALL" else name, (target(rest),))
    return Step(name, tuple(map(x86_operand, split(rest))))


# ---- aarch64
ARM_WIDTHS = {"b": 8, "h": 16, "w": 32}


def arm_register(text: str) -> Register | None:
    if text in ("sp", "wsp"):
        return Register("sp", 64)
    if text in ("xzr", "wzr"):
        return Register(ZERO, 64 if text[0] == "x" else 32)
    found = re.match(r"([xwvsdbq])(\d+)(?:\.(\w+))?$", text)
    if not found:
        return None
    widths = {"x": 64, "w": 32, "s": 32, "d": 64, "b": 8, "v": 64, "q": 128}
    return Register(f"{'x' if found[1] in 'xw' else 'v'}{found[2]}", widths[found[1]], found[3] or "")


def arm_operand(text: str) -> Operand:
    register = arm_register(text)
    if register:
        return register
    if text[0] == "#":
        return literal(int(text[1:], 0))
    if text[0] == "[":
        parts: list[tuple[Register, int]] = []
        displacement = 0
        for word in text.strip("[]!").split(", "):
            found = arm_register(word)
            if found:
                parts.append((found, 1))
            elif word[0] == "#":
                displacement = int(word[1:], 0)
            elif word.startswith("lsl #"):
                parts[-1] = parts[-1][0], 1 << int(word[5:])
            else:
                assert word == "uxtw", text
        return Address(tuple(parts), number(displacement))
    return Name(text.upper())


def arm_step(at: int, mnemonic: str, rest: str) -> Step:
    name = mnemonic.upper()
    words = split(rest)
    if name in ("B", "BL") or name.startswith("B."):
        return Step("B" if name == "BL" else name, (target(words[0]),))
    if name in ("CBZ", "CBNZ"):
        return Step(name, (arm_operand(words[0]), target(words[1])))
    if name[:2] in ("ST", "LD") and name[2:] == "P":
        writes_back = "!" if words[-1].endswith("!") else "after" if words[-1][0] == "#" else ""
        return Step(name, (*(arm_operand(word) for word in words), Name(writes_back)))
    if words and words[-1].startswith("lsl #"):
        shift = int(words.pop()[5:])
        if name in ("MOVK", "MOVZ", "MOVN"):
            return Step(name, (arm_operand(words[0]), arm_operand(words[1]), literal(shift)))
        if words[-1][0] == "#":
            words[-1] = f"#{int(words[-1][1:], 0) << shift}"
        else:
            return Step(f"{name} LSL", (*map(arm_operand, words), literal(shift)))
    return Step(name, tuple(map(arm_operand, words)))


# ---- riscv64
RISCV_NAMES = {
    "zero": 0, "ra": 1, "sp": 2, "gp": 3, "tp": 4, "t0": 5, "t1": 6, "t2": 7, "s0": 8, "s1": 9, **{f"a{k}": 10 + k for k in range(8)},
    **{f"s{k}": 16 + k for k in range(2, 12)}, **{f"t{k}": 25 + k for k in range(3, 7)},
}  # fmt: skip
RISCV_FLOATS = {**{f"ft{k}": k if k < 8 else 20 + k for k in range(12)}, **{f"fa{k}": 10 + k for k in range(8)},
                **{f"fs{k}": 8 + k if k < 2 else 16 + k for k in range(12)}}  # fmt: skip
# What the disassembler shows instead of an instruction with x0 or a certain number: name, its operands, * for those that are shown.
RISCV_ALIASES = {
    "BEQZ": ("BEQ", "* zero *"), "BNEZ": ("BNE", "* zero *"), "BLEZ": ("BGE", "zero * *"), "BGEZ": ("BGE", "* zero *"), "BLTZ": ("BLT", "* zero *"),
    "BGTZ": ("BLT", "zero * *"), "SEQZ": ("SLTIU", "* * 1"), "SNEZ": ("SLTU", "* zero *"), "SLTZ": ("SLT", "* * zero"), "SGTZ": ("SLT", "* zero *"),
    "NEG": ("SUB", "* zero *"), "NEGW": ("SUBW", "* zero *"), "NOT": ("XORI", "* * -1"),
}  # fmt: skip
RISCV_TWICE = ("ADD", "ADDI", "ADDIW", "SLLI", "ADDI16SP")
RISCV_SHORT = {"ADDI16SP": "ADDI", "ADDI4SPN": "ADDI", "LDSP": "LD", "SDSP": "SD", "FLDSP": "FLD", "FSDSP": "FSD"}


def riscv_operand(text: str) -> Operand:
    if text in RISCV_NAMES:
        return Register(ZERO if text == "zero" else f"x{RISCV_NAMES[text]}", 64)
    if text in RISCV_FLOATS:
        return Register(f"f{RISCV_FLOATS[text]}", 64)
    found = re.match(r"(-?\w*)\((\w+)\)$", text)
    if found:
        base = riscv_operand(found[2])
        assert isinstance(base, Register)
        return Address(((base, 1),), number(int(found[1] or "0", 0)))
    return Name(text) if text in ("rne", "rtz", "dyn", "rdn", "rup") else literal(int(text, 0))


def riscv_step(at: int, mnemonic: str, rest: str) -> Step:
    name = mnemonic.upper().removeprefix("C.")
    words = split(rest)
    if name != mnemonic.upper() and name in RISCV_TWICE:  # of 16 bits: the first operand is the second, too
        words.insert(0, words[0])
    name = RISCV_SHORT.get(name, name)
    if name in RISCV_ALIASES:
        name, form = RISCV_ALIASES[name]
        shown = iter(words)
        words = [next(shown) if word == "*" else word for word in form.split()]
    if name == "AUIPC":
        return Step(name, (riscv_operand(words[0]), Address((), number(at + (int(words[1], 0) << 12)))))
    if name in ("JAL", "J"):
        return Step("J", (target(words[-1], at),))
    if name[0] == "B":
        return Step(name, (riscv_operand(words[0]), riscv_operand(words[1]), target(words[2], at)))
    return Step(name, tuple(map(riscv_operand, words)))


# ---- s390x
def z_operand(text: str) -> Operand:
    if text[0] == "%":
        return Register(text[1:].replace("f", "v"), 128 if text[1] in "fv" else 64)
    found = re.match(r"(-?\d+)\((.*)\)$", text)
    if found:
        return Address(tuple((Register(word[1:], 64), 1) for word in found[2].split(", ")), number(int(found[1])))
    return literal(int(text, 0))


def z_step(at: int, mnemonic: str, rest: str) -> Step:
    name = mnemonic.upper()
    words = split(rest)
    if name in ("BRC", "BRCL"):
        return Step(name, (Name(words[0]), target(words[1])))
    if name == "BRASL":
        return Step("J", (target(words[1]),))
    if name == "LARL":
        return Step(name, (z_operand(words[0]), Address((), number(int(words[1], 0)))))
    if name in ("LOCGR", "LOCGHI", "BCR"):
        mask = words.pop(0 if name == "BCR" else -1)
        return Step(name, (*map(z_operand, words), Name(mask)))
    operands = [z_operand(word) for word in words]
    if name in ("SLL", "SRA", "SRL", "SLLG", "SRLG", "SRAG", "RLL", "RLLG") and isinstance(operands[-1], Address):
        return Step(name, (*operands[:-1], Number(operands[-1].displacement) if not operands[-1].parts else operands[-1].parts[0][0]))
    return Step(name, tuple(operands))
