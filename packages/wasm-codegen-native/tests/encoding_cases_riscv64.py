"""riscv64's encoding rows with random operands: each field of a pattern filled, and the text a disassembler must give."""

from __future__ import annotations

import random
from collections.abc import Iterator

import wasm_codegen_native.isa.riscv64.encodings
import wasm_codegen_native.isa.riscv64.vector_encodings  # noqa: F401
from wasm_codegen_native.isa.riscv64.branches import branch_word, condition, jump_word
from wasm_codegen_native.isa.riscv64.instructions import NUMBERS, number_bits
from wasm_codegen_native.isa.riscv64.notation import ROWS

ARCHITECTURE = ("CS_ARCH_RISCV", "CS_MODE_RISCV64")
CASES = 12  # a row
GENERAL = [
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", *(f"a{n}" for n in range(8)), *(f"s{n}" for n in range(2, 12)), "t3", "t4", "t5", "t6",
]  # fmt: skip
FLOATING = [*(f"ft{n}" for n in range(8)), "fs0", "fs1", *(f"fa{n}" for n in range(8)), *(f"fs{n}" for n in range(2, 12)), *(f"ft{n}" for n in range(8, 12))]
PLACE = {"d": 7, "1": 15, "2": 20, "3": 27}
BRANCHES = {0: "beq", 1: "bne", 4: "blt", 5: "bge", 6: "bltu", 7: "bgeu"}
REGISTERS = {f"{letter}{place}" for letter in "rfv" for place in ("d", "s1", "s2", "s3")}
FIXED = {"RW": "rw", "x0": "zero"}
MODES = ("rne", "rtz", "rdn", "rup", "rmm")
EXTENSIONS = (
    "ADD.UW", "SH1ADD", "SH2ADD", "SH3ADD", "BSETI", "BINVI", "ANDN", "MIN", "MAX", "CLZ", "CLZW", "CTZ", "CTZW", "CPOP", "CPOPW", "SEXT.B", "SEXT.H", "ROL", "ROLW", "ROR", "RORW", "RORI", "RORIW",
    "CZERO.EQZ", "CZERO.NEZ",
)  # fmt: skip
# To the disassembler; an assembler knows them.
UNKNOWN = (*EXTENSIONS, *{syntax.split()[0] for syntax, *_ in ROWS if syntax[0] == "V" or syntax.startswith("CSRWI")})


def number(value: int) -> str:
    """As capstone prints it."""
    return f"{'-' if value < 0 else ''}{hex(abs(value)) if abs(value) > 9 else abs(value)}"


class Case:
    """One instruction: its bits so far, and the texts of its operands."""

    def __init__(self, mnemonic: str, word: int, chance: random.Random) -> None:
        self.mnemonic = mnemonic.lower()
        self.word = word
        self.chance = chance
        self.texts: list[str] = []
        self.used = {0, 1, 2}  # what aliases are about

    def register(self, kind: str) -> str:
        """One that no other operand has."""
        choice = self.chance.choice([n for n in range(32) if n not in self.used])
        self.used.add(choice)
        self.word |= choice << PLACE[kind[-1]]
        return f"v{choice}" if kind[0] == "v" else (FLOATING if kind[0] == "f" else GENERAL)[choice]

    def operand(self, kind: str) -> None:
        """Fill one operand in."""
        if kind in NUMBERS:
            self.texts.append(self.number(kind))
        elif kind == "imm12(rs1)":
            displacement = self.number("imm12")
            self.texts.append(f"{displacement}({self.register('rs1')})")
        elif kind == "imm(rs1)":
            value = self.chance.randrange(-0x800, 0x800)
            self.word |= (value >> 5 & 0x7F) << 25 | (value & 0x1F) << 7
            self.texts.append(f"{number(value)}({self.register('rs1')})")
        elif kind == "(rs1)":
            self.texts.append(f"({self.register('rs1')})")
        elif kind == "rm":
            mode = self.chance.randrange(5)
            self.word |= mode << 12
            self.texts.append(MODES[mode])
        elif kind not in REGISTERS:  # it stands for itself
            self.texts.append(FIXED.get(kind, kind))
        else:
            self.texts.append(self.register(kind))

    def number(self, kind: str) -> str:
        """A number of a row, as the writer of lowering rows would encode it."""
        if kind == "imm20":
            value = self.chance.randrange(1, 1 << 20)
        elif kind in ("simm5", "uimm5"):
            value = self.chance.randrange(-16, 16) if kind[0] == "s" else self.chance.randrange(32)
        elif "shamt" in kind:
            value = self.chance.randrange(1, 1 << int(kind[-1]))
        else:
            value = self.chance.randrange(1, 0x7FF) * self.chance.choice((1, -1))
        self.word |= number_bits(NUMBERS[kind], value)
        return number(((1 << int(kind[-1])) - value if "shamt" in kind else -value) if kind[0] == "-" else value)


def cases() -> Iterator[tuple[str, bytes, str]]:
    """(row, bytes, expected text)."""
    chance = random.Random(13)
    for syntax, pattern, word, _ in ROWS:
        mnemonic, _, rest = syntax.partition(" ")
        for _ in range(CASES):
            case = Case(mnemonic, word, chance)
            if "label" in rest:
                case.word, case.mnemonic, case.texts = jumps(chance, mnemonic)
            else:
                for kind in rest.split(", ") if rest else []:
                    case.operand(kind)
            yield f"{syntax} = {pattern}", case.word.to_bytes(4, "little"), f"{case.mnemonic} {', '.join(case.texts)}".strip()


def jumps(chance: random.Random, mnemonic: str) -> tuple[int, str, list[str]]:
    """A branch or a jump: word, mnemonic, operands."""
    if mnemonic == "JAL":
        link, distance = chance.randrange(5, 32), 2 * chance.choice((chance.randrange(8, 1 << 19), -chance.randrange(8, 1 << 19)))
        return jump_word(link, distance), "jal", [GENERAL[link], number(distance)]
    a, b = chance.sample(range(5, 32), 2)
    relation, distance = chance.choice(list(BRANCHES)), 2 * chance.choice((chance.randrange(8, 1 << 11), -chance.randrange(8, 1 << 11)))
    return branch_word(condition(relation, a, b), distance), BRANCHES[relation], [GENERAL[a], GENERAL[b], number(distance)]

