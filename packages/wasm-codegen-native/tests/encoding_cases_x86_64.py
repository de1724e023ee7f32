"""x86-64's encoding rows with operands, chosen ones and random ones: what the assembler makes of each, and the text a disassembler must give."""

from __future__ import annotations

import random
from collections.abc import Iterator

import wasm_codegen_native.isa.x86_64.encodings
import wasm_codegen_native.isa.x86_64.vector_encodings  # noqa: F401 -- both modules fill ROWS
from wasm_codegen_native.code import Code
from wasm_codegen_native.isa.x86_64.assembler import Assembler
from wasm_codegen_native.isa.x86_64.notation import ROWS, VEX, W
from wasm_codegen_native.isa.x86_64.registers import NAMES8, NAMES16, NAMES32, NAMES64, NAMES_XMM

ARCHITECTURE = ("CS_ARCH_X86", "CS_MODE_64")
NAMES = {8: NAMES8, 16: NAMES16, 32: NAMES32, 64: NAMES64}
# Register pairs, bases, indices and displacements that reach every special case of ModRM, SIB and REX.
PAIRS = ((0, 1), (4, 6), (7, 8), (9, 5), (15, 12), (13, 3))
ADDRESSES = ((0, 0), (5, 0), (12, -8), (13, 0x7F), (4, 0x80), (15, -0x12345))
INDEXED = ((0, 1, 0, 0), (5, 9, 2, 0), (13, 12, 3, -128), (12, 15, 1, 0x1000))
RANDOM = 4  # of each kind more, for each row
CHANCE = random.Random(17)
IMMEDIATE = 0x55
IMMEDIATE32 = 0x12345
WIDE_BY_W = {"MOVD": "movq", "PEXTRD": "pextrq", "PINSRD": "pinsrq"}  # with W they are these


def width(kind: str, wide: bool) -> int:
    """Bits of a general register operand."""
    digits = "".join(c for c in kind if c.isdigit())
    if kind.endswith("*"):
        return 32
    return int(digits) if digits else 64 if wide else 32


def register(kind: str, number: int, wide: bool) -> str:
    """The register's name."""
    return NAMES_XMM[number] if kind.startswith("xmm") else NAMES[width(kind, wide)][number]


def number_text(value: int) -> str:
    """As capstone prints it."""
    return hex(value) if value > 9 else str(value)


def memory(base: int, disp: int, index: int = -1, scale: int = 0) -> str:
    """An address as capstone prints it."""
    text = NAMES64[base]
    if index >= 0:
        text += f" + {NAMES64[index]}" + (f"*{1 << scale}" if scale else "")
    if disp:
        text += f" {'-' if disp < 0 else '+'} {number_text(abs(disp))}"
    return f"[{text}]"


def address() -> tuple[int, ...]:
    """A random one, with an index or without; rsp is none."""
    disp = CHANCE.choice((0, CHANCE.randrange(-0x80, 0x80), CHANCE.randrange(-1 << 31, 1 << 31)))
    base = CHANCE.randrange(16)
    return (base, disp) if CHANCE.random() < 0.5 else (base, CHANCE.choice([n for n in range(16) if n != 4]), CHANCE.randrange(4), disp)


def cases() -> Iterator[tuple[str, bytes, str]]:
    """(row, bytes, expected text without operand sizes)."""
    for syntax, encoding, _, packed in ROWS:
        mnemonic, _, rest = syntax.rpartition(" ") if ", " not in syntax else (None, None, None)
        if mnemonic is None:
            head = syntax.split(", ")[0]
            mnemonic = head.rpartition(" ")[0]
            rest = syntax[len(mnemonic) + 1 :]
        kinds = rest.split(", ")
        if mnemonic in WIDE_BY_W:
            kinds = [kind.replace("r/m32", "r/m") for kind in kinds]
        name = f"{syntax} = {encoding}"
        wides = (False, True) if set(kinds) & {"r", "r/m"} else (False,)
        for wide in wides:
            for avx in (False, True):
                yield from of_row(name, mnemonic.lower(), kinds, packed | (W if wide else 0), wide, avx)


def of_row(name: str, mnemonic: str, kinds: list[str], packed: int, wide: bool, avx: bool) -> Iterator[tuple[str, bytes, str]]:
    """The cases of one row, width and form."""
    vector = any(kind.startswith("xmm") for kind in kinds)
    if vector:
        if packed & VEX and not avx:
            return
        if wide and mnemonic.upper() in WIDE_BY_W:
            mnemonic = WIDE_BY_W[mnemonic.upper()]
        if avx and not packed & VEX:
            mnemonic = "v" + mnemonic
    elif avx:
        return
    if "cmpp" in mnemonic:  # whose immediate is part of the name
        for row, data, text in of_operands(name, mnemonic, kinds, packed, wide, avx):
            yield row, data[:-1] + b"\1", text.replace("cmpp", "cmpltp").removesuffix(f", {number_text(IMMEDIATE)}")
        return
    yield from of_operands(name, mnemonic, kinds, packed, wide, avx)


def of_operands(name: str, mnemonic: str, kinds: list[str], packed: int, wide: bool, avx: bool) -> Iterator[tuple[str, bytes, str]]:
    """The same, with registers and addresses."""
    for reg, rm in (*PAIRS, *(tuple(CHANCE.sample(range(16), 2)) for _ in range(RANDOM))):
        made = registers_case(mnemonic, kinds, packed, wide, avx, reg, rm)
        if made is not None:
            yield (name, *made)
    if any("m" in kind.replace("xmm", "").replace("imm", "") for kind in kinds):
        for place in (*ADDRESSES, *INDEXED, *(address() for _ in range(RANDOM))):
            yield (name, *memory_case(mnemonic, kinds, packed, wide, avx, place))


def registers_case(mnemonic: str, kinds: list[str], packed: int, wide: bool, avx: bool, reg: int, rm: int) -> tuple[bytes, str] | None:
    """Both operands registers."""
    if any(kind in ("m", "m8", "m16", "m32", "m64", "m128") for kind in kinds):
        return None
    code = Code()
    asm = Assembler(code, avx)
    texts = []
    is_rm_first = "/" in kinds[0] and len(kinds) > 1
    for place, kind in enumerate(kinds):
        if kind == "rv":
            texts.append(NAMES[64 if wide else 32][3])
        elif kind == "xmm!":
            texts += [NAMES_XMM[reg], NAMES_XMM[rm]] if avx else [NAMES_XMM[reg]]
        elif kind.startswith("imm"):
            texts.append(number_text(IMMEDIATE32 if kind == "imm32" else IMMEDIATE))
        elif kind == "cl":
            texts.append("cl")
        else:
            in_rm = "/" in kind or (place == 1 and kind == "xmm") or (place == 1 and kind == "xmm+")
            in_rm = in_rm if not (is_rm_first and place == 1) else False
            text = register(kind, rm if in_rm else reg, wide)
            texts.append(text)
            if kind == "xmm+" and avx:
                texts.append(text)
    if kinds[0] == "xmm!":
        asm.shift_lanes(packed, reg, reg if not avx else rm, IMMEDIATE)
        return code.out.getvalue(), f"{mnemonic} {', '.join(texts)}"
    if "rv" in kinds:
        asm.g3(packed, reg, rm, 3)
    elif packed & VEX and kinds.count("xmm") == 2:
        asm.v3(packed, reg, 3, rm)
        texts[1] = NAMES_XMM[3]
    elif any(kind.startswith("xmm") for kind in kinds):
        asm.v2(packed, reg, rm)
    else:
        asm.rr(packed, reg, rm)
    immediate(code, kinds)
    return code.out.getvalue(), f"{mnemonic} {', '.join(texts)}"


def memory_case(mnemonic: str, kinds: list[str], packed: int, wide: bool, avx: bool, place: tuple[int, ...]) -> tuple[bytes, str]:
    """One operand in memory."""
    code = Code()
    asm = Assembler(code, avx)
    reg = 9
    vector = any(kind.startswith("xmm") for kind in kinds)
    indexed = len(place) == 4
    where = memory(place[0], place[3], place[1], place[2]) if indexed else memory(place[0], place[1])
    texts = []
    for kind in kinds:
        if kind == "rv":
            texts.append(NAMES[64 if wide else 32][3])
        elif kind.startswith("imm"):
            texts.append(number_text(IMMEDIATE32 if kind == "imm32" else IMMEDIATE))
        elif kind == "cl":
            texts.append("cl")
        elif "m" in kind.replace("xmm", ""):
            texts.append(size_of(kind, wide) + where)
        else:
            text = register(kind, reg, wide)
            texts += [text, text] if kind == "xmm+" and avx else [text]
    if packed & VEX and (kinds.count("xmm") == 2 or "rv" in kinds):
        if indexed:
            asm.vex(packed, reg, 3, place[1], place[0])
            asm.indexed(reg, place[0], place[1], place[2], place[3])
        else:
            asm.vex(packed, reg, 3, 0, place[0])
            asm.address(reg, place[0], place[1])
        if kinds.count("xmm") == 2:
            texts[1] = NAMES_XMM[3]
    elif vector and indexed:
        asm.v2x(packed, reg, place[0], place[1], place[2], place[3])
    elif vector:
        asm.v2m(packed, reg, place[0], place[1])
    elif indexed:
        asm.rx(packed, reg, place[0], place[1], place[2], place[3])
    else:
        asm.rm(packed, reg, place[0], place[1])
    immediate(code, kinds)
    return code.out.getvalue(), f"{mnemonic} {', '.join(texts)}"


def size_of(kind: str, wide: bool) -> str:
    """What an assembler wants to know of an operand in memory; LEA's has no size."""
    if kind == "m":
        return ""
    bits = int("".join(c for c in kind.rpartition("m")[2] if c.isdigit()) or (64 if wide else 32))
    return {8: "byte", 16: "word", 32: "dword", 64: "qword", 128: "xmmword"}[bits] + " ptr "


def immediate(code: Code, kinds: list[str]) -> None:
    """The bytes of the immediate."""
    for kind in kinds:
        if kind == "imm8":
            code.byte(IMMEDIATE)
        elif kind == "imm16":
            code.half(IMMEDIATE)
        elif kind == "imm32":
            code.word(IMMEDIATE32)
