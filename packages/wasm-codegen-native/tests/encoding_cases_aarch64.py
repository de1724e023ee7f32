"""aarch64's encoding rows with random operands: each field of a pattern filled, and the text a disassembler must give."""

from __future__ import annotations

import random
from collections.abc import Iterator

import wasm_codegen_native.isa.aarch64.encodings
import wasm_codegen_native.isa.aarch64.vector_encodings  # noqa: F401 -- both fill ROWS
from wasm_codegen_native.isa.aarch64.immediates import bitmask
from wasm_codegen_native.isa.aarch64.instructions import NUMBERS, number_bits
from wasm_codegen_native.isa.aarch64.notation import ROWS, D, X
from wasm_codegen_native.isa.aarch64.vector_memory import of_lane

ARCHITECTURE = ("CS_ARCH_ARM64", "CS_MODE_LITTLE_ENDIAN")
CASES = 12  # a row and width
CONDITIONS = ("eq", "ne", "hs", "lo", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le")
PLACE = {"d": 0, "n": 5, "m": 16, "a": 10}
SIZES = {"LDRB": 0, "STRB": 0, "LDRSB": 0, "LDRH": 1, "STRH": 1, "LDRSH": 1, "LDRSW": 2}  # log2 of bytes where the register does not tell
LETTERS = {"W": 2, "S": 2, "X": 3, "D": 3, "Q": 4}
LANES = {"B": 16, "H": 8, "S": 4, "D": 2}
ALIASES = {"movz": "mov", "movn": "mov", "not": "mvn", "sxtl": "sshll", "uxtl": "ushll", "sxtl2": "sshll2", "uxtl2": "ushll2"}  # what a disassembler says


def number(value: int) -> str:
    """As capstone prints it."""
    return f"#{'-' if value < 0 else ''}{hex(abs(value)) if abs(value) > 9 else abs(value)}"


class Case:
    """One instruction: its bits so far, and the texts of its operands."""

    def __init__(self, mnemonic: str, word: int, wide: bool, double: bool, chance: random.Random) -> None:
        self.mnemonic = mnemonic.lower()
        self.word = word
        self.wide = wide
        self.double = double
        self.chance = chance
        self.texts: list[str] = []
        self.used: set[int] = set()

    def register(self) -> int:
        """One that no other operand has and no alias is about: neither 30 nor 31."""
        choice = self.chance.choice([n for n in range(30) if n not in self.used])
        self.used.add(choice)
        return choice

    def operand(self, kind: str) -> None:
        """Fill one operand in."""
        brace = "{" if kind[0] == "{" else ""
        letter, _, arrangement = kind.strip("{").partition(".")
        if kind.startswith("byte"):
            self.byte(kind)
        elif kind in NUMBERS:
            self.number(kind)
        elif len(letter) == 2 and letter[0] in "RWXFSDVBHQ" and letter[1] in PLACE:
            n = self.register()
            self.word |= n << PLACE[letter[1]]
            name = {"R": "x" if self.wide else "w", "F": "d" if self.double else "s"}.get(letter[0], letter[0].lower())
            if arrangement.endswith("[lane]"):
                arrangement = arrangement.replace("lane", str(self.lane(arrangement[0], bool(brace))))
            self.texts.append(f"{brace}{name}{n}" + (f".{arrangement.lower()}" if arrangement else ""))
        elif kind == "cond":
            condition = self.chance.randrange(14)
            self.word |= condition << 12
            self.texts.append(CONDITIONS[condition])
        elif kind == "[Xn]":
            base = self.register()
            self.word |= base << 5
            self.texts.append(f"[x{base}]")
        elif kind == "[address]":
            self.address()
        elif kind.startswith("label") or kind == "page":
            self.label(kind)
        elif kind in ("imm16", "hw", "imm8"):
            self.part(kind)
        else:
            zeros = "#0000000000000000"  # of 64 bits
            literal = zeros if self.mnemonic == "movi" and kind == "0" else number(int(kind, 0)) if kind[0].isdigit() else ""
            self.texts.append(literal or kind.lower().replace("lsl ", "lsl #"))

    def lane(self, letter: str, memory: bool) -> int:
        """Which lane, in an operand or of a load or store."""
        lane = self.chance.randrange(LANES[letter])
        place = "BHSD".index(letter)
        self.word = of_lane(self.word, place, lane) if memory else self.word | number_bits(NUMBERS[f"{letter}[lane]"], lane)
        return lane

    def byte(self, kind: str) -> None:
        """Eight bits of MOVI."""
        value = self.chance.randrange(10, 256)
        self.word |= value >> 5 << 16 | (value & 31) << 5
        if kind == "bytes8":
            value = sum(0xFF << 8 * k for k in range(8) if value >> k & 1)
            self.texts.append(f"#0x{value:x}")
        else:
            self.texts.append(number(value))

    def number(self, kind: str) -> None:
        """A number of a row, as the writer of lowering rows would encode it."""
        bits = 64 if self.wide or kind.endswith("64") or self.texts[0][0] == "x" else 32
        if kind[0] == "v":
            bits = int(kind.removeprefix("vleft").removeprefix("vright"))
        elif kind == "imm4":
            bits = 16
        if kind.startswith("mask"):
            run = (1 << self.chance.randrange(1, 32)) - 1
            turn = self.chance.randrange(bits)
            value = (run << turn | run >> (bits - turn)) & (1 << bits) - 1
            assert bitmask(value - (1 << 64) if value >> 63 else value, bits == 64) >= 0
        elif kind.startswith("imm12"):
            value = self.chance.randrange(1, 0xFFF) * {"imm12": 1, "imm12n": -1, "imm12h": 0x1000}[kind]
        else:
            value = self.chance.randrange(1, bits - 1)
        self.word |= number_bits(NUMBERS[kind], value - (1 << 64) if value >> 63 > 0 else value) & 0xFFFFFFFF
        if kind == "imm12h":
            self.texts += [number(value >> 12), "lsl #12"]
        else:
            self.texts.append(number(-value if kind == "imm12n" else (bits - value) if kind[0] == "-" else value))

    def part(self, kind: str) -> None:
        """MOVZ's half word and where it goes; FMOV's float."""
        if kind == "imm16":
            half = self.chance.randrange(1, 0xFFFF)
            self.word |= half << 5
            self.texts.append(number(half))
        elif kind == "hw":
            place = self.chance.randrange(4 if self.wide else 2)
            self.word |= place << 21
            half = int(self.texts[-1][1:], 0)
            if self.mnemonic == "movk":
                self.texts += [f"lsl #{16 * place}"] * (place > 0)
            else:  # shown as the number it makes, signed
                bits = 64 if self.wide else 32
                value = (half << 16 * place ^ (-1 if self.mnemonic == "movn" else 0)) & (1 << bits) - 1
                self.texts[-1] = number(value - (1 << bits) if value >> bits - 1 else value)
        else:
            self.word |= 0b01110000 << 13
            self.texts.append("#1.00000000")

    def label(self, kind: str) -> None:
        """A distance."""
        distance = 4 * self.chance.randrange(1, 1 << 15)
        self.word |= {"label": distance >> 2 << 5, "page": distance >> 2 << 5, "label19": distance >> 2 << 5, "label26": distance >> 2}[kind]
        self.texts.append(number(distance << 12 if kind == "page" else distance))

    def address(self) -> None:
        """One of the ways to form an address."""
        base = self.register()
        self.word |= base << 5
        size = SIZES.get(self.mnemonic.upper(), LETTERS[self.texts[0][0].upper()])
        way = self.chance.randrange(4)
        if way == 0:
            disp = self.chance.randrange(1, 0x1000) << size
            self.word |= 1 << 24 | disp >> size << 10
            self.texts.append(f"[x{base}, {number(disp)}]")
        elif way == 1:
            disp = self.chance.randrange(-256, -1)
            self.word |= (disp & 0x1FF) << 12
            self.texts.append(f"[x{base}, {number(disp)}]")
            self.mnemonic = self.mnemonic.replace("ldr", "ldur").replace("str", "stur")
        else:
            index = self.register()
            self.word |= 1 << 21 | index << 16 | 0b011 << 13 | (way & 1) << 12 | 0b10 << 10
            shift = f", lsl #{size}" if way == 3 and size else ", lsl #0" if way == 3 else ""
            self.texts.append(f"[x{base}, x{index}{shift}]")

    def text(self) -> str:
        """The instruction."""
        mnemonic = ALIASES.get(self.mnemonic, self.mnemonic)
        if self.mnemonic[1:4] == "xtl":
            self.texts.append("#0")
        elif self.texts[-1:] == ["lsl #0"] and mnemonic == "movi":
            del self.texts[-1]
        elif mnemonic in ("umov", "dup", "ins"):
            plain = mnemonic == "ins" or (mnemonic == "dup" and "." not in self.texts[0])
            mnemonic = "mov" if plain or (mnemonic == "umov" and self.texts[1].partition(".")[2][0] in "sd") else mnemonic
        return f"{mnemonic} {', '.join(self.texts)}".strip()


def pair(case: Case, syntax: str) -> None:
    """STP and LDP."""
    first, second, base = (case.register() for _ in range(3))
    disp = 8 * case.chance.randrange(1, 64)
    case.word |= first | second << 10 | base << 5 | disp >> 3 << 15
    end = syntax.partition("[")[2].replace("Xn", f"x{base}").replace("imm7", number(disp))
    case.texts = [f"x{first}", f"x{second}", f"[{end}"]


def cases() -> Iterator[tuple[str, bytes, str]]:
    """(row, bytes, expected text)."""
    chance = random.Random(11)
    for syntax, pattern, word, fields in ROWS:
        mnemonic, _, rest = syntax.partition(" ")
        for wide in (False, True) if "sf" in fields or "size" in fields else (False,):
            for double in (False, True) if "ftype" in fields else (False,):
                for _ in range(CASES):
                    case = Case(mnemonic, word | (X if wide else 0) | (D if double else 0), wide, double, chance)
                    if "size" in fields:  # of memory accessed; three are general registers of 32 bits
                        size = 3 if wide else chance.randrange(3)
                        case.word = word | size << 30
                        case.mnemonic += ("b", "h", "", "")[size]
                    if "imm7" in fields:
                        pair(case, syntax)
                    elif mnemonic == "B.cond":
                        condition = chance.randrange(14)
                        case.word |= condition
                        case.mnemonic = f"b.{CONDITIONS[condition]}"
                        case.label(rest)
                    else:
                        for kind in rest.split(", ") if rest else []:
                            case.operand(kind)
                    yield f"{syntax} = {pattern}", case.word.to_bytes(4, "little"), case.text()
